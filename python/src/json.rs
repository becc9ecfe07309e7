//! Python's objects as JSON text, without a tree between: claims, and the inputs of everything else.

use std::cell::RefCell;

use pyo3::prelude::*;
use pyo3::sync::critical_section::with_critical_section;
use pyo3::types::{PyBool, PyDelta, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};
use serde::ser::{Error as _, SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};
use tokenmint::{Error, ErrorCode};

use crate::errors::Result;
use crate::timedelta::whole_seconds;

/// Deeper than any token may be; the core says the exact limit. A container that contains itself never ends.
const MAX_DEPTH: u32 = 100;

/// The claims of a token, a dict or a dataclass, as serde sees them: straight into the token, or into a text.
///
/// An int has at most 64 bits, a float is finite, a name is a str: what JSON cannot say exactly is refused, with the
/// path to it. A timedelta is refused too: a claim has no rule for it.
pub(crate) struct Claims<'py> {
    dict: Bound<'py, PyDict>,
    fault: RefCell<Option<Fault>>,
}

/// The registered claims that are texts in most tokens.
const TEXTS: [&str; 3] = ["sub", "aud", "jti"];

impl<'py> Claims<'py> {
    pub(crate) fn new(claims: &Bound<'py, PyAny>) -> Result<Self> {
        let dict = match claims.cast::<PyDict>() {
            Ok(dict) => Some(dict.clone()),
            Err(_) => fields(claims)?,
        };
        let dict = dict.ok_or_else(|| {
            Error::new(ErrorCode::ClaimsNotObject).because("claims are a dict or a dataclass")
        })?;
        Ok(Claims { dict, fault: RefCell::default() })
    }

    /// The claims as one text, in which the core finds the registered ones.
    pub(crate) fn text(&self) -> Result<String> {
        write(self.all(), |error| {
            self.explain(Error::new(ErrorCode::ClaimsNotJson).because(error.to_string()))
        })
    }

    /// The registered claims, where they are no more than a few texts: then the others need not become a text. And
    /// whether the token's id is among the claims.
    pub(crate) fn registered(&self) -> Result<(Option<tokenmint::Claims>, bool)> {
        let py = self.dict.py();
        let found = |name: &Bound<'py, PyString>| self.dict.get_item(name);
        let mut claims = Some(tokenmint::Claims::new());
        let mut set = |value: &Bound<'py, PyAny>, set: fn(tokenmint::Claims, String) -> tokenmint::Claims| {
            let text = value.cast_exact::<PyString>().ok().and_then(|text| text.to_str().ok());
            claims = claims.take().zip(text).map(|(claims, text)| set(claims, text.to_owned()));
        };
        if let Some(subject) = found(pyo3::intern!(py, "sub"))? {
            set(&subject, tokenmint::Claims::subject);
        }
        if let Some(audience) = found(pyo3::intern!(py, "aud"))? {
            set(&audience, tokenmint::Claims::audience);
        }
        let id = found(pyo3::intern!(py, "jti"))?;
        if let Some(id) = &id {
            set(id, tokenmint::Claims::id);
        }
        let not_before = found(pyo3::intern!(py, "nbf"))?;
        Ok((claims.filter(|_| not_before.is_none()), id.is_some()))
    }

    /// The exact reason where an error came from a value that is no JSON.
    pub(crate) fn explain(&self, error: Error) -> Error {
        explain(&self.fault, error)
    }

    fn all(&self) -> Value<'_, 'py> {
        Value { value: self.dict.as_any(), fault: &self.fault, lifetimes: false, depth: 0 }
    }
}

/// The claims without those of [`Claims::registered`].
impl Serialize for Claims<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        self.all().members(&self.dict, serializer, |name| name.len() == 3 && TEXTS.contains(&name))
    }
}

/// Writes any value that is not a token's claims. A timedelta is a lifetime in whole seconds.
pub(crate) fn input(value: &Bound<'_, PyAny>) -> Result<String> {
    let fault = RefCell::default();
    write(Value { value, fault: &fault, lifetimes: true, depth: 0 }, |error| {
        explain(&fault, Error::new(ErrorCode::InvalidRequest).because(error.to_string()))
    })
}

fn write(value: Value<'_, '_>, explain: impl FnOnce(serde_json::Error) -> Error) -> Result<String> {
    Ok(serde_json::to_string(&value).map_err(explain)?)
}

fn explain(fault: &RefCell<Option<Fault>>, error: Error) -> Error {
    match fault.take() {
        Some(Fault { path, found }) => Error::new(error.code()).at(path).because(found),
        None => error,
    }
}

/// Why a value cannot be written, and the path to it: serde's errors carry no more than a text.
struct Fault {
    path: String,
    found: String,
}

struct Value<'a, 'py> {
    value: &'a Bound<'py, PyAny>,
    fault: &'a RefCell<Option<Fault>>,
    lifetimes: bool,
    depth: u32,
}

impl Serialize for Value<'_, '_> {
    /// Exact types first: to tell them takes no call into the interpreter.
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let value = self.value;
        if let Ok(text) = value.cast_exact::<PyString>() {
            return self.text(text, serializer);
        }
        if let Ok(truth) = value.cast_exact::<PyBool>() {
            return serializer.serialize_bool(truth.is_true());
        }
        if let Ok(number) = value.cast_exact::<PyInt>() {
            return self.integer(number, serializer);
        }
        if value.is_none() {
            return serializer.serialize_unit();
        }
        if self.depth > MAX_DEPTH {
            return Err(self.fail("nested too deep, or within itself"));
        }
        if let Ok(dict) = value.cast::<PyDict>() {
            return self.members(dict, serializer, |_| false);
        }
        if let Ok(list) = value.cast::<PyList>() {
            return self.elements(list.iter(), serializer);
        }
        if let Ok(tuple) = value.cast::<PyTuple>() {
            return self.elements(tuple.iter(), serializer);
        }
        if let Ok(number) = value.cast::<PyFloat>() {
            return match number.extract::<f64>() {
                Ok(number) if number.is_finite() => serializer.serialize_f64(number),
                _ => Err(self.fail("a float is a finite number; JSON has no NaN and no infinity")),
            };
        }
        if let Ok(text) = value.cast::<PyString>() {
            return self.text(text, serializer);
        }
        if let Ok(number) = value.cast::<PyInt>() {
            return self.integer(number, serializer);
        }
        if self.lifetimes
            && let Ok(delta) = value.cast::<PyDelta>()
        {
            return match whole_seconds(delta) {
                Ok(lifetime) => serializer.serialize_u64(lifetime.seconds()),
                Err(error) => Err(self.fail(PyErr::from(error).to_string())),
            };
        }
        match fields(value) {
            Ok(Some(dict)) => self.members(&dict, serializer, |_| false),
            Ok(None) => Err(self.fail(format!(
                "{} has no form in JSON; give a str, an int, a float, a bool, None, a list, a tuple, a dict or a \
                 dataclass, and a time as whole seconds, int(time.timestamp())",
                type_name(value)
            ))),
            Err(error) => Err(S::Error::custom(error)),
        }
    }
}

impl<'py> Value<'_, 'py> {
    fn text<S: Serializer>(
        &self,
        text: &Bound<'py, PyString>,
        serializer: S,
    ) -> std::result::Result<S::Ok, S::Error> {
        match text.to_str() {
            Ok(text) => serializer.serialize_str(text),
            Err(_) => Err(self.fail("the text holds a lone surrogate, which is no Unicode")),
        }
    }

    fn integer<S: Serializer>(
        &self,
        number: &Bound<'py, PyInt>,
        serializer: S,
    ) -> std::result::Result<S::Ok, S::Error> {
        if let Ok(number) = number.extract::<i64>() {
            return serializer.serialize_i64(number);
        }
        match number.extract::<u64>() {
            Ok(number) => serializer.serialize_u64(number),
            Err(_) => Err(self.fail("an int has at most 64 bits; write a larger one as a str")),
        }
    }

    fn members<S: Serializer>(
        &self,
        dict: &Bound<'py, PyDict>,
        serializer: S,
        skip: impl Fn(&str) -> bool,
    ) -> std::result::Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let (length, mut entries) = (dict.len(), dict.iter());
        for _ in 0..length {
            // A getter of a dataclass may change it, and so may another thread where there is no GIL.
            let next =
                with_critical_section(dict, || (dict.len() == length).then(|| entries.next()).flatten());
            let Some((name, value)) = next else {
                return Err(self.fail("the dict changed while it was written"));
            };
            let Ok(name) = name.cast_exact::<PyString>().or_else(|_| name.cast::<PyString>()) else {
                return Err(self.fail(format!("a name is a str, found {}", type_name(&name))));
            };
            let Ok(name) = name.to_str() else {
                return Err(self.fail("a name holds a lone surrogate, which is no Unicode"));
            };
            if skip(name) {
                continue;
            }
            let value = Value { value: &value, depth: self.depth + 1, ..*self };
            map.serialize_entry(name, &value).inspect_err(|_| self.within(name))?;
        }
        map.end()
    }

    fn elements<S: Serializer>(
        &self,
        items: impl ExactSizeIterator<Item = Bound<'py, PyAny>>,
        serializer: S,
    ) -> std::result::Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(items.len()))?;
        for (at, value) in items.enumerate() {
            let value = Value { value: &value, depth: self.depth + 1, ..*self };
            list.serialize_element(&value).inspect_err(|_| self.within(&format!("[{at}]")))?;
        }
        list.end()
    }

    fn fail<E: serde::ser::Error>(&self, found: impl Into<String>) -> E {
        self.fault.replace(Some(Fault { path: String::new(), found: found.into() }));
        E::custom("")
    }

    /// Puts the name of a container in front of the path.
    fn within(&self, name: &str) {
        if let Some(fault) = self.fault.borrow_mut().as_mut() {
            let dot = if fault.path.is_empty() || fault.path.starts_with('[') { "" } else { "." };
            fault.path = format!("{name}{dot}{}", fault.path);
        }
    }
}

/// The fields of a dataclass.
fn fields<'py>(value: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyDict>>> {
    if !is_dataclass(value)? {
        return Ok(None);
    }
    let py = value.py();
    let dict = PyDict::new(py);
    for field in py.import("dataclasses")?.call_method1("fields", (value,))?.try_iter()? {
        let name = field?.getattr("name")?.cast_into::<PyString>()?;
        dict.set_item(&name, value.getattr(&name)?)?;
    }
    Ok(Some(dict))
}

fn is_dataclass(value: &Bound<'_, PyAny>) -> PyResult<bool> {
    value.get_type().hasattr(pyo3::intern!(value.py(), "__dataclass_fields__"))
}

fn type_name(value: &Bound<'_, PyAny>) -> String {
    value.get_type().name().map_or_else(|_| "this".to_owned(), |name| name.to_string())
}
