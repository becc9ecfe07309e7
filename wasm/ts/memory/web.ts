// Texts in and out of the module's memory, by what every platform has.

import { memory } from "../module.js";

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

/** Base64url without padding. @internal */
export function base64url(bytes: Uint8Array): string {
  let characters = "";
  for (let at = 0; at < bytes.length; at += 4096) {
    characters += String.fromCharCode(...bytes.subarray(at, at + 4096));
  }
  return btoa(characters).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

/** The bytes of base64url that is known to be right. @internal */
export function fromBase64url(text: string): Uint8Array {
  return fromBase64(text.replace(/-/g, "+").replace(/_/g, "/"));
}

/** The bytes of base64. @internal */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const characters = atob(text);
  const bytes = new Uint8Array(characters.length);
  for (let at = 0; at < bytes.length; at++) bytes[at] = characters.charCodeAt(at);
  return bytes;
}
