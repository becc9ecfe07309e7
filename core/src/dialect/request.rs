//! Requests as the dialects read them, and the responses they give.

use http::header::{
    ALLOW, AUTHORIZATION, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER,
};
use http::{HeaderMap, Method, StatusCode};

use super::fields::{Fields, Problem};
use crate::error::{Error, ErrorCode};
use crate::json::{Fault, Object, push_string};
use crate::secret::Secret;

/// The largest body that is read, in bytes.
pub const MAX_BODY: usize = 64 * 1024;

/// A response of an endpoint.
pub type Response = http::Response<Vec<u8>>;

/// A request: its path is cut into segments, each decoded for itself.
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) path: Vec<String>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// Why a request is refused: one error, or all that is wrong with its fields.
#[derive(Debug)]
pub(crate) enum Rejection {
    Error(Error),
    Fields(Vec<Problem>),
}

impl From<Error> for Rejection {
    fn from(error: Error) -> Self {
        Rejection::Error(error)
    }
}

impl From<ErrorCode> for Rejection {
    fn from(code: ErrorCode) -> Self {
        Rejection::Error(code.into())
    }
}

impl Rejection {
    /// The rejection as one error: the first wrong field stands for all.
    pub(crate) fn into_error(self) -> Error {
        match self {
            Rejection::Error(error) => error,
            Rejection::Fields(problems) => {
                problems.first().map_or_else(|| ErrorCode::InvalidRequest.into(), Problem::error)
            }
        }
    }
}

impl Request {
    /// Takes a request apart; `None` where a segment of the path is not UTF-8 behind its percent signs.
    pub(crate) fn new(request: http::Request<Vec<u8>>) -> Option<Self> {
        let (parts, body) = request.into_parts();
        let path = parts.uri.path().strip_prefix('/')?;
        let path: Option<Vec<String>> = path.split('/').map(decode_segment).collect();
        Some(Request { method: parts.method, path: path?, headers: parts.headers, body })
    }

    /// The segments of the path, for matching.
    pub(crate) fn segments(&self) -> Vec<&str> {
        self.path.iter().map(String::as_str).collect()
    }

    /// A header's value; `None` where it is absent or not text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The credential of `Authorization: Bearer ...` (RFC 6750 section 2.1); the scheme's case is ignored (RFC 9110
    /// section 11.1).
    pub(crate) fn bearer(&self) -> Result<Secret, Error> {
        let refused = |text: &'static str| Error::new(ErrorCode::Unauthenticated).because(text);
        let mut values = self.headers.get_all(AUTHORIZATION).iter();
        let value = match (values.next(), values.next()) {
            (Some(value), None) => value,
            (None, _) => {
                return Err(refused(
                    "the request has no Authorization header; send Authorization: Bearer <token>",
                ));
            }
            _ => return Err(refused("the request has two Authorization headers")),
        };
        let text = value.to_str().map_err(|_| refused("the Authorization header is not text"))?;
        let (scheme, credential) = credentials(text);
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(refused("the Authorization header must be of the form: Bearer <token>"));
        }
        // A blank inside or around a key is part of what was presented: no key has one.
        if credential.is_empty() || credential.contains(' ') {
            return Err(refused("the bearer token is not valid"));
        }
        Ok(Secret::from(credential))
    }

    /// Refuses a body that is too large, and one of another length than was announced: RFC 9112 section 8, a message that
    /// did not arrive whole MUST NOT be taken for one that did.
    pub(crate) fn check_length(&self) -> Result<(), Error> {
        let arrived = self.body.len();
        // RFC 9110 section 8.6: the same length may be told more than once; another one may not.
        let told: Vec<&[u8]> = self
            .headers
            .get_all(CONTENT_LENGTH)
            .iter()
            .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
            .map(<[u8]>::trim_ascii)
            .collect();
        let announced = match told.split_first() {
            None => None,
            Some((first, rest)) => {
                let length = std::str::from_utf8(first)
                    .ok()
                    .filter(|text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()))
                    .filter(|_| rest.iter().all(|other| other == first))
                    // More digits than any number here has: too large, whatever they say.
                    .map(|text| text.parse().unwrap_or(u64::MAX));
                let invalid = || Error::new(ErrorCode::BodyIncomplete).at("Content-Length");
                Some(length.ok_or_else(|| invalid().because("the header is not one number of bytes"))?)
            }
        };
        let announced_more = announced.is_some_and(|length| length > MAX_BODY as u64);
        if arrived > MAX_BODY || announced_more {
            let found = match announced {
                Some(length) if announced_more => format!("{length}"),
                // A host reads no further than it must.
                _ if arrived == MAX_BODY + 1 => format!("more than {MAX_BODY}"),
                _ => format!("{arrived}"),
            };
            let text = format!("the body has {found} bytes, at most {MAX_BODY} are read");
            return Err(Error::new(ErrorCode::BodyTooLarge).because(text));
        }
        match announced {
            Some(length) if length != arrived as u64 => Err(Error::new(ErrorCode::BodyIncomplete)
                .at("Content-Length")
                .because(format!("{length} bytes were announced and {arrived} arrived; nothing was done"))),
            _ => Ok(()),
        }
    }

    /// Refuses a request that says nothing of a body: an empty one is announced (`Content-Length: 0`), and one that got
    /// lost on its way would look the same.
    pub(crate) fn check_empty_is_meant(&self, instead: &'static str) -> Result<(), Error> {
        if !self.body.is_empty() || self.headers.contains_key(CONTENT_LENGTH) {
            return Ok(());
        }
        Err(Error::new(ErrorCode::LengthRequired).at("Content-Length").because(instead))
    }

    /// Refuses a body of another media type than JSON. An empty body needs no type, and a body without one is taken.
    pub(crate) fn check_media_type(&self) -> Result<(), Error> {
        let Some(found) = self.headers.get(CONTENT_TYPE) else { return Ok(()) };
        let essence = found.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
        if self.body.is_empty() || essence.eq_ignore_ascii_case("application/json") {
            return Ok(());
        }
        Err(Error::new(ErrorCode::MediaTypeUnsupported)
            .at("Content-Type")
            .because("the body must be application/json"))
    }

    /// The fields of a form in the body (`application/x-www-form-urlencoded`).
    pub(crate) fn form(&self) -> Result<Vec<(String, String)>, Error> {
        let found = self.header("content-type").unwrap_or_default();
        let essence = found.split(';').next().unwrap_or_default().trim();
        if !self.body.is_empty() && !essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Err(Error::new(ErrorCode::MediaTypeUnsupported)
                .at("Content-Type")
                .because("the body must be application/x-www-form-urlencoded"));
        }
        let malformed = || Error::new(ErrorCode::BodyMalformed).because("the body is not a form");
        let text = std::str::from_utf8(&self.body).map_err(|_| malformed())?;
        let decode = |text: &str| decode_form(text).ok_or_else(malformed);
        let pair = |pair: &str| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decode(name)?, decode(value)?))
        };
        text.split('&').filter(|pair| !pair.is_empty()).map(pair).collect()
    }

    /// The fields of a JSON object in the body.
    pub(crate) fn fields(&self) -> Result<Fields<'_>, Error> {
        self.check_media_type()?;
        let malformed = |text: String| Error::new(ErrorCode::BodyMalformed).because(text);
        if self.body.iter().all(u8::is_ascii_whitespace) {
            return Err(malformed("the body is empty; a JSON object is expected".to_owned()));
        }
        let object = Object::from_slice(&self.body).map_err(|fault| match fault {
            Fault::NotObject => malformed("the body must be a JSON object".to_owned()),
            other => malformed(format!("the body is not acceptable: {other}")),
        })?;
        Ok(Fields::new(object))
    }
}

/// A JSON response that no cache keeps (RFC 6749 section 5.1).
pub(crate) fn json(status: StatusCode, body: impl serde::Serialize) -> Response {
    json_text(status, serde_json::to_vec(&body).unwrap_or_default())
}

/// A value of a response that holds tokens, which are long and hold nothing to be escaped.
pub(crate) enum Value<'a> {
    Text(&'a str),
    Number(u64),
}

/// A JSON object in a response, its members in this order.
pub(crate) fn json_object(status: StatusCode, members: &[(&str, Value<'_>)]) -> Response {
    let mut body = Vec::with_capacity(1024);
    for (index, (name, value)) in members.iter().enumerate() {
        body.push(if index == 0 { b'{' } else { b',' });
        push_string(&mut body, name);
        body.push(b':');
        match value {
            Value::Text(text) => push_string(&mut body, text),
            Value::Number(number) => body.extend_from_slice(number.to_string().as_bytes()),
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
pub(crate) fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Vec::new());
    *response.status_mut() = status;
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// A response of ready-made JSON, that no cache keeps.
pub(crate) fn json_text(status: StatusCode, body: Vec<u8>) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The status of an error where a dialect does not say otherwise.
pub(crate) fn status(error: &Error) -> StatusCode {
    match error.code().number() {
        // Keys and configuration: nothing that a client could mend.
        200..300 => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::from_u16(error.code().http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

/// Adds `Retry-After` where the error says when to come back, `WWW-Authenticate` to a 401 (RFC 9110 section 15.5.2),
/// and `Allow` to a 405 (section 15.5.6).
pub(crate) fn with_error_headers(mut response: Response, error: &Error) -> Response {
    if let Some(retry) = error.retry_after() {
        set(&mut response, RETRY_AFTER, &retry.after_seconds.to_string());
    }
    if response.status() == StatusCode::UNAUTHORIZED {
        set(&mut response, http::header::WWW_AUTHENTICATE, "Bearer");
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

/// The scheme of an `Authorization` header, and what stands behind it: RFC 9110 section 11.4, any number of blanks between.
pub(crate) fn credentials(header: &str) -> (&str, &str) {
    header.split_once(' ').map_or((header, ""), |(scheme, rest)| (scheme, rest.trim_start_matches(' ')))
}

/// Decodes a name or value of a form: a plus is a space.
pub(crate) fn decode_form(text: &str) -> Option<String> {
    decode_segment(&text.replace('+', " "))
}

/// Decodes the percent signs of one segment (RFC 3986 section 2.1), so an id may hold a slash.
fn decode_segment(segment: &str) -> Option<String> {
    if !segment.contains('%') {
        return Some(segment.to_owned());
    }
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let (digits, tail) = rest.split_at_checked(2)?;
        let digits =
            std::str::from_utf8(digits).ok().filter(|text| text.bytes().all(|b| b.is_ascii_hexdigit()))?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = tail;
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(path: &str, headers: &[(&str, &str)]) -> Request {
        let mut builder = http::Request::builder().method("POST").uri(path);
        for (name, value) in headers {
            builder = builder.header(*name, *value);
        }
        Request::new(builder.body(Vec::new()).unwrap()).unwrap()
    }

    #[test]
    fn segments_are_decoded_one_by_one() {
        let found = request("/entity/acme%2F42%20%C3%A9/token?x=/y", &[]);
        assert_eq!(found.segments(), ["entity", "acme/42 é", "token"]);
        assert_eq!(request("/entity//token", &[]).segments(), ["entity", "", "token"]);
        for path in ["/a%2", "/a%zz", "/a%+1", "/%ff"] {
            let request = http::Request::builder().uri(path).body(Vec::new()).unwrap();
            assert!(Request::new(request).is_none(), "{path}");
        }
    }

    #[test]
    fn a_body_is_what_was_announced() {
        let refused = |lengths: &[&str], arrived: usize| {
            let mut builder = http::Request::post("/");
            for length in lengths {
                builder = builder.header("content-length", *length);
            }
            let request = Request::new(builder.body(vec![b' '; arrived]).unwrap()).unwrap();
            request.check_length().err().map(|error| (error.code(), error.message().to_owned()))
        };
        let whole: [(&[&str], usize); 5] =
            [(&[], 0), (&["0"], 0), (&["2"], 2), (&["2", "2, 2"], 2), (&["65536"], MAX_BODY)];
        for (lengths, arrived) in whole {
            assert_eq!(refused(lengths, arrived), None, "{lengths:?} {arrived}");
        }
        let torn: [(&[&str], usize); 9] = [
            (&["25"], 0),
            (&["25"], 24),
            (&["1"], 2),
            (&["0"], 2),
            (&["2", "3"], 2),
            (&[""], 0),
            (&["-1"], 0),
            (&["+2"], 2),
            (&["2,"], 2),
        ];
        for (lengths, arrived) in torn {
            let code = refused(lengths, arrived).map(|(code, _)| code);
            assert_eq!(code, Some(ErrorCode::BodyIncomplete), "{lengths:?} {arrived}");
        }
        let large: [(&[&str], usize, &str); 5] = [
            (&[], MAX_BODY + 1, "the body has more than 65536 bytes, at most 65536 are read"),
            (&[], MAX_BODY + 8, "the body has 65544 bytes, at most 65536 are read"),
            (&["1000000000"], MAX_BODY + 1, "the body has 1000000000 bytes, at most 65536 are read"),
            (&["1000000000"], 0, "the body has 1000000000 bytes, at most 65536 are read"),
            (&["99999999999999999999"], 0, "the body has 18446744073709551615 bytes, at most 65536 are read"),
        ];
        for (lengths, arrived, text) in large {
            let expected = Some((ErrorCode::BodyTooLarge, text.to_owned()));
            assert_eq!(refused(lengths, arrived), expected, "{lengths:?} {arrived}");
        }
    }

    #[test]
    fn bearers() {
        let bearer = |value: &str| {
            request("/", &[("authorization", value)]).bearer().ok().map(|secret| secret.expose().to_vec())
        };
        for value in ["Bearer key", "bearer key", "BEARER key", "Bearer  key", "bearer     key"] {
            assert_eq!(bearer(value), Some(b"key".to_vec()), "{value}");
        }
        for value in [
            "Basic a2V5",
            "Bearer",
            "Bearer ",
            "Bearer  ",
            "Bearer\tkey",
            "Bearer key key",
            "Bearer  key ",
            "key",
            "",
        ] {
            assert_eq!(bearer(value), None, "{value:?}");
        }
        assert!(request("/", &[]).bearer().is_err());
        assert!(
            request("/", &[("authorization", "Bearer a"), ("authorization", "Bearer a")]).bearer().is_err()
        );
    }
}
