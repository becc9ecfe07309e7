const assert = require("node:assert/strict");
const { Issuer, Key, KeySet, TokenmintError, Verifier } = require("tokenmint");
const { DpopKey } = require("tokenmint/dpop");
const verifyOnly = require("tokenmint/verify");

const keys = new KeySet(Key.generateSync("RS256", { kid: "k1" }));
const issuer = new Issuer(keys, { issuer: "https://api.example.com", audience: "app" });
const verifier = new Verifier(keys, { issuer: "https://api.example.com", audience: "app" });
const token = issuer.mintSync({ sub: "ent_1" }, "1h");
assert.equal(verifier.verifySync(token).sub, "ent_1");
const narrow = new verifyOnly.Verifier(verifyOnly.KeySet.fromJwks(issuer.publicJwks()), { issuer: "https://api.example.com", audience: "app" });
assert.equal(narrow.verifySync(token).sub, "ent_1");
assert.throws(() => issuer.mintSync({}, "x"), TokenmintError);

(async () => {
  assert.equal((await verifier.verify(await issuer.mint({ sub: "ent_2" }, "1h"))).sub, "ent_2");
  // Whoever imports it beside gets the same classes.
  const imported = await import("tokenmint");
  assert.equal(imported.TokenmintError, TokenmintError);
  assert.equal(imported.default === undefined || typeof imported.default === "object", true);
  assert.equal(new imported.Verifier(keys, { issuer: "https://api.example.com", audience: "app" }).verifySync(token).sub, "ent_1");
  assert.ok(require("tokenmint/package.json").version);
  assert.equal((await DpopKey.generate()).jkt.length, 43);
  console.log("cjs works");
})();
