// Tokens at the edge: a worker that mints them for a widget, and lets only those through that verify.
import { Issuer, Key, KeySet, secretMatches, TokenmintError } from "tokenmint";

/** The service of an environment, made at the first request: workers have no randomness before it. */
let service;

async function serviceOf(env) {
  const keys = new KeySet(await Key.fromJwk(env.SIGNING_KEY)); // a private JWK, kept as a secret of the worker
  const issuer = new Issuer(keys, { issuer: env.ISSUER, audience: "widget", maxLifetime: "1h" });
  return { issuer, verifier: issuer.verifier() };
}

export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    const { issuer, verifier } = await (service ??= serviceOf(env));
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

      default:
        return refused(404, "there is nothing here");
    }
  },
};

function refused(status, message, error) {
  const headers = status === 401 ? { "www-authenticate": error ? `Bearer error="${error}"` : "Bearer" } : {};
  return Response.json({ message }, { status, headers });
}
