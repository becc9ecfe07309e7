//! What a struct that crosses into other languages looks like, as data: its name, its fields, and a sentence for each.
//!
//! [`described!`] declares such a struct once. What it says of itself is what its documentation says.

use crate::error::ErrorCode;
use crate::json::{JsonMembers, LeftOut, Member};
use crate::key::Algorithm;
use crate::time::{Lifetime, UnixTime};

/// What a value is, in any language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Shape {
    /// A text.
    Text,
    /// A text that no log shows: a token or a secret.
    Secret,
    /// One text, or a list of them.
    Texts,
    /// A whole number that is not negative.
    Number,
    /// True or false.
    Boolean,
    /// Seconds since 1970.
    Time,
    /// How long something lives: given as a text such as `"1h"` or as whole seconds, told as whole seconds.
    Lifetime,
    /// Bytes, as base64url without padding.
    Bytes,
    /// A JSON object whose members are the caller's own.
    Json,
    /// The name of an error code.
    Code,
    /// One of these names.
    Choice(&'static Choice),
    /// A list.
    List(&'static Shape),
    /// An object with these fields.
    Object(&'static Object),
}

/// A closed set of names.
#[derive(Debug, PartialEq, Eq)]
pub struct Choice {
    /// What the set is called.
    pub name: &'static str,
    /// What it is, in one sentence or a few up to an empty line.
    pub says: &'static str,
    /// Each name, and what it means.
    pub names: &'static [(&'static str, &'static str)],
}

/// An object whose fields are all known.
#[derive(Debug, PartialEq, Eq)]
pub struct Object {
    /// What such an object is called.
    pub name: &'static str,
    /// What it is, in one sentence or a few up to an empty line.
    pub says: &'static str,
    /// Its fields, in their order.
    pub fields: &'static [Field],
}

/// A field of an [`Object`].
#[derive(Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name in JSON.
    pub name: &'static str,
    /// What it is, in one sentence or a few up to an empty line.
    pub says: &'static str,
    /// What stands in it.
    pub shape: Shape,
    /// Whether it may be left out.
    pub optional: bool,
    /// Whether `null` says that it is left out, so that a list without items says something else.
    pub nullable: bool,
}

/// A type of which a field can be.
pub(crate) trait Described {
    const SHAPE: Shape;
    const OPTIONAL: bool = false;
}

/// A struct that is an object by itself.
pub(crate) trait Record {
    const OBJECT: &'static Object;
}

impl<T: Record> Described for T {
    const SHAPE: Shape = Shape::Object(T::OBJECT);
}

/// The shape of each type that is not made of others.
macro_rules! shapes {
    ($($type:ty: $shape:expr;)+) => {
        $(impl $crate::describe::Described for $type {
            const SHAPE: $crate::describe::Shape = $shape;
        })+
    };
}

/// Declares an enum of names, and describes it by its own documentation.
macro_rules! choices {
    (
        $(#[doc = $says:literal])+
        #[derive($($derive:tt)*)]
        $(#[$attribute:ident])?
        $vis:vis enum $name:ident {
            $($(#[doc = $means:literal])* $variant:ident = $value:literal,)+
        }
    ) => {
        $(#[doc = $says])+
        #[derive($($derive)*)]
        $(#[$attribute])?
        $vis enum $name {
            $($(#[doc = $means])* $variant,)+
        }

        $crate::json::as_names! { $name { $($variant = $value,)+ } }

        impl $crate::describe::Described for $name {
            const SHAPE: $crate::describe::Shape = $crate::describe::Shape::Choice(&$crate::describe::Choice {
                name: stringify!($name),
                says: concat!($($says, "\n"),+),
                names: &[$(($value, concat!($($means, "\n"),*)),)+],
            });
        }
    };
}

/// Declares structs by [`object!`](crate::json::object), and describes each by its own documentation.
macro_rules! described {
    ($(
        $(#[doc = $says:literal])*
        $(#[derive($($derive:tt)*)])?
        #[json($($how:ident),+)]
        $vis:vis struct $name:ident {
            $(
                $(#[doc = $field_says:literal])*
                $(#[json($($rule:tt)*)])?
                $field_vis:vis $field:ident: $type:ty,
            )*
        }
    )+) => {$(
        $crate::json::object! {
            $(#[doc = $says])*
            $(#[derive($($derive)*)])?
            #[json($($how),+)]
            $vis struct $name {
                $(
                    $(#[doc = $field_says])*
                    $(#[json($($rule)*)])?
                    $field_vis $field: $type,
                )*
            }
        }

        impl $crate::describe::Record for $name {
            const OBJECT: &'static $crate::describe::Object = &$crate::describe::Object {
                name: stringify!($name),
                says: concat!($($says, "\n",)*),
                fields: &[$($crate::describe::field::<$type>(
                    $crate::json::member!($field $($($rule)*)?),
                    concat!($($field_says, "\n",)*),
                ),)*],
            };
        }
    )+};
}

pub(crate) use {choices, described, shapes};

/// The description of a field.
pub(crate) const fn field<T: Described>(member: Member, says: &'static str) -> Field {
    let optional = T::OPTIONAL || !matches!(member.left_out, LeftOut::Never);
    Field { name: member.name, says, shape: T::SHAPE, optional, nullable: T::OPTIONAL }
}

shapes! {
    String: Shape::Text;
    u64: Shape::Number;
    u32: Shape::Number;
    u8: Shape::Number;
    bool: Shape::Boolean;
    UnixTime: Shape::Time;
    Lifetime: Shape::Lifetime;
    JsonMembers: Shape::Json;
    Algorithm: Shape::Text;
    ErrorCode: Shape::Code;
}

impl<T: Described> Described for Option<T> {
    const SHAPE: Shape = T::SHAPE;
    const OPTIONAL: bool = true;
}

impl<T: Described> Described for Vec<T> {
    const SHAPE: Shape = Shape::List(&T::SHAPE);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{IssuerConfig, VerifierConfig};
    use crate::event::Event;

    fn field(object: &'static Object, name: &str) -> &'static Field {
        object.fields.iter().find(|field| field.name == name).unwrap()
    }

    #[test]
    fn a_struct_is_described_as_it_is_read_and_written() {
        let audience = field(IssuerConfig::OBJECT, "audience");
        assert_eq!((audience.shape, audience.optional), (Shape::Texts, true));
        assert_eq!(audience.says.trim(), "The `aud` of tokens whose claims name none.");
        let issuer = field(IssuerConfig::OBJECT, "issuer");
        assert_eq!((issuer.shape, issuer.optional), (Shape::Text, false));
        let Shape::List(Shape::Object(integration)) = field(IssuerConfig::OBJECT, "integrations").shape
        else {
            panic!("integrations are a list of objects");
        };
        assert_eq!(integration.fields.len(), 3);
        assert!(field(VerifierConfig::OBJECT, "any_issuer").optional);
        // A field that has another name in JSON.
        let Shape::Choice(kinds) = field(Event::OBJECT, "event").shape else { panic!("a kind is a choice") };
        assert!(kinds.names.iter().any(|(name, _)| *name == "token_issued"));
        assert!(field(Event::OBJECT, "reason").optional);
    }
}
