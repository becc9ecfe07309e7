import { invalid } from "../error.js";
import { start } from "./init.js";

/**
 * Loads the WebAssembly module: from a URL, an answer of `fetch`, bytes, or a module that was compiled already. It is the
 * file `tokenmint/tokenmint.wasm` of the package (`tokenmint/verify/tokenmint.wasm` for `tokenmint/verify/slim`). Every other
 * function waits for it; a second call does nothing.
 */
export async function init(source: string | URL | ResponseLike | BufferSourceLike | object): Promise<void> {
  if (source === undefined || source === null) throw invalid("source", "expected the module, or where it is");
  await start(source as Response);
}

/** An answer of `fetch`. */
export interface ResponseLike {
  arrayBuffer(): Promise<ArrayBuffer>;
}

/** Bytes. */
export type BufferSourceLike = ArrayBuffer | ArrayBufferView;
