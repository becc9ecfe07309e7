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
 * The modules: an entry of the package each, with what a user may have to load: KiB of gzip, WebAssembly and JavaScript
 * together. A build over its bound fails, so that it comes no further away from its target; who makes it smaller lowers the
 * bound.
 */
const MODULES = [
  { raw: "raw", out: "", list: "index", bound: 640, target: 120 },
  { raw: "raw-mint", out: "mint", list: "mint", bound: 199, target: undefined },
  { raw: "raw-remote", out: "remote", list: "remote_keys", bound: 144, target: undefined },
  { raw: "raw-verify", out: "verify", list: "verify", bound: 135, target: 40 },
];

/** The entries that need no module: a file for whoever imports, and one for whoever requires. */
const PLAIN = [{ out: "dpop", list: "dpop", bound: 4, target: undefined }];

/** The builds without SIMD, of the first and the last of them: what they are for is seldom. */
const BASES = ["", "verify"];

/** The whole package, in MiB: what is loaded, and what it becomes on the disk. */
const PACKED = { bound: 3.2, target: 1 };
const UNPACKED = { bound: 5.9, target: 2.5 };

/** How everything is bundled. */
const COMMON = {
  bundle: true,
  format: "esm",
  target: "es2022",
  minify: true,
  // Errors and `util.inspect` name classes.
  keepNames: true,
  legalComments: "none",
  logLevel: "warning",
  absWorkingDir: folder,
};

/** How the module is started on Node: from its file, or in a bundle from within. */
const STARTS_FILE = `
  import { readFileSync } from "node:fs";
  import { join } from "node:path";
  import { startFile } from "./entry/node.js";
  startFile(() => readFileSync(join(__dirname, "tokenmint.wasm")))`;
const STARTS_TEXT = `
  import wasm from "#wasm";
  import { startText } from "./entry/node.js";
  startText(wasm)`;

/** Whether the modules were built in the way by which they are judged. */
const isBounded = process.argv.includes("--bounded");

/** What is required has no URL, so that nothing is loaded from beside it, and may be required in jsdom. */
const REQUIRED = { format: "cjs", define: { "import.meta.url": "undefined" }, inject: [join(ts, "memory/coding.ts")] };

/** An import or an export of another file; in comments they do not begin a line. */
const NAMED = /^(?:import|export)\b[^;"]*\bfrom "([^"]*)"/gm;

clean();
const sizes = [];
const types = writeTypes();
await optimizeAll();
for (const module of MODULES) await bundle(module);
for (const entry of PLAIN) await bundlePlain(entry);
await types;
for (const license of ["LICENSE-APACHE", "LICENSE-MIT"]) cpSync(join(folder, "..", license), join(folder, license));
await report();

/** What was built before, but for what the build begins with. */
function clean() {
  for (const name of readdirSync(dist)) {
    if (!name.startsWith("raw")) rmSync(join(dist, name), { recursive: true });
  }
}

/** Optimizes the builds of the modules, as many at once as there are processors. */
async function optimizeAll() {
  const builds = MODULES.flatMap(({ raw, out }) => {
    const simd = [join(dist, raw), join(dist, out, "tokenmint.wasm")];
    return BASES.includes(out) ? [simd, [join(dist, `${raw}-base`), join(dist, `${raw}-base`, "tokenmint.wasm")]] : [simd];
  });
  const next = async () => {
    for (let job = builds.shift(); job; job = builds.shift()) {
      const [from, to] = job;
      mkdirSync(dirname(to), { recursive: true });
      // Not `--traps-never-happen`: a check that fails is a trap here, and must not be left out.
      const flags = ["-Os", "--strip-debug", "--strip-producers", "--strip-target-features"];
      // The module's own list of features says which instructions may be used.
      await run("node", [bin("wasm-opt"), ...flags, join(from, "tokenmint_bg.wasm"), "-o", to], { maxBuffer: 1 << 24 });
    }
  };
  await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, next));
}

/**
 * Bundles a module's JavaScript. What is large stands once for each way of loading: `web.js` and `web.cjs` everywhere but on
 * Node, `wasm.js` the module within JavaScript; the entries pass on what they offer, and say how the module is started.
 */
async function bundle(module) {
  const { out, list } = module;
  const put = (name, ...lines) => writeFileSync(join(dist, out, name), `${lines.join("\n")}\n`);
  const names = await exportsOf(join(ts, `${list}.ts`), module);
  const offered = `export { ${names.join(", ")} } from`;
  const required = (from) => names.map((name) => `exports.${name} = ${from}.${name};`);

  const everything = `export * from "./${list}.js"`;
  const web = [everything, `export * from "./entry/web.js"`];
  await write("web.js", web, module, {});
  put("wasm.js", `export default "${base64(join(dist, out, "tokenmint.wasm"))}";`);
  put("browser.js", `import { startText } from "./web.js";`, `import wasm from "./wasm.js";`, `${offered} "./web.js";`, "await startText(wasm);");
  for (const [name, suffix] of [["workerd", ""], ["edge", "?module"]]) {
    const compiled = `import module from "./tokenmint.wasm${suffix}";`;
    put(`${name}.js`, compiled, `import { startModule } from "./web.js";`, `${offered} "./web.js";`, "startModule(module);");
  }
  put("slim.js", `export { init, ${names.join(", ")} } from "./web.js";`);

  await write("node.cjs", [everything, STARTS_FILE], module, { platform: "node", format: "cjs" });
  // One instance of the module in a program, however its parts are loaded. Required, because Node looks for the names in all
  // of a CommonJS module that is imported: that takes longer than all else.
  put(
    "node.mjs",
    `import { createRequire } from "node:module";`,
    `export const { ${names.join(", ")} } = createRequire(import.meta.url)("./node.cjs");`,
  );
  // For bundlers, which can give a module of this kind to `import` and to `require`.
  await write("node.bundle.mjs", [everything, STARTS_TEXT], module, { platform: "node" });

  // For whoever requires: a bundler takes these only where its program does, too.
  await write("web.cjs", web, module, REQUIRED);
  put("slim.cjs", `const web = require("./web.cjs");`, "exports.init = web.init;", ...required("web"));
  if (BASES.includes(out)) {
    await write("inflate.cjs", [`export { gunzipSync } from "fflate"`], module, { ...REQUIRED, banner: { js: fflate() } });
    const wasm = base64(join(dist, `${module.raw}-base`, "tokenmint.wasm"));
    const start = `web.startTextAtOnce("${wasm}", require("./inflate.cjs").gunzipSync);`;
    put("base.cjs", `const web = require("./web.cjs");`, ...required("web"), start);
  }

  const name = out || ".";
  const at = (...files) => files.map((file) => join(dist, out, file));
  measure(`${name} for browsers`, at("browser.js", "web.js", "wasm.js"), module);
  measure(`${name} for workers, and where the host loads`, at("workerd.js", "web.js", "tokenmint.wasm"), module);
  measure(`${name} for Node`, at("node.cjs", "tokenmint.wasm"), module);
  if (BASES.includes(out)) measure(`${name} without SIMD`, at("base.cjs", "inflate.cjs", "web.cjs"));
}

/** Bundles an entry that has no module: what asks for one fails here. */
async function bundlePlain({ out, list, bound, target }) {
  const options = { ...COMMON, entryPoints: [join(ts, `${list}.ts`)] };
  for (const [name, format] of [["index.js", "esm"], ["index.cjs", "cjs"]]) {
    await build({ ...options, format, outfile: join(dist, out, name) });
  }
  measure(`${out}, without WebAssembly`, [join(dist, out, "index.js")], { bound, target });
}

/** The licence of what inflates, which it wants to be where its code is. */
function fflate() {
  return `/*! fflate\n${readFileSync(join(folder, "node_modules/fflate/LICENSE"), "utf8").trim()}\n*/`;
}

async function write(name, statements, module, options) {
  const stdin = { contents: statements.join(";\n"), resolveDir: ts, loader: "ts" };
  const platform = options.platform === "node" ? "node" : "web";
  await build({ ...common(module, platform), ...options, stdin, outfile: join(dist, module.out, name) });
}

/** What a file exports, types aside. */
async function exportsOf(entry, module) {
  const options = { ...common(module, "web"), entryPoints: [entry], write: false, metafile: true, outfile: "names.js" };
  const { metafile } = await build(options);
  return Object.values(metafile.outputs)[0].exports.sort();
}

function common(module, platform) {
  return { ...COMMON, plugins: [places(module, platform)] };
}

/** What stands behind the names that begin with `#`. */
function places({ raw }, platform) {
  return {
    name: "places",
    setup(build) {
      build.onResolve({ filter: /^#raw$/ }, () => ({ path: join(dist, raw, "tokenmint.js"), sideEffects: false }));
      build.onResolve({ filter: /^#(memory|crypto)$/ }, ({ path }) => ({ path: join(ts, path.slice(1), `${platform}.ts`) }));
      build.onResolve({ filter: /^#wasm$/ }, () => ({ path: "./wasm.js", external: true }));
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
  for (const { list, out, raw } of [...MODULES, ...PLAIN]) {
    collect(join(to, `${list}.d.ts`), used);
    const passed = `export * from "./${relative(join(dist, out), to)}/${list}.cjs";\n`;
    for (const name of ["index.d.ts", "index.d.cts"]) put(join(dist, out, name), passed);
    if (raw === undefined) continue;
    const init = readFileSync(join(to, "entry/init.d.ts"), "utf8");
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

/** Prints the tables; fails where something is larger than it was. */
async function report() {
  const kib = (bytes) => (bytes / 1024).toFixed(1).padStart(8);
  const limit = (value) => (value === undefined ? "" : String(value)).padStart(8);
  const judged = (isOver) => {
    if (isOver && isBounded) process.exitCode = 1;
    return isOver ? "  OVER ITS BOUND" : "";
  };
  console.log(`${"KiB".padEnd(44)}     raw    gzip  brotli   bound  target (of gzip)`);
  for (const { name, raw, gzip, brotli, bound, target } of sizes) {
    const over = judged(bound !== undefined && gzip > bound * 1024);
    console.log(`${name.padEnd(44)}${kib(raw)}${kib(gzip)}${kib(brotli)}${limit(bound)}${limit(target)}${over}`);
  }
  const { stdout } = await run("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], { cwd: folder, maxBuffer: 1 << 24 });
  const told = JSON.parse(stdout);
  const [{ size, unpackedSize, entryCount }] = Array.isArray(told) ? told : Object.values(told);
  console.log(`\n${`the package, ${entryCount} files, MiB`.padEnd(44)}    size   bound  target`);
  for (const [name, bytes, { bound, target }] of [["tarball", size, PACKED], ["unpacked", unpackedSize, UNPACKED]]) {
    const mib = bytes / 2 ** 20;
    console.log(`${name.padEnd(44)}${mib.toFixed(2).padStart(8)}${limit(bound)}${limit(target)}${judged(mib > bound)}`);
  }
}
