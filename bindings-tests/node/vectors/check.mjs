// What a run found. No API of Node's or of the browser's is used in this folder, so that the same code runs in both.

import { different } from "./json.mjs";

export class Report {
  constructor() {
    /** How many checks of each file were made. */
    this.counts = {};
    /** What was found to be different, with what was wanted. */
    this.failures = [];
  }

  /** Counts a check, and notes it where `found` is not `wanted`. */
  same(file, id, found, wanted) {
    this.counts[file] = (this.counts[file] ?? 0) + 1;
    const place = different(found, wanted);
    if (place !== undefined) this.failures.push(`${file}: ${id}: ${place}`);
  }

  /** Counts what JavaScript cannot say, so that a test can state how much that is. */
  skip(file) {
    this.counts[`${file}, skipped`] = (this.counts[`${file}, skipped`] ?? 0) + 1;
  }
}

/** What a call gives, or the name of its error. Foreign errors are not caught. */
export async function outcome(tokenmint, call) {
  try {
    return await call();
  } catch (error) {
    if (error instanceof tokenmint.TokenmintError) return error.code;
    throw error;
  }
}

export function bytes(hex) {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

/** snake_case to camelCase, for the names of an object's own members. */
export function camel(object) {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [camelName(name), value]));
}

export function camelName(name) {
  return name.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase());
}

export function snakeName(name) {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
