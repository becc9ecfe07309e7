// Starts the module on Node before the first line of whoever imports the package: from the base64 within, so that a bundle
// needs no file beside it.

import { gunzipSync } from "node:zlib";
import { initSync } from "#raw";
import wasm from "#wasm";
import { started } from "../module.js";

started(initSync({ module: gunzipSync(Buffer.from(wasm, "base64")) }));
