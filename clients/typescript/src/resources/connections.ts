import type { Connection, ConnectionInput, ConnectionPatch, ListedConnection } from "../generated/openapi.js";
import type { List } from "../pages.js";
import type { CallOptions } from "../transport.js";
import { type Query, Resource } from "./resource.js";

/** How actions authenticate at receivers. */
export class Connections extends Resource {
  /** The account's connections, and the installation's that it can use. */
  list(
    account: string,
    query?: Query<"/v1/accounts/{account}/connections">,
    options?: CallOptions,
  ): List<ListedConnection> {
    return this.listAt("/v1/accounts/{account}/connections", { account }, query, options);
  }

  create(account: string, input: ConnectionInput, options?: CallOptions): Promise<Connection> {
    const request = { path: { account }, body: input };
    return this.transport.call("POST", "/v1/accounts/{account}/connections", request, options);
  }

  get(account: string, id: string, options?: CallOptions): Promise<Connection> {
    return this.transport.call(
      "GET",
      "/v1/accounts/{account}/connections/{id}",
      { path: { account, id } },
      options,
    );
  }

  update(account: string, id: string, patch: ConnectionPatch, options?: CallOptions): Promise<Connection> {
    const request = { path: { account, id }, body: patch };
    return this.transport.call("PATCH", "/v1/accounts/{account}/connections/{id}", request, options);
  }

  delete(account: string, id: string, options?: CallOptions): Promise<void> {
    return this.transport.call(
      "DELETE",
      "/v1/accounts/{account}/connections/{id}",
      { path: { account, id } },
      options,
    );
  }
}
