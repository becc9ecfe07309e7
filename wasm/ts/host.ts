import { invalid, TokenmintError } from "./error.js";
import { bytes } from "./module.js";
import { optionsOf } from "./names.js";

/**
 * Where time and randomness come from. The default is `Date.now` and `crypto.getRandomValues`; tests give their own.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { Issuer, Key, KeySet } from "tokenmint";
 *
 * const host = { now: () => 1_700_000_000_000, random: (bytes: Uint8Array) => bytes.fill(7) };
 * const keys = new KeySet(Key.hmac("a secret of at least thirty-two bytes"));
 * const issuer = new Issuer(keys, { issuer: "https://api.example.com", host });
 * assert.equal(issuer.mintSync({ sub: "u1" }, "1h"), issuer.mintSync({ sub: "u1" }, "1h"));
 * ```
 */
export interface Host {
  /** The time in milliseconds since 1970, as `Date.now` gives it. */
  now(): number;
  /** Fills the array with bytes of a cryptographic generator. */
  random(bytes: Uint8Array): void;
}

/** A point in time: seconds since 1970, as `exp` and its like are (RFC 7519 section 2), or a `Date`. */
export type Time = number | Date;

/** What one call uses instead of the host's clock and randomness. */
export interface Call {
  /** The time. */
  now?: Time | undefined;
  /** 32 random bytes, for this call only: the same seed and the same arguments give the same result. */
  seed?: Uint8Array | undefined;
}

/** The pool of random bytes: one question to the system serves many tokens. */
const POOL_BYTES = 4096;
/** @internal */
export const SEED_BYTES = 32;
let pool: Uint8Array<ArrayBuffer> | undefined;
let taken = POOL_BYTES;

/** @internal */
export const systemHost: Host = {
  now: () => Date.now(),
  random(into) {
    crypto.getRandomValues(into as Uint8Array<ArrayBuffer>);
  },
};

/** Writes 32 bytes for one call into an array: the seed, or random bytes of the system's. @internal */
export function writeSeed(into: Uint8Array, at: number, seed: Uint8Array | undefined): void {
  if (seed !== undefined) {
    into.set(seed, at);
    return;
  }
  // In no global scope: some hosts give no randomness there.
  pool ??= new Uint8Array(POOL_BYTES);
  if (taken === POOL_BYTES) {
    crypto.getRandomValues(pool);
    taken = 0;
  }
  for (let index = 0; index < SEED_BYTES; index++) {
    into[at + index] = pool[taken + index] as number;
    // What was given out is not found here again.
    pool[taken + index] = 0;
  }
  taken += SEED_BYTES;
}

/** The seed of a call that does not take the system's randomness. @internal */
export function ownSeed(host: Host, call: Call | undefined): Uint8Array | undefined {
  if (call?.seed !== undefined) {
    const seed = bytes(call.seed, "seed");
    if (seed.length !== SEED_BYTES) throw invalid("seed", `expected 32 bytes, found ${seed.length}`);
    return seed;
  }
  if (host === systemHost) return undefined;
  const seed = new Uint8Array(SEED_BYTES);
  host.random(seed);
  return seed;
}

/** 32 random bytes for one call. @internal */
export function seedFor(host: Host, call: Call | undefined): Uint8Array {
  const seed = new Uint8Array(SEED_BYTES);
  writeSeed(seed, 0, ownSeed(host, call));
  return seed;
}

/** The time of a call in whole seconds. @internal */
export function secondsFor(host: Host, call: Call | undefined): number {
  const { now } = optionsOf(call, "now", "seed");
  return Math.floor(now === undefined ? host.now() / 1000 : seconds(now));
}

/** The time of a call in whole microseconds. @internal */
export function microsecondsFor(host: Host, call: Call | undefined): number {
  const { now } = optionsOf(call, "now", "seed");
  return Math.floor(now === undefined ? host.now() * 1000 : seconds(now) * 1_000_000);
}

/** Seconds since 1970. @internal */
export function seconds(time: Time): number {
  const found = time instanceof Date ? time.getTime() / 1000 : time;
  if (typeof found !== "number" || !Number.isFinite(found)) {
    throw new TokenmintError("time_invalid", "expected seconds since 1970 or a Date", { field: "now" });
  }
  return found;
}
