/** Which calls are repeated, how often and when; bounds in time and size. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { type AcceptedEvent, Postrider, PostriderError, newEventId } from "postrider-client";
import { retryAfterMs } from "#internal/errors";
import { backoff, waitBeforeRetry } from "#internal/retries";
import { Receiver, Server, json, problem } from "./server.js";

const EVENT = { type: "a.b", data: 1 };
const ACCOUNT = { id: "acct_1", name: "a" };

type Step = "lost" | { status: number; code: string; retryAfter?: string };

/** A client of a server that fails as scripted, and then succeeds. */
async function failing(steps: Step[], options = {}): Promise<{ postrider: Postrider; server: Receiver }> {
  const left = [...steps];
  const server = await Receiver.start((request, response) => {
    const step = left.shift();
    if (step === "lost") request.method === "" || response.destroy();
    else if (step === undefined) json(response, 200, ACCOUNT);
    else
      json(
        response,
        step.status,
        problem(step.status, step.code),
        step.retryAfter ? { "retry-after": step.retryAfter } : {},
      );
  });
  return { postrider: new Postrider({ url: server.url, apiKey: "prk_x", ...options }), server };
}

async function attempts(
  steps: Step[],
  call: (postrider: Postrider) => Promise<unknown>,
): Promise<[number, string]> {
  const { postrider, server } = await failing(steps, { maxRetries: 1 });
  try {
    await call(postrider);
    return [server.received.length, "ok"];
  } catch (error) {
    assert.ok(error instanceof PostriderError, String(error));
    return [server.received.length, error.code];
  } finally {
    server.close();
  }
}

const unavailable: Step = { status: 503, code: "unavailable" };

test("a read, a PUT, a DELETE and a POST are repeated whatever became of the first request", async () => {
  const calls: ((postrider: Postrider) => Promise<unknown>)[] = [
    (postrider) => postrider.accounts.get("a"),
    (postrider) => postrider.eventTypes.put("a.b", {}),
    (postrider) => postrider.accounts.delete("a"),
    (postrider) => postrider.events.create("a", EVENT),
    (postrider) => postrider.accounts.create({ name: "a" }),
    (postrider) => postrider.deliveries.resend("a", "dlv_1"),
  ];
  for (const call of calls) {
    for (const step of ["lost", unavailable, { status: 502, code: "bad_gateway" }] satisfies Step[]) {
      assert.deepEqual(await attempts([step], call), [2, "ok"], `${call} after ${JSON.stringify(step)}`);
    }
    assert.deepEqual(await attempts(["lost", "lost"], call), [2, "network_error"]);
    assert.deepEqual(await attempts([{ status: 500, code: "internal_error" }], call), [1, "internal_error"]);
    assert.deepEqual(await attempts([{ status: 409, code: "uid_taken" }], call), [1, "uid_taken"]);
  }
});

test("a PATCH is repeated only if the first request certainly had no effect", async () => {
  const call = (postrider: Postrider) => postrider.accounts.update("a", { name: "b" });
  assert.deepEqual(await attempts(["lost"], call), [1, "network_error"]);
  assert.deepEqual(await attempts([unavailable], call), [1, "unavailable"]);
  assert.deepEqual(await attempts([{ status: 503, code: "stopping" }], call), [2, "ok"]);
  assert.deepEqual(await attempts([{ status: 429, code: "rate_limited", retryAfter: "0" }], call), [2, "ok"]);
});

test("a repeated POST has the same idempotency key, and the next call has another", async () => {
  const running: Step = { status: 409, code: "request_in_progress", retryAfter: "0" };
  const { postrider, server } = await failing(["lost", running]);
  await postrider.accounts.create({ name: "a" });
  await postrider.accounts.create({ name: "a" });
  const keys = server.received.map(({ headers }) => headers["idempotency-key"]);
  assert.equal(keys.length, 4);
  assert.match(String(keys[0]), /^[0-9a-f-]{36}$/);
  assert.deepEqual([keys[1], keys[2]], [keys[0], keys[0]]);
  assert.notEqual(keys[3], keys[0]);
  server.close();
});

test("a connection that is refused is tried again, also for a POST", async () => {
  const { server } = await failing([]);
  const { url } = server;
  server.close();
  const started = performance.now();
  const postrider = new Postrider({ url, apiKey: "prk_x", maxRetries: 1 });
  await assert.rejects(postrider.accounts.create({ name: "a" }), {
    code: "network_error",
    status: undefined,
  });
  assert.ok(performance.now() - started >= 125);
});

test("a repeated event is the same event", async () => {
  const { postrider, server } = await failing(["lost", unavailable]);
  await postrider.events.create("a", EVENT);
  const ids = server.received.map(({ body }) => (JSON.parse(body.toString()) as AcceptedEvent).id);
  assert.equal(ids.length, 3);
  assert.equal(new Set(ids).size, 1);
  assert.match(ids[0]!, /^evt_[0-7][0-9a-hjkmnp-tv-z]{25}$/);
  server.close();
});

test("a repeated DELETE that finds nothing has deleted it", async () => {
  const missing: Step = { status: 404, code: "account_not_found" };
  const call = (postrider: Postrider) => postrider.accounts.delete("a");
  assert.deepEqual(await attempts(["lost", missing], call), [2, "ok"]);
  assert.deepEqual(await attempts([missing], call), [1, "account_not_found"]);
  assert.deepEqual(await attempts([{ status: 429, code: "rate_limited" }, missing], call), [
    2,
    "account_not_found",
  ]);
});

test("Retry-After is waited for, unless it is too long", async () => {
  const get = (postrider: Postrider) => postrider.accounts.get("a");
  const started = performance.now();
  assert.deepEqual(await attempts([{ status: 429, code: "rate_limited", retryAfter: "1" }], get), [2, "ok"]);
  assert.ok(performance.now() - started >= 1000);
  const long: Step = { status: 429, code: "stored_bytes_exceeded", retryAfter: "61" };
  assert.deepEqual(await attempts([long], get), [1, "stored_bytes_exceeded"]);
});

test("a server that limits the requests of a key gets all of them, later", async () => {
  const server = await Server.start("--requests-per-s-and-key", "5");
  const postrider = server.client();
  await postrider.accounts.create({ uid: "a", name: "a" });
  const events = await Promise.all(Array.from({ length: 9 }, () => postrider.events.create("a", EVENT)));
  assert.equal(new Set(events.map((event) => event.id)).size, 9);
  const impatient = server.client({ maxRetries: 0 });
  const refused = Promise.all(Array.from({ length: 100 }, () => impatient.accounts.get("a")));
  await assert.rejects(refused, { code: "rate_limited", status: 429, retryAfterMs: 1000 });
  await server.remove();
});

test("waits double with jitter up to a bound", () => {
  const waits = (random: number) => [1, 2, 3, 6, 7, 40].map((attempt) => backoff(attempt, () => random));
  assert.deepEqual(waits(1), [250, 500, 1000, 8000, 10_000, 10_000]);
  assert.deepEqual(waits(0), [125, 250, 500, 4000, 5000, 5000]);
  const busy = new PostriderError("busy", { code: "unavailable", status: 503, retryAfterMs: 2000 });
  assert.equal(
    waitBeforeRetry(busy, { repeatable: true, attempt: 1, maxRetries: 1 }, () => 1),
    2250,
  );
  assert.equal(
    waitBeforeRetry(busy, { repeatable: true, attempt: 2, maxRetries: 1 }, () => 1),
    undefined,
  );
  assert.equal(retryAfterMs("7"), 7000);
  assert.equal(retryAfterMs("Sun, 06 Nov 1994 08:49:37 GMT", Date.UTC(1994, 10, 6, 8, 49, 30)), 7000);
  assert.equal(retryAfterMs("soon"), undefined);
});

test("a call ends with its time or its signal, also between requests", async () => {
  const silent = await Receiver.start(() => undefined);
  const postrider = new Postrider({ url: silent.url, apiKey: "prk_x", timeoutMs: 50, maxRetries: 0 });
  await assert.rejects(postrider.accounts.get("a"), { code: "timeout", message: "no response within 50 ms" });
  const reason = new Error("enough");
  const ending = new AbortController();
  const call = postrider.accounts.get("a", { timeoutMs: 60_000, signal: ending.signal });
  ending.abort(reason);
  await assert.rejects(call, reason);
  silent.close();

  const { postrider: busy, server } = await failing([{ status: 503, code: "unavailable", retryAfter: "50" }]);
  const waiting = new AbortController();
  const waits = busy.accounts.get("a", { signal: waiting.signal });
  setTimeout(() => waiting.abort(reason), 100);
  await assert.rejects(waits, reason);
  assert.equal(server.received.length, 1);
  server.close();
});

test("a redirect is not followed, and what is no API is said to be none", async () => {
  const other = await Receiver.start();
  const server = await Receiver.start((request, response) => {
    if (request.path.endsWith("/html")) response.writeHead(200).end("<html>");
    else response.writeHead(302, { location: other.url }).end();
  });
  const postrider = new Postrider({ url: server.url, apiKey: "prk_x" });
  await assert.rejects(postrider.accounts.get("a"), { code: "unexpected_response", status: 302 });
  await assert.rejects(postrider.accounts.get("html"), { code: "unexpected_response", status: 200 });
  assert.equal(other.received.length, 0);
  server.close();
  other.close();
});

test("settings come from arguments or variables, and are checked", () => {
  for (const url of ["localhost:8080", "ftp://a", "http://u:p@a", "http://a/?b"]) {
    assert.throws(() => new Postrider({ url, apiKey: "k" }), TypeError, url);
  }
  delete process.env["POSTRIDER_API_KEY"];
  assert.throws(() => new Postrider(), /POSTRIDER_API_KEY/);
  assert.throws(() => new Postrider({ apiKey: "a\nb" }), TypeError);
  process.env["POSTRIDER_API_KEY"] = "prk_variable";
  assert.doesNotMatch(JSON.stringify(new Postrider()) + String(new Postrider()), /prk_variable/);
});

test("ids of events are ordered by time", () => {
  const ids = [1, 2, 1_769_851_800_007].map((ms) => newEventId(ms));
  assert.deepEqual([...ids].sort(), ids);
  assert.equal(new Set(Array.from({ length: 1000 }, () => newEventId())).size, 1000);
});
