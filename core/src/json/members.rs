//! Members of a checked object into a type, without reading their names again.

use serde::Deserialize;
use serde::de::value::BorrowedStrDeserializer;
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, Visitor};

use super::Members;
use super::misfit::Misfit;
use super::read::Reader;

type Result<T> = std::result::Result<T, Misfit>;

/// Reads the object `text`, whose members were found before, into a type. What it gives is what serde_json gives.
pub(crate) fn read_members<'a, T: Deserialize<'a>>(text: &'a str, members: &'a Members) -> Result<T> {
    T::deserialize(ObjectReader { text, members })
}

/// Leaves methods to the reader of the whole text.
macro_rules! by_reader {
    ($($method:ident($($argument:ident: $type:ty),*))*) => {
        $(fn $method<V: Visitor<'de>>(self, $($argument: $type,)* visitor: V) -> Result<V::Value> {
            Reader::new(self.text)?.$method($($argument,)* visitor)
        })*
    };
}

/// Structs are read from the members.
struct ObjectReader<'a> {
    text: &'a str,
    members: &'a Members,
}

impl<'de> Deserializer<'de> for ObjectReader<'de> {
    type Error = Misfit;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        let mut access = Access { members: self.members.iter(self.text), name: "", value: "" };
        let value = visitor.visit_map(&mut access)?;
        match access.members.next() {
            None => Ok(value),
            Some(_) => Err(Misfit::custom("the type leaves members unread")),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_some(self)
    }

    by_reader! {
        deserialize_any() deserialize_bool() deserialize_i8() deserialize_i16() deserialize_i32() deserialize_i64()
        deserialize_i128() deserialize_u8() deserialize_u16() deserialize_u32() deserialize_u64() deserialize_u128()
        deserialize_f32() deserialize_f64() deserialize_char() deserialize_str() deserialize_string()
        deserialize_bytes() deserialize_byte_buf() deserialize_unit() deserialize_seq()
        deserialize_map() deserialize_identifier() deserialize_ignored_any() deserialize_tuple(len: usize)
        deserialize_unit_struct(name: &'static str) deserialize_newtype_struct(name: &'static str)
        deserialize_tuple_struct(name: &'static str, len: usize)
        deserialize_enum(name: &'static str, variants: &'static [&'static str])
    }
}

struct Access<'a, I> {
    members: I,
    name: &'a str,
    value: &'a str,
}

impl<'de, I: Iterator<Item = (&'de str, &'de str)>> MapAccess<'de> for &mut Access<'de, I> {
    type Error = Misfit;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>> {
        let Some((name, value)) = self.members.next() else { return Ok(None) };
        (self.name, self.value) = (name, value);
        seed.deserialize(BorrowedStrDeserializer::new(name)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value> {
        let mut reader = Reader::new(self.value)?;
        seed.deserialize(&mut reader).map_err(|misfit| misfit.within(self.name))
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
