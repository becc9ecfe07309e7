// Keys: where they come from, what they can do, and on which side their crypto runs.

import assert from "node:assert/strict";
import { createPrivateKey, createPublicKey, createSecretKey, generateKeyPairSync } from "node:crypto";
import { test } from "node:test";

import { Issuer, Key, KeySet, Verifier } from "tokenmint";

import { misused, refused, rejected, thrown } from "../../lib/expect.mjs";
import { ISSUER, SECRET, pair } from "../../lib/fixtures.mjs";
import { read } from "../../lib/repository.mjs";

const { subtle } = globalThis.crypto;
const ASYMMETRIC = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"];
const ALGORITHMS = ["HS256", "HS384", "HS512", ...ASYMMETRIC];
const SUBTLE = {
  RS: (hash) => ({ name: "RSASSA-PKCS1-v1_5", modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]), hash }),
  PS: (hash) => ({ name: "RSA-PSS", modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]), hash }),
  ES: (hash) => ({ name: "ECDSA", namedCurve: { "SHA-256": "P-256", "SHA-384": "P-384", "SHA-512": "P-521" }[hash] }),
  Ed: () => ({ name: "Ed25519" }),
};

/** A pair of CryptoKeys as a program would make it. */
function generate(algorithm, extractable = false) {
  return subtle.generateKey(SUBTLE[algorithm.slice(0, 2)](`SHA-${algorithm.slice(2)}`), extractable, ["sign", "verify"]);
}

function works(key, signer = key) {
  const { issuer } = pair(signer);
  const token = issuer.mintSync({ sub: "s" }, "1h");
  const verifier = new Verifier(new KeySet(key), { issuer: ISSUER, audience: "app" });
  assert.equal(verifier.verifySync(token).sub, "s");
  return token;
}

test("an RSA key of n, e and d alone is the same key", async () => {
  for (const name of ["rsa2048", "rsa2048.e3", "rsa3000"]) {
    const { kty, n, e, d } = createPrivateKey(read(`core/tests-data/keys/${name}.pem`)).export({ format: "jwk" });
    const least = { kty, n, e, d, alg: "RS256", kid: "k1" };
    const key = await Key.fromJwk(least);
    assert.equal(key.canSign, true);
    works(key);
    works(KeySet.fromJwks({ keys: [least] }).keys[0]);
    await refused(() => Key.fromJwk({ ...least, d: n }), "key_malformed", "d");
    await refused(() => Key.fromJwk({ ...least, d: "AQAB" }), "key_malformed", "d");
    await refused(() => Key.fromJwk({ ...least, p: "AQAB" }), "key_malformed");
  }
});

for (const algorithm of ALGORITHMS) {
  test(`${algorithm}: generated keys sign and verify, at once and later`, async () => {
    const jwk = await Key.generateJwk(algorithm, { kid: "k1" });
    const key = Key.fromJwkSync(jwk);
    assert.deepEqual([key.kid, key.algorithm, key.canSign], ["k1", algorithm, true]);
    assert.equal((await Key.fromJwk(JSON.stringify(jwk))).thumbprint, key.thumbprint);
    const token = works(key);
    const { issuer, verifier } = pair(key);
    assert.equal((await verifier.verify(await issuer.mint({ sub: "t" }, "1h"))).sub, "t");
    const jwks = issuer.publicJwks();
    if (algorithm.startsWith("HS")) {
      assert.deepEqual(jwks, { keys: [] });
      assert.deepEqual([key.publicJwk(), key.thumbprint], [undefined, undefined]);
      return;
    }
    assert.deepEqual(jwks.keys, [key.publicJwk()]);
    assert.ok(!("d" in jwks.keys[0]) && !("p" in jwks.keys[0]));
    const set = KeySet.fromJwks(jwks);
    assert.equal(set.keys[0].canSign, false);
    const judge = new Verifier(set, { issuer: ISSUER, audience: "app" });
    assert.equal(judge.verifySync(token).sub, "s");
    assert.equal((await judge.verify(token)).sub, "s");
    const spoilt = `${token.slice(0, token.lastIndexOf(".") + 1)}${"A".repeat(token.length - token.lastIndexOf(".") - 1)}`;
    await thrown(() => judge.verifySync(spoilt), "signature_invalid");
    await rejected(() => judge.verify(spoilt), "signature_invalid");
    await thrown(() => new Issuer(set, { issuer: "i" }), "key_missing");
    assert.equal(key.withThumbprintKid().kid, key.thumbprint);
    assert.equal(key.withKid("other").kid, "other");
    assert.equal(key.withKid().kid, undefined);
    assert.equal(key.kid, "k1", "a key does not change");
    const [later, atOnce] = [await Key.generate(algorithm, { kid: "g" }), Key.generateSync(algorithm)];
    works(later);
    works(atOnce);
    assert.notEqual(later.thumbprint, atOnce.thumbprint);
  });
}

for (const algorithm of ASYMMETRIC) {
  test(`${algorithm}: a CryptoKey that cannot be read out`, async () => {
    const both = await generate(algorithm);
    assert.equal(both.privateKey.extractable, false);
    const key = await Key.fromCryptoKey(both, { kid: "c1", algorithm });
    assert.deepEqual([key.kid, key.algorithm, key.canSign], ["c1", algorithm, true]);
    const { issuer, verifier } = pair(key);
    const token = await issuer.mint({ sub: "s" }, "1h");
    assert.equal((await verifier.verify(token)).sub, "s");
    const judge = new Verifier(KeySet.fromJwks(issuer.publicJwks()), { issuer: ISSUER, audience: "app" });
    assert.equal((await judge.verify(token)).sub, "s");
    await refused(() => judge.verifySync(`${token.slice(0, -6)}AAAAAA`), "signature_invalid");
    // A public half alone verifies, and does not sign.
    const half = await Key.fromCryptoKey(both.publicKey, { kid: "c1", algorithm });
    assert.equal(half.canSign, false);
    assert.equal((await pair(key).verifier.verify(token)).sub, "s");
    await thrown(() => new Issuer(new KeySet(half), { issuer: "i" }), "key_missing");
  });
}

test("what no CryptoKey of this kind may do is refused", async () => {
  const ecdh = await subtle.generateKey({ name: "ECDH", namedCurve: "P-256" }, false, ["deriveBits"]);
  const es256 = await generate("ES256");
  const es384 = await generate("ES384");
  for (const call of [
    () => Key.fromCryptoKey(ecdh, { algorithm: "ES256" }),
    () => Key.fromCryptoKey(es256, { algorithm: "ES384" }),
    () => Key.fromCryptoKey(es256, { algorithm: "RS256" }),
    () => Key.fromCryptoKey({ privateKey: es256.privateKey, publicKey: es384.publicKey }, { algorithm: "ES256" }),
  ]) {
    await rejected(call, ["key_malformed", "key_unsupported", "key_usage", "key_mismatch"]);
  }
  // Halves of two pairs mint nothing.
  const other = await generate("ES256");
  const halves = { privateKey: es256.privateKey, publicKey: other.publicKey };
  await rejected(async () => pair(await Key.fromCryptoKey(halves, { algorithm: "ES256" })).issuer.mint({}, 60));
  for (const wrong of [undefined, null, {}, "key", new Uint8Array(32)]) {
    await misused(() => Key.fromCryptoKey(wrong, { algorithm: "ES256" }));
  }
});

test("KeyObjects of Node", async () => {
  const cases = {
    RS256: generateKeyPairSync("rsa", { modulusLength: 2048 }),
    PS256: generateKeyPairSync("rsa", { modulusLength: 2048 }),
    ES256: generateKeyPairSync("ec", { namedCurve: "P-256" }),
    ES384: generateKeyPairSync("ec", { namedCurve: "P-384" }),
    ES512: generateKeyPairSync("ec", { namedCurve: "P-521" }),
    EdDSA: generateKeyPairSync("ed25519"),
  };
  for (const [algorithm, { privateKey, publicKey }] of Object.entries(cases)) {
    const key = Key.fromKeyObject(privateKey, { kid: "n1", algorithm });
    const half = Key.fromKeyObject(publicKey, { kid: "n1", algorithm });
    assert.deepEqual([key.canSign, half.canSign, key.thumbprint], [true, false, half.thumbprint]);
    works(half, key);
  }
  const secret = Key.fromKeyObject(createSecretKey(Buffer.from(SECRET)), { kid: "k1", algorithm: "HS256" });
  works(Key.hmac(SECRET, { kid: "k1" }), secret);
  await refused(() => Key.fromKeyObject(generateKeyPairSync("x25519").privateKey, { algorithm: "EdDSA" }), ["key_unsupported", "key_malformed"]);
  await refused(() => Key.fromKeyObject(generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey, { algorithm: "RS256" }), "key_weak");
});

const PEMS = {
  "ed25519.pem": "EdDSA",
  "p256.pem": "ES256",
  "p256.sec1.pem": "ES256",
  "p256.nopub.pem": "ES256",
  "p384.pem": "ES384",
  "p521.pem": "ES512",
  "rsa2048.pem": "RS256",
  "rsa2048.pkcs1.pem": "PS512",
  "rsa3000.pem": "RS512",
};
for (const [name, algorithm] of Object.entries(PEMS)) {
  test(`PEM: ${name}`, async () => {
    const pem = read(`core/tests-data/keys/${name}`);
    const options = { kid: "p1", algorithm };
    const key = Key.fromPemSync(pem, options);
    const later = await Key.fromPem(pem, options);
    assert.deepEqual([key.canSign, key.algorithm, later.thumbprint], [true, algorithm, key.thumbprint]);
    const token = works(key);
    const spki = createPublicKey(createPrivateKey(pem)).export({ type: "spki", format: "pem" });
    const half = Key.fromPemSync(spki, options);
    assert.deepEqual([half.canSign, half.thumbprint], [false, key.thumbprint]);
    works(half, later);
    assert.equal((await new Verifier(new KeySet(half), { issuer: ISSUER, audience: "app" }).verify(token)).sub, "s");
  });
}

test("PEM: certificates and public keys", async () => {
  for (const [name, algorithm] of [["certificate.pem", undefined], ["certificate.rsa.pem", "RS256"], ["p256.pub.pem"], ["ed25519.pub.pem"], ["rsa2048.pkcs1.pub.pem", "PS256"]]) {
    const pem = read(`core/tests-data/keys/${name}`);
    const key = Key.fromPemSync(pem, { algorithm });
    assert.equal(key.canSign, false);
    assert.equal((await Key.fromPem(pem, { algorithm })).thumbprint, key.thumbprint);
  }
});

test("PEM: what cannot be used is refused, as everywhere", async () => {
  const cases = {
    "ed448.pem": "key_unsupported",
    "x25519.pem": ["key_unsupported", "key_malformed"],
    "secp256k1.pem": "key_unsupported",
    "rsa1024.pem": "key_weak",
    "ed25519.encrypted.pem": ["key_unsupported", "key_malformed"],
    "p256.explicit.pem": ["key_unsupported", "key_malformed"],
    "certificate.encipherment.pem": "key_usage",
  };
  for (const [name, code] of Object.entries(cases)) {
    const pem = read(`core/tests-data/keys/${name}`);
    const options = { algorithm: name.startsWith("rsa") ? "RS256" : undefined };
    await thrown(() => Key.fromPemSync(pem, options), code);
    await rejected(() => Key.fromPem(pem, options), code);
  }
  // An RSA key does not say what it is for.
  await refused(() => Key.fromPemSync(read("core/tests-data/keys/rsa2048.pem")), ["key_usage", "key_unsupported", "key_malformed"]);
  for (const text of ["", "x", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"]) {
    await thrown(() => Key.fromPemSync(text), "key_malformed");
  }
});

test("secrets", async () => {
  const bytes = new TextEncoder().encode(SECRET);
  const token = works(Key.hmac(bytes), Key.hmac(SECRET));
  // The bytes are copied: the caller may wipe them.
  const own = Uint8Array.from(bytes);
  const key = Key.hmac(own);
  own.fill(0);
  assert.equal(pair(key).verifier.verifySync(token).sub, "s");
  assert.equal(Key.hmac(new Uint8Array(64), { algorithm: "HS512" }).algorithm, "HS512");
  await thrown(() => Key.hmac("short"), "key_weak");
  await thrown(() => Key.hmac(new Uint8Array(32), { algorithm: "HS512" }), "key_weak");
  await thrown(() => Key.hmac(""), "key_weak");
  await thrown(() => Key.hmac(SECRET, { algorithm: "RS256" }), ["key_usage", "key_mismatch", "key_unsupported"]);
  for (const wrong of [undefined, null, 32, {}, new Array(40).fill(1)]) {
    misused(() => Key.hmac(wrong));
  }
  // UTF-8, and no lone surrogate that would become something else.
  works(Key.hmac(new TextEncoder().encode("ü".repeat(32))), Key.hmac("ü".repeat(32)));
});

test("JWKs that cannot be keys", async () => {
  const good = await Key.generateJwk("ES256");
  const ed = await Key.generateJwk("EdDSA");
  const rsa = await Key.generateJwk("RS256");
  const other = await Key.generateJwk("ES256");
  const cases = [
    [{ kty: "oct", k: "c2hvcnQ", alg: "HS256" }, "key_weak"],
    [{ ...good, x: other.x }, "key_malformed"],
    [{ ...good, d: other.d }, "key_malformed"],
    [{ ...ed, d: (await Key.generateJwk("EdDSA")).d }, "key_malformed"],
    [{ ...rsa, n: (await Key.generateJwk("RS256")).n }, "key_malformed"],
    [{ ...good, d: "AA" }, "key_malformed"],
    [{ ...good, use: "enc" }, "key_usage"],
    [{ ...good, crv: "P-999" }, ["key_unsupported", "key_malformed"]],
    [{ ...good, alg: "none" }, ["key_unsupported", "key_malformed"]],
    [{ kty: "EC" }, "key_malformed"],
    [{}, "key_malformed"],
    ["[]", "key_malformed"],
    ["{", "key_malformed"],
    [`${JSON.stringify(good)}x`, "key_malformed"],
  ];
  for (const [jwk, code] of cases) {
    await thrown(() => Key.fromJwkSync(jwk), code);
    await rejected(() => Key.fromJwk(jwk), code);
  }
  for (const wrong of [undefined, null, 1, true, Symbol("s")]) {
    misused(() => Key.fromJwkSync(wrong));
  }
});

test("key sets", async () => {
  const [one, two] = [Key.hmac(SECRET, { kid: "k1" }), Key.generateSync("ES256", { kid: "k2" })];
  const set = new KeySet(one, two);
  assert.deepEqual([set.size, set.keys.map((key) => key.kid), set.skipped], [2, ["k1", "k2"], []]);
  assert.deepEqual(set.publicJwks().keys.map((jwk) => jwk.kid), ["k2"]);
  await thrown(() => new KeySet(one, one), "key_duplicate");
  await thrown(() => new KeySet(), ["key_missing", "policy_invalid"]);
  for (const wrong of ["k1", undefined, {}, [one], { ...one }]) misused(() => new KeySet(wrong));
  // The first key signs, each verifies what is its own.
  const token = new Issuer(new KeySet(two, one), { issuer: ISSUER, audience: "app" }).mintSync({}, "1h");
  assert.ok(new Verifier(set, { issuer: ISSUER, audience: "app" }).verifySync(token));

  const good = await Key.generateJwk("HS256", { kid: "good" });
  const some = KeySet.fromJwks({ keys: [{ kty: "oct", alg: "HS256", kid: "short", k: "c2hvcnQ" }, good] });
  assert.deepEqual(some.keys.map((key) => key.kid), ["good"]);
  assert.equal(some.skipped.length, 1);
  assert.deepEqual([some.skipped[0].kid, some.skipped[0].error.code], ["short", "key_weak"]);
  assert.ok(some.skipped[0].error instanceof Error);
  assert.throws(() => set.keys.push(one), TypeError);
  await thrown(() => KeySet.fromJwks("{}"), "key_malformed");
  await thrown(() => KeySet.fromJwks({ keys: {} }), "key_malformed");
});

test("a private JWK in a set signs or is refused by name, and never passes silently", async () => {
  const jwk = await Key.generateJwk("ES256", { kid: "k1" });
  const set = KeySet.fromJwks({ keys: [jwk] });
  assert.equal(set.publicJwks().keys.some((key) => "d" in key), false);
  if (set.keys.length === 0) {
    assert.equal(set.skipped[0].kid, "k1");
  } else if (set.keys[0].canSign) {
    works(set.keys[0]);
  } else {
    await refused(() => new Issuer(set, { issuer: "i" }), "key_missing");
  }
});

test("what has to be held is never taken for a kind of object that looks like it", async () => {
  const { keys } = pair();
  for (const wrong of ["secret", new Uint8Array(40), undefined, { keys: [] }, [], Key.hmac(SECRET)]) {
    misused(() => new Issuer(wrong, { issuer: "i" }));
    misused(() => new Verifier(wrong, { issuer: "i", audience: "a" }));
  }
  await refused(() => new Issuer(keys, { issuer: "i", lifetme: "1h" }), "policy_invalid");
  await refused(() => new Verifier(keys, { issuer: "i", audience: "a", leeway: 1 }), "policy_invalid");
  await refused(() => new Verifier(keys, { issuer: "i" }), "policy_invalid");
  await refused(() => new Verifier(keys, {}), "policy_invalid");
  await refused(() => new Verifier(keys, { issuer: "i", anyAudience: true, algorithms: [] }), "policy_invalid");
});
