// The page: what stands is what veto says, and nothing that this platform remembers.

const escape = (text) => String(text).replace(/[&<>"']/g, (c) => `&#${c.codePointAt(0)};`);

const frame = (body) => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>AI training</title><meta name="viewport" content="width=device-width"></head>
<body><main><h1>Your posts and AI training</h1>
${body}
</main></body></html>
`;

const button = (action, label) => `<form method="post" action="${action}"><button>${escape(label)}</button></form>`;

// settings is the page of the switch. effects are what stands for each purpose; objected says whether an objection of the account does.
export function settings({ objected, effects, waiting, unknown }) {
  const lines = [];
  if (waiting) {
    lines.push(`<p role="status"><strong>Not saved yet.</strong> We keep trying, and you need not click again. What you see below is what counts until then.</p>`);
  }
  if (unknown) {
    return frame(`${lines.join("\n")}<p role="alert">We cannot say at the moment what is on record. Please look again later.</p>\n${button("/object", "Object: do not use my posts")}`);
  }
  lines.push(objected ? "<p>You objected: your posts are <strong>not used</strong>.</p>" : "<p>You have not objected.</p>");
  for (const { purpose, words } of effects) lines.push(`<p>${escape(purpose)}: ${escape(words)}</p>`);
  lines.push(objected ? button("/withdraw", "Withdraw my objection …") : button("/object", "Object: do not use my posts"));
  return frame(lines.join("\n"));
}

// confirm asks before protection is given up.
export const confirm = () => frame(`<p>Your objection would not stand any more, and your posts could be used for AI training. You can object again at any time.</p>
${button("/withdraw?confirmed=yes", "Yes, withdraw my objection")}
<p><a href="/">No, leave it as it is</a></p>`);
