// Starts the module where nothing can be awaited: for `require` elsewhere than on Node, such as in a test with jsdom. Without
// SIMD, so that one build serves everywhere, and not compressed: no platform inflates at once.

import plain from "#plain";
import { initSync } from "#raw";
import { fromBase64 } from "../memory/web.js";
import { started } from "../module.js";

started(initSync({ module: fromBase64(plain) }));
