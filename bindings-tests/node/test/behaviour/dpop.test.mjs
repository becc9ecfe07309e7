// Proofs of possession (RFC 9449), judged by jose, and sent to a server that wants a nonce.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, before, beforeEach, test } from "node:test";
import { inspect } from "node:util";

import * as jose from "jose";

import { Endpoint, Issuer, Key, KeySet, MemoryStore, nodeHandler, ProofWindow, StatusLists, Verifier } from "tokenmint";
import { DpopKey, dpopFetch, TokenmintError } from "tokenmint/dpop";

import { launch, resultOf, serve } from "../../lib/browser.mjs";
import { PACKAGE, TESTS } from "../../lib/repository.mjs";

const URL_ = "https://login.example/oauth/token";

/** What a proof says, where its signature is that of the key which it names. */
async function read(proof) {
  const { payload, protectedHeader } = await jose.jwtVerify(proof, jose.EmbeddedJWK, { typ: "dpop+jwt", algorithms: ["ES256"] });
  return { ...payload, jwk: protectedHeader.jwk };
}

async function refused(call, code, field) {
  await assert.rejects(call, (error) => {
    assert.ok(error instanceof TokenmintError, inspect(error));
    assert.deepEqual([error.code, error.field], [code, field]);
    return true;
  });
}

const ecdsa = (namedCurve = "P-256", extractable = false) =>
  crypto.subtle.generateKey({ name: "ECDSA", namedCurve }, extractable, ["sign", "verify"]);

test("a proof says what RFC 9449 section 4.2 wants, and is signed by the key that it shows", async () => {
  const key = await DpopKey.generate();
  const before = Math.floor(Date.now() / 1000);
  const { jwk, iat, jti, ...rest } = await read(await key.proof({ method: "POST", url: `${URL_}?a=1#b` }));
  assert.deepEqual(rest, { htm: "POST", htu: URL_ });
  assert.ok(iat >= before && iat <= Math.floor(Date.now() / 1000));
  assert.deepEqual(Object.keys(jwk).sort(), ["crv", "kty", "x", "y"], "the public half and nothing else");
  assert.equal(key.jkt, await jose.calculateJwkThumbprint(jwk));
  const other = await read(await key.proof({ method: "POST", url: new URL(URL_) }));
  assert.notEqual(other.jti, jti);
  assert.ok(Buffer.from(jti, "base64url").length >= 12);
});

test("a proof for a token has its hash, and the nonce that was asked for", async () => {
  const key = await DpopKey.generate();
  const accessToken = "a.b.c";
  const { ath, nonce, htu } = await read(await key.proof({ method: "GET", url: "http://127.0.0.1:8080", nonce: "n", accessToken }));
  assert.deepEqual([ath, nonce, htu], [createHash("sha256").update(accessToken).digest("base64url"), "n", "http://127.0.0.1:8080/"]);
});

test("nobody gets the private half out", async () => {
  const key = await DpopKey.generate();
  assert.equal(key.pair.privateKey.extractable, false);
  await assert.rejects(crypto.subtle.exportKey("jwk", key.pair.privateKey));
  assert.equal(JSON.stringify(key), JSON.stringify({ jkt: key.jkt }));
});

test("a key of the program's own", async () => {
  const pair = await ecdsa();
  const [key, again] = [await DpopKey.fromCryptoKey(pair), await DpopKey.fromCryptoKey(pair)];
  assert.equal(key.jkt, again.jkt);
  assert.equal(key.pair.privateKey, pair.privateKey);
  await read(await key.proof({ method: "GET", url: URL_ }));
  const { publicKey } = await ecdsa();
  const rsa = { name: "RSASSA-PKCS1-v1_5", modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]), hash: "SHA-256" };
  await refused(DpopKey.fromCryptoKey(await ecdsa("P-384")), "key_unsupported", "privateKey");
  await refused(DpopKey.fromCryptoKey(await crypto.subtle.generateKey(rsa, false, ["sign", "verify"])), "key_unsupported", "privateKey");
  await refused(DpopKey.fromCryptoKey({ ...pair, publicKey }), "key_malformed", "privateKey");
  await refused(DpopKey.fromCryptoKey({ privateKey: publicKey, publicKey }), "key_malformed", "privateKey");
  await refused(DpopKey.fromCryptoKey({ privateKey: pair.privateKey }), "field_invalid", "publicKey");
  for (const wrong of [undefined, null, "text"]) await refused(DpopKey.fromCryptoKey(wrong), "field_invalid", "pair");
});

test("what no request has is refused by name", async () => {
  const key = await DpopKey.generate();
  const request = { method: "GET", url: URL_ };
  await refused(key.proof({ ...request, url: "/oauth/token" }), "field_invalid", "url");
  await refused(key.proof({ ...request, url: "file:///etc/passwd" }), "field_invalid", "url");
  await refused(key.proof({ url: URL_ }), "field_invalid", "method");
  await refused(key.proof({ ...request, nonce: 1 }), "field_invalid", "nonce");
  await refused(key.proof({ ...request, accesToken: "x" }), "field_invalid", "accesToken");
});

/** A server that answers as `answer` says, and what it was asked. */
const asked = [];
let answer, server, base;
before(async () => {
  server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    const proof = await read(request.headers.dpop);
    asked.push({ ...proof, method: request.method, authorization: request.headers.authorization, body });
    const { status = 200, headers = {}, text = "" } = answer(proof, request);
    response.writeHead(status, headers).end(text);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  base = `http://127.0.0.1:${server.address().port}`;
});
beforeEach(() => {
  asked.length = 0;
});
after(() => {
  server.close();
  server.closeAllConnections();
});

const WANTS = {
  "a token endpoint": { status: 400, headers: { "dpop-nonce": "n1", "content-type": "application/json" }, text: '{"error":"use_dpop_nonce"}' },
  "a resource": { status: 401, headers: { "dpop-nonce": "n1", "www-authenticate": 'DPoP error="use_dpop_nonce", algs="ES256"' } },
};

for (const [name, wants] of Object.entries(WANTS)) {
  test(`${name} that wants a nonce is asked once more, and then always with the latest`, async () => {
    const send = dpopFetch(await DpopKey.generate());
    answer = ({ nonce }) => (nonce === undefined ? wants : { headers: { "dpop-nonce": "n2" }, text: "welcome" });
    const given = { method: "POST", body: "grant_type=refresh_token", headers: { authorization: "DPoP a.b.c" } };
    assert.equal(await (await send(`${base}/path?query`, given)).text(), "welcome");
    assert.equal(await (await send(new Request(`${base}/path`))).text(), "welcome");
    assert.deepEqual(asked.map(({ nonce }) => nonce), [undefined, "n1", "n2"]);
    assert.equal(new Set(asked.map(({ jti }) => jti)).size, 3, "no proof is sent twice");
    for (const { htu, htm, method, body, ath, authorization } of asked.slice(0, 2)) {
      assert.deepEqual([htu, htm, method, body, authorization], [`${base}/path`, "POST", "POST", given.body, "DPoP a.b.c"]);
      assert.equal(ath, createHash("sha256").update("a.b.c").digest("base64url"));
    }
    assert.deepEqual([asked[2].htm, asked[2].ath], ["GET", undefined]);
  });

  test(`${name} that is never content is asked twice`, async () => {
    answer = () => wants;
    const response = await dpopFetch(await DpopKey.generate())(base);
    assert.equal(response.status, wants.status);
    assert.equal(await response.text(), wants.text ?? "");
    assert.equal(asked.length, 2);
  });
}

test("any other answer is the caller's, unread", async () => {
  const send = dpopFetch(await DpopKey.generate());
  const others = [
    { status: 400, headers: { "dpop-nonce": "n", "content-type": "application/json" }, text: '{"error":"invalid_grant"}' },
    { status: 400, headers: { "dpop-nonce": "n", "content-type": "application/json" }, text: "{" },
    { status: 401, headers: { "dpop-nonce": "n", "www-authenticate": 'DPoP error="invalid_token"' } },
    { status: 400, headers: { "content-type": "application/json" }, text: '{"error":"use_dpop_nonce"}' },
  ];
  for (const [at, other] of others.entries()) {
    answer = () => other;
    const response = await send(base);
    assert.deepEqual([response.status, await response.text(), asked.length], [other.status, other.text ?? "", at + 1]);
  }
});

test("each server has its own nonce", async () => {
  const sent = [];
  const send = dpopFetch(await DpopKey.generate(), {
    fetch: async (request) => {
      const { origin } = new URL(request.url);
      sent.push([origin, (await read(request.headers.get("dpop"))).nonce]);
      return new Response("", { headers: { "dpop-nonce": `of ${origin}` } });
    },
  });
  for (const host of ["a", "b", "a", "b"]) await send(`https://${host}.example/x`);
  const [a, b] = ["https://a.example", "https://b.example"];
  assert.deepEqual(sent, [[a, undefined], [b, undefined], [a, `of ${a}`], [b, `of ${b}`]]);
});

test("a resource takes a proof of ours once, and names what is no request", async () => {
  const policy = { issuer: "https://api.example.com", audience: "app" };
  const keys = new KeySet(await Key.generate("ES256", { kid: "k1" }));
  const key = await DpopKey.generate();
  const token = await new Issuer(keys, policy).mint({ sub: "u1", cnf: { jkt: key.jkt } }, "1h");
  const verifier = new Verifier(keys, { ...policy, dpop: { maxAge: "30s", algorithms: ["ES256"] } });
  const window = new ProofWindow(5);
  const request = async () => ({ proof: await key.proof({ method: "GET", url: URL_, accessToken: token }), method: "GET", url: URL_, window });
  const first = await request();
  assert.equal((await verifier.verifyBound(token, first)).sub, "u1");
  const code = (expected) => (error) => error.code === expected || assert.fail(inspect(error));
  await assert.rejects(verifier.verifyBound(token, first), code("invalid_dpop_proof"));
  assert.equal((await verifier.verifyBound(token, { ...(await request()), url: new URL(`${URL_}?page=2`) })).sub, "u1");
  await assert.rejects(verifier.verify(token), code("binding_mismatch"));
  await assert.rejects(verifier.verifyBound(token, await request(), { now: Date.now() / 1000 + 60 }), code("invalid_dpop_proof"));
  await assert.rejects(verifier.verifyWithCertificate(token, new Uint8Array(32)), code("binding_mismatch"));
  for (const [wrong, field] of [[{ window: {} }, "window"], [{ method: 1 }, "method"], [{ url: undefined }, "url"], [{ more: 1 }, "more"]]) {
    await assert.rejects(verifier.verifyBound(token, { ...(await request()), ...wrong }), { code: "field_invalid", field });
  }
  await assert.rejects(verifier.verifyWithCertificate(token, new Uint8Array(31)), { code: "field_invalid", field: "sha256" });
  assert.throws(() => new ProofWindow(0), { code: "field_invalid", field: "most" });
  assert.throws(() => new Verifier(keys, { ...policy, dpop: { maxAge: "30s", most: 1 } }), { code: "policy_invalid", field: "dpop.most" });
  window.dispose();
  await assert.rejects(verifier.verifyBound(token, await request()), { code: "object_disposed" });
});

test("a bound token is looked up in its status list, and its proof is taken when that is there", async () => {
  const policy = { issuer: "https://api.example.com", audience: "app" };
  const keys = new KeySet(await Key.generate("ES256", { kid: "k1" }));
  const uri = "https://api.example.com/status/1";
  // The first of its tokens was revoked, the second was not.
  const listed = { sub: uri, ttl: 10, status_list: { bits: 1, lst: "eNrbuRgAAhcBXQ" } };
  const list = await new Issuer(keys, { ...policy, tokenType: "statuslist+jwt" }).mint(listed, "1h");
  let fetched = 0;
  const statusLists = new StatusLists({
    fetch: async () => {
      fetched += 1;
      return new Response(list);
    },
  });
  const verifier = new Verifier(keys, { ...policy, statusLists });
  const key = await DpopKey.generate();
  const window = new ProofWindow();
  const ask = async (idx) => {
    const claims = { sub: `u${idx}`, cnf: { jkt: key.jkt }, status: { status_list: { idx, uri } } };
    const token = await new Issuer(keys, policy).mint(claims, "1h");
    const proof = await key.proof({ method: "GET", url: URL_, accessToken: token });
    return () => verifier.verifyBound(token, { proof, method: "GET", url: URL_, window });
  };
  const [revoked, good] = [await ask(0), await ask(1)];
  assert.equal((await good()).sub, "u1");
  await assert.rejects(good(), { code: "invalid_dpop_proof" });
  await assert.rejects(revoked(), { code: "token_revoked" });
  assert.equal(fetched, 1);
});

test("in a page, from IndexedDB, and in a worker", async () => {
  const page = await serve({ "/dist/": `${PACKAGE}/dist/`, "/browser/": `${TESTS}/browser/` });
  const browser = await launch();
  try {
    const { result, faults } = await resultOf(browser, `${page.origin}/browser/dpop.html`);
    assert.deepEqual(faults, []);
    assert.equal(result.kept, result.jkt, "the same key, read from the database");
    assert.equal(result.extractable, false);
    for (const { proof, jkt } of [result, result.worker]) {
      const { jwk, htu } = await read(proof);
      assert.equal(await jose.calculateJwkThumbprint(jwk), jkt);
      assert.equal(htu, `${page.origin}/resource`);
    }
    assert.equal(result.worker.jkt, result.jkt, "a worker has the page's key");
  } finally {
    await browser.close();
    page.close();
  }
});

test("a page refreshes with its key at a server of another origin, which wants a nonce", async () => {
  const page = await serve({ "/dist/": `${PACKAGE}/dist/` }, { "/page.html": "<title>A page</title>" }, "http://127.0.0.1:*");
  const store = new MemoryStore();
  const config = {
    server: { cors_origins: [page.origin] },
    keys: [{ kid: "k1", alg: "ES256", jwk: await Key.generateJwk("ES256") }],
    oauth: { key: "k1", audience: "api", session_secret: "at least thirty-two bytes of text", dpop: { nonce: true } },
    clients: [{ id: "page", organization: "o1", public: true, permissions: ["refresh_token"], scope: "read", audience: ["api"] }],
  };
  // Its address is known only when it listens, and proofs name that.
  let handle;
  const login = createServer((request, response) => handle(request, response));
  await once(login.listen(0, "127.0.0.1"), "listening");
  const address = `http://127.0.0.1:${login.address().port}`;
  const endpoint = await Endpoint.create({ ...config, oauth: { ...config.oauth, issuer: address } }, { store });
  handle = nodeHandler(endpoint);
  await endpoint.prepare().run(store);
  const browser = await launch();
  try {
    const tab = await browser.newPage();
    await tab.goto(`${page.origin}/page.html`);
    const jkt = await tab.evaluate(async () => {
      const { DpopKey } = await import("/dist/dpop/index.js");
      globalThis.key = await DpopKey.generate();
      return globalThis.key.jkt;
    });
    const started = await endpoint.issuer().startSession({ subject: "u1", clientId: "page", jkt }).run(store);
    const answers = await tab.evaluate(
      async ([url, token]) => {
        const { dpopFetch } = await import("/dist/dpop/index.js");
        const send = dpopFetch(globalThis.key);
        const answers = [];
        for (let refresh_token = token; answers.length < 2; refresh_token = answers.at(-1).refresh_token) {
          const body = new URLSearchParams({ grant_type: "refresh_token", client_id: "page", refresh_token });
          answers.push(await (await send(url, { method: "POST", body })).json());
        }
        return answers;
      },
      [`${address}/oauth/token`, started.refreshToken],
    );
    for (const { token_type, access_token } of answers) {
      assert.equal(token_type, "DPoP");
      assert.equal(jose.decodeJwt(access_token).cnf.jkt, jkt);
    }
  } finally {
    await browser.close();
    page.close();
    login.close();
    login.closeAllConnections();
  }
});
