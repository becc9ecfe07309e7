// Token sources, with a token endpoint of this library behind a real server.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { inspect } from "node:util";

import { Endpoint, hashSecret, MemoryStore, nodeHandler, StoreError, TokenSource } from "tokenmint";

import { rejected } from "../../lib/expect.mjs";

let server, url, issuer, requests, lost;
const store = new MemoryStore();

before(async () => {
  const endpoint = new Endpoint({
    keys: [{ kid: "k1", secret: "a secret of at least thirty-two bytes" }],
    oauth: {
      issuer: "https://as.example",
      key: "k1",
      audience: "app",
      session_secret: "another secret of at least 32 bytes",
      // A second try takes a while on a busy machine.
      refresh_grace_seconds: 60,
    },
    clients: [
      {
        id: "app",
        organization: "org",
        secret_sha256: hashSecret("a secret"),
        permissions: ["refresh_token", "client_credentials"],
        scope: "read",
      },
    ],
  }, { store });
  await endpoint.prepare().run(store);
  issuer = endpoint.issuer();
  const handle = nodeHandler(endpoint);
  server = createServer((request, response) => {
    requests += 1;
    if (lost > 0) {
      lost -= 1;
      response.writeHead = () => response;
      response.end = () => response.destroy();
    }
    handle(request, response);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${server.address().port}/oauth/token`;
});
after(() => {
  server.closeAllConnections();
  server.close();
});

async function signIn() {
  [requests, lost] = [0, 0];
  const pair = await issuer.startSession({ subject: "u1", clientId: "app", scope: "read" }).run(store);
  const response = { access_token: pair.accessToken, token_type: "Bearer", expires_in: 900, refresh_token: pair.refreshToken };
  return { response, pair };
}

const source = (options) => new TokenSource({ endpoint: url, clientId: "app", clientSecret: "a secret", patience: "1m", ...options });
const stands = async (token) => (await issuer.check({ token }).run(store)).subject === "u1";

test("one asks, however many want a token", async () => {
  const { response, pair } = await signIn();
  const shared = new MemoryStore();
  const [first, second] = [source({ store: shared }), source({ store: shared })];
  await first.keep(response);
  const token = await second.token();
  assert.equal(token.accessToken, pair.accessToken);
  assert.ok(token.expiresAt > Date.now() / 1000);
  const wanted = Array.from({ length: 32 }, (_, n) => [first, second][n % 2].tokenInsteadOf(pair.accessToken));
  const found = new Set((await Promise.all(wanted)).map(({ accessToken }) => accessToken));
  assert.equal(found.size, 1);
  assert.equal(requests, 1);
  assert.ok(await stands([...found][0]));
});

test("a lost answer is asked for again", async () => {
  const { response, pair } = await signIn();
  const own = source();
  await own.keep(JSON.stringify(response));
  lost = 2;
  assert.ok(await stands((await own.tokenInsteadOf(pair.accessToken)).accessToken));
  assert.equal(requests, 3);
});

test("it says when to sign in", async () => {
  const own = source();
  await rejected(() => own.token(), "sign_in_required");
  const { response, pair } = await signIn();
  await own.keep(response);
  await issuer.revokeSession({ session: pair.session }).run(store);
  assert.equal((await own.token()).accessToken, pair.accessToken);
  await rejected(() => own.tokenInsteadOf(pair.accessToken), "sign_in_required");
  const again = await signIn();
  await own.keep(again.response);
  assert.equal(await own.forget(), again.pair.refreshToken);
  assert.equal(await own.forget(), undefined);
  await rejected(() => own.token(), "sign_in_required");
});

test("a client gets tokens by its credentials alone", async () => {
  await signIn();
  const own = source({ grant: "client_credentials", scope: "read", secretInBody: true });
  const tokens = await Promise.all([own.token(), own.token(), own.token()]);
  assert.equal(new Set(tokens.map(({ accessToken }) => accessToken)).size, 1);
  assert.deepEqual([tokens[0].scope, requests], ["read", 1]);
  const wrong = source({ grant: "client_credentials", clientSecret: "another" });
  const error = await rejected(() => wrong.token(), "token_endpoint_refused");
  assert.equal(error.message, "the token endpoint answers invalid_client");
});

test("a store that fails gets the answer again, and a server that is away costs nothing", async () => {
  const { response, pair } = await signIn();
  const kept = new MemoryStore();
  let failures = 0;
  const failing = {
    execute(command) {
      if (failures-- > 0) throw new StoreError("unavailable");
      return kept.execute(command);
    },
  };
  const away = source({ store: kept, fetch: () => Promise.reject(new Error("away")) });
  await away.keep(response);
  const error = await rejected(() => away.tokenInsteadOf(pair.accessToken), "token_endpoint_unavailable");
  assert.equal(error.retryAfterSeconds, 2);

  await away.keep(response);
  const own = source({
    store: failing,
    fetch: async (...request) => {
      const answer = await fetch(...request);
      failures = 3;
      return answer;
    },
  });
  assert.ok(await stands((await own.tokenInsteadOf(pair.accessToken)).accessToken));
});

test("what is wrong is named", async () => {
  const of = (options) => new TokenSource({ endpoint: "https://as.example/token", clientId: "app", ...options });
  await rejected(() => of({ endpoint: "http://as.example/token" }).token(), "policy_invalid", "endpoint");
  await rejected(() => of({ clientId: "" }).token(), "policy_invalid", "clientId");
  await rejected(() => of({ scopes: "read" }).token(), "field_invalid", "scopes");
  await rejected(() => of({ grant: "password" }).token(), "field_invalid", "grant");
  await rejected(() => of().keep("no JSON"), "body_malformed");
});

test("nothing shows a secret", async () => {
  const own = source({ clientSecret: "hunter2" });
  await own.keep({ access_token: "hunter2", refresh_token: "hunter2" });
  assert.equal((await own.token()).accessToken, "hunter2");
  assert.ok(!inspect(own, { depth: 10, showHidden: true }).includes("hunter2"));
  assert.ok(!JSON.stringify(own).includes("hunter2"));
});
