// Runs the tests: `node run.mjs [folder or file of test/ ...]`. What a step needs is made first: the package under its own
// name in node_modules, so that the tests import it as users do.

import { existsSync, mkdirSync, readdirSync, rmSync, statSync, symlinkSync } from "node:fs";
import { join, relative } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";

import { PACKAGE, TESTS } from "./lib/repository.mjs";

if (!existsSync(join(PACKAGE, "dist"))) {
  console.error(`${PACKAGE} has no dist folder: \`cargo xtask wasm\` builds the package`);
  process.exit(1);
}
const link = join(TESTS, "node_modules/tokenmint");
rmSync(link, { force: true, recursive: true });
mkdirSync(join(TESTS, "node_modules"), { recursive: true });
symlinkSync(PACKAGE, link, "dir");

const wanted = process.argv.slice(2);
const files = (wanted.length > 0 ? wanted : ["."]).flatMap((name) => find(join(TESTS, "test", name))).sort();
if (files.length === 0) throw new Error("there are no such tests");

const start = Date.now();
const counts = { pass: 0, fail: 0, skipped: 0 };
const stream = run({ files, concurrency: 2, timeout: 600_000 });
const isFile = ({ name }) => files.some((file) => file === name || relative(process.cwd(), file) === name);
stream.on("test:pass", (data) => {
  if (data.details?.type === "suite" || isFile(data)) return;
  counts[data.skip !== undefined ? "skipped" : "pass"] += 1;
});
stream.on("test:fail", () => {
  counts.fail += 1;
  process.exitCode = 1;
});
stream.compose(new spec()).pipe(process.stdout);
process.on("exit", () => {
  const seconds = ((Date.now() - start) / 1000).toFixed(1);
  console.log(`${counts.pass} passed, ${counts.fail} failed, ${counts.skipped} skipped, ${seconds} s`);
});

function find(path) {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path).flatMap((name) => {
    const inner = join(path, name);
    return statSync(inner).isDirectory() || /\.test\.(mjs|cjs)$/.test(name) ? find(inner) : [];
  });
}
