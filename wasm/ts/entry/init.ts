import init, { type InitInput } from "#raw";
import { fromBase64 } from "../memory/web.js";
import { isStarted, started } from "../module.js";

/** Starts the module, once. @internal */
export async function start(source: InitInput | Promise<InitInput>): Promise<void> {
  if (!isStarted()) started(await init({ module_or_path: source }));
}

/** A build of the module as it is kept within JavaScript: base64 of gzip. @internal */
export async function inflated(base64: string): Promise<ArrayBuffer> {
  const stream = new Blob([fromBase64(base64)]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).arrayBuffer();
}
