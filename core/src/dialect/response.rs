//! Responses: JSON that no cache keeps, and refusals with the headers that belong to them.
//!
//! ```
//! use http::StatusCode;
//! use tokenmint::dialect::response;
//! let response = response::json(StatusCode::CREATED, serde_json::json!({ "id": 7 }));
//! assert_eq!((response.status().as_u16(), response.body().as_slice()), (201, br#"{"id":7}"#.as_slice()));
//! assert_eq!(response.headers()["cache-control"], "no-store");
//! ```

use http::StatusCode;
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE,
};
use serde::Serialize;

use super::rejection::Rejection;
use crate::error::{Error, ErrorCode};
use crate::json::{ToJson, object, push_string, to_bytes, write_member};

/// A response of an endpoint.
pub type Response = http::Response<Vec<u8>>;

/// A JSON response that no cache keeps (RFC 6749 section 5.1).
pub fn json(status: StatusCode, body: impl Serialize) -> Response {
    json_text(status, serde_json::to_vec(&body).unwrap_or_default())
}

/// As [`json`], of a type of this crate.
pub(crate) fn json_of(status: StatusCode, body: &dyn ToJson) -> Response {
    json_text(status, to_bytes(body))
}

/// A value of a response.
pub(crate) enum Value<'a> {
    Text(&'a str),
    Number(u64),
    Json(&'a dyn ToJson),
    /// No value: the member is left out.
    Nothing,
}

impl<'a> From<Option<&'a str>> for Value<'a> {
    fn from(text: Option<&'a str>) -> Self {
        text.map_or(Value::Nothing, Value::Text)
    }
}

/// A JSON object in a response, its members in this order.
pub(crate) fn json_object(status: StatusCode, members: &[(&str, Value<'_>)]) -> Response {
    let room = |(name, value): &(&str, Value<'_>)| match value {
        Value::Text(text) => name.len() + text.len() + 6,
        Value::Number(_) => name.len() + 24,
        Value::Json(_) | Value::Nothing => 0,
    };
    let mut body = Vec::with_capacity(members.iter().map(room).sum::<usize>() + 2);
    body.push(b'{');
    for (name, value) in members {
        match value {
            Value::Text(text) => write_member(&mut body, name, text),
            Value::Number(number) => write_member(&mut body, name, number),
            Value::Json(value) => write_member(&mut body, name, *value),
            Value::Nothing => {}
        }
    }
    body.push(b'}');
    json_text(status, body)
}

/// A JSON string in a response.
pub(crate) fn json_string(status: StatusCode, text: &str) -> Response {
    let mut body = Vec::with_capacity(text.len() + 2);
    push_string(&mut body, text);
    json_text(status, body)
}

/// A response without content, that no cache keeps.
pub fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Vec::new());
    *response.status_mut() = status;
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// A response of ready-made JSON, that no cache keeps.
pub fn json_text(status: StatusCode, body: Vec<u8>) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// A refusal in OAuth's shape (RFC 6749 section 5.2): what an endpoint answers for paths that no dialect has, and a
/// dialect that has no other shape.
pub fn refusal(rejection: Rejection) -> Response {
    let error = rejection.into_error();
    let description = match error.code() {
        // Its detail is the list of methods, which stands in `Allow`.
        code @ ErrorCode::MethodNotAllowed => code.text().to_owned(),
        _ => error.to_string(),
    };
    let body = OAuthError { error: error.code().oauth_error(), error_description: description };
    let mut response = with_error_headers(json_of(status(&error), &body), &error);
    match error.code() {
        // RFC 6749 section 5.2: the challenge MUST be of the scheme that the client used. One that used none is told of
        // the scheme for clients.
        ErrorCode::InvalidClient => {
            set(&mut response, WWW_AUTHENTICATE, r#"Basic realm="tokenmint", charset="UTF-8""#);
        }
        // RFC 7662 section 2.3 leads to RFC 6750 section 3.
        ErrorCode::Unauthenticated => {
            set(&mut response, WWW_AUTHENTICATE, r#"Bearer realm="tokenmint", error="invalid_token""#);
        }
        _ => {}
    }
    response
}

object! {
    /// OAuth's error body (RFC 6749 section 5.2).
    #[json(write)]
    pub(super) struct OAuthError {
        pub(super) error: &'static str,
        pub(super) error_description: String,
    }
}

/// The status of an error where a dialect does not say otherwise.
pub fn status(error: &Error) -> StatusCode {
    match error.code().number() {
        // Keys and configuration: nothing that a client could mend.
        200..300 => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::from_u16(error.code().http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

/// Adds `Retry-After` where the error says when to come back, `WWW-Authenticate` to a 401 (RFC 9110 section 15.5.2),
/// and `Allow` to a 405 (section 15.5.6).
pub fn with_error_headers(mut response: Response, error: &Error) -> Response {
    if let Some(retry) = error.retry_after() {
        set(&mut response, RETRY_AFTER, &retry.after_seconds.to_string());
    }
    if response.status() == StatusCode::UNAUTHORIZED {
        set(&mut response, WWW_AUTHENTICATE, "Bearer");
    }
    if error.code() == ErrorCode::MethodNotAllowed {
        set(&mut response, ALLOW, error.message());
    }
    response
}

/// Sets a header; a value that is not a header's is left out.
pub(crate) fn set(response: &mut Response, name: impl Into<HeaderName>, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name.into(), value);
    }
}
