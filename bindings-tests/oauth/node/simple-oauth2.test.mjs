// simple-oauth2.

import assert from "node:assert/strict";
import { test } from "node:test";
import { AuthorizationCode, ClientCredentials, ResourceOwnerPassword } from "simple-oauth2";

import { claimsOf, confidential, issuer, limitedClient, refreshesTogether, resource, session, sessions } from "./world.mjs";

const config = (authorizationMethod, client = confidential) => ({
  client,
  auth: { tokenHost: issuer.origin, tokenPath: "/oauth/token", revokePath: "/oauth/revoke" },
  options: { authorizationMethod },
});

async function refused(call, error, status = 400) {
  await assert.rejects(call, (thrown) => {
    assert.deepEqual([thrown.data.payload.error, thrown.output.statusCode], [error, status]);
    return true;
  });
}

for (const method of ["header", "body"]) {
  test(`client credentials by ${method}`, async () => {
    const { token } = await new ClientCredentials(config(method)).getToken({ scope: "read", resource });
    assert.deepEqual([token.token_type, token.scope], ["Bearer", "read"]);
    const { client_id, aud } = claimsOf(token.access_token);
    assert.deepEqual([client_id, aud], [confidential.id, resource]);
  });

  test(`refresh by ${method}, sixteen at once, and the end`, async () => {
    const started = await session();
    const client = new AuthorizationCode(config(method));
    const refresh = (token) => client.createToken({ ...started, refresh_token: token }).refresh();
    const last = await refreshesTogether(started, async (token) => (await refresh(token)).token.refresh_token);
    const narrower = await client.createToken({ ...started, refresh_token: last }).refresh({ scope: "read" });
    assert.equal(narrower.token.scope, "read");
    await narrower.revokeAll();
    assert.equal((await sessions(started.subject)).length, 0);
    await refused(narrower.refresh(), "invalid_grant");
  });
}

test("any characters of an id and a secret arrive, whichever way", async () => {
  const client = await limitedClient();
  for (const method of ["header", "body"]) {
    const { token } = await new ClientCredentials(config(method, client)).getToken({});
    assert.equal(claimsOf(token.access_token).client_id, client.id);
  }
});

test("each error has its name", async () => {
  const client = new ClientCredentials(config("header"));
  await refused(client.getToken({ scope: "unheard-of" }), "invalid_scope");
  await refused(client.getToken({ resource: "https://other.example" }), "invalid_target");
  const wrong = { ...confidential, secret: "wrong" };
  for (const method of ["header", "body"])
    await refused(new ClientCredentials(config(method, wrong)).getToken({}), "invalid_client", 401);
  const password = new ResourceOwnerPassword(config("header"));
  await refused(password.getToken({ username: "u", password: "p" }), "unsupported_grant_type");
});
