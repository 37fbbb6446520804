// The package `oidc-provider` with people of our own: an identity provider as others run one.
//
// It prints `{"listening":PORT}`. Keys, sessions and clients are new with each start. A test registers itself
// as the client `postrider` (POST /reg, OpenID Connect Dynamic Client Registration), because it learns its
// own address later than the provider's.
import { generateKeyPairSync, randomUUID } from "node:crypto";
import { createServer } from "node:http";
import Provider from "oidc-provider";

const PEOPLE = {
  ada: { name: "Ada Admin", email: "ada@example.com", email_verified: true, groups: ["staff", "platform"] },
  sam: { name: "Sam Support", email: "sam@example.com", email_verified: true, groups: ["staff", "helpdesk"] },
  vera: { name: "Vera Viewer", groups: ["staff", "sales"] },
  nick: { name: "Nick Nobody", groups: ["staff"] },
  olga: { name: "Olga Outside", groups: ["platform"] },
};

const server = createServer();
server.listen(Number(process.env.PORT ?? 0), "127.0.0.1", () => {
  const { port } = server.address();
  const provider = new Provider(`http://127.0.0.1:${port}`, configuration());
  const callback = provider.callback();
  server.on("request", (request, response) => {
    const sign_in = request.url.match(/^\/interaction\/[\w-]+/);
    return sign_in ? signIn(provider, request, response) : callback(request, response);
  });
  console.log(JSON.stringify({ listening: port }));
});

function configuration() {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return {
    jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), kid: randomUUID(), use: "sig" }] },
    cookies: { keys: [randomUUID()] },
    scopes: ["openid", "profile", "email", "groups", "hooks:write"],
    ttl: { ClientCredentials: Number(process.env.TOKEN_LIFETIME_S ?? 600) },
    claims: { openid: ["sub"], profile: ["name"], email: ["email", "email_verified"], groups: ["groups"] },
    clientDefaults: { grant_types: ["authorization_code"], response_types: ["code"] },
    pkce: { required: () => true, methods: ["S256"] },
    features: {
      devInteractions: { enabled: false },
      // Programs get tokens for themselves, ask about them, and revoke them.
      clientCredentials: { enabled: true },
      introspection: { enabled: true },
      revocation: { enabled: true },
      registration: { enabled: true, idFactory: () => "postrider", secretFactory: () => process.env.CLIENT_SECRET },
      rpInitiatedLogout: { enabled: true, logoutSource, postLogoutSuccessSource },
    },
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...PEOPLE[id] }) }),
    // Nobody is asked for consent.
    async loadExistingGrant(ctx) {
      const grant = new ctx.oidc.provider.Grant({
        clientId: ctx.oidc.client.clientId,
        accountId: ctx.oidc.session.accountId,
      });
      grant.addOIDCScope("openid profile email groups");
      await grant.save();
      return grant;
    },
  };
}

async function signIn(provider, request, response) {
  if (request.method === "GET") {
    return page(response, `<form method="post"><label>Name <input name="login"></label>
      <button name="verb" value="continue">Continue</button> <button name="verb" value="cancel">Cancel</button></form>`);
  }
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const form = new URLSearchParams(Buffer.concat(chunks).toString());
  const accountId = form.get("login");
  const result =
    form.get("verb") === "continue" && PEOPLE[accountId]
      ? { login: { accountId } }
      : { error: "access_denied", error_description: "<b>The person canceled.</b>" };
  return provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
}

function logoutSource(ctx, form) {
  ctx.body = html(`${form}<button form="op.logoutForm" name="logout" value="yes">Sign out everywhere</button>`);
}

function postLogoutSuccessSource(ctx) {
  ctx.body = html("<p>Signed out of the provider.</p>");
}

function page(response, content) {
  response.setHeader("content-type", "text/html; charset=utf-8");
  response.end(html(content));
}

function html(content) {
  return `<!doctype html><html lang="en"><link rel="icon" href="data:,"><title>Provider</title><h1>Identity provider</h1>${content}</html>`;
}
