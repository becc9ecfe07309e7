// What the host's crypto is asked for. The core judges keys; the host computes with RSA, ECDSA and Ed25519.

import type { Algorithm } from "../algorithm.js";

/** A JWK (RFC 7517). @internal */
export type Jwk = { [member: string]: unknown };

/** A key that the host holds, for one algorithm. Signatures have the form of JWS (RFC 7518 section 3). @internal */
export interface HostKey {
  /** Whether it answers at once; a key that is held by a program may do either. */
  readonly sync: boolean;
  readonly sign?: ((message: Uint8Array) => Uint8Array | Promise<Uint8Array>) | undefined;
  readonly verify?: ((message: Uint8Array, signature: Uint8Array) => boolean | Promise<boolean>) | undefined;
}

/** A key of which the public half may be told. @internal */
export interface Pair {
  readonly publicJwk: Jwk;
  readonly host: HostKey;
}

/** Now or later. @internal */
export type MayWait<T> = T | Promise<T>;

/** The crypto of a platform. What cannot be done is thrown as a TokenmintError. @internal */
export interface HostCrypto {
  /** Whether every function answers at once. */
  readonly sync: boolean;
  /** A public half, by the canonical JWK of RFC 7638. */
  publicKey(algorithm: Algorithm, jwk: string): HostKey;
  /** Both halves of a private JWK that the core has judged. */
  privateKey(algorithm: Algorithm, jwk: Jwk): MayWait<HostKey>;
  /** A private JWK of EC or Ed25519 without its public half, completed. */
  complete(algorithm: Algorithm, jwk: Jwk): MayWait<Jwk>;
  /** A new key, whose private half stays with the host. */
  generate(algorithm: Algorithm, extractable: boolean): MayWait<Pair>;
  /** A key of node:crypto; none where there is no node:crypto. */
  readonly keyObject?: (key: object, algorithm: Algorithm | undefined) => Pair & { readonly algorithm: Algorithm };
  /** A new private JWK: its numbers only. */
  generateJwk(algorithm: Algorithm): MayWait<Jwk>;
}
