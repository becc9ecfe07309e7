// openid-client: what applications in Node use.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as client from "openid-client";

import {
  accessTokenType,
  admin,
  claimsOf,
  confidential,
  grants,
  issuer,
  keyClient,
  limitedClient,
  publicClient,
  refreshesTogether,
  resource,
  session,
  sessions,
  signingKey,
  workloads,
  workloadToken,
} from "./world.mjs";

const authentications = {
  basic: async () => [confidential.id, client.ClientSecretBasic(confidential.secret)],
  post: async () => [confidential.id, client.ClientSecretPost(confidential.secret)],
  private_key_jwt: async () => [keyClient.id, client.PrivateKeyJwt(await signingKey(keyClient.jwk))],
};

async function discovered(id, authentication, metadata = {}) {
  const options = { algorithm: "oauth2", execute: [client.allowInsecureRequests] };
  return client.discovery(issuer, id, metadata, authentication, options);
}

const basic = async () => discovered(...(await authentications.basic()));

/** The error of the protocol that a call ends with. */
async function refused(call, error, status = 400) {
  await assert.rejects(call, (thrown) => {
    assert.deepEqual([thrown.error, thrown.status], [error, status], String(thrown));
    return true;
  });
}

test("discovery names what the server has", async () => {
  const metadata = (await basic()).serverMetadata();
  assert.equal(metadata.issuer, issuer.origin);
  assert.equal(metadata.token_endpoint, `${issuer.origin}/oauth/token`);
  assert.equal(metadata.supportsPKCE(), false);
  for (const grant of ["client_credentials", "refresh_token", grants.exchange])
    assert.ok(metadata.grant_types_supported.includes(grant), grant);
  for (const method of ["client_secret_basic", "client_secret_post", "private_key_jwt", "none"])
    assert.ok(metadata.token_endpoint_auth_methods_supported.includes(method), method);
});

for (const [name, authentication] of Object.entries(authentications)) {
  test(`client credentials by ${name}`, async () => {
    const [id, method] = await authentication();
    const config = await discovered(id, method);
    const answer = await client.clientCredentialsGrant(config, { scope: "read", resource });
    assert.deepEqual([answer.token_type, answer.scope, answer.refresh_token], ["bearer", "read", undefined]);
    assert.ok(answer.expiresIn() > 0);
    const { aud, client_id, sub } = claimsOf(answer.access_token);
    assert.deepEqual([aud, client_id, sub], [resource, id, id]);
  });

  test(`refresh by ${name}, sixteen at once`, async () => {
    const [id, method] = await authentication();
    const config = await discovered(id, method);
    const started = await session(id);
    const last = await refreshesTogether(started, async (token) => {
      const answer = await client.refreshTokenGrant(config, token);
      assert.equal(claimsOf(answer.access_token).sub, started.subject);
      return answer.refresh_token;
    });
    const narrower = await client.refreshTokenGrant(config, last, { scope: "read", resource });
    assert.equal(narrower.scope, "read");
    assert.equal((await client.refreshTokenGrant(config, narrower.refresh_token)).scope, "read write");
  });

  test(`introspection and revocation by ${name}`, async () => {
    const [id, method] = await authentication();
    const config = await discovered(id, method);
    const started = await session(id);
    const known = await client.tokenIntrospection(config, started.access_token);
    assert.deepEqual(
      [known.active, known.sub, known.client_id, known.scope, known.token_type],
      [true, started.subject, id, "read write", "Bearer"],
    );
    await client.tokenRevocation(config, started.access_token, { token_type_hint: "access_token" });
    assert.deepEqual(await client.tokenIntrospection(config, started.access_token), { active: false });
    assert.equal((await sessions(started.subject)).length, 1, "an access token ends alone");
    await client.tokenRevocation(config, started.refresh_token, { token_type_hint: "refresh_token" });
    assert.equal((await sessions(started.subject)).length, 0);
    await refused(client.refreshTokenGrant(config, started.refresh_token), "invalid_grant");
    await client.tokenRevocation(config, "a token that nobody knows");
  });
}

test("any characters of an id and a secret arrive, whichever way", async () => {
  const { id, secret } = await limitedClient();
  for (const method of [client.ClientSecretBasic(secret), client.ClientSecretPost(secret)]) {
    const { access_token } = await client.clientCredentialsGrant(await discovered(id, method));
    assert.equal(claimsOf(access_token).client_id, id);
  }
});

test("introspection answers as a signed JWT", async () => {
  const [id, method] = await authentications.basic();
  const { jwks_uri } = (await basic()).serverMetadata();
  const { keys } = await (await fetch(jwks_uri)).json();
  const [alg] = (await basic()).serverMetadata().introspection_signing_alg_values_supported;
  assert.ok(keys.some((key) => key.alg === alg));
  const config = await discovered(id, method, { introspection_signed_response_alg: alg });
  client.enableNonRepudiationChecks(config); // the signature, by the published keys
  const started = await session(id);
  const known = await client.tokenIntrospection(config, started.access_token);
  assert.deepEqual([known.active, known.sub, known.client_id], [true, started.subject, id]);
  assert.equal((await client.tokenIntrospection(config, "unknown")).active, false);
});

test("another client learns nothing of a token and ends nothing", async () => {
  const other = await limitedClient();
  const config = await discovered(other.id, client.ClientSecretBasic(other.secret));
  const started = await session();
  assert.deepEqual(await client.tokenIntrospection(config, started.access_token), { active: false });
  await client.tokenRevocation(config, started.refresh_token);
  assert.equal((await sessions(started.subject)).length, 1);
});

test("a public client refreshes, exchanges and logs out", async () => {
  const id = await publicClient();
  const config = await discovered(id, client.None());
  const started = await session(id);
  const last = await refreshesTogether(
    started,
    async (token) => (await client.refreshTokenGrant(config, token)).refresh_token,
  );
  const { access_token } = await client.refreshTokenGrant(config, last);
  const narrow = await client.genericGrantRequest(config, grants.exchange, {
    subject_token: access_token,
    subject_token_type: accessTokenType,
    scope: "read",
  });
  assert.equal(narrow.scope, "read");
  await refused(client.clientCredentialsGrant(config), "unauthorized_client");
  // A token of another client is nothing to it.
  await refused(client.refreshTokenGrant(config, (await session()).refresh_token), "invalid_grant");
  await client.tokenRevocation(config, last);
  assert.equal((await sessions(started.subject)).length, 0);
});

test("a token is exchanged for a narrower one, which ends with its session", async () => {
  const config = await basic();
  const started = await session();
  const answer = await client.genericGrantRequest(config, grants.exchange, {
    subject_token: started.access_token,
    subject_token_type: accessTokenType,
    scope: "read",
    resource,
  });
  assert.deepEqual([answer.issued_token_type, answer.scope], [accessTokenType, "read"]);
  assert.ok(answer.expires_in <= started.expires_in);
  assert.equal(claimsOf(answer.access_token).sub, started.subject);
  const own = await client.clientCredentialsGrant(config);
  const delegated = await client.genericGrantRequest(config, grants.exchange, {
    subject_token: answer.access_token,
    subject_token_type: accessTokenType,
    actor_token: own.access_token,
    actor_token_type: accessTokenType,
  });
  assert.equal(claimsOf(delegated.access_token).act.sub, confidential.id);
  const wider = { subject_token: answer.access_token, subject_token_type: accessTokenType, scope: "read write" };
  await refused(client.genericGrantRequest(config, grants.exchange, wider), "invalid_scope");
  await admin("revoke_session", { session: started.session });
  assert.equal((await client.tokenIntrospection(config, delegated.access_token)).active, false);
});

test("a trusted issuer's assertion is good once", async () => {
  const metadata = { issuer: "https://login.example", token_endpoint: workloads.href };
  const config = new client.Configuration(metadata, "a client that is not asked", {}, (_as, _client, body) => {
    body.delete("client_id"); // nobody but the assertion speaks
  });
  client.allowInsecureRequests(config);
  const assertion = await workloadToken();
  const answer = await client.genericGrantRequest(config, grants.bearer, { assertion });
  assert.equal(answer.scope, "deploy");
  assert.equal(claimsOf(answer.access_token).sub, "repository:4711");
  await refused(client.genericGrantRequest(config, grants.bearer, { assertion }), "invalid_grant");
  for (const wrong of [{ repository_id: "4712" }, { aud: "https://other.example" }, { exp: 1 }]) {
    const assertion = await workloadToken(wrong);
    await refused(client.genericGrantRequest(config, grants.bearer, { assertion }), "invalid_grant");
  }
});

test("each error has its name", async () => {
  const config = await basic();
  const [id] = await authentications.basic();
  const started = await session();
  await refused(client.refreshTokenGrant(config, "not a token"), "invalid_grant");
  const { refresh_token, access_token } = started;
  const elsewhere = { resource: "https://other.example" };
  await refused(client.refreshTokenGrant(config, refresh_token, { scope: "read admin" }), "invalid_scope");
  await refused(client.refreshTokenGrant(config, refresh_token, elsewhere), "invalid_target");
  await refused(client.clientCredentialsGrant(config, { scope: "unheard-of" }), "invalid_scope");
  await refused(client.clientCredentialsGrant(config, elsewhere), "invalid_target");
  const password = { username: "u", password: "p" };
  await refused(client.genericGrantRequest(config, "password", password), "unsupported_grant_type");
  const nothing = { subject_token_type: accessTokenType };
  await refused(client.genericGrantRequest(config, grants.exchange, nothing), "invalid_request");
  const twice = new URLSearchParams([["scope", "read"], ["scope", "write"]]);
  await refused(client.clientCredentialsGrant(config, twice), "invalid_request");
  const wrong = await discovered(id, client.ClientSecretPost("wrong"));
  await refused(client.clientCredentialsGrant(wrong), "invalid_client", 401);
  const limited = await limitedClient();
  const without = await discovered(limited.id, client.ClientSecretPost(limited.secret));
  await refused(client.refreshTokenGrant(without, refresh_token), "unauthorized_client");
  const exchange = { subject_token: access_token, subject_token_type: accessTokenType };
  await refused(client.genericGrantRequest(without, grants.exchange, exchange), "unauthorized_client");
  // Where Basic was tried, the answer says that Basic is the way.
  const challenged = client.clientCredentialsGrant(await discovered(id, client.ClientSecretBasic("wrong")));
  await assert.rejects(challenged, (thrown) => {
    assert.equal(thrown.code, "OAUTH_WWW_AUTHENTICATE_CHALLENGE");
    assert.deepEqual([thrown.status, thrown.cause[0].scheme], [401, "basic"]);
    return true;
  });
  assert.equal((await sessions(started.subject)).length, 1, "no error ended the session");
});

test("a key that is not the client's, and an assertion for somebody else, are refused", async () => {
  const { privateKey } = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]);
  const stranger = await discovered(keyClient.id, client.PrivateKeyJwt(privateKey));
  await refused(client.clientCredentialsGrant(stranger), "invalid_client", 401);
  const key = await signingKey(keyClient.jwk);
  for (const wrong of [{ aud: "https://other.example" }, { exp: 1 }, { iss: "other" }, { jti: undefined }]) {
    const modify = { [client.modifyAssertion]: (_header, payload) => void Object.assign(payload, wrong) };
    const config = await discovered(keyClient.id, client.PrivateKeyJwt(key, modify));
    await refused(client.clientCredentialsGrant(config), "invalid_client", 401);
  }
  const jti = crypto.randomUUID();
  const same = { [client.modifyAssertion]: (_header, payload) => void Object.assign(payload, { jti }) };
  const again = await discovered(keyClient.id, client.PrivateKeyJwt(key, same));
  await client.clientCredentialsGrant(again);
  await refused(client.clientCredentialsGrant(again), "invalid_client", 401);
});
