// What verification gives.

import type { Algorithm } from "./algorithm.js";
import type { ErrorCode } from "./codes.js";

/** The claims of a token: JSON. Integers beyond 2^53 are BigInts. */
export interface Claims {
  /** The issuer (RFC 7519 section 4.1.1). */
  iss?: string;
  /** The subject (RFC 7519 section 4.1.2). */
  sub?: string;
  /** The audience (RFC 7519 section 4.1.3). */
  aud?: string | string[];
  /** The expiry in seconds since 1970 (RFC 7519 section 4.1.4). */
  exp?: number;
  /** The time before which the token is not valid, in seconds since 1970 (RFC 7519 section 4.1.5). */
  nbf?: number;
  /** The time of issue in seconds since 1970 (RFC 7519 section 4.1.6). */
  iat?: number;
  /** The token's id (RFC 7519 section 4.1.7). */
  jti?: string;
  /** Any other claim. */
  [name: string]: unknown;
}

/** A payload whose signature was verified. No claim was looked at. */
export interface Jws {
  /** What was signed: any bytes. */
  readonly payload: Uint8Array;
  /** The algorithm of the signature. */
  readonly algorithm: Algorithm;
  /** The key's id, where the header names one. */
  readonly keyId?: string;
  /** The header's `typ`. */
  readonly type?: string;
}

/** One check of an {@link Explanation}. */
export interface Check {
  /** What was checked, for instance `signature` or `exp`. */
  readonly name: string;
  /** How it ended. */
  readonly outcome: "passed" | "failed" | "not_reached" | "not_asked";
  /** What stands in the token: at most 60 characters of it. */
  readonly seen?: string;
  /** What is demanded. */
  readonly limit?: string;
  /** What is wrong. */
  readonly error?: { readonly code: ErrorCode; readonly field?: string; readonly message: string };
  /** What may help. */
  readonly hint?: string;
}

/** The ordered list of checks that a token went through. */
export interface Explanation {
  /** Whether the verifier accepts the token. */
  readonly accepted: boolean;
  /** The code with which the verifier refuses it. */
  readonly error?: ErrorCode;
  /** The checks, in their order. Behind a good signature every one runs. */
  readonly checks: readonly Check[];
}
