import * as raw from "#raw";
import { TokenmintError } from "./error.js";
import { guard, kind, text } from "./module.js";

/** A lifetime: a text such as `"1h"`, or whole seconds. Texts of digits only are seconds, too. */
export type Lifetime = string | number;

/** Texts that were read already: a program has few. */
const known = new Map<string, number>();
const MOST_KNOWN = 64;

/**
 * Whole seconds of a lifetime: `90`, `"90"`, `"90s"`, `"1.5 minutes"`. Units are s, m, h, d, w and y with their long forms.
 *
 * Fails with `lifetime_empty`, `lifetime_syntax`, `lifetime_unit`, `lifetime_not_positive`, `lifetime_under_one_second`,
 * `lifetime_too_long`, `lifetime_overflow`, or `lifetime_type` for what is neither a text nor a whole number.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { parseExpiresIn } from "tokenmint";
 *
 * assert.equal(parseExpiresIn("1h"), 3600);
 * assert.equal(parseExpiresIn("7 days"), 604_800);
 * assert.equal(parseExpiresIn(90), 90);
 * assert.throws(() => parseExpiresIn("1d 2h"), { code: "lifetime_syntax" });
 * ```
 */
export function parseExpiresIn(value: Lifetime): number {
  if (typeof value === "string") {
    let seconds = known.get(value);
    if (seconds === undefined) {
      text(value, "expiresIn");
      seconds = guard(() => raw.parse_expires_in(value));
      if (known.size === MOST_KNOWN) known.clear();
      known.set(value, seconds);
    }
    return seconds;
  }
  if (typeof value === "number" && !Number.isNaN(value)) {
    // JSON has no infinity, but numbers that JavaScript reads as one.
    const json = Number.isFinite(value) ? String(value) : value > 0 ? "1e999" : "-1e999";
    return guard(() => raw.expires_in_from_json(json));
  }
  throw new TokenmintError("lifetime_type", `expected a text or whole seconds, found ${kind(value)}`);
}

/**
 * As {@link parseExpiresIn}, of the text of a JSON value, whose digits JavaScript's numbers might lose.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { parseExpiresInJson } from "tokenmint";
 *
 * assert.equal(parseExpiresInJson('"1h"'), 3600);
 * assert.equal(parseExpiresInJson("36e2"), 3600);
 * ```
 */
export function parseExpiresInJson(json: string): number {
  const given = text(json, "json");
  return guard(() => raw.expires_in_from_json(given));
}

/**
 * The shortest text of a lifetime, which {@link parseExpiresIn} reads back.
 *
 * Fails as {@link parseExpiresIn} does for a number.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { formatExpiresIn } from "tokenmint";
 *
 * assert.equal(formatExpiresIn(5400), "90m");
 * ```
 */
export function formatExpiresIn(seconds: number): string {
  const whole = parseExpiresIn(seconds);
  return guard(() => raw.format_expires_in(whole));
}

/**
 * The `exp` that node-jsonwebtoken 9 gives for an `expiresIn` text and an `iat`, both in seconds: for those who leave it
 * behind. There `"120"` are milliseconds.
 *
 * Fails with the codes of {@link parseExpiresIn}, and with `time_invalid` where there is no such time.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { nodeJsonwebtokenExpiry } from "tokenmint";
 *
 * assert.equal(nodeJsonwebtokenExpiry("1h", 1_700_000_000), 1_700_003_600);
 * ```
 */
export function nodeJsonwebtokenExpiry(value: string, iat: number): number {
  const given = text(value, "expiresIn");
  if (typeof iat !== "number") throw new TokenmintError("time_invalid", "expected seconds since 1970", { field: "iat" });
  return guard(() => raw.node_jsonwebtoken(given, iat));
}
