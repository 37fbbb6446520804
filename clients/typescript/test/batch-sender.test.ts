/** The batch sender: linger, bounds, results of each event, and servers that fail in the middle. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Event, Postrider, PostriderError } from "postrider-client";
import { Receiver, Server, json, problem, until } from "./server.js";

let server: Server;
let postrider: Postrider;

before(async () => {
  server = await Server.start();
  postrider = server.client();
});

after(() => server?.remove());

async function account(uid: string): Promise<string> {
  await postrider.accounts.create({ uid, name: uid });
  return uid;
}

async function stored(uid: string): Promise<Event[]> {
  const events: Event[] = [];
  for await (const event of server.client().events.list(uid, { limit: 250 })) events.push(event);
  return events;
}

interface Batch {
  events: { id: string; type: string; data: unknown }[];
}

/** A server that accepts every event of a batch, but for what `respond` does itself. */
async function accepting(respond?: (batch: Batch) => object | "wait" | undefined) {
  const batches: Batch[] = [];
  const stub = await Receiver.start((request, response) => {
    const batch = JSON.parse(request.body.toString()) as Batch;
    batches.push(batch);
    const own = respond?.(batch);
    if (own === "wait") return;
    const data = batch.events.map(({ id, type }) => ({
      status: 202,
      id,
      type,
      created_at: "",
      deliveries: 0,
    }));
    json(response, 202, own ?? { data });
  });
  return { batches, stub, events: new Postrider({ url: stub.url, apiKey: "prk_x" }).events };
}

test("events arrive in order, in batches of at most 1,000, as they were when added", async () => {
  const uid = await account("order");
  const { batches, stub, events } = await accepting();
  const senders = [events.sender("a"), postrider.events.sender(uid)];
  const data = { n: 0 };
  for (data.n = 0; data.n < 1234; data.n++)
    for (const sender of senders) await sender.add({ type: "a.b", data });
  for (const sender of senders) await sender.close();
  const sent = batches.flatMap((batch) => batch.events.map((event) => (event.data as typeof data).n));
  assert.deepEqual(
    sent,
    Array.from({ length: 1234 }, (_, n) => n),
  );
  assert.ok(batches.every((batch) => batch.events.length <= 1000));
  const numbers = (await stored(uid)).map((event) => (event.data as typeof data).n);
  assert.deepEqual(
    numbers.sort((a, b) => a - b),
    sent,
  );
  await assert.rejects(senders[0]!.add({ type: "a.b", data }), { code: "sender_closed" });
  stub.close();
});

test("a batch leaves when it is full or its first event has waited, and at once on flush", async () => {
  const { batches, stub, events } = await accepting();
  const sender = events.sender("a", { maxEvents: 3, maxWaitMs: 60_000 });
  for (let n = 0; n < 4; n++) await sender.add({ type: "a.b", data: n });
  await until("a full batch", () => batches[0]);
  assert.deepEqual(
    batches.map((batch) => batch.events.length),
    [3],
  );
  await sender.flush();
  assert.deepEqual(
    batches.map((batch) => batch.events.length),
    [3, 1],
  );
  await sender.close();
  const prompt = events.sender("a", { maxWaitMs: 30 });
  const { result } = await prompt.add({ type: "a.b", data: 1 });
  await result;
  assert.equal(batches.length, 3);
  const large = "x".repeat(1_500_000);
  for (let n = 0; n < 3; n++) await prompt.add({ type: "a.b", data: large });
  await prompt.close();
  assert.deepEqual(
    batches.slice(3).map((batch) => batch.events.length),
    [1, 1, 1],
  );
  stub.close();
});

test("a full queue holds the producer back, until its signal", async () => {
  let isOpen = false;
  const held: (() => void)[] = [];
  const stub = await Receiver.start((request, response) => {
    const { events } = JSON.parse(request.body.toString()) as Batch;
    const respond = () =>
      json(response, 202, { data: events.map(({ id, type }) => ({ status: 202, id, type })) });
    if (isOpen) respond();
    else held.push(respond);
  });
  const client = new Postrider({ url: stub.url, apiKey: "prk_x" });
  const sender = client.events.sender("a", { maxEvents: 2, maxQueued: 2, maxWaitMs: 0 });
  // Two are on their way, and two are in the queue.
  for (let n = 0; n < 4; n++) await sender.add({ type: "a.b", data: n });
  let isAdded = false;
  const fifth = sender.add({ type: "a.b", data: 4 }).then(() => (isAdded = true));
  const impatient = sender.add({ type: "a.b", data: 5 }, { signal: AbortSignal.timeout(50) });
  await assert.rejects(impatient, { name: "TimeoutError" });
  assert.equal(isAdded, false);
  isOpen = true;
  for (const respond of held) respond();
  await fifth;
  await sender.close();
  assert.deepEqual(
    stub.received.map(({ body }) => (JSON.parse(body.toString()) as Batch).events.length),
    [2, 2, 1],
  );
  stub.close();
});

test("each event has its own result, with pointers into the event", async () => {
  const uid = await account("items");
  const failures: [string, string][] = [];
  const onFailure = (event: { id: string }, error: PostriderError) => failures.push([event.id, error.code]);
  const sender = postrider.events.sender(uid, { onFailure });
  const good = await sender.add({ type: "a.b", data: 1 });
  const bad = await sender.add({ type: "no spaces", data: 1 });
  await sender.flush();
  assert.equal((await good.result).id, good.id);
  await assert.rejects(bad.result, (error: PostriderError) => {
    assert.deepEqual(
      error.errors.map((fault) => fault.pointer),
      ["/type"],
    );
    assert.equal(error.status, 422);
    return true;
  });
  assert.deepEqual(failures, [[bad.id, "invalid_body"]]);
  await sender.close();

  const strict = postrider.events.sender(uid);
  await strict.add({ type: "no spaces", data: 1 });
  await assert.rejects(strict.flush(), { code: "invalid_body" });
  await strict.close();
});

test("only the events that were refused for a while are sent again", async () => {
  let first = true;
  const { batches, stub, events } = await accepting(({ events }) => {
    if (!first) return undefined;
    first = false;
    const refused = { status: 503, error: problem(503, "unavailable") };
    return { data: events.map(({ id, type }, n) => (n === 1 ? refused : { status: 202, id, type })) };
  });
  const sender = events.sender("a", { maxWaitMs: 60_000 });
  const added = [];
  for (let n = 0; n < 3; n++) added.push(await sender.add({ type: "a.b", data: n }));
  await sender.close();
  assert.deepEqual(
    batches.map((batch) => batch.events.map((event) => event.data)),
    [[0, 1, 2], [1]],
  );
  assert.equal(batches[1]!.events[0]!.id, added[1]!.id);
  stub.close();
});

test("a batch that is too large for the operator's bound is sent in parts", async () => {
  const sizes: number[] = [];
  const stub = await Receiver.start((request, response) => {
    const { events } = JSON.parse(request.body.toString()) as Batch;
    sizes.push(events.length);
    if (events.length > 2) json(response, 413, problem(413, "body_too_large"));
    else json(response, 202, { data: events.map(({ id, type }) => ({ status: 202, id, type })) });
  });
  const { events } = new Postrider({ url: stub.url, apiKey: "prk_x" });
  const sender = events.sender("a", { maxWaitMs: 60_000 });
  for (let n = 0; n < 5; n++) await sender.add({ type: "a.b", data: n });
  await sender.close();
  assert.deepEqual(sizes, [5, 3, 2, 1, 2]);
  const sent = stub.received.flatMap(({ body }) => {
    const { events } = JSON.parse(body.toString()) as Batch;
    return events.length > 2 ? [] : events.map((event) => event.data);
  });
  assert.deepEqual(sent, [0, 1, 2, 3, 4]);
  stub.close();
});

test("closing with a signal ends in time, and names what is unknown", async () => {
  const { stub, events } = await accepting(() => "wait");
  const sender = events.sender("a", { maxWaitMs: 0, maxEvents: 1 });
  const sent = await sender.add({ type: "a.b", data: 1 });
  const queued = await sender.add({ type: "a.b", data: 2 });
  await assert.rejects(sender.close({ signal: AbortSignal.timeout(100) }), { code: "sender_closed" });
  for (const { result } of [sent, queued]) await assert.rejects(result, { code: "sender_closed" });
  stub.close();
});

test("a server that is killed, and responses that are lost, store each event once", async () => {
  const uid = await account("killed");
  let requests = 0;
  const losing: typeof fetch = async (...call) => {
    const response = await fetch(...call);
    if (++requests % 4 === 0) throw new TypeError("the response is lost");
    return response;
  };
  const sender = server
    .client({ maxRetries: 12, fetch: losing })
    .events.sender(uid, { maxEvents: 50, maxWaitMs: 1 });
  const results: Promise<unknown>[] = [];
  const produce = (async () => {
    for (let n = 0; n < 1000; n++) results.push((await sender.add({ type: "a.b", data: n })).result);
  })();
  await until("some events", async () => ((await results[200]) ? true : undefined));
  await server.kill();
  await server.startAgain();
  await produce;
  await sender.close();
  await Promise.all(results);
  const events = await stored(uid);
  assert.equal(events.length, 1000);
  assert.equal(new Set(events.map((event) => event.data)).size, 1000);
});
