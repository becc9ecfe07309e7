//! What the host gives to the core: the time and a seed, in Python's types.

use std::time::{SystemTime, UNIX_EPOCH};

use pyo3::exceptions::{PyOSError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDateTime, PyFloat, PyInt};
use tokenmint::{Context, Error, ErrorCode, UnixTime};

use crate::errors::Result;

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
