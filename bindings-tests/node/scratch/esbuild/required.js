// What a program for browsers gets whose bundler requires: the page is not blocked by a module that it would have to await.
const { Issuer, Key, KeySet } = require("tokenmint");
const { KeySet: Keys, Verifier } = require("tokenmint/verify");

const POLICY = { issuer: "https://api.example.com", audience: "app" };

async function work() {
  const found = {};
  for (const algorithm of ["HS256", "ES256"]) {
    const keys = new KeySet(await Key.generate(algorithm, { kid: "k1" }));
    const token = await new Issuer(keys, POLICY).mint({ sub: algorithm }, "1h");
    const own = algorithm === "HS256" ? keys : Keys.fromJwks(keys.publicJwks());
    const reader = algorithm === "HS256" ? new Issuer(keys, POLICY).verifier() : new Verifier(own, POLICY);
    found[algorithm] = (await reader.verify(token)).sub;
  }
  return found;
}

work().then((found) => (globalThis.result = found));
