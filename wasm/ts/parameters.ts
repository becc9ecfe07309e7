// What a function is given, as it is looked at before anything is done with it.

import { invalid } from "./error.js";

/** The longest text that is handed in, in UTF-16 units: far above any key or configuration. */
const LONGEST = 1 << 24;

/** A parameter that is a text. @internal */
export function text(value: unknown, field: string): string {
  if (typeof value !== "string") throw invalid(field, `expected a text, found ${kind(value)}`);
  if (value.length > LONGEST) throw invalid(field, `a text has at most ${LONGEST} characters`);
  return value;
}

/** A parameter that is a text or left out. @internal */
export function optionalText(value: unknown, field: string): string | undefined {
  return value === undefined || value === null ? undefined : text(value, field);
}

/** A parameter that is bytes. @internal */
export function bytes(value: unknown, field: string): Uint8Array {
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  if (!ArrayBuffer.isView(value)) throw invalid(field, `expected bytes, found ${kind(value)}`);
  if (value.byteLength > LONGEST) throw invalid(field, `there are at most ${LONGEST} bytes`);
  return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
}

/** What kind of value it is, without the value. @internal */
export function kind(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? "an object" : value === undefined ? "nothing" : `a ${typeof value}`;
}
