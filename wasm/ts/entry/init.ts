import { initSync } from "#raw";
import { invalid } from "../error.js";
import { isStarted, notStarted, started } from "../module.js";

/**
 * Loads the WebAssembly module: from a URL, an answer of `fetch`, bytes, or a module that was compiled already. It is the
 * file `tokenmint/tokenmint.wasm` of the package, `tokenmint/verify/tokenmint.wasm` for `tokenmint/verify/slim`, and so on.
 * Every other function waits for it; a second call does nothing.
 *
 * Rejects with `module_blocked` where a page's policy forbids WebAssembly, and with `module_unsupported` for what is no module
 * here.
 */
export async function init(source: string | URL | ResponseLike | BufferSourceLike | object): Promise<void> {
  if (source === undefined || source === null) throw invalid("source", "expected the module, or where it is");
  if (isStarted()) return;
  const found = typeof source === "string" || source instanceof URL ? await fetch(source) : source;
  const module = found instanceof WebAssembly.Module ? found : await compiled(found);
  if (!isStarted()) started(initSync({ module }));
}

async function compiled(source: object): Promise<WebAssembly.Module> {
  const bytes = "arrayBuffer" in source ? await (source as ResponseLike).arrayBuffer() : (source as BufferSource);
  return WebAssembly.compile(bytes).catch((cause: unknown) => {
    throw notStarted(cause, bytes);
  });
}

/** An answer of `fetch`. */
export interface ResponseLike {
  arrayBuffer(): Promise<ArrayBuffer>;
}

/** Bytes. */
export type BufferSourceLike = ArrayBuffer | ArrayBufferView;
