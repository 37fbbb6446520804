// An identity provider that signs everybody in at once, and lies as a test tells it to (POST /says).
//
// It prints `{"listening":PORT}`. `/says` takes the claims and the header of the next ID tokens, and whether
// they are signed with another key than the published one. `/asked` counts the requests by path.
import { createSign, generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";

const BODY_BYTES_MAX = 1 << 20;
const published = generateKeyPairSync("rsa", { modulusLength: 2048 });
const other = generateKeyPairSync("rsa", { modulusLength: 2048 });
let says = {};
let issuer = "";
const asked = {};

const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

function idToken(nonce) {
  const now = Math.floor(Date.now() / 1000);
  const header = { alg: "RS256", kid: "k1", ...says.header };
  const claims = { iss: issuer, aud: "postrider", sub: "u1", nonce, iat: now, exp: now + 300, groups: ["platform"] };
  for (const [name, value] of Object.entries(says.claims ?? {})) claims[name] = value === "past" ? now - 61 : value;
  const signed = `${part(header)}.${part(claims)}`;
  if (header.alg === "none") return `${signed}.`;
  const { privateKey } = says.other_key ? other : published;
  return `${signed}.${createSign("RSA-SHA256").update(signed).sign(privateKey, "base64url")}`;
}

function answer(url, body) {
  switch (url.pathname) {
    case "/.well-known/openid-configuration":
      return {
        issuer,
        authorization_endpoint: `${issuer}/authorize`,
        token_endpoint: `${issuer}/token`,
        jwks_uri: `${issuer}/keys`,
        ...says.metadata,
      };
    case "/keys":
      return { keys: [{ ...published.publicKey.export({ format: "jwk" }), kid: "k1", use: "sig" }] };
    case "/token":
      return { id_token: idToken(new URLSearchParams(body).get("code")), access_token: "at", token_type: "Bearer", ...says.tokens };
    case "/asked":
      return asked;
    case "/says":
      says = JSON.parse(body);
      return {};
    default:
      return undefined;
  }
}

const server = createServer((request, response) => {
  const url = new URL(request.url, issuer);
  let body = "";
  request.on("data", (chunk) => {
    body += chunk;
    if (body.length > BODY_BYTES_MAX) request.destroy();
  });
  request.on("end", () => {
    asked[url.pathname] = (asked[url.pathname] ?? 0) + 1;
    if (url.pathname === "/authorize") {
      const back = new URL(url.searchParams.get("redirect_uri"));
      back.searchParams.set("state", url.searchParams.get("state"));
      // The code is the nonce, so that nothing has to be kept, and a code works more than once.
      back.searchParams.set("code", url.searchParams.get("nonce"));
      return response.writeHead(303, { location: back.href }).end();
    }
    if (says.silent === url.pathname) return undefined;
    if (says.redirect === url.pathname) return response.writeHead(302, { location: `${issuer}/elsewhere` }).end();
    if (says.endless === url.pathname) return response.end("x".repeat(BODY_BYTES_MAX));
    const found = answer(url, body);
    response.writeHead(found ? 200 : 404, { "content-type": "application/json" });
    return response.end(JSON.stringify(found ?? {}));
  });
});
server.listen(Number(process.env.PORT ?? 0), "127.0.0.1", () => {
  issuer = `http://127.0.0.1:${server.address().port}`;
  console.log(JSON.stringify({ listening: server.address().port }));
});
