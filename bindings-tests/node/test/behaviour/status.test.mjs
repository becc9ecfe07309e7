// Status lists, fetched from a real server: a revoked token is refused without a request for it.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { deflateSync, gzipSync } from "node:zlib";

import { Endpoint, Issuer, Key, KeySet, MemoryStore, nodeHandler, ProofWindow, RemoteKeySet, StatusLists, Verifier } from "tokenmint";
import { DpopKey } from "tokenmint/dpop";
import * as narrow from "tokenmint/verify";

import { misused, rejected, thrown } from "../../lib/expect.mjs";
import { ISSUER, NOW } from "../../lib/fixtures.mjs";

const signer = Key.generateSync("ES256", { kid: "k1" });
const issuerOf = (key, policy) => new Issuer(new KeySet(key), { issuer: ISSUER, audience: "app", ...policy });
const issuer = issuerOf(signer);
const publisherOf = (key) => issuerOf(key, { tokenType: "statuslist+jwt" });
const publisher = publisherOf(signer);

let server, origin, requests, answer;
before(async () => {
  server = createServer((request, response) => {
    requests.push(request);
    answer(response, request);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${server.address().port}`;
});
after(() => {
  server.closeAllConnections();
  server.close();
});

/** The states of 2^20 tokens, of which some are not 0. */
function list(states = {}, { bits = 1, claims = {}, from = publisher, at = NOW, life = 300, size = 1 << 20, lst } = {}) {
  const bytes = new Uint8Array((size * bits) / 8);
  for (const [index, state] of Object.entries(states)) bytes[(index * bits) >> 3] |= state << ((index * bits) & 7);
  const packed = lst ?? deflateSync(bytes).toString("base64url");
  return from.mintSync({ sub: `${origin}/1-0`, ttl: 10, status_list: { bits, lst: packed }, ...claims }, life, { now: at });
}

const give = (response, token) => response.writeHead(200, { "content-type": "application/statuslist+jwt" }).end(token);

/** A verifier whose lists come from the server; `clock.seconds` is the time. */
function listed(options = {}, { keys = KeySet.fromJwks(issuer.publicJwks()), of = { StatusLists, Verifier }, first = {} } = {}) {
  requests = [];
  answer = (response) => give(response, list(first));
  const clock = { seconds: NOW };
  const host = { now: () => clock.seconds * 1000, random: (into) => crypto.getRandomValues(into) };
  const statusLists = new of.StatusLists(options);
  const verifier = new of.Verifier(keys, { issuer: ISSUER, audience: "app", host, statusLists });
  return { statusLists, verifier, clock };
}

const mint = (idx, claims = {}) =>
  issuer.mintSync({ sub: `s${idx}`, status: { status_list: { idx, uri: `${origin}/1-0` } }, ...claims }, "1y", { now: NOW });

test("one fetch tells of many tokens, also those that wait for it", async () => {
  const { verifier } = listed();
  answer = (response) => setTimeout(() => give(response, list({ 7: 1, 1048575: 1 })), 30);
  const codes = await Promise.all(Array.from({ length: 50 }, (_, at) => verifier.verify(mint(at)).then(({ sub }) => sub, ({ code }) => code)));
  assert.deepEqual(codes, codes.map((_, at) => (at === 7 ? "token_revoked" : `s${at}`)));
  await rejected(() => verifier.verify(mint(1_048_575)), "token_revoked");
  assert.equal((await verifier.verify(mint(1_048_574))).sub, "s1048574");
  assert.equal(verifier.verifySync(mint(3)).sub, "s3");
  await thrown(() => verifier.verifySync(mint(7)), "token_revoked");
  assert.equal(requests.length, 1);
  assert.equal(requests[0].headers.accept, "application/statuslist+jwt");
});

test("a revocation is seen when the list's time is over, at no request for each token", async () => {
  const { verifier, clock } = listed();
  for (let at = 0; at < 100; at++) await verifier.verify(mint(at));
  answer = (response) => give(response, list({ 5: 1, 6: 2 }, { bits: 2, at: clock.seconds }));
  clock.seconds += 9;
  await verifier.verify(mint(5));
  assert.equal(requests.length, 1);
  clock.seconds += 1;
  await rejected(() => verifier.verify(mint(5)), "token_revoked");
  await rejected(() => verifier.verify(mint(6)), "token_suspended");
  for (let at = 10; at < 100; at++) await verifier.verify(mint(at));
  assert.equal(requests.length, 2);
});

test("a list that comes compressed once more", async () => {
  const { verifier } = listed();
  answer = (response) => response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync(list({ 3: 1 })));
  await rejected(() => verifier.verify(mint(3)), "token_revoked");
});

test("a token without a list", async () => {
  const token = issuer.mintSync({ sub: "s" }, "1y", { now: NOW });
  assert.equal((await listed().verifier.verify(token)).sub, "s");
  await rejected(() => listed({ required: true }).verifier.verify(token), "claim_missing", "status");
  assert.equal(requests.length, 0);
});

test("a refused token asks for no list", async () => {
  const { verifier } = listed();
  await rejected(() => verifier.verify(`${mint(1).slice(0, -6)}AAAAAA`), "signature_invalid");
  await rejected(() => verifier.verify(mint(1, { aud: "other" })), "audience_mismatch");
  await rejected(() => verifier.verify(mint(1, { status: { status_list: { idx: -1, uri: "x" } } })), "claim_invalid");
  for (const uri of ["http://lists.example/1", "file:///etc/passwd", "https://u@lists.example/1", ""]) {
    await rejected(() => verifier.verify(mint(1, { status: { status_list: { idx: 1, uri } } })), "claim_invalid");
  }
  assert.equal(requests.length, 0);
});

test("lists of other places than the named ones are not fetched", async () => {
  await rejected(() => listed({ prefixes: ["https://lists.example/"] }).verifier.verify(mint(1)), "claim_invalid");
  assert.equal(requests.length, 0);
  assert.ok(await listed({ prefixes: [origin] }).verifier.verify(mint(1)));
});

const OUTAGES = {
  "a status 500": (response) => response.writeHead(500).end("oops"),
  "no token": (response) => response.writeHead(200).end("<html>"),
  "bytes that are no UTF-8": (response) => response.writeHead(200).end(Buffer.from([0x7b, 0xff, 0x7d])),
  "another's signature": (response) => give(response, list({}, { from: publisherOf(Key.generateSync("ES256", { kid: "k1" })) })),
  "an unknown key": (response) => give(response, list({}, { from: publisherOf(Key.generateSync("ES256", { kid: "k2" })) })),
  "another type of token": (response) => give(response, list({}, { from: issuer })),
  "the list of another URL": (response) => give(response, list({}, { claims: { sub: `${origin}/1-1` } })),
  "a list that has ended": (response) => give(response, list({}, { at: NOW - 600 })),
  "a list of the future": (response) => give(response, list({}, { at: NOW + 6000 })),
  "bits that are none": (response) => give(response, list({}, { claims: { status_list: { bits: 3, lst: "eNrbuRgAAhcBXQ" } } })),
  "no list in it": (response) => give(response, list({}, { claims: { status_list: undefined } })),
  "bytes that do not inflate": (response) => give(response, list({}, { lst: Buffer.alloc(40, 0x55).toString("base64url") })),
  "a list that is cut off": (response) => give(response, list({}, { lst: deflateSync(Buffer.alloc(4096, 5)).subarray(0, -3).toString("base64url") })),
  "something behind the list": (response) => give(response, list({}, { lst: Buffer.concat([deflateSync(Buffer.alloc(9)), Buffer.alloc(2)]).toString("base64url") })),
  "a bomb": (response) => give(response, list({}, { lst: deflateSync(Buffer.alloc(1 << 25)).toString("base64url") })),
  "a body that is too large": (response) => response.writeHead(200).end("x".repeat(3 << 20)),
  "a connection that breaks": (response) => response.destroy(),
  "silence": () => {},
  "a redirection": (response) => response.writeHead(302, { location: `${origin}/else` }).end(),
};
for (const [name, outage] of Object.entries(OUTAGES)) {
  test(`an outage: ${name}`, async () => {
    const { verifier, clock } = listed({ timeoutMs: 300 });
    answer = outage;
    const error = await rejected(() => verifier.verify(mint(1)), "status_unavailable");
    assert.equal(error.status, 503);
    assert.ok(error.retryAfterSeconds > 0 && error.retryAfterSeconds <= 5, String(error.retryAfterSeconds));
    await rejected(() => verifier.verify(mint(2)), "status_unavailable");
    assert.equal(requests.length, 1, "asked again within the cooldown");
    // It comes back, and fails again: the last list serves until its end.
    answer = (response) => give(response, list({ 7: 1 }, { at: clock.seconds }));
    for (let tries = 1; ; tries++) {
      clock.seconds += 6;
      const found = await verifier.verify(mint(1)).catch((error) => error);
      if (found.sub === "s1") break;
      // On a slow machine even a good answer may take longer than the silence that is waited for.
      assert.ok(found.code === "status_unavailable" && tries < 100, String(found));
    }
    answer = outage;
    clock.seconds += 20;
    assert.ok(await verifier.verify(mint(1)));
    await rejected(() => verifier.verify(mint(7)), "token_revoked");
    clock.seconds += 600;
    await rejected(() => verifier.verify(mint(1)), "status_unavailable");
  });
}

test("where a list cannot be fetched, tokens are accepted for as long as was said", async () => {
  const { verifier, clock } = listed({ acceptUnreachableFor: "10m" }, { first: { 7: 1 } });
  await verifier.verify(mint(1));
  answer = (response) => response.writeHead(500).end();
  clock.seconds += 300 + 599;
  assert.ok(await verifier.verify(mint(1)));
  await rejected(() => verifier.verify(mint(7)), "token_revoked");
  clock.seconds += 2;
  await rejected(() => verifier.verify(mint(1)), "status_unavailable");
});

test("an older list never takes the place of a newer one", async () => {
  const { verifier, clock } = listed({ acceptUnreachableFor: "10m" });
  answer = (response) => give(response, list({ 7: 1 }, { at: NOW }));
  await rejected(() => verifier.verify(mint(7)), "token_revoked");
  answer = (response) => give(response, list({}, { at: NOW - 1 }));
  clock.seconds += 11;
  await rejected(() => verifier.verify(mint(7)), "token_revoked");
  assert.equal(requests.length, 2);
});

test("what needs a fetch cannot be answered at once", async () => {
  const { verifier } = listed();
  await thrown(() => verifier.verifySync(mint(1)), "policy_invalid");
  // The fetch has begun all the same.
  assert.ok(await verifier.verify(mint(1)));
  assert.equal(verifier.verifySync(mint(1)).sub, "s1");
  assert.equal(requests.length, 1);
});

test("an explanation has one line more", async () => {
  const { verifier } = listed({}, { first: { 7: 1 } });
  const line = ({ checks }) => checks.find(({ name }) => name === "status");
  assert.equal(line(verifier.explainSync(mint(7))).error.code, "status_unavailable");
  const revoked = await verifier.explain(mint(7));
  assert.deepEqual([revoked.accepted, revoked.error], [false, "token_revoked"]);
  assert.equal(line(revoked).outcome, "failed");
  assert.match(line(revoked).seen, /"idx":7,/);
  const good = await verifier.explain(mint(8));
  assert.deepEqual([good.accepted, line(good).outcome], [true, "passed"]);
  assert.equal(requests.length, 1);
  const without = new Verifier(KeySet.fromJwks(issuer.publicJwks()), { issuer: ISSUER, audience: "app" });
  assert.equal(line(await without.explain(mint(8))), undefined);
});

test("lists by the keys that issuers publish, also by a new one", async () => {
  const other = Key.generateSync("ES256", { kid: "k2" });
  const jwks = { keys: [...issuer.publicJwks().keys] };
  const keys = new RemoteKeySet({ [ISSUER]: `${origin}/jwks.json` }, { cooldown: 1 });
  const { verifier, clock } = listed({}, { keys });
  let found = list({ 7: 1 });
  answer = (response, { url }) => (url === "/jwks.json" ? response.writeHead(200).end(JSON.stringify(jwks)) : give(response, found));
  await rejected(() => verifier.verify(mint(7)), "token_revoked");
  assert.equal(requests.length, 2);
  jwks.keys.push(...new KeySet(other).publicJwks().keys);
  clock.seconds += 11;
  found = list({ 8: 1 }, { from: publisherOf(other), at: clock.seconds });
  await rejected(() => verifier.verify(mint(8)), "token_revoked");
  assert.ok(await verifier.verify(mint(7)));
  assert.equal(requests.length, 4);
});

test("the part that only verifies", async () => {
  const keys = narrow.KeySet.fromJwks(issuer.publicJwks());
  const { verifier } = listed({}, { keys, of: narrow, first: { 7: 1 } });
  const code = await verifier.verify(mint(7)).catch((error) => error.code);
  assert.equal(code, "token_revoked");
  assert.equal((await verifier.verify(mint(8))).sub, "s8");
});

test("a token that is bound to a key is looked up, too, and its proof is taken once", async () => {
  const { verifier, clock } = listed({}, { first: { 7: 1 } });
  const [client, window, url] = [await DpopKey.generate(), new ProofWindow(), "https://api.example.com/orders"];
  clock.seconds = Math.floor(Date.now() / 1000);
  answer = (response) => give(response, list({ 7: 1 }, { at: clock.seconds }));
  const request = async (token) => ({ proof: await client.proof({ method: "GET", url, accessToken: token }), method: "GET", url, window });
  const place = (idx) => ({ status: { status_list: { idx, uri: `${origin}/1-0` } } });
  const [good, revoked] = [8, 7].map((idx) => issuer.mintSync({ sub: `s${idx}`, cnf: { jkt: client.jkt }, ...place(idx) }, "1h"));
  const first = await request(good);
  assert.equal((await verifier.verifyBound(good, first)).sub, "s8");
  await rejected(() => verifier.verifyBound(good, first), "invalid_dpop_proof");
  const asked = await request(revoked);
  await rejected(() => verifier.verifyBound(revoked, asked), "token_revoked");
  assert.equal(requests.length, 1);
});

test("secrets sign lists, too", async () => {
  const secret = Key.hmac("a secret of at least thirty-two bytes", { kid: "k1" });
  const { verifier } = listed({}, { keys: new KeySet(secret) });
  answer = (response) => give(response, list({ 7: 1 }, { from: publisherOf(secret) }));
  const token = (idx) => issuerOf(secret).mintSync({ status: { status_list: { idx, uri: `${origin}/1-0` } } }, "1y", { now: NOW });
  await rejected(() => verifier.verify(token(7)), "token_revoked");
  assert.ok(verifier.verifySync(token(8)));
});

test("a fetch of one's own", async () => {
  const calls = [];
  const own = async (url, init) => {
    calls.push([url, init]);
    return new Response(list({ 7: 1 }));
  };
  const { verifier } = listed({ fetch: own });
  await rejected(() => verifier.verify(mint(7)), "token_revoked");
  assert.deepEqual(calls.map(([url]) => url), [`${origin}/1-0`]);
  assert.ok(calls[0][1].signal instanceof AbortSignal);
  assert.equal(calls[0][1].redirect, "manual");
  assert.equal(requests.length, 0);
  for (const fetch of [() => { throw new Error("at once"); }, async () => undefined]) {
    await rejected(() => listed({ fetch }).verifier.verify(mint(7)), "status_unavailable");
  }
});

test("lists that are disposed at any moment of a call", async () => {
  for (let offset = 0; offset < 60; offset++) {
    for (const what of ["verifier", "statusLists"]) {
      const found = listed({ fetch: async () => new Response(list()) });
      const verified = found.verifier.verify(mint(1)).then(({ sub }) => sub, ({ code }) => code);
      for (let turn = 0; turn < offset; turn++) await null;
      found[what].dispose();
      assert.ok(["s1", "object_disposed", "status_unavailable"].includes(await verified), `${what} after ${offset}: ${await verified}`);
    }
  }
});

test("options that cannot work", () => {
  for (const options of [
    { required: "yes" },
    { timeToLive: "x" },
    { cooldown: -1 },
    { prefixes: ["http:lists"] },
    { prefixes: "https://a.example/" },
    { maxBody: -1 },
    { timeoutMs: NaN },
    { nonsense: 1 },
    null,
  ]) {
    misused(() => new StatusLists(options), JSON.stringify(options));
  }
  for (const statusLists of [{}, [], "x", null, new narrow.StatusLists()]) {
    misused(() => new Verifier(new KeySet(signer), { issuer: ISSUER, audience: "app", statusLists }));
  }
});

test("a revoked token of an endpoint is refused without a request for it", async () => {
  const asked = [];
  let handler;
  const served = createServer((request, response) => {
    asked.push(request.url);
    handler(request, response);
  });
  await new Promise((resolve) => served.listen(0, "127.0.0.1", resolve));
  try {
    const url = `http://127.0.0.1:${served.address().port}`;
    const store = new MemoryStore();
    const oauth = { key: "k1", session_secret: "a text of at least thirty-two bytes", audience: "app", status_lists: { every: "1s" } };
    const keys = [{ kid: "k1", jwk: await Key.generateJwk("ES256", { kid: "k1" }) }];
    const endpoint = new Endpoint({ server: { public_url: url }, keys, oauth }, { store });
    await endpoint.prepare().run(store);
    handler = nodeHandler(endpoint);
    const own = endpoint.issuer();
    const statusLists = new StatusLists({ required: true, prefixes: [url], cooldown: "1s" });
    const options = { issuer: url, audience: "app", tokenType: "at+jwt", statusLists };
    const verifier = new Verifier(KeySet.fromJwks(own.publicJwks()), options);
    const [kept, ended] = await Promise.all(["u1", "u2"].map(async (subject) => (await own.startSession({ subject }).run(store)).accessToken));
    for (let at = 0; at < 100; at++) await Promise.all([verifier.verify(kept), verifier.verify(ended)]);
    await own.revokeSessions({ subject: "u2" }).run(store);
    const end = Date.now() + 60_000;
    let found;
    while ((found = await verifier.verify(ended).catch(({ code }) => code)) !== "token_revoked" && Date.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assert.equal(found, "token_revoked");
    assert.equal((await verifier.verify(kept)).sub, "u1");
    assert.equal(new Set(asked).size, 1);
    assert.ok(asked.length < 70, String(asked.length));
  } finally {
    served.closeAllConnections();
    served.close();
  }
});
