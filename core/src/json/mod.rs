//! Strict JSON (RFC 8259): one pass that accepts or refuses a whole text and finds an object's members.
//!
//! Stricter than most parsers, because two parsers that read one token differently are a way in: no duplicate
//! members at any level (RFC 8725 section 2.4 shows why), no lone surrogates, bounded depth, nothing before or after
//! the value but white space. Values stay the text that came in, so integers of any size survive exactly.

use std::borrow::Cow;
use std::fmt;

pub(crate) use declare::{as_names, as_object, member, object};
pub(crate) use from::{FromJson, Json, LeftOut, Member, from_text, from_written, list_in, number, read_as};
pub use kept::JsonText;
pub(crate) use kept::{JsonMembers, serialize, size};
pub(crate) use members::read_members;
pub(crate) use misfit::{LONGEST_SHOWN, Misfit, MisfitKind};
pub(crate) use read::from_value;
pub(crate) use scan::digits;
use scan::{Scanner, Span, duplicate, is_labelled, label, plain_run};
pub(crate) use to::{Ready, ToJson, to_bytes, to_pretty, to_text, write_member, write_object};
pub(crate) use write::{write_named, write_within};

use crate::inline::Inline;
use crate::registered::REGISTERED;

mod declare;
mod from;
mod kept;
mod members;
mod misfit;
mod read;
mod scan;
mod to;
mod write;

/// The deepest nesting of arrays and objects that is written, and read from whoever asks for something.
pub(crate) const MAX_DEPTH: usize = 32;

/// The deepest nesting that is read in a token: others may have written it.
pub(crate) const TOKEN_DEPTH: usize = 64;

/// How serde_json marks text that it copies as it is.
const RAW: &str = "$serde_json::private::RawValue";

/// The names that serde_json's tree of values does not take for names: ready JSON, and a number of any size.
const PRIVATE: [&str; 2] = [RAW, "$serde_json::private::Number"];

/// Why a text was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    NotUtf8,
    Syntax {
        at: usize,
    },
    Duplicate {
        name: String,
    },
    TooDeep {
        deepest: usize,
    },
    TooLong,
    NotObject,
    /// What serde said of a value that is no JSON.
    Unwritable {
        text: String,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::NotUtf8 => f.write_str("not valid UTF-8"),
            Fault::Syntax { at } => write!(f, "not valid JSON at byte {at}"),
            Fault::Duplicate { name } => write!(f, "the member {name:?} is there twice"),
            Fault::TooDeep { deepest } => write!(f, "nested deeper than {deepest} levels"),
            Fault::TooLong => f.write_str("longer than 4 GiB"),
            Fault::NotObject => f.write_str("not a JSON object"),
            Fault::Unwritable { text } => f.write_str(text),
        }
    }
}

/// Where the members of a checked JSON object are in its text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Members {
    /// Names and values; nothing is allocated for the first few.
    members: Inline<(Span, Span), 12>,
    /// Where those of [`REGISTERED`] are among them, counted from 1.
    registered: [u32; REGISTERED.len()],
    /// Names that were spelled with escapes.
    decoded: Vec<String>,
    /// Whether there is no escape in the whole text.
    plain: bool,
}

impl Members {
    /// Checks a text that should be one JSON object.
    pub(crate) fn parse(text: &str) -> Result<Self, Fault> {
        let mut members = Members::default();
        members.read(text, MAX_DEPTH)?;
        Ok(members)
    }

    /// Checks a text that should be one JSON object, as a token holds it.
    pub(crate) fn of_token(text: &str) -> Result<Self, Fault> {
        let mut members = Members::default();
        members.read_token(text)?;
        Ok(members)
    }

    /// As [`Members::of_token`], into an empty one in its place.
    pub(crate) fn read_token(&mut self, text: &str) -> Result<(), Fault> {
        self.read(text, TOKEN_DEPTH)
    }

    #[inline]
    fn read(&mut self, text: &str, deepest: usize) -> Result<(), Fault> {
        let mut scanner = object_scanner(text, deepest)?;
        let suspect = scanner.run(|scanner| {
            let suspect = scanner.outer_object(|_, name, value| {
                self.members.push((name.place, value));
                // All of them are as long.
                if is_labelled(name.label, REGISTERED[0].len())
                    && let Some(place) = place_of(name.label)
                    && let Some(place) = self.registered.get_mut(place)
                {
                    *place = u32::try_from(self.members.len()).unwrap_or_default();
                }
            })?;
            scanner.end()?;
            Ok(suspect)
        })?;
        self.plain = scanner.plain;
        self.decoded = scanner.decoded;
        if suspect { self.compare_names(text) } else { Ok(()) }
    }

    #[cold]
    fn compare_names(&self, text: &str) -> Result<(), Fault> {
        let names: Vec<Span> = self.members.as_slice().iter().map(|(name, _)| *name).collect();
        duplicate(text, &self.decoded, &names).map_or(Ok(()), Err)
    }

    /// The JSON text of a member's value; `text` is what was parsed.
    #[inline(always)]
    pub(crate) fn get<'a>(&self, text: &'a str, name: &str) -> Option<&'a str> {
        match place_of(label(name)) {
            Some(place) => self.get_registered(text, place),
            None => self.iter(text).find(|(found, _)| *found == name).map(|(_, value)| value),
        }
    }

    fn get_registered<'a>(&self, text: &'a str, place: usize) -> Option<&'a str> {
        let at = usize::try_from(*self.registered.get(place)?).ok()?.checked_sub(1)?;
        self.members.as_slice().get(at).map(|(_, value)| value.of(text))
    }

    /// Whether no string in the text holds an escape.
    pub(crate) fn are_plain(&self) -> bool {
        self.plain
    }

    /// All members in their order; `text` is what was parsed.
    pub(crate) fn iter<'s, 'a: 's>(&'s self, text: &'a str) -> impl Iterator<Item = (&'s str, &'a str)> {
        let members = self.members.as_slice().iter();
        members.map(move |(name, value)| (name.name_in(text, &self.decoded), value.of(text)))
    }
}

/// Which of [`REGISTERED`] a label stands for: their labels are those of no other name.
#[inline(always)]
fn place_of(found: u64) -> Option<usize> {
    REGISTERED.iter().position(|name| label(name) == found)
}

/// Checks a text that should be one JSON object; `found` gets the names of its members, each as soon as it was read.
pub(crate) fn each_name(text: &str, mut found: impl FnMut(&str)) -> Result<(), Fault> {
    let mut scanner = object_scanner(text, MAX_DEPTH)?;
    let suspect = scanner.run(|scanner| {
        let suspect =
            scanner.outer_object(|scanner, name, _| found(name.place.name_in(text, &scanner.decoded)))?;
        scanner.end()?;
        Ok(suspect)
    })?;
    // Rare: two names look alike.
    if suspect { Members::parse(text).map(drop) } else { Ok(()) }
}

/// A scanner at the beginning of an object.
fn object_scanner(text: &str, deepest: usize) -> Result<Scanner<'_>, Fault> {
    let mut scanner = Scanner::new(text)?;
    scanner.deepest = deepest;
    if scanner.blanks() != Some(b'{') {
        scanner.run(|scanner| scanner.value_within(0))?;
        return Err(Fault::NotObject);
    }
    Ok(scanner)
}

/// A checked JSON object; values are the JSON text as it came.
#[derive(Clone, Debug)]
pub(crate) struct Object<'a> {
    text: &'a str,
    members: Members,
}

impl<'a> Object<'a> {
    /// Checks bytes that should be one JSON object, as a token holds it.
    pub(crate) fn of_token(bytes: &'a [u8]) -> Result<Self, Fault> {
        let text = std::str::from_utf8(bytes).map_err(|_| Fault::NotUtf8)?;
        Ok(Object { text, members: Members::of_token(text)? })
    }

    /// Checks bytes that should be one JSON object.
    pub(crate) fn from_slice(bytes: &'a [u8]) -> Result<Self, Fault> {
        Self::parse(std::str::from_utf8(bytes).map_err(|_| Fault::NotUtf8)?)
    }

    /// Checks a text that should be one JSON object.
    pub(crate) fn parse(text: &'a str) -> Result<Self, Fault> {
        Ok(Object { text, members: Members::parse(text)? })
    }

    /// The JSON text of a member's value.
    pub(crate) fn get(&self, name: &str) -> Option<&'a str> {
        self.members.get(self.text, name)
    }

    /// All members in their order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &'a str)> {
        self.members.iter(self.text)
    }
}

/// Checks that `text` is one JSON value, which will stand within so many arrays and objects.
pub(crate) fn check_within(depth: usize, text: &str) -> Result<(), Fault> {
    Scanner::new(text)?.run(|scanner| scanner.value_within(depth))
}

/// The elements of a list whose text was checked before; `None` where the value is not a list.
pub(crate) fn elements(value: &str) -> Option<impl Iterator<Item = &str>> {
    let mut scanner = Scanner::new(value).ok()?;
    // As deep as what was checked may be: an element that is too deep would end the list.
    scanner.deepest = TOKEN_DEPTH;
    scanner.expect(b'[').ok()?;
    Some(std::iter::from_fn(move || {
        if scanner.blanks() == Some(b',') {
            scanner.at += 1;
            scanner.blanks();
        }
        let start = scanner.at;
        scanner.value(0).ok()?;
        value.get(start..scanner.at)
    }))
}

/// A string value, its quotes included; `None` where it is none.
#[cold]
fn decoded(value: &str) -> Option<String> {
    let mut rest = value.strip_prefix('"')?.strip_suffix('"')?;
    let mut out = String::with_capacity(rest.len());
    loop {
        let (plain, escaped) = rest.split_at_checked(plain_run(rest.as_bytes()))?;
        out.push_str(plain);
        if escaped.is_empty() {
            return Some(out);
        }
        let mut escape = escaped.strip_prefix('\\')?.chars();
        let letter = match escape.next()? {
            letter @ ('"' | '\\' | '/') => letter,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let (unit, after) = hex4(escape.as_str())?;
                escape = after.chars();
                match unit {
                    // Half of a pair: the other half follows.
                    0xD800..0xDC00 => {
                        let (low, after) = hex4(after.strip_prefix("\\u")?)?;
                        escape = after.chars();
                        let low = low.checked_sub(0xDC00).filter(|low| *low < 0x400)?;
                        char::from_u32(0x1_0000 + ((unit - 0xD800) << 10) + low)?
                    }
                    _ => char::from_u32(unit)?,
                }
            }
            _ => return None,
        };
        out.push(letter);
        rest = escape.as_str();
    }
}

/// The number that four hexadecimal digits are, and what follows.
fn hex4(text: &str) -> Option<(u32, &str)> {
    let (digits, after) = text.split_at_checked(4)?;
    let is_number = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    u32::from_str_radix(digits, 16).ok().filter(|_| is_number).map(|unit| (unit, after))
}

/// Reads a string value without a copy where it holds no escapes; `None` where the value is not a string.
pub(crate) fn string(value: &str) -> Option<Cow<'_, str>> {
    let inner = value.strip_prefix('"')?.strip_suffix('"')?;
    if plain_run(inner.as_bytes()) < inner.len() {
        return decoded(value).map(Cow::Owned);
    }
    Some(Cow::Borrowed(inner))
}

/// Whether a text stands in a JSON string as it is.
#[inline]
pub(crate) fn is_plain(text: &str) -> bool {
    scan::is_plain(text.as_bytes())
}

/// Appends `text` as a JSON string.
#[inline]
pub(crate) fn push_string(out: &mut Vec<u8>, text: &str) {
    out.reserve(text.len() + 2);
    out.push(b'"');
    if is_plain(text) {
        out.extend_from_slice(text.as_bytes());
    } else {
        push_escaped(out, text);
    }
    out.push(b'"');
}

/// Appends the inside of a string, as serde_json does.
#[cold]
fn push_escaped(out: &mut Vec<u8>, text: &str) {
    for character in text.chars() {
        match character {
            '"' => out.extend_from_slice(b"\\\""),
            '\\' => out.extend_from_slice(b"\\\\"),
            '\u{8}' => out.extend_from_slice(b"\\b"),
            '\u{c}' => out.extend_from_slice(b"\\f"),
            '\n' => out.extend_from_slice(b"\\n"),
            '\r' => out.extend_from_slice(b"\\r"),
            '\t' => out.extend_from_slice(b"\\t"),
            control if control < ' ' => {
                out.extend_from_slice(format!("\\u{:04x}", u32::from(control)).as_bytes());
            }
            other => out.extend_from_slice(other.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_keep_their_text() {
        let object =
            Object::parse(r#" {"a": 18446744073709551616, "b\u0062": [1, {"c": null}] , "d":"x\"y"} "#)
                .unwrap();
        assert_eq!(object.get("a"), Some("18446744073709551616"));
        assert_eq!(object.get("bb"), Some(r#"[1, {"c": null}]"#));
        assert_eq!(string(object.get("d").unwrap()).unwrap(), "x\"y");
        assert_eq!(object.iter().count(), 3);
    }

    #[test]
    fn duplicates_are_refused_at_every_level_and_spelling() {
        for text in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"\u0061":2}"#,
            r#"{"x":{"a":1,"b":{},"a":2}}"#,
            r#"{"x":[{"a":1},{"a":1,"a":1}]}"#,
        ] {
            assert_eq!(Object::parse(text).unwrap_err(), Fault::Duplicate { name: "a".into() }, "{text}");
        }
        let many: Vec<String> = (0..40).map(|n| format!("\"m{}\":0", n % 39)).collect();
        let text = format!("{{{}}}", many.join(","));
        assert_eq!(Object::parse(&text).unwrap_err(), Fault::Duplicate { name: "m0".into() });
        assert!(Object::parse(r#"{"a":{"a":1},"b":{"a":1}}"#).is_ok());
    }

    #[test]
    fn depth_is_bounded_exactly() {
        let nested = |depth: usize| format!("{{\"a\":{}1{}}}", "[".repeat(depth - 1), "]".repeat(depth - 1));
        assert!(Object::parse(&nested(32)).is_ok());
        assert_eq!(Object::parse(&nested(33)).unwrap_err(), Fault::TooDeep { deepest: 32 });
        assert_eq!(Object::parse(&"[".repeat(100_000)).unwrap_err(), Fault::TooDeep { deepest: 32 });
        assert!(Object::of_token(nested(64).as_bytes()).is_ok());
        assert_eq!(Object::of_token(nested(65).as_bytes()).unwrap_err(), Fault::TooDeep { deepest: 64 });
    }

    proptest::proptest! {
        /// Whatever is accepted, serde_json accepts; whatever serde_json writes, is accepted.
        #[test]
        fn agrees_with_serde_json(text in r#"[\[\]{}:,"\\0-9eE.+\-truefalsn u\PC]{0,24}"#) {
            if check_within(0, &text).is_ok() {
                // serde_json refuses numbers beyond f64, whose text is legal JSON.
                let read = serde_json::from_str::<&serde_json::value::RawValue>(&text);
                proptest::prop_assert!(read.is_ok(), "{text}");
            }
            let written = serde_json::to_string(&text).unwrap();
            proptest::prop_assert!(check_within(0, &written).is_ok());
            let theirs = serde_json::from_str::<String>(&text).ok();
            // Blanks around it are no part of a value.
            proptest::prop_assert_eq!(string(text.trim_matches(' ')).map(Cow::into_owned), theirs);
            let quoted = format!("\"{text}\"");
            let theirs = serde_json::from_str::<String>(&quoted).ok();
            proptest::prop_assert_eq!(string(&quoted).map(Cow::into_owned), theirs);
            let mut own = Vec::new();
            push_string(&mut own, &text);
            let back = serde_json::from_slice::<String>(&own).unwrap();
            proptest::prop_assert_eq!(&back, &text);
        }
    }

    #[test]
    fn what_is_not_json_is_refused() {
        for text in [
            "",
            " ",
            "nul",
            "tru",
            "01",
            "1.",
            ".5",
            "+1",
            "1e",
            "-",
            "NaN",
            "Infinity",
            "'a'",
            "\"\u{1}\"",
            r#""\x""#,
            r#""\ud800""#,
            r#""\udc00""#,
            r#""\ud800\u0041""#,
            "[1,]",
            "{\"a\":1,}",
            "{a:1}",
            "{\"a\"}",
            "1 2",
            "\u{feff}1",
            "[",
            "{",
            "\"",
            r#"{"a":1}}"#,
            "// c\n1",
            r#""\u12""#,
            r#""\u+123""#,
        ] {
            assert!(check_within(0, text).is_err(), "{text:?}");
        }
        assert_eq!(Object::parse("[]").unwrap_err(), Fault::NotObject);
        assert_eq!(Object::from_slice(b"{\"a\":\"\xff\"}").unwrap_err(), Fault::NotUtf8);
    }
}
