// What a key can be made of: keys of the platform, and those that somebody else keeps.

import type { Algorithm } from "./algorithm.js";

/** A key of WebCrypto: a `CryptoKey` of the platform, also one that is not extractable. */
export interface CryptoKeyLike {
  readonly type: string;
  readonly extractable: boolean;
  readonly algorithm: { readonly name: string };
}

/** The two halves of a key of WebCrypto, or one of them. */
export interface CryptoKeyPairLike {
  readonly privateKey?: CryptoKeyLike | undefined;
  readonly publicKey?: CryptoKeyLike | undefined;
}

/** A `KeyObject` of node:crypto. */
export interface KeyObjectLike {
  readonly type: string;
  readonly asymmetricKeyType?: string | undefined;
}

/** What a key that somebody else keeps can do. */
export interface HeldSigner {
  /** Its algorithm. */
  algorithm: Algorithm;
  /** Its id in tokens. */
  kid?: string | undefined;
  /**
   * Signs a message: in the form of JWS, which for ES256 and its like is r and s, not DER (RFC 7518 section 3.4). A
   * rejection becomes `store_unavailable`.
   */
  sign(message: Uint8Array): Uint8Array | Promise<Uint8Array>;
  /** Whether a signature is the key's; the public half where it is left out. */
  verify?(message: Uint8Array, signature: Uint8Array): boolean | Promise<boolean>;
}
