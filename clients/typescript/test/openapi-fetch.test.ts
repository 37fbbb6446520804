/** `openapi-fetch`, unmodified, does the main job with types from the API's document. */

import assert from "node:assert/strict";
import { test } from "node:test";
import createClient from "openapi-fetch";
import type { paths } from "../src/generated/openapi.js";
import { ADMIN_KEY, Receiver, Server, until } from "./server.js";

test("openapi-fetch creates an account and an automation, reports an event, and reads its delivery", async () => {
  const [server, receiver] = await Promise.all([Server.start(), Receiver.start()]);
  const client = createClient<paths>({
    baseUrl: server.url,
    headers: { authorization: `Bearer ${ADMIN_KEY}` },
  });
  const account = await client.POST("/v1/accounts", { body: { uid: "acme", name: "Acme" } });
  assert.equal(account.data?.uid, "acme");
  const path = { account: "acme" };
  const automation = await client.POST("/v1/accounts/{account}/automations", {
    params: { path },
    body: {
      name: "hook",
      trigger: { event_types: ["a.b"], conditions: { all: [{ path: "/total", op: "gte", value: 5 }] } },
      actions: [{ type: "send_webhook", url: receiver.url }],
    },
  });
  assert.equal(automation.error, undefined);
  const [action] = automation.data!.actions;
  assert.equal(action!.type === "send_webhook" && "url" in action! && action.url, receiver.url);
  const event = await client.POST("/v1/accounts/{account}/events", {
    params: { path, header: { "Idempotency-Key": "a-1" } },
    body: { type: "a.b", data: { total: 7 } },
  });
  const delivery = await until("a delivery that succeeded", async () => {
    const query = { event_id: event.data!.id, status: "succeeded" as const };
    const { data } = await client.GET("/v1/accounts/{account}/deliveries", { params: { path, query } });
    return data!.data[0];
  });
  const { data } = await client.GET("/v1/accounts/{account}/deliveries/{id}", {
    params: { path: { ...path, id: delivery.id } },
  });
  assert.deepEqual(
    data!.attempts.map((attempt) => [attempt.outcome, attempt.status_code]),
    [["succeeded", 204]],
  );
  const missing = await client.GET("/v1/accounts/{account}", { params: { path: { account: "nobody" } } });
  assert.equal(missing.error?.code, "account_not_found");
  receiver.close();
  await server.remove();
});
