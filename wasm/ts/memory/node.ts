// Texts in and out of the module's memory, on Node: Buffer's native functions, which cost a sixth of wasm-bindgen's way.

import { memory } from "../module.js";

let view = Buffer.alloc(0);

/** The memory, also after it has grown. @internal */
export function heap(): Uint8Array {
  if (view.byteLength === 0) view = Buffer.from(memory.buffer);
  return view;
}

/** Writes a text as UTF-8 and says how many bytes that are; there must be room for three times its length. @internal */
export function writeText(text: string, at: number): number {
  if (view.byteLength === 0) view = Buffer.from(memory.buffer);
  return view.write(text, at, "utf8");
}

/** A text of bytes below 128. @internal */
export function readAscii(from: number, to: number): string {
  if (view.byteLength === 0) view = Buffer.from(memory.buffer);
  return view.toString("latin1", from, to);
}

/** A text in UTF-8. @internal */
export function readText(from: number, to: number): string {
  if (view.byteLength === 0) view = Buffer.from(memory.buffer);
  return view.toString("utf8", from, to);
}

/** UTF-8 of a text. @internal */
export function encode(text: string): Uint8Array {
  // Not of Buffer's pool, so that it can be wiped and nobody else's bytes are beside it.
  return new Uint8Array(Buffer.from(text, "utf8"));
}

/** Base64url without padding. @internal */
export function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64url");
}

/** The bytes of base64url that is known to be right. @internal */
export function fromBase64url(text: string): Uint8Array {
  const found = Buffer.from(text, "base64url");
  return new Uint8Array(found.buffer, found.byteOffset, found.byteLength);
}
