import { createHmac, timingSafeEqual } from "node:crypto";

// The body is the Buffer that arrived, before any parser touched it.
// In Express, express.raw({ type: "*/*" }) gives it.
export function verify(headers, body) {
  const expected = Buffer.from(createHmac("sha256", process.env.WEBHOOK_SECRET).update(body).digest("hex"));
  // While a rotation of the key overlaps, the second header holds the signature of the new one.
  return ["{{signature_header_lower}}", "{{next_signature_header_lower}}"].some((name) => {
    const given = Buffer.from(headers[name] ?? "");
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
}

// For createServer of node:http.
export async function receive(request, response) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  if (!verify(request.headers, body)) return response.writeHead(401).end();
  response.writeHead(204).end();
  // Now do the work: JSON.parse(body)
}
