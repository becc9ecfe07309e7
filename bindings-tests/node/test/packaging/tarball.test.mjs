// What is published: the files that belong there and nothing else.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";

import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { publint } from "publint";
import { formatMessage } from "publint/utils";

import { ROOT } from "../../lib/repository.mjs";
import { files, pack } from "../../lib/tarball.mjs";

const tarball = pack();
const contents = files(tarball);
const manifest = JSON.parse(contents.get("package.json"));

test("only what users need", (t) => {
  const belongs = /^(package\.json|README\.md|CHANGELOG\.md|LICENSE-(MIT|APACHE)|dist\/.+\.(js|cjs|mjs|d\.ts|d\.cts|d\.mts|wasm|map))$/;
  for (const name of contents.keys()) assert.match(name, belongs);
  for (const name of ["README.md", "LICENSE-MIT", "LICENSE-APACHE"]) assert.ok(contents.has(name), `${name} is missing`);
  assert.deepEqual(manifest.dependencies ?? {}, {});
  assert.deepEqual(manifest.peerDependencies ?? {}, {});
  for (const script of ["preinstall", "install", "postinstall", "prepare"]) assert.equal(manifest.scripts?.[script], undefined);
  assert.equal(manifest.license, "MIT OR Apache-2.0");
  assert.match(manifest.engines?.node ?? "", />=\s*20/);
  assert.equal(manifest.sideEffects === undefined || Array.isArray(manifest.sideEffects) || manifest.sideEffects === false, true);
  const size = [...contents.values()].reduce((sum, bytes) => sum + bytes.length, 0);
  t.diagnostic(`${contents.size} files, ${size} bytes, ${readFileSync(tarball).length} packed`);
});

test("the version is that of the workspace", () => {
  const [, version] = /^version = "([^"]+)"/m.exec(readFileSync(`${ROOT}/Cargo.toml`, "utf8"));
  assert.equal(manifest.version, version);
});

test("types stand first in every condition", () => {
  const visit = (at, path) => {
    if (typeof at !== "object" || at === null) return;
    const names = Object.keys(at);
    if (names.includes("types")) assert.equal(names[0], "types", path);
    for (const name of names) visit(at[name], `${path} ${name}`);
  };
  visit(manifest.exports, "exports");
  for (const entry of [".", "./mint", "./remote", "./verify", "./dpop", "./base", "./slim", "./verify/slim"]) assert.ok(manifest.exports[entry], entry);
});

test("no path of the machine that built it", () => {
  const traces = [ROOT, homedir(), tmpdir(), "/home/", "/usr/src", "/usr/lib/", "/usr/share", ".cargo/registry", "\\Users\\"].filter((text) => text.length > 1);
  let decoded = 0;
  for (const [name, bytes] of contents) {
    const texts = [bytes.toString("latin1")];
    // The module stands in the JavaScript, too: base64 of itself, or of gzip.
    for (const [long] of texts[0].matchAll(/[A-Za-z0-9+/]{5000,}={0,2}/g)) {
      const bytes = Buffer.from(long, "base64");
      texts.push((bytes[0] === 0x1f ? gunzipSync(bytes) : bytes).toString("latin1"));
      decoded += 1;
    }
    for (const text of texts) {
      for (const trace of traces) {
        const at = text.indexOf(trace.endsWith("/") || trace.startsWith(".") || trace.startsWith("\\") ? trace : `${trace}/`);
        assert.ok(at < 0, `${name}: ${JSON.stringify(text.slice(Math.max(0, at - 40), at + 80))}`);
      }
    }
  }
  assert.ok(decoded > 0, "no module was found in the JavaScript");
});

test("source maps are of this package's own sources, or there are none", () => {
  for (const [name, bytes] of contents) {
    if (name.endsWith(".map")) {
      const map = JSON.parse(bytes);
      for (const source of map.sources) assert.doesNotMatch(source, /node_modules|^\/|^[a-z]+:|target\//, `${name}: ${source}`);
      if (map.sourcesContent) assert.ok(map.sources.every((source) => /(^|\/)ts\//.test(source)), `${name}: ${map.sources}`);
    } else if (/\.(js|cjs|mjs|ts|cts|mts)$/.test(name)) {
      const [, target] = /\/\/[#@] sourceMappingURL=(\S+)/.exec(bytes.toString("utf8").slice(-500)) ?? [];
      if (target === undefined) continue;
      assert.ok(!target.startsWith("data:"), `${name} has a map inside`);
      assert.ok(contents.has(`${name.slice(0, name.lastIndexOf("/") + 1)}${target}`), `${name}: ${target} is missing`);
    }
  }
});

test("no eval, and no request for anything", () => {
  for (const [name, bytes] of contents) {
    if (!/\.(js|cjs|mjs)$/.test(name)) continue;
    const text = bytes.toString("utf8");
    assert.doesNotMatch(text, /\beval\(|new Function\(|process\.env/, name);
  }
});

test("publint has nothing to say", async () => {
  const bytes = readFileSync(tarball);
  const { messages, pkg } = await publint({
    pack: { tarball: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) },
    level: "suggestion",
    strict: true,
  });
  assert.deepEqual(messages.map((message) => formatMessage(message, pkg ?? manifest)), []);
});

test("the types are right, however they are resolved", async () => {
  const result = await checkPackage(createPackageFromTarballData(new Uint8Array(readFileSync(tarball))));
  assert.ok(result.types, "there are types");
  const isByDesign = ({ kind, missing, resolutionKind, entrypoint }) =>
    (resolutionKind === "node10" && entrypoint !== ".") ||
    // Modules of WebAssembly have no types.
    entrypoint?.endsWith(".wasm") ||
    // What is passed on by `export type *` alone, the check takes for a value.
    (kind === "NamedExports" && missing.join() === "Operations");
  const problems = result.problems.filter((problem) => !isByDesign(problem));
  assert.deepEqual(problems, []);
});
