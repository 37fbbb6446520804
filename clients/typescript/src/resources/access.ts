/** Who may do what: API keys, portal links and sessions of the console; and who did what. */

import type {
  ApiKey,
  ApiKeyInput,
  AuditEntry,
  CreatedApiKey,
  CreatedPortalLink,
  EndedSessions,
  MasterKey,
  PortalLink,
  PortalLinkInput,
  Session,
} from "../generated/openapi.js";
import type { List } from "../pages.js";
import type { CallOptions } from "../transport.js";
import { type Query, Resource } from "./resource.js";

export class ApiKeys extends Resource {
  list(query?: Query<"/v1/api-keys">, options?: CallOptions): List<ApiKey> {
    return this.listAt("/v1/api-keys", {}, query, options);
  }

  /** The result has the `key`, which is shown this once. */
  create(input: ApiKeyInput, options?: CallOptions): Promise<CreatedApiKey> {
    return this.transport.call("POST", "/v1/api-keys", { body: input }, options);
  }

  delete(id: string, options?: CallOptions): Promise<void> {
    return this.transport.call("DELETE", "/v1/api-keys/{id}", { path: { id } }, options);
  }
}

/** Links that sign a customer in to its account in the console. */
export class PortalLinks extends Resource {
  list(
    account: string,
    query?: Query<"/v1/accounts/{account}/portal-links">,
    options?: CallOptions,
  ): List<PortalLink> {
    return this.listAt("/v1/accounts/{account}/portal-links", { account }, query, options);
  }

  /** The result has the `url`, which is shown this once. */
  create(account: string, input: PortalLinkInput = {}, options?: CallOptions): Promise<CreatedPortalLink> {
    const request = { path: { account }, body: input };
    return this.transport.call("POST", "/v1/accounts/{account}/portal-links", request, options);
  }

  /** Ends the link and its sessions. */
  revoke(account: string, id: string, options?: CallOptions): Promise<void> {
    const request = { path: { account, id } };
    return this.transport.call("DELETE", "/v1/accounts/{account}/portal-links/{id}", request, options);
  }
}

export class Sessions extends Resource {
  /** The sessions of staff. */
  list(query?: Query<"/v1/sessions">, options?: CallOptions): List<Session> {
    return this.listAt("/v1/sessions", {}, query, options);
  }

  end(id: string, options?: CallOptions): Promise<void> {
    return this.transport.call("DELETE", "/v1/sessions/{id}", { path: { id } }, options);
  }

  endAll(options?: CallOptions): Promise<EndedSessions> {
    return this.transport.call("DELETE", "/v1/sessions", {}, options);
  }

  /** The sessions that portal links of the account began. */
  listOfAccount(
    account: string,
    query?: Query<"/v1/accounts/{account}/sessions">,
    options?: CallOptions,
  ): List<Session> {
    return this.listAt("/v1/accounts/{account}/sessions", { account }, query, options);
  }

  endOfAccount(account: string, id: string, options?: CallOptions): Promise<void> {
    const request = { path: { account, id } };
    return this.transport.call("DELETE", "/v1/accounts/{account}/sessions/{id}", request, options);
  }

  endAllOfAccount(account: string, options?: CallOptions): Promise<EndedSessions> {
    return this.transport.call("DELETE", "/v1/accounts/{account}/sessions", { path: { account } }, options);
  }
}

/** Who did what, to what, from where. */
export class Audit extends Resource {
  list(query?: Query<"/v1/audit">, options?: CallOptions): List<AuditEntry> {
    return this.listAt("/v1/audit", {}, query, options);
  }

  listOfAccount(
    account: string,
    query?: Query<"/v1/accounts/{account}/audit">,
    options?: CallOptions,
  ): List<AuditEntry> {
    return this.listAt("/v1/accounts/{account}/audit", { account }, query, options);
  }
}

/** The key that seals the secrets in the store. */
export class MasterKeys extends Resource {
  get(options?: CallOptions): Promise<MasterKey> {
    return this.transport.call("GET", "/v1/master-key", {}, options);
  }

  rotate(options?: CallOptions): Promise<MasterKey> {
    return this.transport.call("POST", "/v1/master-key/rotate", { body: {} }, options);
  }
}
