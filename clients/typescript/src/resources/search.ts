import type { SearchResult } from "../generated/openapi.js";
import type { CallOptions } from "../transport.js";
import { Resource } from "./resource.js";

export class Search extends Resource {
  /** What an id, a `uid` or the name of an event type stands for, among all that the caller may see. */
  async find(text: string, options?: CallOptions): Promise<SearchResult[]> {
    return (await this.transport.call("GET", "/v1/search", { query: { q: text } }, options)).data;
  }
}
