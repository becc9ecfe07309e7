//! Reading a request's fields: every wrong one is found, named by its path, and said why.
//!
//! [`Request::read`](super::Request::read) begins it. A field is read by a function from its JSON to a value: [`text`],
//! [`boolean`], [`one_of`], or one of a dialect's own.
//!
//! ```
//! use tokenmint::dialect::Request;
//! use tokenmint::dialect::fields::{Fault, Json, ProblemKind, text};
//! fn color(value: Json<'_>) -> Result<String, Fault> {
//!     let color = text(value)?;
//!     if color.starts_with('#') { Ok(color) } else { Err((ProblemKind::Format, "must be a color such as #fff".into())) }
//! }
//! let request = Request::new(http::Request::post("/").body(br#"{"color":"red"}"#.to_vec()).unwrap()).unwrap();
//! let error = request.read(|fields| fields.required("color", color)).unwrap_err().into_error();
//! assert_eq!(error.to_string(), "color: must be a color such as #fff");
//! ```

use std::borrow::Cow;
use std::fmt;

use crate::error::{Error, ErrorCode};
use crate::json::{self, Object};

/// What is wrong with one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where: names of members and positions in lists.
    pub path: Vec<PathStep>,
    /// What kind of problem.
    pub kind: ProblemKind,
    /// What is expected, for people; without the field's name.
    pub message: String,
}

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathStep {
    /// A member of an object.
    Member(String),
    /// A place in a list, from 0.
    Item(usize),
}

/// What kind of problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProblemKind {
    /// The field is required and absent.
    Missing,
    /// The field has another JSON type.
    Type,
    /// The text is too short or too long, the number too small or too large, the list empty.
    Range,
    /// The text is not one of those allowed.
    Choice,
    /// The text does not have the format.
    Format,
}

impl Problem {
    /// The path as a text: `invoice.status`, `common_models.0.model_id`.
    pub fn name(&self) -> String {
        let steps: Vec<String> = self.path.iter().map(ToString::to_string).collect();
        steps.join(".")
    }

    /// The problem as an error, for dialects with room for one.
    pub fn error(&self) -> Error {
        let code = if self.kind == ProblemKind::Missing {
            ErrorCode::FieldRequired
        } else {
            ErrorCode::FieldInvalid
        };
        Error::new(code).at(self.name()).because(self.message.clone())
    }
}

impl fmt::Display for PathStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PathStep::Member(name) => f.write_str(name),
            PathStep::Item(index) => index.fmt(f),
        }
    }
}

/// A JSON value, one level deep; what is inside stays text.
#[derive(Clone, Debug)]
pub enum Json<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, as it was written.
    Number(&'a str),
    /// A string.
    Text(Cow<'a, str>),
    /// A list: the text of each item.
    List(Vec<&'a str>),
    /// An object: its text.
    Object(&'a str),
}

impl<'a> Json<'a> {
    /// Reads the text of a value that was checked before.
    pub fn read(text: &'a str) -> Self {
        match text.bytes().next() {
            Some(b'"') => Json::Text(json::string(text).unwrap_or_default()),
            Some(b'{') => Json::Object(text),
            Some(b'[') => Json::List(json::elements(text).map(Iterator::collect).unwrap_or_default()),
            Some(b't') => Json::Bool(true),
            Some(b'f') => Json::Bool(false),
            Some(b'n') => Json::Null,
            _ => Json::Number(text),
        }
    }

    fn type_name(&self) -> &'static str {
        match self {
            Json::Null => "null",
            Json::Bool(_) => "a boolean",
            Json::Number(_) => "a number",
            Json::Text(_) => "a string",
            Json::List(_) => "a list",
            Json::Object(_) => "an object",
        }
    }
}

/// What a value is not: a kind and a message.
pub type Fault = (ProblemKind, String);

/// Reads the members of one object and collects what is wrong with them.
pub struct Fields<'a> {
    object: Object<'a>,
    /// Their paths begin at this object.
    problems: Vec<Problem>,
}

impl<'a> Fields<'a> {
    pub(crate) fn new(object: Object<'a>) -> Self {
        Fields { object, problems: Vec::new() }
    }

    /// What is wrong; nothing where all is good.
    pub fn into_problems(self) -> Vec<Problem> {
        self.problems
    }

    /// The JSON text of a member.
    pub fn raw(&self, name: &str) -> Option<&'a str> {
        self.object.get(name)
    }

    /// A member that must be there.
    pub fn required<T>(&mut self, name: &str, parse: impl FnOnce(Json<'a>) -> Result<T, Fault>) -> Option<T> {
        match self.object.get(name) {
            Some(value) => self.parsed(name, value, parse),
            None => {
                self.problem(name, ProblemKind::Missing, "this field is required".to_owned());
                None
            }
        }
    }

    /// A member that may be absent but not null.
    pub fn optional<T>(&mut self, name: &str, parse: impl FnOnce(Json<'a>) -> Result<T, Fault>) -> Option<T> {
        let value = self.object.get(name)?;
        self.parsed(name, value, parse)
    }

    /// A member that may be absent or null, which mean the same.
    pub fn nullable<T>(&mut self, name: &str, parse: impl FnOnce(Json<'a>) -> Result<T, Fault>) -> Option<T> {
        let value = self.object.get(name).filter(|value| *value != "null")?;
        self.parsed(name, value, parse)
    }

    /// An object that may be absent or null; its members are read by `read`.
    pub fn nested<T>(&mut self, name: &str, read: impl FnOnce(&mut Fields<'a>) -> T) -> Option<T> {
        let text = self.nullable(name, object)?;
        self.descend(text, read, || vec![PathStep::Member(name.to_owned())])
    }

    /// A list of objects that may be absent or null; the members of each are read by `read`.
    pub fn each<T>(&mut self, name: &str, mut read: impl FnMut(&mut Fields<'a>) -> T) -> Option<Vec<T>> {
        let items = self.nullable(name, list)?;
        let mut found = Vec::new();
        for (index, item) in items.into_iter().enumerate() {
            let path = || vec![PathStep::Member(name.to_owned()), PathStep::Item(index)];
            match object(Json::read(item)) {
                Ok(text) => found.extend(self.descend(text, &mut read, path)),
                Err((kind, message)) => self.problems.push(Problem { path: path(), kind, message }),
            }
        }
        Some(found)
    }

    /// Reads an object below this one; its path is made only for what is wrong in it.
    fn descend<T>(
        &mut self,
        text: &'a str,
        read: impl FnOnce(&mut Fields<'a>) -> T,
        path: impl Fn() -> Vec<PathStep>,
    ) -> Option<T> {
        // The whole body was checked before, so its parts are objects without duplicates.
        let mut fields = Fields::new(Object::parse(text).ok()?);
        let value = read(&mut fields);
        self.problems.extend(fields.problems.into_iter().map(|problem| {
            let path = path().into_iter().chain(problem.path).collect();
            Problem { path, ..problem }
        }));
        Some(value)
    }

    /// Says that something is wrong with a member.
    pub fn problem(&mut self, name: &str, kind: ProblemKind, message: String) {
        self.problems.push(Problem { path: vec![PathStep::Member(name.to_owned())], kind, message });
    }

    fn parsed<T>(
        &mut self,
        name: &str,
        text: &'a str,
        parse: impl FnOnce(Json<'a>) -> Result<T, Fault>,
    ) -> Option<T> {
        match parse(Json::read(text)) {
            Ok(value) => Some(value),
            Err((kind, message)) => {
                self.problem(name, kind, message);
                None
            }
        }
    }
}

/// Any string.
pub fn text(value: Json<'_>) -> Result<String, Fault> {
    string(value).map(Cow::into_owned)
}

fn string(value: Json<'_>) -> Result<Cow<'_, str>, Fault> {
    match value {
        Json::Text(text) => Ok(text),
        other => Err(wrong_type("a string", &other)),
    }
}

/// A string of `least` to `most` characters; characters are counted, not bytes.
pub fn text_of(least: usize, most: usize) -> impl Fn(Json<'_>) -> Result<String, Fault> {
    move |value| {
        let text = text(value)?;
        let found = text.chars().count();
        if (least..=most).contains(&found) {
            return Ok(text);
        }
        let bound = match (found < least, least) {
            (true, 1) => "must not be empty".to_owned(),
            (true, least) => format!("must have at least {least} characters, found {found}"),
            (false, _) => format!("must have at most {most} characters, found {found}"),
        };
        Err((ProblemKind::Range, bound))
    }
}

/// `true` or `false`.
pub fn boolean(value: Json<'_>) -> Result<bool, Fault> {
    match value {
        Json::Bool(value) => Ok(value),
        other => Err(wrong_type("true or false", &other)),
    }
}

/// One of the allowed names.
pub fn one_of<T>(
    names: &'static [&'static str],
    parse: fn(&str) -> Option<T>,
) -> impl Fn(Json<'_>) -> Result<T, Fault> {
    move |value| {
        let text = string(value)?;
        parse(&text).ok_or_else(|| (ProblemKind::Choice, format!("must be one of: {}", names.join(", "))))
    }
}

/// A UUID in its usual form of 36 characters, in either case (RFC 9562 section 4).
pub fn uuid(value: Json<'_>) -> Result<uuid::Uuid, Fault> {
    let text = string(value)?;
    let usual = if text.len() == 36 { uuid::Uuid::try_parse(&text).ok() } else { None };
    usual.ok_or_else(|| {
        (ProblemKind::Format, "must be a UUID such as 123e4567-e89b-12d3-a456-426614174000".to_owned())
    })
}

/// The text of an object.
pub fn object(value: Json<'_>) -> Result<&str, Fault> {
    match value {
        Json::Object(text) => Ok(text),
        other => Err(wrong_type("an object", &other)),
    }
}

/// The items of a list.
pub fn list(value: Json<'_>) -> Result<Vec<&str>, Fault> {
    match value {
        Json::List(items) => Ok(items),
        other => Err(wrong_type("a list", &other)),
    }
}

/// A list whose items are all read by `parse`; the first wrong item is named.
pub fn list_of<T>(
    parse: impl Fn(Json<'_>) -> Result<T, Fault>,
) -> impl Fn(Json<'_>) -> Result<Vec<T>, Fault> {
    move |value| {
        let items = list(value)?;
        let read = |(index, item): (usize, &str)| {
            parse(Json::read(item)).map_err(|(kind, message)| (kind, format!("item {index} {message}")))
        };
        items.into_iter().enumerate().map(read).collect()
    }
}

/// The fault of a value of another type.
pub fn wrong_type(expected: &str, found: &Json<'_>) -> Fault {
    (ProblemKind::Type, format!("must be {expected}, found {}", found.type_name()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(text: &str) -> Fields<'_> {
        Fields::new(Object::parse(text).unwrap())
    }

    #[test]
    fn every_problem_is_found_and_named() {
        let mut fields = fields(r#"{"a":1,"b":{"c":"x"},"d":[{"e":true},{},7],"n":null}"#);
        assert_eq!(fields.required("a", text), None);
        assert_eq!(fields.required("missing", text), None);
        assert_eq!(fields.nullable("n", text), None);
        assert_eq!(fields.optional("n", text), None);
        fields.nested("b", |inner| inner.required("c", boolean));
        fields.each("d", |inner| inner.required("e", boolean));
        let found: Vec<_> =
            fields.into_problems().iter().map(|problem| (problem.name(), problem.kind)).collect();
        let expected = [
            ("a", ProblemKind::Type),
            ("missing", ProblemKind::Missing),
            ("n", ProblemKind::Type),
            ("b.c", ProblemKind::Type),
            ("d.1.e", ProblemKind::Missing),
            ("d.2", ProblemKind::Type),
        ];
        assert_eq!(found, expected.map(|(name, kind)| (name.to_owned(), kind)));
    }

    #[test]
    fn characters_are_counted_not_bytes() {
        let bounded = text_of(1, 100);
        for unit in ["a", "é", "€", "😀"] {
            assert!(bounded(Json::Text(unit.repeat(100).into())).is_ok());
            assert!(bounded(Json::Text(unit.repeat(101).into())).is_err());
        }
        assert!(bounded(Json::Text("".into())).is_err());
        assert!(bounded(Json::Text("e\u{301}".repeat(51).into())).is_err(), "code points are counted");
    }

    #[test]
    fn only_the_usual_form_of_a_uuid_is_taken() {
        let is = |text: &'static str| uuid(Json::Text(text.into())).is_ok();
        assert!(is("eb959578-a74d-4ac3-8b25-bf0910027857") && is("EB959578-A74D-4AC3-8B25-BF0910027857"));
        for other in [
            "",
            "eb959578a74d4ac38b25bf0910027857",
            "{eb959578-a74d-4ac3-8b25-bf0910027857}",
            "urn:uuid:eb959578-a74d-4ac3-8b25-bf0910027857",
            "eb959578-a74d-4ac3-8b25-bf091002785g",
            "eb959578-a74d-4ac3-8b25-bf091002785",
        ] {
            assert!(!is(other), "{other}");
        }
    }
}
