// Written by `cargo xtask vectors` from the table in `core/src/error.rs`.

/** What went wrong: the stable name of an error, the same in every language. docs/errors.md explains each. */
export type ErrorCode =
  | "lifetime_empty"
  | "lifetime_syntax"
  | "lifetime_unit"
  | "lifetime_not_positive"
  | "lifetime_under_one_second"
  | "lifetime_too_long"
  | "lifetime_overflow"
  | "lifetime_type"
  | "lifetime_too_much_text"
  | "time_invalid"
  | "claim_reserved"
  | "claim_duplicate"
  | "claims_not_object"
  | "claims_not_json"
  | "claims_too_large"
  | "key_malformed"
  | "key_weak"
  | "key_unsupported"
  | "key_usage"
  | "key_duplicate"
  | "key_missing"
  | "key_cannot_sign"
  | "policy_invalid"
  | "token_too_large"
  | "token_malformed"
  | "token_encoding"
  | "header_malformed"
  | "header_critical"
  | "header_unsupported"
  | "algorithm_not_allowed"
  | "key_not_found"
  | "key_mismatch"
  | "signature_invalid"
  | "payload_malformed"
  | "claim_missing"
  | "claim_invalid"
  | "token_expired"
  | "token_not_yet_valid"
  | "token_too_old"
  | "issuer_mismatch"
  | "audience_mismatch"
  | "subject_mismatch"
  | "type_mismatch"
  | "token_revoked"
  | "handle_malformed"
  | "claims_shape"
  | "token_suspended"
  | "status_list_malformed"
  | "invalid_dpop_proof"
  | "binding_mismatch"
  | "invalid_request"
  | "invalid_client"
  | "invalid_grant"
  | "unauthenticated"
  | "forbidden"
  | "not_found"
  | "already_exists"
  | "rate_limited"
  | "link_used"
  | "link_expired"
  | "link_unknown"
  | "attempts_exhausted"
  | "invalid_scope"
  | "invalid_target"
  | "unauthorized_client"
  | "unsupported_grant_type"
  | "use_dpop_nonce"
  | "sign_in_required"
  | "token_endpoint_unavailable"
  | "token_endpoint_refused"
  | "store_unavailable"
  | "store_unknown"
  | "store_corrupt"
  | "store_too_large"
  | "store_busy"
  | "store_regressed"
  | "keys_unavailable"
  | "status_unavailable"
  | "route_not_found"
  | "method_not_allowed"
  | "body_too_large"
  | "media_type_unsupported"
  | "body_malformed"
  | "field_required"
  | "field_invalid"
  | "body_incomplete"
  | "body_timeout"
  | "length_required"
  | "internal"
  | "object_disposed"
  | "task_not_run"
  | "module_blocked"
  | "module_unsupported";

/**
 * Of each code: its stable number, the HTTP status that fits best, and the `error` value of OAuth 2.0 (RFC 6749 section
 * 5.2, RFC 6750 section 3.1).
 *
 * @internal
 */
export const ERROR_CODES: Readonly<Record<ErrorCode, readonly [number: number, status: number, oauthError: string]>> = {
  lifetime_empty: [101, 400, "invalid_request"],
  lifetime_syntax: [102, 400, "invalid_request"],
  lifetime_unit: [103, 400, "invalid_request"],
  lifetime_not_positive: [104, 400, "invalid_request"],
  lifetime_under_one_second: [105, 400, "invalid_request"],
  lifetime_too_long: [106, 400, "invalid_request"],
  lifetime_overflow: [107, 400, "invalid_request"],
  lifetime_type: [108, 400, "invalid_request"],
  lifetime_too_much_text: [109, 400, "invalid_request"],
  time_invalid: [110, 400, "invalid_request"],
  claim_reserved: [120, 400, "invalid_request"],
  claim_duplicate: [121, 400, "invalid_request"],
  claims_not_object: [122, 400, "invalid_request"],
  claims_not_json: [123, 400, "invalid_request"],
  claims_too_large: [124, 400, "invalid_request"],
  key_malformed: [200, 400, "invalid_request"],
  key_weak: [201, 400, "invalid_request"],
  key_unsupported: [202, 400, "invalid_request"],
  key_usage: [203, 400, "invalid_request"],
  key_duplicate: [204, 400, "invalid_request"],
  key_missing: [205, 400, "invalid_request"],
  key_cannot_sign: [206, 400, "invalid_request"],
  policy_invalid: [207, 400, "invalid_request"],
  token_too_large: [300, 401, "invalid_token"],
  token_malformed: [301, 401, "invalid_token"],
  token_encoding: [302, 401, "invalid_token"],
  header_malformed: [303, 401, "invalid_token"],
  header_critical: [304, 401, "invalid_token"],
  header_unsupported: [305, 401, "invalid_token"],
  algorithm_not_allowed: [306, 401, "invalid_token"],
  key_not_found: [307, 401, "invalid_token"],
  key_mismatch: [308, 401, "invalid_token"],
  signature_invalid: [309, 401, "invalid_token"],
  payload_malformed: [310, 401, "invalid_token"],
  claim_missing: [311, 401, "invalid_token"],
  claim_invalid: [312, 401, "invalid_token"],
  token_expired: [313, 401, "invalid_token"],
  token_not_yet_valid: [314, 401, "invalid_token"],
  token_too_old: [315, 401, "invalid_token"],
  issuer_mismatch: [316, 401, "invalid_token"],
  audience_mismatch: [317, 401, "invalid_token"],
  subject_mismatch: [318, 401, "invalid_token"],
  type_mismatch: [319, 401, "invalid_token"],
  token_revoked: [320, 401, "invalid_token"],
  handle_malformed: [321, 401, "invalid_token"],
  claims_shape: [322, 401, "invalid_token"],
  token_suspended: [323, 401, "invalid_token"],
  status_list_malformed: [324, 401, "invalid_token"],
  invalid_dpop_proof: [325, 401, "invalid_dpop_proof"],
  binding_mismatch: [327, 401, "invalid_token"],
  invalid_request: [400, 400, "invalid_request"],
  invalid_client: [401, 401, "invalid_client"],
  invalid_grant: [402, 400, "invalid_grant"],
  unauthenticated: [403, 401, "invalid_token"],
  forbidden: [404, 403, "access_denied"],
  not_found: [405, 404, "invalid_request"],
  already_exists: [406, 409, "invalid_request"],
  rate_limited: [407, 429, "temporarily_unavailable"],
  link_used: [408, 400, "invalid_grant"],
  link_expired: [409, 400, "invalid_grant"],
  link_unknown: [410, 404, "invalid_grant"],
  attempts_exhausted: [416, 400, "invalid_grant"],
  invalid_scope: [417, 400, "invalid_scope"],
  invalid_target: [418, 400, "invalid_target"],
  unauthorized_client: [419, 400, "unauthorized_client"],
  unsupported_grant_type: [420, 400, "unsupported_grant_type"],
  use_dpop_nonce: [421, 400, "use_dpop_nonce"],
  sign_in_required: [422, 401, "invalid_grant"],
  token_endpoint_unavailable: [423, 503, "temporarily_unavailable"],
  token_endpoint_refused: [424, 502, "server_error"],
  store_unavailable: [500, 503, "temporarily_unavailable"],
  store_unknown: [501, 503, "temporarily_unavailable"],
  store_corrupt: [502, 500, "server_error"],
  store_too_large: [503, 500, "server_error"],
  store_busy: [504, 503, "temporarily_unavailable"],
  store_regressed: [505, 401, "invalid_grant"],
  keys_unavailable: [506, 503, "temporarily_unavailable"],
  status_unavailable: [507, 503, "temporarily_unavailable"],
  route_not_found: [600, 404, "invalid_request"],
  method_not_allowed: [601, 405, "invalid_request"],
  body_too_large: [602, 413, "invalid_request"],
  media_type_unsupported: [603, 415, "invalid_request"],
  body_malformed: [604, 400, "invalid_request"],
  field_required: [605, 400, "invalid_request"],
  field_invalid: [606, 400, "invalid_request"],
  body_incomplete: [609, 400, "invalid_request"],
  body_timeout: [610, 408, "invalid_request"],
  length_required: [611, 411, "invalid_request"],
  internal: [900, 500, "server_error"],
  object_disposed: [901, 500, "server_error"],
  task_not_run: [902, 500, "server_error"],
  module_blocked: [903, 500, "server_error"],
  module_unsupported: [904, 500, "server_error"],
};
