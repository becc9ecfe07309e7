//! JSON that is kept for somebody else: as text, never taken apart.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::ser::SerializeStruct as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use super::scan::plain_run;
use super::{FromJson, Json, Misfit, RAW, ToJson};
use super::{check_within, push_string, string, to_bytes, to_text, write_within};
use crate::error::{Error, ErrorCode, Result};

/// A JSON value that is kept as text: custom claims, the settings of a link.
///
/// It is strict JSON (no member twice, at most 32 levels) without blanks between its parts. Numbers keep their digits; one
/// that no double can hold is refused, as most readers do.
///
/// ```
/// use tokenmint::JsonText;
/// let scopes: JsonText = r#" { "a" : [ 1, 18446744073709551616 ] } "#.parse()?;
/// assert_eq!(scopes.as_str(), r#"{"a":[1,18446744073709551616]}"#);
/// assert_eq!(JsonText::of(&["x", "y"])?.as_str(), r#"["x","y"]"#);
/// assert!(r#"{"a":1,"a":2}"#.parse::<JsonText>().is_err());
/// # Ok::<(), tokenmint::Error>(())
/// ```
#[derive(Clone)]
pub struct JsonText(Box<str>);

/// Values by their names.
pub(crate) type JsonMembers = BTreeMap<String, JsonText>;

/// How many bytes they are as a JSON object.
pub(crate) fn size(members: &JsonMembers) -> usize {
    to_bytes(members).len()
}

impl JsonText {
    /// The text of anything that serde can write as JSON.
    ///
    /// # Errors
    /// `claims_not_json` for a value that is no strict JSON.
    pub fn of<T: Serialize + ?Sized>(value: &T) -> Result<Self> {
        let mut text = Vec::new();
        write_within(0, &mut text, value).map_err(refused)?;
        std::str::from_utf8(&text).map_err(refused)?.parse()
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<JsonText> for String {
    fn from(text: JsonText) -> Self {
        text.0.into()
    }
}

impl FromStr for JsonText {
    type Err = Error;

    /// # Errors
    /// `claims_not_json` for a text that is no strict JSON, or has a number that no double can hold.
    fn from_str(text: &str) -> Result<Self> {
        check_within(0, text).map_err(refused)?;
        Ok(JsonText(compact(text)?.into()))
    }
}

fn refused(fault: impl fmt::Display) -> Error {
    Error::new(ErrorCode::ClaimsNotJson).because(format!("the value is {fault}"))
}

/// A checked text without the blanks between its parts, its strings as the writer writes them.
fn compact(text: &str) -> Result<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.bytes().next() {
        let length = match first {
            b'"' => string_length(rest.as_bytes()),
            b'-' | b'0'..=b'9' => rest
                .find(|c: char| !matches!(c, '0'..='9' | '+' | '-' | '.' | 'e' | 'E'))
                .unwrap_or(rest.len()),
            _ => 1,
        };
        let (part, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        rest = after;
        match first {
            b' ' | b'\t' | b'\r' | b'\n' => {}
            b'"' => push_string(&mut out, &string(part).unwrap_or_default()),
            b'-' | b'0'..=b'9' if part.parse::<f64>().is_ok_and(f64::is_infinite) => {
                return Err(refused("a number that is too large"));
            }
            _ => out.extend_from_slice(part.as_bytes()),
        }
    }
    String::from_utf8(out).map_err(|_| ErrorCode::Internal.into())
}

/// The length of the string that a text begins with.
pub(super) fn string_length(text: &[u8]) -> usize {
    let mut at = 1;
    loop {
        let rest = text.get(at..).unwrap_or_default();
        at += plain_run(rest);
        match text.get(at) {
            Some(b'\\') => at += 2,
            _ => return at + 1,
        }
    }
}

impl PartialEq for JsonText {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for JsonText {}

impl fmt::Display for JsonText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for JsonText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for JsonText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // As serde_json's `RawValue`.
        let mut raw = serializer.serialize_struct(RAW, 1)?;
        raw.serialize_field(RAW, self.as_str())?;
        raw.end()
    }
}

/// Writes a value of this crate as serde_json's `RawValue` writes itself.
pub(crate) fn serialize<S: Serializer>(value: &dyn ToJson, serializer: S) -> Result<S::Ok, S::Error> {
    JsonText(to_text(value).into()).serialize(serializer)
}

/// From JSON only: another format has no text of JSON to keep.
impl<'de> Deserialize<'de> for JsonText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Box::<RawValue>::deserialize(deserializer)?;
        text.get().parse().map_err(|error: Error| D::Error::custom(error.message()))
    }
}

impl FromJson for JsonText {
    fn blank() -> Self {
        JsonText("null".into())
    }

    fn read_json(&mut self, json: Json<'_>) -> Result<(), Misfit> {
        *self = json.text().parse().map_err(|error: Error| Misfit::because(error.message()))?;
        Ok(())
    }
}

impl ToJson for JsonText {
    fn write_json(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.as_str().as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::super::{MAX_DEPTH, PRIVATE};
    use super::*;

    #[test]
    fn what_is_kept_is_what_was_given() {
        for (text, kept) in [
            (
                " { \"a\" : [ 1 , 2.50 , -1e2 , true , null , \"x y\" ] }\n",
                r#"{"a":[1,2.50,-1e2,true,null,"x y"]}"#,
            ),
            (r#"{"\u0061":"\u00e9\/\u0001\"\\"}"#, r#"{"a":"é/\u0001\"\\"}"#),
            ("12345678901234567890123", "12345678901234567890123"),
            ("-0", "-0"),
            ("\"\"", "\"\""),
        ] {
            let read: JsonText = text.parse().unwrap();
            assert_eq!(read.as_str(), kept);
            assert_eq!(kept.parse::<JsonText>().unwrap(), read);
            assert_eq!(serde_json::from_str::<JsonText>(text).unwrap(), read);
            assert_eq!(serde_json::to_string(&read).unwrap(), kept);
            assert_eq!(JsonText::of(&read).unwrap(), read);
        }
    }

    #[test]
    fn what_no_strict_reader_takes_is_refused_by_whichever_reader() {
        let deep = format!("{}{}", "[".repeat(MAX_DEPTH + 1), "]".repeat(MAX_DEPTH + 1));
        for text in ["", "{", "1e999", "[-1e999]", r#"{"a":1,"a":2}"#, r#"[{"a":{"b":1,"\u0062":2}}]"#, &deep]
        {
            assert_eq!(text.parse::<JsonText>().unwrap_err().code(), ErrorCode::ClaimsNotJson, "{text}");
            assert!(serde_json::from_str::<JsonText>(text).is_err(), "{text}");
            assert!(super::super::from_text::<JsonText>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_name_is_a_name() {
        for name in PRIVATE {
            for value in [r#""{\"a\":1,\"a\":2}""#, r#""1""#, "[]"] {
                let text = format!("{{{name:?}:{value}}}");
                for read in [text.parse().unwrap(), serde_json::from_str::<JsonText>(&text).unwrap()] {
                    assert_eq!(read.as_str(), text);
                    assert_eq!(serde_json::to_string(&[&read]).unwrap(), format!("[{text}]"));
                }
            }
        }
    }
}
