//! The writer: any type that serde can write, as compact JSON that the scanner would accept, in one pass.
//!
//! What it writes is byte for byte what serde_json writes. What serde_json would write and no strict reader takes is
//! refused: two members of one name, and more than [`MAX_DEPTH`] levels. serde_json and a scan of its text give the same, and
//! take an eighth more of a whole mint with a dozen claims, a quarter more with 2 KB of them (`bench/README.md`).

use std::fmt::{self, Display};

use serde::Serialize;
use serde::ser::{self, Impossible, Serializer};

use super::scan::{Bloom, label};
use super::{Fault, MAX_DEPTH, PRIVATE, push_string};

/// Appends a value that will stand within so many arrays and objects.
pub(crate) fn write_within<T: Serialize + ?Sized>(
    depth: usize,
    out: &mut Vec<u8>,
    value: &T,
) -> Result<(), Fault> {
    let mut writer = Writer { out, depth, found: &mut |_| () };
    value.serialize(&mut writer).map_err(|Refused(fault)| fault)
}

/// Appends `value`; `found` gets the names of its members where it is an object.
pub(crate) fn write_named<T: Serialize + ?Sized>(
    out: &mut Vec<u8>,
    value: &T,
    found: &mut dyn FnMut(&str),
) -> Result<(), Fault> {
    let mut writer = Writer { out, depth: 0, found };
    value.serialize(&mut writer).map_err(|Refused(fault)| fault)
}

struct Writer<'a> {
    out: &'a mut Vec<u8>,
    /// How many arrays and objects are open.
    depth: usize,
    /// Gets the names of the outermost object.
    found: &'a mut dyn FnMut(&str),
}

type Written<T = ()> = Result<T, Refused>;

#[derive(Debug)]
struct Refused(Fault);

impl Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Refused {}

impl ser::Error for Refused {
    fn custom<T: Display>(text: T) -> Self {
        Refused(Fault::Unwritable { text: text.to_string() })
    }
}

impl Writer<'_> {
    fn open(&mut self, bracket: u8) -> Written {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Refused(Fault::TooDeep { deepest: MAX_DEPTH }));
        }
        self.out.push(bracket);
        Ok(())
    }

    fn close(&mut self, bracket: u8) {
        self.depth -= 1;
        self.out.push(bracket);
    }

    /// A scalar that serde_json writes best.
    fn scalar<T: Serialize>(&mut self, value: T) -> Written {
        serde_json::to_writer(&mut *self.out, &value).map_err(ser::Error::custom)
    }

    /// Ready JSON, which was not written here.
    fn ready(&mut self, text: &str) -> Written {
        let checked = if self.depth == 0 && text.starts_with('{') {
            super::each_name(text, &mut *self.found)
        } else {
            super::check_within(self.depth, text)
        };
        checked.map_err(Refused)?;
        self.out.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

/// An array or object that is being written.
struct Open<'w, 'a> {
    writer: &'w mut Writer<'a>,
    /// Where its text begins.
    start: usize,
    first: bool,
    names: Bloom,
    ends: Ends,
}

/// How an [`Open`] ends.
#[derive(Clone, Copy, PartialEq)]
enum Ends {
    Array,
    Object,
    /// With the object around it, which names an enum's variant.
    ArrayInVariant,
    ObjectInVariant,
    /// It is no object at all but ready JSON.
    Ready,
}

impl<'w, 'a> Open<'w, 'a> {
    fn new(writer: &'w mut Writer<'a>, ends: Ends) -> Written<Self> {
        let start = writer.out.len();
        match ends {
            Ends::Array | Ends::ArrayInVariant => writer.open(b'[')?,
            Ends::Object | Ends::ObjectInVariant => writer.open(b'{')?,
            Ends::Ready => {}
        }
        Ok(Open { writer, start, first: true, names: Bloom::default(), ends })
    }

    fn variant(writer: &'w mut Writer<'a>, name: &str, ends: Ends) -> Written<Self> {
        let mut around = Open::new(writer, Ends::Object)?;
        around.name(name);
        Open::new(around.writer, ends)
    }

    fn comma(&mut self) {
        if !std::mem::take(&mut self.first) {
            self.writer.out.push(b',');
        }
    }

    fn name(&mut self, name: &str) {
        self.comma();
        self.named(name);
        push_string(self.writer.out, name);
        self.writer.out.push(b':');
    }

    /// Remembers a name, and tells it where the object is the outermost one.
    fn named(&mut self, name: &str) {
        self.names.add(label(name));
        if self.writer.depth == 1 {
            (self.writer.found)(name);
        }
    }

    fn end(self) -> Written {
        match self.ends {
            Ends::Array => self.writer.close(b']'),
            Ends::Object => self.writer.close(b'}'),
            Ends::ArrayInVariant => {
                self.writer.close(b']');
                self.writer.close(b'}');
            }
            Ends::ObjectInVariant => {
                self.writer.close(b'}');
                self.writer.close(b'}');
            }
            Ends::Ready => {}
        }
        if self.names.suspect() {
            // Rare: two names look alike. The scanner knows whether they are the same.
            let text = self.writer.out.get(self.start..).unwrap_or_default();
            let text = std::str::from_utf8(text).unwrap_or_default();
            let text = if self.ends == Ends::ObjectInVariant {
                text.strip_suffix('}').unwrap_or(text)
            } else {
                text
            };
            super::check_within(0, text).map_err(Refused)?;
        }
        Ok(())
    }
}

/// Leaves what is no text and holds nothing to the method `scalar`.
macro_rules! scalars {
    ($($method:ident: $type:ty),*) => {
        $(fn $method(self, value: $type) -> Written {
            self.scalar(value)
        })*
    };
}

impl<'w, 'a> Serializer for &'w mut Writer<'a> {
    type Ok = ();
    type Error = Refused;
    type SerializeSeq = Open<'w, 'a>;
    type SerializeTuple = Open<'w, 'a>;
    type SerializeTupleStruct = Open<'w, 'a>;
    type SerializeTupleVariant = Open<'w, 'a>;
    type SerializeMap = Open<'w, 'a>;
    type SerializeStruct = Open<'w, 'a>;
    type SerializeStructVariant = Open<'w, 'a>;

    scalars! {
        serialize_bool: bool, serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
        serialize_i128: i128, serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64,
        serialize_u128: u128, serialize_f32: f32, serialize_f64: f64
    }

    fn serialize_char(self, value: char) -> Written {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Written {
        push_string(self.out, value);
        Ok(())
    }

    fn serialize_bytes(self, value: &[u8]) -> Written {
        value.serialize(self)
    }

    fn serialize_none(self) -> Written {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Written {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Written {
        self.out.extend_from_slice(b"null");
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Written {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Written {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Written {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Written {
        let mut open = Open::new(self, Ends::Object)?;
        open.name(variant);
        value.serialize(&mut *open.writer)?;
        open.end()
    }

    fn serialize_seq(self, _: Option<usize>) -> Written<Open<'w, 'a>> {
        Open::new(self, Ends::Array)
    }

    fn serialize_tuple(self, _: usize) -> Written<Open<'w, 'a>> {
        Open::new(self, Ends::Array)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Written<Open<'w, 'a>> {
        Open::new(self, Ends::Array)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Written<Open<'w, 'a>> {
        Open::variant(self, variant, Ends::ArrayInVariant)
    }

    fn serialize_map(self, _: Option<usize>) -> Written<Open<'w, 'a>> {
        Open::new(self, Ends::Object)
    }

    fn serialize_struct(self, name: &'static str, _: usize) -> Written<Open<'w, 'a>> {
        Open::new(self, if PRIVATE.contains(&name) { Ends::Ready } else { Ends::Object })
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Written<Open<'w, 'a>> {
        Open::variant(self, variant, Ends::ObjectInVariant)
    }
}

/// The parts of lists are written alike, whatever serde calls them.
macro_rules! lists {
    ($($trait:ident $method:ident)*) => {
        $(impl ser::$trait for Open<'_, '_> {
            type Ok = ();
            type Error = Refused;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Written {
                self.comma();
                value.serialize(&mut *self.writer)
            }

            fn end(self) -> Written {
                Open::end(self)
            }
        })*
    };
}

lists! {
    SerializeSeq serialize_element
    SerializeTuple serialize_element
    SerializeTupleStruct serialize_field
    SerializeTupleVariant serialize_field
}

macro_rules! structs {
    ($($trait:ident)*) => {
        $(impl ser::$trait for Open<'_, '_> {
            type Ok = ();
            type Error = Refused;

            fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Written {
                if self.ends == Ends::Ready {
                    return value.serialize(TextOnly(|text: &str| self.writer.ready(text)));
                }
                self.name(name);
                value.serialize(&mut *self.writer)
            }

            fn end(self) -> Written {
                Open::end(self)
            }
        })*
    };
}

structs! { SerializeStruct SerializeStructVariant }

impl ser::SerializeMap for Open<'_, '_> {
    type Ok = ();
    type Error = Refused;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Written {
        key.serialize(TextOnly(|name: &str| {
            self.name(name);
            Ok(())
        }))
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Written {
        value.serialize(&mut *self.writer)
    }

    fn end(self) -> Written {
        Open::end(self)
    }
}

/// Hands on what is a text, and what serde_json takes for one where it is a member's name.
struct TextOnly<F>(F);

impl<F: FnOnce(&str) -> Written> TextOnly<F> {
    fn scalar<T: Serialize>(self, value: T) -> Written {
        let text = serde_json::to_string(&value).map_err(ser::Error::custom)?;
        if text == "null" {
            return Err(ser::Error::custom("float key must be finite (got NaN or +/-inf)"));
        }
        (self.0)(&text)
    }
}

fn no_text<T>() -> Written<T> {
    Err(ser::Error::custom("key must be a string"))
}

impl<F: FnOnce(&str) -> Written> Serializer for TextOnly<F> {
    type Ok = ();
    type Error = Refused;
    type SerializeSeq = Impossible<(), Refused>;
    type SerializeTuple = Impossible<(), Refused>;
    type SerializeTupleStruct = Impossible<(), Refused>;
    type SerializeTupleVariant = Impossible<(), Refused>;
    type SerializeMap = Impossible<(), Refused>;
    type SerializeStruct = Impossible<(), Refused>;
    type SerializeStructVariant = Impossible<(), Refused>;

    scalars! {
        serialize_bool: bool, serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
        serialize_i128: i128, serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64,
        serialize_u128: u128, serialize_f32: f32, serialize_f64: f64
    }

    fn serialize_char(self, value: char) -> Written {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Written {
        (self.0)(value)
    }

    fn serialize_bytes(self, _: &[u8]) -> Written {
        no_text()
    }

    fn serialize_none(self) -> Written {
        no_text()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Written {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Written {
        no_text()
    }

    fn serialize_unit_struct(self, _: &'static str) -> Written {
        no_text()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Written {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Written {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Written {
        no_text()
    }

    fn serialize_seq(self, _: Option<usize>) -> Written<Self::SerializeSeq> {
        no_text()
    }

    fn serialize_tuple(self, _: usize) -> Written<Self::SerializeTuple> {
        no_text()
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Written<Self::SerializeTupleStruct> {
        no_text()
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Written<Self::SerializeTupleVariant> {
        no_text()
    }

    fn serialize_map(self, _: Option<usize>) -> Written<Self::SerializeMap> {
        no_text()
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Written<Self::SerializeStruct> {
        no_text()
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Written<Self::SerializeStructVariant> {
        no_text()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::value::RawValue;

    use super::*;
    use crate::json::check_within;

    #[derive(Serialize)]
    struct Everything<'a> {
        numbers: (i8, u64, i128, f32, f64, f64),
        text: &'a str,
        letter: char,
        nothing: Option<u8>,
        some: Option<bool>,
        unit: (),
        #[serde(skip_serializing_if = "Option::is_none")]
        skipped: Option<u8>,
        kinds: Vec<Kind<'a>>,
        map: BTreeMap<i16, &'a str>,
        flags: BTreeMap<bool, Letters>,
        letters: BTreeMap<char, Vec<()>>,
        wrapped: Wrapped<'a>,
        pair: Pair,
        raw: &'a RawValue,
        value: serde_json::Value,
        #[serde(flatten)]
        rest: BTreeMap<&'a str, u8>,
        bytes: Bytes<'a>,
    }

    struct Bytes<'a>(&'a [u8]);

    impl Serialize for Bytes<'_> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_bytes(self.0)
        }
    }

    #[derive(Serialize)]
    struct Wrapped<'a>(&'a str);

    #[derive(Serialize)]
    struct Pair(u8, Unit);

    #[derive(Serialize)]
    struct Unit;

    #[derive(Serialize)]
    struct Letters {}

    #[derive(Serialize)]
    enum Kind<'a> {
        Unit,
        One(&'a str),
        Two(u8, u8),
        Named { a: u8, b: &'a str },
    }

    fn written<T: Serialize + ?Sized>(value: &T) -> Result<String, Fault> {
        let mut out = b"before ".to_vec();
        write_within(0, &mut out, value)?;
        Ok(String::from_utf8(out).unwrap()["before ".len()..].to_owned())
    }

    #[test]
    fn writes_what_serde_json_writes() {
        let raw: Box<RawValue> = serde_json::from_str(" { \"a\" : [ 1.0 , {} ] } ").unwrap();
        for text in ["", "plain", "\" \\ / \u{8} \u{c} \n \r \t \0 \u{1f} \u{7f} ü 😀 \u{2028}"] {
            let everything = Everything {
                numbers: (-1, u64::MAX, i128::MIN, 0.1, 1e300, f64::NAN),
                text,
                letter: 'ü',
                nothing: None,
                some: Some(true),
                unit: (),
                skipped: None,
                kinds: vec![Kind::Unit, Kind::One(text), Kind::Two(1, 2), Kind::Named { a: 1, b: text }],
                map: BTreeMap::from([(-7, "x"), (8, text)]),
                flags: BTreeMap::from([(true, Letters {})]),
                letters: BTreeMap::from([('"', vec![(), ()])]),
                wrapped: Wrapped(text),
                pair: Pair(3, Unit),
                raw: &raw,
                value: serde_json::json!({"a": [1, null, {"b": -1.5, text: {}}]}),
                rest: BTreeMap::from([("more", 1), ("again", 2)]),
                bytes: Bytes(b"\x00\xff"),
            };
            let ours = written(&everything).unwrap();
            assert_eq!(ours, serde_json::to_string(&everything).unwrap());
            check_within(0, &ours).unwrap();
        }
    }

    #[test]
    fn the_names_of_the_outermost_object_are_told() {
        fn names<T: Serialize + ?Sized>(value: &T) -> String {
            let mut names = Vec::new();
            write_named(&mut Vec::new(), value, &mut |name| names.push(name.to_owned())).unwrap();
            names.join(" ")
        }
        let raw: Box<RawValue> = serde_json::from_str(r#"{"\u0061":{"x":1},"b":2}"#).unwrap();
        assert_eq!(names(&raw), "a b");
        let map = BTreeMap::from([("c", BTreeMap::from([("inner", 1)])), ("d\"", BTreeMap::new())]);
        assert_eq!(names(&map), "c d\"");
        assert_eq!(names(&Kind::Named { a: 1, b: "" }), "Named");
        assert_eq!(names(&[map]), "");
    }

    /// A map as it comes, whatever it holds.
    struct Pairs<'a>(&'a [(&'a str, u8)]);

    impl Serialize for Pairs<'_> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_map(self.0.iter().copied())
        }
    }

    #[test]
    fn what_no_strict_reader_takes_is_not_written() {
        let twice = |name: &str| Fault::Duplicate { name: name.to_owned() };
        assert_eq!(written(&Pairs(&[("a", 1), ("b", 2), ("a", 3)])), Err(twice("a")));
        assert_eq!(written(&[Pairs(&[("a\"", 1), ("a\"", 3)])]), Err(twice("a\"")));
        assert!(written(&Pairs(&[("a long name 1", 1), ("a long name 2", 2), ("a long name 3", 2)])).is_ok());
        #[derive(Serialize)]
        struct Overlap {
            a: u8,
            #[serde(flatten)]
            rest: BTreeMap<&'static str, u8>,
        }
        let overlap = Overlap { a: 1, rest: BTreeMap::from([("a", 2)]) };
        assert_eq!(written(&overlap), Err(twice("a")));
        #[derive(Serialize)]
        enum Variant<'a> {
            Named {
                a: u8,
                #[serde(flatten)]
                rest: Pairs<'a>,
            },
        }
        assert_eq!(written(&Variant::Named { a: 1, rest: Pairs(&[("a", 1)]) }), Err(twice("a")));

        let raw: Box<RawValue> = serde_json::from_str(r#"{"x":{"a":1,"a":2}}"#).unwrap();
        assert_eq!(written(&raw), Err(twice("a")));
        assert_eq!(written(&[raw]), Err(twice("a")));

        let nested =
            |levels: usize| (0..levels).fold(serde_json::json!(1), |inner, _| serde_json::json!([inner]));
        assert!(written(&nested(MAX_DEPTH)).is_ok());
        assert_eq!(written(&nested(MAX_DEPTH + 1)), Err(Fault::TooDeep { deepest: MAX_DEPTH }));
        assert!(write_within(1, &mut Vec::new(), &nested(MAX_DEPTH - 1)).is_ok());
        assert_eq!(
            write_within(1, &mut Vec::new(), &nested(MAX_DEPTH)),
            Err(Fault::TooDeep { deepest: MAX_DEPTH })
        );
        let raw = serde_json::value::to_raw_value(&nested(MAX_DEPTH)).unwrap();
        assert!(written(&raw).is_ok());
        assert_eq!(written(&[raw]), Err(Fault::TooDeep { deepest: MAX_DEPTH }));

        let by_list = BTreeMap::from([(vec![1], 1)]);
        let Err(Fault::Unwritable { text }) = written(&by_list) else { panic!("a list is no name") };
        assert_eq!(text, serde_json::to_string(&by_list).unwrap_err().to_string());
    }
}
