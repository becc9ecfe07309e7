//! The checks of registered claims, one function each. A malformed claim is not an absent one.

use std::borrow::Cow;

use crate::error::{Error, ErrorCode, Result};
use crate::json::{self, Members};
use crate::time::UnixTime;

/// The payload of a token whose signature was good.
#[derive(Clone, Copy)]
pub(crate) struct ReadPayload<'a> {
    pub(crate) text: &'a str,
    pub(crate) members: &'a Members,
}

impl<'a> ReadPayload<'a> {
    /// The JSON text of a claim.
    #[inline(always)]
    pub(crate) fn get(&self, name: &str) -> Option<&'a str> {
        self.members.get(self.text, name)
    }

    /// A claim that is a string, or absent.
    #[inline(always)]
    pub(crate) fn string(&self, name: &'static str) -> Result<Option<Cow<'a, str>>> {
        let Some(value) = self.get(name) else { return Ok(None) };
        self.text_of(value).map(Some).ok_or_else(|| wrong_type(name, "a string", value))
    }

    /// The content of a value that is a string.
    fn text_of(&self, value: &'a str) -> Option<Cow<'a, str>> {
        if self.members.are_plain() {
            return value.strip_prefix('"')?.strip_suffix('"').map(Cow::Borrowed);
        }
        json::string(value)
    }

    /// A claim that is a time in seconds, fractions and all, or absent.
    ///
    /// RFC 7519 section 2: a NumericDate is a JSON number. Any that is finite is a time, also one before 1970 or after
    /// every calendar: what is to be made of it, the comparison says.
    #[inline(always)]
    pub(crate) fn time(&self, name: &'static str) -> Result<Option<f64>> {
        self.get(name).map(|value| time_of(name, value)).transpose()
    }
}

/// The time that is a claim's value.
fn time_of(name: &'static str, value: &str) -> Result<f64> {
    let number = value.starts_with(|first: char| first == '-' || first.is_ascii_digit());
    let seconds = match whole_seconds(value) {
        None if number => value.parse::<f64>().ok(),
        whole => whole,
    };
    let Some(seconds) = seconds else { return Err(wrong_type(name, "a number of seconds", value)) };
    if !seconds.is_finite() {
        return Err(Error::new(ErrorCode::ClaimInvalid)
            .at(name)
            .because("expected a number of seconds, found one that is too large for a time"));
    }
    Ok(seconds)
}

/// RFC 7519 section 4.1.4: `exp` must be after now; with a leeway, now < exp + leeway.
pub(crate) fn expiry(payload: ReadPayload<'_>, now: UnixTime, leeway: u64, required: bool) -> Result<()> {
    let Some(exp) = payload.time("exp")? else {
        return if required { Err(missing("exp")) } else { Ok(()) };
    };
    if seconds(now) < exp + widen(leeway) {
        return Ok(());
    }
    Err(Error::new(ErrorCode::TokenExpired)
        .at("exp")
        .because(format!("the token has expired: exp {}, now {now}", shown(exp))))
}

/// RFC 7519 section 4.1.5: `nbf` must not be after now; with a leeway, now + leeway >= nbf. The clock has whole seconds, so
/// a fraction of `nbf` is not counted: within its second nobody can tell whether it is over.
pub(crate) fn not_before(payload: ReadPayload<'_>, now: UnixTime, leeway: u64) -> Result<()> {
    match payload.time("nbf")? {
        Some(nbf) if seconds(now) + widen(leeway) < nbf.floor() => {
            Err(Error::new(ErrorCode::TokenNotYetValid)
                .at("nbf")
                .because(format!("not valid before {}, now {now}", shown(nbf))))
        }
        _ => Ok(()),
    }
}

/// `iat` must be a time. One a little ahead is no reason to refuse: clocks differ, and `nbf` exists.
pub(crate) fn issued_at(
    payload: ReadPayload<'_>,
    now: UnixTime,
    leeway: u64,
    max_age: Option<u64>,
) -> Result<()> {
    let iat = payload.time("iat")?;
    let Some(max_age) = max_age else { return Ok(()) };
    let Some(iat) = iat else { return Err(missing("iat")) };
    if seconds(now) - iat > widen(max_age) + widen(leeway) {
        return Err(Error::new(ErrorCode::TokenTooOld)
            .at("iat")
            .because(format!("issued at {}, now {now}, allowed age {max_age} seconds", shown(iat))));
    }
    Ok(())
}

/// RFC 7523 section 3 (6): `iat` in the future is of a clock that nobody can go by. The clock has whole seconds, as for
/// [`not_before`].
pub(crate) fn issued_before(payload: ReadPayload<'_>, now: UnixTime, leeway: u64) -> Result<()> {
    match payload.time("iat")? {
        Some(iat) if seconds(now) + widen(leeway) < iat.floor() => {
            Err(Error::new(ErrorCode::TokenNotYetValid)
                .at("iat")
                .because(format!("issued at {}, now {now}", shown(iat))))
        }
        _ => Ok(()),
    }
}

/// Both bounds of a token that others have made: it lives no longer than `longest` seconds from its `iat` on, or without one
/// from now on, and is no older.
pub(crate) fn lives_within(payload: ReadPayload<'_>, now: UnixTime, leeway: u64, longest: u64) -> Result<()> {
    let Some(iat) = payload.time("iat")? else { return ends_within(payload, now, leeway, longest) };
    issued_at(payload, now, leeway, Some(longest))?;
    match payload.time("exp")? {
        Some(exp) if exp - iat > widen(longest) => Err(Error::new(ErrorCode::ClaimInvalid)
            .at("exp")
            .because(format!("exp {} is more than {longest} seconds after iat {}", shown(exp), shown(iat)))),
        _ => Ok(()),
    }
}

/// RFC 7523 section 3 (4): an `exp` that is unreasonably far ahead MAY be refused. `longest` is in seconds.
pub(crate) fn ends_within(payload: ReadPayload<'_>, now: UnixTime, leeway: u64, longest: u64) -> Result<()> {
    match payload.time("exp")? {
        Some(exp) if exp - seconds(now) > widen(longest) + widen(leeway) => {
            Err(Error::new(ErrorCode::ClaimInvalid)
                .at("exp")
                .because(format!("exp {} is more than {longest} seconds ahead, now {now}", shown(exp))))
        }
        _ => Ok(()),
    }
}

/// RFC 7519 section 4.1.1, RFC 8725 section 3.8: an expected issuer must be there, a string, and equal.
pub(crate) fn issuer(payload: ReadPayload<'_>, expected: &[String]) -> Result<()> {
    one_of(payload, "iss", expected, ErrorCode::IssuerMismatch)
}

/// RFC 7519 section 4.1.2: an expected subject must be there, a string, and equal.
pub(crate) fn subject(payload: ReadPayload<'_>, expected: &[String]) -> Result<()> {
    one_of(payload, "sub", expected, ErrorCode::SubjectMismatch)
}

/// RFC 7519 section 4.1.3, RFC 8725 section 3.9: `aud` is a string or a list of strings; one must be expected.
pub(crate) fn audience(payload: ReadPayload<'_>, expected: &[String]) -> Result<()> {
    let Some(value) = payload.get("aud") else {
        return if expected.is_empty() { Ok(()) } else { Err(missing("aud")) };
    };
    let expects = |aud: &str| expected.is_empty() || expected.iter().any(|one| one == aud);
    let fits = match payload.text_of(value) {
        Some(one) => expects(&one),
        None => {
            let list = json::elements(value).and_then(|elements| {
                // All of them must be strings, also behind one that fits.
                let mut any = expected.is_empty();
                for element in elements {
                    any |= expects(&json::string(element)?);
                }
                Some(any)
            });
            list.ok_or_else(|| wrong_type("aud", "a string or a list of strings", value))?
        }
    };
    if fits {
        return Ok(());
    }
    let found = match json::string(value) {
        Some(one) => vec![one.into_owned()],
        None => json::from_written(value).unwrap_or_default(),
    };
    Err(Error::new(ErrorCode::AudienceMismatch).at("aud").because(format!(
        "expected {}, found {}",
        list(expected),
        list(&found)
    )))
}

/// RFC 7515 section 4.1.9, RFC 8725 section 3.11: the header's `typ`, with or without `application/`, in any case.
pub(crate) fn token_type(found: Option<&str>, expected: &str) -> Result<()> {
    let Some(found) = found else {
        return Err(Error::new(ErrorCode::TypeMismatch)
            .at("typ")
            .because(format!("expected {expected:?}, the header has none")));
    };
    if media_type(found).eq_ignore_ascii_case(media_type(expected)) {
        return Ok(());
    }
    Err(Error::new(ErrorCode::TypeMismatch)
        .at("typ")
        .because(format!("expected {expected:?}, found {:?}", excerpt(found))))
}

/// The error for a claim that is not there.
pub(crate) fn missing(name: impl Into<Cow<'static, str>>) -> Error {
    Error::new(ErrorCode::ClaimMissing).at(name).because("the claim is required and missing")
}

fn one_of(payload: ReadPayload<'_>, name: &'static str, expected: &[String], code: ErrorCode) -> Result<()> {
    let Some(found) = payload.string(name)? else {
        return if expected.is_empty() { Ok(()) } else { Err(missing(name)) };
    };
    if expected.is_empty() || expected.iter().any(|one| *one == found) {
        return Ok(());
    }
    Err(Error::new(code).at(name).because(format!(
        "expected {}, found {:?}",
        list(expected),
        excerpt(&found)
    )))
}

fn wrong_type(name: &'static str, expected: &str, value: &str) -> Error {
    let found = match value.bytes().next() {
        Some(b'"') => "a string",
        Some(b'{') => "an object",
        Some(b'[') => "a list",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        _ => "a number",
    };
    Error::new(ErrorCode::ClaimInvalid).at(name).because(format!("expected {expected}, found {found}"))
}

fn media_type(typ: &str) -> &str {
    match typ.get(..12) {
        Some(prefix) if prefix.eq_ignore_ascii_case("application/") => typ.get(12..).unwrap_or(typ),
        _ => typ,
    }
}

fn list(values: &[String]) -> String {
    let shown: Vec<String> = values.iter().take(4).map(|value| format!("{:?}", excerpt(value))).collect();
    shown.join(" or ")
}

fn excerpt(text: &str) -> String {
    let mut short: String = text.chars().take(60).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// The common form of a time: up to 15 digits, which a float holds exactly.
#[allow(clippy::cast_precision_loss)]
fn whole_seconds(value: &str) -> Option<f64> {
    if value.is_empty() || value.len() > 15 {
        return None;
    }
    let (seconds, len) = json::digits(value.as_bytes());
    (len == value.len()).then_some(seconds as f64)
}

/// Seconds for people: to a thousandth, and not in hundreds of digits. In whole numbers, because nothing else asks for the
/// tables by which the standard library writes a float.
#[allow(clippy::cast_possible_truncation)] // what is too large was told before
pub(crate) fn shown(seconds: f64) -> String {
    match seconds {
        ..=-1e15 => "below -10^15".to_owned(),
        1e15.. => "over 10^15".to_owned(),
        _ => {
            let thousandths = (seconds * 1e3).round() as i64;
            let sign = if thousandths < 0 { "-" } else { "" };
            let (whole, rest) = (thousandths.unsigned_abs() / 1000, thousandths.unsigned_abs() % 1000);
            format!("{sign}{whole}.{rest:03}").trim_end_matches('0').trim_end_matches('.').to_owned()
        }
    }
}

/// A time as a number to compare with. The host's clock is far below 2^53 seconds.
#[allow(clippy::cast_precision_loss)]
pub(crate) fn seconds(time: UnixTime) -> f64 {
    time.seconds() as f64
}

#[allow(clippy::cast_precision_loss)]
fn widen(seconds: u64) -> f64 {
    seconds as f64
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn seconds_are_shown_to_a_thousandth() {
        for (seconds, text) in [
            (0.0, "0"),
            (-0.0004, "0"),
            (-0.5, "-0.5"),
            (1.0005, "1.001"),
            (1_700_000_000.25, "1700000000.25"),
            (-1_700_000_000.0, "-1700000000"),
            (1e15, "over 10^15"),
            (-1e300, "below -10^15"),
        ] {
            assert_eq!(shown(seconds), text);
        }
    }

    proptest::proptest! {
        #[test]
        fn seconds_are_shown_as_the_standard_library_shows_them(thousandths in -4_000_000_000_000_000_i64..4_000_000_000_000_000) {
            let seconds = thousandths as f64 / 1e3;
            proptest::prop_assert_eq!(shown(seconds), seconds.to_string());
        }
    }
}
