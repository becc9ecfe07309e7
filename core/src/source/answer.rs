//! What a token endpoint answers, and what that means: strict where a token is at stake, and otherwise as RFC 6749 has it.

use std::fmt;

use crate::error::{Error, ErrorCode, Result};
use crate::flow::token_pair::TokenPair;
use crate::json::{self, Object};
use crate::time::{Lifetime, Moment};
use crate::token::MAX_TOKEN;

/// The longest time that a server can put off the next request.
const LONGEST_PAUSE: u64 = 86_400;

/// The answer of a token endpoint, or that there was none.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct TokenAnswer {
    /// The HTTP status; 0 where no answer arrived, or not all of it.
    pub status: u16,
    /// The body, at most [`TokenAnswer::MAX_BODY`] bytes of it.
    pub body: Vec<u8>,
    /// The value of `Retry-After`, where the answer has one.
    pub retry_after: Option<String>,
}

impl TokenAnswer {
    /// The most bytes of a body that are of use: a host stops reading behind it.
    pub const MAX_BODY: usize = 256 * 1024;

    /// That no answer arrived: no connection, no time left, or an end in the middle. Nobody knows what the server has done.
    pub fn lost() -> Self {
        TokenAnswer::default()
    }

    /// What it means to a source that presented a refresh token, or none.
    pub(crate) fn verdict(&self, refreshes: bool, now: Moment) -> Verdict {
        let pause = || self.retry_after.as_deref().and_then(|text| pause(text, now));
        match self.status {
            200..=299 => match TokenResponse::read(&self.body) {
                Ok(tokens) => Verdict::Granted(tokens),
                // Cut off, or another's: the tokens that it was to bring may be made.
                Err(error) if error.code() == ErrorCode::BodyMalformed => Verdict::Lost(None),
                Err(error) => Verdict::Refused(error.message().to_owned()),
            },
            429 => Verdict::Later(pause()),
            0 | 408 | 425 | 500..=599 => Verdict::Lost(pause()),
            400..=499 => match self.error() {
                Some("invalid_grant") if refreshes => Verdict::Over,
                Some("temporarily_unavailable" | "slow_down") => Verdict::Later(pause()),
                Some("server_error") => Verdict::Lost(pause()),
                Some(error) => Verdict::Refused(format!("the token endpoint answers {error}")),
                None => Verdict::Refused(format!("the token endpoint answers with status {}", self.status)),
            },
            other => Verdict::Refused(format!("the token endpoint answers with status {other}")),
        }
    }

    /// The `error` of RFC 6749 section 5.2 and its extensions. Whatever else stands there may be a secret that came back.
    fn error(&self) -> Option<&'static str> {
        let object = Object::from_slice(&self.body).ok()?;
        let said = json::string(object.get("error")?)?;
        KNOWN.iter().find(|known| **known == said).copied()
    }
}

const KNOWN: &[&str] = &[
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
    "invalid_target",
    "invalid_dpop_proof",
    "use_dpop_nonce",
    "access_denied",
    "server_error",
    "temporarily_unavailable",
    "slow_down",
];

/// What an answer means.
pub(crate) enum Verdict {
    /// Here are tokens.
    Granted(TokenResponse),
    /// The refresh token is good for nothing any more.
    Over,
    /// Nobody knows what the server has done: it is asked again, after a pause of so many microseconds where it says so.
    Lost(Option<u64>),
    /// The server has done nothing, and wants to be asked later.
    Later(Option<u64>),
    /// The server has done nothing, and will not.
    Refused(String),
}

/// How many microseconds `Retry-After` says (RFC 9110 section 10.2.3).
fn pause(text: &str, now: Moment) -> Option<u64> {
    let text = text.trim();
    let seconds = match text.parse::<u64>() {
        Ok(seconds) => seconds,
        Err(_) => http_date(text)?.saturating_sub(now.micros() / 1_000_000),
    };
    Some(seconds.min(LONGEST_PAUSE) * 1_000_000)
}

/// The seconds since 1970 of `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 section 5.6.7; its obsolete forms are let go).
fn http_date(text: &str) -> Option<u64> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let mut words = text.split_once(", ")?.1.strip_suffix(" GMT")?.split([' ', ':']);
    let day: u64 = words.next()?.parse().ok()?;
    let name = words.next()?;
    let month = MONTHS.iter().position(|month| *month == name)? as u64;
    let year: u64 = words.next()?.parse().ok()?;
    let [hour, minute, second] = [words.next()?, words.next()?, words.next()?].map(str::parse::<u64>);
    let (hour, minute, second) = (hour.ok()?, minute.ok()?, second.ok()?);
    if !(1970..=9999).contains(&year) || !(1..=31).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    // Years from March on, so that the day of a leap year is the last.
    let (year, month) = if month < 2 { (year - 1, month + 10) } else { (year, month - 2) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day - 1;
    Some(((days - 719_468) * 24 + hour) * 3600 + minute * 60 + second)
}

/// Tokens that a token endpoint has given (RFC 6749 section 5.1).
#[derive(Clone, PartialEq, Eq)]
pub struct TokenResponse {
    /// The access token, to be sent as a bearer.
    pub access_token: String,
    /// The refresh token; where there is none, the one before stays (RFC 6749 section 6).
    pub refresh_token: Option<String>,
    /// How long the access token lives, where the server says so.
    pub expires_in: Option<Lifetime>,
    /// What it allows, where the server says so.
    pub scope: Option<String>,
}

impl TokenResponse {
    /// Reads the body of an answer. Members that are not known are let go.
    ///
    /// ```
    /// use tokenmint::{Lifetime, TokenResponse};
    /// let body = br#"{"access_token":"a","token_type":"bearer","expires_in":3600,"refresh_token":"r","id_token":"i"}"#;
    /// let response = TokenResponse::read(body)?;
    /// assert_eq!((response.access_token.as_str(), response.expires_in), ("a", Some(Lifetime::HOUR)));
    /// # Ok::<(), tokenmint::Error>(())
    /// ```
    ///
    /// # Errors
    /// `body_malformed` for what is no JSON object, or has a member twice; `field_required` without an `access_token`;
    /// `field_invalid` for a token that no header or form can carry, and for a `token_type` that is not a bearer's.
    pub fn read(body: &[u8]) -> Result<Self> {
        let malformed = |fault: json::Fault| {
            Error::new(ErrorCode::BodyMalformed).because(format!("the token endpoint's answer is {fault}"))
        };
        let object = Object::from_slice(body).map_err(malformed)?;
        let text = |name: &'static str| {
            let found = object.get(name).filter(|value| *value != "null");
            found
                .map(|value| json::string(value).ok_or_else(|| invalid(name, "must be a string")))
                .transpose()
        };
        let token = |name: &'static str| match text(name)? {
            // RFC 6749 appendix A.12 and A.17, but for the space, with which no header goes on.
            Some(token) if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) => {
                Err(invalid(name, "must be one or more visible ASCII characters"))
            }
            Some(token) if token.len() > MAX_TOKEN / 3 => Err(invalid(name, "is too large to be kept")),
            token => Ok(token.map(String::from)),
        };
        let missing = || {
            Error::new(ErrorCode::FieldRequired)
                .at("access_token")
                .because("the token endpoint's answer has no access_token")
        };
        // RFC 6749 section 7.1: a client must not use a token whose type it does not understand. Some servers say none.
        if text("token_type")?.is_some_and(|kind| !kind.eq_ignore_ascii_case("bearer")) {
            return Err(invalid("token_type", "must be bearer"));
        }
        Ok(TokenResponse {
            access_token: token("access_token")?.ok_or_else(missing)?,
            refresh_token: token("refresh_token")?,
            expires_in: object.get("expires_in").and_then(lifetime),
            scope: text("scope")?.map(String::from),
        })
    }
}

/// A number of seconds, which some servers write as a text; nothing where it is neither.
fn lifetime(value: &str) -> Option<Lifetime> {
    let text = json::string(value);
    let seconds: f64 = text.as_deref().unwrap_or(value).parse().ok()?;
    let whole = seconds.is_finite().then_some(seconds.max(1.0) as u64)?;
    Some(Lifetime::from_seconds(whole).unwrap_or(Lifetime::MAX))
}

fn invalid(name: &'static str, text: &str) -> Error {
    Error::new(ErrorCode::FieldInvalid).at(name).because(format!("the token endpoint's {name} {text}"))
}

impl From<TokenPair> for TokenResponse {
    fn from(pair: TokenPair) -> Self {
        let TokenPair { access_token, expires_in, refresh_token, scope, .. } = pair;
        TokenResponse {
            access_token,
            refresh_token: Some(refresh_token),
            expires_in: Some(expires_in),
            scope,
        }
    }
}

// Both are made of tokens.
impl fmt::Debug for TokenAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenAnswer")
            .field("status", &self.status)
            .field("retry_after", &self.retry_after)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for TokenResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenResponse")
            .field("expires_in", &self.expires_in)
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Moment = Moment::from_micros(1_700_000_000_000_000);

    fn verdict(status: u16, body: &str) -> String {
        let answer = TokenAnswer { status, body: body.into(), retry_after: None };
        match answer.verdict(true, NOW) {
            Verdict::Granted(tokens) => format!("granted {}", tokens.access_token),
            Verdict::Over => "over".to_owned(),
            Verdict::Lost(_) => "lost".to_owned(),
            Verdict::Later(_) => "later".to_owned(),
            Verdict::Refused(why) => why,
        }
    }

    #[test]
    fn a_session_is_over_by_one_answer_alone() {
        assert_eq!(verdict(400, r#"{"error":"invalid_grant"}"#), "over");
        assert_eq!(verdict(401, r#"{"error":"invalid_grant","error_description":"x"}"#), "over");
        for (status, body, said) in [
            (400, r#"{"error":"invalid_client"}"#, "the token endpoint answers invalid_client"),
            (400, r#"{"error":"invalid_scope"}"#, "the token endpoint answers invalid_scope"),
            (400, r#"{"error":"hunter2"}"#, "the token endpoint answers with status 400"),
            (400, "invalid_grant", "the token endpoint answers with status 400"),
            (404, "", "the token endpoint answers with status 404"),
            (302, r#"{"error":"invalid_grant"}"#, "the token endpoint answers with status 302"),
            (400, r#"{"error":"temporarily_unavailable"}"#, "later"),
            (429, r#"{"error":"invalid_grant"}"#, "later"),
            (503, r#"{"error":"invalid_grant"}"#, "lost"),
            (500, "", "lost"),
            (0, "", "lost"),
            // A proxy's page, or half an answer.
            (200, "<html>", "lost"),
            (200, r#"{"access_token":"a""#, "lost"),
        ] {
            assert_eq!(verdict(status, body), said, "{status} {body}");
        }
        let none =
            TokenAnswer { status: 400, body: br#"{"error":"invalid_grant"}"#.to_vec(), retry_after: None };
        assert!(matches!(none.verdict(false, NOW), Verdict::Refused(_)), "no refresh token was presented");
    }

    #[test]
    fn an_answer_is_read_as_servers_write_it() {
        let read = |text: &str| TokenResponse::read(text.as_bytes());
        let life =
            |text: &str| read(&format!(r#"{{"access_token":"a","expires_in":{text}}}"#)).unwrap().expires_in;
        let seconds = |seconds| Some(Lifetime::from_seconds(seconds).unwrap());
        assert_eq!((life("60"), life("\"60\""), life("60.9")), (seconds(60), seconds(60), seconds(60)));
        assert_eq!((life("0"), life("-5"), life("1e300")), (seconds(1), seconds(1), Some(Lifetime::MAX)));
        assert_eq!((life("null"), life("\"soon\""), life("[1]")), (None, None, None));
        assert!(read(r#"{"access_token":"a","token_type":"BEARER"}"#).is_ok());
        for (text, code, field) in [
            ("[]", ErrorCode::BodyMalformed, None),
            (r#"{"access_token":"a","access_token":"b"}"#, ErrorCode::BodyMalformed, None),
            ("{}", ErrorCode::FieldRequired, Some("access_token")),
            (r#"{"access_token":7}"#, ErrorCode::FieldInvalid, Some("access_token")),
            (r#"{"access_token":""}"#, ErrorCode::FieldInvalid, Some("access_token")),
            (r#"{"access_token":"a\r\nX: y"}"#, ErrorCode::FieldInvalid, Some("access_token")),
            (
                r#"{"access_token":"a","refresh_token":"\u0000"}"#,
                ErrorCode::FieldInvalid,
                Some("refresh_token"),
            ),
            (r#"{"access_token":"a","token_type":"mac"}"#, ErrorCode::FieldInvalid, Some("token_type")),
        ] {
            let error = read(text).unwrap_err();
            assert_eq!((error.code(), error.field()), (code, field), "{text}");
        }
    }

    #[test]
    fn a_server_says_in_seconds_or_by_a_date_when_to_come_again() {
        assert_eq!(pause("120", NOW), Some(120_000_000));
        // RFC 9110's own date is 784111777.
        assert_eq!(http_date("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777));
        assert_eq!(http_date("Thu, 29 Feb 2024 00:00:00 GMT"), Some(1_709_164_800));
        assert_eq!(pause("Tue, 14 Nov 2023 22:13:50 GMT", NOW), Some(30_000_000));
        assert_eq!(pause("Sun, 06 Nov 1994 08:49:37 GMT", NOW), Some(0));
        assert_eq!(pause("99999999999", NOW), Some(86_400_000_000));
        for text in ["soon", "-1", "", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37"] {
            assert_eq!(pause(text, NOW), None, "{text}");
        }
    }
}
