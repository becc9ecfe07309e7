//! The form of the tables of operations: what stands in a line of one, and how a line is run.

use crate::describe::{Object, Shape, described, shapes};
use crate::error::{Error, ErrorCode, Result};
use crate::issuer::Issuer;
use crate::json::{self, FromJson, Misfit, MisfitKind, ToJson};
use crate::task::Task;
use crate::time::{Context, Lifetime};

/// One operation, as the languages know it.
#[derive(Debug, PartialEq, Eq)]
pub struct Operation {
    /// Its name.
    pub name: &'static str,
    /// What it does, in one sentence or a few up to an empty line.
    pub says: &'static str,
    /// What it takes.
    pub input: &'static Object,
    /// What it gives.
    pub output: &'static Object,
    /// The errors of its own.
    pub errors: &'static [ErrorCode],
    /// Whether it verifies a token, so that it also fails as verification does.
    pub verifies: bool,
}

impl Operation {
    /// Every code that it can fail with: those of its own, and of verification where it verifies; those of any input that
    /// cannot be read ([`INPUT_ERRORS`]), and of a store that fails ([`STORE_ERRORS`]).
    ///
    /// ```
    /// use tokenmint::ErrorCode;
    /// use tokenmint::operation::tables;
    /// let tables = tables();
    /// let check = tables.iter().flat_map(|table| table.operations).find(|operation| operation.name == "check").unwrap();
    /// for code in [ErrorCode::TokenRevoked, ErrorCode::SignatureInvalid, ErrorCode::FieldRequired, ErrorCode::StoreBusy] {
    ///     assert!(check.codes().contains(&code));
    /// }
    /// assert!(!check.codes().contains(&ErrorCode::InvalidScope));
    /// ```
    pub fn codes(&self) -> Vec<ErrorCode> {
        let is_verdict = |code: &ErrorCode| (300..320).contains(&code.number());
        let verdicts = ErrorCode::ALL.iter().filter(|code| self.verifies && is_verdict(code));
        let mut codes: Vec<ErrorCode> =
            self.errors.iter().chain(verdicts).chain(INPUT_ERRORS).chain(STORE_ERRORS).copied().collect();
        codes.sort_unstable();
        codes.dedup();
        codes
    }
}

/// What any operation says of an input that it cannot read.
pub const INPUT_ERRORS: &[ErrorCode] =
    &[ErrorCode::InvalidRequest, ErrorCode::FieldRequired, ErrorCode::FieldInvalid];

/// What any operation says where the store, or whoever holds the key, fails.
pub const STORE_ERRORS: &[ErrorCode] = &[
    ErrorCode::StoreUnavailable,
    ErrorCode::StoreUnknown,
    ErrorCode::StoreCorrupt,
    ErrorCode::StoreTooLarge,
    ErrorCode::StoreBusy,
    ErrorCode::StoreRegressed,
    ErrorCode::Internal,
];

/// Operations that belong together.
#[derive(Debug, PartialEq, Eq)]
pub struct Table {
    /// What they are about.
    pub title: &'static str,
    /// The operations, in their order.
    pub operations: &'static [Operation],
}

/// How an operation is run: the task that its input asks for.
pub(crate) type Run = fn(&Issuer, &str, &Context) -> Result<Task<String>>;

/// Defines one table: `NAMES` and `find` to run its operations, and `TABLE`, which describes them. What is described
/// is not in a program that only runs operations.
///
/// A line is: documentation, `name(Input) -> Output, [errors of its own]`, `+ verification` where it verifies a token,
/// and the task. `Output` is made of what the task gives by `From`.
macro_rules! operations {
    ($title:literal: $(
        $(#[doc = $says:literal])+
        $name:ident($input:ty) -> $output:ty, [$($error:ident),*] $(+ $verifies:ident)?
            |$issuer:ident, $given:ident, $context:ident| $task:expr;
    )+) => {
        pub(crate) const NAMES: &[&str] = &[$(stringify!($name),)+];

        pub(crate) const TABLE: $crate::surface::table::Table = $crate::surface::table::Table {
            title: $title,
            operations: &[$($crate::surface::table::Operation {
                name: stringify!($name),
                says: concat!($($says, "\n"),+),
                input: <$input as $crate::describe::Record>::OBJECT,
                output: <$output as $crate::describe::Record>::OBJECT,
                errors: &[$($crate::error::ErrorCode::$error),*],
                verifies: false $(|| !stringify!($verifies).is_empty())?,
            },)+],
        };

        pub(crate) fn find(name: &str) -> Option<$crate::surface::table::Run> {
            match name {
                $(stringify!($name) => Some(|$issuer, input, $context| {
                    let $given: $input = $crate::surface::table::read(input)?;
                    Ok($task.map(|done| Ok($crate::surface::table::write(&<$output>::from(done)))))
                }),)+
                _ => None,
            }
        }
    };
}

/// Makes one list of some tables, in the order in which they are told.
macro_rules! tables {
    ($($table:path,)+) => {
        /// The names of the operations.
        pub(crate) const NAMES: &[&str] = &$crate::surface::table::joined::<
            { 0 $(+ { use $table as table; table::NAMES.len() })+ }
        >(&[$({ use $table as table; table::NAMES }),+]);

        pub(crate) fn tables() -> Vec<$crate::surface::table::Table> {
            vec![$({ use $table as table; table::TABLE }),+]
        }

        pub(crate) fn find(name: &str) -> Option<$crate::surface::table::Run> {
            None$(.or_else(|| { use $table as table; table::find(name) }))+
        }
    };
}

pub(crate) use {operations, tables};

/// Some lists of names as one, which has `N`.
#[expect(clippy::indexing_slicing, reason = "it makes constants: what is out of bounds does not compile")]
pub(crate) const fn joined<const N: usize>(lists: &[&[&'static str]]) -> [&'static str; N] {
    let mut names = [""; N];
    let (mut count, mut list) = (0, 0);
    while list < lists.len() {
        let mut at = 0;
        while at < lists[list].len() {
            names[count] = lists[list][at];
            (at, count) = (at + 1, count + 1);
        }
        list += 1;
    }
    names
}

described! {
    /// Nothing.
    #[json(read, write)]
    pub(crate) struct Nothing {}
}

impl From<()> for Nothing {
    fn from((): ()) -> Self {
        Nothing {}
    }
}

/// A token or a secret in an output: no language shows it in a log.
pub(crate) struct Hidden(String);

impl ToJson for Hidden {
    fn write_json(&self, out: &mut Vec<u8>) {
        self.0.write_json(out);
    }
}

impl From<String> for Hidden {
    fn from(text: String) -> Self {
        Hidden(text)
    }
}

/// A lifetime in an output: whole seconds.
pub(crate) struct Seconds(u64);

impl ToJson for Seconds {
    fn write_json(&self, out: &mut Vec<u8>) {
        self.0.write_json(out);
    }
}

impl From<Lifetime> for Seconds {
    fn from(lifetime: Lifetime) -> Self {
        Seconds(lifetime.seconds())
    }
}

shapes! {
    Hidden: Shape::Secret;
    Seconds: Shape::Lifetime;
}

/// Reads an input; an error names the path of the field at fault.
pub(crate) fn read<T: FromJson>(input: &str) -> Result<T> {
    json::from_text(input).map_err(refused)
}

fn refused(misfit: Misfit) -> Error {
    let code = match misfit.kind() {
        MisfitKind::Text => ErrorCode::InvalidRequest,
        MisfitKind::Missing => ErrorCode::FieldRequired,
        MisfitKind::Field => ErrorCode::FieldInvalid,
    };
    misfit.error(code)
}

/// Writes an output.
pub(crate) use crate::json::to_text as write;
