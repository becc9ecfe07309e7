import * as raw from "#raw";
import { fromJson } from "./json.js";
import { guard } from "./module.js";
import type { Claims } from "./results.js";
import { tokenText } from "./token.js";

/** Header and claims of a token that nobody has verified. */
export interface Unverified {
  /** The header, as it stands in the token. */
  readonly header: Record<string, unknown>;
  /** The claims, as they stand in the token. */
  readonly claims: Claims;
}

/**
 * Reads a token, and checks nothing about who made it, for whom, or when: for logs and support. No decision about access
 * may rest on it.
 *
 * Fails with `token_too_large`, `token_malformed`, `token_encoding`, `header_malformed`, `payload_malformed`.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { decodeUnverified } from "tokenmint";
 *
 * // RFC 7519 section 6.1: an unsecured token, which no verifier accepts.
 * const token =
 *   "eyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.";
 * const { header, claims } = decodeUnverified(token);
 * assert.equal(header["alg"], "none");
 * assert.equal(claims.iss, "joe");
 * ```
 */
export function decodeUnverified(token: string): Unverified {
  const given = tokenText(token);
  return fromJson(guard(() => raw.decode_unverified(given))) as Unverified;
}
