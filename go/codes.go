package tokenmint

const (
	ErrLifetimeEmpty          Code = 101
	ErrLifetimeSyntax         Code = 102
	ErrLifetimeUnit           Code = 103
	ErrLifetimeNotPositive    Code = 104
	ErrLifetimeUnderOneSecond Code = 105
	ErrLifetimeTooLong        Code = 106
	ErrLifetimeOverflow       Code = 107
	ErrLifetimeType           Code = 108
	ErrLifetimeTooMuchText    Code = 109
	ErrTimeInvalid            Code = 110
	ErrClaimReserved          Code = 120
	ErrClaimDuplicate         Code = 121
	ErrClaimsNotObject        Code = 122
	ErrClaimsNotJSON          Code = 123
	ErrClaimsTooLarge         Code = 124
	ErrKeyMalformed           Code = 200
	ErrKeyWeak                Code = 201
	ErrKeyUnsupported         Code = 202
	ErrKeyUsage               Code = 203
	ErrKeyDuplicate           Code = 204
	ErrKeyMissing             Code = 205
	ErrKeyCannotSign          Code = 206
	ErrPolicyInvalid          Code = 207
	ErrTokenTooLarge          Code = 300
	ErrTokenMalformed         Code = 301
	ErrTokenEncoding          Code = 302
	ErrHeaderMalformed        Code = 303
	ErrHeaderCritical         Code = 304
	ErrHeaderUnsupported      Code = 305
	ErrAlgorithmNotAllowed    Code = 306
	ErrKeyNotFound            Code = 307
	ErrKeyMismatch            Code = 308
	ErrSignatureInvalid       Code = 309
	ErrPayloadMalformed       Code = 310
	ErrClaimMissing           Code = 311
	ErrClaimInvalid           Code = 312
	ErrTokenExpired           Code = 313
	ErrTokenNotYetValid       Code = 314
	ErrTokenTooOld            Code = 315
	ErrIssuerMismatch         Code = 316
	ErrAudienceMismatch       Code = 317
	ErrSubjectMismatch        Code = 318
	ErrTypeMismatch           Code = 319
	ErrTokenRevoked           Code = 320
	ErrHandleMalformed        Code = 321
	ErrClaimsShape            Code = 322
	ErrInvalidRequest         Code = 400
	ErrInvalidClient          Code = 401
	ErrInvalidGrant           Code = 402
	ErrUnauthenticated        Code = 403
	ErrForbidden              Code = 404
	ErrNotFound               Code = 405
	ErrAlreadyExists          Code = 406
	ErrRateLimited            Code = 407
	ErrLinkUsed               Code = 408
	ErrLinkExpired            Code = 409
	ErrLinkUnknown            Code = 410
	ErrStoreUnavailable       Code = 500
	ErrStoreUnknown           Code = 501
	ErrStoreCorrupt           Code = 502
	ErrStoreTooLarge          Code = 503
	ErrStoreBusy              Code = 504
	ErrStoreRegressed         Code = 505
	ErrKeysUnavailable        Code = 506
	ErrRouteNotFound          Code = 600
	ErrMethodNotAllowed       Code = 601
	ErrBodyTooLarge           Code = 602
	ErrMediaTypeUnsupported   Code = 603
	ErrBodyMalformed          Code = 604
	ErrFieldRequired          Code = 605
	ErrFieldInvalid           Code = 606
	ErrHeaderInvalid          Code = 607
	ErrNotImplemented         Code = 608
	ErrInternal               Code = 900
)

var codes = map[Code]codeRow{
	ErrLifetimeEmpty:          {"lifetime_empty", 400, "invalid_request", "the lifetime is empty"},
	ErrLifetimeSyntax:         {"lifetime_syntax", 400, "invalid_request", "the text is not a lifetime"},
	ErrLifetimeUnit:           {"lifetime_unit", 400, "invalid_request", "the lifetime's unit is unknown"},
	ErrLifetimeNotPositive:    {"lifetime_not_positive", 400, "invalid_request", "the lifetime is zero or negative"},
	ErrLifetimeUnderOneSecond: {"lifetime_under_one_second", 400, "invalid_request", "the lifetime is under one second"},
	ErrLifetimeTooLong:        {"lifetime_too_long", 400, "invalid_request", "the lifetime is over the allowed maximum"},
	ErrLifetimeOverflow:       {"lifetime_overflow", 400, "invalid_request", "the lifetime is too large to represent"},
	ErrLifetimeType:           {"lifetime_type", 400, "invalid_request", "a lifetime is a whole number of seconds or a text"},
	ErrLifetimeTooMuchText:    {"lifetime_too_much_text", 400, "invalid_request", "a lifetime has at most 100 characters"},
	ErrTimeInvalid:            {"time_invalid", 400, "invalid_request", "not a point in time"},
	ErrClaimReserved:          {"claim_reserved", 400, "invalid_request", "a registered claim cannot be set as a custom claim"},
	ErrClaimDuplicate:         {"claim_duplicate", 400, "invalid_request", "the claim is set twice"},
	ErrClaimsNotObject:        {"claims_not_object", 400, "invalid_request", "claims are one JSON object"},
	ErrClaimsNotJSON:          {"claims_not_json", 400, "invalid_request", "the claims cannot be written as JSON"},
	ErrClaimsTooLarge:         {"claims_too_large", 400, "invalid_request", "the claims are too large for a token"},
	ErrKeyMalformed:           {"key_malformed", 400, "invalid_request", "the key cannot be read"},
	ErrKeyWeak:                {"key_weak", 400, "invalid_request", "the key is too weak for its algorithm"},
	ErrKeyUnsupported:         {"key_unsupported", 400, "invalid_request", "this kind of key is not supported by this build"},
	ErrKeyUsage:               {"key_usage", 400, "invalid_request", "the key forbids this use"},
	ErrKeyDuplicate:           {"key_duplicate", 400, "invalid_request", "two keys have the same id"},
	ErrKeyMissing:             {"key_missing", 400, "invalid_request", "there is no key for this"},
	ErrKeyCannotSign:          {"key_cannot_sign", 400, "invalid_request", "the key has no private part"},
	ErrPolicyInvalid:          {"policy_invalid", 400, "invalid_request", "the configuration cannot work"},
	ErrTokenTooLarge:          {"token_too_large", 401, "invalid_token", "the token is too large"},
	ErrTokenMalformed:         {"token_malformed", 401, "invalid_token", "the token is not three parts separated by two dots"},
	ErrTokenEncoding:          {"token_encoding", 401, "invalid_token", "a part of the token is not strict base64url"},
	ErrHeaderMalformed:        {"header_malformed", 401, "invalid_token", "the token's header is not a valid JSON object"},
	ErrHeaderCritical:         {"header_critical", 401, "invalid_token", "the token demands an extension that is not implemented"},
	ErrHeaderUnsupported:      {"header_unsupported", 401, "invalid_token", "the token's header asks for something that is not supported"},
	ErrAlgorithmNotAllowed:    {"algorithm_not_allowed", 401, "invalid_token", "the token's algorithm is not allowed"},
	ErrKeyNotFound:            {"key_not_found", 401, "invalid_token", "no known key has the token's key id"},
	ErrKeyMismatch:            {"key_mismatch", 401, "invalid_token", "the token's algorithm is not the key's"},
	ErrSignatureInvalid:       {"signature_invalid", 401, "invalid_token", "the signature is not valid"},
	ErrPayloadMalformed:       {"payload_malformed", 401, "invalid_token", "the token's payload is not a valid JSON object"},
	ErrClaimMissing:           {"claim_missing", 401, "invalid_token", "a required claim is missing"},
	ErrClaimInvalid:           {"claim_invalid", 401, "invalid_token", "a claim has the wrong type or an impossible value"},
	ErrTokenExpired:           {"token_expired", 401, "invalid_token", "the token has expired"},
	ErrTokenNotYetValid:       {"token_not_yet_valid", 401, "invalid_token", "the token is not valid yet"},
	ErrTokenTooOld:            {"token_too_old", 401, "invalid_token", "the token was issued too long ago"},
	ErrIssuerMismatch:         {"issuer_mismatch", 401, "invalid_token", "the token is from another issuer"},
	ErrAudienceMismatch:       {"audience_mismatch", 401, "invalid_token", "the token is for another audience"},
	ErrSubjectMismatch:        {"subject_mismatch", 401, "invalid_token", "the token is about another subject"},
	ErrTypeMismatch:           {"type_mismatch", 401, "invalid_token", "the token is of another type"},
	ErrTokenRevoked:           {"token_revoked", 401, "invalid_token", "the token was revoked"},
	ErrHandleMalformed:        {"handle_malformed", 401, "invalid_token", "the text is not a token of this issuer"},
	ErrClaimsShape:            {"claims_shape", 401, "invalid_token", "the claims do not fit the requested type"},
	ErrInvalidRequest:         {"invalid_request", 400, "invalid_request", "the request is not acceptable"},
	ErrInvalidClient:          {"invalid_client", 401, "invalid_client", "the credentials are not valid"},
	ErrInvalidGrant:           {"invalid_grant", 400, "invalid_grant", "the grant is not valid"},
	ErrUnauthenticated:        {"unauthenticated", 401, "invalid_token", "the request carries no valid credential"},
	ErrForbidden:              {"forbidden", 403, "access_denied", "the credential does not allow this"},
	ErrNotFound:               {"not_found", 404, "invalid_request", "there is no such thing"},
	ErrAlreadyExists:          {"already_exists", 409, "invalid_request", "it exists already"},
	ErrRateLimited:            {"rate_limited", 429, "temporarily_unavailable", "too many requests"},
	ErrLinkUsed:               {"link_used", 400, "invalid_grant", "the link was used already"},
	ErrLinkExpired:            {"link_expired", 400, "invalid_grant", "the link's time is over"},
	ErrLinkUnknown:            {"link_unknown", 404, "invalid_grant", "the link is not known"},
	ErrStoreUnavailable:       {"store_unavailable", 503, "temporarily_unavailable", "the store cannot be reached; nothing was changed"},
	ErrStoreUnknown:           {"store_unknown", 503, "temporarily_unavailable", "the store did not confirm; the change may or may not have happened"},
	ErrStoreCorrupt:           {"store_corrupt", 500, "server_error", "the store holds a record that cannot be read"},
	ErrStoreTooLarge:          {"store_too_large", 500, "server_error", "the record is too large for the store"},
	ErrStoreBusy:              {"store_busy", 503, "temporarily_unavailable", "too many changes of the same record at once"},
	ErrStoreRegressed:         {"store_regressed", 401, "invalid_grant", "the store has lost a write"},
	ErrKeysUnavailable:        {"keys_unavailable", 503, "temporarily_unavailable", "the issuer's keys cannot be fetched now"},
	ErrRouteNotFound:          {"route_not_found", 404, "invalid_request", "there is nothing at this path"},
	ErrMethodNotAllowed:       {"method_not_allowed", 405, "invalid_request", "this method is not allowed here"},
	ErrBodyTooLarge:           {"body_too_large", 413, "invalid_request", "the body is too large"},
	ErrMediaTypeUnsupported:   {"media_type_unsupported", 415, "invalid_request", "the body's media type is not supported"},
	ErrBodyMalformed:          {"body_malformed", 400, "invalid_request", "the body is not the expected JSON"},
	ErrFieldRequired:          {"field_required", 400, "invalid_request", "the field is required"},
	ErrFieldInvalid:           {"field_invalid", 400, "invalid_request", "the field's value is not acceptable"},
	ErrHeaderInvalid:          {"header_invalid", 400, "invalid_request", "a request header is missing or not acceptable"},
	ErrNotImplemented:         {"not_implemented", 501, "invalid_request", "this operation is not implemented"},
	ErrInternal:               {"internal", 500, "server_error", "an internal rule was broken; please report it"},
}
