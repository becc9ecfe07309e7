// An endpoint's configuration: its private keys of RSA, EC and Ed25519 are taken out for the host.

import * as raw from "#raw";
import type { Algorithm } from "./algorithm.js";
import { policyJson } from "./config.js";
import type { MayWait } from "./crypto/host.js";
import { TokenmintError, within } from "./error.js";
import { HostKeys } from "./host_keys.js";
import { hostOf, Key } from "./key.js";
import { jwkOfPem } from "./key_making.js";
import { jwkOf, privateKey, then } from "./key_parts.js";
import { fromJson } from "./json.js";
import { guard, kind, text } from "./module.js";

/** A configuration as the core reads it, and the host's side of its keys. @internal */
export interface Configured {
  readonly json: string;
  readonly hosts: HostKeys;
}

/** One of the `keys` of a configuration, or one of a key ring. */
type Source = { [member: string]: unknown };

/** Reads a configuration; later only where a private key is imported later. @internal */
export function configured(config: object | string, held: Readonly<Record<string, Key>>): MayWait<Configured> {
  const given = parsed(config);
  const hosts = new HostKeys();
  const sources = given["keys"];
  const asGiven = () => (typeof config === "string" ? config : policyJson(config));
  // What is not of the right shape, the core refuses and names.
  if (!Array.isArray(sources)) return { json: asGiven(), hosts };
  const keys = sequence(sources as unknown[], (source, at) =>
    isSource(source) ? configuredKey(source, `keys[${at}]`, held, hosts) : source,
  );
  return then(keys, (keys) => {
    const changed = keys.some((key, at) => key !== sources[at]);
    return { json: changed ? policyJson({ ...given, keys }) : asGiven(), hosts };
  });
}

function parsed(config: object | string): Source {
  let found: unknown = config;
  if (typeof config === "string") {
    try {
      JSON.parse(text(config, "config"));
      found = fromJson(config);
    } catch {
      throw new TokenmintError("policy_invalid", "the configuration is not JSON");
    }
  }
  if (!isSource(found)) throw new TokenmintError("policy_invalid", `expected an object, found ${kind(found)}`);
  return found;
}

function configuredKey(
  source: Source,
  path: string,
  held: Readonly<Record<string, Key>>,
  hosts: HostKeys,
): MayWait<Source> {
  if (source["held"] === true) return placed(path, () => heldKey(source, held, hosts));
  const origins = ORIGINS.filter((name) => source[name] !== undefined && source[name] !== null);
  const [origin] = origins;
  // Two of them, or none: the core says so.
  if (origins.length !== 1 || origin === undefined) return source;
  const { [origin]: value, ...rest } = source;
  const algorithm = source["alg"] as string | undefined;
  return placed(`${path}.${origin}`, () => {
    if (origin === "ring" && typeof value === "string") {
      return then(configuredRing(value, hosts), (ring) => (ring === value ? source : { ...rest, ring }));
    }
    if (origin === "pem" && typeof value === "string") {
      return then(pemKey(value, String(source["kid"]), algorithm, hosts), (jwk) =>
        jwk === undefined ? source : { ...rest, jwk },
      );
    }
    if (origin !== "jwk") return source;
    const jwk = isSource(value) ? jwkOf(value)[1] : value;
    if (typeof jwk !== "string") return source;
    return then(jwkKey(jwk, algorithm, hosts), () => (jwk === value ? source : { ...rest, jwk }));
  });
}

/** Where a key comes from: one of these members says it. */
const ORIGINS = "secret secret_file secret_env pem pem_file jwk jwk_file ring ring_file generate".split(" ");

function isSource(value: unknown): value is Source {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A key that the program gives beside the configuration. */
function heldKey(source: Source, held: Readonly<Record<string, Key>>, hosts: HostKeys): Source {
  const kid = String(source["kid"]);
  // Not a member of the prototype's.
  const key = Object.hasOwn(held, kid) ? held[kid] : undefined;
  const host = key && hostOf(key);
  if (!(key instanceof Key) || host?.sign === undefined) {
    throw new TokenmintError("key_missing", `the key ${JSON.stringify(kid)} is held by the host: give it in options.keys`);
  }
  hosts.add(key.algorithm, kid, host);
  const publicJwk = key.publicJwk();
  const half = source["pem"] === undefined && source["jwk"] === undefined && publicJwk !== undefined;
  return { alg: key.algorithm, ...source, ...(half && { jwk: JSON.stringify({ ...publicJwk, kid }) }) };
}

/** The JWK of a PEM text, whose private half is taken for the host; undefined where the core refuses the text. */
function pemKey(pem: string, kid: string, alg: string | undefined, hosts: HostKeys): MayWait<string | undefined> {
  const found = judged(() => jwkOfPem(pem, kid, alg));
  return then(found, (jwk) => {
    if (jwk === undefined) return undefined;
    const json = JSON.stringify(jwk);
    return then(jwkKey(json, alg, hosts), () => json);
  });
}

/** Takes the private half of a JWK for the host. */
function jwkKey(json: string, alg: string | undefined, hosts: HostKeys): MayWait<void> {
  const [jwk] = jwkOf(json);
  if (jwk["kty"] === "oct" || jwk["d"] === undefined) return;
  const key = judged(() => guard(() => raw.Key.from_jwk(json, alg)));
  if (key === undefined) return;
  const [algorithm, name] = [key.algorithm() as Algorithm, key.host_name()];
  key.free();
  if (name === undefined) return;
  return then(privateKey(algorithm, jwk), (host) => hosts.add(algorithm, name, host));
}

/** What the core reads; undefined where it refuses, which it will do again, and name the place. */
function judged<T>(call: () => T): T | undefined {
  try {
    return call();
  } catch (error) {
    if (error instanceof TokenmintError && error.code !== "internal") return undefined;
    throw error;
  }
}

/** A key ring: JSON with a JWK or a PEM text in each of its `keys`. */
function configuredRing(ring: string, hosts: HostKeys): MayWait<string> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(ring);
  } catch {
    return ring;
  }
  if (!isSource(parsed) || !Array.isArray(parsed["keys"])) return ring;
  const entries = parsed["keys"] as unknown[];
  const keys = sequence(entries, (entry) => {
    const { key, kid, alg } = isSource(entry) ? entry : {};
    if (typeof key !== "string") return entry;
    if (!key.includes("-----BEGIN")) return then(jwkKey(key, alg as string, hosts), () => entry);
    return then(pemKey(key, String(kid), alg as string, hosts), (jwk) =>
      jwk === undefined ? entry : { ...(entry as Source), key: jwk },
    );
  });
  return then(keys, (keys) =>
    keys.every((key, at) => key === entries[at]) ? ring : JSON.stringify({ ...(parsed as Source), keys }),
  );
}

/** One after the other, now where each comes now. */
function sequence<T, U>(items: readonly T[], each: (item: T, at: number) => MayWait<U>): MayWait<U[]> {
  let done: MayWait<U[]> = [];
  items.forEach((item, at) => {
    done = then(done, (results) => then(each(item, at), (result) => [...results, result]));
  });
  return done;
}

/** Names the place in the configuration where a key cannot be used. */
function placed<T>(path: string, call: () => MayWait<T>): MayWait<T> {
  const fail = (error: unknown): never => {
    throw error instanceof TokenmintError && error.code !== "internal" ? within(path, error) : error;
  };
  try {
    const result = call();
    return result instanceof Promise ? result.catch(fail) : result;
  } catch (error) {
    return fail(error);
  }
}
