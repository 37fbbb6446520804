/** One call of the API over `fetch`: its URL, its bounds in time and size, and its repetitions. */

import { randomUUID } from "node:crypto";

import { PostriderError, errorOfResponse } from "./errors.js";
import type { Method, MethodOf, Operation, Path, RequestOf, ResultOf } from "./operations.js";
import { MAX_RETRIES, hadNoEffect, waitBeforeRetry } from "./retries.js";
import { VERSION } from "./version.js";

/** The server's address by default, as for the command line. */
const DEFAULT_URL = "http://127.0.0.1:8080";

/** Bound on one request by default, until the last byte of its response. */
const TIMEOUT_MS = 30_000;

/** Largest response that is read: a page of 250 events of 256 KiB each, as for the command line. */
const RESPONSE_BYTES_MAX = 64 * 1024 * 1024;

export interface ClientOptions {
  /** The API key; by default the variable `POSTRIDER_API_KEY`. */
  apiKey?: string | undefined;
  /** The server's address; by default the variable `POSTRIDER_URL`, or else `http://127.0.0.1:8080`. */
  url?: string | undefined;
  /** Bound on one request, until the last byte of its response; 30,000 by default. */
  timeoutMs?: number | undefined;
  /** How often a call is repeated at most; 5 by default. */
  maxRetries?: number | undefined;
  /** Another `fetch`, for a proxy or a certificate authority of your own. */
  fetch?: typeof fetch | undefined;
}

export interface CallOptions {
  /** Ends the call, and its waits. The call then throws `signal.reason`. */
  signal?: AbortSignal | undefined;
  /** Bound on each request of this call. */
  timeoutMs?: number | undefined;
  /** How often this call is repeated at most. */
  maxRetries?: number | undefined;
}

/** A response, and what its headers say. */
export interface ParsedResponse<Result> {
  result: Result;
  requestId: string | undefined;
}

interface Prepared {
  method: Method;
  url: string;
  headers: Record<string, string>;
  body: string | undefined;
}

export class Transport {
  readonly #url: string;
  readonly #apiKey: string;
  readonly #timeoutMs: number;
  readonly #maxRetries: number;
  readonly #fetch: typeof fetch;

  constructor(options: ClientOptions) {
    this.#url = checkedUrl(options.url ?? variable("POSTRIDER_URL") ?? DEFAULT_URL);
    this.#apiKey = checkedKey(options.apiKey ?? variable("POSTRIDER_API_KEY"));
    this.#timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
    this.#maxRetries = options.maxRetries ?? MAX_RETRIES;
    this.#fetch = options.fetch ?? globalThis.fetch;
  }

  /** Makes a call and returns the body of its response. */
  async call<P extends Path, M extends MethodOf<P>>(
    method: M,
    path: P,
    request: RequestOf<Operation<P, M>>,
    options: CallOptions = {},
  ): Promise<ResultOf<Operation<P, M>>> {
    const body = request.body === undefined ? undefined : JSON.stringify(request.body);
    return (await this.send(method, path, { ...request, body }, options)).result;
  }

  /** The same with a body that is JSON text already, and with what the headers say. */
  async send<P extends Path, M extends MethodOf<P>>(
    method: M,
    path: P,
    request: Omit<RequestOf<Operation<P, M>>, "body"> & { body?: string | undefined },
    options: CallOptions = {},
  ): Promise<ParsedResponse<ResultOf<Operation<P, M>>>> {
    const prepared: Prepared = {
      method,
      url: this.#url + filledIn(path, request.path ?? {}) + queryOf(request.query ?? {}),
      headers: this.#headers(request.body, request.headers),
      body: request.body,
    };
    const repeatable = request.repeatable ?? method !== "PATCH";
    if (method === "POST" && request.repeatable === undefined) {
      // The server handles requests with one key once.
      prepared.headers = { "idempotency-key": randomUUID(), ...prepared.headers };
    }
    return this.#repeated(prepared, repeatable, options);
  }

  /** How often a call is repeated at most. */
  retriesOf(options: CallOptions): number {
    return options.maxRetries ?? this.#maxRetries;
  }

  #headers(body: string | undefined, others: Record<string, string> = {}): Record<string, string> {
    return {
      accept: "application/json, application/problem+json",
      authorization: `Bearer ${this.#apiKey}`,
      "user-agent": `postrider-typescript/${VERSION}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...others,
    };
  }

  async #repeated<Result>(
    request: Prepared,
    repeatable: boolean,
    options: CallOptions,
  ): Promise<ParsedResponse<Result>> {
    let mayHaveTakenEffect = false;
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#once<Result>(request, options);
      } catch (error) {
        if (!(error instanceof PostriderError)) throw error;
        // An earlier DELETE took effect, and its response was lost.
        if (mayHaveTakenEffect && request.method === "DELETE" && error.status === 404) {
          return { result: undefined as Result, requestId: error.requestId };
        }
        mayHaveTakenEffect ||= !hadNoEffect(error);
        const wait = waitBeforeRetry(error, { repeatable, attempt, maxRetries: this.retriesOf(options) });
        if (wait === undefined) throw error;
        await sleep(wait, options.signal);
      }
    }
  }

  async #once<Result>(
    request: Prepared,
    { signal, timeoutMs = this.#timeoutMs }: CallOptions,
  ): Promise<ParsedResponse<Result>> {
    signal?.throwIfAborted();
    const ending = new AbortController();
    const timer = setTimeout(() => ending.abort(), timeoutMs);
    const onAbort = () => ending.abort();
    signal?.addEventListener("abort", onAbort);
    try {
      const response = await this.#fetch(request.url, {
        method: request.method,
        headers: request.headers,
        // A redirect would take the API key and the body elsewhere.
        redirect: "manual",
        signal: ending.signal,
        ...(request.body === undefined ? {} : { body: request.body }),
      });
      return resultOf<Result>(response, await textOf(response));
    } catch (error) {
      if (error instanceof PostriderError) throw error;
      signal?.throwIfAborted();
      if (ending.signal.aborted) {
        throw new PostriderError(`no response within ${timeoutMs} ms`, { code: "timeout", cause: error });
      }
      throw new PostriderError(`no response from ${this.#url}: ${reasonOf(error)}`, {
        code: "network_error",
        cause: error,
      });
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
    }
  }
}

/** Waits this long, or until the signal, whose reason it then throws. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const onAbort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    }, ms);
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}

function resultOf<Result>(response: Response, body: string): ParsedResponse<Result> {
  if (!response.ok) throw errorOfResponse(response.status, body, response.headers);
  const requestId = response.headers.get("x-request-id") ?? undefined;
  if (body === "") return { result: undefined as Result, requestId };
  try {
    return { result: JSON.parse(body) as Result, requestId };
  } catch (error) {
    const message = "the response is not JSON: is this the URL of a Postrider server?";
    throw new PostriderError(message, {
      code: "unexpected_response",
      status: response.status,
      requestId,
      cause: error,
    });
  }
}

async function textOf(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += (chunk as Uint8Array).byteLength;
    if (bytes > RESPONSE_BYTES_MAX) {
      const message = `the response has more than ${RESPONSE_BYTES_MAX} bytes`;
      throw new PostriderError(message, { code: "unexpected_response", status: response.status });
    }
    text += decoder.decode(chunk as Uint8Array, { stream: true });
  }
  return text + decoder.decode();
}

/** The path with its parameters, percent-encoded. */
function filledIn(path: string, parameters: object): string {
  return path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = (parameters as Record<string, unknown>)[name];
    // A URL with `..` in it leads to another resource.
    if (typeof value !== "string" || ["", ".", ".."].includes(value)) {
      throw new TypeError(`${name}: expected an id, not ${JSON.stringify(value)}`);
    }
    return encodeURIComponent(value);
  });
}

function queryOf(parameters: object): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined && value !== null) query.set(name, String(value));
  }
  const text = query.toString();
  return text && `?${text}`;
}

function checkedUrl(text: string): string {
  let url: URL;
  try {
    url = new URL(text.trim());
  } catch (error) {
    throw new TypeError(`the server's address is not a URL: ${text}`, { cause: error });
  }
  if (!["http:", "https:"].includes(url.protocol)) {
    throw new TypeError(`the server's address must begin with http:// or https://, not ${url.protocol}`);
  }
  if (url.username || url.password || url.search || url.hash) {
    throw new TypeError("the server's address can have no user, no password, no `?` and no `#`");
  }
  return url.href.replace(/\/+$/, "");
}

function checkedKey(key: string | undefined): string {
  const text = key?.trim();
  if (!text) throw new TypeError("no API key: set POSTRIDER_API_KEY, or give `apiKey`");
  if (!/^[!-~]+$/.test(text)) throw new TypeError("the API key has a space or a control character in it");
  return text;
}

function variable(name: string): string | undefined {
  return process.env[name] || undefined;
}

/** The innermost cause, because fetch only says `fetch failed`. */
function reasonOf(error: unknown): string {
  let fault = error;
  for (let depth = 0; fault instanceof Error && fault.cause instanceof Error && depth < 4; depth++)
    fault = fault.cause;
  if (!(fault instanceof Error)) return String(fault);
  return fault.message || String((fault as { code?: unknown }).code ?? fault.name);
}
