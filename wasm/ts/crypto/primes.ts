// The primes of a private RSA key that tells no more than n, e and d (RFC 7518 section 6.3.2): node:crypto and WebCrypto want
// them. By the rule of SP 800-56B revision 2 appendix C.2; not in constant time, and once, when a key is read.

import { base64url, fromBase64url } from "#memory";
import { TokenmintError } from "../error.js";
import type { Jwk } from "./host.js";

/** A JWK with all numbers; any other than a private one of RSA that lacks them is given back as it is. @internal */
export function withPrimes(jwk: Jwk): Jwk {
  if (jwk["kty"] !== "RSA" || jwk["d"] === undefined || jwk["p"] !== undefined) return jwk;
  const [n, e, d] = [number(jwk["n"]), number(jwk["e"]), number(jwk["d"])];
  // A multiple of lcm(p - 1, q - 1); then one of (p - 1)(q - 1), which is a little below n.
  const least = d * e - 1n;
  const multiple = least * divisor(n - 1n, least);
  const totient = multiple / (multiple / n + 1n);
  const sum = n + 1n - totient;
  const difference = root(sum * sum - 4n * n);
  const [p, q] = [(sum + difference) / 2n, (sum - difference) / 2n];
  if (p * q !== n || q <= 1n) {
    throw new TokenmintError("key_malformed", "the private number d does not belong to n and e", { field: "d" });
  }
  const numbers = { p, q, dp: d % (p - 1n), dq: d % (q - 1n), qi: inverse(q, p) };
  return { ...jwk, ...Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, text(value)])) };
}

function number(member: unknown): bigint {
  const hex = Array.from(fromBase64url(String(member)), (byte) => byte.toString(16).padStart(2, "0"));
  return BigInt(`0x0${hex.join("")}`);
}

function text(value: bigint): string {
  const hex = value.toString(16);
  const pairs = hex.padStart(hex.length + (hex.length % 2), "0").match(/../g) ?? [];
  return base64url(Uint8Array.from(pairs, (pair) => Number.parseInt(pair, 16)));
}

/** The greatest common divisor. */
function divisor(a: bigint, b: bigint): bigint {
  while (b > 0n) [a, b] = [b, a % b];
  return a;
}

/** The square root, rounded down; 0 of what has none. */
function root(square: bigint): bigint {
  if (square <= 0n) return 0n;
  let above = 1n << BigInt(square.toString(16).length * 2);
  for (;;) {
    const next = (above + square / above) / 2n;
    if (next >= above) return above;
    above = next;
  }
}

/** The inverse of a number modulo another. */
function inverse(value: bigint, modulus: bigint): bigint {
  let [a, b, x, y] = [value % modulus, modulus, 1n, 0n];
  while (b > 0n) [a, b, x, y] = [b, a % b, y, x - (a / b) * y];
  return x < 0n ? x + modulus : x;
}
