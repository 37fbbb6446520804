/**
 * Which calls are repeated, and after what wait.
 *
 * A call that is repeatable (GET, PUT, DELETE, and POST, which has an idempotency key) is repeated whenever
 * its outcome is unknown. The server does not recognise a repeated PATCH, so it is repeated only if the
 * first request certainly had no effect.
 */

import type { PostriderError } from "./errors.js";

/** Repetitions of a call by default. With the waits below, they bridge a restart of some 8 seconds. */
export const MAX_RETRIES = 5;

/** The first wait, which doubles with each repetition. */
const FIRST_WAIT_MS = 250;

/** The longest wait, unless the server asks for more. */
const WAIT_MS_MAX = 10_000;

/** A longer `Retry-After` is not waited for: the caller learns of it instead. */
const RETRY_AFTER_MS_MAX = 60_000;

/** Refused before anything was done. */
const NOTHING_DONE = new Set(["stopping", "body_timeout"]);

/** Causes of failed connections: no byte of the request was sent. */
const NOT_CONNECTED = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
]);

/** The wait before the next request, in milliseconds; undefined if there must be none. */
export function waitBeforeRetry(
  error: PostriderError,
  retry: { repeatable: boolean; attempt: number; maxRetries: number },
  random: () => number = Math.random,
): number | undefined {
  if (retry.attempt > retry.maxRetries) return undefined;
  if (!hadNoEffect(error) && !(retry.repeatable && isTemporary(error))) return undefined;
  const wait = backoff(retry.attempt, random);
  if (error.retryAfterMs === undefined) return wait;
  return error.retryAfterMs > RETRY_AFTER_MS_MAX ? undefined : error.retryAfterMs + wait;
}

/**
 * The wait after the `attempt`th failure, from 1: half of it is fixed and half is random, so that clients
 * that failed together do not return together.
 */
export function backoff(attempt: number, random: () => number = Math.random): number {
  const full = Math.min(WAIT_MS_MAX, FIRST_WAIT_MS * 2 ** (attempt - 1));
  return full * (0.5 + random() / 2);
}

/** Whether the server certainly did nothing, and may do it later. */
export function hadNoEffect(error: PostriderError): boolean {
  return (
    error.status === 429 ||
    NOTHING_DONE.has(error.code) ||
    (error.status === undefined && notConnected(error.cause))
  );
}

/** Whether a later request may succeed. This one may have taken effect. */
function isTemporary(error: PostriderError): boolean {
  if (error.status === undefined) return error.code !== "sender_closed";
  return [502, 503, 504].includes(error.status) || error.code === "request_in_progress";
}

/** fetch wraps the fault: a TypeError whose cause has a code. */
function notConnected(cause: unknown): boolean {
  for (let fault = cause, depth = 0; fault instanceof Error && depth < 4; fault = fault.cause, depth++) {
    if (NOT_CONNECTED.has(String((fault as { code?: unknown }).code))) return true;
  }
  return false;
}
