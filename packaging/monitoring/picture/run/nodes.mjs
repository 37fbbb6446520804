// The nodes of a run: one on SQLite, or two on a PostgreSQL database.
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { Api } from "./api.mjs";
import { freePort, start } from "./process.mjs";

// Of a database that lives for minutes, reached from this machine only.
const ADMIN_KEY = "prk_the-admin-key-of-the-picture";

const NODES_OF_A_CLUSTER = 2;

class Node {
  constructor({ program, args, env, cwd }, ports, number) {
    Object.assign(this, { program, args, env, cwd, name: `node-${number}:9090` });
    this.api = `127.0.0.1:${ports[0]}`;
    this.metrics = `127.0.0.1:${ports[1]}`;
  }

  async start() {
    const args = ["serve", "--listen", this.api, "--metrics-listen", this.metrics, ...this.args];
    const isReady = (line) => line.includes(" listening address=");
    this.process = await start(this.program, args, { env: this.env, cwd: this.cwd, isReady });
  }

  stop() {
    return this.process?.stop();
  }

  kill() {
    return this.process.kill();
  }
}

// Starts all of them. `databaseUrl` is empty for SQLite.
export async function startNodes({ program, databaseUrl, dataDir, mail }) {
  const args = ["--allow-destination", "127.0.0.0/8", "--smtp-from", "postrider@example.com"];
  args.push("--smtp-url", `smtp://127.0.0.1:${mail.port}?tls=none`);
  args.push(...(databaseUrl ? ["--database-url", databaseUrl] : ["--data-dir", join(dataDir, "data")]));
  // The caller's variables and postrider.toml do not change a run.
  const env = { PATH: process.env.PATH, POSTRIDER_ADMIN_KEY: ADMIN_KEY };
  if (databaseUrl) env.POSTRIDER_MASTER_KEY = `pmk_${randomBytes(32).toString("base64url")}`;
  const nodes = [];
  for (let number = 1; number <= (databaseUrl ? NODES_OF_A_CLUSTER : 1); number += 1) {
    const node = new Node({ program, args, env, cwd: dataDir }, [await freePort(), await freePort()], number);
    nodes.push(node);
    await node.start();
  }
  return nodes;
}

export function apiOf(nodes) {
  return new Api(
    nodes.map(({ api }) => `http://${api}`),
    ADMIN_KEY,
  );
}
