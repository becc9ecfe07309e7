// A service that mints tokens for a widget in a partner's page, the API that takes them, and a vendor's token endpoints.
import { pathToFileURL } from "node:url";
import express from "express";
import { Endpoint, hashSecret, Issuer, Key, KeySet, nodeHandler, secretMatches, TokenmintError } from "tokenmint";

const issuerName = "https://api.example.com";
const partnerKeySha256 = hashSecret("demo-key"); // in earnest: only the hash is here

export async function service() {
  const jwk = await Key.generateJwk("EdDSA", { kid: "k1" }); // in earnest: one that is kept
  const issuer = new Issuer(new KeySet(await Key.fromJwk(jwk)), { issuer: issuerName, audience: "widget", maxLifetime: "1h" });
  const app = express();

  // Entity tokens as Mercoa documents them, below /mercoa. In front of express.json: an
  // endpoint reads the body itself.
  const endpoint = await Endpoint.create({
    keys: [{ kid: "k1", jwk: JSON.stringify(jwk) }],
    mercoa: { issuer: issuerName, key: "k1" },
    api_keys: [{ key_sha256: partnerKeySha256, organization: "org_1", permissions: ["entity_tokens"] }],
    entities: [{ id: "ent_1", organization: "org_1" }],
  });
  app.use("/mercoa", nodeHandler(endpoint));
  app.use(express.json());

  // The partner's back end asks for a narrow token, and hands it to the page.
  app.post("/widget-token", async (request, response) => {
    if (!secretMatches(bearer(request), partnerKeySha256)) return void response.status(401).set("www-authenticate", "Bearer").end();
    const { entity, pages } = request.body ?? {};
    if (typeof entity !== "string" || !Array.isArray(pages)) return void response.status(400).end();
    response.set("cache-control", "no-store").json({ token: await issuer.mint({ sub: entity, pages }, "15m") });
  });

  // The API: what the widget may see.
  app.get("/invoices", authenticated(issuer.verifier()), (request, response) => {
    const { sub, pages } = request.claims;
    if (!pages.includes("invoices")) return void response.status(403).end();
    response.json({ entity: sub, invoices: [] });
  });

  // The public keys: whoever has them verifies the tokens without asking.
  app.get("/.well-known/jwks.json", (_, response) => void response.json(issuer.publicJwks()));

  app.use((error, _request, response, next) => {
    if (!(error instanceof TokenmintError)) return next(error);
    if (error.status === 401) response.set("www-authenticate", `Bearer error="${error.oauthError}"`);
    response.status(error.status).json({ error: error.oauthError, error_description: error.message });
  });
  return app;
}

/** Lets requests through whose token is good, with its claims. */
function authenticated(verifier) {
  return async (request, _response, next) => {
    request.claims = await verifier.verify(bearer(request)); // Express 5 hands what is rejected to the error handler
    next();
  };
}

function bearer(request) {
  return /^Bearer +(.+)$/i.exec(request.get("authorization") ?? "")?.[1] ?? "";
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  (await service()).listen(8080, "127.0.0.1", () => console.log("http://127.0.0.1:8080"));
}
