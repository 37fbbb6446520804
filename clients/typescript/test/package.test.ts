/**
 * The package itself: complete, of the right version, free of dependencies, and with a README that is true.
 */

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { inspect, promisify } from "node:util";
import { VERSION } from "postrider-client";
import { ADMIN_KEY, Receiver, Server, until } from "./server.js";

const PACKAGE = new URL("../../", import.meta.url);
const ROOT = new URL("../../", PACKAGE);

const read = (name: string, base = PACKAGE) => readFileSync(new URL(name, base), "utf8");
const manifest = JSON.parse(read("package.json"));
const run = promisify(execFile);

interface Document {
  info: { version: string };
  paths: Record<string, Record<string, { operationId: string; tags: string[] }>>;
}

const document = JSON.parse(read("crates/api/openapi.json", ROOT)) as Document;

test("the version is that of Postrider", () => {
  const workspace = /^version = "(.*)"/m.exec(read("Cargo.toml", ROOT))?.[1];
  assert.deepEqual([manifest.version, VERSION, document.info.version], [workspace, workspace, workspace]);
});

/** Streams of any length, which a program such as curl saves, and those of `postrider listen`. */
const STREAMS = [
  "export_deliveries_csv",
  "export_deliveries_ndjson",
  "listen_to_automation",
  "respond_to_request",
];

test("every operation of the document has a method, except streams and those that need no client", () => {
  const folder = new URL("src/resources/", PACKAGE);
  const sources = readdirSync(folder)
    .map((name) => read(name, folder))
    .join("\n");
  const called = [
    ...[...sources.matchAll(/\.call\(\s*"(\w+)",\s*"([^"]+)"/g)].map(
      ([, method, path]) => `${method} ${path}`,
    ),
    ...[...sources.matchAll(/\.listAt\(\s*"([^"]+)"/g)].map(([, path]) => `GET ${path}`),
  ];
  const documented = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([, { tags, operationId }]) => !tags.includes("Operations") && !STREAMS.includes(operationId))
      .map(([method]) => `${method.toUpperCase()} ${path}`),
  );
  assert.deepEqual(called.sort(), documented.sort());
});

test("the package holds the build, the README and the licence, and depends on nothing", async () => {
  const { stdout } = await run("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], { cwd: PACKAGE });
  const [pack] = JSON.parse(stdout) as { files: { path: string }[]; name: string }[];
  const paths = pack!.files.map((file) => file.path);
  const others = paths.filter((path) => !path.startsWith("dist/")).sort();
  assert.deepEqual(others, ["LICENSE", "README.md", "package.json"]);
  assert.ok(
    paths.includes("dist/index.js") &&
      paths.includes("dist/index.d.ts") &&
      paths.includes("dist/webhooks.js"),
  );
  assert.equal(manifest.dependencies, undefined);
  assert.equal(read("LICENSE"), read("LICENSE", ROOT));
});

test("the code of the README and of docs/clients.md is that of the examples", () => {
  const blocks = (text: string) => [...text.matchAll(/<!-- (\S+) -->\n```ts\n([^]*?)```/g)];
  const found = [
    ...blocks(read("README.md")).map(([, name, code]) => [name!, code] as const),
    ...blocks(read("docs/clients.md", ROOT)).map(
      ([, name, code]) => [name!.replace("clients/typescript/", ""), code] as const,
    ),
  ];
  for (const [name, code] of found) assert.equal(code, read(name), name);
  const examples = readdirSync(new URL("examples/", PACKAGE)).map((name) => `examples/${name}`);
  assert.deepEqual([...new Set(found.map(([name]) => name))].sort(), examples.sort());
});

test("the examples run", async () => {
  const server = await Server.start();
  const crm = await Receiver.start();
  const env = { ...process.env, POSTRIDER_URL: server.url, POSTRIDER_API_KEY: ADMIN_KEY, CRM_URL: crm.url };
  const example = async (name: string) =>
    (await run(process.execPath, [`build/examples/${name}.js`], { cwd: PACKAGE, env })).stdout;
  assert.match(await example("main-job"), /^dlv_\S+ (pending|succeeded)\n$/);
  await until("the webhook of the example", () => crm.received[0]);
  assert.match(await example("errors"), /^invalid_body 422 \/uid \S+\n$/);
  assert.match(await example("batching"), /^evt_\S+ \d{4}-\S+\n$/);

  const postrider = server.client();
  const key = (await postrider.signingKeys.list("customer-42").pages().next()).value!.data[0]!.secret;
  const receiver = spawn(process.execPath, ["build/examples/receiver.js"], {
    cwd: PACKAGE,
    env: { ...env, PORT: "0", WEBHOOK_SECRET: key },
  });
  let printed = "";
  receiver.stdout.on("data", (chunk: Buffer) => (printed += chunk.toString()));
  const port = await until("the port of the receiver", () => /port: (\d+)/.exec(printed)?.[1]);
  await postrider.automations.create("customer-42", {
    name: "example",
    trigger: { event_types: ["example.*"] },
    actions: [{ type: "send_webhook", url: `http://127.0.0.1:${port}/` }],
  });
  await postrider.events.create("customer-42", { type: "example.sent", data: { n: 7 } });
  await until("what the receiver prints", () => /evt_\S+ example\.sent \{ n: 7 \}/.exec(printed)?.[0]);
  assert.equal((await fetch(`http://127.0.0.1:${port}/`, { method: "POST", body: "{}" })).status, 401);
  receiver.kill();
  crm.close();
  await server.remove();
});

test("a client prints without its key", async () => {
  const server = await Server.start();
  assert.doesNotMatch(inspect(server.client(), { depth: 9, showHidden: true }), new RegExp(ADMIN_KEY));
  await server.remove();
});
