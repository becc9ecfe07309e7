//! What a call says beside its path and its key, and how a refusal is told.

use hyper::StatusCode;
use serde::Serialize;
use tokenmint::dialect::{Request, response};
use tokenmint::endpoint::{MAX_BODY, Response};
use tokenmint::{Error, ErrorCode};
use url::form_urlencoded;

use super::attempt::LONGEST_KEY;
use crate::recent::Page;

/// The largest number of an event: JSON has none beyond that everybody reads alike (RFC 8259 section 6).
pub(super) const LAST_NUMBER: u64 = (1 << 53) - 1;

const IDEMPOTENCY_KEY: &str = "Idempotency-Key";

/// The issuer that a query names. There is no other parameter.
pub(super) fn issuer(query: Option<&str>) -> Result<Option<String>, Error> {
    let mut issuer = None;
    for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        let reason = match &*name {
            "issuer" if issuer.is_none() => {
                issuer = Some(value.into_owned());
                continue;
            }
            "issuer" => "this parameter is there twice",
            _ => "this parameter is not known; known is issuer",
        };
        return Err(Error::new(ErrorCode::InvalidRequest).at(name.into_owned()).because(reason));
    }
    Ok(issuer)
}

/// The number that a query names, behind which somebody asks for events. There is no other parameter.
pub(super) fn after(query: Option<&str>) -> Result<Option<u64>, Error> {
    let mut after = None;
    for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        let reason = match &*name {
            "after" if after.is_none() => match value.parse() {
                Ok(number) if number <= LAST_NUMBER => {
                    after = Some(number);
                    continue;
                }
                _ => "it is a whole number, the `next` of an answer before",
            },
            "after" => "this parameter is there twice",
            _ => "this parameter is not known; known is after",
        };
        return Err(Error::new(ErrorCode::InvalidRequest).at(name.into_owned()).because(reason));
    }
    Ok(after)
}

/// Events, which are JSON already.
pub(super) fn events(page: &Page) -> String {
    let events = page.events.join(",");
    format!("{{\"events\":[{events}],\"next\":{},\"missed\":{}}}", page.next, page.missed)
}

/// What tells this call from another.
pub(super) fn idempotency_key(request: &Request) -> Result<Option<&str>, Error> {
    let refused = |reason| Err(Error::new(ErrorCode::FieldInvalid).at(IDEMPOTENCY_KEY).because(reason));
    let mut values = request.headers().get_all(IDEMPOTENCY_KEY).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(_), Some(_)) => refused("the header is there twice".to_owned()),
        (Some(value), None) => match value.to_str() {
            Ok(key)
                if (1..=LONGEST_KEY).contains(&key.len())
                    && key.bytes().all(|byte| byte.is_ascii_graphic()) =>
            {
                Ok(Some(key))
            }
            _ => refused(format!("it is 1 to {LONGEST_KEY} visible ASCII characters")),
        },
    }
}

/// The body, which is a JSON object.
pub(super) fn input(request: &Request) -> Result<String, Error> {
    if request.body().len() > MAX_BODY {
        let reason = format!("at most {MAX_BODY} bytes are read");
        return Err(Error::new(ErrorCode::BodyTooLarge).because(reason));
    }
    request.fields()?;
    String::from_utf8(request.body().to_vec()).map_err(|_| ErrorCode::BodyMalformed.into())
}

/// An error as a caller reads it.
#[derive(Serialize)]
struct Refusal<'a> {
    error: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
    message: &'a str,
}

/// The answer to a call that is refused. Whoever calls is the operator, so the store's errors are told as well.
pub(super) fn refusal(error: &Error) -> Response {
    let code = error.code();
    let status = StatusCode::from_u16(code.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let (field, message) = match code {
        // Its detail is the list of methods, which stands in `Allow`.
        ErrorCode::MethodNotAllowed => (None, code.text()),
        _ => (error.field(), error.message()),
    };
    let body = Refusal { error: code.name(), field, message };
    response::with_error_headers(response::json(status, body), error)
}
