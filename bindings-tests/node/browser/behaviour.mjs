// What is different in a browser: crypto that answers later, keys that cannot be read out, keys kept in a database.

import * as verifyOnly from "/dist/verify/browser.js";
import * as all from "/dist/browser.js";

const { Endpoint, Issuer, Key, KeySet, MemoryStore, RemoteKeySet, TokenmintError, Verifier } = all;

const POLICY = { issuer: "https://api.example.com", audience: "app" };
const SECRET = "a secret of at least thirty-two bytes";
const GENERATE = {
  RS256: { name: "RSASSA-PKCS1-v1_5", modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]), hash: "SHA-256" },
  PS384: { name: "RSA-PSS", modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]), hash: "SHA-384" },
  ES256: { name: "ECDSA", namedCurve: "P-256" },
  ES512: { name: "ECDSA", namedCurve: "P-521" },
  EdDSA: { name: "Ed25519" },
};
const found = {};

async function codeOf(call) {
  try {
    await call();
    return "nothing was refused";
  } catch (error) {
    return error instanceof TokenmintError || error instanceof verifyOnly.TokenmintError ? error.code : `foreign: ${error}`;
  }
}

for (const [algorithm, how] of Object.entries(GENERATE)) {
  const pair = await crypto.subtle.generateKey(how, false, ["sign", "verify"]);
  // As it comes out of IndexedDB: a structured clone.
  const kept = structuredClone(pair);
  const keys = new KeySet(await Key.fromCryptoKey(kept, { kid: "k1", algorithm }));
  const issuer = new Issuer(keys, POLICY);
  const token = await issuer.mint({ sub: algorithm }, "1h");
  const judge = new Verifier(KeySet.fromJwks(issuer.publicJwks()), POLICY);
  const narrow = new verifyOnly.Verifier(verifyOnly.KeySet.fromJwks(issuer.publicJwks()), POLICY);
  found[algorithm] = {
    extractable: pair.privateKey.extractable,
    subject: (await judge.verify(token)).sub,
    narrow: (await narrow.verify(token)).sub,
    mintSync: await codeOf(() => issuer.mintSync({}, "1h")),
    verifySync: await codeOf(() => judge.verifySync(token)),
    explainSync: await codeOf(() => judge.explainSync(token)),
    explained: (await judge.explain(token)).accepted,
    spoilt: await codeOf(() => judge.verify(`${token.slice(0, -6)}AAAAAA`)),
    generateSync: await codeOf(() => Key.generateSync(algorithm)),
    fromJwkSync: await codeOf(async () => Key.fromJwkSync(await Key.generateJwk(algorithm))),
    mintsAfter: (await judge.verify(await issuer.mint({ sub: "again" }, "1h"))).sub,
  };
}

const hmac = new Issuer(new KeySet(Key.hmac(SECRET, { kid: "k1" })), POLICY);
const token = hmac.mintSync({ sub: "s", big: 2n ** 63n }, "1h");
const claims = hmac.verifier().verifySync(token);
found.hmac = { subject: claims.sub, big: String(claims.big), explained: hmac.verifier().explainSync(token).accepted };

const config = { keys: [{ kid: "k", secret: SECRET }], mercoa: { issuer: "i", key: "k" } };
const jwk = await Key.generateJwk("ES256");
const withEc = { keys: [{ kid: "k", alg: "ES256", jwk }], mercoa: { issuer: "i", key: "k" } };
const request = () => new Request("https://a.example/.well-known/jwks.json");
found.endpoint = {
  sync: (await new Endpoint(config).fetch(request())).status,
  later: (await (await (await Endpoint.create(withEc)).fetch(request())).json()).keys.length,
  notAtOnce: await codeOf(() => new Endpoint(withEc)),
};

const store = new MemoryStore();
const ec = new Issuer(new KeySet(await Key.fromJwk(jwk)), POLICY);
await ec.createClient({ id: "c1", organization: "o", secret: "s1", permissions: ["client_credentials"] }).run(store);
const { accessToken } = await ec.clientCredentials({ clientId: "c1", clientSecret: "s1" }).run(store);
found.flow = (await ec.check({ token: accessToken }).run(store)).clientId;
found.flowAtOnce = await codeOf(() => ec.clientCredentials({ clientId: "c1", clientSecret: "s1" }).runSync(store));

const remote = new RemoteKeySet({ [POLICY.issuer]: new URL("/keys.json", location.href).href });
const fromJwks = new Verifier(remote, POLICY);
found.remote = await codeOf(() => fromJwks.verify(token));
found.keyObject = await codeOf(() => Key.fromKeyObject({ type: "private" }, { algorithm: "ES256" }));

const { keys, good, revoked, without } = await (await fetch("/status.json")).json();
for (const [name, { KeySet, StatusLists, Verifier }] of Object.entries({ all, narrow: verifyOnly })) {
  const statusLists = new StatusLists({ required: true });
  const listed = new Verifier(KeySet.fromJwks(keys), { ...POLICY, statusLists });
  const codes = [await codeOf(() => listed.verify(revoked)), await codeOf(() => listed.verify(without))];
  found[`status ${name}`] = [(await listed.verify(good)).sub, ...codes];
}

const many = await Promise.all(Array.from({ length: 200 }, async (_, number) => (await new Verifier(new KeySet(await Key.fromJwk(jwk)), POLICY).verify(await ec.mint({ sub: `s${number}` }, "1h"))).sub));
found.many = new Set(many).size;

globalThis.result = found;
