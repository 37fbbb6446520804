// A run: a node on SQLite, receivers, a mail server, Prometheus, and a load with an outage in it.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Api } from "./api.mjs";
import { createCustomers } from "./customers.mjs";
import { happen, produce, produceBatches, readAndErr } from "./load.mjs";
import { start } from "./process.mjs";
import { SCRAPE_INTERVAL_S, startPrometheus } from "./prometheus.mjs";
import { startMailServer, startReceiver } from "./receivers.mjs";

// Of a database that lives for minutes, reached from this machine only.
const ADMIN_KEY = "prk_the-admin-key-of-the-picture";

// Figures of the whole installation are looked at every 15 s, and the first rates need two scrapes.
const WARM_UP_MS = 20_000;

async function startNode(program, dataDir, mail) {
  const args = ["serve", "--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0", "--data-dir", dataDir];
  args.push("--allow-destination", "127.0.0.0/8", "--smtp-from", "postrider@example.com");
  args.push("--smtp-url", `smtp://127.0.0.1:${mail.port}?tls=none`);
  const isReady = (line) => line.match(/ listening address=(\S+) metrics_address="([^"]+)"/);
  const node = await start(program, args, { env: { POSTRIDER_ADMIN_KEY: ADMIN_KEY }, isReady });
  const [, address, metricsAddress] = node.result;
  return { api: new Api(`http://${address}`, ADMIN_KEY), metricsAddress, stop: node.stop };
}

function happeningsOf({ api, erp, mail }) {
  return [
    [0.32, "the ERP goes away", () => erp.goAway()],
    [0.48, "the ERP comes back", () => erp.comeBack()],
    [0.6, "the mail server goes away", () => mail.goAway()],
    [0.7, "the mail server comes back", () => mail.comeBack()],
    [0.86, "pending deliveries are canceled", () => api.call("POST", "/v1/accounts/wayne/deliveries/cancel", {})],
  ];
}

async function load({ api, receiver, erp, mail }, duration_ms) {
  const url = (server) => `http://127.0.0.1:${server.port}`;
  const choose = await createCustomers(api, { url: url(receiver), erpUrl: url(erp) });
  const times = { starts_at: Date.now(), ends_at: Date.now() + WARM_UP_MS + duration_ms };
  await Promise.all([
    produce(api, choose, times),
    produceBatches(api, times),
    readAndErr(api, choose, times),
    happen(happeningsOf({ api, erp, mail }), times),
  ]);
  // The last scrape.
  await sleep(SCRAPE_INTERVAL_S * 1_000);
  return { from_s: Math.ceil((times.starts_at + WARM_UP_MS) / 1_000), to_s: Math.floor(Date.now() / 1_000) };
}

// Returns from when to when the figures are.
export async function runInstallation({ postrider, prometheus, folder, duration_ms }) {
  const dataDir = await mkdtemp(join(tmpdir(), "postrider-picture-"));
  const [receiver, erp, mail] = [await startReceiver(), await startReceiver(), await startMailServer()];
  const started = [];
  try {
    const node = await startNode(postrider, join(dataDir, "data"), mail);
    started.push(node);
    const targets = [{ name: "node-1:9090", address: node.metricsAddress }];
    started.push(await startPrometheus({ program: prometheus, folder, targets }));
    return await load({ api: node.api, receiver, erp, mail }, duration_ms);
  } finally {
    for (const process of started.reverse()) await process.stop();
    for (const server of [receiver, erp, mail]) server.goAway();
    await rm(dataDir, { recursive: true, force: true });
  }
}
