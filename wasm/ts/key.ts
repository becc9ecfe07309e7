import type * as raw from "#raw";
import { fromCryptoKey, fromKeyObject, heldKey } from "./key_host.js";
import type { Algorithm } from "./algorithm.js";
import type { HostKey, Jwk } from "./crypto/host.js";
import { invalid } from "./error.js";
import { guard, kind, optionalText } from "./module.js";
import { optionsOf } from "./names.js";
import { Owned, rawOf } from "./owned.js";
import type { CryptoKeyLike, CryptoKeyPairLike, HeldSigner, KeyObjectLike } from "./key_like.js";
import * as parts from "./key_parts.js";

/** A key that somebody else keeps, such as a KMS or an HSM. */
export interface HeldKey extends HeldSigner {
  /** Its public half. Without it the key is not published, and `verify` is needed to verify. */
  public?: Key | undefined;
}

/** A key of its two sides. @internal */
export let keyOf: (parts: parts.KeyParts) => Key;

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
 * import { Key, KeySet } from "tokenmint";
 *
 * const key = await Key.generate("ES256", { kid: "k1" });
 * assert.equal(key.canSign, true);
 * assert.deepEqual(Object.keys(key.publicJwk() ?? {}), ["kty", "use", "alg", "kid", "crv", "x", "y"]);
 * assert.equal(JSON.stringify(new KeySet(key).keys), '[{"kid":"k1","algorithm":"ES256","canSign":true}]');
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
    keyOf = ({ raw, host }) => new Key(raw, host);
    hostOf = (key) => key.#host;
  }

  private constructor(raw: raw.Key, host: HostKey | undefined) {
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
   * A key of a PEM text: PKCS #8, PKCS #1, SEC 1, SPKI, or a certificate, whose public key it is. RSA keys need an
   * algorithm.
   *
   * Fails with `key_malformed`, `key_weak`, `key_usage` or `key_unsupported`, also for an encrypted key.
   */
  static async fromPem(
    pem: string,
    options?: { kid?: string | undefined; algorithm?: Algorithm | undefined },
  ): Promise<Key> {
    const { kid, algorithm } = optionsOf(options, "kid", "algorithm");
    return keyOf(await parts.fromPem(pem, kid, algorithm));
  }

  /** As {@link Key.fromPem}, at once; see {@link Key.fromJwkSync}. */
  static fromPemSync(
    pem: string,
    options?: { kid?: string | undefined; algorithm?: Algorithm | undefined },
  ): Key {
    const { kid, algorithm } = optionsOf(options, "kid", "algorithm");
    return keyOf(parts.atOnce(parts.fromPem(pem, kid, algorithm), "Key.fromPem"));
  }

  /**
   * A new key; RSA keys have 2048 bits. Its private half is not to be had: what shall be kept is made by
   * {@link Key.generateJwk}.
   *
   * Fails with `key_unsupported` where the platform lacks the algorithm.
   */
  static async generate(
    algorithm: Algorithm,
    options?: { kid?: string | undefined; extractable?: boolean | undefined },
  ): Promise<Key> {
    const { kid, extractable } = optionsOf(options, "kid", "extractable");
    return keyOf(await parts.generate(algorithm, kid, extractable ?? false));
  }

  /** As {@link Key.generate}, at once: any key on Node, elsewhere secrets. */
  static generateSync(algorithm: Algorithm, options?: { kid?: string | undefined }): Key {
    const { kid } = optionsOf(options, "kid");
    return keyOf(parts.atOnce(parts.generate(algorithm, kid, false), "Key.generate"));
  }

  /** A new key as a private JWK, to be kept where secrets are kept. */
  static async generateJwk(
    algorithm: Algorithm,
    options?: { kid?: string | undefined },
  ): Promise<Record<string, unknown>> {
    const { kid } = optionsOf(options, "kid");
    return parts.generateJwk(algorithm, kid);
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

  /**
   * A key that somebody else keeps and that is asked for signatures. `name` is for error messages.
   *
   * Fails with `key_usage` where the public half is for another algorithm.
   *
   * @example
   * ```ts
   * import assert from "node:assert/strict";
   * import { generateKeyPairSync, sign } from "node:crypto";
   * import { Issuer, Key, KeySet } from "tokenmint";
   *
   * const kms = generateKeyPairSync("ed25519"); // stands for a service that signs
   * const key = Key.held("kms/ed25519/1", {
   *   algorithm: "EdDSA",
   *   kid: "k1",
   *   public: Key.fromKeyObject(kms.publicKey),
   *   sign: async (message) => sign(null, message, kms.privateKey),
   * });
   * const issuer = new Issuer(new KeySet(key), { issuer: "https://api.example.com", audience: "app" });
   * const token = await issuer.mint({ sub: "u1" }, "1h");
   * assert.equal((await issuer.verifier().verify(token)).sub, "u1");
   * ```
   */
  static held(name: string, options: HeldKey): Key {
    if (typeof options !== "object" || options === null) throw invalid("options", `expected an object, found ${kind(options)}`);
    const half = options.public;
    return keyOf(heldKey(name, options, half && (rawOf(half) as raw.Key), half && hostOf(half)));
  }

  /** Its JWK thumbprint with SHA-256 (RFC 7638); none for a secret, and where the public half is not known. */
  get thumbprint(): string | undefined {
    const key = rawOf(this) as raw.Key;
    return guard(() => key.thumbprint());
  }

  /** The same key under another id, or under none. */
  withKid(kid?: string): Key {
    const key = rawOf(this) as raw.Key;
    return new Key(
      guard(() => key.with_kid(optionalText(kid, "kid"))),
      this.#host,
    );
  }

  /**
   * The same key with its thumbprint as its id.
   *
   * Fails with `key_unsupported` for a key that has none.
   */
  withThumbprintKid(): Key {
    const key = rawOf(this) as raw.Key;
    return new Key(
      guard(() => key.with_thumbprint_kid()),
      this.#host,
    );
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
