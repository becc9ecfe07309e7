//! Members of a checked object into a type, without reading their names and strings again.

use serde::Deserialize;
use serde::de::value::BorrowedStrDeserializer;
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, Visitor};

use super::Members;

type Result<T> = serde_json::Result<T>;

/// Reads the object `text`, whose members were found before, into a type. What it gives is what serde_json gives.
pub(crate) fn read_members<'a, T: Deserialize<'a>>(text: &'a str, members: &'a Members) -> Result<T> {
    T::deserialize(ObjectReader { text, members })
}

/// Leaves methods to serde_json, which reads `self.text`.
macro_rules! by_serde_json {
    ($($method:ident($($argument:ident: $type:ty),*))*) => {
        $(fn $method<V: Visitor<'de>>(self, $($argument: $type,)* visitor: V) -> Result<V::Value> {
            serde_json::Deserializer::from_str(self.text).$method($($argument,)* visitor)
        })*
    };
}

/// Structs are read from the members. Maps are not: their keys may be numbers in strings, which serde_json knows.
struct ObjectReader<'a> {
    text: &'a str,
    members: &'a Members,
}

impl<'de> Deserializer<'de> for ObjectReader<'de> {
    type Error = serde_json::Error;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        let mut access =
            Access { members: self.members.iter(self.text), value: "", plain: self.members.are_plain() };
        let value = visitor.visit_map(&mut access)?;
        match access.members.next() {
            None => Ok(value),
            Some(_) => Err(serde_json::Error::custom("the type leaves members unread")),
        }
    }

    by_serde_json! {
        deserialize_any() deserialize_bool() deserialize_i8() deserialize_i16() deserialize_i32() deserialize_i64()
        deserialize_i128() deserialize_u8() deserialize_u16() deserialize_u32() deserialize_u64() deserialize_u128()
        deserialize_f32() deserialize_f64() deserialize_char() deserialize_str() deserialize_string()
        deserialize_bytes() deserialize_byte_buf() deserialize_option() deserialize_unit() deserialize_seq()
        deserialize_map() deserialize_identifier() deserialize_ignored_any() deserialize_tuple(len: usize)
        deserialize_unit_struct(name: &'static str) deserialize_newtype_struct(name: &'static str)
        deserialize_tuple_struct(name: &'static str, len: usize)
        deserialize_enum(name: &'static str, variants: &'static [&'static str])
    }
}

struct Access<'a, I> {
    members: I,
    value: &'a str,
    plain: bool,
}

impl<'de, I: Iterator<Item = (&'de str, &'de str)>> MapAccess<'de> for &mut Access<'de, I> {
    type Error = serde_json::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>> {
        let Some((name, value)) = self.members.next() else { return Ok(None) };
        self.value = value;
        seed.deserialize(BorrowedStrDeserializer::new(name)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value> {
        seed.deserialize(ValueReader { text: self.value, plain: self.plain })
    }
}

/// Strings without escapes, absent values and skipped ones are clear; the rest is serde_json's.
struct ValueReader<'a> {
    text: &'a str,
    plain: bool,
}

impl<'a> ValueReader<'a> {
    fn plain_string(&self) -> Option<&'a str> {
        if self.plain { self.text.strip_prefix('"')?.strip_suffix('"') } else { None }
    }
}

impl<'de> Deserializer<'de> for ValueReader<'de> {
    type Error = serde_json::Error;

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.plain_string() {
            Some(text) => visitor.visit_borrowed_str(text),
            None => serde_json::Deserializer::from_str(self.text).deserialize_str(visitor),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        if self.text == "null" { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_unit()
    }

    by_serde_json! {
        deserialize_any() deserialize_bool() deserialize_i8() deserialize_i16() deserialize_i32() deserialize_i64()
        deserialize_i128() deserialize_u8() deserialize_u16() deserialize_u32() deserialize_u64() deserialize_u128()
        deserialize_f32() deserialize_f64() deserialize_char() deserialize_bytes() deserialize_byte_buf()
        deserialize_unit() deserialize_seq() deserialize_map() deserialize_identifier() deserialize_tuple(len: usize)
        deserialize_unit_struct(name: &'static str) deserialize_newtype_struct(name: &'static str)
        deserialize_tuple_struct(name: &'static str, len: usize)
        deserialize_struct(name: &'static str, fields: &'static [&'static str])
        deserialize_enum(name: &'static str, variants: &'static [&'static str])
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::collections::BTreeMap;
    use std::fmt::Debug;

    use serde_json::value::RawValue;

    use super::*;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default)]
    struct Everything<'a> {
        text: String,
        #[serde(borrow)]
        cow: Cow<'a, str>,
        option: Option<String>,
        number: Option<u64>,
        signed: i8,
        float: f64,
        letter: char,
        list: Vec<Option<u8>>,
        map: BTreeMap<u16, String>,
        kind: Kind,
        value: serde_json::Value,
        unit: (),
        nested: Nested,
        wrapped: Wrapped,
    }

    #[derive(Debug, Default, PartialEq, Deserialize)]
    enum Kind {
        #[default]
        Small,
        Sized(u8),
    }

    #[derive(Debug, Default, PartialEq, Deserialize)]
    struct Nested {
        text: String,
    }

    #[derive(Debug, Default, PartialEq, Deserialize)]
    struct Wrapped(String);

    #[derive(Debug, PartialEq, Deserialize)]
    struct Flat {
        #[serde(flatten)]
        rest: BTreeMap<String, serde_json::Value>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Closed {
        text: Option<String>,
    }

    fn agrees<'a, T: Deserialize<'a> + PartialEq + Debug>(text: &'a str, members: &'a Members) {
        match (serde_json::from_str::<T>(text), read_members::<T>(text, members)) {
            (Ok(theirs), Ok(ours)) => assert_eq!(theirs, ours, "{text}"),
            (Err(_), Err(_)) => {}
            (theirs, ours) => panic!("{text}: {theirs:?} {ours:?}"),
        }
    }

    #[test]
    fn gives_what_serde_json_gives() {
        let values = [
            "null",
            "true",
            "0",
            "-1",
            "255",
            "256",
            "1.5",
            "1e3",
            "18446744073709551615",
            r#""""#,
            r#""a""#,
            r#""a\nb""#,
            r#""\u00e9""#,
            r#""Small""#,
            r#"{"Sized":7}"#,
            "[]",
            "[1,null]",
            r#"{"7":"x"}"#,
            r#"{"text":"y"}"#,
            "{}",
        ];
        let names = [
            "text",
            "cow",
            "option",
            "number",
            "signed",
            "float",
            "letter",
            "list",
            "map",
            "kind",
            "value",
            "unit",
            "nested",
            "wrapped",
            "unknown",
            "te\\u0078t",
        ];
        for name in names {
            for value in values {
                for more in ["", r#","more":[{"a":"\\"}]"#] {
                    let text = format!(" {{ \"{name}\" : {value} {more} }} ");
                    let members = &Members::parse(&text).unwrap();
                    agrees::<Everything<'_>>(&text, members);
                    agrees::<Flat>(&text, members);
                    agrees::<Closed>(&text, members);
                    agrees::<Option<Nested>>(&text, members);
                    agrees::<serde_json::Value>(&text, members);
                    agrees::<BTreeMap<String, serde_json::Value>>(&text, members);
                    agrees::<Vec<u8>>(&text, members);
                    let raw: &RawValue = read_members(&text, members).unwrap();
                    assert_eq!(raw.get(), text.trim());
                }
            }
        }
    }
}
