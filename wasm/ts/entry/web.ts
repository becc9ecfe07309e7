// How the module is started elsewhere than on Node. What does not start says so in every call: an import that failed would
// take the program with it.

import { initSync } from "#raw";
import { fromBase64 } from "../base64.js";
import { refused, startBytes, started } from "../module.js";

export { init } from "./init.js";

/** Starts it from base64 of gzip, so that nothing is fetched. @internal */
export async function startText(base64: string): Promise<void> {
  let bytes: ArrayBuffer | undefined;
  try {
    const stream = new Blob([fromBase64(base64)]).stream().pipeThrough(new DecompressionStream("gzip"));
    bytes = await new Response(stream).arrayBuffer();
    startModule(await WebAssembly.compile(bytes));
  } catch (cause) {
    refused(cause, bytes);
  }
}

/** As {@link startText}, at once, by a function that inflates. @internal */
export function startTextAtOnce(base64: string, inflate: (bytes: Uint8Array) => Uint8Array<ArrayBuffer>): void {
  startBytes(inflate(fromBase64(base64)), (module) => initSync({ module }));
}

/** Starts a module that the platform has compiled. @internal */
export function startModule(module: WebAssembly.Module): void {
  // The edge runtime of Next.js keeps the program in a realm of its own and compiles outside of it: `initSync` knows this
  // realm's class only.
  const own = module instanceof WebAssembly.Module ? module : Object.setPrototypeOf(module, WebAssembly.Module.prototype);
  started(initSync({ module: own as WebAssembly.Module }));
}
