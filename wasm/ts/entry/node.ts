// How the module is started on Node: when it is called for the first time, so that an import costs little.

import { gunzipSync } from "node:zlib";
import { initSync } from "#raw";
import { startBytes, startsLater } from "../module.js";

/** Starts it from its file. @internal */
export function startFile(read: () => Uint8Array<ArrayBuffer>): void {
  startsLater(() => startBytes(read(), (module) => initSync({ module })));
}

/** Starts it from base64 of gzip: in a bundle, which has no file beside it. @internal */
export function startText(base64: string): void {
  startFile(() => gunzipSync(Buffer.from(base64, "base64")));
}
