// Tutorials and guides, done by each of their readers from an empty folder. What is built already stands in the variables
// TOKENMINT_PACKAGE (the npm package's folder), TOKENMINT_WHEEL and TOKENMINT (the command); `cargo xtask test site` sets them.

import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { after, before, test } from "node:test";

import { ROOT, blocks, pages } from "./lib/blocks.mjs";
import { registry } from "./lib/registry.mjs";
import { readers, run, runs } from "./lib/session.mjs";

const TARGET = join(process.env.TOKENMINT_TARGET ?? join(ROOT, "target"), "documents");
const needed = (name) => process.env[name] ?? fail(`the variable ${name} is not set`);
const fail = (message) => {
  throw new Error(message);
};

let npm;
const env = {};

before(async () => {
  mkdirSync(join(TARGET, "bin"), { recursive: true });
  npm = await registry(needed("TOKENMINT_PACKAGE"), join(TARGET, "npm"));
  Object.assign(env, { npm_config_registry: npm.origin, npm_config_audit: "false", npm_config_fund: "false", npm_config_update_notifier: "false" });
  env.npm_config_replace_registry_host = "never";
  // Versions of everything else as our own tests have them.
  const pinned = readFileSync(join(ROOT, "bindings-tests/python/requirements.txt"), "utf8");
  writeFileSync(join(TARGET, "constraints.txt"), `${pinned}tokenmint @ file://${needed("TOKENMINT_WHEEL")}\n`);
  Object.assign(env, { PIP_CONSTRAINT: join(TARGET, "constraints.txt"), PIP_DISABLE_PIP_VERSION_CHECK: "1", PYTHONDONTWRITEBYTECODE: "1" });
  rmSync(join(TARGET, "bin/tokenmint"), { force: true });
  symlinkSync(needed("TOKENMINT"), join(TARGET, "bin/tokenmint"));
  // A machine of tests may have no sandbox for it.
  const chromium = `#!/bin/sh\nexec "${process.env.CHROMIUM ?? "/usr/bin/chromium"}" --no-sandbox --disable-gpu "$@"\n`;
  writeFileSync(join(TARGET, "bin/chromium"), chromium, { mode: 0o755 });
  env.PATH = `${join(TARGET, "bin")}:${process.env.PATH}`;
});
after(() => npm.close());

for (const page of ["docs/tutorials", "docs/migrate"].flatMap(pages)) {
  const found = blocks(page);
  if (!found.some(runs)) continue;
  for (const who of readers(found)) {
    const name = [page, who].filter((part) => part !== undefined).join(", ");
    test(name, () => run(found, who, join(TARGET, `${basename(page, ".md")}-${who ?? "reader"}`), env));
  }
}
