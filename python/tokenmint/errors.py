"""The exceptions of tokenmint: one base, families below it, and one class for each code.

Written by `cargo xtask vectors` from the table in `core/src/error.rs`; the codes are listed in docs/errors.md.
"""

from typing import ClassVar, Final


class TokenmintError(Exception):
    """The base of every exception: what went wrong, and the field or claim at fault. It never holds a secret.

    >>> from tokenmint import parse_expires_in
    >>> try:
    ...     parse_expires_in("1 fortnight")
    ... except TokenmintError as error:
    ...     print(error.code, isinstance(error, LifetimeError))
    lifetime_unit True
    """

    code: ClassVar[str] = "internal"
    """The stable name of the error, the same in every language."""
    number: ClassVar[int] = 900
    """The stable number of the error."""
    http_status: ClassVar[int] = 500
    """The HTTP status that fits best."""
    oauth_error: ClassVar[str] = "server_error"
    """The `error` value of OAuth 2.0 (RFC 6749 section 5.2, RFC 6750 section 3.1)."""

    def __init__(self, message: str = "", *, field: str | None = None, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        """What was found and what is needed, without the field's name."""
        self.field = field
        """The field, header or claim at fault; None where the whole input is."""
        self.retry_after = retry_after
        """Whole seconds until a retry can succeed, where that is known."""

    def __str__(self) -> str:
        return self.message if self.field is None else f"{self.field}: {self.message}"


class LifetimeError(TokenmintError):
    """A lifetime, or a point in time, is not acceptable."""


class ClaimsError(TokenmintError):
    """Claims cannot be minted."""


class ConfigurationError(TokenmintError):
    """A key, an issuer, a verifier or an endpoint cannot be made from what is given."""


class TokenError(TokenmintError):
    """A token is refused."""


class RequestError(TokenmintError):
    """A flow refuses what it was asked for."""


class StoreError(TokenmintError):
    """The store could not do its part. A store raises these, too."""


class HttpError(TokenmintError):
    """A request is not acceptable."""


class LifetimeEmpty(LifetimeError):
    """The lifetime is empty."""

    code = "lifetime_empty"
    number = 101
    http_status = 400
    oauth_error = "invalid_request"


class LifetimeSyntax(LifetimeError):
    """The text is not a lifetime."""

    code = "lifetime_syntax"
    number = 102
    http_status = 400
    oauth_error = "invalid_request"


class LifetimeUnit(LifetimeError):
    """The lifetime's unit is unknown."""

    code = "lifetime_unit"
    number = 103
    http_status = 400
    oauth_error = "invalid_request"


class LifetimeNotPositive(LifetimeError):
    """The lifetime is zero or negative."""

    code = "lifetime_not_positive"
    number = 104
    http_status = 400
    oauth_error = "invalid_request"


class LifetimeUnderOneSecond(LifetimeError):
    """The lifetime is under one second."""

    code = "lifetime_under_one_second"
    number = 105
    http_status = 400
    oauth_error = "invalid_request"


class LifetimeTooLong(LifetimeError):
    """The lifetime is over the allowed maximum."""

    code = "lifetime_too_long"
    number = 106
    http_status = 400
    oauth_error = "invalid_request"


class LifetimeOverflow(LifetimeError):
    """The lifetime is too large to represent."""

    code = "lifetime_overflow"
    number = 107
    http_status = 400
    oauth_error = "invalid_request"


class LifetimeType(LifetimeError):
    """A lifetime is a whole number of seconds or a text."""

    code = "lifetime_type"
    number = 108
    http_status = 400
    oauth_error = "invalid_request"


class LifetimeTooMuchText(LifetimeError):
    """A lifetime has at most 100 characters."""

    code = "lifetime_too_much_text"
    number = 109
    http_status = 400
    oauth_error = "invalid_request"


class TimeInvalid(LifetimeError):
    """Not a point in time."""

    code = "time_invalid"
    number = 110
    http_status = 400
    oauth_error = "invalid_request"


class ClaimReserved(ClaimsError):
    """A registered claim cannot be set as a custom claim."""

    code = "claim_reserved"
    number = 120
    http_status = 400
    oauth_error = "invalid_request"


class ClaimDuplicate(ClaimsError):
    """The claim is set twice."""

    code = "claim_duplicate"
    number = 121
    http_status = 400
    oauth_error = "invalid_request"


class ClaimsNotObject(ClaimsError):
    """Claims are one JSON object."""

    code = "claims_not_object"
    number = 122
    http_status = 400
    oauth_error = "invalid_request"


class ClaimsNotJson(ClaimsError):
    """The claims cannot be written as JSON."""

    code = "claims_not_json"
    number = 123
    http_status = 400
    oauth_error = "invalid_request"


class ClaimsTooLarge(ClaimsError):
    """The claims are too large for a token."""

    code = "claims_too_large"
    number = 124
    http_status = 400
    oauth_error = "invalid_request"


class KeyMalformed(ConfigurationError):
    """The key cannot be read."""

    code = "key_malformed"
    number = 200
    http_status = 400
    oauth_error = "invalid_request"


class KeyWeak(ConfigurationError):
    """The key is too weak for its algorithm."""

    code = "key_weak"
    number = 201
    http_status = 400
    oauth_error = "invalid_request"


class KeyUnsupported(ConfigurationError):
    """This kind of key is not supported by this build."""

    code = "key_unsupported"
    number = 202
    http_status = 400
    oauth_error = "invalid_request"


class KeyUsage(ConfigurationError):
    """The key forbids this use."""

    code = "key_usage"
    number = 203
    http_status = 400
    oauth_error = "invalid_request"


class KeyDuplicate(ConfigurationError):
    """Two keys have the same id."""

    code = "key_duplicate"
    number = 204
    http_status = 400
    oauth_error = "invalid_request"


class KeyMissing(ConfigurationError):
    """There is no key for this."""

    code = "key_missing"
    number = 205
    http_status = 400
    oauth_error = "invalid_request"


class KeyCannotSign(ConfigurationError):
    """The key has no private part."""

    code = "key_cannot_sign"
    number = 206
    http_status = 400
    oauth_error = "invalid_request"


class PolicyInvalid(ConfigurationError):
    """The configuration cannot work."""

    code = "policy_invalid"
    number = 207
    http_status = 400
    oauth_error = "invalid_request"


class TokenTooLarge(TokenError):
    """The token is too large."""

    code = "token_too_large"
    number = 300
    http_status = 401
    oauth_error = "invalid_token"


class TokenMalformed(TokenError):
    """The token is not three parts separated by two dots."""

    code = "token_malformed"
    number = 301
    http_status = 401
    oauth_error = "invalid_token"


class TokenEncoding(TokenError):
    """A part of the token is not strict base64url."""

    code = "token_encoding"
    number = 302
    http_status = 401
    oauth_error = "invalid_token"


class HeaderMalformed(TokenError):
    """The token's header is not a valid JSON object."""

    code = "header_malformed"
    number = 303
    http_status = 401
    oauth_error = "invalid_token"


class HeaderCritical(TokenError):
    """The token demands an extension that is not implemented."""

    code = "header_critical"
    number = 304
    http_status = 401
    oauth_error = "invalid_token"


class HeaderUnsupported(TokenError):
    """The token's header asks for something that is not supported."""

    code = "header_unsupported"
    number = 305
    http_status = 401
    oauth_error = "invalid_token"


class AlgorithmNotAllowed(TokenError):
    """The token's algorithm is not allowed."""

    code = "algorithm_not_allowed"
    number = 306
    http_status = 401
    oauth_error = "invalid_token"


class KeyNotFound(TokenError):
    """No known key has the token's key id."""

    code = "key_not_found"
    number = 307
    http_status = 401
    oauth_error = "invalid_token"


class KeyMismatch(TokenError):
    """The token's algorithm is not the key's."""

    code = "key_mismatch"
    number = 308
    http_status = 401
    oauth_error = "invalid_token"


class SignatureInvalid(TokenError):
    """The signature is not valid."""

    code = "signature_invalid"
    number = 309
    http_status = 401
    oauth_error = "invalid_token"


class PayloadMalformed(TokenError):
    """The token's payload is not a valid JSON object."""

    code = "payload_malformed"
    number = 310
    http_status = 401
    oauth_error = "invalid_token"


class ClaimMissing(TokenError):
    """A required claim is missing."""

    code = "claim_missing"
    number = 311
    http_status = 401
    oauth_error = "invalid_token"


class ClaimInvalid(TokenError):
    """A claim has the wrong type or an impossible value."""

    code = "claim_invalid"
    number = 312
    http_status = 401
    oauth_error = "invalid_token"


class TokenExpired(TokenError):
    """The token has expired."""

    code = "token_expired"
    number = 313
    http_status = 401
    oauth_error = "invalid_token"


class TokenNotYetValid(TokenError):
    """The token is not valid yet."""

    code = "token_not_yet_valid"
    number = 314
    http_status = 401
    oauth_error = "invalid_token"


class TokenTooOld(TokenError):
    """The token was issued too long ago."""

    code = "token_too_old"
    number = 315
    http_status = 401
    oauth_error = "invalid_token"


class IssuerMismatch(TokenError):
    """The token is from another issuer."""

    code = "issuer_mismatch"
    number = 316
    http_status = 401
    oauth_error = "invalid_token"


class AudienceMismatch(TokenError):
    """The token is for another audience."""

    code = "audience_mismatch"
    number = 317
    http_status = 401
    oauth_error = "invalid_token"


class SubjectMismatch(TokenError):
    """The token is about another subject."""

    code = "subject_mismatch"
    number = 318
    http_status = 401
    oauth_error = "invalid_token"


class TypeMismatch(TokenError):
    """The token is of another type."""

    code = "type_mismatch"
    number = 319
    http_status = 401
    oauth_error = "invalid_token"


class TokenRevoked(TokenError):
    """The token was revoked."""

    code = "token_revoked"
    number = 320
    http_status = 401
    oauth_error = "invalid_token"


class HandleMalformed(TokenError):
    """The text is not a token of this issuer."""

    code = "handle_malformed"
    number = 321
    http_status = 401
    oauth_error = "invalid_token"


class ClaimsShape(TokenError):
    """The claims do not fit the requested type."""

    code = "claims_shape"
    number = 322
    http_status = 401
    oauth_error = "invalid_token"


class TokenSuspended(TokenError):
    """The token is suspended."""

    code = "token_suspended"
    number = 323
    http_status = 401
    oauth_error = "invalid_token"


class StatusListMalformed(TokenError):
    """The status list cannot be read."""

    code = "status_list_malformed"
    number = 324
    http_status = 401
    oauth_error = "invalid_token"


class InvalidDpopProof(TokenError):
    """The DPoP proof is not valid."""

    code = "invalid_dpop_proof"
    number = 325
    http_status = 401
    oauth_error = "invalid_dpop_proof"


class BindingMismatch(TokenError):
    """The token is bound to a key that the request does not prove."""

    code = "binding_mismatch"
    number = 327
    http_status = 401
    oauth_error = "invalid_token"


class InvalidRequest(RequestError):
    """The request is not acceptable."""

    code = "invalid_request"
    number = 400
    http_status = 400
    oauth_error = "invalid_request"


class InvalidClient(RequestError):
    """The credentials are not valid."""

    code = "invalid_client"
    number = 401
    http_status = 401
    oauth_error = "invalid_client"


class InvalidGrant(RequestError):
    """The grant is not valid."""

    code = "invalid_grant"
    number = 402
    http_status = 400
    oauth_error = "invalid_grant"


class Unauthenticated(RequestError):
    """The request carries no valid credential."""

    code = "unauthenticated"
    number = 403
    http_status = 401
    oauth_error = "invalid_token"


class Forbidden(RequestError):
    """The credential does not allow this."""

    code = "forbidden"
    number = 404
    http_status = 403
    oauth_error = "access_denied"


class NotFound(RequestError):
    """There is no such thing."""

    code = "not_found"
    number = 405
    http_status = 404
    oauth_error = "invalid_request"


class AlreadyExists(RequestError):
    """It exists already."""

    code = "already_exists"
    number = 406
    http_status = 409
    oauth_error = "invalid_request"


class RateLimited(RequestError):
    """Too many requests."""

    code = "rate_limited"
    number = 407
    http_status = 429
    oauth_error = "temporarily_unavailable"


class LinkUsed(RequestError):
    """The link was used already."""

    code = "link_used"
    number = 408
    http_status = 400
    oauth_error = "invalid_grant"


class LinkExpired(RequestError):
    """The link's time is over."""

    code = "link_expired"
    number = 409
    http_status = 400
    oauth_error = "invalid_grant"


class LinkUnknown(RequestError):
    """The link is not known."""

    code = "link_unknown"
    number = 410
    http_status = 404
    oauth_error = "invalid_grant"


class AttemptsExhausted(RequestError):
    """Too many wrong codes were tried."""

    code = "attempts_exhausted"
    number = 416
    http_status = 400
    oauth_error = "invalid_grant"


class InvalidScope(RequestError):
    """The scope is malformed, or more than is allowed."""

    code = "invalid_scope"
    number = 417
    http_status = 400
    oauth_error = "invalid_scope"


class InvalidTarget(RequestError):
    """The audience is more than is allowed."""

    code = "invalid_target"
    number = 418
    http_status = 400
    oauth_error = "invalid_target"


class UnauthorizedClient(RequestError):
    """The client may not use this grant."""

    code = "unauthorized_client"
    number = 419
    http_status = 400
    oauth_error = "unauthorized_client"


class UnsupportedGrantType(RequestError):
    """This grant is not supported."""

    code = "unsupported_grant_type"
    number = 420
    http_status = 400
    oauth_error = "unsupported_grant_type"


class UseDpopNonce(RequestError):
    """The DPoP proof needs the nonce of the server."""

    code = "use_dpop_nonce"
    number = 421
    http_status = 400
    oauth_error = "use_dpop_nonce"


class SignInRequired(RequestError):
    """The session is over; sign in again."""

    code = "sign_in_required"
    number = 422
    http_status = 401
    oauth_error = "invalid_grant"


class TokenEndpointUnavailable(RequestError):
    """The token endpoint gives no tokens now; nothing is lost."""

    code = "token_endpoint_unavailable"
    number = 423
    http_status = 503
    oauth_error = "temporarily_unavailable"


class TokenEndpointRefused(RequestError):
    """The token endpoint refuses what the source asks; nothing is lost."""

    code = "token_endpoint_refused"
    number = 424
    http_status = 502
    oauth_error = "server_error"


class StoreUnavailable(StoreError):
    """The store cannot be reached; nothing was changed."""

    code = "store_unavailable"
    number = 500
    http_status = 503
    oauth_error = "temporarily_unavailable"


class StoreUnknown(StoreError):
    """The store did not confirm; the change may or may not have happened."""

    code = "store_unknown"
    number = 501
    http_status = 503
    oauth_error = "temporarily_unavailable"


class StoreCorrupt(StoreError):
    """The store holds a record that cannot be read."""

    code = "store_corrupt"
    number = 502
    http_status = 500
    oauth_error = "server_error"


class StoreTooLarge(StoreError):
    """The record is too large for the store."""

    code = "store_too_large"
    number = 503
    http_status = 500
    oauth_error = "server_error"


class StoreBusy(StoreError):
    """Too many changes of the same record at once."""

    code = "store_busy"
    number = 504
    http_status = 503
    oauth_error = "temporarily_unavailable"


class StoreRegressed(StoreError):
    """The store has lost a write."""

    code = "store_regressed"
    number = 505
    http_status = 401
    oauth_error = "invalid_grant"


class KeysUnavailable(StoreError):
    """The issuer's keys cannot be fetched now."""

    code = "keys_unavailable"
    number = 506
    http_status = 503
    oauth_error = "temporarily_unavailable"


class StatusUnavailable(StoreError):
    """The token's status is not known now."""

    code = "status_unavailable"
    number = 507
    http_status = 503
    oauth_error = "temporarily_unavailable"


class RouteNotFound(HttpError):
    """There is nothing at this path."""

    code = "route_not_found"
    number = 600
    http_status = 404
    oauth_error = "invalid_request"


class MethodNotAllowed(HttpError):
    """This method is not allowed here."""

    code = "method_not_allowed"
    number = 601
    http_status = 405
    oauth_error = "invalid_request"


class BodyTooLarge(HttpError):
    """The body is too large."""

    code = "body_too_large"
    number = 602
    http_status = 413
    oauth_error = "invalid_request"


class MediaTypeUnsupported(HttpError):
    """The body's media type is not supported."""

    code = "media_type_unsupported"
    number = 603
    http_status = 415
    oauth_error = "invalid_request"


class BodyMalformed(HttpError):
    """The body is not the expected JSON."""

    code = "body_malformed"
    number = 604
    http_status = 400
    oauth_error = "invalid_request"


class FieldRequired(HttpError):
    """The field is required."""

    code = "field_required"
    number = 605
    http_status = 400
    oauth_error = "invalid_request"


class FieldInvalid(HttpError):
    """The field's value is not acceptable."""

    code = "field_invalid"
    number = 606
    http_status = 400
    oauth_error = "invalid_request"


class BodyIncomplete(HttpError):
    """The body did not arrive whole; nothing was done."""

    code = "body_incomplete"
    number = 609
    http_status = 400
    oauth_error = "invalid_request"


class BodyTimeout(HttpError):
    """The body took too long; nothing was done."""

    code = "body_timeout"
    number = 610
    http_status = 408
    oauth_error = "invalid_request"


class LengthRequired(HttpError):
    """The body's length must be announced; nothing was done."""

    code = "length_required"
    number = 611
    http_status = 411
    oauth_error = "invalid_request"


class Internal(TokenmintError):
    """An internal rule was broken; please report it."""

    code = "internal"
    number = 900
    http_status = 500
    oauth_error = "server_error"


class ObjectDisposed(TokenmintError):
    """The object was disposed and cannot be used any more."""

    code = "object_disposed"
    number = 901
    http_status = 500
    oauth_error = "server_error"


class TaskNotRun(TokenmintError):
    """The task was not run; nothing was done."""

    code = "task_not_run"
    number = 902
    http_status = 500
    oauth_error = "server_error"


class ModuleBlocked(TokenmintError):
    """The page's policy does not allow WebAssembly."""

    code = "module_blocked"
    number = 903
    http_status = 500
    oauth_error = "server_error"


class ModuleUnsupported(TokenmintError):
    """The platform lacks what this build of the module needs."""

    code = "module_unsupported"
    number = 904
    http_status = 500
    oauth_error = "server_error"


BY_CODE: Final[dict[str, type[TokenmintError]]] = {
    "lifetime_empty": LifetimeEmpty,
    "lifetime_syntax": LifetimeSyntax,
    "lifetime_unit": LifetimeUnit,
    "lifetime_not_positive": LifetimeNotPositive,
    "lifetime_under_one_second": LifetimeUnderOneSecond,
    "lifetime_too_long": LifetimeTooLong,
    "lifetime_overflow": LifetimeOverflow,
    "lifetime_type": LifetimeType,
    "lifetime_too_much_text": LifetimeTooMuchText,
    "time_invalid": TimeInvalid,
    "claim_reserved": ClaimReserved,
    "claim_duplicate": ClaimDuplicate,
    "claims_not_object": ClaimsNotObject,
    "claims_not_json": ClaimsNotJson,
    "claims_too_large": ClaimsTooLarge,
    "key_malformed": KeyMalformed,
    "key_weak": KeyWeak,
    "key_unsupported": KeyUnsupported,
    "key_usage": KeyUsage,
    "key_duplicate": KeyDuplicate,
    "key_missing": KeyMissing,
    "key_cannot_sign": KeyCannotSign,
    "policy_invalid": PolicyInvalid,
    "token_too_large": TokenTooLarge,
    "token_malformed": TokenMalformed,
    "token_encoding": TokenEncoding,
    "header_malformed": HeaderMalformed,
    "header_critical": HeaderCritical,
    "header_unsupported": HeaderUnsupported,
    "algorithm_not_allowed": AlgorithmNotAllowed,
    "key_not_found": KeyNotFound,
    "key_mismatch": KeyMismatch,
    "signature_invalid": SignatureInvalid,
    "payload_malformed": PayloadMalformed,
    "claim_missing": ClaimMissing,
    "claim_invalid": ClaimInvalid,
    "token_expired": TokenExpired,
    "token_not_yet_valid": TokenNotYetValid,
    "token_too_old": TokenTooOld,
    "issuer_mismatch": IssuerMismatch,
    "audience_mismatch": AudienceMismatch,
    "subject_mismatch": SubjectMismatch,
    "type_mismatch": TypeMismatch,
    "token_revoked": TokenRevoked,
    "handle_malformed": HandleMalformed,
    "claims_shape": ClaimsShape,
    "token_suspended": TokenSuspended,
    "status_list_malformed": StatusListMalformed,
    "invalid_dpop_proof": InvalidDpopProof,
    "binding_mismatch": BindingMismatch,
    "invalid_request": InvalidRequest,
    "invalid_client": InvalidClient,
    "invalid_grant": InvalidGrant,
    "unauthenticated": Unauthenticated,
    "forbidden": Forbidden,
    "not_found": NotFound,
    "already_exists": AlreadyExists,
    "rate_limited": RateLimited,
    "link_used": LinkUsed,
    "link_expired": LinkExpired,
    "link_unknown": LinkUnknown,
    "attempts_exhausted": AttemptsExhausted,
    "invalid_scope": InvalidScope,
    "invalid_target": InvalidTarget,
    "unauthorized_client": UnauthorizedClient,
    "unsupported_grant_type": UnsupportedGrantType,
    "use_dpop_nonce": UseDpopNonce,
    "sign_in_required": SignInRequired,
    "token_endpoint_unavailable": TokenEndpointUnavailable,
    "token_endpoint_refused": TokenEndpointRefused,
    "store_unavailable": StoreUnavailable,
    "store_unknown": StoreUnknown,
    "store_corrupt": StoreCorrupt,
    "store_too_large": StoreTooLarge,
    "store_busy": StoreBusy,
    "store_regressed": StoreRegressed,
    "keys_unavailable": KeysUnavailable,
    "status_unavailable": StatusUnavailable,
    "route_not_found": RouteNotFound,
    "method_not_allowed": MethodNotAllowed,
    "body_too_large": BodyTooLarge,
    "media_type_unsupported": MediaTypeUnsupported,
    "body_malformed": BodyMalformed,
    "field_required": FieldRequired,
    "field_invalid": FieldInvalid,
    "body_incomplete": BodyIncomplete,
    "body_timeout": BodyTimeout,
    "length_required": LengthRequired,
    "internal": Internal,
    "object_disposed": ObjectDisposed,
    "task_not_run": TaskNotRun,
    "module_blocked": ModuleBlocked,
    "module_unsupported": ModuleUnsupported,
}
"""The class of each code."""
