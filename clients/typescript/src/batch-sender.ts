/**
 * Collects events and reports them in batches, one request at a time and in order.
 *
 * A request leaves when the batch is full, or when its first event has waited for `maxWaitMs`. The queue is
 * bounded: once it is full, `add` resolves only when there is room again. Every event has an id, so that a
 * request that is repeated after a lost response reports no event twice.
 */

import { PostriderError, errorOfItem } from "./errors.js";
import { newEventId } from "./event-id.js";
import type { AcceptedEvent, BatchItem, EventInput } from "./generated/openapi.js";
import { waitBeforeRetry } from "./retries.js";
import { type CallOptions, type Transport, sleep } from "./transport.js";

/** The server's bound on a batch. */
const EVENTS_MAX = 1000;

/** Bound on the text of a batch, so that it fits the 8 MiB that a server takes by default. */
const BATCH_CHARACTERS_MAX = 2 * 1024 * 1024;

/** How long the first event of a batch waits for others by default: well below what a person notices. */
const MAX_WAIT_MS = 20;

/** Events in the queue by default: ten full batches. */
const MAX_QUEUED = 10 * EVENTS_MAX;

/** Bound on the text of the queue, in characters: 64 MiB as UTF-8, if most of it is ASCII. */
const QUEUED_CHARACTERS_MAX = 64 * 1024 * 1024;

export interface SenderOptions {
  /** Most events in a request; 1,000 by default, which is also the most. */
  maxEvents?: number | undefined;
  /** How long the first event of a batch waits for others; 20 by default. */
  maxWaitMs?: number | undefined;
  /** Most events in the queue; 10,000 by default. */
  maxQueued?: number | undefined;
  /** Bound on each request; that of the client by default. */
  timeoutMs?: number | undefined;
  /** How often a request is repeated at most; that of the client by default. */
  maxRetries?: number | undefined;
  /**
   * Called for each event that was not accepted. Without it, the next `flush` or `close` throws the first
   * such error.
   */
  onFailure?: ((event: EventInput & { id: string }, error: PostriderError) => void) | undefined;
}

/** An event in the queue. */
export interface QueuedEvent {
  /** The event's id, which was generated unless it had one. */
  id: string;
  /** Resolves once the event is on disk; rejects with a {@link PostriderError} if it was not accepted. */
  result: Promise<AcceptedEvent>;
}

interface Entry {
  event: EventInput & { id: string };
  json: string;
  resolve: (accepted: AcceptedEvent) => void;
  reject: (error: unknown) => void;
}

export class BatchSender {
  readonly #transport: Transport;
  readonly #account: string;
  readonly #options: SenderOptions;
  readonly #maxEvents: number;
  readonly #maxWaitMs: number;
  readonly #maxQueued: number;
  readonly #ending = new AbortController();
  #queue: Entry[] = [];
  #characters = 0;
  /** Those who wait for room in the queue, in order. */
  readonly #waiting: (() => void)[] = [];
  /** Ends the wait for further events. */
  #hurry: () => void = () => undefined;
  /** How many `flush` are waiting: batches then leave at once. */
  #flushing = 0;
  #running = false;
  /** Events that were added, and events of which the outcome is known, both in order. */
  #added = 0;
  #settled = 0;
  /** Those who wait for the end of the next batch. */
  readonly #following: (() => void)[] = [];
  #closed = false;
  /** The first failure that nobody was told of. */
  #failure: unknown;

  constructor(transport: Transport, account: string, options: SenderOptions = {}) {
    this.#transport = transport;
    this.#account = account;
    this.#options = options;
    this.#maxEvents = within("maxEvents", options.maxEvents ?? EVENTS_MAX, 1, EVENTS_MAX);
    this.#maxWaitMs = within("maxWaitMs", options.maxWaitMs ?? MAX_WAIT_MS, 0, 60_000);
    this.#maxQueued = within("maxQueued", options.maxQueued ?? MAX_QUEUED, 1, 1_000_000);
  }

  /**
   * Queues an event as it is now. Resolves at once if the queue has room, and otherwise once it has: await
   * it, and your producer is never faster than the server. To learn whether the event was accepted, await
   * `result`.
   */
  async add(event: EventInput, { signal }: { signal?: AbortSignal | undefined } = {}): Promise<QueuedEvent> {
    const identified = { ...event, id: event.id ?? newEventId() };
    const json = JSON.stringify(identified);
    while (this.#isFull() && !this.#closed) await this.#room(signal);
    if (this.#closed) throw new PostriderError("the batch sender is closed", { code: "sender_closed" });
    const result = new Promise<AcceptedEvent>((resolve, reject) => {
      this.#queue.push({ event: identified, json, resolve, reject });
    });
    // A failure that the caller does not await must not end the process: `onFailure` or `flush` tells of it.
    result.catch(() => undefined);
    this.#characters += json.length;
    this.#added++;
    if (!this.#running) void this.#run();
    if (this.#isBatchReady()) this.#hurry();
    return { id: identified.id, result };
  }

  /**
   * Resolves once every event that was added before is accepted or refused. Without `onFailure`, it throws
   * the first error since the last `flush`.
   */
  async flush(): Promise<void> {
    const upTo = this.#added;
    this.#flushing++;
    this.#hurry();
    // The outcome of each event becomes known: its request ends, or is ended.
    while (this.#settled < upTo) await new Promise<void>((resolve) => this.#following.push(resolve));
    this.#flushing--;
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure !== undefined) throw failure;
  }

  /**
   * Takes no further events and flushes. Once `signal` aborts, events without a response fail with the code
   * `sender_closed`: each may have been accepted, so send it again with its `id`.
   */
  async close({ signal }: { signal?: AbortSignal | undefined } = {}): Promise<void> {
    this.#closed = true;
    wake(this.#waiting);
    const end = () => this.#ending.abort();
    if (signal?.aborted) end();
    signal?.addEventListener("abort", end);
    try {
      await this.flush();
    } finally {
      signal?.removeEventListener("abort", end);
    }
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#queue.length > 0) {
      await this.#linger();
      const batch = this.#take();
      await this.#send(batch);
      this.#settled += batch.length;
      wake(this.#following);
    }
    this.#running = false;
  }

  #isFull(): boolean {
    return this.#queue.length >= this.#maxQueued || this.#characters >= QUEUED_CHARACTERS_MAX;
  }

  #isBatchReady(): boolean {
    return (
      this.#queue.length >= this.#maxEvents || this.#characters >= BATCH_CHARACTERS_MAX || this.#isFull()
    );
  }

  /** Waits for a full batch, at most `maxWaitMs`. */
  async #linger(): Promise<void> {
    if (this.#isBatchReady() || this.#flushing > 0 || this.#closed) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, this.#maxWaitMs);
      this.#hurry = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Takes a batch out of the queue, at least one event. */
  #take(): Entry[] {
    let count = 0;
    let characters = 0;
    for (const entry of this.#queue) {
      const fits = count < this.#maxEvents && characters + entry.json.length <= BATCH_CHARACTERS_MAX;
      if (count > 0 && !fits) break;
      characters += entry.json.length;
      count++;
    }
    this.#characters -= characters;
    const batch = this.#queue.splice(0, count);
    wake(this.#waiting);
    return batch;
  }

  /** Sends a batch until each of its events is accepted or refused, or the repetitions are used up. */
  async #send(batch: Entry[]): Promise<void> {
    const { timeoutMs, maxRetries } = this.#options;
    const options: CallOptions = { timeoutMs, maxRetries, signal: this.#ending.signal };
    let open = batch;
    try {
      for (let attempt = 1; open.length > 0; attempt++) {
        const body = `{"events":[${open.map((entry) => entry.json).join(",")}]}`;
        const request = { path: { account: this.#account }, body, repeatable: true };
        const response = await this.#transport.send(
          "POST",
          "/v1/accounts/{account}/events/batch",
          request,
          options,
        );
        const again = this.#settle(open, response.result.data, response.requestId, attempt);
        open = again.entries;
        if (open.length > 0) await sleep(again.waitMs, this.#ending.signal);
      }
    } catch (error) {
      if (error instanceof PostriderError && error.status === 413 && open.length > 1) {
        // The operator's bound on a batch is lower than ours: it follows that on an event's `data`.
        const half = Math.ceil(open.length / 2);
        await this.#send(open.slice(0, half));
        await this.#send(open.slice(half));
        return;
      }
      for (const entry of open) this.#fail(entry, this.#ending.signal.aborted ? closedBefore(entry) : error);
    }
  }

  /** Settles what has a result. Returns the events that a later request may still get accepted. */
  #settle(
    entries: Entry[],
    items: BatchItem[],
    requestId: string | undefined,
    attempt: number,
  ): { entries: Entry[]; waitMs: number } {
    if (items.length !== entries.length) {
      const message = `a batch of ${entries.length} events got ${items.length} results`;
      throw new PostriderError(message, { code: "unexpected_response", requestId });
    }
    const again: Entry[] = [];
    let waitMs = 0;
    entries.forEach((entry, index) => {
      const item = items[index]!;
      if (!("error" in item)) return entry.resolve(item);
      const error = errorOfItem(item.error, requestId);
      const maxRetries = this.#transport.retriesOf(this.#options);
      const wait = waitBeforeRetry(error, { repeatable: true, attempt, maxRetries });
      if (wait === undefined) return this.#fail(entry, error);
      waitMs = Math.max(waitMs, wait);
      again.push(entry);
    });
    return { entries: again, waitMs };
  }

  #fail(entry: Entry, error: unknown): void {
    const failure =
      error instanceof PostriderError
        ? error
        : new PostriderError(String(error), { code: "network_error", cause: error });
    entry.reject(failure);
    const { onFailure } = this.#options;
    if (onFailure === undefined) {
      this.#failure ??= failure;
      return;
    }
    try {
      onFailure(entry.event, failure);
    } catch (thrown) {
      this.#failure ??= thrown;
    }
  }

  /** Waits until something was taken out of the queue, or the sender was closed. */
  #room(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const onAbort = () => {
        this.#waiting.splice(this.#waiting.indexOf(onRoom), 1);
        reject(signal?.reason);
      };
      const onRoom = () => {
        signal?.removeEventListener("abort", onAbort);
        resolve();
      };
      signal?.addEventListener("abort", onAbort, { once: true });
      this.#waiting.push(onRoom);
    });
  }
}

/** Calls everyone who waits, and forgets them. */
function wake(waiting: (() => void)[]): void {
  for (const resume of waiting.splice(0)) resume();
}

function closedBefore(entry: Entry): PostriderError {
  const message = `closed before the outcome of ${entry.event.id} was known: send it again with the same id`;
  return new PostriderError(message, { code: "sender_closed" });
}

function within(name: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new RangeError(`${name}: expected a whole number from ${least} to ${most}, not ${value}`);
}
