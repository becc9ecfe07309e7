// What flows give. Times are seconds since 1970 and lifetimes are seconds, as in tokens and in OAuth.

import type { Algorithm } from "./algorithm.js";
import type { ErrorCode } from "./codes.js";
import { fromJson } from "./json.js";
import { camelCase } from "./names.js";

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

/** One thing that happened in a flow: ids and fingerprints, never tokens or secrets. */
export interface Event {
  /** What kind of thing. */
  readonly event:
    | "token_issued"
    | "token_refused"
    | "token_revoked"
    | "session_opened"
    | "refresh_rotated"
    | "refresh_replayed"
    | "refresh_reuse_detected"
    | "session_revoked"
    | "watermark_raised"
    | "link_issued"
    | "link_redeemed"
    | "link_replayed"
    | "link_reuse"
    | "single_use_issued"
    | "single_use_redeemed"
    | "single_use_replayed"
    | "single_use_reuse"
    | "single_use_refused"
    | "single_use_cancelled"
    | "api_key_created"
    | "api_key_rotated"
    | "api_key_revoked"
    | "account_token_issued"
    | "account_token_rotated"
    | "account_deleted"
    | "limit_hit"
    | "store_regressed"
    | "clock_skew"
    | "directory_changed";
  /** The client or organization on whose behalf. */
  readonly client?: string;
  /** The subject it is about. */
  readonly subject?: string;
  /** The session it belongs to. */
  readonly session?: string;
  /** The id of the token or record: a `jti`, or a fingerprint where the token is a secret. */
  readonly id?: string;
  /** The generation of a session or account token. */
  readonly generation?: number;
  /** Why it was refused. */
  readonly reason?: ErrorCode;
}

/** An access token. */
export interface AccessToken {
  readonly accessToken: string;
  /** In seconds. */
  readonly expiresIn: number;
}

/** An access token, and the refresh token for the next pair. */
export interface TokenPair {
  readonly accessToken: string;
  /** In seconds. */
  readonly expiresIn: number;
  readonly refreshToken: string;
  /** In seconds. */
  readonly refreshExpiresIn: number;
  /** The session's id. */
  readonly session: string;
}

/** What a token that is good now says. */
export interface ActiveToken {
  readonly client?: string;
  readonly subject?: string;
  readonly scope?: string;
  readonly id?: string;
  /** Seconds since 1970. */
  readonly issuedAt?: number;
  /** Seconds since 1970. */
  readonly expiresAt?: number;
  /** All that `aud` names. */
  readonly audience: readonly string[];
  /** The verified claims; of an opaque token, those that a JWT in its place would have. */
  readonly claims: Claims;
}

/** What a link is for. */
export interface LinkDetails {
  /** The end user's id in the organization's own system. */
  readonly originId: string;
  /** The end user's organization. */
  readonly endUserOrganization: string;
  /** The end user's e-mail address, for identification. */
  readonly endUserEmail: string;
  /** The categories that can be linked. */
  readonly categories: readonly string[];
  /** The slug of the one integration that can be linked; any of the categories where it is left out. */
  readonly integration?: string | undefined;
  /** Whatever else the front end of the link needs. */
  readonly settings?: Readonly<Record<string, unknown>> | undefined;
}

/** A link that was made: its token is good for one redemption. */
export interface LinkToken {
  readonly linkToken: string;
  /** Seconds since 1970. */
  readonly expiresAt: number;
}

/** A link that is waiting to be redeemed. */
export interface LinkView {
  readonly details: LinkDetails;
  /** Seconds since 1970. */
  readonly expiresAt: number;
}

/** What a redeemed link gives to a front end, to be exchanged by its back end. */
export interface PublicToken {
  readonly publicToken: string;
  /** In seconds. */
  readonly expiresIn: number;
}

/** The lasting token of a linked account. */
export interface AccountToken {
  readonly accountToken: string;
  readonly id: string;
  /** The integration's slug. */
  readonly integration: string;
}

/** A linked account. */
export interface Account {
  readonly organization: string;
  readonly originId: string;
  readonly category: string;
  readonly integration: string;
}

/** A flow's output, its members by their names here; those of a link's settings keep theirs. @internal */
export function outputOf<T>(json: string): T {
  const output: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fromJson(json) as object)) {
    if (value !== null) output[camelCase(name)] = name === "details" ? renamed(value as object) : value;
  }
  return output as T;
}

/** @internal */
export function eventsOf(json: string): readonly Event[] {
  return JSON.parse(json) as Event[];
}

function renamed(members: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(members).map(([name, value]) => [camelCase(name), value]));
}
