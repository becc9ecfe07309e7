import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

/** The file that the package's own `exports` give to a browser whose program imports. */
function browserEntry(): string {
  const root = new URL("..", import.meta.url);
  const { exports } = JSON.parse(readFileSync(new URL("package.json", root), "utf8"));
  return fileURLToPath(new URL(exports["."].browser.default.default, root));
}

export default defineConfig({
  base: "./", // works in any folder of any host
  resolve: { alias: { tokenmint: browserEntry() } },
  build: {
    target: "es2022", // top-level await: the package is ready at import
    cssTarget: ["chrome123", "firefox120", "safari17.5"], // light-dark()
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 2000, // the module is inside
  },
});
