//! Declares the types that are read from JSON and written as JSON.

/// Declares structs that are objects: `#[json(read)]`, `#[json(write)]` or both.
///
/// A field that is an `Option` need not be there to be read. `#[json(default)]` says that of another, `#[json(omit)]` that
/// the field is not written where it is empty, either, and `name = "..."` what it is called.
macro_rules! object {
    ($(
        $(#[doc = $says:literal])*
        $(#[derive($($derive:tt)*)])?
        #[json($($how:ident),+)]
        $(#[$attribute:ident $(($($argument:tt)*))?])?
        $vis:vis struct $name:ident $(<$life:lifetime>)? {
            $(
                $(#[doc = $field_says:literal])*
                $(#[json($($rule:tt)*)])?
                $field_vis:vis $field:ident: $type:ty,
            )*
        }
    )+) => {$(
        $(#[doc = $says])*
        $(#[derive($($derive)*)])?
        $(#[$attribute $(($($argument)*))?])?
        $vis struct $name $(<$life>)? {
            $($(#[doc = $field_says])* $field_vis $field: $type,)*
        }

        $crate::json::as_object! { $name [$($life)?] [$($how)+] { $($field [$($($rule)*)?] $type,)* } }
    )+};
}

/// How a struct is read and written.
macro_rules! as_object {
    ($name:ident [$($life:lifetime)?] [$($how:ident)+] { $($field:ident [$($rule:tt)*] $type:ty,)* }) => {
        impl $(<$life>)? $name $(<$life>)? {
            const MEMBERS: &'static [$crate::json::Member] = &[$($crate::json::member!($field $($rule)*),)*];
        }

        // The reader remembers by a bit which it has seen.
        const _: () = assert!($name::MEMBERS.len() <= 64);

        $crate::json::as_object! { $name [$($life)?] $($how)+ { $($field $type,)* } }
    };
    ($name:ident $life:tt read write $fields:tt) => {
        $crate::json::as_object! { $name $life read $fields }
        $crate::json::as_object! { $name $life write $fields }
    };
    ($name:ident [] read { $($field:ident $type:ty,)* }) => {
        impl $crate::json::FromJson for $name {
            fn blank() -> Self {
                $name { $($field: <$type as $crate::json::FromJson>::blank(),)* }
            }

            fn read_json(&mut self, json: $crate::json::Json<'_>) -> Result<(), $crate::json::Misfit> {
                json.object(Self::MEMBERS, &mut [$(&mut self.$field),*])
            }
        }
    };
    ($name:ident [$($life:lifetime)?] write { $($field:ident $type:ty,)* }) => {
        impl $(<$life>)? $crate::json::ToJson for $name $(<$life>)? {
            fn write_json(&self, out: &mut Vec<u8>) {
                $crate::json::write_object(out, Self::MEMBERS, &[$(&self.$field),*]);
            }
        }
    };
}

/// What a field's attribute says.
macro_rules! member {
    ($field:ident) => { $crate::json::member!(@ stringify!($field), Never) };
    ($field:ident default) => { $crate::json::member!(@ stringify!($field), Read) };
    ($field:ident omit) => { $crate::json::member!(@ stringify!($field), Written) };
    ($field:ident name = $name:literal) => { $crate::json::member!(@ $name, Never) };
    ($field:ident omit, name = $name:literal) => { $crate::json::member!(@ $name, Written) };
    (@ $name:expr, $left_out:ident) => {
        $crate::json::Member { name: $name, left_out: $crate::json::LeftOut::$left_out }
    };
}

/// How an enum of names is read and written: each variant, and its name.
macro_rules! as_names {
    ($name:ident { $first:ident = $first_value:literal, $($variant:ident = $value:literal,)* }) => {
        impl $crate::json::FromJson for $name {
            fn blank() -> Self {
                $name::$first
            }

            fn read_json(&mut self, json: $crate::json::Json<'_>) -> Result<(), $crate::json::Misfit> {
                let at = json.choice(&[$first_value, $($value),*])?;
                *self = [$name::$first, $($name::$variant),*].get(at).copied().unwrap_or(*self);
                Ok(())
            }
        }

        impl $crate::json::ToJson for $name {
            fn write_json(&self, out: &mut Vec<u8>) {
                $crate::json::push_string(out, self.json_name());
            }
        }

        impl $name {
            /// As JSON names it.
            pub(crate) const fn json_name(&self) -> &'static str {
                match self {
                    $name::$first => $first_value,
                    $($name::$variant => $value,)*
                }
            }
        }
    };
}

pub(crate) use {as_names, as_object, member, object};
