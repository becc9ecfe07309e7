// Builds the package from what `cargo xtask wasm` has written to dist/raw*: optimizes the WebAssembly, bundles the
// TypeScript, writes the types, and prints the sizes. Fails where one is over its budget.

import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { build } from "esbuild";

const run = promisify(execFile);
const folder = dirname(fileURLToPath(import.meta.url));
const dist = join(folder, "dist");
const ts = join(folder, "ts");

/**
 * The two modules, each with what a user may have to load: KiB of gzip, WebAssembly and JavaScript together. Neither is near
 * its target yet. A build over its bound fails, so that it comes no further away; who makes it smaller lowers the bound.
 */
const MODULES = [
  { raw: "raw", out: "", list: "index.ts", suffix: "", bound: 655, target: 120 },
  { raw: "raw-verify", out: "verify", list: "verify.ts", suffix: "_verify", bound: 195, target: 40 },
];

/** A module that is required has no URL, so that nothing is loaded from beside it, and may be so in jsdom. */
const REQUIRED = { format: "cjs", define: { "import.meta.url": "undefined" }, inject: [join(ts, "memory/coding.ts")] };

/** An import or an export of another file; in comments they do not begin a line. */
const NAMED = /^(?:import|export)\b[^;"]*\bfrom "([^"]*)"/gm;

clean();
const sizes = [];
const types = writeTypes();
await optimizeAll();
for (const module of MODULES) await bundle(module);
await types;
for (const license of ["LICENSE-APACHE", "LICENSE-MIT"]) cpSync(join(folder, "..", license), join(folder, license));
report();

/** What was built before, but for what the build begins with. */
function clean() {
  for (const name of readdirSync(dist)) {
    if (!name.startsWith("raw")) rmSync(join(dist, name), { recursive: true });
  }
}

/** Optimizes the four builds of the modules, as many at once as there are processors. */
async function optimizeAll() {
  const builds = MODULES.flatMap(({ raw, out }) => [
    [join(dist, raw), join(dist, out, "tokenmint.wasm")],
    [join(dist, `${raw}-fallback`), join(dist, out, "tokenmint-fallback.wasm")],
  ]);
  const next = async () => {
    for (let job = builds.shift(); job; job = builds.shift()) {
      const [from, to] = job;
      mkdirSync(dirname(to), { recursive: true });
      const flags = ["-Os", "--strip-debug", "--strip-producers", "--strip-target-features"];
      // The module's own list of features says which instructions may be used.
      await run("node", [bin("wasm-opt"), ...flags, join(from, "tokenmint_bg.wasm"), "-o", to], { maxBuffer: 1 << 24 });
    }
  };
  await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, next));
}

/** Bundles the entries of a module. */
async function bundle(module) {
  const { out, suffix } = module;
  const to = (name) => join(dist, out, name);
  const entry = (name) => join(ts, "entry", `${name}${suffix}.ts`);

  const names = await exportsOf(join(ts, module.list), module);
  await write(to("node.cjs"), entry("node"), module, { platform: "node", format: "cjs" });
  // One instance of the module in a program, however its parts are loaded.
  // Required, because Node looks for the names in all of a CommonJS module that is imported: that takes longer than all else.
  const required = `createRequire(import.meta.url)("./node.cjs")`;
  writeFileSync(
    to("node.mjs"),
    `import { createRequire } from "node:module";\nexport const { ${names.join(", ")} } = ${required};\n`,
  );
  // For bundlers, which can give a module of this kind to `import` and to `require`.
  await write(to("node.bundle.mjs"), entry("node"), module, { platform: "node" });
  for (const name of ["browser", "workerd", "edge", "slim"]) await write(to(`${name}.js`), entry(name), module, {});
  // For whoever requires: a bundler takes these only where its program does, too.
  await write(to("browser.cjs"), entry("sync"), module, REQUIRED);
  await write(to("slim.cjs"), entry("slim"), module, REQUIRED);
  writeFileSync(to("fallback.js"), `export default "${base64(to("tokenmint-fallback.wasm"))}";\n`);

  measure(`${out || "."} for Node`, [to("node.cjs")], module);
  measure(`${out || "."} for browsers`, [to("browser.js")], module);
  measure(`${out || "."} for browsers without SIMD`, [to("browser.js"), to("fallback.js")]);
  measure(`${out || "."} for browsers, required`, [to("browser.cjs")]);
  measure(`${out || "."} for workerd`, [to("workerd.js"), to("tokenmint.wasm")], module);
  measure(`${out || "."} where the host loads`, [to("slim.js"), to("tokenmint.wasm")], module);
}

async function write(outfile, entry, module, options) {
  await build({ ...common(module, options.platform === "node" ? "node" : "web"), ...options, entryPoints: [entry], outfile });
}

/** What a file exports, types aside. */
async function exportsOf(entry, module) {
  const options = { ...common(module, "web"), entryPoints: [entry], write: false, metafile: true, outfile: "names.js" };
  const { metafile } = await build(options);
  return Object.values(metafile.outputs)[0].exports.sort();
}

function common(module, platform) {
  return {
    bundle: true,
    format: "esm",
    target: "es2022",
    minify: true,
    // Errors and `util.inspect` name classes.
    keepNames: true,
    legalComments: "none",
    logLevel: "warning",
    absWorkingDir: folder,
    plugins: [places(module, platform)],
  };
}

/** What stands behind the names that begin with `#`. */
function places({ raw, out }, platform) {
  return {
    name: "places",
    setup(build) {
      build.onResolve({ filter: /^#raw$/ }, () => ({ path: join(dist, raw, "tokenmint.js"), sideEffects: false }));
      build.onResolve({ filter: /^#(memory|crypto)$/ }, ({ path }) => ({ path: join(ts, path.slice(1), `${platform}.ts`) }));
      build.onResolve({ filter: /^#fallback$/ }, () => ({ path: "./fallback.js", external: true }));
      build.onResolve({ filter: /\.wasm(\?module)?$/ }, ({ path }) => ({ path, external: true }));
      build.onResolve({ filter: /^#(wasm|plain)$/ }, ({ path }) => ({ path, namespace: "wasm" }));
      build.onLoad({ filter: /^#wasm$/, namespace: "wasm" }, () => ({
        contents: `export default "${base64(join(dist, out, "tokenmint.wasm"))}"`,
      }));
      build.onLoad({ filter: /^#plain$/, namespace: "wasm" }, () => ({
        contents: `export default "${readFileSync(join(dist, out, "tokenmint-fallback.wasm"), "base64")}"`,
      }));
    },
  };
}

/** A file as it is kept within JavaScript: a third larger than compressed, where base64 of itself compresses badly. */
function base64(file) {
  return gzipSync(readFileSync(file), { level: 9 }).toString("base64");
}

/**
 * The types: written once, as CommonJS, so that a class is the same type however it is loaded; each entry has a file of its
 * own kind that passes them on.
 */
async function writeTypes() {
  const to = join(dist, "types");
  await run("node", [bin("tsc"), "-p", folder, "--outDir", to]).catch(({ stdout }) => {
    console.error(stdout);
    process.exit(1);
  });
  const used = new Set();
  for (const { list, out } of MODULES) {
    collect(join(to, list.replace(".ts", ".d.ts")), used);
    const path = `./${relative(join(dist, out), to)}/${basename(list, ".ts")}.cjs`;
    const passed = `export * from "${path}";\n`;
    for (const name of ["node.d.cts", "node.d.mts", "browser.d.ts", "browser.d.cts", "workerd.d.ts", "edge.d.ts"]) {
      put(join(dist, out, name), passed);
    }
    const init = readFileSync(join(to, "entry/slim_init.d.ts"), "utf8");
    for (const name of ["slim.d.ts", "slim.d.cts"]) put(join(dist, out, name), passed + init);
  }
  for (const file of used) {
    const text = readFileSync(file, "utf8").replace(NAMED, (statement) => statement.replace('.js"', '.cjs"'));
    put(file.replace(/\.d\.ts$/, ".d.cts"), text);
  }
  for (const entry of readdirSync(to, { recursive: true, withFileTypes: true })) {
    if (entry.name.endsWith(".d.ts")) rmSync(join(entry.parentPath, entry.name));
  }
}

/** A file of types, and all that it names. */
function collect(file, used) {
  if (used.has(file)) return;
  if (!existsSync(file)) throw new Error(`the types name ${relative(dist, file)}, which is not there`);
  used.add(file);
  for (const [, path] of readFileSync(file, "utf8").matchAll(NAMED)) {
    if (!path.startsWith(".")) throw new Error(`the types in ${relative(dist, file)} name ${path}`);
    collect(join(dirname(file), path.replace(/\.js$/, ".d.ts")), used);
  }
}

function put(file, text) {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

function bin(name) {
  return join(folder, "node_modules", ".bin", name);
}

function measure(name, files, { bound, target } = {}) {
  const contents = files.map((file) => readFileSync(file));
  const sum = (of) => contents.reduce((sum, content) => sum + of(content).length, 0);
  const best = { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } };
  sizes.push({
    name,
    raw: sum((content) => content),
    gzip: sum((content) => gzipSync(content, { level: 9 })),
    brotli: sum((content) => brotliCompressSync(content, best)),
    bound,
    target,
  });
}

/** Prints the table; fails where something is larger than it was. */
function report() {
  const kib = (bytes) => (bytes / 1024).toFixed(1).padStart(8);
  console.log(`${"KiB".padEnd(36)}     raw    gzip  brotli   bound  target (of gzip)`);
  for (const { name, raw, gzip, brotli, bound, target } of sizes) {
    const limits = bound === undefined ? "" : `${String(bound).padStart(8)}${String(target).padStart(8)}`;
    const isOver = bound !== undefined && gzip > bound * 1024;
    console.log(`${name.padEnd(36)}${kib(raw)}${kib(gzip)}${kib(brotli)}${limits}${isOver ? "  OVER ITS BOUND" : ""}`);
    if (isOver) process.exitCode = 1;
  }
}
