// What a page loads that only verifies, by bundler, with splitting and without: its part of the package, once.

import assert from "node:assert/strict";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { gzipSync } from "node:zlib";

import * as esbuild from "esbuild";
import { build as vite } from "vite";
import webpack from "webpack";

import { Key } from "tokenmint";

import { launch, resultOf, serve } from "../../lib/browser.mjs";
import { pair } from "../../lib/fixtures.mjs";
import { pack, scratch } from "../../lib/tarball.mjs";

const folder = scratch("bundles", pack());
const { issuer } = pair(Key.generateSync("ES256", { kid: "k1" }));
const token = await issuer.mint({ sub: "ent_1" }, "1h");
writeFileSync(join(folder, "token.js"), `export const JWKS = ${JSON.stringify(issuer.publicJwks())};\nexport const TOKEN = "${token}";\n`);

const browser = await launch();
after(() => browser.close());

const zipped = (path) => gzipSync(readFileSync(path), { level: 9 }).length;
const own = ["browser.js", "web.js", "wasm.js"].map((name) => zipped(join(folder, "node_modules/tokenmint/dist/verify", name)));
const package_ = own.reduce((sum, size) => sum + size, 0);

const BUNDLERS = {
  esbuild: (outdir, splits) =>
    esbuild.build({ absWorkingDir: folder, entryPoints: ["page.js"], outdir, bundle: true, minify: true, splitting: splits, format: "esm", target: "es2022", logLevel: "silent" }),
  Vite: (outDir, splits) =>
    vite({
      root: folder,
      configFile: false,
      logLevel: "silent",
      build: {
        outDir,
        target: "es2022",
        lib: { entry: join(folder, "page.js"), formats: ["es"], fileName: () => "page.js" },
        rollupOptions: splits ? {} : { output: { inlineDynamicImports: true } },
      },
    }),
  webpack: (path, splits) =>
    new Promise((resolve, reject) => {
      const optimization = splits ? { splitChunks: { chunks: "all", minSize: 0 } } : { splitChunks: false };
      const output = { path, filename: splits ? "[name].js" : "page.js", module: true, chunkFormat: "module" };
      const given = { mode: "production", context: folder, entry: { page: "./page.js" }, target: ["web", "es2022"], experiments: { outputModule: true }, performance: { hints: false } };
      webpack({ ...given, output, optimization }, (error, stats) => {
        if (error ?? stats.hasErrors()) reject(error ?? new Error(stats.toString("errors-only")));
        else resolve();
      });
    }),
};

for (const [name, bundle] of Object.entries(BUNDLERS)) {
  for (const splits of [false, true]) {
    test(`${name}, ${splits ? "with" : "without"} splitting`, async (t) => {
      const out = join(folder, `out-${name}-${splits}`);
      await bundle(out, splits);
      const files = readdirSync(out, { recursive: true }).filter((file) => file.endsWith(".js"));
      const size = files.reduce((sum, file) => sum + zipped(join(out, file)), 0);
      t.diagnostic(`${(size / 1024).toFixed(1)} KiB of gzip in ${files.length} files; the package's own ${(package_ / 1024).toFixed(1)}`);
      // The page itself and the bundler's own are small.
      assert.ok(size < package_ + 4096, `${size} bytes, where the package has ${package_}`);
      const server = await serve({ "/": `${out}/` }, { "/index.html": readFileSync(join(folder, "index.html"), "utf8") });
      try {
        assert.deepEqual(await resultOf(browser, `${server.origin}/index.html`), { result: "ent_1", faults: [] });
      } finally {
        server.close();
      }
    });
  }
}
