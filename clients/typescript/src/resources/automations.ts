import type {
  AcceptedEvent,
  Automation,
  AutomationInput,
  AutomationPatch,
  Count,
  MissedSelection,
  Preview,
  PreviewInput,
  TestInput,
} from "../generated/openapi.js";
import type { List } from "../pages.js";
import type { CallOptions } from "../transport.js";
import { type Query, Resource } from "./resource.js";

/**
 * Rules that send a webhook or an e-mail when an event has a certain type. `id` is an automation's id or
 * `uid`.
 */
export class Automations extends Resource {
  list(
    account: string,
    query?: Query<"/v1/accounts/{account}/automations">,
    options?: CallOptions,
  ): List<Automation> {
    return this.listAt("/v1/accounts/{account}/automations", { account }, query, options);
  }

  create(account: string, input: AutomationInput, options?: CallOptions): Promise<Automation> {
    const request = { path: { account }, body: input };
    return this.transport.call("POST", "/v1/accounts/{account}/automations", request, options);
  }

  get(account: string, id: string, options?: CallOptions): Promise<Automation> {
    return this.transport.call(
      "GET",
      "/v1/accounts/{account}/automations/{id}",
      { path: { account, id } },
      options,
    );
  }

  /** Creates the automation with this `uid`, or replaces all of it. The same input again changes nothing. */
  put(account: string, uid: string, input: AutomationInput, options?: CallOptions): Promise<Automation> {
    const request = { path: { account, id: uid }, body: input };
    return this.transport.call("PUT", "/v1/accounts/{account}/automations/{id}", request, options);
  }

  /** Changes the members that `patch` has. `actions` is replaced as a whole: send each with its `id`. */
  update(account: string, id: string, patch: AutomationPatch, options?: CallOptions): Promise<Automation> {
    const request = { path: { account, id }, body: patch };
    return this.transport.call("PATCH", "/v1/accounts/{account}/automations/{id}", request, options);
  }

  delete(account: string, id: string, options?: CallOptions): Promise<void> {
    return this.transport.call(
      "DELETE",
      "/v1/accounts/{account}/automations/{id}",
      { path: { account, id } },
      options,
    );
  }

  /** Which of the last events a draft matches, and the requests as they would go out. It changes nothing. */
  preview(account: string, input: PreviewInput, options?: CallOptions): Promise<Preview> {
    const request = { path: { account }, body: input, repeatable: true };
    return this.transport.call("POST", "/v1/accounts/{account}/automations/preview", request, options);
  }

  /** Sends the events that the automation missed while it, or one of its actions, was off. */
  sendMissed(account: string, id: string, selection: MissedSelection, options?: CallOptions): Promise<Count> {
    const request = { path: { account, id }, body: selection };
    return this.transport.call(
      "POST",
      "/v1/accounts/{account}/automations/{id}/send-missed",
      request,
      options,
    );
  }

  /** Delivers a test event to this automation alone. */
  test(account: string, id: string, input: TestInput = {}, options?: CallOptions): Promise<AcceptedEvent> {
    const request = { path: { account, id }, body: input };
    return this.transport.call("POST", "/v1/accounts/{account}/automations/{id}/test", request, options);
  }
}
