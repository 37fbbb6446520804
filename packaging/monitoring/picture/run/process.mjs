// Processes of a run, and free ports for them.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

const START_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 30_000;
const KEPT_LINES_MAX = 40;

// A run that is interrupted, or that fails, leaves no process behind.
const running = new Set();
process.once("exit", () => running.forEach((child) => child.kill("SIGKILL")));
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));

export async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

// Starts a program and waits until `isReady` finds in a line of its output that it is ready. Returns what
// `isReady` found, and functions that stop and that kill the program.
export async function start(program, args, { env = process.env, cwd, isReady }) {
  const child = spawn(program, args, { env, cwd, stdio: ["ignore", "pipe", "pipe"] });
  running.add(child);
  child.once("exit", () => running.delete(child));
  const lastLines = [];
  const ready = new Promise((found, failed) => {
    child.once("error", failed);
    child.once("exit", () => failed(new Error(`${program} ended:\n${lastLines.join("\n")}`)));
    followLines(child, (line) => {
      if (lastLines.push(line) > KEPT_LINES_MAX) lastLines.shift();
      const result = isReady(line);
      if (result) found(result);
    });
  });
  const late = sleep(START_TIMEOUT_MS, undefined, { ref: false });
  const result = await Promise.race([ready, late]);
  if (!result) {
    child.kill("SIGKILL");
    throw new Error(`${program} is not ready after ${START_TIMEOUT_MS} ms:\n${lastLines.join("\n")}`);
  }
  return { result, stop: () => stop(child, "SIGTERM"), kill: () => stop(child, "SIGKILL") };
}

function followLines(child, onLine) {
  for (const stream of [child.stdout, child.stderr]) {
    let rest = "";
    stream.setEncoding("utf8").on("data", (text) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop();
      for (const line of lines) onLine(line);
    });
  }
}

async function stop(child, signal) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill(signal);
  const late = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
  await ended;
  clearTimeout(late);
}
