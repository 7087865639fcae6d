// The settings page of a platform: a switch that shows what stands, and never says "saved" before it is.
//
//   npm ci && npm run generate && node server.mjs            (PORT, VETO, ACCOUNT, PENDING in the environment)

import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import express from "express";

import { Channel, Verification } from "./gen/veto/v1/objection_pb.js";
import { ObjectionState } from "./gen/veto/v1/objection_pb.js";
import { RegistryService } from "./gen/veto/v1/registry_service_pb.js";
import { confirm, settings } from "./page.mjs";
import { Pending } from "./pending.mjs";

const { PORT = "3000", VETO = "127.0.0.1:50051", ACCOUNT = "account-4711", PENDING = "pending.json" } = process.env;
const registry = createClient(RegistryService, createGrpcTransport({ baseUrl: `http://${VETO}`, defaultTimeoutMs: 5_000 }));
const pending = new Pending(PENDING);
const country = "DE";

// Who is logged in. A real platform asks its session here: VERIFIED says that this is the person, so it may not be what a form says.
const account = () => ACCOUNT;

// save sends a click. It is the same request however often it is sent, also after a restart.
async function save(who, { action, requestId }) {
  const request = { requestId, subjectId: who, channel: Channel.SETTINGS, verification: Verification.VERIFIED };
  if (action === "object") await registry.fileObjection({ ...request, country });
  else await registry.withdrawObjection(request);
}

// attempt sends what waits, and says whether it is saved.
async function attempt(who) {
  const click = pending.of(who);
  if (!click) return true;
  try {
    await save(who, click);
    pending.saved(who, click);
    return true;
  } catch (error) {
    console.error(`not saved yet: ${error.code} ${error.rawMessage}`); // without the account
    return false;
  }
}

setInterval(() => pending.accounts().forEach(attempt), 1_000).unref();

const app = express();
app.use((_, response, next) => {
  response.set({ "Cache-Control": "no-store", "Content-Security-Policy": "default-src 'none'; form-action 'self'; frame-ancestors 'none'" });
  next();
});

// A form of another site may not click for somebody.
app.use((request, response, next) => {
  const from = request.get("Sec-Fetch-Site");
  if (request.method === "POST" && from && from !== "same-origin") return response.status(403).send("from another site");
  next();
});

app.get("/", async (_, response) => {
  const waiting = Boolean(pending.of(account()));
  try {
    const standing = await registry.getStanding({ subjectId: account(), country });
    const objected = standing.objections.some(({ state }) => state === ObjectionState.ACTIVE);
    response.send(settings({ objected, effects: standing.effects, waiting }));
  } catch {
    response.status(503).send(settings({ unknown: true, waiting }));
  }
});

app.post("/object", async (_, response) => {
  pending.add(account(), "object"); // before the first try
  await attempt(account());
  response.redirect(303, "/");
});

app.post("/withdraw", async (request, response) => {
  if (request.query.confirmed !== "yes") return response.send(confirm());
  pending.add(account(), "withdraw");
  await attempt(account());
  response.redirect(303, "/");
});

const server = app.listen(Number(PORT), "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}/`));
