//! What the host gives to the core: the time, a seed, and lifetimes in Python's types.

use std::time::{SystemTime, UNIX_EPOCH};

use pyo3::exceptions::{PyOSError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDateTime, PyDelta, PyFloat, PyInt, PyString};
use tokenmint::{Context, Error, ErrorCode, Lifetime, UnixTime, expires_in};

use crate::errors::Result;
use crate::json;

/// A point in time as the caller gave it, or the clock's.
pub(crate) struct Now(u64);

impl Now {
    pub(crate) fn of(given: Option<&Bound<'_, PyAny>>) -> Result<Self> {
        let Some(given) = given else {
            let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            return Ok(Now(u64::try_from(since.as_micros()).unwrap_or(u64::MAX)));
        };
        if given.is_instance_of::<PyInt>() && !given.is_instance_of::<PyBool>() {
            let seconds = given.extract::<u64>().map_err(|_| time_invalid())?;
            return Ok(Now(seconds.checked_mul(1_000_000).ok_or_else(time_invalid)?));
        }
        let seconds = if given.is_instance_of::<PyFloat>() {
            given.extract::<f64>()?
        } else if given.is_instance_of::<PyDateTime>() {
            if given.getattr("tzinfo")?.is_none() {
                return Err(PyValueError::new_err(
                    "now: a datetime needs a time zone, for example timezone.utc",
                )
                .into());
            }
            given.call_method0("timestamp")?.extract::<f64>()?
        } else {
            return Err(PyTypeError::new_err("now: an int, a float or a datetime with a time zone").into());
        };
        // 2^53 microseconds end in the year 2255: until then a double holds each of them.
        if !(0.0..=9e15).contains(&(seconds * 1e6)) {
            return Err(time_invalid().into());
        }
        Ok(Now((seconds * 1e6) as u64))
    }

    pub(crate) fn time(&self) -> UnixTime {
        self.without_seed().now()
    }

    /// In microseconds since 1970.
    pub(crate) fn micros(&self) -> u64 {
        self.0
    }

    /// For what needs no randomness.
    pub(crate) fn without_seed(&self) -> Context {
        Context::at_micros(self.0, [0; 32])
    }

    /// With a seed as the caller gave it, or the system's randomness.
    pub(crate) fn context(&self, seed: Option<&Bound<'_, PyBytes>>) -> Result<Context> {
        let seed = match seed {
            Some(seed) => <[u8; 32]>::try_from(seed.as_bytes()).map_err(|_| {
                PyValueError::new_err(format!("seed: 32 bytes, found {}", seed.as_bytes().len()))
            })?,
            None => {
                let mut seed = [0; 32];
                getrandom::fill(&mut seed).map_err(|error| PyOSError::new_err(error.to_string()))?;
                seed
            }
        };
        Ok(Context::at_micros(self.0, seed))
    }
}

fn time_invalid() -> Error {
    Error::new(ErrorCode::TimeInvalid).at("now")
}

/// A lifetime from a text, whole seconds or a timedelta, which is rounded down as a text is.
pub(crate) fn lifetime(given: &Bound<'_, PyAny>) -> Result<Lifetime> {
    if let Ok(text) = given.cast::<PyString>() {
        // A lone surrogate becomes a character that no lifetime has: the core refuses it as any other.
        return Ok(text.to_string_lossy().parse()?);
    }
    if let Ok(delta) = given.cast::<PyDelta>() {
        let part = |name: &str| delta.getattr(name)?.extract::<i64>();
        let seconds = part("days")? * 86_400 + part("seconds")?;
        return match u64::try_from(seconds) {
            Ok(0) if part("microseconds")? > 0 => Err(Error::new(ErrorCode::LifetimeUnderOneSecond).into()),
            seconds => Ok(Lifetime::from_seconds(seconds.unwrap_or(0))?),
        };
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
