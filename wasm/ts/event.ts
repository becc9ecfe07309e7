// What happened in a flow. Written by `cargo xtask vectors` from the core's table of operations.

import type { ErrorCode } from "./codes.js";

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
    | "security_event_refused"
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
  /** Why somebody else has refused it: a receiver of security events, in an error code of RFC 8935 section 2.4. */
  readonly err?: string;
}
