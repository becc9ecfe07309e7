// What is different in a browser.

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { Issuer, Key, KeySet } from "tokenmint";

import { launch, resultOf, serve } from "../lib/browser.mjs";
import { PACKAGE, ROOT, TESTS } from "../lib/repository.mjs";

const own = new KeySet(Key.generateSync("ES256", { kid: "remote" }));
const server = await serve(
  {
    "/dist/": `${PACKAGE}/dist/`,
    "/repository/": `${ROOT}/`,
    "/browser/": `${TESTS}/browser/`,
    "/vectors/": `${TESTS}/vectors/`,
  },
  { "/keys.json": JSON.stringify(own.publicJwks()), "/corpus.json": "" },
);
const browser = await launch();
after(async () => {
  await browser.close();
  server.close();
});

test("keys of WebCrypto, methods that cannot answer at once, and the rest", async () => {
  const { result, faults } = await resultOf(browser, `${server.origin}/browser/behaviour.html`);
  assert.deepEqual(faults, []);
  for (const algorithm of ["RS256", "PS384", "ES256", "ES512", "EdDSA"]) {
    const { mintSync, verifySync, explainSync, generateSync, fromJwkSync, ...rest } = result[algorithm];
    assert.deepEqual(rest, {
      extractable: false,
      subject: algorithm,
      narrow: algorithm,
      explained: true,
      spoilt: "signature_invalid",
      mintsAfter: "again",
    });
    for (const code of [mintSync, verifySync, explainSync, generateSync, fromJwkSync]) {
      assert.ok(["key_unsupported", "policy_invalid", "key_cannot_sign"].includes(code), `${algorithm}: ${code}`);
    }
  }
  assert.deepEqual(result.hmac, { subject: "s", big: "9223372036854775808", explained: true });
  const { notAtOnce, ...endpoint } = result.endpoint;
  assert.deepEqual(endpoint, { sync: 200, later: 1 });
  assert.ok(["key_unsupported", "policy_invalid"].includes(notAtOnce), notAtOnce);
  assert.equal(result.flow, "c1");
  assert.ok(["key_unsupported", "policy_invalid"].includes(result.flowAtOnce), result.flowAtOnce);
  assert.equal(result.remote, "key_not_found");
  assert.equal(result.keyObject, "key_unsupported");
  assert.equal(result.many, 200);
  assert.ok(Issuer);
});

test("without SIMD another build is loaded, and gives the same", async (t) => {
  const { result, faults } = await resultOf(browser, `${server.origin}/browser/fallback.html`);
  assert.deepEqual(faults, []);
  for (const { failures, counts } of [result.page.all, result.page.verify]) {
    assert.deepEqual(failures.slice(0, 10), []);
    assert.ok(Object.values(counts).length > 0 && Object.values(counts).every((count) => count > 0));
  }
  const loaded = result.files.filter((name) => name.startsWith("/dist/"));
  t.diagnostic(loaded.join(" "));
  assert.ok(loaded.some((name) => /fallback/.test(name)), loaded.join(" "));
});
