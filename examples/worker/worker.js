// Tokens at the edge: a worker that mints them for a widget, lets only those through that verify, and serves a vendor's
// token endpoints.
import { Endpoint, Issuer, Key, KeySet, secretMatches, TokenmintError } from "tokenmint";

/** The service of an environment, made at the first request: workers have no randomness before it. */
let service;

async function serviceOf(env) {
  const key = await Key.fromJwk(env.SIGNING_KEY); // a private JWK, kept as a secret of the worker
  const issuer = new Issuer(new KeySet(key), { issuer: env.ISSUER, audience: "widget", maxLifetime: "1h" });
  // Entity tokens as Mercoa documents them. Its store is this isolate's memory; in earnest: `{ store }` that all share.
  const endpoint = await Endpoint.create({
    keys: [{ kid: key.kid, jwk: env.SIGNING_KEY }],
    mercoa: { issuer: env.ISSUER, key: key.kid },
    api_keys: [{ key_sha256: env.PARTNER_KEY_SHA256, organization: "org_1", permissions: ["entity_tokens"] }],
    entities: [{ id: "ent_1", organization: "org_1" }],
  });
  return { issuer, verifier: issuer.verifier(), endpoint };
}

export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    const { issuer, verifier, endpoint } = await (service ??= serviceOf(env));
    const bearer = /^Bearer +(.+)$/i.exec(request.headers.get("authorization") ?? "")?.[1] ?? "";

    switch (`${request.method} ${pathname}`) {
      case "GET /.well-known/jwks.json": // whoever has the public keys verifies the tokens without asking
        return Response.json(issuer.publicJwks(), { headers: { "cache-control": "public, max-age=300" } });

      case "POST /widget-token": {
        // The partner's back end asks for a narrow token, and hands it to the page.
        if (!secretMatches(bearer, env.PARTNER_KEY_SHA256)) return refused(401, "the partner's key is needed");
        const { entity, pages } = (await request.json().catch(() => null)) ?? {};
        if (typeof entity !== "string" || !Array.isArray(pages)) return refused(400, "entity and pages are needed");
        const token = await issuer.mint({ sub: entity, pages }, "15m");
        return Response.json({ token }, { headers: { "cache-control": "no-store" } });
      }

      case "GET /invoices": {
        // The API: what the widget may see.
        const claims = await verifier.verify(bearer).catch((error) => error);
        if (claims instanceof TokenmintError) return refused(claims.status, claims.message, claims.oauthError);
        if (!claims.pages.includes("invoices")) return refused(403, "the token is not for invoices");
        return Response.json({ entity: claims.sub, invoices: [] });
      }

      default: // POST /entity/{id}/token and its like; anything else it answers with 404
        return endpoint.fetch(request);
    }
  },
};

function refused(status, message, error) {
  const headers = status === 401 ? { "www-authenticate": error ? `Bearer error="${error}"` : "Bearer" } : {};
  return Response.json({ message }, { status, headers });
}
