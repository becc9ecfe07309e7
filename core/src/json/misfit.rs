//! What does not fit the type that a text is read into: where it stands, and what is needed there.

use std::fmt;

use serde::de::{self, Expected, Unexpected};

use super::{Fault, Member};
use crate::error::{Error, ErrorCode};

/// Why a text cannot be read into a type. It never repeats a value, which may be a secret in the wrong place.
#[derive(Debug)]
pub(crate) struct Misfit(Box<Reason>);

#[derive(Debug)]
struct Reason {
    /// Names and places, such as `keys[0].pem_file`; empty for the whole.
    path: String,
    kind: MisfitKind,
    text: String,
}

/// What kind of misfit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MisfitKind {
    /// The text is not JSON of the form that is read here.
    Text,
    /// A field is missing.
    Missing,
    /// A field is not known, or its value is not acceptable.
    Field,
}

/// The longest name of an unknown field that is repeated, in characters. A longer one may be a secret in the wrong place;
/// no field has a longer name.
pub(crate) const LONGEST_SHOWN: usize = 24;

impl Misfit {
    fn new(kind: MisfitKind, text: impl Into<String>) -> Self {
        Misfit(Box::new(Reason { path: String::new(), kind, text: text.into() }))
    }

    /// What is wrong with a value.
    #[cold]
    pub(crate) fn because(text: impl Into<String>) -> Self {
        Misfit::new(MisfitKind::Field, text)
    }

    /// A member that an object does not have.
    #[cold]
    pub(crate) fn unknown(name: &str, members: &[Member]) -> Self {
        let known: Vec<&str> = members.iter().map(|member| member.name).collect();
        Misfit::none_of(name, &known)
    }

    /// A name that is none of those that are known.
    #[cold]
    pub(crate) fn none_of(name: &str, known: &[&str]) -> Self {
        let known =
            if known.is_empty() { "none is".to_owned() } else { format!("known are {}", known.join(", ")) };
        if is_shown(name) {
            return Misfit::because(format!("this field is not known; {known}")).within(name);
        }
        let length = name.chars().count();
        Misfit::because(format!("a field with a name of {length} characters is not known; {known}"))
    }

    /// A member that is not there.
    #[cold]
    pub(crate) fn missing(name: &str) -> Self {
        Misfit::new(MisfitKind::Missing, "this field is required").within(name)
    }

    /// A member that is there twice.
    #[cold]
    pub(crate) fn twice(name: &str) -> Self {
        Misfit::because("this field is there twice").within(name)
    }

    /// The same of a member of this name.
    #[cold]
    pub(crate) fn within(mut self, name: &str) -> Self {
        let path = &mut self.0.path;
        let dot = if path.is_empty() || path.starts_with('[') { "" } else { "." };
        *path = format!("{name}{dot}{path}");
        self
    }

    /// The same of an item at this place in a list.
    #[cold]
    pub(super) fn within_item(self, at: usize) -> Self {
        self.within(&format!("[{at}]"))
    }

    pub(crate) fn kind(&self) -> MisfitKind {
        self.0.kind
    }

    /// As an error with this code.
    pub(crate) fn error(self, code: ErrorCode) -> Error {
        Error::new(code).at(self.0.path).because(self.0.text)
    }
}

impl From<Fault> for Misfit {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Duplicate { name } if is_shown(&name) => {
                Misfit::new(MisfitKind::Field, "this field is there twice").within(&name)
            }
            Fault::Duplicate { .. } => Misfit::new(MisfitKind::Field, "a field is there twice"),
            other => Misfit::new(MisfitKind::Text, other.to_string()),
        }
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Reason { path, text, .. } = &*self.0;
        if path.is_empty() { f.write_str(text) } else { write!(f, "{path}: {text}") }
    }
}

impl std::error::Error for Misfit {}

/// What serde finds, in words of ours.
impl de::Error for Misfit {
    #[cold]
    fn custom<T: fmt::Display>(text: T) -> Self {
        Misfit::new(MisfitKind::Field, text.to_string())
    }

    #[cold]
    fn invalid_type(found: Unexpected<'_>, needed: &dyn Expected) -> Self {
        Misfit::new(MisfitKind::Field, format!("must be {}, found {}", words(needed), kind(found)))
    }

    #[cold]
    fn invalid_value(_: Unexpected<'_>, needed: &dyn Expected) -> Self {
        Misfit::new(MisfitKind::Field, format!("must be {}", words(needed)))
    }

    #[cold]
    fn invalid_length(found: usize, needed: &dyn Expected) -> Self {
        Misfit::new(MisfitKind::Field, format!("must be {}, found {found} items", words(needed)))
    }

    #[cold]
    fn unknown_variant(_: &str, known: &'static [&'static str]) -> Self {
        Misfit::new(MisfitKind::Field, format!("must be one of: {}", known.join(", ")))
    }

    #[cold]
    fn unknown_field(name: &str, known: &'static [&'static str]) -> Self {
        Misfit::none_of(name, known)
    }

    #[cold]
    fn missing_field(name: &'static str) -> Self {
        Misfit::missing(name)
    }

    #[cold]
    fn duplicate_field(name: &'static str) -> Self {
        Misfit::twice(name)
    }
}

fn is_shown(name: &str) -> bool {
    name.chars().count() <= LONGEST_SHOWN
}

/// What serde and its derive say is needed, in words for people; what a type of ours says stays as it is.
fn words(needed: &dyn Expected) -> String {
    let needed = needed.to_string();
    match needed.as_str() {
        "a boolean" => "true or false",
        "u8" => "a whole number from 0 to 255",
        "u16" => "a whole number from 0 to 65535",
        "u32" => "a whole number from 0 to 4294967295",
        "u64" | "usize" | "u128" => "a whole number, 0 or more",
        "i8" | "i16" | "i32" | "i64" | "isize" | "i128" => "a whole number",
        "f32" | "f64" => "a number",
        "a map" => "an object",
        "a sequence" => "a list",
        "unit" => "null",
        "a borrowed string" => "a string without escapes",
        object if object.starts_with("struct ") => "an object",
        list if list.starts_with("a tuple") || list.starts_with("tuple") => "a list",
        other => other,
    }
    .to_owned()
}

fn kind(found: Unexpected<'_>) -> &'static str {
    match found {
        Unexpected::Bool(_) => "a boolean",
        Unexpected::Float(_) => "a number with a point or an exponent",
        Unexpected::Unsigned(_) | Unexpected::Signed(_) => "a number",
        Unexpected::Char(_) | Unexpected::Str(_) | Unexpected::Bytes(_) => "a string",
        Unexpected::Unit | Unexpected::Option => "null",
        Unexpected::Seq => "a list",
        Unexpected::Map => "an object",
        _ => "something else",
    }
}
