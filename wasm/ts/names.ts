// Names: those of JavaScript, and those of the core behind them.

import { invalid, textOf, TokenmintError } from "./error.js";
import { kind } from "./parameters.js";

/** A name of the core's in JavaScript. @internal */
export function camelCase(name: string): string {
  return name.replace(/__|_([a-z0-9])/g, (_, letter?: string) => letter?.toUpperCase() ?? "_");
}

/** The core's name for one of JavaScript. None becomes the name of another: what is not known here is not known there. @internal */
export function snakeCase(name: string): string {
  return name.replace(/[A-Z_]/g, (letter) => (letter === "_" ? "__" : `_${letter.toLowerCase()}`));
}

/** An object with its members in the core's names; anything else as it is. @internal */
export function inCoreNames(given: unknown): unknown {
  if (typeof given !== "object" || given === null || Array.isArray(given)) return given;
  return Object.fromEntries(Object.entries(given).map(([name, value]) => [snakeCase(name), value]));
}

/** Options whose own members have names of the core's. @internal */
export const NESTED: ReadonlySet<string> = new Set(["dpop", "status_lists"]);

/**
 * An error about an object with the core's names, as JavaScript names them. `within`: a member whose own members were
 * renamed, too. Names further within are those of whoever gave them.
 *
 * @internal
 */
export function inOwnNames(error: TokenmintError, within?: string): TokenmintError {
  const { code, field, cause, retryAfterSeconds } = error;
  if (field === undefined) return error;
  const path = field.split(".");
  const [first = ""] = path;
  const renamed = first.startsWith("trusted_issuers[") ? 3 : first === within || NESTED.has(first) ? 2 : 1;
  const own = path.map((name, at) => (at < renamed ? camelCase(name) : name)).join(".");
  const text = path.length <= renamed ? textOf(error).replace(/known are .*$/, camelCase) : textOf(error);
  return new TokenmintError(code, text, { field: own, cause, retryAfterSeconds });
}

/** What a call gives whose errors are about an object with the core's names. @internal */
export function named<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw error instanceof TokenmintError ? inOwnNames(error) : error;
  }
}

/** The longest name that is repeated: a longer one may be a secret in the wrong place. */
const LONGEST_SHOWN = 24;

/** Options, of which every member must be known. @internal */
export function optionsOf<T extends object>(given: T | undefined, ...known: readonly (keyof T & string)[]): T {
  if (given === undefined) return {} as T;
  if (typeof given !== "object" || given === null) throw invalid("options", `expected an object, found ${kind(given)}`);
  for (const name of Object.keys(given)) {
    if (!(known as readonly string[]).includes(name)) throw unknown(name, known);
  }
  return given;
}

function unknown(name: string, known: readonly string[]): TokenmintError {
  const all = `known are ${known.join(", ")}`;
  if (name.length <= LONGEST_SHOWN) return invalid(name, `this field is not known; ${all}`);
  return new TokenmintError("field_invalid", `a field with a name of ${name.length} characters is not known; ${all}`);
}
