// Every vector: in Node by the methods that answer at once and by those that answer later, in Node on WebCrypto as browsers
// have it, and in Chromium in a page and in a worker.

import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import * as tokenmint from "tokenmint";
import * as narrow from "tokenmint/verify";

import { launch, resultOf, serve } from "../lib/browser.mjs";
import { PACKAGE, ROOT, TESTS, corpus, read } from "../lib/repository.mjs";
import { node } from "../lib/tarball.mjs";
import { runAll, runVerify } from "../vectors/all.mjs";

const shared = corpus();
const seen = {};

function check(t, name, { counts, failures }) {
  assert.deepEqual(failures.slice(0, 20), [], `${failures.length} differences`);
  seen[name] = counts;
  t.diagnostic(JSON.stringify(counts));
}

test("Node, methods that answer at once", async (t) => {
  check(t, "sync", await runAll(tokenmint, { read, corpus: shared, sync: true }));
});

test("Node, methods that answer later", async (t) => {
  check(t, "async", await runAll(tokenmint, { read, corpus: shared }));
});

test("Node, the part that only verifies", async (t) => {
  check(t, "verify sync", await runVerify(narrow, { read, corpus: shared, sync: true }));
  check(t, "verify async", await runVerify(narrow, { read, corpus: shared }));
});

test("Node without SIMD, the build for that", async (t) => {
  const child = fileURLToPath(new URL("../lib/without_simd.mjs", import.meta.url));
  // V8 has no vector instructions where the processor lacks these.
  const told = node(["--no-enable-sse4-1", child], TESTS);
  const { refusal, all, verify } = JSON.parse(told);
  assert.equal(refusal, "module_unsupported");
  check(t, "base", all);
  check(t, "verify base", verify);
});

test("Node, the package for browsers on WebCrypto", async (t) => {
  const browser = await import(new URL("../node_modules/tokenmint/dist/browser.js", import.meta.url));
  check(t, "webcrypto", await runAll(browser, { read, corpus: shared }));
});

test("Chromium, a page and a worker", async (t) => {
  const result = await inChromium();
  for (const place of ["page", "worker"]) {
    check(t, place, result[place].all);
    check(t, `verify ${place}`, result[place].verify);
  }
});

test("everywhere the same checks were made, and all of them", () => {
  const cases = (name) => JSON.parse(read(`bindings-tests/vectors/${name}`)).cases;
  const counts = seen.async;
  assert.ok(counts);
  for (const other of ["webcrypto", "page", "worker", "base"]) assert.deepEqual(seen[other], counts, other);
  for (const place of ["sync", "async", "page", "worker", "base"]) {
    const found = seen[`verify ${place}`];
    assert.ok(found["verify.json"] > 0);
    for (const [file, count] of Object.entries(found)) assert.equal(count, counts[file], `${file}, verify ${place}`);
  }
  for (const [file, count] of Object.entries(seen.sync)) {
    // On the store that answers later, the flows need the methods that do, too.
    if (file !== "flows.json") assert.equal(count, counts[file], file);
  }
  assert.equal(counts["lifetimes.json"], cases("lifetimes.json").length);
  assert.ok(counts["mint.json"] > cases("mint.json").length);
  assert.ok(counts["verify.json"] > cases("verify.json").length);
  const asked = cases("status_lists.json").flatMap(({ steps }) => steps.filter(({ token }) => token !== undefined));
  assert.equal(counts["status_lists.json"], asked.length);
  // An older list that nobody would fetch, and two without a token that names them.
  assert.equal(counts["status_lists.json, skipped"], 3);
  assert.equal(counts["dpop.json"], cases("dpop.json").length);
  assert.equal(counts["proofs.json"], cases("proofs.json").flatMap(({ steps }) => steps).length);
  if (shared !== undefined) assert.ok(counts["jws_rfc_wycheproof.json"] > JSON.parse(shared).vectors.length);
  const steps = cases("flows.json").flatMap(({ steps }) => steps).length;
  assert.equal(counts["flows.json"], 2 * 4 * steps);
  assert.equal(seen.sync["flows.json"], 2 * 3 * steps);
  const exchanges = cases("transcripts.json").flatMap(({ exchanges }) => exchanges).length;
  assert.equal(counts["transcripts.json"], exchanges);
  const telling = cases("transcripts.json").filter(({ exchanges }) => exchanges.some(({ request }) => "content-length" in (request?.headers ?? {})));
  const told = telling.flatMap(({ exchanges }) => exchanges).length;
  // No HTTP client sends the blanks around a header's value (RFC 9110 section 5.5).
  assert.equal(counts["transcripts.json by fetch"], exchanges - told - 1);
});

async function inChromium() {
  const server = await serve(
    {
      "/dist/": `${PACKAGE}/dist/`,
      "/repository/": `${ROOT}/`,
      "/browser/": `${TESTS}/browser/`,
      "/vectors/": `${TESTS}/vectors/`,
    },
    { "/corpus.json": shared ?? "" },
  );
  const browser = await launch();
  try {
    const { result, faults } = await resultOf(browser, `${server.origin}/browser/vectors.html`);
    assert.deepEqual(faults, []);
    return result;
  } finally {
    await browser.close();
    server.close();
  }
}
