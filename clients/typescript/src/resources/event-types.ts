import type { EventType, EventTypeInput } from "../generated/openapi.js";
import type { List } from "../pages.js";
import type { CallOptions } from "../transport.js";
import { type Query, Resource } from "./resource.js";

/** The installation's catalogue of event types. */
export class EventTypes extends Resource {
  list(query?: Query<"/v1/event-types">, options?: CallOptions): List<EventType> {
    return this.listAt("/v1/event-types", {}, query, options);
  }

  get(name: string, options?: CallOptions): Promise<EventType> {
    return this.transport.call("GET", "/v1/event-types/{name}", { path: { name } }, options);
  }

  /** Creates the type, or replaces all of it. */
  put(name: string, input: EventTypeInput, options?: CallOptions): Promise<EventType> {
    return this.transport.call("PUT", "/v1/event-types/{name}", { path: { name }, body: input }, options);
  }

  delete(name: string, options?: CallOptions): Promise<void> {
    return this.transport.call("DELETE", "/v1/event-types/{name}", { path: { name } }, options);
  }
}
