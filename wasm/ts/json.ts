// JSON there and back: exact integers, and no value that JSON.stringify would change or drop in silence.

import { TokenmintError } from "./error.js";
import { kind } from "./module.js";

/** How deep claims may be nested: deeper than the core allows, so that the core says it. */
const DEEPEST = 64;

/**
 * The JSON text of a value. Members that are `undefined` are left out, BigInts are integers.
 *
 * Fails with `claims_not_json`, naming the place, for what JSON has no form for: NaN, functions, Dates, Maps, class
 * instances, and the like.
 *
 * @internal
 */
export function toJson(value: unknown): string {
  return isPlain(value, 0) ? (JSON.stringify(value) as string) : write(value, "", 0);
}

/**
 * Whether JSON.stringify writes the value as it is. It does not for what is refused, nor for a BigInt: the slow way finds
 * out which.
 */
function isPlain(value: unknown, depth: number): boolean {
  switch (typeof value) {
    case "string":
    case "boolean":
      return true;
    case "number":
      return value - value === 0; // false for NaN and the infinities
    case "object":
      if (value === null) return true;
      if (depth > DEEPEST) return false;
      if (Array.isArray(value)) {
        for (let index = 0; index < value.length; index++) {
          if (!isPlain(value[index], depth + 1)) return false;
        }
        return true;
      }
      if (!isRecord(value)) return false;
      for (const name in value) {
        const member = value[name];
        if (member !== undefined && !isPlain(member, depth + 1)) return false;
      }
      return true;
    default:
      return false;
  }
}

/** Whether an object has no class: also one of another realm, such as a test runner's. */
function isRecord(value: object): value is Record<string, unknown> {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null || Object.getPrototypeOf(prototype) === null;
}

function write(value: unknown, path: string, depth: number): string {
  switch (typeof value) {
    case "string":
    case "boolean":
      return JSON.stringify(value);
    case "number":
      if (!Number.isFinite(value)) throw refused(path, `${value} is no number of JSON`);
      return JSON.stringify(value);
    case "bigint":
      return value.toString();
    case "object": {
      if (value === null) return "null";
      if (depth > DEEPEST) throw refused(path, "nested too deep, or within itself");
      if (Array.isArray(value)) {
        return `[${Array.from(value, (item: unknown, at) => write(item, `${path}[${at}]`, depth + 1)).join()}]`;
      }
      if (!isRecord(value)) throw refused(path, `a ${value.constructor?.name || "class instance"} is no value of JSON`);
      const members = Object.keys(value)
        .filter((name) => value[name] !== undefined)
        .map((name) => {
          const place = path === "" ? name : `${path}.${name}`;
          return `${JSON.stringify(name)}:${write(value[name], place, depth + 1)}`;
        });
      return `{${members.join()}}`;
    }
    default:
      throw refused(path, `expected a value of JSON, found ${kind(value)}`);
  }
}

function refused(path: string, message: string): TokenmintError {
  return new TokenmintError("claims_not_json", message, path === "" ? {} : { field: path });
}

/** The digits of the least integer that a double may not hold exactly. */
const LARGE_DIGITS = 16;

/**
 * The value of a JSON text which the core has checked. Integers that a double does not hold exactly are BigInts.
 *
 * @internal
 */
export function fromJson(text: string): unknown {
  return mayHoldLarge(text) ? new Reader(text).value() : JSON.parse(text);
}

/**
 * Whether there are so many digits in a row, wherever they stand: in a text they only cost time. Every 16th character is
 * looked at, as one of them is within each such row.
 */
function mayHoldLarge(text: string): boolean {
  for (let at = LARGE_DIGITS - 1; at < text.length; at += LARGE_DIGITS) {
    if (!isDigit(text, at)) continue;
    let from = at;
    let to = at + 1;
    while (isDigit(text, from - 1)) from--;
    while (isDigit(text, to)) to++;
    if (to - from >= LARGE_DIGITS) return true;
  }
  return false;
}

/** Whether a digit stands there; none stands outside. */
function isDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 48 && code <= 57;
}

/** The tokens of JSON, blanks before them left out. */
const TOKEN = /\s*("(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+)/y;

/** Reads JSON that is known to be right. */
class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(token = this.#next()): unknown {
    if (token === "{") return this.#object();
    if (token === "[") return this.#array();
    if (/^-?\d+$/.test(token)) {
      const number = Number(token);
      return Number.isSafeInteger(number) ? number : BigInt(token);
    }
    return JSON.parse(token);
  }

  #object(): unknown {
    const members: Record<string, unknown> = {};
    for (let token = this.#next(); token !== "}"; token = this.#next()) {
      const name = JSON.parse(token === "," ? this.#next() : token) as string;
      this.#next(); // the colon
      // Not an assignment, which `__proto__` would not survive.
      Object.defineProperty(members, name, {
        value: this.value(),
        writable: true,
        enumerable: true,
        configurable: true,
      });
    }
    return members;
  }

  #array(): unknown[] {
    const items: unknown[] = [];
    for (let token = this.#next(); token !== "]"; token = this.#next()) {
      items.push(this.value(token === "," ? undefined : token));
    }
    return items;
  }

  #next(): string {
    TOKEN.lastIndex = this.#at;
    const token = TOKEN.exec(this.#text)?.[1];
    if (token === undefined) throw new TokenmintError("internal", "what the core gives is JSON");
    this.#at = TOKEN.lastIndex;
    return token;
  }
}
