// jose and jsonwebtoken verify what tokenmint mints, and the reverse.

import assert from "node:assert/strict";
import { createPrivateKey, createPublicKey, createSecretKey } from "node:crypto";
import { test } from "node:test";

import * as jose from "jose";
import jsonwebtoken from "jsonwebtoken";

import { Issuer, Key, KeySet, Verifier, nodeJsonwebtokenExpiry } from "tokenmint";

import { refused } from "../../lib/expect.mjs";
import { ISSUER } from "../../lib/fixtures.mjs";

const JSONWEBTOKEN = ["HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"];
const JOSE = [...JSONWEBTOKEN, "EdDSA"];
const CLAIMS = { sub: "ent_ü", list: [1, 2.5, null, true], deep: { a: { b: "c" } }, n: Number.MAX_SAFE_INTEGER };
const EXPECTED = { audience: "app", issuer: ISSUER };

async function keys(algorithm) {
  const jwk = await Key.generateJwk(algorithm, { kid: "k1" });
  const ours = await Key.fromJwk(jwk);
  if (algorithm.startsWith("HS")) {
    const secret = createSecretKey(Buffer.from(jwk.k, "base64url"));
    return { ours, secret, open: secret };
  }
  const secret = createPrivateKey({ key: jwk, format: "jwk" });
  return { ours, secret, open: createPublicKey(secret) };
}

function spoil(token) {
  const [head, body, signature] = token.split(".");
  return [head, body, (signature[0] === "A" ? "B" : "A") + signature.slice(1)].join(".");
}

for (const algorithm of JOSE) {
  test(`${algorithm}: jose`, async () => {
    const { ours, secret, open } = await keys(algorithm);
    const set = new KeySet(ours);
    const issuer = new Issuer(set, { issuer: ISSUER, audience: "app" });
    const verifier = new Verifier(set, { issuer: ISSUER, audience: "app" });

    for (const token of [issuer.mintSync(CLAIMS, "1h"), await issuer.mint(CLAIMS, "1h")]) {
      const { payload, protectedHeader } = await jose.jwtVerify(token, open, { ...EXPECTED, algorithms: [algorithm] });
      assert.deepEqual(payload, verifier.verifySync(token));
      assert.deepEqual({ ...payload, ...CLAIMS }, payload);
      assert.deepEqual(protectedHeader, { alg: algorithm, typ: "JWT", kid: "k1" });
      await assert.rejects(jose.jwtVerify(spoil(token), open, EXPECTED));
    }
    const theirs = await new jose.SignJWT(CLAIMS)
      .setProtectedHeader({ alg: algorithm, typ: "JWT", kid: "k1" })
      .setIssuer(ISSUER)
      .setAudience(["x", "app"])
      .setExpirationTime("1h")
      .sign(secret);
    const { payload } = await jose.jwtVerify(theirs, open, EXPECTED);
    assert.deepEqual(verifier.verifySync(theirs), payload);
    assert.deepEqual(await verifier.verify(theirs), payload);
    await refused(() => verifier.verifySync(spoil(theirs)), "signature_invalid");

    if (algorithm.startsWith("HS")) return;
    // Each reads the other's key set.
    const local = jose.createLocalJWKSet(issuer.publicJwks());
    await jose.jwtVerify(issuer.mintSync({}, "1h"), local, EXPECTED);
    const published = { ...(await jose.exportJWK(open)), kid: "k1", alg: algorithm, use: "sig" };
    const read = new Verifier(KeySet.fromJwks({ keys: [published] }), { issuer: ISSUER, audience: "app" });
    assert.deepEqual(await read.verify(theirs), payload);
    const thumbprint = await jose.calculateJwkThumbprint(published);
    assert.equal(ours.thumbprint, thumbprint);
  });
}

for (const algorithm of JSONWEBTOKEN) {
  test(`${algorithm}: jsonwebtoken`, async () => {
    const { ours, secret, open } = await keys(algorithm);
    const set = new KeySet(ours);
    const issuer = new Issuer(set, { issuer: ISSUER, audience: "app" });
    const verifier = new Verifier(set, { issuer: ISSUER, audience: "app" });
    const token = issuer.mintSync(CLAIMS, "1h");
    assert.deepEqual(jsonwebtoken.verify(token, open, { ...EXPECTED, algorithms: [algorithm] }), verifier.verifySync(token));
    assert.throws(() => jsonwebtoken.verify(spoil(token), open, { algorithms: [algorithm] }));
    const theirs = jsonwebtoken.sign(CLAIMS, secret, { algorithm, ...EXPECTED, expiresIn: "1h", keyid: "k1" });
    assert.deepEqual(verifier.verifySync(theirs), jsonwebtoken.verify(theirs, open, { algorithms: [algorithm] }));
    assert.deepEqual(await verifier.verify(theirs), verifier.verifySync(theirs));
    await refused(() => verifier.verifySync(spoil(theirs)), "signature_invalid");
    const old = jsonwebtoken.sign({ ...CLAIMS, exp: 1 }, secret, { algorithm, ...EXPECTED, keyid: "k1" });
    await refused(() => verifier.verifySync(old), "token_expired");
    assert.throws(() => jsonwebtoken.verify(old, open, { algorithms: [algorithm] }), /jwt expired/);
  });
}

test("the same expiresIn as jsonwebtoken's, in the function of that name", async () => {
  const iat = 1_700_000_000;
  for (const text of ["1h", "2 days", "1y", "90", "1000", "1.5h", "-1s", "10ms", ".5m", "3600"]) {
    const { exp } = jsonwebtoken.decode(jsonwebtoken.sign({ iat }, "x".repeat(32), { expiresIn: text }));
    assert.equal(nodeJsonwebtokenExpiry(text, iat), exp, text);
  }
  for (const text of ["", "x", "1 fortnight"]) {
    assert.throws(() => jsonwebtoken.sign({ iat }, "x".repeat(32), { expiresIn: text }));
    await refused(() => nodeJsonwebtokenExpiry(text, iat));
  }
});

test("no confusion of a public key with a secret", async () => {
  const { ours, open } = await keys("RS256");
  const verifier = new Verifier(new KeySet(ours), { issuer: ISSUER, audience: "app" });
  const pem = open.export({ type: "spki", format: "pem" });
  const body = { iss: ISSUER, aud: "app", exp: 4_000_000_000 };
  const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const { createHmac } = await import("node:crypto");
  const input = `${encode({ alg: "HS256", typ: "JWT", kid: "k1" })}.${encode(body)}`;
  const forged = `${input}.${createHmac("sha256", pem).update(input).digest("base64url")}`;
  await refused(() => verifier.verifySync(forged), ["algorithm_not_allowed", "key_mismatch", "key_not_found"]);
  const none = `${encode({ alg: "none", typ: "JWT", kid: "k1" })}.${encode(body)}.`;
  await refused(() => verifier.verifySync(none));
});
