//! The writer of the crate's own types: what serde_json would write, without a copy of it for each type.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::from::{LeftOut, Member};
use super::kept::string_length;
use super::push_string;
use crate::error::ErrorCode;

/// A type that is written as JSON.
pub(crate) trait ToJson {
    /// Appends it.
    fn write_json(&self, out: &mut Vec<u8>);

    /// Whether it is not written where it may be left out.
    fn is_empty(&self) -> bool {
        false
    }
}

/// A value whose text is ready: it was checked before.
#[derive(Clone, Copy)]
pub(crate) struct Ready<'a>(pub(crate) &'a str);

impl ToJson for Ready<'_> {
    fn write_json(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.0.trim().as_bytes());
    }
}

/// The text of a value.
pub(crate) fn to_text(value: &dyn ToJson) -> String {
    String::from_utf8(to_bytes(value)).unwrap_or_default()
}

/// As [`to_text`], as bytes.
pub(crate) fn to_bytes(value: &dyn ToJson) -> Vec<u8> {
    let mut out = Vec::with_capacity(512);
    value.write_json(&mut out);
    out
}

/// The text of a value for people to read, as serde_json writes it.
pub(crate) fn to_pretty(value: &dyn ToJson) -> Vec<u8> {
    let compact = to_bytes(value);
    let mut out = Vec::with_capacity(2 * compact.len());
    let (mut depth, mut rest) = (0, compact.as_slice());
    let line = |out: &mut Vec<u8>, depth: usize| {
        out.push(b'\n');
        out.resize(out.len() + 2 * depth, b' ');
    };
    while let Some((&first, after)) = rest.split_first() {
        let mut length = 1;
        match first {
            b'"' => {
                length = string_length(rest);
                out.extend_from_slice(rest.get(..length).unwrap_or_default());
            }
            b'{' | b'[' => {
                out.push(first);
                match after.first() {
                    Some(b'}' | b']') => {}
                    _ => {
                        depth += 1;
                        line(&mut out, depth);
                    }
                }
            }
            b'}' | b']' => {
                if !matches!(out.last(), Some(b'{' | b'[')) {
                    depth -= 1;
                    line(&mut out, depth);
                }
                out.push(first);
            }
            b',' => {
                out.push(first);
                line(&mut out, depth);
            }
            b':' => out.extend_from_slice(b": "),
            _ => out.push(first),
        }
        rest = rest.get(length..).unwrap_or_default();
    }
    out
}

/// Appends an object; `values` are those of its members, in their order.
pub(crate) fn write_object(out: &mut Vec<u8>, members: &[Member], values: &[&dyn ToJson]) {
    out.push(b'{');
    for (member, value) in members.iter().zip(values) {
        if member.left_out != LeftOut::Written || !value.is_empty() {
            write_member(out, member.name, *value);
        }
    }
    out.push(b'}');
}

/// Appends a member of an object that is being written.
pub(crate) fn write_member(out: &mut Vec<u8>, name: &str, value: &dyn ToJson) {
    // Whatever a value is, it does not end as an object begins.
    if out.last() != Some(&b'{') {
        out.push(b',');
    }
    push_string(out, name);
    out.push(b':');
    value.write_json(out);
}

/// Appends a list.
pub(crate) fn write_list(out: &mut Vec<u8>, items: &mut dyn Iterator<Item = &dyn ToJson>) {
    let mut before = b'[';
    for item in items {
        out.push(before);
        before = b',';
        item.write_json(out);
    }
    if before == b'[' {
        out.push(before);
    }
    out.push(b']');
}

impl ToJson for str {
    fn write_json(&self, out: &mut Vec<u8>) {
        push_string(out, self);
    }

    fn is_empty(&self) -> bool {
        str::is_empty(self)
    }
}

impl ToJson for String {
    fn write_json(&self, out: &mut Vec<u8>) {
        push_string(out, self);
    }

    fn is_empty(&self) -> bool {
        str::is_empty(self)
    }
}

impl ToJson for ErrorCode {
    fn write_json(&self, out: &mut Vec<u8>) {
        push_string(out, self.name());
    }
}

impl ToJson for bool {
    fn write_json(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(if *self { b"true" } else { b"false" });
    }

    fn is_empty(&self) -> bool {
        !self
    }
}

macro_rules! numbers {
    ($($type:ty)+) => {
        $(impl ToJson for $type {
            #[inline]
            fn write_json(&self, out: &mut Vec<u8>) {
                // A vector takes all that is written.
                drop(serde_json::to_writer(out, self));
            }
        })+
    };
}

numbers! { u64 i64 }

macro_rules! small {
    ($($type:ty)+) => {
        $(impl ToJson for $type {
            fn write_json(&self, out: &mut Vec<u8>) {
                u64::from(*self).write_json(out);
            }
        })+
    };
}

small! { u8 u16 u32 }

impl<T: ToJson> ToJson for Option<T> {
    fn write_json(&self, out: &mut Vec<u8>) {
        match self {
            Some(value) => value.write_json(out),
            None => out.extend_from_slice(b"null"),
        }
    }

    fn is_empty(&self) -> bool {
        self.is_none()
    }
}

impl<T: ToJson> ToJson for [T] {
    fn write_json(&self, out: &mut Vec<u8>) {
        write_list(out, &mut self.iter().map(|item| item as &dyn ToJson));
    }

    fn is_empty(&self) -> bool {
        <[T]>::is_empty(self)
    }
}

impl<T: ToJson> ToJson for Vec<T> {
    fn write_json(&self, out: &mut Vec<u8>) {
        self.as_slice().write_json(out);
    }

    fn is_empty(&self) -> bool {
        <[T]>::is_empty(self)
    }
}

impl<T: ToJson + ?Sized> ToJson for &T {
    fn write_json(&self, out: &mut Vec<u8>) {
        (**self).write_json(out);
    }

    fn is_empty(&self) -> bool {
        (**self).is_empty()
    }
}

impl<A: ToJson, B: ToJson> ToJson for (A, B) {
    fn write_json(&self, out: &mut Vec<u8>) {
        write_list(out, &mut [&self.0 as &dyn ToJson, &self.1].into_iter());
    }
}

impl ToJson for Cow<'_, str> {
    fn write_json(&self, out: &mut Vec<u8>) {
        push_string(out, self);
    }
}

impl<T: ToJson> ToJson for BTreeMap<String, T> {
    fn write_json(&self, out: &mut Vec<u8>) {
        out.push(b'{');
        self.iter().for_each(|(name, value)| write_member(out, name, value));
        out.push(b'}');
    }

    fn is_empty(&self) -> bool {
        BTreeMap::is_empty(self)
    }
}

impl<T: ToJson, const N: usize> ToJson for [T; N] {
    fn write_json(&self, out: &mut Vec<u8>) {
        self.as_slice().write_json(out);
    }
}
