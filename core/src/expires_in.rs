//! Lifetimes as people write them (`expiresIn`): `"1h"`, `"90m"`, `"7 days"`, `"3600"`.
//!
//! # Grammar
//! ```text
//! lifetime = seconds | span ;
//! seconds  = digit, { digit } ;                              (* whole seconds: "3600" *)
//! span     = number, { " " }, unit ;                         (* "1h", "1.5 hours", ".5d" *)
//! number   = { digit }, [ "." ], digit, { digit } ;          (* "1", "1.5", ".5"; not "1." *)
//! digit    = "0" | "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" ;
//! unit     = one of the table's names, in any case of the letters A to Z ;
//! ```
//! A text has at most 100 characters, counted as JavaScript counts them (UTF-16 units). A minus before the number is
//! read too, so that the answer can be "negative" and not "nonsense"; it is never accepted. There is no sign `+`, no
//! exponent, no blank but U+0020 between number and unit, and no second part: `"1h30m"` is `"90m"`.
//!
//! | unit | names | length |
//! |---|---|---|
//! | millisecond | `ms` `msec` `msecs` `millisecond` `milliseconds` | 0.001 s |
//! | second | `s` `sec` `secs` `second` `seconds` | 1 s |
//! | minute | `m` `min` `mins` `minute` `minutes` | 60 s |
//! | hour | `h` `hr` `hrs` `hour` `hours` | 3600 s |
//! | day | `d` `day` `days` | 24 hours |
//! | week | `w` `week` `weeks` | 7 days |
//! | year | `y` `yr` `yrs` `year` `years` | 365.25 days |
//!
//! `"M"` is a minute: there is no month, for months differ in length.
//!
//! A span is the grammar of npm `ms` 2.1.3, its value rounded down to whole seconds. The arithmetic is that of the
//! decimal text: `"2.3h"` is 8280 seconds, where the binary fractions of `ms` make 8279999.999999999 milliseconds of it,
//! which rounded down are 8279.
//!
//! # What is refused
//! | code | cause | example |
//! |---|---|---|
//! | `lifetime_empty` | no text | `""` |
//! | `lifetime_too_much_text` | over 100 characters | |
//! | `lifetime_syntax` | not the grammar | `"soon"` `" 1h"` `"1h30m"` `"1e3s"` `"1.5"` |
//! | `lifetime_unit` | a number and a word that is no unit | `"1x"` `"1 month"` |
//! | `lifetime_not_positive` | zero or negative | `"0"` `"-1h"` |
//! | `lifetime_under_one_second` | more than zero, less than a second | `"500ms"` |
//! | `lifetime_overflow` | over [`Lifetime::MAX`] | `"1001y"` |
//! | `lifetime_type` | JSON that is neither a text nor a whole number | `true` `1.5` |
//! | `lifetime_too_long` | over the maximum given to [`Lifetime::at_most`] | |
//!
//! # Migrating from node-jsonwebtoken
//! There, a number is seconds but the same digits in a string are milliseconds, and a lifetime may be negative. One
//! function must not mean both, and a switch between the two meanings would sooner or later stand the wrong way in
//! one of two services. So [`parse`] has one meaning, and [`node_jsonwebtoken`] is another function with another
//! result: an `exp`, not a lifetime.

mod grammar;
mod node;

use std::fmt;
use std::str::FromStr;

pub use self::node::node_jsonwebtoken;

use self::grammar::{Parts, SECOND, quoted};
use crate::error::{Error, ErrorCode, Result};
use crate::json;
use crate::time::Lifetime;

/// Reads a lifetime from a text, by the [grammar](self#grammar).
///
/// # Errors
/// `lifetime_empty`, `lifetime_too_much_text`, `lifetime_syntax`, `lifetime_unit`, `lifetime_not_positive`,
/// `lifetime_under_one_second`, `lifetime_overflow`: see [the table](self#what-is-refused). The message quotes at
/// most 40 characters of the text.
///
/// ```
/// use tokenmint::expires_in;
/// assert_eq!(expires_in::parse("12hr")?.seconds(), 43_200);
/// assert_eq!(expires_in::parse("1.5 Hours")?.seconds(), 5400);
/// assert_eq!(expires_in::parse("3600")?.seconds(), 3600);
///
/// let error = expires_in::parse("1h30m").unwrap_err();
/// assert_eq!(error.code().name(), "lifetime_syntax");
/// assert_eq!(error.message(), r#""1h30m" has two parts; write one number and one unit, e.g. "90m""#);
/// # Ok::<(), tokenmint::Error>(())
/// ```
pub fn parse(text: &str) -> Result<Lifetime> {
    let parts = grammar::split(text)?;
    let unit = match parts.unit {
        Some(unit) => unit,
        None if parts.is_whole_number() => SECOND,
        None => {
            return Err(Error::new(ErrorCode::LifetimeSyntax)
                .because(format!("{} has no unit; write one, e.g. \"90m\"", quoted(text))));
        }
    };
    if parts.is_zero() {
        return Err(not_positive(text, "is no time at all"));
    }
    if parts.negative {
        return Err(not_positive(text, "is negative"));
    }
    match floor_milliseconds(&parts, unit.milliseconds).map(|milliseconds| milliseconds / 1000) {
        Some(0) => Err(Error::new(ErrorCode::LifetimeUnderOneSecond)
            .because(format!("{} is under one second; write \"1s\" or more", quoted(text)))),
        Some(seconds) => u64::try_from(seconds)
            .ok()
            .and_then(|seconds| Lifetime::from_seconds(seconds).ok())
            .ok_or_else(|| overflow(text)),
        None => Err(overflow(text)),
    }
}

/// Reads a lifetime from the JSON text of a value: a string is [parsed](parse), a number is whole seconds.
///
/// `3600.0` and `36e2` are whole numbers too. No number passes through floating point, so one of any length is judged
/// by what it says. `null` is refused: a caller for whom it means "the default"
/// (row 1.2) asks before.
///
/// # Errors
/// `lifetime_type` for a fraction, any other JSON value, or text that is not JSON; for numbers
/// `lifetime_not_positive` and `lifetime_overflow`; for strings those of [`parse`].
///
/// ```
/// use tokenmint::expires_in;
/// assert_eq!(expires_in::from_json("3600")?.seconds(), 3600);
/// assert_eq!(expires_in::from_json(r#""1h""#)?.seconds(), 3600);
/// assert_eq!(expires_in::from_json("1.5").unwrap_err().code().name(), "lifetime_type");
/// # Ok::<(), tokenmint::Error>(())
/// ```
pub fn from_json(value: &str) -> Result<Lifetime> {
    let value = value.trim_matches([' ', '\t', '\n', '\r']);
    let found = match value.as_bytes().first() {
        Some(b'"' | b'-' | b'0'..=b'9') if json::check_within(0, value).is_ok() => {
            return match json::string(value) {
                Some(text) => parse(&text),
                None => whole_seconds(value),
            };
        }
        Some(b'n') => "null",
        Some(b't' | b'f') => "a boolean",
        Some(b'[') => "an array",
        Some(b'{') => "an object",
        _ => "no JSON value",
    };
    Err(Error::new(ErrorCode::LifetimeType)
        .because(format!("found {found}; write a text such as \"1h\", or whole seconds")))
}

impl FromStr for Lifetime {
    type Err = Error;

    /// The same as [`parse`].
    fn from_str(text: &str) -> Result<Self> {
        parse(text)
    }
}

/// The shortest text of one whole number and one of the units `d`, `h`, `m`, `s` that [`parse`] reads as this lifetime.
///
/// ```
/// use tokenmint::Lifetime;
/// assert_eq!(Lifetime::from_seconds(5400)?.to_string(), "90m");
/// assert_eq!(Lifetime::from_seconds(86_401)?.to_string(), "86401s");
/// # Ok::<(), tokenmint::Error>(())
/// ```
impl fmt::Display for Lifetime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.seconds();
        let (length, unit) = [(86_400, "d"), (3600, "h"), (60, "m")]
            .into_iter()
            .find(|(length, _)| seconds.is_multiple_of(*length))
            .unwrap_or((1, "s"));
        f.pad(&format!("{}{unit}", seconds / length))
    }
}

impl Lifetime {
    /// This lifetime, if it is not over `maximum`.
    ///
    /// # Errors
    /// `lifetime_too_long`, with both lifetimes in the message.
    ///
    /// ```
    /// use tokenmint::Lifetime;
    /// assert_eq!(Lifetime::HOUR.at_most(Lifetime::DAY)?, Lifetime::HOUR);
    ///
    /// let error = Lifetime::DAY.at_most(Lifetime::HOUR).unwrap_err();
    /// assert_eq!(error.code().name(), "lifetime_too_long");
    /// assert_eq!(error.message(), r#""1d" is over the maximum of "1h"; write "1h" or less"#);
    /// # Ok::<(), tokenmint::Error>(())
    /// ```
    pub fn at_most(self, maximum: Lifetime) -> Result<Lifetime> {
        if self <= maximum {
            return Ok(self);
        }
        Err(Error::new(ErrorCode::LifetimeTooLong)
            .because(format!("\"{self}\" is over the maximum of \"{maximum}\"; write \"{maximum}\" or less")))
    }
}

fn not_positive(text: &str, what: &str) -> Error {
    Error::new(ErrorCode::LifetimeNotPositive)
        .because(format!("{} {what}; write \"1s\" or more", quoted(text)))
}

fn overflow(text: &str) -> Error {
    Error::new(ErrorCode::LifetimeOverflow).because(format!(
        "{} is over the longest lifetime; write \"{}\" or less",
        quoted(text),
        Lifetime::MAX
    ))
}

/// The number times the unit's length, rounded down; `None` where it does not fit.
fn floor_milliseconds(parts: &Parts<'_>, unit: u64) -> Option<u128> {
    let unit = u128::from(unit);
    // Long multiplication from the last digit on. Only what is carried over the point is kept: rounding down at
    // every digit gives the same as rounding down once.
    let carried = digits(parts.fraction).rev().fold(0, |carry, digit| (digit * unit + carry) / 10);
    let mut whole: u128 = 0;
    for digit in digits(parts.whole) {
        whole = whole.checked_mul(10)?.checked_add(digit)?;
    }
    whole.checked_mul(unit)?.checked_add(carried)
}

fn digits(text: &str) -> impl DoubleEndedIterator<Item = u128> {
    text.bytes().map(|byte| u128::from(byte.saturating_sub(b'0')))
}

/// A lifetime from a JSON number (RFC 8259 section 6), whose syntax was checked before.
fn whole_seconds(number: &str) -> Result<Lifetime> {
    let (negative, unsigned) = match number.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, number),
    };
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));

    // number = significant * 10^power, where `significant` neither starts nor ends with a zero.
    let all = [whole, fraction].concat();
    let until_last = all.trim_end_matches('0');
    let significant = until_last.trim_start_matches('0');
    if significant.is_empty() {
        return Err(not_positive(number, "is no time at all"));
    }
    // Far outside 64 bits, only the sign of the exponent matters.
    let limit = if exponent.starts_with('-') { i64::MIN } else { i64::MAX };
    let point = i64::try_from(all.len() - until_last.len()).unwrap_or(i64::MAX);
    let shift = i64::try_from(fraction.len()).unwrap_or(i64::MAX);
    let power = exponent.parse().unwrap_or(limit).saturating_add(point).saturating_sub(shift);

    if power < 0 {
        return Err(Error::new(ErrorCode::LifetimeType).because(format!(
            "{} is not a whole number; write whole seconds, or a text such as \"1.5h\"",
            quoted(number)
        )));
    }
    if negative {
        return Err(not_positive(number, "is negative"));
    }
    let scale = u32::try_from(power).ok().and_then(|power| 10_u64.checked_pow(power));
    let seconds =
        significant.parse::<u64>().ok().zip(scale).and_then(|(value, scale)| value.checked_mul(scale));
    seconds.and_then(|seconds| Lifetime::from_seconds(seconds).ok()).ok_or_else(|| overflow(number))
}

#[cfg(test)]
mod tests;
