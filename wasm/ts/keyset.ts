import * as raw from "#raw";
import type { Algorithm } from "./algorithm.js";
import type { Jwk } from "./crypto/host.js";
import { fromText, invalid, type TokenmintError } from "./error.js";
import { hostCrypto } from "#crypto";
import { HostKeys } from "./host_keys.js";
import { toJson } from "./json.js";
import { hostOf, Key, keyOf } from "./key.js";
import { atOnce, privateKey } from "./key_parts.js";
import { guard, kind, text } from "./module.js";
import { optionsOf } from "./names.js";
import { Owned, rawOf } from "./owned.js";

/** A key that was left out of a key set, and why. */
export interface SkippedKey {
  /** Its id, where it tells one. */
  readonly kid?: string;
  /** Why it cannot be used. */
  readonly error: TokenmintError;
}

/** The host's side of a set's keys. @internal */
export let hostsOf: (set: KeySet) => HostKeys;

/**
 * Keys that are used together: an issuer signs with the first that can, a verifier takes the one that a token names.
 * Immutable.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { Key, KeySet } from "tokenmint";
 *
 * const next = await Key.generate("EdDSA", { kid: "k2" });
 * const old = await Key.generate("EdDSA", { kid: "k1" });
 * const keys = new KeySet(next, old);
 * assert.equal(keys.size, 2);
 * assert.deepEqual(keys.publicJwks().keys.map((jwk) => jwk["kid"]), ["k2", "k1"]);
 *
 * const read = KeySet.fromJwks(keys.publicJwks());
 * assert.equal(read.keys[0]?.thumbprint, next.thumbprint);
 * ```
 */
export class KeySet extends Owned {
  readonly #hosts: HostKeys;
  #keys: readonly Key[] | undefined;

  static {
    hostsOf = (set) => set.#hosts;
  }

  /**
   * A set of keys, in this order. It stays usable where its keys are disposed.
   *
   * Fails with `key_duplicate` for two keys of one id and one algorithm, with `key_missing` without keys.
   */
  constructor(...keys: Key[]) {
    if (keys.length === 1 && (keys[0] as unknown) instanceof Given) {
      const { set } = keys[0] as unknown as Given;
      super(set);
      this.#hosts = new HostKeys();
      return;
    }
    const hosts = new HostKeys();
    const halves = keys.map((key) => {
      if (!(key instanceof Key)) throw invalid("keys", `expected a Key, found ${kind(key)}`);
      const half = rawOf(key) as raw.Key;
      const host = hostOf(key);
      const name = host && half.host_name();
      if (host && name !== undefined) hosts.add(key.algorithm, name, host);
      return half;
    });
    super(
      guard(() => {
        const builder = new raw.KeySetBuilder();
        try {
          for (const half of halves) builder.add(half);
          return builder.build();
        } finally {
          builder.free();
        }
      }),
    );
    this.#hosts = hosts;
    this.#keys = Object.freeze([...keys]);
  }

  /**
   * The keys of a JWK Set (RFC 7517 section 5): public keys and secrets. `algorithms` are for those that name none: the
   * first that fits a key's kind is taken. A key that cannot be used is left out, see {@link KeySet.skipped}.
   *
   * Fails with `key_malformed` for what is no JWK Set, and with `key_unsupported` for an algorithm that is none. A private
   * key of RSA, EC or Ed25519 signs on Node only: elsewhere it is read by {@link Key.fromJwk}.
   */
  static fromJwks(jwks: object | string, options?: { algorithms?: readonly Algorithm[] | undefined }): KeySet {
    const json = typeof jwks === "string" ? text(jwks, "jwks") : toJson(jwks);
    const algorithms = optionsOf(options, "algorithms").algorithms?.join(" ") ?? "";
    const set = keySetOf(guard(() => raw.KeySet.from_jwks(json, algorithms)));
    if (hostCrypto.sync) set.#takePrivateHalves(json);
    return set;
  }

  #takePrivateHalves(jwks: string): void {
    // What is no object was left out.
    const given = (JSON.parse(jwks) as { keys: (Jwk | null)[] }).keys.filter((jwk) => jwk?.["d"] !== undefined) as Jwk[];
    if (given.length === 0) return;
    for (const key of this.keys) {
      const name = key.canSign ? (rawOf(key) as raw.Key).host_name() : undefined;
      if (name === undefined) continue;
      const half = JSON.parse(name) as Jwk;
      const jwk = given.find((jwk) => Object.keys(half).every((member) => half[member] === jwk[member]));
      if (jwk !== undefined) this.#hosts.add(key.algorithm, name, atOnce(privateKey(key.algorithm, jwk), "Key.fromJwk"));
    }
    // They were looked at before the host had their private halves.
    this.#keys = undefined;
  }

  /** The keys, in their order. */
  get keys(): readonly Key[] {
    if (this.#keys === undefined) {
      const set = rawOf(this) as raw.KeySet;
      const keys = guard(() => Array.from({ length: set.length() }, (_, at) => set.key(at) as raw.Key));
      const host = (key: raw.Key) => this.#hosts.own(`${key.algorithm()} ${key.host_name()}`);
      this.#keys = Object.freeze(keys.map((key) => keyOf({ raw: key, host: host(key) })));
    }
    return this.#keys;
  }

  /** The keys that were left out, with the reasons. */
  get skipped(): readonly SkippedKey[] {
    const set = rawOf(this) as raw.KeySet;
    const skipped: SkippedKey[] = [];
    for (;;) {
      const at = skipped.length;
      const [kid, reason] = guard(() => [set.skipped_kid(at), set.skipped_reason(at)] as const);
      if (reason === undefined) return skipped;
      const error = fromText(reason);
      skipped.push(kid === undefined ? { error } : { kid, error });
    }
  }

  /** How many keys there are. */
  get size(): number {
    const set = rawOf(this) as raw.KeySet;
    return guard(() => set.length());
  }

  /** The public halves as a JWK Set, to be published. Secrets are left out. */
  publicJwks(): { keys: Record<string, unknown>[] } {
    const set = rawOf(this) as raw.KeySet;
    return JSON.parse(guard(() => set.public_jwks())) as { keys: Jwk[] };
  }

  /** What may be seen of it. */
  toJSON(): { keys: readonly Key[] } {
    return { keys: this.keys };
  }
}

/** A set that the core has made, on its way into the constructor. */
class Given {
  constructor(readonly set: raw.KeySet) {}
}

/** A key set of the core's. @internal */
export function keySetOf(set: raw.KeySet): KeySet {
  return new KeySet(new Given(set) as unknown as Key);
}
