//! Errors as texts, which is what is thrown.

use tokenmint::{Error, ErrorCode};
use wasm_bindgen::JsValue;

use crate::texts::together;

/// What functions give that may fail.
pub type Result<T, E = Failure> = std::result::Result<T, E>;

/// An error of the core on its way out.
#[derive(Debug)]
pub struct Failure(pub(crate) Error);

impl<E: Into<Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Failure(error.into())
    }
}

impl From<Failure> for JsValue {
    fn from(failure: Failure) -> Self {
        JsValue::from_str(&text(&failure.0))
    }
}

/// What TypeScript makes its error of; the rest follows from the code.
pub(crate) fn text(error: &Error) -> String {
    let retry = error.retry_after().map(|retry| retry.after_seconds.to_string());
    together(&[Some(error.code().name()), Some(error.message()), error.field(), retry.as_deref()])
}

/// What a caller in TypeScript cannot cause.
pub(crate) fn internal(reason: &'static str) -> Error {
    Error::new(ErrorCode::Internal).because(reason)
}
