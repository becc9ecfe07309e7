// Projects that install the tarball, as users do.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { after, test } from "node:test";

import * as esbuild from "esbuild";
import workerd from "workerd";

import { launch, resultOf, serve } from "../../lib/browser.mjs";
import { node, pack, scratch, tool } from "../../lib/tarball.mjs";

const tarball = pack();
const chromium = launch();
after(async () => (await chromium).close());

const ALGORITHMS = ["HS256", "ES256", "RS256", "EdDSA"];
const WORK = {
  ...Object.fromEntries(ALGORITHMS.map((name) => [name, name])),
  ...Object.fromEntries(ALGORITHMS.slice(1).map((name) => [`${name} verify`, name])),
  status: 200,
};

async function inChromium(folder, page = "index.html") {
  const server = await serve({ "/": `${folder}/` });
  try {
    const { result, faults } = await resultOf(await chromium, `${server.origin}/${page}`, { timeout: 120_000 });
    assert.deepEqual(faults, []);
    return result;
  } finally {
    server.close();
  }
}

/** The files of the package that a bundler has taken. */
function entriesOf({ inputs }) {
  return Object.keys(inputs).filter((name) => name.includes("/dist/")).map((name) => name.replace(/^.*\/dist\//, "")).sort();
}

test("Node, import", () => {
  assert.equal(node(["main.mjs"], scratch("esm", tarball)), "esm works\n");
});

test("Node, require", () => {
  assert.equal(node(["main.cjs"], scratch("cjs", tarball)), "cjs works\n");
});

test("Jest", () => {
  const folder = scratch("jest", tarball);
  const told = node([tool("jest/bin/jest.js"), "--rootDir", folder, "--ci", "--json", "--silent"], folder, { NODE_OPTIONS: "--experimental-vm-modules --no-warnings" });
  const { numPassedTests, numFailedTests, success } = JSON.parse(told);
  assert.deepEqual([numPassedTests, numFailedTests, success], [4, 0, true]);
});

test("Jest with jsdom, which has the condition of browsers and requires", () => {
  const folder = scratch("jsdom", tarball);
  const told = node([tool("jest/bin/jest.js"), "--rootDir", folder, "--ci", "--json", "--silent", "--env", tool("jest-environment-jsdom")], folder);
  const { numPassedTests, numFailedTests, success } = JSON.parse(told);
  assert.deepEqual([numPassedTests, numFailedTests, success], [5, 0, true]);
});

test("Node, require under each condition", () => {
  const folder = scratch("required", tarball);
  const files = { browser: "base.cjs", "edge-light": "base.cjs", worker: "node.cjs", "react-server": "node.cjs", deno: "node.cjs", bun: "node.cjs" };
  for (const [condition, file] of Object.entries(files)) assert.equal(node(["-C", condition, "main.cjs"], folder), `${file}\n`, condition);
});

test("Vite, a page and a worker in Chromium", async () => {
  const folder = scratch("vite", tarball);
  node([tool("vite/bin/vite.js"), "build", "--logLevel", "warn"], folder);
  assert.deepEqual(await inChromium(join(folder, "dist")), { page: WORK, worker: WORK });
});

test("esbuild, for the browser and for Node", async () => {
  const folder = scratch("esbuild", tarball);
  const build = (given) => esbuild.build({ absWorkingDir: folder, bundle: true, minify: true, logLevel: "silent", ...given });
  const { warnings } = await build({ entryPoints: ["page.js"], outdir: "out", format: "esm", platform: "browser", target: "es2022" });
  assert.deepEqual(warnings, []);
  assert.deepEqual(await inChromium(folder), { page: WORK });
  // A program that requires gets what need not be awaited; one that imports, nothing of that.
  for (const platform of ["browser", "neutral"]) {
    const { metafile } = await build({ entryPoints: ["required.js"], outdir: "out", format: "iife", platform, target: "es2022", metafile: true });
    assert.deepEqual(entriesOf(metafile), ["base.cjs", "inflate.cjs", "verify/base.cjs", "verify/inflate.cjs", "verify/web.cjs", "web.cjs"]);
    assert.deepEqual(await inChromium(folder, "required.html"), { HS256: "HS256", ES256: "ES256" });
  }
  const { metafile } = await build({ entryPoints: ["page.js"], write: false, outdir: "out", format: "esm", platform: "browser", target: "es2022", metafile: true });
  assert.deepEqual(entriesOf(metafile), ["browser.js", "verify/browser.js", "verify/wasm.js", "verify/web.js", "wasm.js", "web.js"]);
  for (const format of ["cjs", "esm"]) {
    const outfile = join(folder, `out/alone/node.${format === "cjs" ? "cjs" : "mjs"}`);
    await build({ entryPoints: ["node.js"], outfile, format, platform: "node", target: "node20" });
    assert.deepEqual(JSON.parse(node([outfile], folder)), WORK, format);
  }
});

test("a page without a bundler, and a module worker, with the files of the tarball", async () => {
  const folder = scratch("plain", tarball);
  const page = Object.fromEntries(ALGORITHMS.map((name) => [name, name]));
  assert.deepEqual(await inChromium(folder), { page, worker: { ES256: "ES256" } });
});

test("workerd", async () => {
  const folder = scratch("workerd", tarball);
  const { warnings } = await esbuild.build({
    absWorkingDir: folder,
    entryPoints: ["worker.js"],
    outdir: "out",
    bundle: true,
    format: "esm",
    target: "es2022",
    conditions: ["workerd", "worker", "browser"],
    // Workers get modules of WebAssembly as files: nothing may be compiled there.
    loader: { ".wasm": "copy" },
    logLevel: "silent",
  });
  assert.deepEqual(warnings, []);
  const modules = readdirSync(join(folder, "out")).filter((name) => name.endsWith(".wasm"));
  const lines = modules.map((name) => `(name = "${name}", wasm = embed "out/${name}"),`);
  const config = readFileSync(join(folder, "config.capnp"), "utf8").replace("# WASM", lines.join("\n    "));
  writeFileSync(join(folder, "config.capnp"), config);
  // The program itself: where no script of its package was run, what is called workerd there starts it without this pipe.
  const child = spawn(workerd.default, ["serve", "--control-fd=3", "config.capnp"], { cwd: folder, stdio: ["ignore", "pipe", "pipe", "pipe"] });
  let told = "";
  child.stderr.on("data", (part) => (told += part));
  try {
    const port = await new Promise((resolve, reject) => {
      child.stdio[3].on("data", (line) => {
        const { event, port } = JSON.parse(String(line).split("\n")[0]);
        if (event === "listen") resolve(port);
      });
      child.on("exit", () => reject(new Error(told)));
      setTimeout(() => reject(new Error(`workerd does not listen: ${told}`)), 120_000).unref();
    });
    const response = await fetch(`http://127.0.0.1:${port}/work`);
    assert.equal(response.status, 200, await response.clone().text().then((text) => text + told));
    assert.deepEqual(await response.json(), { ...Object.fromEntries(ALGORITHMS.map((name) => [name, name])), jkt: 43 });
    const keys = await fetch(`http://127.0.0.1:${port}/.well-known/jwks.json`);
    assert.deepEqual([keys.status, await keys.json()], [200, { keys: [] }]);
  } finally {
    child.kill("SIGKILL");
  }
});

// The edge runtime takes modules of WebAssembly only as files that its builder has seen.
for (const builder of ["--turbopack", "--webpack"]) {
  test(`Next.js, built with ${builder}: a page, a route on Node and one on the edge runtime`, async () => {
    const folder = scratch("next", tarball);
    for (const name of ["next", "react", "react-dom"]) symlinkSync(tool(name), join(folder, "node_modules", name), "dir");
    const environment = { NEXT_TELEMETRY_DISABLED: "1", NODE_ENV: undefined };
    const next = tool("next/dist/bin/next");
    node([next, "build", builder], folder, environment);
    const port = await freePort();
    const env = { ...process.env, NODE_OPTIONS: "", NEXT_TELEMETRY_DISABLED: "1" };
    const server = spawn(process.execPath, [next, "start", "-H", "127.0.0.1", "-p", `${port}`], { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
    let told = "";
    try {
      await new Promise((resolve, reject) => {
        const listen = (part) => (told += part).includes("Ready") && resolve();
        server.stdout.on("data", listen);
        server.stderr.on("data", listen);
        server.on("exit", () => reject(new Error(told)));
      });
      for (const name of ["node", "edge"]) {
        const response = await fetch(`http://127.0.0.1:${port}/${name}`);
        assert.equal(response.status, 200, told);
        const { sub, status } = await response.json();
        assert.deepEqual([sub, status], [name, 200]);
      }
      const page = await (await chromium).newPage();
      await page.goto(`http://127.0.0.1:${port}/`);
      await page.getByText("edge", { exact: true }).waitFor({ timeout: 120_000 });
      await page.close();
    } finally {
      server.kill("SIGKILL");
    }
  });
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}
