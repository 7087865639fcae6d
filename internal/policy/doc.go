// Package policy reads a policy document, judges it, and compiles it for the gate.
//
// A document is YAML in the shape of the message veto.v1.Policy. [Parse] reads and judges it, [Decode] only reads it,
// [Validate] judges one that came as a message, [Format] prints it, [Compile] turns it into the gate's rules, [Compare]
// says what a new document would take away from people, and [Deadline] what a notice and a receipt word.
//
// # What is read
//
// One YAML document of at most 1 MiB, a mapping at its root. Names stand in either spelling of the message (item_id,
// itemId), enum values with or without their prefix (LEGITIMATE_INTERESTS), instants as RFC 3339 with an offset,
// durations as a number with ns, us, ms, s, m or h, other numbers in decimal digits. What YAML offers besides is refused, because a document that
// decides about people must say the same to everyone who reads it: a key twice, in one spelling or two; anchors,
// aliases and merge keys; tags; nulls; a second document. `version` and `etag` are the server's to set, and refused.
//
// # Faults
//
// Every fault is reported at once, each with its path (regimes[2].content[0].kinds[1]) and, where the document is
// text, with line and column; the first hundred of them, and that there are more. Only faults of the YAML itself end the
// reading, and a list that is too long the judging. No message repeats a text that was not one of our own words, a
// declared name or a code of a place.
//
// Texts reach notices, forms and terminals, and must read there as they do in an editor: control characters other than
// newline and tab, bidirectional controls and tag characters are refused.
//
// # What stands beside the document
//
// Three things outlive a document, and a register keeps them: which names were ever declared (their [Bits]), whose
// objections a purpose took over ([TakenOver]), and what is suspended, with the places that it stopped when it was said
// ([Suspended]). A later document adds to the first two, and takes nothing from any of them.
//
// # Which regime rules
//
// A regime that names a subdivision beats one that names its country, that one beats a group, and a group beats `*`.
// Within a rank the nearer code wins (see package jurisdiction: FR-974 is RE before it is FR). Two regimes of one rank
// for one place and purpose are refused, unless they rule at different times: membership in the built-in groups goes
// by date.
package policy
