//! One error type for everything, and the one table it is rendered from.
//!
//! The table fixes each code's number (never reused), name, HTTP status, OAuth `error` value
//! (RFC 6749 section 5.2, RFC 6750 section 3.1) and default text. Every binding is generated from it.

use std::borrow::Cow;
use std::fmt::{self, Write};

/// The result of every fallible operation of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

macro_rules! error_codes {
    ($($number:literal $variant:ident $name:literal $status:literal $oauth:literal $text:literal;)+) => {
        /// What went wrong. The set grows; numbers and names never change their meaning.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum ErrorCode {
            $(#[doc = concat!("`", $name, "`: ", $text, ".")] $variant = $number,)+
        }

        impl ErrorCode {
            /// Every code, in the order of its number.
            pub const ALL: &'static [ErrorCode] = &[$(ErrorCode::$variant,)+];

            /// The stable name, for logs and for matching across languages.
            pub const fn name(self) -> &'static str {
                match self { $(ErrorCode::$variant => $name,)+ }
            }

            /// The stable number, for the C ABI.
            pub const fn number(self) -> i32 {
                self as i32
            }

            /// The HTTP status that fits best where a dialect does not say otherwise.
            pub const fn http_status(self) -> u16 {
                match self { $(ErrorCode::$variant => $status,)+ }
            }

            /// The `error` value of OAuth 2.0 (RFC 6749 section 5.2, RFC 6750 section 3.1).
            pub const fn oauth_error(self) -> &'static str {
                match self { $(ErrorCode::$variant => $oauth,)+ }
            }

            /// The default text, used where an error carries no more exact one.
            pub const fn text(self) -> &'static str {
                match self { $(ErrorCode::$variant => $text,)+ }
            }
        }
    };
}

error_codes! {
    101 LifetimeEmpty "lifetime_empty" 400 "invalid_request" "the lifetime is empty";
    102 LifetimeSyntax "lifetime_syntax" 400 "invalid_request" "the text is not a lifetime";
    103 LifetimeUnit "lifetime_unit" 400 "invalid_request" "the lifetime's unit is unknown";
    104 LifetimeNotPositive "lifetime_not_positive" 400 "invalid_request" "the lifetime is zero or negative";
    105 LifetimeUnderOneSecond "lifetime_under_one_second" 400 "invalid_request" "the lifetime is under one second";
    106 LifetimeTooLong "lifetime_too_long" 400 "invalid_request" "the lifetime is over the allowed maximum";
    107 LifetimeOverflow "lifetime_overflow" 400 "invalid_request" "the lifetime is too large to represent";
    108 LifetimeType "lifetime_type" 400 "invalid_request" "a lifetime is a whole number of seconds or a text";
    109 LifetimeTooMuchText "lifetime_too_much_text" 400 "invalid_request" "a lifetime has at most 100 characters";
    110 TimeInvalid "time_invalid" 400 "invalid_request" "not a point in time";

    120 ClaimReserved "claim_reserved" 400 "invalid_request" "a registered claim cannot be set as a custom claim";
    121 ClaimDuplicate "claim_duplicate" 400 "invalid_request" "the claim is set twice";
    122 ClaimsNotObject "claims_not_object" 400 "invalid_request" "claims are one JSON object";
    123 ClaimsNotJson "claims_not_json" 400 "invalid_request" "the claims cannot be written as JSON";
    124 ClaimsTooLarge "claims_too_large" 400 "invalid_request" "the claims are too large for a token";

    200 KeyMalformed "key_malformed" 400 "invalid_request" "the key cannot be read";
    201 KeyWeak "key_weak" 400 "invalid_request" "the key is too weak for its algorithm";
    202 KeyUnsupported "key_unsupported" 400 "invalid_request" "this kind of key is not supported by this build";
    203 KeyUsage "key_usage" 400 "invalid_request" "the key forbids this use";
    204 KeyDuplicate "key_duplicate" 400 "invalid_request" "two keys have the same id";
    205 KeyMissing "key_missing" 400 "invalid_request" "there is no key for this";
    206 KeyCannotSign "key_cannot_sign" 400 "invalid_request" "the key has no private part";
    207 PolicyInvalid "policy_invalid" 400 "invalid_request" "the configuration cannot work";

    300 TokenTooLarge "token_too_large" 401 "invalid_token" "the token is too large";
    301 TokenMalformed "token_malformed" 401 "invalid_token" "the token is not three parts separated by two dots";
    302 TokenEncoding "token_encoding" 401 "invalid_token" "a part of the token is not strict base64url";
    303 HeaderMalformed "header_malformed" 401 "invalid_token" "the token's header is not a valid JSON object";
    304 HeaderCritical "header_critical" 401 "invalid_token" "the token demands an extension that is not implemented";
    305 HeaderUnsupported "header_unsupported" 401 "invalid_token" "the token's header asks for something that is not supported";
    306 AlgorithmNotAllowed "algorithm_not_allowed" 401 "invalid_token" "the token's algorithm is not allowed";
    307 KeyNotFound "key_not_found" 401 "invalid_token" "no known key has the token's key id";
    308 KeyMismatch "key_mismatch" 401 "invalid_token" "the token's algorithm is not the key's";
    309 SignatureInvalid "signature_invalid" 401 "invalid_token" "the signature is not valid";
    310 PayloadMalformed "payload_malformed" 401 "invalid_token" "the token's payload is not a valid JSON object";
    311 ClaimMissing "claim_missing" 401 "invalid_token" "a required claim is missing";
    312 ClaimInvalid "claim_invalid" 401 "invalid_token" "a claim has the wrong type or an impossible value";
    313 TokenExpired "token_expired" 401 "invalid_token" "the token has expired";
    314 TokenNotYetValid "token_not_yet_valid" 401 "invalid_token" "the token is not valid yet";
    315 TokenTooOld "token_too_old" 401 "invalid_token" "the token was issued too long ago";
    316 IssuerMismatch "issuer_mismatch" 401 "invalid_token" "the token is from another issuer";
    317 AudienceMismatch "audience_mismatch" 401 "invalid_token" "the token is for another audience";
    318 SubjectMismatch "subject_mismatch" 401 "invalid_token" "the token is about another subject";
    319 TypeMismatch "type_mismatch" 401 "invalid_token" "the token is of another type";
    320 TokenRevoked "token_revoked" 401 "invalid_token" "the token was revoked";
    321 HandleMalformed "handle_malformed" 401 "invalid_token" "the text is not a token of this issuer";
    322 ClaimsShape "claims_shape" 401 "invalid_token" "the claims do not fit the requested type";
    323 TokenSuspended "token_suspended" 401 "invalid_token" "the token is suspended";
    324 StatusListMalformed "status_list_malformed" 401 "invalid_token" "the status list cannot be read";
    325 InvalidDpopProof "invalid_dpop_proof" 401 "invalid_dpop_proof" "the DPoP proof is not valid";
    327 BindingMismatch "binding_mismatch" 401 "invalid_token" "the token is bound to a key that the request does not prove";

    400 InvalidRequest "invalid_request" 400 "invalid_request" "the request is not acceptable";
    401 InvalidClient "invalid_client" 401 "invalid_client" "the credentials are not valid";
    402 InvalidGrant "invalid_grant" 400 "invalid_grant" "the grant is not valid";
    403 Unauthenticated "unauthenticated" 401 "invalid_token" "the request carries no valid credential";
    404 Forbidden "forbidden" 403 "access_denied" "the credential does not allow this";
    405 NotFound "not_found" 404 "invalid_request" "there is no such thing";
    406 AlreadyExists "already_exists" 409 "invalid_request" "it exists already";
    407 RateLimited "rate_limited" 429 "temporarily_unavailable" "too many requests";
    408 LinkUsed "link_used" 400 "invalid_grant" "the link was used already";
    409 LinkExpired "link_expired" 400 "invalid_grant" "the link's time is over";
    410 LinkUnknown "link_unknown" 404 "invalid_grant" "the link is not known";
    416 AttemptsExhausted "attempts_exhausted" 400 "invalid_grant" "too many wrong codes were tried";
    417 InvalidScope "invalid_scope" 400 "invalid_scope" "the scope is malformed, or more than is allowed";
    418 InvalidTarget "invalid_target" 400 "invalid_target" "the audience is more than is allowed";
    419 UnauthorizedClient "unauthorized_client" 400 "unauthorized_client" "the client may not use this grant";
    420 UnsupportedGrantType "unsupported_grant_type" 400 "unsupported_grant_type" "this grant is not supported";
    421 UseDpopNonce "use_dpop_nonce" 400 "use_dpop_nonce" "the DPoP proof needs the nonce of the server";
    422 SignInRequired "sign_in_required" 401 "invalid_grant" "the session is over; sign in again";
    423 TokenEndpointUnavailable "token_endpoint_unavailable" 503 "temporarily_unavailable" "the token endpoint gives no tokens now; nothing is lost";
    424 TokenEndpointRefused "token_endpoint_refused" 502 "server_error" "the token endpoint refuses what the source asks; nothing is lost";

    500 StoreUnavailable "store_unavailable" 503 "temporarily_unavailable" "the store cannot be reached; nothing was changed";
    501 StoreUnknown "store_unknown" 503 "temporarily_unavailable" "the store did not confirm; the change may or may not have happened";
    502 StoreCorrupt "store_corrupt" 500 "server_error" "the store holds a record that cannot be read";
    503 StoreTooLarge "store_too_large" 500 "server_error" "the record is too large for the store";
    504 StoreBusy "store_busy" 503 "temporarily_unavailable" "too many changes of the same record at once";
    505 StoreRegressed "store_regressed" 401 "invalid_grant" "the store has lost a write";
    506 KeysUnavailable "keys_unavailable" 503 "temporarily_unavailable" "the issuer's keys cannot be fetched now";
    507 StatusUnavailable "status_unavailable" 503 "temporarily_unavailable" "the token's status is not known now";

    600 RouteNotFound "route_not_found" 404 "invalid_request" "there is nothing at this path";
    601 MethodNotAllowed "method_not_allowed" 405 "invalid_request" "this method is not allowed here";
    602 BodyTooLarge "body_too_large" 413 "invalid_request" "the body is too large";
    603 MediaTypeUnsupported "media_type_unsupported" 415 "invalid_request" "the body's media type is not supported";
    604 BodyMalformed "body_malformed" 400 "invalid_request" "the body is not the expected JSON";
    605 FieldRequired "field_required" 400 "invalid_request" "the field is required";
    606 FieldInvalid "field_invalid" 400 "invalid_request" "the field's value is not acceptable";
    // 607 and 608 were never given and are never used again.
    609 BodyIncomplete "body_incomplete" 400 "invalid_request" "the body did not arrive whole; nothing was done";
    610 BodyTimeout "body_timeout" 408 "invalid_request" "the body took too long; nothing was done";
    611 LengthRequired "length_required" 411 "invalid_request" "the body's length must be announced; nothing was done";

    900 Internal "internal" 500 "server_error" "an internal rule was broken; please report it";
    901 ObjectDisposed "object_disposed" 500 "server_error" "the object was disposed and cannot be used any more";
    902 TaskNotRun "task_not_run" 500 "server_error" "the task was not run; nothing was done";
    903 ModuleBlocked "module_blocked" 500 "server_error" "the page's policy does not allow WebAssembly";
    904 ModuleUnsupported "module_unsupported" 500 "server_error" "the platform lacks what this build of the module needs";
}

/// How long to wait, and the limit that was hit, where an error comes from a rate limit or from a store
/// that cannot answer now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// Whole seconds until a retry can succeed, at least 1.
    pub after_seconds: u64,
    /// The largest burst that the limit admits; 0 where no limit was hit.
    pub limit: u64,
}

/// An error: its code, the field or claim at fault, and a text that a client may read.
///
/// It never holds a token, a secret or a key.
///
/// ```
/// use tokenmint::{ErrorCode, Lifetime};
/// let error = "1 fortnight".parse::<Lifetime>().unwrap_err();
/// assert_eq!(error.code(), ErrorCode::LifetimeUnit);
/// assert_eq!(error.code().name(), "lifetime_unit");
/// assert!(error.to_string().contains("fortnight"));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Error(Box<Repr>);

#[derive(Clone, PartialEq, Eq)]
struct Repr {
    code: ErrorCode,
    field: Cow<'static, str>,
    detail: Cow<'static, str>,
    retry: Option<Retry>,
}

impl Error {
    /// An error with the default text of its code.
    // Cold, and not inlined with its neighbours below: errors are made in a thousand places.
    #[cold]
    #[inline(never)]
    pub fn new(code: ErrorCode) -> Self {
        Error(Box::new(Repr { code, field: Cow::Borrowed(""), detail: Cow::Borrowed(""), retry: None }))
    }

    /// Names the field or claim at fault.
    #[must_use]
    pub fn at(self, field: impl Into<Cow<'static, str>>) -> Self {
        self.with_field(field.into())
    }

    /// Replaces the default text by a more exact one: what was found and what is needed. Never a secret.
    #[must_use]
    pub fn because(self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.with_detail(detail.into())
    }

    #[cold]
    #[inline(never)]
    fn with_field(mut self, field: Cow<'static, str>) -> Self {
        self.0.field = field;
        self
    }

    #[cold]
    #[inline(never)]
    fn with_detail(mut self, detail: Cow<'static, str>) -> Self {
        self.0.detail = detail;
        self
    }

    /// The same error, told of a place that its own lies within: `keys[0]` and `pem_file` become `keys[0].pem_file`.
    pub(crate) fn within(self, place: &str) -> Error {
        let place = match self.field() {
            Some(field) => format!("{place}.{field}"),
            None => place.to_owned(),
        };
        self.at(place)
    }

    /// Says when to try again.
    #[must_use]
    pub fn retry(mut self, retry: Retry) -> Self {
        self.0.retry = Some(retry);
        self
    }

    /// What went wrong, for programs.
    pub fn code(&self) -> ErrorCode {
        self.0.code
    }

    /// The field, header or claim at fault; `None` where the whole input is.
    pub fn field(&self) -> Option<&str> {
        if self.0.field.is_empty() { None } else { Some(&self.0.field) }
    }

    /// What went wrong, for people; without the field's name.
    pub fn message(&self) -> &str {
        if self.0.detail.is_empty() { self.0.code.text() } else { &self.0.detail }
    }

    /// When to try again, where that is known.
    pub fn retry_after(&self) -> Option<Retry> {
        self.0.retry
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(field) = self.field() {
            name(field, f)?;
            f.write_str(": ")?;
        }
        f.write_str(self.message())
    }
}

/// The longest name of a field or claim that is shown, in characters.
const LONGEST_NAME: usize = 80;

/// Writes a name, which may be whatever somebody sent, on one line and not endlessly.
fn name(name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for (index, character) in name.chars().enumerate() {
        match character {
            _ if index == LONGEST_NAME => return f.write_str("..."),
            control if control.is_control() => write!(f, "{}", control.escape_debug())?,
            plain => f.write_char(plain)?,
        }
    }
    Ok(())
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {self}", self.code().name())
    }
}

impl std::error::Error for Error {}

impl From<ErrorCode> for Error {
    fn from(code: ErrorCode) -> Self {
        Error::new(code)
    }
}

/// For arguments that are taken by `TryInto`: one that is of the right type already cannot fail.
impl From<std::convert::Infallible> for Error {
    fn from(never: std::convert::Infallible) -> Self {
        match never {}
    }
}

/// A text as OAuth's `error_description` can have it: printable ASCII without `"` and the backslash (RFC 6749 section 5.2,
/// RFC 6750 section 3).
pub(crate) fn description(text: &str) -> String {
    let allowed = |character| match character {
        '"' => '\'',
        ' '..='~' if character != '\\' => character,
        _ => '?',
    };
    text.chars().map(allowed).collect()
}

/// The error for a field whose value is not acceptable.
pub(crate) fn field_invalid(field: &'static str, text: &'static str) -> Error {
    Error::new(ErrorCode::FieldInvalid).at(field).because(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names_are_unique_and_ordered() {
        for pair in ErrorCode::ALL.windows(2) {
            assert!(pair[0].number() < pair[1].number(), "{:?}", pair);
        }
        let mut names: Vec<_> = ErrorCode::ALL.iter().map(|code| code.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ErrorCode::ALL.len());
    }

    #[test]
    fn a_name_is_shown_on_one_line_and_not_endlessly() {
        let shown = |name: String| Error::new(ErrorCode::ClaimReserved).at(name).because("no").to_string();
        assert_eq!(shown("a claim of \"ü\"".to_owned()), "a claim of \"ü\": no");
        assert_eq!(shown("two\nlines\u{7f}".to_owned()), "two\\nlines\\u{7f}: no");
        assert_eq!(shown("ü".repeat(80)), format!("{}: no", "ü".repeat(80)));
        assert_eq!(shown("ü".repeat(81)), format!("{}...: no", "ü".repeat(80)));
    }

    #[test]
    fn the_word_expired_stands_only_in_errors_about_expiry() {
        // Monite's SDK fetches a new token by itself when it reads that word (contracts 2.1).
        for code in ErrorCode::ALL {
            assert_eq!(code.text().contains("expired"), *code == ErrorCode::TokenExpired, "{code:?}");
        }
    }
}
