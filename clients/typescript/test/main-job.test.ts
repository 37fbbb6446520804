/** The main job and verification with real deliveries, and the list of any length. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  type Postrider,
  PostriderError,
  WebhookVerificationError,
  verifyPostriderSignature,
  verifyWebhook,
} from "postrider-client";
import { type Received, Receiver, Server, until } from "./server.js";

let server: Server;
let receiver: Receiver;
let postrider: Postrider;

before(async () => {
  [server, receiver] = await Promise.all([Server.start("--header-prefix", "Acme"), Receiver.start()]);
  postrider = server.client();
});

after(async () => {
  receiver?.close();
  await server?.remove();
});

async function accountWithHook(uid: string, path: string): Promise<string> {
  await postrider.accounts.create({ uid, name: uid });
  await postrider.automations.create(uid, {
    name: "hook",
    trigger: { event_types: ["*"] },
    actions: [{ type: "send_webhook", url: receiver.url + path }],
  });
  return uid;
}

function arrived(path: string, count: number): Promise<Received[]> {
  return until(`${count} requests to ${path}`, () => {
    const requests = receiver.received.filter((request) => request.path === path);
    return requests.length >= count ? requests : undefined;
  });
}

test("an event becomes a delivery that succeeded, with its attempts", async () => {
  const account = await accountWithHook("main", "/main");
  const event = await postrider.events.create(account, { type: "proposal.accepted", data: { total: 1250 } });
  assert.match(event.id, /^evt_/);
  assert.equal(event.deliveries, 1);
  const delivery = await until("a delivery that succeeded", async () => {
    for await (const each of postrider.deliveries.list(account, { event_id: event.id, status: "succeeded" }))
      return each;
    return undefined;
  });
  const { attempts } = await postrider.deliveries.get(account, delivery.id);
  assert.deepEqual(
    attempts.map((attempt) => [attempt.number, attempt.outcome, attempt.status_code]),
    [[1, "succeeded", 204]],
  );
});

test("a delivered webhook is authentic in both ways, and nothing else is", async () => {
  const account = await accountWithHook("verify", "/verify");
  const [before] = await keysOf(account);
  await postrider.signingKeys.rotate(account);
  await postrider.events.create(account, { type: "a.b", data: "Zoë 👋" });
  const [request] = await arrived("/verify", 1);
  const { body, headers } = request!;
  const keys = await keysOf(account);
  assert.equal(keys.length, 2);
  const others = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
  for (const key of keys) {
    for (const form of [body, body.toString(), new Uint8Array(body)]) {
      verifyWebhook(form, headers, key);
      verifyPostriderSignature(form, headers, key, { prefix: "Acme" });
    }
    verifyWebhook(body, new Headers(headers as Record<string, string>), [others, key]);
  }
  assert.ok(keys.includes(before!));
  const altered = Buffer.from(body.toString().replace("Zoë", "Zoe"));
  for (const forged of [
    () => verifyWebhook(altered, headers, keys),
    () => verifyWebhook(body, headers, others),
    () => verifyWebhook(body, { ...headers, "webhook-id": "evt_other" }, keys),
    () =>
      verifyWebhook(
        body,
        { ...headers, "webhook-timestamp": `${Number(headers["webhook-timestamp"]) + 1}` },
        keys,
      ),
    () => verifyPostriderSignature(altered, headers, keys, { prefix: "Acme" }),
    () => verifyPostriderSignature(body, headers, others, { prefix: "Acme" }),
    () => verifyPostriderSignature(body, headers, keys),
  ]) {
    assert.throws(forged, WebhookVerificationError);
  }
});

test("a webhook signed with an Ed25519 key is authentic by its public key", async () => {
  const account = "ed25519";
  await postrider.accounts.create({ uid: account, name: account });
  const automation = await postrider.automations.create(account, {
    name: "hook",
    trigger: { event_types: ["*"] },
    actions: [
      {
        type: "send_webhook",
        url: `${receiver.url}/ed`,
        signature_profile: "standard",
        signing_key: "own_ed25519",
      },
    ],
  });
  const action = automation.actions[0]!.id;
  await postrider.events.create(account, { type: "a.b", data: 1 });
  const [request] = await arrived("/ed", 1);
  const publicKeys: string[] = [];
  for await (const key of postrider.signingKeys.listOfAction(account, automation.id, action)) {
    if (key.public_key) publicKeys.push(key.public_key);
  }
  verifyWebhook(request!.body, request!.headers, publicKeys);
  assert.throws(
    () => verifyWebhook(Buffer.from("{}"), request!.headers, publicKeys),
    WebhookVerificationError,
  );
});

async function keysOf(account: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const key of postrider.signingKeys.list(account)) keys.push(key.secret);
  return keys;
}

test("a list of more than 250 entries is read to its end, and no further than asked", async () => {
  const account = "long";
  await postrider.accounts.create({ uid: account, name: account });
  const events = Array.from({ length: 612 }, (_, n) => ({ type: "meter.read", data: n }));
  const accepted = await postrider.events.createBatch(account, events);
  const ids = accepted.map((item) => ("error" in item ? assert.fail(item.error.detail) : item.id));
  const listed: string[] = [];
  for await (const event of postrider.events.list(account, { limit: 250 })) listed.push(event.id);
  assert.deepEqual([...listed].sort(), [...ids].sort());
  const sizes: number[] = [];
  for await (const page of postrider.events.list(account, { limit: 250 }).pages())
    sizes.push(page.data.length);
  assert.deepEqual(sizes, [250, 250, 112]);

  let requests = 0;
  const counting = server.client({ fetch: (...call) => (requests++, fetch(...call)) });
  for await (const event of counting.events.list(account, { limit: 10 })) {
    if (event.id === listed[11]) break;
  }
  assert.equal(requests, 2);
  const first = await postrider.events.list(account, { limit: 10 }).pages().next();
  const rest = postrider.events.list(account, { limit: 10, cursor: first.value!.next_cursor! });
  for await (const event of rest) {
    assert.equal(event.id, listed[10]);
    break;
  }
});

test("an error has the code, the status, the pointers and the request id", async () => {
  await assert.rejects(postrider.accounts.create({ uid: "no spaces", name: "" }), (error) => {
    assert.ok(error instanceof PostriderError);
    assert.equal(error.code, "invalid_body");
    assert.equal(error.status, 422);
    assert.deepEqual(error.errors.map((fault) => fault.pointer).sort(), ["/name", "/uid"]);
    assert.match(error.requestId ?? "", /./);
    assert.match(error.message, /\/uid/);
    return true;
  });
  const stranger = server.client({ apiKey: "prk_wrong" });
  await assert.rejects(stranger.accounts.get("a"), { code: "unauthorized", status: 401 });
});
