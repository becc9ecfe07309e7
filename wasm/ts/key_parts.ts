// Where keys come from. A key has two sides: the core's, which judges and names it, and the host's, which computes.

import * as raw from "#raw";
import { hostCrypto } from "#crypto";
import { encode } from "#memory";
import type { Algorithm } from "./algorithm.js";
import type { HostKey, Jwk, MayWait, Pair } from "./crypto/host.js";
import { withPrimes } from "./crypto/primes.js";
import { invalid, TokenmintError } from "./error.js";
import { toJson } from "./json.js";
import { bytes, guard, kind, optionalText, text } from "./module.js";

/** Both sides of a key; without the host's, the host needs nothing but the public half. @internal */
export interface KeyParts {
  readonly raw: raw.Key;
  readonly host?: HostKey | undefined;
}

/** What is signed to see whether two halves belong together. */
const PROBE = new Uint8Array([0]);

let held = 0;

/** A name by which the core asks for a key that has none of its own. @internal */
export function newName(name: string): string {
  return `${++held}:${name}`;
}

/** @internal */
export function hmac(secret: string | Uint8Array, kid: string | undefined, algorithm: string | undefined): KeyParts {
  const copied = typeof secret === "string";
  const found = copied ? encode(text(secret, "secret")) : bytes(secret, "secret");
  try {
    return { raw: guard(() => raw.Key.hmac(found, optionalText(kid, "kid"), optionalText(algorithm, "algorithm"))) };
  } finally {
    if (copied) found.fill(0);
  }
}

/** A key of a JWK, given as an object or a text. @internal */
export function fromJwk(jwk: unknown, algorithm: string | undefined): MayWait<KeyParts> {
  const [given, json] = jwkOf(jwk);
  const key = guard(() => raw.Key.from_jwk(json, optionalText(algorithm, "algorithm")));
  if (key.host_name() === undefined || given["d"] === undefined) return { raw: key };
  return then(privateKey(key.algorithm() as Algorithm, given), (host) => ({ raw: key, host }), () => key.free());
}

/** The host's side of a private JWK: signs once, to see that its halves belong together. @internal */
export function privateKey(algorithm: Algorithm, jwk: Jwk): MayWait<HostKey> {
  return then(hostCrypto.privateKey(algorithm, withPrimes(jwk)), proven);
}

/** A key of the host whose halves belong together. @internal */
export function proven(host: HostKey): MayWait<HostKey> {
  const foreign = () =>
    new TokenmintError("key_malformed", "the private half is not that of the public half", { field: "d" });
  const fail = (error: unknown): never => {
    throw error instanceof TokenmintError ? error : foreign();
  };
  const attempt = <T>(call: () => MayWait<T>): MayWait<T> => {
    try {
      const result = call();
      return result instanceof Promise ? result.catch(fail) : result;
    } catch (error) {
      return fail(error);
    }
  };
  const judged = then(
    attempt(() => host.sign?.(PROBE) ?? new Uint8Array()),
    (signature) => attempt(() => host.verify?.(PROBE, signature) ?? false),
  );
  return then(judged, (valid) => {
    if (!valid) throw foreign();
    return host;
  });
}

/** A key whose public half is known, and whose private half only the host has, if anyone. @internal */
export function opaque(algorithm: Algorithm, kid: string | undefined, { publicJwk, host }: Pair): KeyParts {
  const { kty, crv, n, e, x, y } = publicJwk;
  const json = JSON.stringify({ kty, crv, n, e, x, y, ...(kid !== undefined && { kid: text(kid, "kid") }) });
  return guard(() => {
    const publicHalf = raw.Key.from_jwk(json, algorithm);
    if (host.sign === undefined) return { raw: publicHalf, host };
    try {
      return { raw: raw.Key.held_with_public(newName(algorithm), algorithm, publicHalf, kid), host };
    } finally {
      publicHalf.free();
    }
  });
}

/** A JWK as an object and as a text. @internal */
export function jwkOf(jwk: unknown): [object: Jwk, json: string] {
  if (typeof jwk === "string") {
    const json = text(jwk, "jwk");
    try {
      const found: unknown = JSON.parse(json);
      // What is no object, the core refuses.
      return [typeof found === "object" && found !== null ? (found as Jwk) : {}, json];
    } catch {
      return [{}, json];
    }
  }
  if (typeof jwk !== "object" || jwk === null) throw invalid("jwk", `expected a JWK, found ${kind(jwk)}`);
  return [jwk as Jwk, toJson(jwk)];
}

/** Now, where the platform's crypto answers at once. @internal */
export function atOnce<T>(parts: MayWait<T>, instead: string): T {
  if (!(parts instanceof Promise)) return parts;
  parts.catch(() => undefined);
  throw new TokenmintError("key_unsupported", `this platform's crypto answers later: use ${instead}`);
}

/** Goes on now, or later where the value comes later. @internal */
export function then<T, U>(value: MayWait<T>, next: (value: T) => MayWait<U>, failed?: () => void): MayWait<U> {
  if (!(value instanceof Promise)) return next(value);
  return value.then(next, (error: unknown) => {
    failed?.();
    throw error;
  });
}
