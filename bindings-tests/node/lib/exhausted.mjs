// Fills the module's memory until it stops, and prints what the calls say then.

import { Endpoint, Issuer, Key, KeySet, MemoryStore, TokenmintError, Verifier, decodeUnverified, parseExpiresIn } from "tokenmint";

import { pair, SECRET } from "./fixtures.mjs";

const { issuer, verifier, keys } = pair();
const token = issuer.mintSync({}, "1h");
const kept = [];

function told(call) {
  try {
    return { value: call() };
  } catch (error) {
    return { code: error.code, number: error.number, message: error.message, isOurs: error instanceof TokenmintError };
  }
}

let first;
for (let number = 0; number < 2_000_000 && first === undefined; number++) {
  const found = told(() => {
    kept.push(Key.hmac(SECRET.repeat(20), { kid: `k${number}` }));
  });
  if (found.code !== undefined) first = found;
}

const uses = {
  mintSync: () => issuer.mintSync({}, "1h"),
  verifySync: () => verifier.verifySync(token),
  explainSync: () => verifier.explainSync(token),
  "a key": () => Key.hmac(SECRET),
  "a set": () => new KeySet(kept[0]),
  "an issuer": () => new Issuer(keys, { issuer: "i" }),
  "a verifier": () => new Verifier(keys, { issuer: "i", audience: "a" }),
  "a store": () => new MemoryStore(),
  "a task": () => issuer.revokeAll({}).runSync(),
  "an endpoint": () => new Endpoint({ keys: [{ kid: "k", secret: SECRET }], mercoa: { issuer: "i", key: "k" } }),
  parseExpiresIn: () => parseExpiresIn("61m"),
  decodeUnverified: () => decodeUnverified(token),
};
const later = Object.entries(uses).map(([name, use]) => ({ name, ...told(use) }));
for (const [name, use] of [["mint", () => issuer.mint({}, "1h")], ["verify", () => verifier.verify(token)]]) {
  later.push({ name, ...(await use().then((value) => ({ value }), (error) => ({ code: error.code, message: error.message, isOurs: error instanceof TokenmintError }))) });
}
const thrown = await issuer.mint({}, "1h").catch((error) => error.constructor.name);
// Disposing is always allowed.
for (const object of [issuer, verifier, keys, ...kept.slice(0, 10)]) object.dispose();
console.log(JSON.stringify({ first, later, thrown }));
