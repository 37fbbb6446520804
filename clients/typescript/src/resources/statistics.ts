import type { AccountStatistics, Statistics } from "../generated/openapi.js";
import type { Operation, QueryOf } from "../operations.js";
import type { CallOptions } from "../transport.js";
import { Resource } from "./resource.js";

/** What was accepted and delivered in each step of time. */
export class StatisticsOverTime extends Resource {
  /** The statistics of the installation: by default every measure, by the hour, over the last day. */
  get(query?: QueryOf<Operation<"/v1/statistics", "GET">>, options?: CallOptions): Promise<Statistics> {
    return this.transport.call("GET", "/v1/statistics", { query }, options);
  }

  /** The statistics of an account; with `group_by: "action"`, of each of its busiest actions, too. */
  getOfAccount(
    account: string,
    query?: QueryOf<Operation<"/v1/accounts/{account}/statistics", "GET">>,
    options?: CallOptions,
  ): Promise<AccountStatistics> {
    const request = { path: { account }, query };
    return this.transport.call("GET", "/v1/accounts/{account}/statistics", request, options);
  }
}
