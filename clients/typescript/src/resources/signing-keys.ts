import type { RotateInput, SigningKey } from "../generated/openapi.js";
import type { List } from "../pages.js";
import type { CallOptions } from "../transport.js";
import { type Query, Resource } from "./resource.js";

type OfAction = "/v1/accounts/{account}/automations/{id}/actions/{action}/signing-keys";

/**
 * The keys that receivers verify an account's webhooks with. The key that signs the main header comes first.
 */
export class SigningKeys extends Resource {
  list(
    account: string,
    query?: Query<"/v1/accounts/{account}/signing-keys">,
    options?: CallOptions,
  ): List<SigningKey> {
    return this.listAt("/v1/accounts/{account}/signing-keys", { account }, query, options);
  }

  /** Creates a new key. Earlier ones sign beside it for `overlap_s`. */
  rotate(account: string, input: RotateInput = {}, options?: CallOptions): Promise<SigningKey> {
    const request = { path: { account }, body: input };
    return this.transport.call("POST", "/v1/accounts/{account}/signing-keys/rotate", request, options);
  }

  /** The keys of an action that has its own. */
  listOfAction(
    account: string,
    automation: string,
    action: string,
    query?: Query<OfAction>,
    options?: CallOptions,
  ): List<SigningKey> {
    const parameters = { account, id: automation, action };
    return this.listAt(
      "/v1/accounts/{account}/automations/{id}/actions/{action}/signing-keys",
      parameters,
      query,
      options,
    );
  }

  rotateOfAction(
    account: string,
    automation: string,
    action: string,
    input: RotateInput = {},
    options?: CallOptions,
  ): Promise<SigningKey> {
    const request = { path: { account, id: automation, action }, body: input };
    return this.transport.call(
      "POST",
      "/v1/accounts/{account}/automations/{id}/actions/{action}/signing-keys/rotate",
      request,
      options,
    );
  }
}
