/** The one error of this package for a call that did not succeed. */

import type { Fault, Problem } from "./generated/openapi.js";

/** What this client reports by itself. All other codes come from the server, and are stable. */
export type ClientCode =
  /** No response: the connection failed, or broke. */
  | "network_error"
  /** No response within `timeoutMs`. */
  | "timeout"
  /** The response is not what a Postrider server sends; `status` says more. */
  | "unexpected_response"
  /** The batch sender was closed before the event's outcome was known. Send it again with the same `id`. */
  | "sender_closed";

export interface PostriderErrorDetails {
  code: string;
  status?: number | undefined;
  errors?: readonly Fault[] | undefined;
  requestId?: string | undefined;
  retryAfterMs?: number | undefined;
  cause?: unknown;
}

/** A call that did not succeed. */
export class PostriderError extends Error {
  override readonly name = "PostriderError";
  /** A {@link ClientCode}, or the server's stable code, such as `uid_taken`. */
  readonly code: string;
  /** The status of the response; undefined if there was none. */
  readonly status: number | undefined;
  /** What is wrong with the request: `pointer` is a JSON Pointer into the body, `parameter` a name. */
  readonly errors: readonly Fault[];
  /** `x-request-id` of the response, by which the server's log and audit trail find the request. */
  readonly requestId: string | undefined;
  /** What `Retry-After` asked for, in milliseconds. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, details: PostriderErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = details.code;
    this.status = details.status;
    this.errors = details.errors ?? [];
    this.requestId = details.requestId;
    this.retryAfterMs = details.retryAfterMs;
  }
}

/** The error in a response with this status and body. */
export function errorOfResponse(status: number, body: string, headers: Headers): PostriderError {
  const problem = problemIn(body);
  const details = {
    status,
    requestId: headers.get("x-request-id") ?? undefined,
    retryAfterMs: retryAfterMs(headers.get("retry-after")),
  };
  if (problem === undefined) {
    const hint = status < 400 ? "; redirects are not followed" : "";
    const message = `status ${status} without a problem document${hint}: is this the URL of a Postrider server?`;
    return new PostriderError(message, { ...details, code: "unexpected_response" });
  }
  return new PostriderError(messageOf(problem), { ...details, code: problem.code, errors: problem.errors });
}

/** The error of one event of a batch. Its pointers lead into the event, not into the batch. */
export function errorOfItem(problem: Problem, requestId: string | undefined): PostriderError {
  const errors = (problem.errors ?? []).map((fault) =>
    fault.pointer === undefined ? fault : { ...fault, pointer: fault.pointer.replace(/^\/events\/\d+/, "") },
  );
  return new PostriderError(messageOf(problem), {
    code: problem.code,
    status: problem.status,
    errors,
    requestId,
  });
}

function messageOf(problem: Problem): string {
  const faults = problem.errors ?? [];
  // With a single fault, `detail` repeats it. With several, it only says how many there are.
  const listed =
    faults.length > 1 ? faults.map((fault) => `\n  ${placeOf(fault)}: ${fault.detail}`).join("") : "";
  const place = faults.length === 1 ? ` at ${placeOf(faults[0])}` : "";
  return `${problem.detail}${place} (${problem.status} ${problem.code})${listed}`;
}

function placeOf(fault: Fault | undefined): string {
  return fault?.pointer || fault?.parameter || "/";
}

function problemIn(body: string): Problem | undefined {
  try {
    const value: unknown = JSON.parse(body);
    const problem = value as Partial<Problem> | null;
    return typeof problem?.code === "string" && typeof problem.detail === "string"
      ? (problem as Problem)
      : undefined;
  } catch {
    return undefined;
  }
}

/**
 * `Retry-After` in milliseconds: seconds, or the HTTP date that a proxy may send (RFC 9110 section 10.2.3).
 */
export function retryAfterMs(value: string | null, nowMs = Date.now()): number | undefined {
  if (value === null) return undefined;
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000;
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs);
}
