/**
 * A signature algorithm (RFC 7518 section 3.1, RFC 8037 section 3.1). `none` is not one of them. A key for `EdDSA` takes
 * tokens that say `Ed25519`, too; a key for `Ed25519` no others (RFC 9864 section 2.2).
 */
export type Algorithm =
  | "HS256"
  | "HS384"
  | "HS512"
  | "RS256"
  | "RS384"
  | "RS512"
  | "PS256"
  | "PS384"
  | "PS512"
  | "ES256"
  | "ES384"
  | "ES512"
  | "EdDSA"
  | "Ed25519";

/** The hash of an algorithm in bits; 0 where it is a part of the algorithm. @internal */
export function hashBits(algorithm: Algorithm): number {
  return isEdwards(algorithm) ? 0 : Number(algorithm.slice(2));
}

/** Whether it is Ed25519, by whichever name. @internal */
export function isEdwards(algorithm: Algorithm): boolean {
  return algorithm.startsWith("Ed");
}

/** The curve of an algorithm of ECDSA (RFC 7518 section 3.4). @internal */
export function curve(algorithm: Algorithm): string {
  return { ES256: "P-256", ES384: "P-384", ES512: "P-521" }[algorithm as "ES256"];
}

/** Whether the module itself computes. @internal */
export function isHmac(algorithm: Algorithm): boolean {
  return algorithm.startsWith("HS");
}
