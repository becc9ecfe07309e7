import * as raw from "#raw";
import { encode } from "#memory";
import { apart } from "./error.js";
import { type Call, seedFor, systemHost } from "./host.js";
import { bytes, guard, text } from "./module.js";

/** A new secret and its hash. */
export interface GeneratedSecret {
  /** What the client keeps: 256 random bits as 43 characters of base64url. It is nowhere else. */
  readonly secret: string;
  /** What the directory keeps. */
  readonly sha256: string;
}

/**
 * A new secret for a client or an API key, and its hash.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { generateSecret, hashSecret, secretMatches } from "tokenmint";
 *
 * const { secret, sha256 } = generateSecret();
 * assert.equal(hashSecret(secret), sha256);
 * assert.equal(secretMatches(secret, sha256), true);
 * assert.equal(secretMatches("another", sha256), false);
 * ```
 */
export function generateSecret(call?: Call): GeneratedSecret {
  const seed = seedFor(systemHost, call);
  const [secret, sha256] = apart(guard(() => raw.generate_secret(seed))) as [string, string];
  return { secret, sha256 };
}

/** The SHA-256 of a secret in base64url, which is enough for secrets that are random. */
export function hashSecret(secret: string | Uint8Array): string {
  const given = bytesOf(secret);
  return guard(() => raw.hash_secret(given));
}

/**
 * Whether a hash is that of a secret; compared in constant time.
 *
 * Fails with `invalid_request` for what is no hash.
 */
export function secretMatches(secret: string | Uint8Array, sha256: string): boolean {
  const given = bytesOf(secret);
  const hash = text(sha256, "sha256");
  return guard(() => raw.secret_matches(given, hash));
}

function bytesOf(secret: string | Uint8Array): Uint8Array {
  return typeof secret === "string" ? encode(text(secret, "secret")) : bytes(secret, "secret");
}
