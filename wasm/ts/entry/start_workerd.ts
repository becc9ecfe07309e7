// Starts the module on workerd, which compiles it when it loads the program.

import module from "./tokenmint.wasm";
import { initSync } from "#raw";
import { started } from "../module.js";

started(initSync({ module }));
