// A small client of veto: it files an objection, decides at its revision, streams 100,000 items through the gate, watches the register, and reads one error
// by its details.
//
//   npm ci && npm run generate && node client.mjs 127.0.0.1:50051

import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";

import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";

import { BadRequestSchema, ErrorInfoSchema } from "./gen/google/rpc/error_details_pb.js";
import { Reason } from "./gen/veto/v1/decision_pb.js";
import { DecisionService } from "./gen/veto/v1/decision_service_pb.js";
import { EventType } from "./gen/veto/v1/event_pb.js";
import { ItemKind, Visibility } from "./gen/veto/v1/item_pb.js";
import { Channel } from "./gen/veto/v1/objection_pb.js";
import { RegistryService } from "./gen/veto/v1/registry_service_pb.js";

const purpose = "generative-ai-training";
const items = 100_000;
const batch = 5_000;
const absent = ["subjects", "content_keys", "signals"]; // every field that a regime reads is sent, or said to be absent

// Connect does not read gRPC's service config: what it says of retries is done here, for calls that are no stream.
const { retryPolicy } = JSON.parse(readFileSync(new URL("../service-config.json", import.meta.url), "utf8")).methodConfig[0];
const retrying = (next) => async (request) => {
  for (let attempt = 1, wait = parseFloat(retryPolicy.initialBackoff); ; attempt++, wait *= retryPolicy.backoffMultiplier) {
    try {
      return await next(request);
    } catch (error) {
      const again = retryPolicy.retryableStatusCodes.includes(Code[ConnectError.from(error).code].toUpperCase());
      if (request.stream || !again || attempt === retryPolicy.maxAttempts) throw error;
      await pause(1000 * Math.min(wait, parseFloat(retryPolicy.maxBackoff)) * Math.random());
    }
  }
};

const address = process.argv[2] ?? "127.0.0.1:50051";
const transport = createGrpcTransport({ baseUrl: `http://${address}`, interceptors: [retrying], defaultTimeoutMs: 120_000 });
const registry = createClient(RegistryService, transport);
const decisions = createClient(DecisionService, transport);

// A public post of an adult in Germany.
const post = (n, author) => ({
  itemId: `post-${n}`, kind: ItemKind.POST, visibility: Visibility.PUBLIC,
  authorId: author, country: "DE", authorAge: 18, authorAgeAtCreation: 18,
});

const person = `node-${randomUUID()}`;
const filed = await registry.fileObjection({
  requestId: randomUUID(), // kept with the click that caused it: a retry sends the same one
  subjectId: person, country: "DE", channel: Channel.SETTINGS,
});
console.log(`filed ${filed.objection.objectionId} at revision ${filed.revision}`);

const answer = await decisions.decide({ purpose, item: post(0, person), minRevision: filed.revision });
console.log(`decided REASON_${Reason[answer.decision.reason]}`);

// Every tenth post is the person's.
async function* batches() {
  for (let from = 0; from < items; from += batch) {
    yield {
      options: from === 0 ? { purpose, absentFields: absent } : undefined,
      minRevision: filed.revision,
      items: Array.from({ length: batch }, (_, i) => post(from + i, (from + i) % 10 === 0 ? person : `author-${from + i}`)),
    };
  }
}

let included = 0;
let excluded = 0;
for await (const { reasons } of decisions.streamDecide(batches())) {
  if (reasons.length !== batch) throw new Error(`${reasons.length} reasons for ${batch} items`); // one reason for each item, or nothing may be used
  const used = reasons.filter((reason) => reason >= 1 && reason <= 9).length; // INCLUDE, by the range of the number
  included += used;
  excluded += batch - used;
}
console.log(`streamed ${items} items: ${included} included, ${excluded} excluded`);

for await (const { event, revision } of registry.watchEvents({ afterRevision: filed.revision - 1n })) {
  if (!event) break; // a heartbeat: nothing is missing up to here
  if (revision === filed.revision) console.log(`watched revision ${revision}: EVENT_TYPE_${EventType[event.type]}`);
} // UNAVAILABLE, RESOURCE_EXHAUSTED: watch again after the last revision

try {
  await decisions.decide({ purpose: "no-such-purpose", item: post(0, person) });
} catch (error) {
  const refusal = ConnectError.from(error); // read as a program does: by the reason, and by the fields at fault
  for (const { reason } of refusal.findDetails(ErrorInfoSchema)) console.log(`refused ${Code[refusal.code]} ${reason}`);
  for (const { fieldViolations } of refusal.findDetails(BadRequestSchema)) {
    for (const { field, description } of fieldViolations) console.log(`at fault ${field}: ${description}`);
  }
}
process.exit(0); // the connection would stay open
