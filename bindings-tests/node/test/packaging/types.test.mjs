// The types, as a project sees them that has installed the package: by each way of resolution, in this TypeScript and in an
// older one.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { TESTS } from "../../lib/repository.mjs";
import { node, pack, scratch, tool } from "../../lib/tarball.mjs";

const folder = scratch("types", pack());
const require = createRequire(import.meta.url);
// The one that the checker of the tarball brings along.
const older = createRequire(require.resolve("@arethetypeswrong/core")).resolve("typescript/package.json");

const SHARED = { strict: true, noEmit: true, target: "es2022", exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, skipLibCheck: false };
const NODE = { types: ["node"], typeRoots: [join(TESTS, "node_modules/@types")] };
const WITH_DOM = { lib: ["es2022", "dom", "dom.iterable", "esnext.disposable"] };
const ALL = ["right.ts", "wrong.ts"];

const PROJECTS = {
  "node16": [{ ...NODE, ...WITH_DOM, module: "node16", moduleResolution: "node16" }, [...ALL, "require.cts", "slim.mts"]],
  "nodenext, and no DOM": [{ ...NODE, lib: ["es2022"], module: "nodenext", moduleResolution: "nodenext" }, [...ALL, "require.cts"]],
  "bundler": [{ ...NODE, ...WITH_DOM, module: "esnext", moduleResolution: "bundler" }, ALL],
  "bundler, for browsers": [
    { types: [], lib: ["es2022", "dom"], module: "esnext", moduleResolution: "bundler", customConditions: ["browser"] },
    ["browser.ts"],
  ],
};

for (const [compiler, path] of [["this TypeScript", tool("typescript/package.json")], ["an older TypeScript", older]]) {
  const { version } = require(path);
  for (const [name, [options, files]] of Object.entries(PROJECTS)) {
    test(`${compiler}, ${version}: ${name}`, () => {
      const config = join(folder, `tsconfig.${compiler[0]}.${name.replace(/\W+/g, "-")}.json`);
      writeFileSync(config, JSON.stringify({ compilerOptions: { ...SHARED, ...options }, files }));
      assert.equal(node([join(path, "../bin/tsc"), "-p", config], folder), "");
    });
  }
}
