// The examples in the documentation run as they stand.

import assert from "node:assert/strict";
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";

import { buildSync, transformSync } from "esbuild";

import { Key } from "tokenmint";

import { launch, resultOf, serve } from "../lib/browser.mjs";
import { ofDocument, ofSources } from "../lib/examples.mjs";
import { ISSUER, pair } from "../lib/fixtures.mjs";
import { PACKAGE, TARGET, TESTS } from "../lib/repository.mjs";
import { node, tool } from "../lib/tarball.mjs";

const folder = join(TARGET, "npm-documents");
rmSync(folder, { recursive: true, force: true });
mkdirSync(join(folder, "node_modules"), { recursive: true });
symlinkSync(PACKAGE, join(folder, "node_modules/tokenmint"), "dir");

const sources = ofSources();
// Blocks for other places than Node say so behind the language: ```js browser
const documents = ["README.md", "wasm/README.md"].flatMap(ofDocument).filter(({ code }) => code.includes("tokenmint"));
const runnable = [...sources, ...documents].filter(({ mark }) => mark === undefined);

test("there are examples", (t) => {
  t.diagnostic(`${sources.length} in the sources, ${documents.length} in documents`);
  assert.ok(sources.length >= 15, `${sources.length} in the sources`);
  assert.ok(documents.length >= 2, `${documents.length} in documents`);
});

test("every public class and function has an example", async () => {
  const exported = Object.keys(await import("tokenmint"));
  const texts = [...sources, ...documents].map(({ code }) => code).join("\n");
  for (const name of exported) assert.match(texts, new RegExp(`\\b${name}\\b`), `${name} is in no example`);
});

for (const [number, { name, code }] of runnable.entries()) {
  test(name, async () => {
    const { code: plain, warnings } = transformSync(code, { loader: "ts", format: "esm", target: "es2022" });
    assert.deepEqual(warnings, []);
    const file = join(folder, `example-${number}.mjs`);
    writeFileSync(file, plain);
    // An example that begins a server, or waits for something, would not end by itself.
    await import(pathToFileURL(file));
  });
}

for (const [number, { name, code }] of documents.filter(({ mark }) => mark === "browser").entries()) {
  test(`${name}, in Chromium`, async () => {
    const file = join(folder, `page-${number}.js`);
    // What an example takes for given: somebody's token, and where the keys of its issuer are.
    const { issuer } = pair(Key.generateSync("ES256", { kid: "k1" }));
    const token = issuer.mintSync({ sub: "ent_1", pages: ["invoices"] }, "1h");
    writeFileSync(file, `const token = ${JSON.stringify(token)};\n${code}\nglobalThis.result = "done";\n`);
    const { outputFiles } = buildSync({ entryPoints: [file], bundle: true, write: false, format: "esm", target: "es2022" });
    const html = '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><body><script type="module" src="/page.js"></script>';
    const server = await serve({}, { "/index.html": html, "/page.js": outputFiles[0].text }, ISSUER);
    const browser = await launch();
    try {
      const elsewhere = { [`${ISSUER}/.well-known/jwks.json`]: JSON.stringify(issuer.publicJwks()) };
      const found = await resultOf(browser, `${server.origin}/index.html`, { elsewhere });
      assert.deepEqual(found, { result: "done", faults: [] });
    } finally {
      await browser.close();
      server.close();
    }
  });
}

test("the examples have the right types", () => {
  const files = runnable.map(({ code }, number) => {
    writeFileSync(join(folder, `example-${number}.mts`), `${code}\nexport {};\n`);
    return `example-${number}.mts`;
  });
  const compilerOptions = {
    ...{ strict: true, noEmit: true, target: "es2022", module: "nodenext", lib: ["es2022", "dom", "dom.iterable", "esnext.disposable"] },
    ...{ types: ["node"], typeRoots: [join(TESTS, "node_modules/@types")], preserveSymlinks: true },
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files }));
  writeFileSync(join(folder, "package.json"), '{"type":"module"}');
  assert.equal(node([tool("typescript/bin/tsc"), "-p", "."], folder), "");
});
