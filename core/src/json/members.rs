//! Members of a checked object into a type, without reading their names again.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, Visitor};

use super::misfit::Misfit;
use super::read::{Reader, VariantName};
use super::{Members, PRIVATE};

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

/// Structs and maps are read from the members.
#[derive(Clone, Copy)]
struct ObjectReader<'a> {
    text: &'a str,
    members: &'a Members,
}

impl<'de> ObjectReader<'de> {
    fn members<V: Visitor<'de>>(self, names_are_fields: bool, visitor: V) -> Result<V::Value> {
        let reader = Reader::new(self.text)?;
        let mut access = Access { reader, from: self, names_are_fields, at: 0, name: "" };
        let value = visitor.visit_map(&mut access)?;
        if access.at < self.members.members.as_slice().len() {
            return Err(Misfit::custom("the type leaves members unread"));
        }
        Ok(value)
    }
}

impl<'de> Deserializer<'de> for ObjectReader<'de> {
    type Error = Misfit;

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.members(false, visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        self.members(true, visitor)
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.members.iter(self.text).next() {
            // The reader says why not.
            Some((name, _)) if PRIVATE.contains(&name) => Reader::new(self.text)?.deserialize_any(visitor),
            _ => self.deserialize_map(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_some(self)
    }

    by_reader! {
        deserialize_bool() deserialize_i8() deserialize_i16() deserialize_i32() deserialize_i64()
        deserialize_i128() deserialize_u8() deserialize_u16() deserialize_u32() deserialize_u64() deserialize_u128()
        deserialize_f32() deserialize_f64() deserialize_char() deserialize_str() deserialize_string()
        deserialize_bytes() deserialize_byte_buf() deserialize_unit() deserialize_seq()
        deserialize_identifier() deserialize_ignored_any() deserialize_tuple(len: usize)
        deserialize_unit_struct(name: &'static str) deserialize_newtype_struct(name: &'static str)
        deserialize_tuple_struct(name: &'static str, len: usize)
        deserialize_enum(name: &'static str, variants: &'static [&'static str])
    }
}

struct Access<'a> {
    /// It goes from value to value.
    reader: Reader<'a>,
    from: ObjectReader<'a>,
    /// Whether what does not fit a name names it already.
    names_are_fields: bool,
    /// How many members were read.
    at: usize,
    /// The name of the last one.
    name: &'a str,
}

impl<'de> MapAccess<'de> for &mut Access<'de> {
    type Error = Misfit;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>> {
        let ObjectReader { text, members } = self.from;
        let Some((name, value)) = members.members.as_slice().get(self.at) else { return Ok(None) };
        self.at += 1;
        self.name = name.name_in(text, &members.decoded);
        let (start, end) = value.bounds();
        // A string without escapes ends where its value does.
        let is_plain = members.plain && text.as_bytes().get(start) == Some(&b'"');
        self.reader.go_to(start, if is_plain { end - 1 } else { 0 });
        let key = seed.deserialize(VariantName(Cow::Borrowed(self.name))).map(Some);
        key.map_err(|misfit| if self.names_are_fields { misfit } else { misfit.within(self.name) })
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value> {
        seed.deserialize(&mut self.reader).map_err(|misfit| misfit.within(self.name))
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::collections::BTreeMap;
    use std::fmt::Debug;

    use proptest::prelude::*;
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

    #[derive(Debug, PartialEq, Deserialize)]
    struct Borrowing<'a> {
        text: &'a str,
        #[serde(borrow)]
        cow: Option<Cow<'a, str>>,
        #[serde(default)]
        nested: Vec<&'a str>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(tag = "kind")]
    enum Tagged {
        Small { text: String, number: Option<i64> },
        Large { list: Vec<bool>, float: f32 },
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(untagged)]
    enum Any {
        Wide { number: u128 },
        Letter { letter: char },
        Pair { list: (u8, String) },
        Rest(BTreeMap<String, serde_json::Value>),
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Deep {
        #[serde(default)]
        map: BTreeMap<String, BTreeMap<bool, Nested>>,
        #[serde(default)]
        list: Vec<Option<Kind>>,
        #[serde(default)]
        nested: Option<Box<Deep>>,
    }

    fn agrees<'a, T: Deserialize<'a> + PartialEq + Debug>(text: &'a str, members: &'a Members) {
        match (serde_json::from_str::<T>(text), read_members::<T>(text, members)) {
            (Ok(theirs), Ok(ours)) => assert_eq!(theirs, ours, "{text}"),
            (Err(_), Err(_)) => {}
            // A struct's members have names: the places of a list say nothing.
            (Ok(_), Err(misfit)) if misfit.to_string().ends_with("must be an object, found a list") => {}
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
                    agrees::<Borrowing<'_>>(&text, members);
                    let raw: &RawValue = read_members(&text, members).unwrap();
                    assert_eq!(raw.get(), text.trim());
                }
            }
        }
    }

    /// Texts of values, which those types may or may not take. Numbers have so few digits that serde_json reads them
    /// exactly.
    fn value() -> impl Strategy<Value = String> {
        let name = prop::sample::select(
            &["text", "cow", "list", "map", "true", "false", "x", "nested", "Sized", "\\u0078"][..],
        );
        let leaf = prop_oneof![
            prop::sample::select(
                &["null", "true", "false", r#""Small""#, r#""Large""#, "-0", "1e2", "0.5"][..]
            )
            .prop_map(str::to_owned),
            any::<i32>().prop_map(|number| number.to_string()),
            any::<u64>().prop_map(|number| number.to_string()),
            (any::<i16>(), 0..1000_u16).prop_map(|(whole, part)| format!("{whole}.{part}")),
            r#"[ -~é\u{1}]{0,12}"#.prop_map(|text| serde_json::to_string(&text).unwrap()),
        ];
        leaf.prop_recursive(4, 24, 4, move |inner| {
            let members = prop::collection::btree_map(name.clone(), inner.clone(), 0..4);
            prop_oneof![
                prop::collection::vec(inner, 0..4).prop_map(|items| format!("[ {}]", items.join(" , "))),
                members.prop_map(|members| object(&members)),
            ]
        })
    }

    fn object(members: &BTreeMap<&str, String>) -> String {
        let members: Vec<String> =
            members.iter().map(|(name, value)| format!("\"{name}\" :{value} ")).collect();
        format!("{{{} }}", members.join(", "))
    }

    proptest! {
        /// Owned and borrowing types, and what they leave unread.
        #[test]
        fn gives_what_serde_json_gives_of_any_object(
            members in prop::collection::btree_map(
                prop::sample::select(
                    &[
                        "text", "cow", "option", "number", "signed", "float", "letter", "list", "map", "kind",
                        "value", "unit", "nested", "wrapped", "unknown", "exp", "iss",
                    ][..],
                ),
                value(),
                0..8,
            ),
        ) {
            let text = object(&members);
            // Two spellings of one name within.
            let Ok(members) = &Members::parse(&text) else { return Ok(()) };
            agrees::<Everything<'_>>(&text, members);
            agrees::<Flat>(&text, members);
            agrees::<Closed>(&text, members);
            agrees::<Borrowing<'_>>(&text, members);
            agrees::<Tagged>(&text, members);
            agrees::<Any>(&text, members);
            agrees::<Deep>(&text, members);
            agrees::<Option<Nested>>(&text, members);
            agrees::<BTreeMap<String, Cow<'_, str>>>(&text, members);
            agrees::<serde_json::Value>(&text, members);
            let raw: &RawValue = read_members(&text, members).unwrap();
            prop_assert_eq!(raw.get(), &text);
        }
    }

    /// serde_json reads long numbers only roughly; here each is the nearest one.
    #[test]
    fn numbers_are_read_exactly() {
        for number in
            ["0.1234567890123456789", "9007199254740993.0", "7.2057594037927933e16", "1e-320", "2.5e15"]
        {
            let text = format!("{{\"float\":{number}}}");
            let members = Members::parse(&text).unwrap();
            let read: Everything<'_> = read_members(&text, &members).unwrap();
            assert_eq!(read.float.to_bits(), number.parse::<f64>().unwrap().to_bits(), "{number}");
        }
        for digits in 1..=20 {
            for number in ["1", "9", "10", "12345678", "18446744073709551615"].map(|long| long.repeat(digits))
            {
                let text = format!("{{\"number\":{}}}", &number[..number.len().min(digits)]);
                let members = Members::parse(&text).unwrap();
                agrees::<Everything<'_>>(&text, &members);
            }
        }
    }
}
