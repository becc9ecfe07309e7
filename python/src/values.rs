//! JSON text that the core has checked, as Python's objects.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::sync::{Mutex, MutexGuard};

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString};
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use tokenmint::{Error, ErrorCode};

use crate::errors::Result;

/// Reads a text; integers stay exact at any size.
pub(crate) fn parse<'py>(py: Python<'py>, text: &str) -> Result<Bound<'py, PyAny>> {
    Names::default().parse(py, text)
}

/// The names of members that the last text had, in their order: tokens of one kind have the same, so that most need
/// not be made again.
#[derive(Default)]
pub(crate) struct Names(Mutex<Vec<Py<PyString>>>);

/// So many names are kept at most, and none that is longer than so many bytes.
const KEPT: (usize, usize) = (64, 64);

impl Names {
    /// As [`parse`].
    pub(crate) fn parse<'py>(&self, py: Python<'py>, text: &str) -> Result<Bound<'py, PyAny>> {
        let wide = Cell::new(false);
        // Never waited for: who has it may be waiting for the interpreter.
        let known = RefCell::new(Known { names: self.0.try_lock().ok(), at: 0 });
        let mut reader = serde_json::Deserializer::from_str(text);
        let value = Value { py, wide: &wide, known: &known }.deserialize(&mut reader).map_err(|_| {
            Error::new(ErrorCode::ClaimsShape).because("a value is beyond what Python can hold")
        })?;
        if wide.get() {
            // serde_json rounds what has more than 64 bits; Python's reader does not, and what is read was checked.
            return Ok(py.import("json")?.call_method1("loads", (text,))?);
        }
        Ok(value)
    }
}

struct Known<'a> {
    names: Option<MutexGuard<'a, Vec<Py<PyString>>>>,
    at: usize,
}

impl Known<'_> {
    fn name<'py>(&mut self, py: Python<'py>, name: &str) -> Bound<'py, PyString> {
        let Some(names) = &mut self.names else { return PyString::new(py, name) };
        let at = self.at;
        self.at += 1;
        if let Some(known) = names.get(at).map(|known| known.bind(py))
            && known.to_str().is_ok_and(|known| known == name)
        {
            return known.clone();
        }
        let new = PyString::new(py, name);
        if at < KEPT.0 && name.len() <= KEPT.1 {
            names.truncate(at);
            names.push(new.clone().unbind());
        }
        new
    }
}

#[derive(Clone, Copy)]
struct Value<'a, 'n, 'py> {
    py: Python<'py>,
    /// Whether there is a number that may be an integer of more than 64 bits.
    wide: &'a Cell<bool>,
    known: &'a RefCell<Known<'n>>,
}

impl<'de, 'py> DeserializeSeed<'de> for Value<'_, '_, 'py> {
    type Value = Bound<'py, PyAny>;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Self::Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de, 'py> Visitor<'de> for Value<'_, '_, 'py> {
    type Value = Bound<'py, PyAny>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(self.py.None().into_bound(self.py))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(PyBool::new(self.py, value).to_owned().into_any())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(PyInt::new(self.py, value).into_any())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(PyInt::new(self.py, value).into_any())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
        if value.abs() >= 9.2e18 {
            self.wide.set(true);
        }
        Ok(PyFloat::new(self.py, value).into_any())
    }

    fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
        Ok(PyString::new(self.py, value).into_any())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let list = PyList::empty(self.py);
        while let Some(item) = items.next_element_seed(self)? {
            list.append(item).map_err(A::Error::custom)?;
        }
        Ok(list.into_any())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let dict = PyDict::new(self.py);
        while let Some(name) = members.next_key_seed(Name(self))? {
            let value = members.next_value_seed(self)?;
            dict.set_item(name, value).map_err(A::Error::custom)?;
        }
        Ok(dict.into_any())
    }
}

/// A member's name.
struct Name<'a, 'n, 'py>(Value<'a, 'n, 'py>);

impl<'de, 'py> DeserializeSeed<'de> for Name<'_, '_, 'py> {
    type Value = Bound<'py, PyString>;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Self::Value, D::Error> {
        reader.deserialize_str(self)
    }
}

impl<'py> Visitor<'_> for Name<'_, '_, 'py> {
    type Value = Bound<'py, PyString>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.known.borrow_mut().name(self.0.py, name))
    }
}
