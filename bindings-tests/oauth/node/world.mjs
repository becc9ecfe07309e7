// What the server is told beside the protocol, and what each client is asked to show.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

const { TOKENMINT_ISSUER, TOKENMINT_ADMIN, TOKENMINT_KEY_CLIENT_JWK } = process.env;
const { TOKENMINT_WORKLOADS, TOKENMINT_WORKLOAD_JWK } = process.env;
const { TOKENMINT_BOUND, TOKENMINT_BOUND_ADMIN } = process.env;

/** The server of the demonstration. */
export const issuer = new URL(TOKENMINT_ISSUER);
/** The token endpoint of the server that trusts another issuer. */
export const workloads = new URL("/oauth/token", TOKENMINT_WORKLOADS);
/** The server that wants a nonce in proofs of possession, and its admin API. */
export const bound = { issuer: new URL(TOKENMINT_BOUND), admin: TOKENMINT_BOUND_ADMIN };
/** A client of that server. */
export const app = { id: "app", secret: "a-secret-of-the-tests" };
export const resource = "https://api.example.com";
export const confidential = { id: "demo-client", secret: "demo-client-secret-for-everybody" };
export const keyClient = { id: "demo-key-client", jwk: JSON.parse(TOKENMINT_KEY_CLIENT_JWK) };
export const grants = {
  exchange: "urn:ietf:params:oauth:grant-type:token-exchange",
  bearer: "urn:ietf:params:oauth:grant-type:jwt-bearer",
};
export const accessTokenType = "urn:ietf:params:oauth:token-type:access_token";

/** A key to sign with, as WebCrypto has it. */
export async function signingKey(jwk) {
  const algorithms = {
    ES256: { name: "ECDSA", namedCurve: "P-256" },
    EdDSA: { name: "Ed25519" },
    RS256: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
  };
  const key = await crypto.subtle.importKey("jwk", jwk, algorithms[jwk.alg], false, ["sign"]);
  return { key, kid: jwk.kid };
}

/** What a job shows of itself, signed by the issuer that the second server trusts. */
export async function workloadToken(claims) {
  const jwk = JSON.parse(readFileSync(TOKENMINT_WORKLOAD_JWK, "utf8"));
  const { key, kid } = await signingKey(jwk);
  const now = Math.floor(Date.now() / 1000);
  const body = {
    iss: "https://ci.example",
    aud: "https://login.example",
    sub: "repo:acme/shop:ref:refs/heads/main",
    repository_id: "4711",
    iat: now,
    exp: now + 300,
    jti: crypto.randomUUID(),
    ...claims,
  };
  const text = [{ alg: jwk.alg, kid, typ: "JWT" }, body]
    .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
    .join(".");
  const signature = await crypto.subtle.sign(key.algorithm.name, key, Buffer.from(text));
  return `${text}.${Buffer.from(signature).toString("base64url")}`;
}

/** An operation of the server's owner. */
export async function admin(operation, input, api = TOKENMINT_ADMIN) {
  const response = await fetch(new URL(`/v1/${operation}`, api), {
    method: "POST",
    headers: { authorization: "Bearer demo-admin-key", "content-type": "application/json" },
    body: JSON.stringify(input),
  });
  const answer = await response.json();
  assert.equal(response.status, 200, `${operation}: ${JSON.stringify(answer)}`);
  return answer;
}

/** A session of a user at a client, as an application starts it after its own log-in. */
export async function session(client = confidential.id) {
  const subject = `user_${crypto.randomUUID()}`;
  const pair = await admin("start_session", { subject, client_id: client, scope: "read write" });
  return { ...pair, subject };
}

/** A client that has no secret, such as a page or an app. */
export async function publicClient(api = TOKENMINT_ADMIN) {
  const id = `public-${crypto.randomUUID()}`;
  const permissions = ["refresh_token", "token_exchange"];
  await admin(
    "create_client",
    { id, organization: "org_demo", public: true, permissions, scope: "read write", audience: [resource] },
    api,
  );
  return id;
}

/** A client that may have tokens of its own, and nothing else: what it is called is nothing to a URL or a header. */
export async function limitedClient() {
  const client = { id: `urn:limited:${crypto.randomUUID()}`, secret: `100% "sound" & +${crypto.randomUUID()}:/?#=` };
  await admin("create_client", {
    ...client,
    organization: "org_demo",
    permissions: ["client_credentials"],
    scope: "read write",
    audience: [resource],
  });
  return client;
}

/**
 * Refreshes in a loop, sixteen at once: all get the same successor, and the session lives on.
 * `refresh` takes a refresh token and gives the next one.
 */
export async function refreshesTogether(started, refresh) {
  let token = started.refresh_token;
  for (let round = 0; round < 4; round++) {
    const successors = new Set(await Promise.all(Array.from({ length: 16 }, () => refresh(token))));
    assert.equal(successors.size, 1, `round ${round} has ${successors.size} successors`);
    const [next] = successors;
    assert.ok(typeof next === "string" && next !== token, "the successor is a new token");
    token = next;
  }
  assert.equal((await sessions(started.subject)).length, 1, "the session lives");
  return token;
}

/** The living sessions of a user. */
export async function sessions(subject) {
  return (await admin("list_sessions", { subject })).sessions;
}

export function claimsOf(token) {
  return JSON.parse(Buffer.from(token.split(".")[1], "base64url"));
}
