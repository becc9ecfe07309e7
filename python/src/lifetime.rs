//! A lifetime in Python's types.

use pyo3::prelude::*;
use pyo3::types::{PyDelta, PyInt, PyString};
use tokenmint::{Error, ErrorCode, Lifetime, expires_in};

use crate::errors::Result;
use crate::json;
use crate::timedelta::whole_seconds;

/// A lifetime from a text, whole seconds or a timedelta, which is rounded down as a text is.
pub(crate) fn lifetime(given: &Bound<'_, PyAny>) -> Result<Lifetime> {
    if let Ok(text) = given.cast::<PyString>() {
        // A lone surrogate becomes a character that no lifetime has: the core refuses it as any other.
        return Ok(text.to_string_lossy().parse()?);
    }
    if let Ok(delta) = given.cast::<PyDelta>() {
        return whole_seconds(delta);
    }
    if let Ok(number) = given.cast_exact::<PyInt>() {
        return Ok(match number.extract::<u64>() {
            Ok(seconds) => Lifetime::from_seconds(seconds)?,
            // Negative or too large: the core says which.
            Err(_) => expires_in::from_json(&given.str()?.to_string_lossy())?,
        });
    }
    // Whatever else JSON can say has its code in the core; what it cannot say has the wrong type.
    match json::input(given) {
        Ok(text) => Ok(expires_in::from_json(&text)?),
        Err(_) => Err(Error::new(ErrorCode::LifetimeType).into()),
    }
}
