import type { Account, AccountInput, AccountPatch } from "../generated/openapi.js";
import type { List } from "../pages.js";
import type { CallOptions } from "../transport.js";
import { type Query, Resource } from "./resource.js";

/** The customers of the company that runs Postrider. `account` is an account's id or its `uid`. */
export class Accounts extends Resource {
  list(query?: Query<"/v1/accounts">, options?: CallOptions): List<Account> {
    return this.listAt("/v1/accounts", {}, query, options);
  }

  create(input: AccountInput, options?: CallOptions): Promise<Account> {
    return this.transport.call("POST", "/v1/accounts", { body: input }, options);
  }

  get(account: string, options?: CallOptions): Promise<Account> {
    return this.transport.call("GET", "/v1/accounts/{account}", { path: { account } }, options);
  }

  /** Changes the members that `patch` has; null resets one to its default. */
  update(account: string, patch: AccountPatch, options?: CallOptions): Promise<Account> {
    return this.transport.call(
      "PATCH",
      "/v1/accounts/{account}",
      { path: { account }, body: patch },
      options,
    );
  }

  /** Deletes the account with everything in it. */
  delete(account: string, options?: CallOptions): Promise<void> {
    return this.transport.call("DELETE", "/v1/accounts/{account}", { path: { account } }, options);
  }
}
