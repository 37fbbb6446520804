/**
 * Verification of webhooks, for receivers. Both functions take the body's bytes as they arrived, before any
 * parser, return nothing, and throw {@link WebhookVerificationError} unless the webhook is authentic.
 */

import { createHmac, createPublicKey, timingSafeEqual, verify } from "node:crypto";

/**
 * How far `webhook-timestamp` may differ from the clock by default (Standard Webhooks' libraries: the same).
 */
const TOLERANCE_S = 300;

/** Signatures of a header that are looked at. Postrider sends at most five. */
const SIGNATURES_MAX = 16;

/** The body of a webhook, if its action's `body` is `envelope` (the default). */
export interface WebhookEvent<Data = unknown> {
  /** The event's id, the same in every attempt and resend: handle each id once. */
  id: string;
  type: string;
  /** When it happened, in RFC 3339. */
  timestamp: string;
  data: Data;
}

/** Headers of a request: of `node:http`, of `fetch`, or any object. Upper and lower case are the same. */
export type WebhookHeaders = Headers | Readonly<Record<string, string | readonly string[] | undefined>>;

export interface VerifyOptions {
  /** How far the time of signing may lie from now, in seconds; 300 by default. */
  toleranceS?: number | undefined;
  /** The time to compare with, in milliseconds; by default now. */
  nowMs?: number | undefined;
}

export type VerificationReason =
  "missing_header" | "malformed_header" | "timestamp_too_old" | "timestamp_too_new" | "no_matching_signature";

/** The webhook is not authentic, or too old. Respond with 401, and do nothing else. */
export class WebhookVerificationError extends Error {
  override readonly name = "WebhookVerificationError";
  readonly reason: VerificationReason;

  constructor(reason: VerificationReason, message: string) {
    super(message);
    this.reason = reason;
  }
}

/**
 * Verifies `webhook-id`, `webhook-timestamp` and `webhook-signature` (Standard Webhooks 1.0).
 *
 * `keys` is the signing key as displayed, or several of them: `whsec_…`, or `whpk_…` for Ed25519. A webhook
 * is authentic if any of its signatures is by any of the keys.
 */
export function verifyWebhook(
  body: string | Uint8Array,
  headers: WebhookHeaders,
  keys: string | readonly string[],
  { toleranceS = TOLERANCE_S, nowMs = Date.now() }: VerifyOptions = {},
): void {
  const id = required(headers, "webhook-id");
  const timestamp = required(headers, "webhook-timestamp");
  const signatures = required(headers, "webhook-signature").split(" ").slice(0, SIGNATURES_MAX);
  checkTime(timestamp, toleranceS, nowMs);
  const signed = Buffer.concat([Buffer.from(`${id}.${timestamp}.`), bytesOf(body)]);
  const verifiers = listOf(keys).map((key) => verifierOf(key, signed));
  if (!signatures.some((signature) => verifiers.some((isBy) => isBy(signature)))) {
    throw new WebhookVerificationError(
      "no_matching_signature",
      "no signature of webhook-signature is by one of the keys: is this the body as it arrived, and the account's key?",
    );
  }
}

/**
 * Verifies `Postrider-Signature`, and `Postrider-Signature-Next`, which an overlap adds: HMAC-SHA256 of the
 * body in hex. It covers no time, so prefer {@link verifyWebhook}. `prefix` is the operator's setting
 * `header_prefix`.
 */
export function verifyPostriderSignature(
  body: string | Uint8Array,
  headers: WebhookHeaders,
  keys: string | readonly string[],
  { prefix = "Postrider" }: { prefix?: string | undefined } = {},
): void {
  const name = `${prefix}-Signature`;
  const given = [required(headers, name), header(headers, `${name}-Next`)];
  const expected = listOf(keys).map((key) => createHmac("sha256", key).update(bytesOf(body)).digest("hex"));
  const matches = given.some(
    (signature) => signature !== undefined && expected.some((hex) => equal(hex, signature)),
  );
  if (!matches) {
    throw new WebhookVerificationError("no_matching_signature", `${name} is not by one of the keys`);
  }
}

function checkTime(timestamp: string, toleranceS: number, nowMs: number): void {
  if (!/^\d{1,12}$/.test(timestamp)) {
    throw new WebhookVerificationError(
      "malformed_header",
      "webhook-timestamp: expected a time in Unix seconds",
    );
  }
  const ageS = nowMs / 1000 - Number(timestamp);
  if (ageS > toleranceS) {
    throw new WebhookVerificationError(
      "timestamp_too_old",
      `signed ${Math.round(ageS)} s ago, at most ${toleranceS} s`,
    );
  }
  if (-ageS > toleranceS) {
    throw new WebhookVerificationError(
      "timestamp_too_new",
      `signed ${Math.round(-ageS)} s ahead: check your clock`,
    );
  }
}

/** Tells whether a signature, such as `v1,…`, is of these bytes and by this key. */
function verifierOf(key: string, signed: Buffer): (signature: string) => boolean {
  if (key.startsWith("whpk_")) {
    const x = base64("whpk_", key, 32).toString("base64url");
    const publicKey = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
    return (signature) =>
      signature.startsWith("v1a,") &&
      verify(null, signed, publicKey, Buffer.from(signature.slice(4), "base64"));
  }
  const expected = `v1,${createHmac("sha256", base64("whsec_", key)).update(signed).digest("base64")}`;
  return (signature) => equal(expected, signature);
}

function base64(prefix: string, key: string, bytes?: number): Buffer {
  const decoded = Buffer.from(key.startsWith(prefix) ? key.slice(prefix.length) : "", "base64");
  if (decoded.length === 0 || (bytes !== undefined && decoded.length !== bytes)) {
    throw new TypeError("a signing key is `whsec_` or `whpk_` and base64, as the console displays it");
  }
  return decoded;
}

/** Compares in a time that does not depend on where the texts differ. */
function equal(expected: string, given: string): boolean {
  const [left, right] = [Buffer.from(expected), Buffer.from(given)];
  return left.length === right.length && timingSafeEqual(left, right);
}

function listOf(keys: string | readonly string[]): readonly string[] {
  const list = typeof keys === "string" ? [keys] : keys;
  if (list.length === 0 || list.some((key) => !key)) throw new TypeError("no signing key");
  return list;
}

function bytesOf(body: string | Uint8Array): Uint8Array {
  if (typeof body === "string" || body instanceof Uint8Array) return Buffer.from(body as string);
  throw new TypeError("the body must be the bytes or the text as it arrived, not what a parser made of it");
}

function required(headers: WebhookHeaders, name: string): string {
  const value = header(headers, name);
  if (value === undefined || value === "")
    throw new WebhookVerificationError("missing_header", `no header ${name}`);
  return value;
}

function header(headers: WebhookHeaders, name: string): string | undefined {
  if (headers instanceof Headers) return headers.get(name) ?? undefined;
  const lower = name.toLowerCase();
  const found = headers[lower] ?? Object.entries(headers).find(([key]) => key.toLowerCase() === lower)?.[1];
  return typeof found === "string" || found === undefined ? found : found.join(", ");
}
