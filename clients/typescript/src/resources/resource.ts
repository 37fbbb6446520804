/** What the resources share: their transport, and lists. */

import type { ItemOf, MethodOf, Operation, Path, QueryOf } from "../operations.js";
import { List, type Page } from "../pages.js";
import type { CallOptions, Transport } from "../transport.js";

export type ListPath = { [P in Path]: "GET" extends MethodOf<P> ? P : never }[Path];

/** The filters of a list, the size of a page (`limit`, at most 250) and where to begin (`cursor`). */
export type Query<P extends ListPath> = QueryOf<Operation<P, "GET">>;

/** To add a resource: a class here, its field in `client.ts`, and the same in Python. */
export abstract class Resource {
  constructor(protected readonly transport: Transport) {}

  protected listAt<P extends ListPath>(
    path: P,
    parameters: Record<string, string>,
    query: Query<P> | undefined,
    options: CallOptions | undefined,
  ): List<ItemOf<Operation<P, "GET">>> {
    const from = (query as { cursor?: string | null } | undefined)?.cursor;
    return new List(async (cursor) => {
      const request = { path: parameters, query: { ...query, cursor } };
      // The types of a list's request and response follow from its path, which is open here.
      const page: unknown = await this.transport.call(
        "GET",
        path as "/v1/accounts",
        request as object,
        options,
      );
      return page as Page<ItemOf<Operation<P, "GET">>>;
    }, from);
  }
}
