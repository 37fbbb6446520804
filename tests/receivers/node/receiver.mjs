// Checks every delivery in each of the ways that a receiver written in Node would, and prints one verdict a
// line.
//
// POSTRIDER_TEST_SECRETS holds the signing keys to check with, separated by commas.
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";
import { Webhook } from "standardwebhooks";

const BODY_BYTES_MAX = 1 << 20;
const secrets = process.env.POSTRIDER_TEST_SECRETS.split(",");

function signs(secret, signed, signature) {
  if (signature === undefined) return false;
  const expected = Buffer.from(createHmac("sha256", secret).update(signed).digest("hex"));
  const given = Buffer.from(signature);
  return given.length === expected.length && timingSafeEqual(given, expected);
}

function libraryVerifies(secret, raw, headers) {
  try {
    new Webhook(secret).verify(raw.toString("utf8"), headers);
    return true;
  } catch {
    return false;
  }
}

function verdict(request, raw) {
  const { headers } = request;
  const reserialised = JSON.stringify(JSON.parse(raw.toString("utf8")));
  const current = headers["postrider-signature"];
  return {
    path: request.url,
    event_id: headers["webhook-id"],
    delivery_id: headers["postrider-delivery-id"],
    attempt: Number(headers["postrider-attempt"]),
    raw: secrets.map((secret) => signs(secret, raw, current)),
    raw_next: secrets.map((secret) => signs(secret, raw, headers["postrider-signature-next"])),
    reserialised: secrets.map((secret) => signs(secret, reserialised, current)),
    library: secrets.map((secret) => libraryVerifies(secret, raw, headers)),
    body: raw.toString("base64"),
  };
}

const server = createServer((request, response) => {
  const chunks = [];
  let bytes = 0;
  request.on("data", (chunk) => {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) request.destroy();
    else chunks.push(chunk);
  });
  request.on("end", () => {
    console.log(JSON.stringify(verdict(request, Buffer.concat(chunks))));
    response.writeHead(204).end();
  });
});
server.listen(0, "127.0.0.1", () => console.log(JSON.stringify({ listening: server.address().port })));
