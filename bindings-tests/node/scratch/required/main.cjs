// Run once for each condition of `exports` that a program under Node may have.
const assert = require("node:assert/strict");

const POLICY = { issuer: "https://api.example.com", audience: "app" };
for (const entry of ["tokenmint", "tokenmint/mint", "tokenmint/remote", "tokenmint/verify", "tokenmint/base", "tokenmint/verify/base"]) {
  const { Key, KeySet, Verifier } = require(entry);
  const verifier = new Verifier(new KeySet(Key.hmac("a secret of at least thirty-two bytes")), POLICY);
  assert.throws(() => verifier.verifySync("x.y.z"), { code: "token_encoding" });
}
for (const entry of ["tokenmint/slim", "tokenmint/mint/slim", "tokenmint/remote/slim", "tokenmint/verify/slim"]) assert.equal(typeof require(entry).init, "function");
console.log(require.resolve("tokenmint").replace(/^.*\/dist\//, ""));
