//! The reader of the crate's own types: what a type says of its members is data, and the reader is there once.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::misfit::Misfit;
use super::scan::Scanner;
use super::{check_within, string};
use crate::error::ErrorCode;

/// The deepest nesting of a value that nobody looks into.
const DEEPEST: usize = 512;

type Result<T = (), E = Misfit> = std::result::Result<T, E>;

/// A type that is read from JSON, in its place.
pub(crate) trait FromJson {
    /// What stands in the place before it is read, and stays where it may be left out and is.
    fn blank() -> Self
    where
        Self: Sized;

    /// Reads it from a value.
    fn read_json(&mut self, json: Json<'_>) -> Result;

    /// Whether any object may leave it out.
    fn is_optional(&self) -> bool {
        false
    }
}

/// A member of an object.
pub(crate) struct Member {
    /// Its name.
    pub(crate) name: &'static str,
    /// When it is left out.
    pub(crate) left_out: LeftOut,
}

/// When a member is left out.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum LeftOut {
    /// Never, but for an `Option`, which need not be there to be read.
    Never,
    /// It need not be there to be read.
    Read,
    /// As `Read`, and it is not written where it is empty.
    Written,
}

/// Reads a text that somebody wrote: strict JSON, in which every member is one that its object has.
pub(crate) fn from_text<T: FromJson>(text: &str) -> Result<T> {
    check_within(0, text)?;
    Json { closed: true, ..Json::new(text) }.read()
}

/// As [`from_text`], with an error of this code that names the field.
pub(crate) fn read_as<T: FromJson>(code: ErrorCode, text: &str) -> crate::error::Result<T> {
    from_text(text).map_err(|misfit| misfit.error(code))
}

/// Reads a value that was checked before, or that was written here; an object takes the members that it knows.
pub(crate) fn from_written<T: FromJson>(value: &str) -> Result<T> {
    Json::new(value).read()
}

/// The texts of the items of a list that is the one member of this name in an object; `None` where there is none. Not the
/// strict reader: what stands twice within one item does not spoil the others.
pub(crate) fn list_in<'a>(text: &'a str, name: &str) -> Option<Vec<&'a str>> {
    let mut list = None;
    let found = Json::new(text).members(&mut |member, value| match (&list, member == name) {
        (_, false) => Ok(()),
        (Some(_), true) => Err(Misfit::twice(name)),
        (None, true) => {
            let mut items = Vec::new();
            value.items("a list", &mut |item| {
                items.push(item.text);
                Ok(())
            })?;
            list = Some(items);
            Ok(())
        }
    });
    found.ok().and(list)
}

/// A number whose text was checked before; `None` where the value is none, or no double holds it.
pub(crate) fn number(value: &str) -> Option<f64> {
    Json::new(value).number()
}

/// A value within a text.
#[derive(Clone, Copy)]
pub(crate) struct Json<'a> {
    text: &'a str,
    /// Whether an object refuses members that it does not have.
    closed: bool,
}

impl<'a> Json<'a> {
    fn new(text: &'a str) -> Self {
        Json { text: text.trim_matches([' ', '\t', '\n', '\r']), closed: false }
    }

    /// Whether somebody wrote it who may be mistaken, and not this crate.
    pub(crate) fn is_given(self) -> bool {
        self.closed
    }

    /// The text of the value.
    pub(crate) fn text(self) -> &'a str {
        self.text
    }

    /// The value in a type.
    pub(crate) fn read<T: FromJson>(self) -> Result<T> {
        let mut value = T::blank();
        value.read_json(self)?;
        Ok(value)
    }

    /// Reads an object; `values` are those of its members, in their order.
    #[inline(never)]
    pub(crate) fn object(self, members: &'static [Member], values: &mut [&mut dyn FromJson]) -> Result {
        let mut read = 0_u64;
        let mut next = 0;
        self.members(&mut |name, json| {
            // Most texts have the members in their order.
            let expected = members.get(next).filter(|member| member.name == name).map(|_| next);
            let Some(at) = expected.or_else(|| members.iter().position(|member| member.name == name)) else {
                return if self.closed { Err(Misfit::unknown(name, members)) } else { Ok(()) };
            };
            next = at + 1;
            if read & bit(at) != 0 {
                return Err(Misfit::twice(name));
            }
            read |= bit(at);
            match values.get_mut(at) {
                Some(value) => value.read_json(json).map_err(|misfit| misfit.within(name)),
                None => Ok(()),
            }
        })?;
        for (at, (member, value)) in members.iter().zip(values).enumerate() {
            if read & bit(at) == 0 && member.left_out == LeftOut::Never && !value.is_optional() {
                return Err(Misfit::missing(member.name));
            }
        }
        Ok(())
    }

    /// Goes through the members of an object.
    #[inline(never)]
    pub(crate) fn members(self, each: &mut dyn FnMut(&str, Json<'a>) -> Result) -> Result {
        let mut walk = self.walk(b'{', "an object")?;
        while walk.follows(b'}')? {
            let name = walk.name()?;
            each(&name, walk.value(self.closed)?)?;
        }
        Ok(())
    }

    /// Goes through the items of a list.
    #[inline(never)]
    pub(crate) fn items(self, needed: &str, each: &mut dyn FnMut(Json<'a>) -> Result) -> Result {
        let mut walk = self.walk(b'[', needed)?;
        let mut at = 0;
        while walk.follows(b']')? {
            each(walk.value(self.closed)?).map_err(|misfit| misfit.within_item(at))?;
            at += 1;
        }
        Ok(())
    }

    fn walk(self, open: u8, needed: &str) -> Result<Walk<'a>> {
        if self.first() != open {
            return Err(self.misfit(needed));
        }
        let mut scanner = Scanner::new(self.text)?;
        // A text that somebody wrote was looked at before. What stands within a value is seen when that is read.
        (scanner.compared, scanner.deepest) = (true, DEEPEST);
        scanner.at = 1;
        Ok(Walk { scanner, first: true })
    }

    /// A string.
    #[inline(never)]
    pub(crate) fn string(self, needed: &str) -> Result<Cow<'a, str>> {
        match self.first() {
            b'"' => string(self.text).ok_or_else(|| self.misfit(needed)),
            _ => Err(self.misfit(needed)),
        }
    }

    /// Which of these names it is.
    #[inline(never)]
    pub(crate) fn choice(self, names: &[&str]) -> Result<usize> {
        let found = string(self.text).and_then(|text| names.iter().position(|name| *name == text));
        found.ok_or_else(|| Misfit::because(format!("must be one of: {}", names.join(", "))))
    }

    /// A whole number up to `most`.
    #[inline(never)]
    pub(crate) fn unsigned(self, needed: &str, most: u64) -> Result<u64> {
        match self.whole() {
            Some(number) => {
                let number = u64::try_from(number).ok().filter(|number| *number <= most);
                number.ok_or_else(|| Misfit::because(format!("must be {needed}")))
            }
            None => Err(self.misfit(needed)),
        }
    }

    /// The number, where it is a whole one that 64 bits hold.
    pub(crate) fn whole(self) -> Option<i128> {
        let is_whole = matches!(self.first(), b'-' | b'0'..=b'9') && self.text != "-0";
        let number = match self.text.parse::<u64>() {
            Ok(number) => number.into(),
            Err(_) => self.text.parse::<i64>().ok()?.into(),
        };
        Some(number).filter(|_| is_whole)
    }

    /// The number, whole or not.
    pub(crate) fn number(self) -> Option<f64> {
        let is_number = matches!(self.first(), b'-' | b'0'..=b'9');
        self.text.parse().ok().filter(|number: &f64| is_number && number.is_finite())
    }

    /// Whether it is `null`.
    pub(crate) fn is_null(self) -> bool {
        self.text == "null"
    }

    /// Its first character, which tells what it is.
    pub(crate) fn first(self) -> u8 {
        self.text.bytes().next().unwrap_or_default()
    }

    /// That something else is needed in its place.
    #[cold]
    #[inline(never)]
    pub(crate) fn misfit(self, needed: &str) -> Misfit {
        let found = match self.first() {
            b'"' => "a string",
            b'{' => "an object",
            b'[' => "a list",
            b't' | b'f' => "a boolean",
            b'n' => "null",
            _ if self.whole().is_some() => "a number",
            _ if self.number().is_some() => "a number with a point or an exponent",
            _ => return Misfit::because("is a number that is too large"),
        };
        Misfit::because(format!("must be {needed}, found {found}"))
    }
}

fn bit(at: usize) -> u64 {
    1_u64.wrapping_shl(u32::try_from(at).unwrap_or_default())
}

/// A place in an object or a list.
struct Walk<'a> {
    scanner: Scanner<'a>,
    first: bool,
}

impl<'a> Walk<'a> {
    /// Whether something follows; nothing stands behind the end.
    fn follows(&mut self, close: u8) -> Result<bool> {
        let first = std::mem::take(&mut self.first);
        Ok(self.scanner.run(|scanner| {
            if scanner.blanks() == Some(close) {
                scanner.at += 1;
                return scanner.end().map(|()| false);
            }
            if !first {
                scanner.expect(b',')?;
                scanner.blanks();
            }
            Ok(true)
        })?)
    }

    /// A member's name.
    fn name(&mut self) -> Result<Cow<'a, str>> {
        let (quoted, has_escapes) = self.scanner.run(|scanner| {
            let start = scanner.at;
            let has_escapes = scanner.string()?;
            let quoted = scanner.since(start);
            scanner.blanks();
            scanner.expect(b':').map(|()| (quoted, has_escapes))
        })?;
        match quoted.get(1..quoted.len() - 1) {
            Some(plain) if !has_escapes => Ok(Cow::Borrowed(plain)),
            _ => Ok(string(quoted).unwrap_or_default()),
        }
    }

    fn value(&mut self, closed: bool) -> Result<Json<'a>> {
        let start = self.scanner.run(|scanner| {
            scanner.blanks();
            let start = scanner.at;
            scanner.value(0).map(|()| start)
        })?;
        Ok(Json { text: self.scanner.since(start), closed })
    }
}

impl FromJson for String {
    fn blank() -> Self {
        String::new()
    }

    fn read_json(&mut self, json: Json<'_>) -> Result {
        *self = json.string("a string")?.into_owned();
        Ok(())
    }
}

impl FromJson for bool {
    fn blank() -> Self {
        false
    }

    fn read_json(&mut self, json: Json<'_>) -> Result {
        *self = match json.text {
            "true" => true,
            "false" => false,
            _ => return Err(json.misfit("true or false")),
        };
        Ok(())
    }
}

macro_rules! unsigned {
    ($($type:ty: $needed:literal;)+) => {
        $(impl FromJson for $type {
            fn blank() -> Self {
                0
            }

            fn read_json(&mut self, json: Json<'_>) -> Result {
                let number = json.unsigned($needed, u64::try_from(<$type>::MAX).unwrap_or(u64::MAX))?;
                *self = number.try_into().unwrap_or_default();
                Ok(())
            }
        })+
    };
}

unsigned! {
    u8: "a whole number from 0 to 255";
    u16: "a whole number from 0 to 65535";
    u32: "a whole number from 0 to 4294967295";
    u64: "a whole number, 0 or more";
    usize: "a whole number, 0 or more";
}

impl FromJson for i64 {
    fn blank() -> Self {
        0
    }

    fn read_json(&mut self, json: Json<'_>) -> Result {
        let needed = "a whole number";
        let number = json.whole().ok_or_else(|| json.misfit(needed))?;
        *self = number.try_into().map_err(|_| Misfit::because(format!("must be {needed}")))?;
        Ok(())
    }
}

/// `null` is nothing.
impl<T: FromJson> FromJson for Option<T> {
    fn blank() -> Self {
        None
    }

    fn read_json(&mut self, json: Json<'_>) -> Result {
        *self = if json.is_null() { None } else { Some(json.read()?) };
        Ok(())
    }

    fn is_optional(&self) -> bool {
        true
    }
}

impl<T: FromJson> FromJson for Vec<T> {
    fn blank() -> Self {
        Vec::new()
    }

    fn read_json(&mut self, json: Json<'_>) -> Result {
        json.items("a list", &mut |item| {
            self.push(item.read()?);
            Ok(())
        })
    }
}

/// Values by their names.
impl<T: FromJson> FromJson for BTreeMap<String, T> {
    fn blank() -> Self {
        BTreeMap::new()
    }

    fn read_json(&mut self, json: Json<'_>) -> Result {
        json.members(&mut |name, value| {
            let value = value.read().map_err(|misfit: Misfit| misfit.within(name))?;
            self.insert(name.to_owned(), value);
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::{JsonMembers, MAX_DEPTH, object, to_text};
    use super::*;

    object! {
        #[derive(Debug, PartialEq)]
        #[json(read, write)]
        struct Outer {
            inner: Inner,
            #[json(default)]
            list: Vec<Inner>,
            #[json(omit)]
            kept: JsonMembers,
        }

        #[derive(Debug, PartialEq)]
        #[json(read, write)]
        struct Inner {
            text: Option<String>,
            #[json(omit, name = "theNumber")]
            number: Option<u8>,
        }
    }

    fn refused<T: FromJson + std::fmt::Debug>(text: &str) -> String {
        from_text::<T>(text).unwrap_err().to_string()
    }

    #[test]
    fn what_does_not_fit_is_named_by_its_path() {
        for (text, said) in [
            (r#"{"inner":{"txt":1}}"#, "inner.txt: this field is not known; known are text, theNumber"),
            (
                r#"{"inner":{},"list":[{},{"theNumber":256}]}"#,
                "list[1].theNumber: must be a whole number from 0 to 255",
            ),
            (r#"{"inner":{"theNumber":-1}}"#, "inner.theNumber: must be a whole number from 0 to 255"),
            (
                r#"{"inner":{"theNumber":1.0}}"#,
                "inner.theNumber: must be a whole number from 0 to 255, found a number with a point or an exponent",
            ),
            (r#"{"inner":{"text":{}}}"#, "inner.text: must be a string, found an object"),
            (r#"{"inner":{"text":1e999}}"#, "inner.text: is a number that is too large"),
            (r#"{"inner":[null,null]}"#, "inner: must be an object, found a list"),
            (r#"{"list":[]}"#, "inner: this field is required"),
            (r#"{"inner":{},"list":null}"#, "list: must be a list, found null"),
            (r#"{"inner":{"text":"a","text":"b"}}"#, "text: this field is there twice"),
            (r#"{"inner":{},"kept":{"a":{"b":1e999}}}"#, "kept.a: the value is a number that is too large"),
            (r#"{"inner":{}} 1"#, "not valid JSON at byte 13"),
            ("null", "must be an object, found null"),
            // The first in the text is told.
            (r#"{"inner":{"text":1},"innner":1}"#, "inner.text: must be a string, found a number"),
            (
                r#"{"innner":1,"inner":{"text":1}}"#,
                "innner: this field is not known; known are inner, list, kept",
            ),
        ] {
            assert_eq!(refused::<Outer>(text), said, "{text}");
        }
        let deep = format!("{}1{}", "[".repeat(MAX_DEPTH + 1), "]".repeat(MAX_DEPTH + 1));
        assert_eq!(refused::<Outer>(&format!("{{\"x\":{deep}}}")), "nested deeper than 32 levels");
    }

    #[test]
    fn what_was_written_is_read() {
        let text = r#"{"inner":{"text":null},"list":[{"text":"é\n","theNumber":7}],"kept":{"a":[1.0]}}"#;
        let outer: Outer = from_text(text).unwrap();
        assert_eq!(to_text(&outer), text);
        assert_eq!(from_written::<Outer>(text).unwrap(), outer);
        let spaced = " { \"list\" : [ ] , \"in\\u006eer\" : { } } ";
        let outer: Outer = from_text(spaced).unwrap();
        assert_eq!(to_text(&outer), r#"{"inner":{"text":null},"list":[]}"#);
    }

    #[test]
    fn what_was_written_by_a_later_version_is_read() {
        let read: Inner = from_written(r#"{ "more" : [1,{"x":"]"}] , "text":"a" }"#).unwrap();
        assert_eq!(read.text.as_deref(), Some("a"));
        assert!(from_text::<Inner>(r#"{"more":1}"#).is_err());
        assert!(from_written::<Inner>(r#"{"text":"a","text":"a"}"#).is_err());
    }

    #[test]
    fn what_is_no_json_is_refused_unchecked_too() {
        for text in [
            "",
            "{",
            "{\"a\"",
            "{\"a\":",
            "{\"a\":1",
            "{\"a\":1,}",
            "{,}",
            "{} 1",
            "{\"a\" 1}",
            "{\"text\":tru}",
            "{\"text\":\"a}",
        ] {
            assert!(from_written::<Inner>(text).is_err(), "{text}");
        }
        for text in ["[", "[1", "[1 2]", "[,1]", "[1,]", "[1] 1", "[1.]"] {
            assert!(from_written::<Vec<u64>>(text).is_err(), "{text}");
        }
        assert!(from_written::<String>("\"a").is_err() && from_written::<String>("\"a\"b\"").is_err());
    }

    /// The names by which serde_json's own readers know ready JSON and numbers of any size.
    #[test]
    fn a_name_is_a_name() {
        for name in super::super::PRIVATE {
            let text = format!("{{{name:?}:{{\"a\":1}}}}");
            let kept: JsonMembers = from_text(&text).unwrap();
            assert_eq!((kept[name].as_str(), to_text(&kept)), (r#"{"a":1}"#, text.clone()));
            assert!(refused::<Inner>(&text).contains("is not known; known are text, theNumber"), "{text}");
        }
    }

    #[test]
    fn whole_numbers_are_written_as_they_are_read() {
        for text in ["0", "9", "10", "18446744073709551615"] {
            assert_eq!(to_text(&from_text::<u64>(text).unwrap()), text);
        }
        for text in ["-9223372036854775808", "-1", "0", "9223372036854775807"] {
            assert_eq!(to_text(&from_text::<i64>(text).unwrap()), text);
        }
        assert_eq!(refused::<i64>("9223372036854775808"), "must be a whole number");
        assert_eq!(
            refused::<u64>("18446744073709551616"),
            "must be a whole number, 0 or more, found a number with a point or an exponent"
        );
        let found = "found a number with a point or an exponent";
        assert_eq!(refused::<u64>("-0"), format!("must be a whole number, 0 or more, {found}"));
    }

    /// The same type twice: read here, and by serde's derive.
    macro_rules! twice {
        ($($(#[json($rule:ident)] #[serde($serde:ident)])? $field:ident: $type:ty, $theirs:ty;)+) => {
            object! {
                #[derive(Debug)]
                #[json(read)]
                struct Ours {
                    $($(#[json($rule)])? $field: $type,)+
                }
            }

            #[derive(serde::Deserialize)]
            struct Theirs {
                $($(#[serde($serde)])? $field: $theirs,)+
            }

            impl Ours {
                fn told(self) -> Vec<String> {
                    vec![$(format!("{:?}", self.$field)),+]
                }
            }

            impl Theirs {
                fn told(self) -> Vec<String> {
                    vec![$(format!("{:?}", self.$field)),+]
                }
            }
        };
    }

    twice! {
        text: String, String;
        maybe: Option<String>, Option<String>;
        #[json(default)] #[serde(default)] number: u64, u64;
        #[json(default)] #[serde(default)] small: u8, u8;
        signed: Option<i64>, Option<i64>;
        #[json(default)] #[serde(default)] flag: bool, bool;
        #[json(default)] #[serde(default)] list: Vec<Option<u32>>, Vec<Option<u32>>;
        #[json(default)] #[serde(default)] map: BTreeMap<String, bool>, BTreeMap<String, bool>;
        kept: Option<JsonMembers>, Option<JsonMembers>;
        time: Option<crate::UnixTime>, Option<crate::UnixTime>;
        lifetime: Option<crate::Lifetime>, Option<crate::Lifetime>;
        algorithm: Option<crate::Algorithm>, Option<crate::Algorithm>;
    }

    const NAMES: [&str; 14] = [
        "text",
        "maybe",
        "number",
        "small",
        "signed",
        "flag",
        "list",
        "map",
        "kept",
        "time",
        "lifetime",
        "algorithm",
        "te\\u0078t",
        "unknown",
    ];
    const VALUES: [&str; 27] = [
        "null",
        "true",
        "0",
        "-1",
        "-0",
        "255",
        "256",
        "1.5",
        "1e3",
        "1e999",
        "4294967296",
        "9223372036854775808",
        "18446744073709551616",
        "\"\"",
        "\"a\\nb\"",
        "\"\\ud83d\\ude00\"",
        "\"1h\"",
        "\"HS256\"",
        "[]",
        "[1,null]",
        "[1,[]]",
        "[ -1 ]",
        "{}",
        "{\"a\":true}",
        "{\"a\":1}",
        "{\"a\":1,\"a\":2}",
        "{\"a\":true,\"\\u0061\":true}",
    ];

    proptest::proptest! {
        #![proptest_config(proptest::test_runner::Config { max_global_rejects: 40_000, ..proptest::test_runner::Config::with_cases(4000) })]

        /// What one reads the other reads, to the same values; and they refuse the same with the same words.
        #[test]
        fn agrees_with_what_serde_derives(
            members in proptest::collection::vec((0..NAMES.len(), 0..VALUES.len()), 0..5),
            has_text in proptest::bool::ANY,
        ) {
            let text = has_text.then(|| "\"text\":\"a\"".to_owned());
            let members = members.into_iter().map(|(name, value)| format!("\"{}\": {}", NAMES[name], VALUES[value]));
            let text = format!("{{{}}}", text.into_iter().chain(members).collect::<Vec<_>>().join(" ,"));
            proptest::prop_assume!(check_within(0, &text).is_ok());
            let theirs = crate::json::from_value::<Theirs>(&text).map(Theirs::told).map_err(|misfit| misfit.to_string());
            let ours = from_written::<Ours>(&text).map(Ours::told).map_err(|misfit| misfit.to_string());
            proptest::prop_assert_eq!(ours, theirs, "{}", text);
        }
    }
}
