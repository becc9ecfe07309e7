// Starts the module where JavaScript can await while it loads: from the base64 within, so that nothing is fetched.

import wasm from "#wasm";
import { inflated, start } from "./init.js";

/** A module of one function with one instruction of SIMD: what cannot be validated needs the other build. */
const SIMD = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11];

const build = WebAssembly.validate(new Uint8Array(SIMD)) ? wasm : (await import("#fallback")).default;
await start(await inflated(build));
