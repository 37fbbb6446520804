// Verifies requests with the libraries of those who invented the signature profiles. Reads a JSON array of
// `{profile, key, body, headers}` from standard input, and prints an array of whether each is accepted.
import { createPublicKey, verify as verifySignature } from "node:crypto";
import { verify as githubVerifies } from "@octokit/webhooks-methods";
import "@shopify/shopify-api/adapters/node";
import { ApiVersion, LogSeverity, shopifyApi } from "@shopify/shopify-api";
import { Webhook as StandardWebhook } from "standardwebhooks";
import Stripe from "stripe";
import { Webhook as SvixWebhook } from "svix";

// None of the JavaScript libraries knows `v1a`. This is the specification's text over node's own Ed25519,
// which is OpenSSL's.
function ed25519Verifies(key, body, headers) {
  const x = Buffer.from(key.slice("whpk_".length), "base64").toString("base64url");
  const publicKey = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
  const message = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`;
  return headers["webhook-signature"].split(" ").some((token) => {
    const [version, signature] = token.split(",");
    return (
      version === "v1a" &&
      verifySignature(null, Buffer.from(message), publicKey, Buffer.from(signature, "base64"))
    );
  });
}

async function shopifyVerifies(key, body, headers) {
  const shopify = shopifyApi({
    apiKey: "key",
    apiSecretKey: key,
    apiVersion: ApiVersion.Unstable,
    hostName: "receiver.example",
    isEmbeddedApp: false,
    logger: { level: LogSeverity.Error, log: () => {} },
  });
  // What Shopify sends besides the signature, which its library requires.
  const all = {
    "X-Shopify-API-Version": "unstable",
    "X-Shopify-Shop-Domain": "shop.myshopify.com",
    "X-Shopify-Topic": "orders/create",
    "X-Shopify-Webhook-Id": headers["webhook-id"],
    ...headers,
  };
  const rawRequest = { method: "POST", url: "/hooks", headers: all };
  return (await shopify.webhooks.validate({ rawBody: body, rawRequest, rawResponse: {} })).valid;
}

// These libraries throw to refuse a request, and differ in what they return otherwise.
function accepts(verify) {
  verify();
  return true;
}

const libraries = {
  standard: (key, body, headers) =>
    key.startsWith("whpk_")
      ? ed25519Verifies(key, body, headers)
      : accepts(() => new StandardWebhook(key).verify(body, headers)),
  svix: (key, body, headers) => accepts(() => new SvixWebhook(key).verify(body, headers)),
  github: (key, body, headers) => githubVerifies(key, body, headers["x-hub-signature-256"]),
  stripe: (key, body, headers) =>
    accepts(() => Stripe.webhooks.constructEvent(body, headers["stripe-signature"], key)),
  shopify: shopifyVerifies,
};

async function isAccepted({ profile, key, body, headers: sent }) {
  // As node's own server gives them to a receiver.
  const headers = Object.fromEntries(Object.entries(sent).map(([name, value]) => [name.toLowerCase(), value]));
  try {
    return await libraries[profile](key, body, headers);
  } catch (error) {
    // Their way to refuse a request. Anything else is a mistake of this file.
    if (/Verification/.test(error.constructor.name)) return false;
    throw error;
  }
}

let input = "";
for await (const chunk of process.stdin.setEncoding("utf8")) input += chunk;
const verdicts = [];
for (const request of JSON.parse(input)) verdicts.push(await isAccepted(request));
console.log(JSON.stringify(verdicts));
