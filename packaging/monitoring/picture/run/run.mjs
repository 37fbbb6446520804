// A run: nodes, receivers, a mail server, Prometheus, and a load with outages in it.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createCustomers } from "./customers.mjs";
import { happen, produce, produceBatches, readAndErr } from "./load.mjs";
import { apiOf, startNodes } from "./nodes.mjs";
import { SCRAPE_INTERVAL_S, startPrometheus } from "./prometheus.mjs";
import { startMailServer, startReceiver } from "./receivers.mjs";

// Figures of the whole installation are looked at every 15 s, and the first rates need two scrapes.
const WARM_UP_MS = 20_000;

const CANCEL = "/v1/accounts/umbrella/deliveries/cancel";
const CANCELED = { event_type: "proposal.sent" };

// Moments of the run, from 0 to 1. What the ERP missed is retried after 10 s and 100 s, so it leaves early.
function happeningsOf({ api, nodes, erp, mail }) {
  const second = nodes[1];
  return [
    [0.12, "the ERP goes away", () => erp.goAway()],
    [0.24, "some deliveries to the ERP are canceled", () => api.expect(202, "POST", CANCEL, CANCELED)],
    [0.27, "the ERP comes back", () => erp.comeBack()],
    ...(second ? [[0.4, "a node is killed", () => second.kill()]] : []),
    [0.5, "the mail server goes away", () => mail.goAway()],
    [0.58, "the mail server comes back", () => mail.comeBack()],
    ...(second ? [[0.62, "the node starts again", () => second.start()]] : []),
  ];
}

async function load({ nodes, receiver, erp, mail }, duration_ms) {
  const url = (server) => `http://127.0.0.1:${server.port}`;
  const api = apiOf(nodes);
  const choose = await createCustomers(api, { url: url(receiver), erpUrl: url(erp) });
  const times = { starts_at: Date.now(), ends_at: Date.now() + WARM_UP_MS + duration_ms };
  await Promise.all([
    produce(api, choose, times),
    produceBatches(api, times),
    readAndErr(api, choose, times),
    happen(happeningsOf({ api, nodes, erp, mail }), times),
  ]);
  // The last scrape.
  await sleep(SCRAPE_INTERVAL_S * 1_000);
  return { from_s: Math.ceil((times.starts_at + WARM_UP_MS) / 1_000), to_s: Math.floor(Date.now() / 1_000) };
}

// Returns from when to when the figures are.
export async function runInstallation({ postrider, prometheus, databaseUrl, folder, duration_ms }) {
  const dataDir = await mkdtemp(join(tmpdir(), "postrider-picture-"));
  const [receiver, erp, mail] = [await startReceiver(), await startReceiver(), await startMailServer()];
  const started = [];
  try {
    const nodes = await startNodes({ program: postrider, databaseUrl, dataDir, mail });
    started.push(...nodes);
    const targets = nodes.map(({ name, metrics }) => ({ name, address: metrics }));
    started.push(await startPrometheus({ program: prometheus, folder, targets }));
    return await load({ nodes, receiver, erp, mail }, duration_ms);
  } finally {
    for (const process of started.reverse()) await process.stop();
    for (const server of [receiver, erp, mail]) server.goAway();
    await rm(dataDir, { recursive: true, force: true });
  }
}
