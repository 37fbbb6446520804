/** Each method of each resource, against the server. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type List, type Postrider } from "postrider-client";
import { Receiver, Server, until } from "./server.js";

let server: Server;
let receiver: Receiver;
let postrider: Postrider;

before(async () => {
  [server, receiver] = await Promise.all([Server.start(), Receiver.start()]);
  postrider = server.client();
  await postrider.accounts.create({ uid: "acme", name: "Acme" });
});

after(async () => {
  receiver?.close();
  await server?.remove();
});

const hook = (url = `${receiver.url}/hook`) => ({ type: "send_webhook" as const, url });

async function all<Item>(list: List<Item>): Promise<Item[]> {
  const items: Item[] = [];
  for await (const item of list) items.push(item);
  return items;
}

test("accounts", async () => {
  const created = await postrider.accounts.create({ uid: "of:tests@1", name: "Tests" });
  assert.equal((await postrider.accounts.get("of:tests@1")).id, created.id);
  assert.deepEqual((await postrider.accounts.update(created.id, { metadata: { plan: "pro" } })).metadata, {
    plan: "pro",
  });
  assert.ok((await all(postrider.accounts.list())).some((account) => account.id === created.id));
  await postrider.accounts.delete(created.id);
  await assert.rejects(postrider.accounts.get(created.id), { code: "account_not_found" });
  await assert.rejects(async () => postrider.accounts.get(".."), TypeError);
});

test("automations: put by uid, update, preview, test, send missed, delete", async () => {
  const input = { name: "CRM", trigger: { event_types: ["deal.*"] }, actions: [hook()] };
  const first = await postrider.automations.put("acme", "crm", input);
  const again = await postrider.automations.put("acme", "crm", input);
  assert.equal(again.id, first.id);
  assert.equal(again.updated_at, first.updated_at);
  const off = await postrider.automations.update("acme", "crm", { enabled: false });
  assert.equal(off.enabled, false);
  const event = await postrider.events.create("acme", { type: "deal.won", data: { total: 7 } });
  await postrider.automations.update("acme", "crm", { enabled: true });
  const selection = { after: new Date(Date.parse(event.created_at) - 60_000).toISOString() };
  assert.equal(
    (await postrider.automations.sendMissed("acme", "crm", { ...selection, dry_run: true })).count,
    1,
  );
  assert.equal((await postrider.automations.sendMissed("acme", "crm", selection)).count, 1);
  const preview = await postrider.automations.preview("acme", { automation: input, event_id: event.id });
  assert.equal(preview.requests.length, 1);
  const test = await postrider.automations.test("acme", "crm", { data: 1 });
  assert.equal((await postrider.events.get("acme", test.id)).origin, "test");
  const verdicts = await postrider.events.automations("acme", event.id);
  assert.equal(verdicts.data[0]?.automation_id, first.id);
  assert.equal((await postrider.automations.get("acme", first.id)).uid, "crm");
  assert.equal((await all(postrider.automations.list("acme"))).length, 1);
  await postrider.automations.delete("acme", "crm");
});

test("connections", async () => {
  const { id } = await postrider.connections.create("acme", { name: "CRM", type: "bearer", token: "secret" });
  await postrider.connections.update("acme", id, { token: "other" });
  assert.equal((await postrider.connections.get("acme", id)).name, "CRM");
  assert.deepEqual(
    (await all(postrider.connections.list("acme"))).map((each) => each.id),
    [id],
  );
  await postrider.connections.delete("acme", id);
});

test("events and deliveries: cancel, resend, replay", async () => {
  await postrider.automations.put("acme", "ops", {
    name: "ops",
    trigger: { event_types: ["op.*"] },
    actions: [hook()],
  });
  const later = await postrider.events.create("acme", {
    type: "op.later",
    data: {},
    deliver_at: new Date(Date.now() + 3_600_000).toISOString(),
  });
  await postrider.events.cancel("acme", later.id);
  assert.equal((await postrider.events.get("acme", later.id)).canceled, true);
  const event = await postrider.events.create("acme", { type: "op.now", data: {} });
  const delivery = await until("a delivery that succeeded", async () => {
    const [found] = await all(postrider.deliveries.list("acme", { event_id: event.id, status: "succeeded" }));
    return found;
  });
  await postrider.deliveries.resend("acme", delivery.id);
  await until("a second attempt", async () => {
    const { attempts } = await postrider.deliveries.get("acme", delivery.id);
    return attempts.length === 2 ? attempts : undefined;
  });
  assert.equal((await postrider.deliveries.replay("acme", { event_id: event.id, dry_run: true })).count, 1);
  assert.equal((await postrider.deliveries.cancel("acme", { event_id: event.id, dry_run: true })).count, 0);
  assert.ok((await all(postrider.events.list("acme", { type: "op.now" }))).length >= 1);
  await postrider.automations.delete("acme", "ops");
});

test("an idempotency key identifies an event, and a batch", async () => {
  const event = { type: "order.paid", data: { order: 7 } };
  const first = await postrider.events.create("acme", event, { idempotencyKey: "order-7" });
  const again = await postrider.events.create("acme", event, { idempotencyKey: "order-7" });
  assert.equal(again.id, first.id);
  const other = { ...event, data: { order: 8 } };
  await assert.rejects(postrider.events.create("acme", other, { idempotencyKey: "order-7" }), {
    code: "event_conflict",
  });
  const batch = () => postrider.events.createBatch("acme", [event, other], { idempotencyKey: "orders" });
  const ids = (items: Awaited<ReturnType<typeof batch>>) =>
    items.map((item) => ("error" in item ? item.error.code : item.id));
  assert.deepEqual(ids(await batch()), ids(await batch()));
});

test("event types", async () => {
  await postrider.eventTypes.put("invoice.paid", {
    description: "An invoice was paid.",
    example: { total: 1 },
  });
  assert.deepEqual((await postrider.eventTypes.get("invoice.paid")).example, { total: 1 });
  assert.ok((await all(postrider.eventTypes.list())).some((type) => type.name === "invoice.paid"));
  await postrider.eventTypes.delete("invoice.paid");
});

test("API keys, portal links, sessions, audit, master key", async () => {
  const created = await postrider.apiKeys.create({ name: "billing", permissions: ["events:write"] });
  const limited = server.client({ apiKey: created.key });
  await assert.rejects(limited.accounts.get("acme"), { code: "permission_denied", status: 403 });
  assert.ok((await all(postrider.apiKeys.list())).some((key) => key.id === created.id));
  await postrider.apiKeys.delete(created.id);

  const link = await postrider.portalLinks.create("acme");
  const portal = await fetch(link.url, { redirect: "manual" });
  const isCookieSet = portal.headers.get("set-cookie") !== null;
  assert.ok((await all(postrider.portalLinks.list("acme"))).some((each) => each.id === link.id));
  const sessions = await all(postrider.sessions.listOfAccount("acme"));
  for (const session of sessions) await postrider.sessions.endOfAccount("acme", session.id);
  assert.equal((await postrider.sessions.endAllOfAccount("acme")).count, 0);
  assert.equal(sessions.length, isCookieSet ? 1 : 0);
  await postrider.portalLinks.revoke("acme", link.id);
  assert.deepEqual(await all(postrider.sessions.list()), []);
  await assert.rejects(postrider.sessions.end("grant_01h455vb4pex5vsknk084sn02q"), { status: 404 });
  assert.equal((await postrider.sessions.endAll()).count, 0);

  const counted = await postrider.statistics.getOfAccount("acme", {
    measure: ["events", "failed"],
    step: "1d",
  });
  assert.deepEqual(Object.keys(counted.totals).sort(), ["events", "failed"]);
  const byAction = await postrider.statistics.getOfAccount("acme", { group_by: "action" });
  assert.equal(byAction.actions_left_out, 0);
  const minutes = await postrider.statistics.get({ step: "1m", measure: ["latency_p95_ms"] });
  assert.ok(minutes.data.length >= 1440);
  assert.equal((await postrider.search.find("acme"))[0]?.type, "account");
  assert.ok((await all(postrider.audit.list({ action: "api_key.created" }))).length >= 1);
  assert.ok((await all(postrider.audit.listOfAccount("acme"))).length >= 1);
  const key = await postrider.masterKey.get();
  assert.notEqual((await postrider.masterKey.rotate()).key_id, key.key_id);
});

test("signing keys of an action", async () => {
  const automation = await postrider.automations.create("acme", {
    name: "own",
    trigger: { event_types: ["own.*"] },
    actions: [{ ...hook(), signing_key: "own_hmac" }],
  });
  const action = automation.actions[0]!.id;
  const rotated = await postrider.signingKeys.rotateOfAction("acme", automation.id, action, {
    overlap_s: 60,
  });
  const keys = await all(postrider.signingKeys.listOfAction("acme", automation.id, action));
  assert.ok(keys.some((key) => key.id === rotated.id));
});
