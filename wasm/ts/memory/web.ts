// Texts in and out of the module's memory, by what every platform has.

import { memory } from "../module.js";

export { base64url, fromBase64url } from "../base64.js";

const encoder = new TextEncoder();
const decoder = new TextDecoder();
let view = new Uint8Array(0);

/** The memory, also after it has grown. @internal */
export function heap(): Uint8Array {
  if (view.byteLength === 0) view = new Uint8Array(memory.buffer);
  return view;
}

/** Writes a text as UTF-8 and says how many bytes that are; there must be room for three times its length. @internal */
export function writeText(text: string, at: number): number {
  return encoder.encodeInto(text, heap().subarray(at)).written;
}

/** A text of bytes below 128. @internal */
export function readAscii(from: number, to: number): string {
  return decoder.decode(heap().subarray(from, to));
}

/** A text in UTF-8. @internal */
export const readText: typeof readAscii = readAscii;

/** UTF-8 of a text. @internal */
export function encode(text: string): Uint8Array {
  return encoder.encode(text);
}
