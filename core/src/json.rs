//! Strict JSON (RFC 8259): one pass that accepts or refuses a whole text and finds an object's members.
//!
//! Stricter than most parsers, because two parsers that read one token differently are a way in: no duplicate
//! members at any level (RFC 8725 section 2.4 shows why), no lone surrogates, bounded depth, nothing before or after
//! the value but white space. Values stay the text that came in, so integers of any size survive exactly.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use serde::de::DeserializeOwned;

/// The deepest nesting of arrays and objects that is read.
pub(crate) const MAX_DEPTH: usize = 32;

/// Why a text was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    NotUtf8,
    Syntax { at: usize },
    Duplicate { name: String },
    TooDeep,
    NotObject,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::NotUtf8 => f.write_str("not valid UTF-8"),
            Fault::Syntax { at } => write!(f, "not valid JSON at byte {at}"),
            Fault::Duplicate { name } => write!(f, "the member {name:?} is there twice"),
            Fault::TooDeep => write!(f, "nested deeper than {MAX_DEPTH} levels"),
            Fault::NotObject => f.write_str("not a JSON object"),
        }
    }
}

/// Where the members of a checked JSON object are in its text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Members(Vec<(Name, Range<usize>)>);

#[derive(Clone, Debug)]
enum Name {
    Plain(Range<usize>),
    Decoded(String),
}

impl Members {
    /// Checks a text that should be one JSON object.
    pub(crate) fn parse(text: &str) -> Result<Self, Fault> {
        let mut scanner = Scanner::new(text);
        scanner.blanks();
        if scanner.peek() != Some(b'{') {
            scanner.value(0)?;
            scanner.end()?;
            return Err(Fault::NotObject);
        }
        let mut members = Vec::with_capacity(12);
        scanner.object(1, &mut |name, value| members.push((name, value)))?;
        scanner.end()?;
        Ok(Members(members))
    }

    /// The JSON text of a member's value; `text` is what was parsed.
    pub(crate) fn get<'a>(&self, text: &'a str, name: &str) -> Option<&'a str> {
        self.iter(text).find(|(found, _)| *found == name).map(|(_, value)| value)
    }

    /// All members in their order; `text` is what was parsed.
    pub(crate) fn iter<'s, 'a: 's>(&'s self, text: &'a str) -> impl Iterator<Item = (&'s str, &'a str)> {
        self.0.iter().map(move |(name, value)| {
            let name = match name {
                Name::Plain(range) => text.get(range.clone()).unwrap_or_default(),
                Name::Decoded(name) => name,
            };
            (name, text.get(value.clone()).unwrap_or_default())
        })
    }
}

/// A checked JSON object; values are the JSON text as it came.
#[derive(Clone, Debug)]
pub(crate) struct Object<'a> {
    text: &'a str,
    members: Members,
}

impl<'a> Object<'a> {
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

/// Checks that `text` is one JSON value.
pub(crate) fn check(text: &str) -> Result<(), Fault> {
    let mut scanner = Scanner::new(text);
    scanner.blanks();
    scanner.value(0)?;
    scanner.end()
}

/// Reads a value whose text was checked before; `None` where it does not fit the type.
pub(crate) fn read<T: DeserializeOwned>(value: &str) -> Option<T> {
    serde_json::from_str(value).ok()
}

/// Reads a string value without a copy where it holds no escapes; `None` where the value is not a string.
pub(crate) fn string(value: &str) -> Option<Cow<'_, str>> {
    let inner = value.strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') { read::<String>(value).map(Cow::Owned) } else { Some(Cow::Borrowed(inner)) }
}

/// Appends `text` as a JSON string.
pub(crate) fn push_string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    if text.bytes().all(|byte| byte >= 0x20 && byte != b'"' && byte != b'\\') {
        out.extend_from_slice(text.as_bytes());
    } else {
        for character in text.chars() {
            match character {
                '"' => out.extend_from_slice(b"\\\""),
                '\\' => out.extend_from_slice(b"\\\\"),
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
    out.push(b'"');
}

struct Scanner<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    /// Member names of the nested objects that are open, innermost last.
    names: Vec<Cow<'a, str>>,
}

impl<'a> Scanner<'a> {
    fn new(text: &'a str) -> Self {
        Scanner { text, bytes: text.as_bytes(), at: 0, names: Vec::new() }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn syntax<T>(&self) -> Result<T, Fault> {
        Err(Fault::Syntax { at: self.at })
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn expect(&mut self, byte: u8) -> Result<(), Fault> {
        if self.peek() != Some(byte) {
            return self.syntax();
        }
        self.at += 1;
        Ok(())
    }

    fn end(&mut self) -> Result<(), Fault> {
        self.blanks();
        if self.at < self.bytes.len() { self.syntax() } else { Ok(()) }
    }

    /// One value; `depth` is how many arrays and objects are open around it.
    fn value(&mut self, depth: usize) -> Result<(), Fault> {
        match self.peek() {
            Some(b'"') => self.string().map(drop),
            Some(b'{') => {
                let first = self.names.len();
                self.object(depth + 1, &mut |_, _| ())?;
                self.names.truncate(first);
                Ok(())
            }
            Some(b'[') => self.array(depth + 1),
            Some(b't') => self.word("true"),
            Some(b'f') => self.word("false"),
            Some(b'n') => self.word("null"),
            _ => self.number(),
        }
    }

    fn word(&mut self, word: &str) -> Result<(), Fault> {
        if !self.text.get(self.at..).is_some_and(|rest| rest.starts_with(word)) {
            return self.syntax();
        }
        self.at += word.len();
        Ok(())
    }

    fn array(&mut self, depth: usize) -> Result<(), Fault> {
        if depth > MAX_DEPTH {
            return Err(Fault::TooDeep);
        }
        self.expect(b'[')?;
        self.blanks();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.value(depth)?;
            self.blanks();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return self.syntax(),
            }
            self.blanks();
        }
    }

    /// One object; `found` is called with each member.
    fn object(&mut self, depth: usize, found: &mut dyn FnMut(Name, Range<usize>)) -> Result<(), Fault> {
        if depth > MAX_DEPTH {
            return Err(Fault::TooDeep);
        }
        let first = self.names.len();
        self.expect(b'{')?;
        self.blanks();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(());
        }
        loop {
            let quote = self.at;
            let name = self.string()?;
            let place = match &name {
                Cow::Borrowed(_) => Name::Plain(quote + 1..self.at - 1),
                Cow::Owned(name) => Name::Decoded(name.clone()),
            };
            self.blanks();
            self.expect(b':')?;
            self.blanks();
            let start = self.at;
            self.names.push(name);
            self.value(depth)?;
            found(place, start..self.at);
            self.blanks();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    return self.no_duplicates(first);
                }
                _ => return self.syntax(),
            }
            self.blanks();
        }
    }

    // Few names are compared pairwise; many are sorted first, so a large object costs no more than n log n.
    fn no_duplicates(&mut self, first: usize) -> Result<(), Fault> {
        let Some(names) = self.names.get_mut(first..) else { return Ok(()) };
        if names.len() > 16 {
            names.sort_unstable();
            for pair in names.windows(2) {
                if let [one, two] = pair
                    && one == two
                {
                    return Err(Fault::Duplicate { name: one.to_string() });
                }
            }
            return Ok(());
        }
        for (index, name) in names.iter().enumerate() {
            if names.iter().skip(index + 1).any(|other| other == name) {
                return Err(Fault::Duplicate { name: name.to_string() });
            }
        }
        Ok(())
    }

    /// One string; returns its decoded content.
    fn string(&mut self) -> Result<Cow<'a, str>, Fault> {
        let open = self.at;
        self.expect(b'"')?;
        let mut escaped = false;
        loop {
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    self.at += 1;
                    self.escape()?;
                }
                Some(byte) if byte >= 0x20 => self.at += 1,
                _ => return self.syntax(),
            }
        }
        self.at += 1;
        let quoted = self.text.get(open..self.at).unwrap_or_default();
        if escaped {
            return read::<String>(quoted).map(Cow::Owned).ok_or(Fault::Syntax { at: open });
        }
        Ok(Cow::Borrowed(self.text.get(open + 1..self.at - 1).unwrap_or_default()))
    }

    fn escape(&mut self) -> Result<(), Fault> {
        match self.peek() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                self.at += 1;
                Ok(())
            }
            Some(b'u') => {
                self.at += 1;
                let unit = self.hex4()?;
                match unit {
                    0xD800..=0xDBFF => {
                        self.expect(b'\\')?;
                        self.expect(b'u')?;
                        if (0xDC00..=0xDFFF).contains(&self.hex4()?) { Ok(()) } else { self.syntax() }
                    }
                    0xDC00..=0xDFFF => self.syntax(),
                    _ => Ok(()),
                }
            }
            _ => self.syntax(),
        }
    }

    fn hex4(&mut self) -> Result<u32, Fault> {
        let digits =
            self.text.get(self.at..self.at + 4).filter(|text| text.bytes().all(|b| b.is_ascii_hexdigit()));
        let Some(unit) = digits.and_then(|text| u32::from_str_radix(text, 16).ok()) else {
            return self.syntax();
        };
        self.at += 4;
        Ok(unit)
    }

    fn number(&mut self) -> Result<(), Fault> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.digits()?,
            _ => return self.syntax(),
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), Fault> {
        let first = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == first { self.syntax() } else { Ok(()) }
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
        assert_eq!(Object::parse(&nested(33)).unwrap_err(), Fault::TooDeep);
        assert_eq!(Object::parse(&"[".repeat(100_000)).unwrap_err(), Fault::TooDeep);
    }

    proptest::proptest! {
        /// Whatever is accepted, serde_json accepts; whatever serde_json writes, is accepted.
        #[test]
        fn agrees_with_serde_json(text in r#"[\[\]{}:,"\\0-9eE.+\-truefalsn u\PC]{0,24}"#) {
            if check(&text).is_ok() {
                // serde_json refuses numbers beyond f64, whose text is legal JSON.
                let read = serde_json::from_str::<&serde_json::value::RawValue>(&text);
                proptest::prop_assert!(read.is_ok(), "{text}");
            }
            let written = serde_json::to_string(&text).unwrap();
            proptest::prop_assert!(check(&written).is_ok());
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
            assert!(check(text).is_err(), "{text:?}");
        }
        assert_eq!(Object::parse("[]").unwrap_err(), Fault::NotObject);
        assert_eq!(Object::from_slice(b"{\"a\":\"\xff\"}").unwrap_err(), Fault::NotUtf8);
    }
}
