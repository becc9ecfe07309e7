//! The reader: a JSON text into any type that serde can read, and the path to what does not fit.
//!
//! A name is a name: no reader of this crate takes a member for anything else than its name says. serde_json's tree of
//! values does: it reads an object that begins with one of the names in [`PRIVATE`] as text to be parsed once more.

use std::borrow::Cow;
use std::str::FromStr;

use serde::de::value::{BorrowedStrDeserializer, CowStrDeserializer};
use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, EnumAccess, Error as _, MapAccess, SeqAccess, Unexpected,
    VariantAccess, Visitor,
};

use super::misfit::Misfit;
use super::scan::{Failed, Scanner};
use super::{Fault, PRIVATE, RAW, TOKEN_DEPTH, string};

type Result<T, E = Misfit> = std::result::Result<T, E>;

/// Reads a value that was checked before, or that was written here; a struct takes the members that it knows.
pub(crate) fn from_value<'de, T: Deserialize<'de>>(value: &'de str) -> Result<T> {
    Reader::new(value)?.whole()
}

/// A place in a text that was checked before.
pub(super) struct Reader<'de> {
    scanner: Scanner<'de>,
    /// Where the string ends that is read next, if that is known: at its closing quote. Else it is before here.
    close: usize,
}

impl<'de> Reader<'de> {
    /// At the beginning of a value.
    pub(super) fn new(text: &'de str) -> Result<Self> {
        let mut scanner = Scanner::new(text)?;
        scanner.deepest = TOKEN_DEPTH;
        scanner.blanks();
        Ok(Reader { scanner, close: 0 })
    }

    /// Goes to a value; `close` as in the reader.
    #[inline]
    pub(super) fn go_to(&mut self, at: usize, close: usize) {
        (self.scanner.at, self.close) = (at, close);
    }

    /// The value, and nothing behind it.
    fn whole<T: Deserialize<'de>>(mut self) -> Result<T> {
        let value = T::deserialize(&mut self)?;
        self.scan(Scanner::end)?;
        Ok(value)
    }

    fn scan<T>(&mut self, scan: impl FnOnce(&mut Scanner<'de>) -> Result<T, Failed>) -> Result<T> {
        Ok(self.scanner.run(scan)?)
    }

    /// The text that `scan` goes over.
    fn text(&mut self, scan: impl FnOnce(&mut Scanner<'de>) -> Result<(), Failed>) -> Result<&'de str> {
        let start = self.scanner.at;
        self.scan(scan)?;
        Ok(self.scanner.since(start))
    }

    /// A number that an integer of 128 bits holds; where there is none, nothing is read.
    fn wide<N: FromStr>(&mut self) -> Option<N> {
        let start = self.scanner.at;
        let number = self.text(Scanner::number).ok().and_then(|text| text.parse().ok());
        if number.is_none() {
            self.scanner.at = start;
        }
        number
    }

    #[inline]
    fn plain_string(&mut self) -> Option<&'de str> {
        self.scanner.plain_string(self.close)
    }

    #[inline]
    fn string(&mut self) -> Result<Cow<'de, str>> {
        match self.plain_string() {
            Some(text) => Ok(Cow::Borrowed(text)),
            None => self.escaped_string(),
        }
    }

    #[cold]
    fn escaped_string(&mut self) -> Result<Cow<'de, str>> {
        let quoted = self.text(|scanner| scanner.string().map(drop))?;
        string(quoted).ok_or_else(|| Misfit::custom("must be a string"))
    }

    fn number(&mut self) -> Result<Scalar<'de>> {
        if let Some(number) = self.scanner.small_number() {
            return Ok(Scalar::Unsigned(number));
        }
        let text = self.text(Scanner::number)?;
        let whole = text != "-0" && !text.contains(['.', 'e', 'E']);
        if let (true, Ok(number)) = (whole, text.parse()) {
            return Ok(Scalar::Unsigned(number));
        }
        if let (true, Ok(number)) = (whole, text.parse()) {
            return Ok(Scalar::Signed(number));
        }
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Scalar::Float(number)),
            _ => Err(Misfit::custom("is a number that is too large")),
        }
    }

    /// A truth value, where there is one.
    #[inline]
    fn truth(&mut self) -> Result<Option<bool>> {
        let (word, truth) = match self.scanner.peek() {
            Some(b't') => (self.scanner.word("true"), true),
            Some(b'f') => (self.scanner.word("false"), false),
            _ => return Ok(None),
        };
        if word.is_err() { self.unexpected() } else { Ok(Some(truth)) }
    }

    /// The value here, which is not looked into where it is a list or an object.
    #[inline(never)]
    fn scalar(&mut self) -> Result<Scalar<'de>> {
        match self.scanner.peek() {
            Some(b'"') => Ok(Scalar::Text(self.string()?)),
            Some(b'{') => Ok(Scalar::Object),
            Some(b'[') => Ok(Scalar::List),
            Some(b't' | b'f') => self.truth().map(|truth| Scalar::Truth(truth == Some(true))),
            Some(b'n') => self.scan(|scanner| scanner.word("null")).map(|()| Scalar::Null),
            _ => self.number(),
        }
    }

    /// As `deserialize_any`, for types that are neither a list nor an object.
    fn simple<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value> {
        match self.scalar()? {
            Scalar::Text(Cow::Borrowed(text)) => visitor.visit_borrowed_str(text),
            Scalar::Text(Cow::Owned(text)) => visitor.visit_string(text),
            Scalar::Unsigned(number) => visitor.visit_u64(number),
            Scalar::Signed(number) => visitor.visit_i64(number),
            Scalar::Float(number) => visitor.visit_f64(number),
            Scalar::Truth(truth) => visitor.visit_bool(truth),
            Scalar::Null => visitor.visit_unit(),
            Scalar::List => Err(Misfit::invalid_type(Unexpected::Seq, &visitor)),
            Scalar::Object => Err(Misfit::invalid_type(Unexpected::Map, &visitor)),
        }
    }

    #[inline]
    fn expect(&mut self, byte: u8) -> Result<()> {
        if self.scanner.peek() != Some(byte) {
            return self.unexpected();
        }
        self.scanner.at += 1;
        Ok(())
    }

    #[cold]
    fn unexpected<T>(&self) -> Result<T> {
        Err(Fault::Syntax { at: self.scanner.at }.into())
    }

    /// Whether another item of a list or an object follows; `first` is whether none came before.
    #[inline]
    fn follows(&mut self, first: &mut bool, close: u8) -> Result<bool> {
        let found = self.scanner.blanks();
        if found == Some(close) {
            return Ok(false);
        }
        if !std::mem::take(first) {
            self.expect(b',')?;
            self.scanner.blanks();
        }
        Ok(true)
    }

    fn list<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value> {
        self.expect(b'[')?;
        let mut items = Items { reader: self, first: true, at: 0 };
        let value = visitor.visit_seq(&mut items)?;
        if items.reader.follows(&mut items.first, b']')? {
            return Err(Misfit::custom(format!("must be a list of {} items, found more", items.at)));
        }
        self.expect(b']')?;
        Ok(value)
    }

    fn object<V: Visitor<'de>>(&mut self, rules: Rules, visitor: V) -> Result<V::Value> {
        self.expect(b'{')?;
        let mut members = Members { reader: self, first: true, rules, name: Cow::Borrowed("") };
        let value = visitor.visit_map(&mut members)?;
        if members.reader.follows(&mut members.first, b'}')? {
            return Err(Misfit::custom("has a member that the type leaves unread"));
        }
        self.expect(b'}')?;
        Ok(value)
    }
}

/// A value as far as it is told without the type that it is read into: which code is written once, and not for every type.
enum Scalar<'de> {
    Text(Cow<'de, str>),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Truth(bool),
    Null,
    List,
    Object,
}

/// What holds for the names of an object.
#[derive(Clone, Copy)]
enum Rules {
    /// Any name.
    Any,
    /// Any that a tree of values takes for a name.
    NotPrivate,
}

/// Leaves methods to another.
macro_rules! leave {
    (to $other:ident: $($method:ident($($argument:ident: $type:ty),*))*) => {
        $(fn $method<V: Visitor<'de>>(self, $(_: $type,)* visitor: V) -> Result<V::Value> {
            self.$other(visitor)
        })*
    };
}

impl<'de> Deserializer<'de> for &mut Reader<'de> {
    type Error = Misfit;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.scanner.peek() {
            Some(b'{') => self.object(Rules::NotPrivate, visitor),
            Some(b'[') => self.list(visitor),
            _ => self.simple(visitor),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.scanner.peek() {
            Some(b'[') => self.list(visitor),
            _ => self.simple(visitor),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.plain_string() {
            Some(text) => visitor.visit_borrowed_str(text),
            None => self.simple(visitor),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.truth()? {
            Some(truth) => visitor.visit_bool(truth),
            None => self.simple(visitor),
        }
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.scanner.small_number() {
            Some(number) => visitor.visit_u64(number),
            None => self.simple(visitor),
        }
    }

    fn deserialize_i128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.wide() {
            Some(number) => visitor.visit_i128(number),
            None => self.deserialize_any(visitor),
        }
    }

    fn deserialize_u128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.wide() {
            Some(number) => visitor.visit_u128(number),
            None => self.deserialize_any(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        if self.scanner.peek() == Some(b'n') {
            self.scan(|scanner| scanner.word("null"))?;
            return visitor.visit_none();
        }
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value> {
        if name == RAW {
            return visitor.visit_map(Raw(Some(self.text(|scanner| scanner.value(0))?)));
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.scanner.peek() {
            Some(b'{') => self.object(Rules::Any, visitor),
            _ => self.simple(visitor),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        match self.scanner.peek() {
            Some(b'{') => self.object(Rules::Any, visitor),
            // A list among them: a struct's members have names, their places say nothing.
            _ => self.simple(visitor),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        match self.scanner.peek() {
            Some(b'"') => {
                let name = self.string()?;
                visitor.visit_enum(CowStrDeserializer::new(name))
            }
            Some(b'{') => {
                self.expect(b'{')?;
                self.scanner.blanks();
                let value = visitor.visit_enum(Variant(self))?;
                self.scanner.blanks();
                self.expect(b'}')?;
                Ok(value)
            }
            _ => Err(Misfit::unknown_variant("", variants)),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.scan(|scanner| scanner.value(0))?;
        visitor.visit_unit()
    }

    leave! { to simple: deserialize_f32() deserialize_f64() deserialize_unit() deserialize_unit_struct(name: &'static str) }

    leave! { to deserialize_str: deserialize_char() deserialize_string() deserialize_identifier() }

    leave! { to deserialize_u64:
        deserialize_i8() deserialize_i16() deserialize_i32() deserialize_i64() deserialize_u8() deserialize_u16()
        deserialize_u32()
    }

    leave! { to deserialize_seq:
        deserialize_bytes() deserialize_byte_buf()
        deserialize_tuple(len: usize) deserialize_tuple_struct(name: &'static str, len: usize)
    }
}

struct Items<'a, 'de> {
    reader: &'a mut Reader<'de>,
    first: bool,
    at: usize,
}

impl<'de> SeqAccess<'de> for &mut Items<'_, 'de> {
    type Error = Misfit;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>> {
        if !self.reader.follows(&mut self.first, b']')? {
            return Ok(None);
        }
        let at = self.at;
        self.at += 1;
        seed.deserialize(&mut *self.reader).map(Some).map_err(|misfit| misfit.within_item(at))
    }
}

struct Members<'a, 'de> {
    reader: &'a mut Reader<'de>,
    first: bool,
    rules: Rules,
    /// The name of the last member.
    name: Cow<'de, str>,
}

impl Members<'_, '_> {
    /// Whether another member follows; goes to its value.
    fn follows(&mut self) -> Result<bool> {
        let first = self.first;
        if !self.reader.follows(&mut self.first, b'}')? {
            return Ok(false);
        }
        self.name = self.reader.string()?;
        match self.rules {
            Rules::NotPrivate if first && PRIVATE.contains(&&*self.name) => {
                return Err(Misfit::custom("cannot be read into a tree of values").within(&self.name));
            }
            _ => {}
        }
        self.reader.scanner.blanks();
        self.reader.expect(b':')?;
        self.reader.scanner.blanks();
        Ok(true)
    }
}

impl<'de> MapAccess<'de> for &mut Members<'_, 'de> {
    type Error = Misfit;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>> {
        if !self.follows()? {
            return Ok(None);
        }
        seed.deserialize(VariantName(self.name.clone())).map(Some).map_err(|misfit| misfit.within(&self.name))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value> {
        seed.deserialize(&mut *self.reader).map_err(|misfit| misfit.within(&self.name))
    }
}

/// A member's name, which may hold a number or a truth value where a map's keys are such.
pub(super) struct VariantName<'de>(pub(super) Cow<'de, str>);

macro_rules! scalar_names {
    ($($method:ident $visit:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
            match self.0.parse() {
                Ok(value) => visitor.$visit(value),
                Err(_) => self.deserialize_any(visitor),
            }
        })*
    };
}

impl<'de> Deserializer<'de> for VariantName<'de> {
    type Error = Misfit;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.0 {
            Cow::Borrowed(name) => visitor.visit_borrowed_str(name),
            Cow::Owned(name) => visitor.visit_string(name),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        visitor.visit_enum(CowStrDeserializer::new(self.0))
    }

    scalar_names! {
        deserialize_bool visit_bool deserialize_i8 visit_i8 deserialize_i16 visit_i16 deserialize_i32 visit_i32
        deserialize_i64 visit_i64 deserialize_i128 visit_i128 deserialize_u8 visit_u8 deserialize_u16 visit_u16
        deserialize_u32 visit_u32 deserialize_u64 visit_u64 deserialize_u128 visit_u128 deserialize_f32 visit_f32
        deserialize_f64 visit_f64
    }

    leave! { to deserialize_any:
        deserialize_char() deserialize_str() deserialize_string() deserialize_bytes() deserialize_byte_buf()
        deserialize_unit() deserialize_unit_struct(name: &'static str) deserialize_seq()
        deserialize_tuple(len: usize) deserialize_tuple_struct(name: &'static str, len: usize) deserialize_map()
        deserialize_struct(name: &'static str, fields: &'static [&'static str])
        deserialize_identifier() deserialize_ignored_any()
    }
}

/// A variant that holds something: the one member of an object.
struct Variant<'a, 'de>(&'a mut Reader<'de>);

impl<'de> EnumAccess<'de> for Variant<'_, 'de> {
    type Error = Misfit;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self)> {
        let name = self.0.string()?;
        let variant = seed.deserialize(VariantName(name))?;
        self.0.scanner.blanks();
        self.0.scan(|scanner| scanner.expect(b':'))?;
        self.0.scanner.blanks();
        Ok((variant, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'_, 'de> {
    type Error = Misfit;

    fn unit_variant(self) -> Result<()> {
        Deserialize::deserialize(self.0)
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value> {
        seed.deserialize(self.0)
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value> {
        self.0.deserialize_tuple(len, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        self.0.deserialize_struct("", fields, visitor)
    }
}

/// A text that stays as it is, in the form in which serde_json's `RawValue` takes it.
struct Raw<'de>(Option<&'de str>);

impl<'de> MapAccess<'de> for Raw<'de> {
    type Error = Misfit;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>> {
        match self.0 {
            Some(_) => seed.deserialize(BorrowedStrDeserializer::new(RAW)).map(Some),
            None => Ok(None),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value> {
        seed.deserialize(BorrowedStrDeserializer::new(self.0.take().unwrap_or("null")))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fmt::Debug;

    use serde::de::DeserializeOwned;
    use serde_json::Value;
    use serde_json::value::RawValue;

    use super::*;

    #[derive(Debug, PartialEq, serde::Deserialize)]
    struct Outer {
        inner: Inner,
        #[serde(default)]
        list: Vec<Inner>,
    }

    #[derive(Debug, PartialEq, serde::Deserialize)]
    struct Inner {
        text: Option<String>,
        number: Option<u8>,
    }

    fn refused<T: DeserializeOwned + Debug>(text: &str) -> String {
        from_value::<T>(text).unwrap_err().to_string()
    }

    #[test]
    fn what_does_not_fit_is_named_by_its_path() {
        for (text, said) in [
            (
                r#"{"inner":{},"list":[{},{"number":256}]}"#,
                "list[1].number: must be a whole number from 0 to 255",
            ),
            (r#"{"inner":{"number":-1}}"#, "inner.number: must be a whole number from 0 to 255"),
            (r#"{"inner":{"text":{}}}"#, "inner.text: must be a string, found an object"),
            (r#"{"inner":[null,null]}"#, "inner: must be an object, found a list"),
            (r#"{"list":[]}"#, "inner: this field is required"),
            (r#"{"inner":{"text":"a","text":"b"}}"#, "inner.text: this field is there twice"),
            (r#"{"inner":{}} 1"#, "not valid JSON at byte 13"),
            ("null", "must be an object, found null"),
        ] {
            assert_eq!(refused::<Outer>(text), said, "{text}");
        }
        assert_eq!(refused::<(u8, u8)>("[1,2,3]"), "must be a list of 2 items, found more");
        // What 128 bits do not hold is read anew, from its beginning.
        let found = "found a number with a point or an exponent";
        assert_eq!(refused::<i128>("1.5"), format!("must be a whole number, {found}"));
        assert_eq!(refused::<u128>("1.5"), format!("must be a whole number, 0 or more, {found}"));
    }

    #[test]
    fn a_value_that_was_checked_may_have_members_that_nobody_knows() {
        let read: Outer = from_value(r#"{ "more" : [1,{"x":"]"}] , "inner" : {"text":"\u00e9"} }"#).unwrap();
        assert_eq!(read.inner.text.as_deref(), Some("é"));
        let deep = format!("{}1{}", "[".repeat(TOKEN_DEPTH), "]".repeat(TOKEN_DEPTH));
        assert!(from_value::<Value>(&deep).is_ok() && from_value::<Box<RawValue>>(&deep).is_ok());
    }

    #[test]
    fn what_is_no_json_is_refused_unchecked_too() {
        for text in [
            "",
            "{",
            "{\"a\"",
            "{\"a\":",
            "{\"a\":1",
            "[1",
            "[1 2]",
            "[,1]",
            "[1,]",
            "{\"a\":1,}",
            "\"a",
            "tru",
            "1.",
            "1 1",
        ] {
            assert!(from_value::<Value>(text).is_err(), "{text}");
            assert!(from_value::<serde::de::IgnoredAny>(text).is_err(), "{text}");
        }
    }

    /// The names by which serde_json's own readers know ready JSON and numbers of any size.
    #[test]
    fn a_name_is_a_name() {
        for name in PRIVATE {
            for value in [r#""{\"a\":1,\"a\":2}""#, r#""[[[[1]]]]""#, r#""1""#, "1", "null", "{}"] {
                let text = format!("{{{name:?}:{value}}}");
                // What serde_json makes of it, where this crate does not read: never the object that it is.
                let theirs = serde_json::from_str::<Value>(&text);
                assert!(name != RAW || theirs.is_err() || theirs.unwrap().get(name).is_none(), "{text}");
                let nested = format!("[{{\"x\":{text}}}]");
                for text in [&text, &nested] {
                    let error = refused::<Value>(text);
                    assert!(error.ends_with("cannot be read into a tree of values"), "{text}: {error}");
                }

                let kept: BTreeMap<String, Box<RawValue>> = from_value(&text).unwrap();
                assert_eq!(kept[name].get(), value);
                let kept: Box<RawValue> = from_value(&nested).unwrap();
                assert_eq!(kept.get(), nested);
                let kept: BTreeMap<String, Box<RawValue>> = from_value(&format!("{{\"x\":{text}}}")).unwrap();
                assert_eq!(kept["x"].get(), text);
                assert!(from_value::<Inner>(&text).is_ok(), "{text}");
            }
        }
    }

    proptest::proptest! {
        /// Whatever a tree of values is read from, here and there the same.
        #[test]
        fn agrees_with_serde_json(text in r#"[\[\]{}:,"\\0-9eE.+\-truefalsn u\PC]{0,24}"#) {
            if crate::json::check_within(0, &text).is_ok() {
                match (serde_json::from_str::<Value>(&text), from_value::<Value>(&text)) {
                    (Ok(theirs), ours) => proptest::prop_assert_eq!(theirs, ours.unwrap()),
                    (Err(_), ours) => proptest::prop_assert!(ours.is_err(), "{text}"),
                }
            }
        }
    }
}
