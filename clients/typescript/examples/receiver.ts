import { createServer } from "node:http";
import { type WebhookEvent, verifyWebhook } from "postrider-client/webhooks";

const key = process.env.WEBHOOK_SECRET ?? ""; // whsec_…, from the console's page "Signing key"

const server = createServer(async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks); // the bytes as they arrived, before any parser
  try {
    verifyWebhook(body, request.headers, key);
  } catch {
    response.writeHead(401).end();
    return;
  }
  response.writeHead(204).end();
  const event: WebhookEvent = JSON.parse(body.toString());
  console.log(event.id, event.type, event.data); // handle each id once
});
server.listen(Number(process.env.PORT ?? 3000), "127.0.0.1", () => console.log(server.address()));
