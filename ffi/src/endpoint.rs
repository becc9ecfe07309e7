//! Endpoints: a request in, a response out.

use std::collections::BTreeMap;
use std::ffi::{c_char, c_void};
use std::mem::MaybeUninit;

use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri};
use serde::Serialize;
use tokenmint::config::{Config, InlineOnly, Service};
use tokenmint::endpoint::Response;
use tokenmint::{Error, ErrorCode, Result};

use crate::arguments::{bytes, context_of_micros, optional, place, text, tokenmint_seed};
use crate::bytes::tokenmint_bytes;
use crate::error::tokenmint_error;
use crate::guard::{guard, guard_value};
use crate::handle::{Handle, borrow, free, handles};
use crate::issuer::tokenmint_issuer;
use crate::store::tokenmint_store;
use crate::task::{json, tokenmint_task};

/// The most fields that a request's header may have.
const MAX_FIELDS: usize = 128;

/// The token endpoints of one service. It never changes.
pub struct tokenmint_endpoint(Service);

handles!(tokenmint_endpoint b"tm endpt");

/// A response. Its three bytes are each to be freed with `tokenmint_bytes_free`.
#[repr(C)]
#[derive(Debug)]
pub struct tokenmint_response {
    /// The status, such as 200.
    pub status: i32,
    /// The header: lines `name: value`, each ended by CR LF, ordered by their names; names are in lower case.
    pub headers: tokenmint_bytes,
    /// The body.
    pub body: tokenmint_bytes,
    /// What happened, for the caller's log: as for `tokenmint_task_events`.
    pub events: tokenmint_bytes,
}

/// The endpoints that a configuration describes.
///
/// `config`: a JSON object with the sections of `docs/cli.md`. It must hold all that it needs: nothing is read from files
/// or from the environment.
///
/// Fails with `policy_invalid` and the codes of keys, each naming the place in the configuration.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tokenmint_endpoint_new(
    config: *const c_char,
    config_length: usize,
    endpoint: Option<&mut MaybeUninit<*mut tokenmint_endpoint>>,
    error: Option<&mut MaybeUninit<tokenmint_error>>,
) -> i32 {
    guard(error, || {
        let out = place(endpoint, "endpoint")?;
        // SAFETY: the caller keeps the header's contract.
        let config = unsafe { text(config, config_length, "config")? };
        let service = Config::from_json(config)?.build(&mut InlineOnly)?;
        out.write(tokenmint_endpoint(service).into_handle());
        Ok(())
    })
}

/// Frees an endpoint.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tokenmint_endpoint_free(endpoint: *mut tokenmint_endpoint) {
    // SAFETY: the caller keeps the header's contract.
    guard_value((), || unsafe { free(endpoint) });
}

/// One of the endpoint's issuers, for flows that no request asks for, such as `start_session` behind the caller's own login.
/// The clients and keys of the configuration are there for its flows. To be freed with `tokenmint_issuer_free`; the endpoint
/// may be freed before.
///
/// `name`: its `iss`, or NULL for the first.
///
/// Fails with `invalid_request` at `issuer` for one that is not served.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tokenmint_endpoint_issuer(
    endpoint: *const tokenmint_endpoint,
    name: *const c_char,
    name_length: usize,
    issuer: Option<&mut MaybeUninit<*mut tokenmint_issuer>>,
    error: Option<&mut MaybeUninit<tokenmint_error>>,
) -> i32 {
    guard(error, || {
        let out = place(issuer, "issuer")?;
        // SAFETY: the caller keeps the header's contract.
        let (service, name) =
            unsafe { (&borrow(endpoint, "endpoint")?.0, optional(name, name_length, "name")?) };
        out.write(tokenmint_issuer(service.endpoint.issuer(name)?).into_handle());
        Ok(())
    })
}

/// A task that makes a store ready, to be run at each start of a program before the first request, and now and then: where
/// the store is new or was wiped, whatever was issued before is refused from then on, since nobody knows any more what was
/// revoked. Its result is `{}`. It fails with `policy_invalid` at `durability` on a store that promises too little.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tokenmint_endpoint_prepare(
    endpoint: *const tokenmint_endpoint,
    now_us: i64,
    seed: Option<&tokenmint_seed>,
    task: Option<&mut MaybeUninit<*mut tokenmint_task>>,
    error: Option<&mut MaybeUninit<tokenmint_error>>,
) -> i32 {
    guard(error, || {
        let out = place(task, "task")?;
        // SAFETY: the caller keeps the header's contract.
        let service = unsafe { &borrow(endpoint, "endpoint")?.0 };
        let creation = service.prepare_store(&context_of_micros(now_us, seed)?);
        out.write(tokenmint_task::new(creation.map(|()| Ok(b"{}".to_vec()))));
        Ok(())
    })
}

/// Answers a request. Whatever is wrong with it is rendered into the response in the shape of its dialect; the caller
/// sends that, and logs the events.
///
/// `method`: such as `POST`. `target`: path and query, as in the request line. `headers`: lines `name: value`, each ended
/// by CR LF, as in the request, the empty line behind them or not; NULL for none. `body`: its bytes, or NULL for none.
///
/// Fails with `field_invalid` at `method`, `target` or `headers` for what no HTTP request can have, which a server
/// answers with 400; `time_invalid`. A store that fails is a response.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tokenmint_endpoint_handle(
    endpoint: *const tokenmint_endpoint,
    store: *const tokenmint_store,
    method: *const c_char,
    method_length: usize,
    target: *const c_char,
    target_length: usize,
    headers: *const c_char,
    headers_length: usize,
    body: *const c_void,
    body_length: usize,
    now_us: i64,
    seed: Option<&tokenmint_seed>,
    response: Option<&mut MaybeUninit<tokenmint_response>>,
    error: Option<&mut MaybeUninit<tokenmint_error>>,
) -> i32 {
    guard(error, || {
        let out = place(response, "response")?;
        // SAFETY: the caller keeps the header's contract.
        let (service, store, method, target, headers, body) = unsafe {
            (
                &borrow(endpoint, "endpoint")?.0,
                tokenmint_store::borrow(store)?,
                bytes(method.cast(), method_length, "method")?,
                bytes(target.cast(), target_length, "target")?,
                or_none(headers.cast(), headers_length, "headers")?,
                or_none(body, body_length, "body")?,
            )
        };
        let context = context_of_micros(now_us, seed)?;
        let outcome = service.endpoint.handle(request(method, target, headers, body)?, &context).run(store);
        let (answer, events) = (outcome.result?, json(&outcome.events)?);
        out.write(tokenmint_response::new(answer, events));
        Ok(())
    })
}

/// `tokenmint_endpoint_handle` as a task, for callers that have their own storage or hold keys. Its result is the response
/// as a JSON object, `{"status":200,"headers":{"content-type":"application/json"},"body":"..."}`.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tokenmint_endpoint_task(
    endpoint: *const tokenmint_endpoint,
    method: *const c_char,
    method_length: usize,
    target: *const c_char,
    target_length: usize,
    headers: *const c_char,
    headers_length: usize,
    body: *const c_void,
    body_length: usize,
    now_us: i64,
    seed: Option<&tokenmint_seed>,
    task: Option<&mut MaybeUninit<*mut tokenmint_task>>,
    error: Option<&mut MaybeUninit<tokenmint_error>>,
) -> i32 {
    guard(error, || {
        let out = place(task, "task")?;
        // SAFETY: the caller keeps the header's contract.
        let (service, method, target, headers, body) = unsafe {
            (
                &borrow(endpoint, "endpoint")?.0,
                bytes(method.cast(), method_length, "method")?,
                bytes(target.cast(), target_length, "target")?,
                or_none(headers.cast(), headers_length, "headers")?,
                or_none(body, body_length, "body")?,
            )
        };
        let context = context_of_micros(now_us, seed)?;
        let answering = service.endpoint.handle(request(method, target, headers, body)?, &context);
        out.write(tokenmint_task::new(answering.map(|answer| described(&answer))));
        Ok(())
    })
}

/// The answer to a request that did not reach the caller whole, in the shape of its path's dialect. Nothing is done.
///
/// `tokenmint_endpoint_handle` itself refuses a body that is longer or shorter than its `Content-Length`. What only a server
/// sees, such as chunks that break off, it answers with this. `target`, `headers`: as for `tokenmint_endpoint_handle`.
/// `status`: what is wrong, `TOKENMINT_BODY_INCOMPLETE` (400), `TOKENMINT_BODY_TIMEOUT` (408), `TOKENMINT_LENGTH_REQUIRED`
/// (411) or `TOKENMINT_BODY_TOO_LARGE` (413).
///
/// Fails with `field_invalid` at `target` or `headers`, as `tokenmint_endpoint_handle` does, or at `status` for any other.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tokenmint_endpoint_refuse(
    endpoint: *const tokenmint_endpoint,
    target: *const c_char,
    target_length: usize,
    headers: *const c_char,
    headers_length: usize,
    status: i32,
    response: Option<&mut MaybeUninit<tokenmint_response>>,
    error: Option<&mut MaybeUninit<tokenmint_error>>,
) -> i32 {
    guard(error, || {
        let out = place(response, "response")?;
        // SAFETY: the caller keeps the header's contract.
        let (service, target, headers) = unsafe {
            (
                &borrow(endpoint, "endpoint")?.0,
                bytes(target.cast(), target_length, "target")?,
                or_none(headers.cast(), headers_length, "headers")?,
            )
        };
        let torn = [
            ErrorCode::BodyIncomplete,
            ErrorCode::BodyTimeout,
            ErrorCode::LengthRequired,
            ErrorCode::BodyTooLarge,
        ];
        let code = torn
            .into_iter()
            .find(|code| code.number() == status)
            .ok_or_else(|| invalid("status", "it is no status of a request that did not arrive whole"))?;
        let answer = service.endpoint.refuse(uri(target)?.path(), &header(headers)?, code.into());
        out.write(tokenmint_response::new(answer, "[]".to_owned()));
        Ok(())
    })
}

impl tokenmint_response {
    fn new(answer: Response, events: String) -> Self {
        tokenmint_response {
            status: i32::from(answer.status().as_u16()),
            headers: tokenmint_bytes::new(lines(&answer)),
            body: tokenmint_bytes::new(answer.into_body()),
            events: events.into(),
        }
    }
}

/// Bytes, or none where they are left out.
///
/// # Safety
/// As [`bytes`].
unsafe fn or_none<'a>(data: *const c_void, length: usize, name: &'static str) -> Result<&'a [u8]> {
    if data.is_null() && length == 0 {
        return Ok(&[]);
    }
    // SAFETY: the caller's promise.
    unsafe { bytes(data, length, name) }
}

fn request(method: &[u8], target: &[u8], headers: &[u8], body: &[u8]) -> Result<Request<Vec<u8>>> {
    let mut request = Request::new(body.to_vec());
    *request.method_mut() =
        Method::from_bytes(method).map_err(|_| invalid("method", "it is no HTTP method"))?;
    *request.uri_mut() = uri(target)?;
    *request.headers_mut() = header(headers)?;
    Ok(request)
}

/// The lines of a request's header.
fn header(lines: &[u8]) -> Result<HeaderMap> {
    // The parser reads up to the empty line, and asks for more where there is none.
    let block = [lines, if lines.ends_with(b"\r\n\r\n") { b"" } else { b"\r\n" }].concat();
    let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
    match httparse::parse_headers(&block, &mut fields) {
        Ok(httparse::Status::Complete((read, found))) if read == block.len() => {
            let mut header = HeaderMap::with_capacity(found.len());
            for field in found {
                let name = HeaderName::try_from(field.name).map_err(|_| not_a_header())?;
                let value = HeaderValue::from_bytes(field.value).map_err(|_| not_a_header())?;
                header.append(name, value);
            }
            Ok(header)
        }
        Err(httparse::Error::TooManyHeaders) => {
            Err(invalid("headers", "there are more than 128 header fields"))
        }
        _ => Err(not_a_header()),
    }
}

fn uri(target: &[u8]) -> Result<Uri> {
    Uri::try_from(target).map_err(|_| invalid("target", "it is no target of an HTTP request"))
}

fn not_a_header() -> Error {
    invalid("headers", "expected lines of the form `name: value`, each ended by CR LF")
}

fn invalid(field: &'static str, reason: &'static str) -> Error {
    Error::new(ErrorCode::FieldInvalid).at(field).because(reason)
}

/// The header in a definite order.
fn sorted(response: &Response) -> Vec<(&str, &[u8])> {
    let mut fields: Vec<_> =
        response.headers().iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
    fields.sort_unstable();
    fields
}

/// The header as it goes over the wire.
fn lines(response: &Response) -> Vec<u8> {
    let mut lines = Vec::with_capacity(256);
    for (name, value) in sorted(response) {
        for part in [name.as_bytes(), b": ", value, b"\r\n"] {
            lines.extend_from_slice(part);
        }
    }
    lines
}

/// The response as JSON. The endpoints write text only, and no field of the header twice.
fn described(response: &Response) -> Result<Vec<u8>> {
    #[derive(Serialize)]
    struct Described<'a> {
        status: u16,
        headers: BTreeMap<&'a str, &'a str>,
        body: &'a str,
    }
    let text = |bytes| std::str::from_utf8(bytes).map_err(|_| Error::new(ErrorCode::Internal));
    let headers: Result<_> =
        sorted(response).into_iter().map(|(name, value)| Ok((name, text(value)?))).collect();
    let described = Described {
        status: response.status().as_u16(),
        headers: headers?,
        body: text(response.body().as_slice())?,
    };
    json(&described).map(String::into_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_read_as_it_came() {
        let lines = b"Content-Type: application/json\r\nX-Two: a\r\nx-two:  b \r\n";
        for headers in [lines.to_vec(), [lines.as_slice(), b"\r\n"].concat()] {
            let request = request(b"POST", b"/a?b=c", &headers, b"{}").unwrap();
            assert_eq!((request.method().as_str(), request.uri().query()), ("POST", Some("b=c")));
            let values: Vec<_> = request.headers().get_all("x-two").iter().collect();
            assert_eq!(values, ["a", "b"]);
        }
        assert!(request(b"GET", b"/", b"", b"").unwrap().headers().is_empty());
    }

    #[test]
    fn what_no_request_has_is_refused() {
        let field = |method, target, headers: &[u8]| {
            request(method, target, headers, b"").unwrap_err().field().map(str::to_owned).unwrap()
        };
        assert_eq!(field(b"G T", b"/", b""), "method");
        assert_eq!(field(b"GET", b"/ /", b""), "target");
        for wrong in ["no colon\r\n", "a: b", "a: b\r\n\r\nc: d\r\n", "a b: c\r\n", "a: b\x01\r\n"] {
            assert_eq!(field(b"GET", b"/", wrong.as_bytes()), "headers", "{wrong:?}");
        }
        assert_eq!(field(b"GET", b"/", "a: b\r\n".repeat(129).as_bytes()), "headers");
    }
}
