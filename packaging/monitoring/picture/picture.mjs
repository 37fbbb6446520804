// Runs an installation for some minutes, reads the figures of every panel of dashboard.json from Prometheus,
// and draws the panels into docs/images/dashboard.png. The time series of the last run stay in
// target/dashboard-picture, so that `--again` draws them again.
import { existsSync } from "node:fs";
import { mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { draw } from "./draw.mjs";
import { figuresOf } from "./figures.mjs";
import { startPrometheus } from "./run/prometheus.mjs";
import { runInstallation } from "./run/run.mjs";

const ROOT = resolve(import.meta.dirname, "../../..");
const DASHBOARD = join(ROOT, "packaging/monitoring/dashboard.json");
const FOLDER = join(ROOT, "target/dashboard-picture");
const RUN = join(FOLDER, "run.json");

// Fewer minutes leave no room for an outage and the retries after it; more only take longer.
const MINUTES_MIN = 3;
const MINUTES_MAX = 20;

function options() {
  const { values } = parseArgs({
    options: {
      again: { type: "boolean", default: false },
      "database-url": { type: "string", default: "" },
      minutes: { type: "string", default: "4" },
      picture: { type: "string", default: join(ROOT, "docs/images/dashboard.png") },
      postrider: { type: "string", default: join(ROOT, "target/debug/postrider") },
      prometheus: { type: "string", default: prometheusHere() },
    },
  });
  const minutes = Number(values.minutes);
  if (!(minutes >= MINUTES_MIN && minutes <= MINUTES_MAX)) {
    throw new Error(`--minutes is a number from ${MINUTES_MIN} to ${MINUTES_MAX}`);
  }
  const [postrider, picture] = [resolve(values.postrider), resolve(values.picture)];
  return { ...values, postrider, picture, databaseUrl: values["database-url"], duration_ms: minutes * 60_000 };
}

// The one that `./test` unpacks, or the one of the system.
function prometheusHere() {
  const unpacked = join(ROOT, "tests/.cache/prometheus/usr/bin/prometheus");
  return existsSync(unpacked) ? unpacked : "prometheus";
}

async function newRun(settings) {
  await rm(FOLDER, { recursive: true, force: true });
  await mkdir(FOLDER, { recursive: true });
  const run = await runInstallation({ ...settings, folder: FOLDER });
  await writeFile(RUN, JSON.stringify(run));
}

async function figuresOfLastRun(dashboard, program) {
  const run = JSON.parse(await readFile(RUN, "utf8"));
  const prometheus = await startPrometheus({ program, folder: FOLDER, targets: [] });
  try {
    return await figuresOf(dashboard, run, prometheus.url);
  } finally {
    await prometheus.stop();
  }
}

const chosen = options();
if (!chosen.again) await newRun(chosen);
const dashboard = JSON.parse(await readFile(DASHBOARD, "utf8"));
const figures = await figuresOfLastRun(dashboard, chosen.prometheus);
await draw({ dashboard, figures, picture: chosen.picture });
console.log(`${chosen.picture}: ${Math.round((await stat(chosen.picture)).size / 1024)} KiB`);
