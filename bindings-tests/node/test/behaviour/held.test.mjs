// Keys whose private part is elsewhere: a key management service, a security module, another process.

import assert from "node:assert/strict";
import { createHmac, generateKeyPairSync, sign as nodeSign, verify as nodeVerify } from "node:crypto";
import { test } from "node:test";

import { Key, KeySet, MemoryStore, Verifier } from "tokenmint";

import { misused, rejected, thrown } from "../../lib/expect.mjs";
import { ISSUER, pair } from "../../lib/fixtures.mjs";

const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const half = () => Key.fromKeyObject(publicKey, { kid: "h1", algorithm: "ES256" });
const sign = (message) => new Uint8Array(nodeSign("sha256", message, { key: privateKey, dsaEncoding: "ieee-p1363" }));

function held(options = {}) {
  return Key.held("kms/1", { algorithm: "ES256", kid: "h1", public: half(), sign, ...options });
}

const judge = () => new Verifier(new KeySet(half()), { issuer: ISSUER, audience: "app" });

test("a key that signs at once serves both kinds of methods", async () => {
  const seen = [];
  const key = held({ sign: (message) => (seen.push(message), sign(message)) });
  assert.deepEqual([key.kid, key.algorithm, key.canSign, key.thumbprint], ["h1", "ES256", true, half().thumbprint]);
  const { issuer } = pair(key);
  for (const token of [issuer.mintSync({ sub: "s" }, "1h"), await issuer.mint({ sub: "s" }, "1h")]) {
    assert.equal(judge().verifySync(token).sub, "s");
    const message = seen.shift();
    assert.ok(message instanceof Uint8Array);
    assert.equal(new TextDecoder().decode(message), token.slice(0, token.lastIndexOf(".")));
  }
  assert.deepEqual(seen, []);
  assert.deepEqual(issuer.publicJwks().keys[0].x, half().publicJwk().x);
});

test("a key that signs later needs the methods that answer later", async () => {
  const { issuer, verifier } = pair(held({ sign: async (message) => sign(message) }));
  const token = await issuer.mint({ sub: "s" }, "1h");
  assert.equal((await verifier.verify(token)).sub, "s");
  await thrown(() => issuer.mintSync({}, "1h"));
  // It is refused, and a promise of a signature is not left without a listener.
  assert.ok(await issuer.mint({}, "1h"));
});

test("whoever mints is told why the key did not sign", async () => {
  const mine = new Error("the service is away");
  for (const sign of [() => { throw mine; }, async () => { throw mine; }]) {
    const { issuer } = pair(held({ sign }));
    const error = await issuer.mint({}, "1h").catch((caught) => caught);
    assert.ok(error === mine || error.code === "store_unavailable", String(error));
    if (error !== mine) assert.equal(error.cause, mine);
  }
});

test("what is no signature never becomes a token", async () => {
  const wrong = [
    new Uint8Array(0),
    new Uint8Array(63),
    new Uint8Array(64),
    new Uint8Array(65).fill(1),
    new Uint8Array(nodeSign("sha256", Buffer.from("x"), privateKey)),
    sign(Buffer.from("another message")),
    "a text",
    undefined,
    null,
    {},
    new Array(64).fill(1),
    new Uint8Array(2_000_000),
  ];
  for (const value of wrong) {
    for (const sign of [() => value, async () => value]) {
      const { issuer } = pair(held({ sign }));
      const found = await issuer.mint({}, "1h").catch((error) => error);
      assert.ok(found instanceof Error, `a token was made of ${value}`);
      assert.doesNotMatch(found.message, /undefined is not|Cannot read/);
      if (sign.constructor.name === "AsyncFunction") continue;
      assert.throws(() => issuer.mintSync({}, "1h"));
    }
  }
  // The next one that signs well is not disturbed.
  assert.ok(judge().verifySync(pair(held()).issuer.mintSync({}, "1h")));
});

test("a signature in another kind of bytes is taken, and copied", async () => {
  for (const wrap of [(bytes) => Buffer.from(bytes), (bytes) => new Uint8Array([0, ...bytes, 0]).subarray(1, 65)]) {
    const { issuer } = pair(held({ sign: (message) => wrap(sign(message)) }));
    assert.ok(judge().verifySync(issuer.mintSync({}, "1h")));
  }
});

test("verification elsewhere", async () => {
  const secret = Buffer.from("a secret that never enters the process, really");
  const mac = (message) => new Uint8Array(createHmac("sha256", secret).update(message).digest());
  const same = (message, signature) => Buffer.compare(mac(message), signature) === 0;
  for (const verify of [same, async (message, signature) => same(message, signature)]) {
    const key = Key.held("hsm/2", { algorithm: "HS256", kid: "h2", sign: mac, verify });
    const { issuer, verifier } = pair(key);
    const token = await issuer.mint({ sub: "s" }, "1h");
    assert.equal((await verifier.verify(token)).sub, "s");
    await rejected(() => verifier.verify(`${token.slice(0, -6)}AAAAAA`), "signature_invalid");
    assert.equal((await verifier.explain(token)).accepted, true);
  }
  // Only `true` is yes.
  for (const answer of [1, "true", {}, undefined, null, new Boolean(true)]) {
    const key = Key.held("hsm/3", { algorithm: "ES256", kid: "h1", sign, verify: () => answer });
    const { issuer, verifier } = pair(key);
    const token = await issuer.mint({}, "1h").catch((error) => error);
    if (token instanceof Error) continue;
    const found = await verifier.verify(token).catch((error) => error);
    assert.ok(found instanceof Error, `${answer} is no verdict`);
  }
});

test("where nothing verifies, a token of the key is not accepted", async () => {
  const key = Key.held("kms/9", { algorithm: "ES256", kid: "h1", sign });
  const { issuer, verifier } = pair(key);
  const token = await issuer.mint({}, "1h").catch((error) => error);
  if (token instanceof Error) return assert.ok(typeof token.code === "string");
  const found = await verifier.verify(token).catch((error) => error);
  assert.ok(found instanceof Error && typeof found.code === "string");
});

test("two held keys of one name are two keys", async () => {
  const other = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const second = Key.held("kms/1", {
    algorithm: "ES256",
    kid: "h2",
    public: Key.fromKeyObject(other.publicKey, { kid: "h2", algorithm: "ES256" }),
    sign: (message) => new Uint8Array(nodeSign("sha256", message, { key: other.privateKey, dsaEncoding: "ieee-p1363" })),
  });
  const tokens = [pair(held()).issuer, pair(second).issuer].map((issuer) => issuer.mintSync({}, "1h"));
  const keys = [publicKey, other.publicKey];
  tokens.forEach((token, index) => {
    const [head, body, signature] = token.split(".");
    const check = (key) =>
      nodeVerify("sha256", Buffer.from(`${head}.${body}`), { key, dsaEncoding: "ieee-p1363" }, Buffer.from(signature, "base64url"));
    assert.deepEqual(keys.map(check), [index === 0, index === 1]);
  });
});

test("flows ask a held key, once for each token", async () => {
  let signed = 0;
  const { issuer } = pair(held({ sign: async (message) => ((signed += 1), sign(message)) }));
  const store = new MemoryStore();
  await issuer.createClient({ id: "c1", organization: "o", secret: "s1", permissions: ["client_credentials"] }).run(store);
  const { accessToken } = await issuer.clientCredentials({ clientId: "c1", clientSecret: "s1" }).run(store);
  assert.equal(signed, 1);
  assert.equal((await issuer.check({ token: accessToken }).run(store)).clientId, "c1");
  await thrown(() => issuer.clientCredentials({ clientId: "c1", clientSecret: "s1" }).runSync(store));
});

test("what is no held key is refused", async () => {
  for (const options of [undefined, {}, { algorithm: "ES256" }, { algorithm: "ES256", sign: "x" }, { algorithm: "XX", sign }]) {
    misused(() => Key.held("kms/1", options));
  }
  for (const name of ["", undefined, 1]) misused(() => Key.held(name, { algorithm: "ES256", sign }));
  await thrown(() => Key.held("kms/1", { algorithm: "ES384", public: half(), sign }), ["key_mismatch", "key_usage", "key_unsupported", "key_malformed"]);
});
