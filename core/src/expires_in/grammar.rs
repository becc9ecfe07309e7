//! The grammar of npm `ms` 2.1.3: number, spaces, unit. What a text means is decided by its callers.

use crate::error::{Error, ErrorCode, Result};

/// The longest text, in UTF-16 units: what JavaScript's `length` counts.
const MAX_CHARACTERS: usize = 100;

/// How much of a text a message repeats.
const MAX_QUOTED: usize = 40;

/// A text in its parts, each as it was written.
#[derive(Debug)]
pub(super) struct Parts<'a> {
    pub(super) negative: bool,
    /// The digits before the point; may be empty where `fraction` is not.
    pub(super) whole: &'a str,
    /// The digits after the point; empty where there is no point.
    pub(super) fraction: &'a str,
    /// Sign, digits and point together: a number that Rust and JavaScript read alike.
    pub(super) number: &'a str,
    pub(super) unit: Option<Unit>,
    /// Whether spaces follow the number.
    spaced: bool,
}

impl Parts<'_> {
    /// Whether the text is digits only, but for a minus.
    pub(super) fn is_whole_number(&self) -> bool {
        self.fraction.is_empty() && !self.spaced && self.unit.is_none()
    }

    pub(super) fn is_zero(&self) -> bool {
        self.whole.bytes().chain(self.fraction.bytes()).all(|digit| digit == b'0')
    }
}

/// A unit of time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unit {
    names: &'static [&'static str],
    pub(super) milliseconds: u64,
}

pub(super) const SECOND: Unit =
    Unit { names: &["s", "sec", "secs", "second", "seconds"], milliseconds: 1000 };

const UNITS: [Unit; 7] = [
    Unit { names: &["ms", "msec", "msecs", "millisecond", "milliseconds"], milliseconds: 1 },
    SECOND,
    Unit { names: &["m", "min", "mins", "minute", "minutes"], milliseconds: 60_000 },
    Unit { names: &["h", "hr", "hrs", "hour", "hours"], milliseconds: 3_600_000 },
    Unit { names: &["d", "day", "days"], milliseconds: 86_400_000 },
    Unit { names: &["w", "week", "weeks"], milliseconds: 604_800_000 },
    Unit { names: &["y", "yr", "yrs", "year", "years"], milliseconds: 31_557_600_000 },
];

/// Splits a text, or says why it is not of the grammar: `lifetime_empty`, `lifetime_too_much_text`,
/// `lifetime_syntax` or `lifetime_unit`.
pub(super) fn split(text: &str) -> Result<Parts<'_>> {
    if text.is_empty() {
        return Err(Error::new(ErrorCode::LifetimeEmpty)
            .because("the lifetime is empty; write a number and a unit, e.g. \"1h\""));
    }
    if text.encode_utf16().take(MAX_CHARACTERS + 1).count() > MAX_CHARACTERS {
        return Err(Error::new(ErrorCode::LifetimeTooMuchText)
            .because("the text has more than 100 characters; write a number and a unit, e.g. \"1h\""));
    }
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (whole, after_whole) = split_digits(unsigned);
    let (fraction, rest) = match after_whole.strip_prefix('.') {
        Some(after_point) => split_digits(after_point),
        None => ("", after_whole),
    };
    // What ends in the point, or has neither digits nor point, is no number.
    if fraction.is_empty() && (whole.is_empty() || rest.len() < after_whole.len()) {
        return Err(no_number(text));
    }
    // Only U+0020: JavaScript's ` *`, not `\s*`.
    let word = rest.trim_start_matches(' ');
    Ok(Parts {
        negative: unsigned.len() < text.len(),
        whole,
        fraction,
        number: text.strip_suffix(rest).unwrap_or(text),
        unit: if word.is_empty() { None } else { Some(unit(word).ok_or_else(|| no_unit(text, word))?) },
        spaced: word.len() < rest.len(),
    })
}

/// A text for a message: within double quotes, short, and without anything that could act on a terminal or a log.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars().take(MAX_QUOTED) {
        let harmless = (character == ' ' || character.is_ascii_graphic() || character.is_alphanumeric())
            && !matches!(character, '"' | '\\');
        quoted.push(if harmless { character } else { '?' });
    }
    if text.chars().nth(MAX_QUOTED).is_some() {
        quoted.push_str("...");
    }
    quoted.push('"');
    quoted
}

fn split_digits(text: &str) -> (&str, &str) {
    let rest = text.trim_start_matches(|character: char| character.is_ascii_digit());
    (text.strip_suffix(rest).unwrap_or(text), rest)
}

/// JavaScript's `/i` without `/u` never folds a character from outside ASCII into it, so neither the Kelvin sign nor
/// the long s is a letter here.
fn unit(word: &str) -> Option<Unit> {
    UNITS.into_iter().find(|unit| unit.names.iter().any(|name| name.eq_ignore_ascii_case(word)))
}

fn syntax(text: &str, complaint: &str) -> Error {
    Error::new(ErrorCode::LifetimeSyntax).because(format!("{} {complaint}", quoted(text)))
}

fn no_number(text: &str) -> Error {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let complaint = match unsigned.chars().next() {
        Some(first) if first.is_whitespace() => {
            "has a blank before the number; write it without, e.g. \"1h\""
        }
        Some('+') => "has a plus sign; write it without, e.g. \"1h\"",
        Some('.' | '0'..='9') => "has no digit after the point; write e.g. \"1.5h\" or \"1h\"",
        Some(first) if first.is_numeric() => "has digits other than 0 to 9; write e.g. \"1h\"",
        _ => "does not start with a number; write a number and a unit, e.g. \"1h\"",
    };
    syntax(text, complaint)
}

fn no_unit(text: &str, word: &str) -> Error {
    if word.chars().all(char::is_alphabetic) {
        let folded = word.to_ascii_lowercase();
        let advice = if folded.starts_with("mo") {
            "is not a unit, as months differ in length; write days, e.g. \"30d\""
        } else {
            "is not a unit; write one of ms, s, m, h, d, w, y, e.g. \"90m\""
        };
        return Error::new(ErrorCode::LifetimeUnit).because(format!("{} {advice}", quoted(word)));
    }
    let exponent = word.strip_prefix(['e', 'E']).map(|rest| rest.trim_start_matches(['+', '-']));
    let complaint = if word.starts_with(|first: char| matches!(first, '.' | ',' | '_' | '0'..='9')) {
        "is not one plain number; write it without separators and with a point, e.g. \"1.5h\""
    } else if exponent.is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit())) {
        "has an exponent; write the number out, e.g. \"1000s\""
    } else if word.starts_with(char::is_whitespace) {
        "has a blank that is no plain space; write e.g. \"1h\""
    } else if word.ends_with(char::is_whitespace) {
        "has a blank after the unit; write it without, e.g. \"1h\""
    } else if word.contains(|character: char| character.is_ascii_digit()) {
        "has two parts; write one number and one unit, e.g. \"90m\""
    } else {
        "is not a number and a unit; write e.g. \"90m\""
    };
    syntax(text, complaint)
}
