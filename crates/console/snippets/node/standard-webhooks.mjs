// npm install standardwebhooks
import { Webhook } from "standardwebhooks";

const webhook = new Webhook(process.env.WEBHOOK_SECRET);

// The body is the Buffer that arrived, before any parser touched it.
// In Express, express.raw({ type: "*/*" }) gives it.
export function verify(headers, body) {
  try {
    webhook.verify(body, headers);
    return true;
  } catch {
    return false;
  }
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
