// Sends CloudEvents with the SDK of npm, in every mode, and receives them in both, with the same SDK. Prints
// the responses and what was received, as one line of JSON.
//
// POSTRIDER_TEST_ACCOUNT is the URL of an account, POSTRIDER_TEST_KEY its API key.
import { createServer } from "node:http";
import { CloudEvent, HTTP } from "cloudevents";

const account = process.env.POSTRIDER_TEST_ACCOUNT;
const authorization = `Bearer ${process.env.POSTRIDER_TEST_KEY}`;
const BODY_BYTES_MAX = 1 << 20;
const TIMEOUT_MS = 30_000;

setTimeout(() => {
  console.error("not everything was received in time");
  process.exit(1);
}, TIMEOUT_MS).unref();

async function post(path, headers, body) {
  const response = await fetch(account + path, { method: "POST", headers: { authorization, ...headers }, body });
  return { status: response.status, body: await response.json() };
}

const received = [];
let wake;
const receiver = createServer((request, response) => {
  const chunks = [];
  let bytes = 0;
  request.on("data", (chunk) => {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) request.destroy();
    else chunks.push(chunk);
  });
  request.on("end", () => {
    const body = Buffer.concat(chunks).toString("utf8");
    const event = HTTP.toEvent({ headers: request.headers, body });
    event.validate();
    received.push({ path: request.url, webhook_id: request.headers["webhook-id"], event });
    response.writeHead(204).end();
    wake?.();
  });
});
await new Promise((listening) => receiver.listen(0, "127.0.0.1", listening));
const base = `http://127.0.0.1:${receiver.address().port}`;

const json = { "content-type": "application/json" };
await post("/automations", json, JSON.stringify({
  name: "Both modes",
  trigger: { event_types: ["*"] },
  actions: [
    { type: "send_webhook", url: `${base}/structured`, body: "cloudevents" },
    { type: "send_webhook", url: `${base}/binary`, body: "cloudevents_binary" },
  ],
}));

const event = (id) =>
  new CloudEvent({
    id,
    source: "https://shop.example.com/orders",
    type: "com.example.proposal.accepted",
    time: "2026-01-31T09:30:00.123Z",
    subject: "proposals/7",
    dataschema: "https://example.com/schemas/proposal.json",
    datacontenttype: "application/json",
    tenant: "42",
    data: { total: 1250, name: "Zoë" },
  });

const send = (message) => post("/events", message.headers, message.body);
const responses = [
  await send(HTTP.structured(event("structured"))),
  await send(HTTP.structured(event("structured"))),
  await send(HTTP.binary(event("structured"))),
  await send(HTTP.binary(event("binary"))),
  await post(
    "/events",
    { "content-type": "application/cloudevents-batch+json" },
    JSON.stringify([event("binary"), event("batch")]),
  ),
];

// Three events in two modes each.
while (received.length < 6) await new Promise((resolve) => (wake = resolve));
console.log(JSON.stringify({ responses, received }));
receiver.close();
receiver.closeAllConnections();
