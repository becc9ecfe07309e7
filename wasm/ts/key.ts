import type * as raw from "#raw";
import { fromCryptoKey, fromKeyObject } from "./key_host.js";
import type { Algorithm } from "./algorithm.js";
import type { HostKey, Jwk } from "./crypto/host.js";
import { guard, optionalText } from "./module.js";
import { optionsOf } from "./names.js";
import { Owned, rawOf } from "./owned.js";
import type { CryptoKeyLike, CryptoKeyPairLike, KeyObjectLike } from "./key_like.js";
import * as parts from "./key_parts.js";

/** A key of its two sides: of the class that the entry offers. @internal */
export let keyOf: (parts: parts.KeyParts) => Key;

/** Tells which class that is. @internal */
export function makesKeys(make: typeof keyOf): void {
  keyOf = make;
}

/** The host's side of a key. @internal */
export let hostOf: (key: Key) => HostKey | undefined;

/**
 * A key for one algorithm. Immutable; any number of key sets share it. What it consists of is shown nowhere: neither by
 * `console.log` nor by `JSON.stringify`.
 *
 * HMAC keys compute within the package. RSA, EC and Ed25519 keys compute on the host: by node:crypto, which answers at
 * once, elsewhere by WebCrypto, which answers later.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { Key, KeySet } from "tokenmint/verify";
 *
 * const key = await Key.fromJwk({ kty: "OKP", crv: "Ed25519", x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", kid: "k1" });
 * assert.equal(key.canSign, false);
 * assert.equal(key.thumbprint, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
 * assert.equal(JSON.stringify(new KeySet(key).keys), '[{"kid":"k1","algorithm":"EdDSA","canSign":false}]');
 * ```
 */
export class Key extends Owned {
  /** Its id, which tokens name. */
  readonly kid: string | undefined;
  /** Its algorithm. */
  readonly algorithm: Algorithm;
  /** Whether tokens can be minted with it. */
  readonly canSign: boolean;
  readonly #host: HostKey | undefined;

  static {
    makesKeys((parts) => new Key(parts));
    hostOf = (key) => key.#host;
  }

  /** Keys are made by the functions below. */
  protected constructor(made: object) {
    const { raw, host } = made as parts.KeyParts;
    super(raw);
    this.kid = raw.kid();
    this.algorithm = raw.algorithm() as Algorithm;
    this.canSign = raw.can_sign();
    this.#host = host;
  }

  /**
   * A shared secret; a text stands for its UTF-8. HS256 where no algorithm is given.
   *
   * Fails with `key_weak` where it is shorter than the hash (RFC 7518 section 3.2), with `key_usage` where it is the file of
   * a key: PEM, DER, a JWK.
   */
  static hmac(
    secret: string | Uint8Array,
    options?: { kid?: string | undefined; algorithm?: Algorithm | undefined },
  ): Key {
    const { kid, algorithm } = optionsOf(options, "kid", "algorithm");
    return keyOf(parts.hmac(secret, kid, algorithm));
  }

  /**
   * A key of a JWK (RFC 7517), public, private or symmetric. `algorithm` is for those that name none.
   *
   * Fails with `key_malformed`, `key_weak`, `key_usage` or `key_unsupported`, naming the member.
   */
  static async fromJwk(jwk: object | string, options?: { algorithm?: Algorithm | undefined }): Promise<Key> {
    const { algorithm } = optionsOf(options, "algorithm");
    return keyOf(await parts.fromJwk(jwk, algorithm));
  }

  /**
   * As {@link Key.fromJwk}, at once: any key on Node, elsewhere secrets and public keys.
   *
   * Fails with `key_unsupported` where the platform answers later.
   */
  static fromJwkSync(jwk: object | string, options?: { algorithm?: Algorithm | undefined }): Key {
    const { algorithm } = optionsOf(options, "algorithm");
    return keyOf(parts.atOnce(parts.fromJwk(jwk, algorithm), "Key.fromJwk"));
  }

  /**
   * A key of WebCrypto, or a pair. It may be one that cannot be extracted: it then signs where it is. With a private half
   * alone, tokens can be minted but neither verified nor published.
   *
   * Fails with `key_usage` where it is for another algorithm, and as {@link Key.fromJwk}.
   */
  static async fromCryptoKey(
    key: CryptoKeyLike | CryptoKeyPairLike,
    options?: { kid?: string | undefined; algorithm?: Algorithm | undefined },
  ): Promise<Key> {
    const { kid, algorithm } = optionsOf(options, "kid", "algorithm");
    return keyOf(await fromCryptoKey(key, kid, algorithm));
  }

  /**
   * A key of node:crypto; RSA keys need an algorithm. Only on Node.
   *
   * Fails with `key_unsupported` elsewhere, and as {@link Key.fromJwk}.
   */
  static fromKeyObject(
    key: KeyObjectLike,
    options?: { kid?: string | undefined; algorithm?: Algorithm | undefined },
  ): Key {
    const { kid, algorithm } = optionsOf(options, "kid", "algorithm");
    return keyOf(fromKeyObject(key, kid, algorithm));
  }

  /** Its JWK thumbprint with SHA-256 (RFC 7638); none for a secret, and where the public half is not known. */
  get thumbprint(): string | undefined {
    const key = rawOf(this) as raw.Key;
    return guard(() => key.thumbprint());
  }

  /** The same key under another id, or under none. */
  withKid(kid?: string): Key {
    const key = rawOf(this) as raw.Key;
    return keyOf({ raw: guard(() => key.with_kid(optionalText(kid, "kid"))), host: this.#host });
  }

  /**
   * The same key with its thumbprint as its id.
   *
   * Fails with `key_unsupported` for a key that has none.
   */
  withThumbprintKid(): Key {
    const key = rawOf(this) as raw.Key;
    return keyOf({ raw: guard(() => key.with_thumbprint_kid()), host: this.#host });
  }

  /** Its public half as a JWK; none for a secret, and where the public half is not known. */
  publicJwk(): Record<string, unknown> | undefined {
    const key = rawOf(this) as raw.Key;
    const json = guard(() => key.public_jwk());
    return json === undefined ? undefined : (JSON.parse(json) as Jwk);
  }

  /** What may be seen of it. */
  toJSON(): { kid?: string; algorithm: Algorithm; canSign: boolean } {
    const { kid, algorithm, canSign } = this;
    return kid === undefined ? { algorithm, canSign } : { kid, algorithm, canSign };
  }
}
