import type * as raw from "#raw";
import type { Algorithm } from "./algorithm.js";
import { invalid } from "./error.js";
import { hostOf, Key as Given, makesKeys } from "./key.js";
import type { HeldSigner } from "./key_like.js";
import { heldKey } from "./held_key.js";
import * as making from "./key_making.js";
import { atOnce } from "./key_parts.js";
import { kind } from "./module.js";
import { optionsOf } from "./names.js";
import { rawOf } from "./owned.js";

/** A key that somebody else keeps, such as a KMS or an HSM. */
export interface HeldKey extends HeldSigner {
  /** Its public half. Without it the key is not published, and `verify` is needed to verify. */
  public?: Key | undefined;
}

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
export class Key extends Given {
  static {
    makesKeys((parts) => new Key(parts));
  }

  private constructor(made: object) {
    super(made);
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
    return new Key(await making.fromPem(pem, kid, algorithm));
  }

  /** As {@link Key.fromPem}, at once; see {@link Key.fromJwkSync}. */
  static fromPemSync(
    pem: string,
    options?: { kid?: string | undefined; algorithm?: Algorithm | undefined },
  ): Key {
    const { kid, algorithm } = optionsOf(options, "kid", "algorithm");
    return new Key(atOnce(making.fromPem(pem, kid, algorithm), "Key.fromPem"));
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
    return new Key(await making.generate(algorithm, kid, extractable ?? false));
  }

  /** As {@link Key.generate}, at once: any key on Node, elsewhere secrets. */
  static generateSync(algorithm: Algorithm, options?: { kid?: string | undefined }): Key {
    const { kid } = optionsOf(options, "kid");
    return new Key(atOnce(making.generate(algorithm, kid, false), "Key.generate"));
  }

  /** A new key as a private JWK, to be kept where secrets are kept. */
  static async generateJwk(
    algorithm: Algorithm,
    options?: { kid?: string | undefined },
  ): Promise<Record<string, unknown>> {
    const { kid } = optionsOf(options, "kid");
    return making.generateJwk(algorithm, kid);
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
    return new Key(heldKey(name, options, half && (rawOf(half) as raw.Key), half && hostOf(half)));
  }
}
