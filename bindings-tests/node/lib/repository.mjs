// Where things are. TOKENMINT_PACKAGE names another build of the package than that of this repository; no other run may be
// under way in this folder then.

import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const TESTS = dirname(dirname(fileURLToPath(import.meta.url)));
export const ROOT = resolve(TESTS, "../..");
export const PACKAGE = resolve(process.env.TOKENMINT_PACKAGE ?? join(ROOT, "wasm"));
export const TARGET = join(ROOT, "target");

/** The text of a file of the repository. */
export function read(path) {
  return readFileSync(join(ROOT, path), "utf8");
}

const CORPUS = resolve(ROOT, "../shared/vectors/jws_rfc_wycheproof.json");

/** The shared corpus, which is not part of the repository: undefined where it is not beside it. */
export function corpus() {
  return existsSync(CORPUS) ? readFileSync(CORPUS, "utf8") : undefined;
}
