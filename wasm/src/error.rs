//! Errors as JSON texts, which is what is thrown.

use serde::Serialize;
use tokenmint::{Error, ErrorCode};
use wasm_bindgen::JsValue;

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

/// The error as a JSON object.
pub(crate) fn text(error: &Error) -> String {
    // Texts and numbers: they can always be written.
    serde_json::to_string(&ErrorText::from(error)).unwrap_or_default()
}

/// The form in which TypeScript reads it.
#[derive(Serialize)]
pub(crate) struct ErrorText<'a> {
    code: &'static str,
    number: i32,
    message: &'a str,
    status: u16,
    oauth_error: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_seconds: Option<u64>,
}

impl<'a> From<&'a Error> for ErrorText<'a> {
    fn from(error: &'a Error) -> Self {
        let code = error.code();
        ErrorText {
            code: code.name(),
            number: code.number(),
            message: error.message(),
            status: code.http_status(),
            oauth_error: code.oauth_error(),
            field: error.field(),
            retry_after_seconds: error.retry_after().map(|retry| retry.after_seconds),
        }
    }
}

/// What a caller in TypeScript cannot cause.
pub(crate) fn internal(reason: &'static str) -> Error {
    Error::new(ErrorCode::Internal).because(reason)
}
