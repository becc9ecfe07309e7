// oauth4webapi: what stands below openid-client and others; it reads each answer strictly, and RFC 9068 tokens.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as oauth from "oauth4webapi";

import {
  accessTokenType,
  claimsOf,
  confidential,
  grants,
  issuer,
  keyClient,
  publicClient,
  refreshesTogether,
  resource,
  session,
  sessions,
  signingKey,
  workloads,
  workloadToken,
} from "./world.mjs";

const insecure = { [oauth.allowInsecureRequests]: true };
const response = await oauth.discoveryRequest(issuer, { algorithm: "oauth2", ...insecure });
const server = await oauth.processDiscoveryResponse(issuer, response);

const authentications = {
  basic: async () => [confidential.id, oauth.ClientSecretBasic(confidential.secret)],
  post: async () => [confidential.id, oauth.ClientSecretPost(confidential.secret)],
  private_key_jwt: async () => [keyClient.id, oauth.PrivateKeyJwt(await signingKey(keyClient.jwk))],
};

async function credentials(id, method, parameters) {
  const client = { client_id: id };
  const response = await oauth.clientCredentialsGrantRequest(server, client, method, parameters, insecure);
  return oauth.processClientCredentialsResponse(server, client, response);
}

async function refresh(id, method, token, additionalParameters = {}) {
  const client = { client_id: id };
  const options = { additionalParameters, ...insecure };
  const response = await oauth.refreshTokenGrantRequest(server, client, method, token, options);
  assert.equal(response.headers.get("cache-control"), "no-store");
  return oauth.processRefreshTokenResponse(server, client, response);
}

async function generic(server, client, method, grant, parameters) {
  const response = await oauth.genericTokenEndpointRequest(server, client, method, grant, parameters, insecure);
  return oauth.processGenericTokenEndpointResponse(server, client, response);
}

async function exchange(id, method, parameters) {
  const client = { client_id: id };
  return generic(server, client, method, grants.exchange, parameters);
}

/** An access token at the resource, by RFC 9068. */
function atTheResource(token, audience = resource) {
  const request = new Request(resource, { headers: { authorization: `Bearer ${token}` } });
  return oauth.validateJwtAccessToken(server, request, audience, insecure);
}

async function refused(call, error, status = 400) {
  await assert.rejects(call, (thrown) => {
    assert.deepEqual([thrown.error, thrown.status], [error, status], String(thrown));
    return true;
  });
}

for (const [name, authentication] of Object.entries(authentications)) {
  test(`every grant by ${name}`, async () => {
    const [id, method] = await authentication();
    const own = await credentials(id, method, { scope: "read", resource });
    assert.equal(own.scope, "read");
    assert.equal((await atTheResource(own.access_token)).client_id, id);
    const started = await session(id);
    const last = await refreshesTogether(started, async (token) => (await refresh(id, method, token)).refresh_token);
    const pair = await refresh(id, method, last);
    const { sub, client_id, scope } = await atTheResource(pair.access_token);
    assert.deepEqual([sub, client_id, scope], [started.subject, id, "read write"]);
    const subject = { subject_token: pair.access_token, subject_token_type: accessTokenType };
    const narrow = await exchange(id, method, { ...subject, scope: "read" });
    assert.equal((await atTheResource(narrow.access_token)).scope, "read");
  });

  test(`introspection in JSON and as a JWT, and revocation, by ${name}`, async () => {
    const [id, method] = await authentication();
    const [alg] = server.introspection_signing_alg_values_supported;
    const client = { client_id: id, introspection_signed_response_alg: alg };
    const started = await session(id);
    for (const requestJwtResponse of [false, true]) {
      const options = { requestJwtResponse, ...insecure };
      const response = await oauth.introspectionRequest(server, client, method, started.access_token, options);
      const known = await oauth.processIntrospectionResponse(server, client, response);
      assert.deepEqual([known.active, known.sub, known.client_id], [true, started.subject, id]);
      if (requestJwtResponse) await oauth.validateApplicationLevelSignature(server, response, insecure);
    }
    const response = await oauth.revocationRequest(server, client, method, started.refresh_token, insecure);
    await oauth.processRevocationResponse(response);
    assert.equal((await sessions(started.subject)).length, 0);
    await refused(refresh(id, method, started.refresh_token), "invalid_grant");
  });
}

test("a public client refreshes", async () => {
  const id = await publicClient();
  const started = await session(id);
  const next = async (token) => (await refresh(id, oauth.None(), token)).refresh_token;
  const last = await refreshesTogether(started, next);
  const { access_token } = await refresh(id, oauth.None(), last);
  assert.equal((await atTheResource(access_token)).client_id, id);
});

test("an access token is for its resource only, and no other JWT is one", async () => {
  const { access_token } = await credentials(...(await authentications.basic()), { resource });
  await assert.rejects(atTheResource(access_token, "https://other.example"));
  const [header, payload, signature] = access_token.split(".");
  const changed = Buffer.from(JSON.stringify({ ...claimsOf(access_token), scope: "all" })).toString("base64url");
  await assert.rejects(atTheResource([header, changed, signature].join(".")));
  assert.match(JSON.parse(Buffer.from(header, "base64url")).typ, /^at\+jwt$/);
  assert.ok(payload);
});

test("each error has its name", async () => {
  const [id, method] = await authentications.post();
  const { refresh_token } = await session();
  await refused(refresh(id, method, "not a token"), "invalid_grant");
  await refused(refresh(id, method, refresh_token, { scope: "admin" }), "invalid_scope");
  await refused(refresh(id, method, refresh_token, { resource: "https://other.example" }), "invalid_target");
  await refused(credentials(id, method, { scope: "unheard-of" }), "invalid_scope");
  await refused(credentials(id, oauth.ClientSecretPost("wrong"), {}), "invalid_client", 401);
  await refused(credentials("nobody", oauth.ClientSecretPost("wrong"), {}), "invalid_client", 401);
  const subject = { subject_token_type: accessTokenType };
  await refused(exchange(id, method, { subject_token: "not a token", ...subject }), "invalid_request");
  await refused(exchange(id, method, subject), "invalid_request");
});

test("a trusted issuer's assertion is good once", async () => {
  const server = { issuer: "https://login.example", token_endpoint: workloads.href };
  const client = { client_id: "a client that is not asked" };
  const alone = () => {}; // nobody but the assertion speaks
  const ask = (assertion) => generic(server, client, alone, grants.bearer, { assertion });
  const assertion = await workloadToken();
  assert.equal(claimsOf((await ask(assertion)).access_token).sub, "repository:4711");
  await refused(ask(assertion), "invalid_grant");
});
