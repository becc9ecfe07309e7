// Starts the module on the edge runtime of Next.js and its like, which compile it when they load the program, and are told by
// `?module` to do so.

import module from "./tokenmint.wasm?module";
import { initSync } from "#raw";
import { started } from "../module.js";

// Such a runtime keeps the program in a realm of its own and compiles outside of it: `initSync` knows this realm's class only.
started(initSync({ module: Object.setPrototypeOf(module, WebAssembly.Module.prototype) as WebAssembly.Module }));
