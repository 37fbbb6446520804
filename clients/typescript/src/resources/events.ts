import { type SenderOptions, BatchSender } from "../batch-sender.js";
import { newEventId } from "../event-id.js";
import type { AcceptedEvent, BatchItem, Event, EventAutomations, EventInput } from "../generated/openapi.js";
import type { List } from "../pages.js";
import type { CallOptions } from "../transport.js";
import { type Query, Resource } from "./resource.js";

export interface EventOptions extends CallOptions {
  /** Identifies the request in place of the event's `id`: 1 to 255 visible ASCII characters. */
  idempotencyKey?: string | undefined;
}

/** Things that happened in the company's software. */
export class Events extends Resource {
  /**
   * Reports an event. It is on disk once this resolves. An event without an `id` gets one here, so that a
   * repeated request never reports a second event.
   */
  create(
    account: string,
    event: EventInput,
    { idempotencyKey, ...options }: EventOptions = {},
  ): Promise<AcceptedEvent> {
    const body = idempotencyKey === undefined ? identified(event) : event;
    const request = { path: { account }, body, headers: keyHeader(idempotencyKey), repeatable: true };
    return this.transport.call("POST", "/v1/accounts/{account}/events", request, options);
  }

  /** Reports 1 to 1,000 events, and returns the result of each, in order: some may be refused. */
  async createBatch(
    account: string,
    events: readonly EventInput[],
    { idempotencyKey, ...options }: EventOptions = {},
  ): Promise<BatchItem[]> {
    const body = { events: idempotencyKey === undefined ? events.map(identified) : [...events] };
    const request = { path: { account }, body, headers: keyHeader(idempotencyKey), repeatable: true };
    return (await this.transport.call("POST", "/v1/accounts/{account}/events/batch", request, options)).data;
  }

  /** Collects events and reports them in batches. Close it before the process ends. */
  sender(account: string, options?: SenderOptions): BatchSender {
    return new BatchSender(this.transport, account, options);
  }

  list(account: string, query?: Query<"/v1/accounts/{account}/events">, options?: CallOptions): List<Event> {
    return this.listAt("/v1/accounts/{account}/events", { account }, query, options);
  }

  get(account: string, id: string, options?: CallOptions): Promise<Event> {
    return this.transport.call(
      "GET",
      "/v1/accounts/{account}/events/{id}",
      { path: { account, id } },
      options,
    );
  }

  /** Cancels an event of which no attempt was made yet. */
  cancel(account: string, id: string, options?: CallOptions): Promise<void> {
    return this.transport.call(
      "DELETE",
      "/v1/accounts/{account}/events/{id}",
      { path: { account, id } },
      options,
    );
  }

  /** The automations whose event types match the event, and why each ran or did not. */
  automations(account: string, id: string, options?: CallOptions): Promise<EventAutomations> {
    const request = { path: { account, id } };
    return this.transport.call("GET", "/v1/accounts/{account}/events/{id}/automations", request, options);
  }
}

function identified(event: EventInput): EventInput {
  return typeof event.id === "string" ? event : { ...event, id: newEventId() };
}

function keyHeader(key: string | undefined): Record<string, string> {
  return key === undefined ? {} : { "idempotency-key": key };
}
