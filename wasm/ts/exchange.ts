// The calls that are made for every token: a text crosses once, through two buffers in the module's memory, and the number
// that comes back says what stands there.

import * as raw from "#raw";
import { heap, readAscii, readText, writeText } from "#memory";
import { fromText, type TokenmintError } from "./error.js";
import { ready } from "./module.js";

/** What a call gives that needs a key of the host. @internal */
export const ASKED = -2147483648;

/** Writes a text to the input and says how many bytes that are. @internal */
export function enter(text: string): number {
  ready();
  return writeText(text, raw.input(text.length * 3));
}

/** The token that the last call left. @internal */
export function leftToken(length: number): string {
  const at = raw.output();
  return readAscii(at, at + length);
}

/** The text that the last call left. @internal */
export function leftText(length: number): string {
  const at = raw.output();
  return readText(at, at + length);
}

/** The error that the last call left. @internal */
export function leftError(result: number): TokenmintError {
  const error = fromText(leftText(-result));
  // An engine keeps ten calls or so: not those that make the error, but as many of the caller's as may be.
  Error.captureStackTrace?.(error, leftError);
  return error;
}

/** The name of the key that is asked for. @internal */
export function askedKey(): string {
  return leftText(raw.asked());
}

/** The message that is to be signed, or was, where it stands. @internal */
export function askedMessage(): Uint8Array {
  const at = raw.output() + raw.asked();
  return heap().subarray(at, at + raw.asked_message());
}

/** Bytes of the input, where they stand. @internal */
export function entered(length: number): Uint8Array {
  const at = raw.input(0);
  return heap().subarray(at, at + length);
}

/** Writes bytes to the input. @internal */
export function enterBytes(bytes: Uint8Array): number {
  const at = raw.input(bytes.length);
  heap().set(bytes, at);
  return bytes.length;
}
