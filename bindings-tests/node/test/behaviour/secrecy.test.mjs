// No secret in any text form, property or error.

import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { inspect } from "node:util";

import * as tokenmint from "tokenmint";
import { Endpoint, Issuer, Key, KeySet, MemoryStore, RemoteKeySet, Verifier, generateSecret, hashSecret, secretMatches } from "tokenmint";

import { ISSUER } from "../../lib/fixtures.mjs";
import { read } from "../../lib/repository.mjs";
import { MapStore } from "../../vectors/stores.mjs";

const SECRET = "hunter2-hunter2-hunter2-hunter2-hunter2";
const key = Key.hmac(SECRET, { kid: "k1" });
const policy = { issuer: ISSUER, audience: "api", sessionSecret: SECRET };
const issuer = new Issuer(new KeySet(key), policy);
const config = (secret) => ({ keys: [{ kid: "k1", secret }], mercoa: { issuer: "i", key: "k1" } });

/** A secret in every form in which it may stand somewhere. */
function forms(bytes) {
  const buffer = Buffer.from(bytes);
  const parts = [buffer, ...(buffer.length > 32 ? [buffer.subarray(-16)] : [])];
  return parts.flatMap((part) => [
    part.toString("latin1"),
    part.toString("base64url"),
    part.toString("base64").replace(/=+$/, ""),
    part.toString("hex"),
    part.toString("hex").toUpperCase(),
    part.join(", "),
    part.join(","),
    part.toString("hex").match(/../g).join(" "),
  ]);
}

/** Everything that a program may print of a value. */
function texts(value) {
  const all = [inspect(value, { depth: 10, showHidden: true, maxArrayLength: null, maxStringLength: null }), String(value), `${inspect([value], { depth: 10, getters: false })}`];
  all.push(JSON.stringify(value, (_, inner) => (typeof inner === "bigint" ? String(inner) : inner)) ?? "");
  all.push(JSON.stringify({ ...value }) ?? "");
  for (let at = value; at && at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    for (const name of Reflect.ownKeys(at)) {
      const descriptor = Object.getOwnPropertyDescriptor(at, name);
      if ("value" in descriptor && typeof descriptor.value !== "function") all.push(inspect(descriptor.value, { depth: 10, showHidden: true }));
    }
  }
  return all;
}

function assertSilent(value, secrets, name) {
  for (const text of texts(value)) {
    for (const secret of secrets) assert.ok(!text.includes(secret), `${name}: ${text.slice(0, 300)}`);
  }
}

const hunter = forms(Buffer.from(SECRET));

test("no object shows the secret it holds", async () => {
  const set = new KeySet(key);
  const objects = { key, set, issuer, verifier: issuer.verifier(), store: new MemoryStore() };
  objects.endpoint = new Endpoint(config(SECRET));
  objects.task = issuer.clientCredentials({ clientId: "c", clientSecret: SECRET });
  objects.operation = issuer.operation("client_credentials", { client_id: "c", client_secret: SECRET });
  objects.judge = new Verifier(set, { issuer: "i", audience: "a" });
  objects.remote = new RemoteKeySet({ [ISSUER]: "https://a.example/jwks.json" });
  for (const [name, object] of Object.entries(objects)) {
    assertSilent(object, hunter, name);
    // A clone, where the platform makes one, holds nothing.
    try {
      assertSilent(structuredClone(object), hunter, `a clone of ${name}`);
    } catch (error) {
      if (error.name !== "DataCloneError") throw error;
    }
  }
  await objects.task.run(new MemoryStore()).catch(() => {});
  assertSilent(objects.task, hunter, "a task that was run");
});

for (const algorithm of ["RS256", "ES256", "ES384", "ES512", "EdDSA", "HS512"]) {
  test(`${algorithm}: no object shows the private key it holds`, async () => {
    const jwk = await Key.generateJwk(algorithm, { kid: "k1" });
    const secrets = ["d", "p", "q", "dp", "dq", "qi", "k"].filter((name) => name in jwk).flatMap((name) => forms(Buffer.from(jwk[name], "base64url")));
    assert.ok(secrets.length > 0);
    for (const own of [Key.fromJwkSync(jwk), await Key.fromJwk(jwk)]) {
      const set = new KeySet(own);
      const signer = new Issuer(set, { issuer: ISSUER });
      await signer.mint({}, 60);
      for (const object of [own, set, signer, signer.verifier(), signer.publicJwks(), own.publicJwk() ?? {}]) {
        assertSilent(object, secrets, object.constructor.name);
      }
    }
  });
}

test("a key of a KeyObject or a CryptoKey does not show it", async () => {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const secrets = forms(Buffer.from(privateKey.export({ format: "jwk" }).d, "base64url"));
  const own = Key.fromKeyObject(privateKey, { algorithm: "EdDSA" });
  assertSilent(own, secrets, "KeyObject");
  // Nor can whoever holds the key take the native object out of it.
  for (const object of [own, new KeySet(own), new Issuer(new KeySet(own), { issuer: "i" })]) {
    assert.ok(!inspect(object, { depth: 10, showHidden: true }).includes("PrivateKeyObject"), inspect(object, { depth: 10, showHidden: true }));
  }
  assert.ok(publicKey);
});

test("no error holds a secret", async () => {
  const store = new MemoryStore();
  const pem = `-----BEGIN PRIVATE KEY-----\n${SECRET}\n-----END PRIVATE KEY-----`;
  const real = read("core/tests-data/keys/ed25519.pem");
  const broken = real.replace(/([A-Za-z0-9+/=]+)\n-----END/, (_, body) => `${body.slice(0, -8)}\n-----END`);
  const wrong = [
    () => new Endpoint({ keys: SECRET }),
    () => new Endpoint(SECRET),
    () => new Endpoint(config({ x: SECRET })),
    () => new Endpoint(config([SECRET])),
    () => new Endpoint({ ...config(SECRET), mercoa: 1 }),
    () => new Endpoint({ ...config(SECRET), [SECRET.slice(0, 3)]: 1 }),
    () => Endpoint.create(config({ x: SECRET })),
    () => new Issuer(new KeySet(key), { issuer: "i", sessionSecret: { x: SECRET } }),
    () => new Issuer(new KeySet(key), { issuer: "i", sessionSecret: [SECRET] }),
    () => new Issuer(new KeySet(key), { issuer: "i", sessionSecret: "hunter2" }),
    () => Key.hmac("hunter2"),
    () => Key.hmac({ secret: SECRET }),
    () => Key.hmac(SECRET, { algorithm: "RS256" }),
    () => Key.fromJwkSync({ kty: "oct", k: "hunter2" }),
    () => Key.fromJwkSync({ kty: "oct", k: SECRET, alg: "RS256" }),
    () => Key.fromJwkSync(`{"kty":"oct","k":"${SECRET}"`),
    () => Key.fromJwkSync({ kty: "OKP", crv: "Ed25519", x: "AAAA", d: SECRET }),
    () => Key.fromJwk({ kty: "RSA", n: SECRET, e: "AQAB", d: SECRET }),
    () => Key.fromPemSync(pem),
    () => Key.fromPem(pem),
    () => Key.fromPemSync(broken),
    () => Key.fromPemSync(real, { algorithm: "ES256" }),
    () => issuer.clientCredentials({ clientId: "c1", clientSecret: SECRET }).run(store),
    () => issuer.clientCredentials({ clientId: "c1", clientSecret: [SECRET] }).run(store),
    () => issuer.clientCredentials({ clientId: "c1", clientSecrt: SECRET }).run(store),
    () => issuer.refresh({ refreshToken: SECRET }).run(store),
    () => issuer.entityToken({ bearer: SECRET, target: { entity: "e" } }).run(store),
    () => issuer.createClient({ id: "c", organization: "o", secret: SECRET, permissions: [SECRET.slice(0, 2)] }).run(store),
    () => secretMatches(SECRET, SECRET),
    () => issuer.verifier().verifySync(SECRET),
  ];
  const keyBytes = forms(Buffer.from(real.split("\n")[1], "base64").subarray(16));
  for (const call of wrong) {
    let error;
    try {
      await call();
    } catch (caught) {
      error = caught;
    }
    assert.ok(error instanceof Error, `nothing was refused: ${call}`);
    for (let at = error; at !== undefined; at = at.cause) {
      for (const text of [...texts(at), at.message, at.stack]) {
        // A path or a line of this file is no leak: the message and the fields are what counts.
        const said = text.replaceAll(/^ +at .*$/gm, "");
        assert.ok(!said.includes("hunter2") && !keyBytes.some((form) => said.includes(form)), `${call}: ${said}`);
      }
    }
  }
});

test("no command of a flow holds a token or a secret", async () => {
  const store = new MapStore(tokenmint);
  await issuer.createClient({ id: "c1", organization: "o", secret: SECRET, permissions: ["sessions"] }).run(store);
  const pair = await issuer.exchangeApiKey({ clientId: "c1", clientSecret: SECRET }).run(store);
  await issuer.refresh({ refreshToken: pair.refreshToken }).run(store);
  for (const command of store.commands) {
    for (const bytes of Object.values(command).flat().flatMap((value) => (value instanceof Uint8Array ? [value] : value?.value ? [value.value] : []))) {
      const text = Buffer.from(bytes).toString("latin1");
      assert.ok(!text.includes("hunter2") && !text.includes("eyJ") && !text.includes(pair.refreshToken.slice(-20)));
    }
  }
});

test("credentials", () => {
  const { secret, sha256 } = generateSecret();
  assert.equal(secret.length, 43);
  assert.equal(hashSecret(secret), sha256);
  assert.ok(secretMatches(secret, sha256) && !secretMatches(`${secret}x`, sha256));
  const seed = new Uint8Array(32).fill(7);
  assert.deepEqual(generateSecret({ seed }), generateSecret({ seed }));
  assert.equal(hashSecret("ü"), hashSecret(new TextEncoder().encode("ü")));
});
