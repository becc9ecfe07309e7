// What is different in a browser.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { deflateSync } from "node:zlib";

import { Issuer, Key, KeySet } from "tokenmint";

import { launch, resultOf, serve, WITHOUT_WASM } from "../lib/browser.mjs";
import { PACKAGE, ROOT, TESTS } from "../lib/repository.mjs";

const own = new KeySet(Key.generateSync("ES256", { kid: "remote" }));
const folders = {
  "/dist/": `${PACKAGE}/dist/`,
  "/repository/": `${ROOT}/`,
  "/browser/": `${TESTS}/browser/`,
  "/vectors/": `${TESTS}/vectors/`,
};
const texts = { "/keys.json": JSON.stringify(own.publicJwks()), "/corpus.json": "" };
const server = await serve(folders, texts);
Object.assign(texts, statuses(`${server.origin}/status/1-0`));
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
  for (const name of ["all", "narrow"]) {
    assert.deepEqual(result[`status ${name}`], ["s6", "token_revoked", "claim_missing"]);
  }
  assert.ok(Issuer);
});

/** A status list, and tokens that it speaks of. */
function statuses(uri) {
  const issuer = (tokenType) => new Issuer(own, { issuer: "https://api.example.com", audience: "app", tokenType });
  const lst = deflateSync(new Uint8Array(1 << 17).fill(128, 0, 1)).toString("base64url");
  const list = issuer("statuslist+jwt").mintSync({ sub: uri, ttl: 10, status_list: { bits: 1, lst } }, "1h");
  const token = (idx) => issuer().mintSync({ sub: `s${idx}`, status: { status_list: { idx, uri } } }, "1h");
  const without = issuer().mintSync({}, "1h");
  const given = { keys: own.publicJwks(), good: token(6), revoked: token(7), without };
  return { "/status/1-0": list, "/status.json": JSON.stringify(given) };
}

test("a page whose policy forbids WebAssembly is told what to allow", async () => {
  const strict = await serve(folders, {}, "", WITHOUT_WASM);
  try {
    await refused(browser, strict.origin, "module_blocked", /Content Security Policy.*'wasm-unsafe-eval'.*script-src/);
  } finally {
    strict.close();
  }
});

test("a browser without SIMD is told which entry to import", async () => {
  // V8 has no vector instructions where the processor lacks these.
  const old = await launch("--js-flags=--no-enable-sse4-1");
  try {
    await refused(old, server.origin, "module_unsupported", /import tokenmint\/base/);
  } finally {
    await old.close();
  }
});

async function refused(browser, origin, code, message) {
  const { result, faults } = await resultOf(browser, `${origin}/browser/refused.html`, { expected: /Content Security Policy/ });
  assert.deepEqual(faults, []);
  assert.equal(Object.keys(result).length, 9);
  for (const [name, error] of Object.entries(result)) {
    assert.deepEqual([error.code, error.isOurs], [code, true], `${name}: ${JSON.stringify(error)}`);
    assert.match(error.message, message, name);
  }
}
