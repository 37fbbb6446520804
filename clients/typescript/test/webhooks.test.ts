/** Verification against the published vectors, and what a header can have wrong. */

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { WebhookVerificationError, verifyPostriderSignature, verifyWebhook } from "postrider-client";

interface Vectors {
  key: string;
  body_styles: {
    js_stringify: string;
    python_dumps: string;
    hex_js_stringify: string;
    hex_python_dumps: string;
  }[];
  standard_webhooks: { id: string; timestamp: number; body: string; signature: string }[];
}

const VECTORS = new URL(
  "../../../../crates/signing/tests/vectors/bodies-and-signatures.json",
  import.meta.url,
);
const { key, ...vectors } = JSON.parse(readFileSync(VECTORS, "utf8")) as Vectors;

function reasonOf(call: () => void): string {
  try {
    call();
  } catch (error) {
    if (error instanceof WebhookVerificationError) return error.reason;
    throw error;
  }
  return "authentic";
}

test("the vectors of Standard Webhooks are authentic", () => {
  assert.ok(vectors.standard_webhooks.length >= 3);
  for (const { id, timestamp, body, signature } of vectors.standard_webhooks) {
    const headers = { "Webhook-Id": id, "webhook-timestamp": `${timestamp}`, "webhook-signature": signature };
    verifyWebhook(body, headers, key, { nowMs: timestamp * 1000 });
    const among = `v1a,AAAA v1,${"A".repeat(43)}= ${signature} v2,x`;
    verifyWebhook(Buffer.from(body), { ...headers, "webhook-signature": among }, key, {
      nowMs: timestamp * 1000,
    });
    const other = () => verifyWebhook(`${body} `, headers, key, { nowMs: timestamp * 1000 });
    assert.equal(reasonOf(other), "no_matching_signature");
  }
});

test("the vectors of the body's signature are authentic", () => {
  assert.ok(vectors.body_styles.length >= 109);
  for (const vector of vectors.body_styles) {
    verifyPostriderSignature(vector.js_stringify, { "postrider-signature": vector.hex_js_stringify }, key);
    verifyPostriderSignature(vector.python_dumps, { "POSTRIDER-SIGNATURE": [vector.hex_python_dumps] }, key);
  }
});

test("a webhook is refused with the reason", () => {
  const sign = (id: string, timestamp: string) => {
    const bytes = Buffer.from(key.slice("whsec_".length), "base64");
    return `v1,${createHmac("sha256", bytes).update(`${id}.${timestamp}.{}`).digest("base64")}`;
  };
  const at = (timestamp: string, signature = sign("evt_1", timestamp)) => ({
    "webhook-id": "evt_1",
    "webhook-timestamp": timestamp,
    "webhook-signature": signature,
  });
  const verdict = (headers: Record<string, string>, options = {}) =>
    reasonOf(() => verifyWebhook("{}", headers, key, { nowMs: 1_000_000_000, ...options }));
  assert.equal(verdict(at("1000000")), "authentic");
  assert.equal(verdict(at("999700")), "authentic");
  assert.equal(verdict(at("999699")), "timestamp_too_old");
  assert.equal(verdict(at("1000301")), "timestamp_too_new");
  assert.equal(verdict(at("999699"), { toleranceS: 301 }), "authentic");
  assert.equal(verdict(at("1e6")), "malformed_header");
  assert.equal(verdict(at("")), "missing_header");
  assert.equal(verdict({}), "missing_header");
  assert.equal(verdict(at("1000000", "v1,")), "no_matching_signature");
  assert.equal(verdict(at("1000000", sign("evt_1", "1000000").slice(0, -1))), "no_matching_signature");
  // A signature beyond the bound is not looked at.
  assert.equal(
    verdict(at("1000000", `${"v1,A ".repeat(16)}${sign("evt_1", "1000000")}`)),
    "no_matching_signature",
  );
});

test("a mistake of the receiver is another error than a forged webhook", () => {
  const headers = { "webhook-id": "a", "webhook-timestamp": "1", "webhook-signature": "v1,A" };
  const verify =
    (keys: string | string[], body: unknown = "{}") =>
    () =>
      verifyWebhook(body as string, headers, keys, { nowMs: 1000 });
  for (const keys of ["", [], "secret", "whsec_", "whpk_AAAA", [key, ""]])
    assert.throws(verify(keys), TypeError);
  assert.throws(verify(key, { parsed: true }), TypeError);
});
