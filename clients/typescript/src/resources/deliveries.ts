import type {
  Count,
  Delivery,
  DeliveryOfAccount,
  DeliverySelection,
  DeliveryWithAttempts,
} from "../generated/openapi.js";
import type { List } from "../pages.js";
import type { CallOptions } from "../transport.js";
import { type Query, Resource } from "./resource.js";

/** The delivery of one event by one action, with the record of each attempt. */
export class Deliveries extends Resource {
  list(
    account: string,
    query?: Query<"/v1/accounts/{account}/deliveries">,
    options?: CallOptions,
  ): List<Delivery> {
    return this.listAt("/v1/accounts/{account}/deliveries", { account }, query, options);
  }

  /** The deliveries of all accounts, for a key that is not limited to one. */
  listOfAllAccounts(query?: Query<"/v1/deliveries">, options?: CallOptions): List<DeliveryOfAccount> {
    return this.listAt("/v1/deliveries", {}, query, options);
  }

  get(account: string, id: string, options?: CallOptions): Promise<DeliveryWithAttempts> {
    return this.transport.call(
      "GET",
      "/v1/accounts/{account}/deliveries/{id}",
      { path: { account, id } },
      options,
    );
  }

  /** Makes one more attempt, with the same event id and body. */
  resend(account: string, id: string, options?: CallOptions): Promise<Delivery> {
    const request = { path: { account, id } };
    return this.transport.call("POST", "/v1/accounts/{account}/deliveries/{id}/resend", request, options);
  }

  /** Makes one more attempt of every delivery that matches; with `dry_run`, only counts them. */
  replay(account: string, selection: DeliverySelection, options?: CallOptions): Promise<Count> {
    const request = { path: { account }, body: selection };
    return this.transport.call("POST", "/v1/accounts/{account}/deliveries/replay", request, options);
  }

  /** Cancels every pending delivery that matches; with `dry_run`, only counts them. */
  cancel(account: string, selection: DeliverySelection, options?: CallOptions): Promise<Count> {
    const request = { path: { account }, body: selection };
    return this.transport.call("POST", "/v1/accounts/{account}/deliveries/cancel", request, options);
  }
}
