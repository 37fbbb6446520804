/** `postrider serve` and a receiver, on free loopback ports and with folders of their own. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import {
  type IncomingHttpHeaders,
  type Server as HttpServer,
  type ServerResponse,
  createServer,
} from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { Postrider, type ClientOptions } from "postrider-client";

export const ADMIN_KEY = "prk_the-admin-key-of-the-tests";

/** How long anything may take on a busy machine. */
const SOON_MS = 20_000;

/** A server with a data folder of its own. */
export class Server {
  #child: ChildProcess | undefined;
  #folder = "";
  #flags: string[] = [];
  url = "";

  static async start(...flags: string[]): Promise<Server> {
    const server = new Server();
    server.#folder = await mkdtemp(join(tmpdir(), "postrider-client-"));
    server.#flags = flags;
    await server.#spawn("127.0.0.1:0");
    return server;
  }

  /** Starts it again, on the same data and at the same address. */
  startAgain(): Promise<void> {
    return this.#spawn(new URL(this.url).host);
  }

  client(options: ClientOptions = {}): Postrider {
    return new Postrider({ url: this.url, apiKey: ADMIN_KEY, ...options });
  }

  /** Ends the process with SIGKILL. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  }

  async remove(): Promise<void> {
    await this.kill();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #spawn(listen: string): Promise<void> {
    const program = process.env["POSTRIDER_BIN"];
    if (!program) throw new Error("POSTRIDER_BIN is not set: run clients/test");
    // The server refuses variables that begin with POSTRIDER_ and that it does not know.
    const others = Object.entries(process.env).filter(([name]) => !name.startsWith("POSTRIDER_"));
    const child = spawn(
      program,
      [
        "serve",
        "--listen",
        listen,
        "--data-dir",
        this.#folder,
        "--allow-destination",
        "127.0.0.0/8",
        ...this.#flags,
      ],
      {
        cwd: this.#folder,
        env: { ...Object.fromEntries(others), POSTRIDER_ADMIN_KEY: ADMIN_KEY },
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
    this.#child = child;
    child.stderr.resume();
    for await (const line of createInterface(child.stdout)) {
      const address = line.split("listening on ")[1];
      if (address === undefined) continue;
      this.url = address.trim();
      child.stdout.resume();
      return;
    }
    throw new Error("the server ended before it listened");
  }
}

/** A request as it arrived. */
export interface Received {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** An HTTP server that records requests, and responds with 204 or as it is told. */
export class Receiver {
  readonly received: Received[] = [];
  url = "";
  #server: HttpServer | undefined;

  static async start(respond?: (request: Received, response: ServerResponse) => void): Promise<Receiver> {
    const receiver = new Receiver();
    receiver.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const { method = "", url: path = "", headers } = request;
        const received = { method, path, headers, body: Buffer.concat(chunks) };
        receiver.received.push(received);
        if (respond === undefined) response.writeHead(204).end();
        else respond(received, response);
      });
    });
    receiver.#server.listen(0, "127.0.0.1");
    await once(receiver.#server, "listening");
    receiver.url = `http://127.0.0.1:${(receiver.#server.address() as AddressInfo).port}`;
    return receiver;
  }

  close(): void {
    this.#server?.closeAllConnections();
    this.#server?.close();
  }
}

/** Waits until the probe returns something. */
export async function until<T>(
  what: string,
  probe: () => T | undefined | Promise<T | undefined>,
): Promise<T> {
  const deadline = Date.now() + SOON_MS;
  for (;;) {
    const found = await probe();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error(`not within ${SOON_MS} ms: ${what}`);
    await delay(10);
  }
}

/** A response with JSON. */
export function json(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  const type = status < 400 ? "application/json" : "application/problem+json";
  response.writeHead(status, { "content-type": type, ...headers }).end(JSON.stringify(body));
}

/** A problem document with this code. */
export function problem(status: number, code: string): object {
  return { type: `https://example.com/${code}`, title: code, status, code, detail: `the detail of ${code}` };
}
