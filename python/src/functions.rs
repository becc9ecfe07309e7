//! Functions that need no object: lifetimes, credentials, and a look into a token.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString};
use tokenmint::{Lifetime, SecretHash, UnixTime, expires_in, source, unverified};

use crate::errors::Result;
use crate::host::Now;
use crate::json;
use crate::keys::secret_bytes;
use crate::lifetime::lifetime;
use crate::task::Task;
use crate::values;

/// Whole seconds of a lifetime: a text such as "1h", whole seconds, or a timedelta.
#[pyfunction]
#[pyo3(signature = (value, /))]
pub(crate) fn parse_expires_in(value: &Bound<'_, PyAny>) -> Result<u64> {
    Ok(lifetime(value)?.seconds())
}

/// Whole seconds of a lifetime that is the text of a JSON value: `"1h"` with its quotes, or 3600.
#[pyfunction]
#[pyo3(signature = (text, /))]
pub(crate) fn parse_expires_in_json(text: &str) -> Result<u64> {
    Ok(expires_in::from_json(text)?.seconds())
}

/// The shortest text of so many seconds that `parse_expires_in` reads as the same.
#[pyfunction]
#[pyo3(signature = (seconds, /))]
pub(crate) fn format_expires_in(seconds: u64) -> Result<String> {
    Ok(Lifetime::from_seconds(seconds)?.to_string())
}

/// The `exp` that node-jsonwebtoken 9 gives for an `expiresIn` text at `iat`, for those who migrate.
#[pyfunction]
#[pyo3(signature = (text, /, iat))]
pub(crate) fn node_jsonwebtoken_expiry(text: &str, iat: i64) -> Result<i64> {
    Ok(expires_in::node_jsonwebtoken(text, UnixTime::from_seconds(iat))?.seconds())
}

/// Header and claims of a token that nobody has verified: for logs and support, never for a decision.
#[pyfunction]
#[pyo3(signature = (token, /))]
pub(crate) fn decode_unverified<'py>(
    py: Python<'py>,
    token: &Bound<'py, PyString>,
) -> Result<Bound<'py, PyAny>> {
    let seen = unverified::decode(&token.to_string_lossy())?;
    let parts = PyDict::new(py);
    parts.set_item("header", values::parse(py, seen.header().json())?)?;
    parts.set_item("claims", values::parse(py, seen.json())?)?;
    Ok(py.import("tokenmint.results")?.getattr("Unverified")?.call((), Some(&parts))?)
}

/// A new secret of 256 random bits, and its SHA-256, which is what is stored.
#[pyfunction]
#[pyo3(signature = (*, seed=None))]
pub(crate) fn generate_secret(seed: Option<&Bound<'_, PyBytes>>) -> Result<(String, String)> {
    let (secret, hash) = SecretHash::generate(&mut Now::of(None)?.context(seed)?.entropy());
    Ok((String::from_utf8_lossy(secret.expose()).into_owned(), hash.to_string()))
}

/// The SHA-256 of a generated secret as base64url, as configurations hold it; never for passwords.
#[pyfunction]
#[pyo3(signature = (secret, /))]
pub(crate) fn hash_secret(secret: &Bound<'_, PyAny>) -> Result<String> {
    Ok(SecretHash::of(secret_bytes(secret)?.expose()).to_string())
}

/// Whether a hash is that of the secret, in constant time.
#[pyfunction]
#[pyo3(signature = (secret, sha256, /))]
pub(crate) fn secret_matches(secret: &Bound<'_, PyAny>, sha256: &str) -> Result<bool> {
    Ok(SecretHash::parse(sha256)?.matches(secret_bytes(secret)?.expose()))
}

/// A step of a token source by its name; its result is a dict.
#[pyfunction]
#[pyo3(signature = (name, input))]
pub(crate) fn source_operation(name: &str, input: &Bound<'_, PyDict>) -> Result<Task> {
    let step = source::operation(name, &json::input(input)?, &Now::of(None)?.context(None)?);
    Ok(Task::new(step, |py, output| values::parse(py, &output)))
}
