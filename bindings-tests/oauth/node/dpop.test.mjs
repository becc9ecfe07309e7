// Tokens that are bound to a key (RFC 9449), by openid-client and oauth4webapi: the server wants a nonce of its own.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as oauth from "oauth4webapi";
import * as client from "openid-client";

import { accessTokenType, admin, app, bound, claimsOf, grants, publicClient, resource } from "./world.mjs";

const basic = client.ClientSecretBasic(app.secret);

async function discovered(id = app.id, authentication = basic) {
  const options = { algorithm: "oauth2", execute: [client.allowInsecureRequests] };
  return client.discovery(bound.issuer, id, {}, authentication, options);
}

/** A key of openid-client's, as a page or an app has one. */
async function handle(config, alg = "ES256") {
  const dpop = client.getDPoPHandle(config, await client.randomDPoPKeyPair(alg));
  return { DPoP: dpop, jkt: await dpop.calculateThumbprint() };
}

/** A session that is bound to a key from its start. */
async function session(id, jkt) {
  const subject = `user_${crypto.randomUUID()}`;
  const pair = await admin("start_session", { subject, client_id: id, scope: "read write", jkt }, bound.admin);
  return { ...pair, subject };
}

async function refused(call, error, status = 400) {
  await assert.rejects(call, (thrown) => {
    assert.deepEqual([thrown.error, thrown.status], [error, status], String(thrown));
    return true;
  });
}

/** Asks twice where the first answer is that a nonce is wanted, as oauth4webapi leaves it to its callers. */
async function withNonce(ask) {
  try {
    return await ask();
  } catch (error) {
    if (!oauth.isDPoPNonceError(error)) throw error;
    return ask();
  }
}

test("the metadata say by what a proof is signed", async () => {
  const supported = (await discovered()).serverMetadata().dpop_signing_alg_values_supported;
  for (const alg of ["ES256", "RS256", "PS256"]) assert.ok(supported.includes(alg), alg);
  for (const alg of supported) assert.doesNotMatch(alg, /^(HS|none)/);
});

for (const alg of ["ES256", "ES384", "PS256", "RS256", "Ed25519"]) {
  test(`client credentials, bound to a key of ${alg}`, async () => {
    const config = await discovered();
    const { DPoP, jkt } = await handle(config, alg);
    for (const scope of ["read", "write"]) {
      const answer = await client.clientCredentialsGrant(config, { scope, resource }, { DPoP });
      assert.equal(answer.token_type, "dpop");
      assert.deepEqual(claimsOf(answer.access_token).cnf, { jkt });
    }
    const free = await client.clientCredentialsGrant(config, { scope: "read" });
    assert.deepEqual([free.token_type, claimsOf(free.access_token).cnf], ["bearer", undefined]);
  });
}

test("a public client's refresh token is of use to its key alone", async () => {
  const id = await publicClient(bound.admin);
  const config = await discovered(id, client.None());
  const [own, other] = [await handle(config), await handle(config)];
  const started = await session(id, own.jkt);
  await refused(client.refreshTokenGrant(config, started.refresh_token), "invalid_dpop_proof");
  await refused(client.refreshTokenGrant(config, started.refresh_token, {}, other), "invalid_grant");
  let token = started.refresh_token;
  for (let round = 0; round < 3; round++) {
    const answer = await client.refreshTokenGrant(config, token, {}, own);
    assert.notEqual(answer.refresh_token, token);
    assert.deepEqual([answer.token_type, claimsOf(answer.access_token).cnf.jkt], ["dpop", own.jkt]);
    token = answer.refresh_token;
  }
});

test("what is bound is exchanged by whoever has the key, for what is bound", async () => {
  const config = await discovered();
  const { DPoP, jkt } = await handle(config);
  const { access_token } = await client.clientCredentialsGrant(config, { scope: "read write" }, { DPoP });
  const exchange = { subject_token: access_token, subject_token_type: accessTokenType, scope: "read" };
  const narrow = await client.genericGrantRequest(config, grants.exchange, exchange, { DPoP });
  assert.deepEqual(claimsOf(narrow.access_token).cnf, { jkt });
  for (const options of [{}, await handle(config)])
    await refused(client.genericGrantRequest(config, grants.exchange, exchange, options), "invalid_request");
});

test("introspection tells what a token is bound to", async () => {
  const config = await discovered();
  const { DPoP, jkt } = await handle(config);
  const { access_token } = await client.clientCredentialsGrant(config, {}, { DPoP });
  const known = await client.tokenIntrospection(config, access_token);
  assert.deepEqual([known.active, known.token_type, known.cnf], [true, "DPoP", { jkt }]);
});

test("a client that has said so gets no token without a proof", async () => {
  const strict = { id: `strict-${crypto.randomUUID()}`, secret: "a-secret-of-this-test" };
  const permissions = ["client_credentials"];
  const record = { ...strict, organization: "org_demo", permissions, audience: [resource], dpop_bound_access_tokens: true };
  await admin("create_client", record, bound.admin);
  const config = await discovered(strict.id, client.ClientSecretBasic(strict.secret));
  await refused(client.clientCredentialsGrant(config), "invalid_dpop_proof");
  const { DPoP } = await handle(config);
  assert.equal((await client.clientCredentialsGrant(config, {}, { DPoP })).token_type, "dpop");
});

test("a proof is taken once, for its method and its address", async () => {
  const config = await discovered();
  const sent = [];
  config[client.customFetch] = (url, init) => {
    sent.push({ url, init });
    return fetch(url, init);
  };
  const { DPoP } = await handle(config);
  await client.clientCredentialsGrant(config, {}, { DPoP });
  assert.equal(sent.length, 2, "the first was asked for a nonce");
  const again = await fetch(sent[1].url, sent[1].init);
  assert.deepEqual([again.status, (await again.json()).error], [400, "invalid_dpop_proof"]);
  for (const wrong of [{ htm: "GET" }, { htu: `${bound.issuer.origin}/oauth/revoke` }, { jti: undefined }, { nonce: "of somebody else" }]) {
    const modify = { [client.modifyAssertion]: (_header, payload) => void Object.assign(payload, wrong) };
    const keys = await client.randomDPoPKeyPair("ES256");
    // The nonce that everybody gets is learned first, so that it is the rest that is wrong.
    const lying = { DPoP: client.getDPoPHandle(config, keys, modify) };
    const error = "nonce" in wrong ? "use_dpop_nonce" : "invalid_dpop_proof";
    await refused(client.clientCredentialsGrant(config, {}, lying), error);
  }
});

test("oauth4webapi: the nonce, the tokens, and a resource server that checks both", async () => {
  const insecure = { [oauth.allowInsecureRequests]: true };
  const found = await oauth.discoveryRequest(bound.issuer, { algorithm: "oauth2", ...insecure });
  const server = await oauth.processDiscoveryResponse(bound.issuer, found);
  const self = { client_id: app.id };
  const method = oauth.ClientSecretPost(app.secret);
  const keys = await oauth.generateKeyPair("ES256");
  const DPoP = oauth.DPoP(self, keys);
  let asked = 0;
  const { access_token, token_type } = await withNonce(async () => {
    asked += 1;
    const response = await oauth.clientCredentialsGrantRequest(server, self, method, { scope: "read" }, { DPoP, ...insecure });
    return oauth.processClientCredentialsResponse(server, self, response);
  });
  assert.deepEqual([asked, token_type], [2, "dpop"]);

  // What arrives at a resource, by the library's own means.
  let arrived;
  const capture = async (url, init) => {
    arrived = new Request(url, init);
    return new Response();
  };
  const at = new URL(`${resource}/things?all`);
  await oauth.protectedResourceRequest(access_token, "GET", at, undefined, undefined, { DPoP, [oauth.customFetch]: capture });
  const claims = await oauth.validateJwtAccessToken(server, arrived, resource, { requireDPoP: true, ...insecure });
  assert.deepEqual([claims.client_id, claims.cnf.jkt], [app.id, await DPoP.calculateThumbprint()]);
  const elsewhere = new Request(`${resource}/other`, arrived);
  await assert.rejects(oauth.validateJwtAccessToken(server, elsewhere, resource, { requireDPoP: true, ...insecure }));

  const { subject, refresh_token } = await session(app.id, await DPoP.calculateThumbprint());
  const pair = await withNonce(async () => {
    const response = await oauth.refreshTokenGrantRequest(server, self, method, refresh_token, { DPoP, ...insecure });
    return oauth.processRefreshTokenResponse(server, self, response);
  });
  assert.deepEqual([claimsOf(pair.access_token).sub, pair.token_type], [subject, "dpop"]);
});
