// Prometheus with the settings of packaging/monitoring/prometheus.yml, on a free port.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { freePort, start } from "./process.mjs";

const SETTINGS = join(import.meta.dirname, "../../prometheus.yml");

// A run takes minutes instead of hours, so it is scraped as much more often.
export const SCRAPE_INTERVAL_S = 2;

// Starts it on the time series in `folder`. `targets` are the addresses of metrics by the name of their node;
// without targets it only answers queries.
export async function startPrometheus({ program, folder, targets }) {
  const file = join(folder, "prometheus.yml");
  await writeFile(file, adapted(await readFile(SETTINGS, "utf8"), targets));
  const address = `127.0.0.1:${await freePort()}`;
  const args = [
    `--config.file=${file}`,
    `--storage.tsdb.path=${join(folder, "series")}`,
    `--web.listen-address=${address}`,
  ];
  const isReady = (line) => line.includes("Server is ready to receive web requests");
  const { stop } = await start(program, args, { isReady });
  return { url: `http://${address}`, stop };
}

// The ports of a run are accidental, so each node has a name in place of its address.
function adapted(settings, targets) {
  const scraped = settings.slice(0, settings.indexOf("    static_configs:"));
  const nodes = targets.map(
    ({ name, address }) => `      - targets: ["${address}"]\n        labels: {instance: "${name}"}\n`,
  );
  const statics = nodes.length > 0 ? `    static_configs:\n${nodes.join("")}` : "    static_configs: []\n";
  return (scraped + statics)
    .replaceAll("interval: 15s", `interval: ${SCRAPE_INTERVAL_S}s`)
    .replace(/rule_files:\n(?: +- .*\n)+/, "");
}
