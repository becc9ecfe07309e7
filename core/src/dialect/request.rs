//! Requests as the dialects read them.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

use http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, IF_NONE_MATCH};
use http::{HeaderMap, HeaderValue, Method, Uri};

use super::fields::Fields;
use super::rejection::Rejection;
use crate::encoding::from_base64;
use crate::error::{Error, ErrorCode};
use crate::flow::client::ClientProof;
use crate::inline::Inline;
use crate::json::{Fault, Object};
use crate::secret::Secret;

/// The largest body that is read, in bytes.
pub const MAX_BODY: usize = 64 * 1024;

/// A request that arrived whole, with a body of at most [`MAX_BODY`] bytes.
pub struct Request {
    pub(crate) method: Method,
    uri: Uri,
    /// The segments of the path, where one has percent signs.
    decoded: Option<Vec<String>>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// The segments of a path; a slice of texts.
#[derive(Clone, Debug)]
pub struct Segments<'a>(Inline<&'a str, 6>);

impl<'a> Deref for Segments<'a> {
    type Target = [&'a str];

    fn deref(&self) -> &[&'a str] {
        self.0.as_slice()
    }
}

impl<'a> Segments<'a> {
    /// The segments, for matching.
    pub fn as_slice(&self) -> &[&'a str] {
        self.0.as_slice()
    }

    fn of(segments: impl Iterator<Item = &'a str>) -> Self {
        let mut list = Inline::default();
        segments.for_each(|segment| list.push(segment));
        Segments(list)
    }
}

/// The fields of a form, in their order.
pub struct Form<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl Request {
    /// Takes a request apart; `None` where a segment of the path is not UTF-8 behind its percent signs. An [`Endpoint`] does
    /// this, and looks at the length of the body; by itself it is for tests.
    ///
    /// [`Endpoint`]: crate::endpoint::Endpoint
    pub fn new(request: http::Request<Vec<u8>>) -> Option<Self> {
        let (parts, body) = request.into_parts();
        let path = parts.uri.path().strip_prefix('/')?;
        let decode = |segment| decode_segment(segment).map(Cow::into_owned);
        let decoded = match path.contains('%') {
            true => Some(path.split('/').map(decode).collect::<Option<_>>()?),
            false => None,
        };
        Some(Request { method: parts.method, uri: parts.uri, decoded, headers: parts.headers, body })
    }

    /// The method.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The segments of the path, for matching. The path is cut first and its percent signs are decoded then, so a segment
    /// may hold a slash. The query is not among them.
    pub fn segments(&self) -> Segments<'_> {
        match &self.decoded {
            Some(decoded) => Segments::of(decoded.iter().map(String::as_str)),
            // One was there when the request was taken apart.
            None => Segments::of(self.uri.path().strip_prefix('/').unwrap_or_default().split('/')),
        }
    }

    /// What stands behind the question mark.
    pub(super) fn query(&self) -> Option<&str> {
        self.uri.query()
    }

    /// Whether whoever asks has the answer of this tag already (RFC 9110 section 13.1.2): a list of tags, each of which may say
    /// that it is weak; or any.
    pub(super) fn knows(&self, etag: &str) -> bool {
        let opaque = |tag| str::strip_prefix(tag, "W/").unwrap_or(tag);
        let known = self.headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
        let mut known = known.flat_map(|value| value.split(',')).map(str::trim);
        known.any(|tag| tag == "*" || opaque(tag) == opaque(etag))
    }

    /// All headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The body as it came.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// A header's value; `None` where it is absent or not text, and the first where there are several.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The credential of `Authorization: Bearer ...` (RFC 6750 section 2.1); the scheme's case is ignored (RFC 9110
    /// section 11.1).
    ///
    /// # Errors
    /// `unauthenticated` where the header is absent, there twice, or of another form.
    pub fn bearer(&self) -> Result<Secret, Error> {
        let refused = |text: &'static str| Error::new(ErrorCode::Unauthenticated).because(text);
        let absent = "the request has no Authorization header; send Authorization: Bearer <token>";
        let value = self.authorization(absent).map_err(refused)?;
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

    /// The client of `Authorization: Basic ...`. RFC 6749 section 2.3.1: id and secret are each encoded as in a form before
    /// they become user name and password.
    ///
    /// # Errors
    /// `invalid_client` where the header is absent, there twice, or of another form.
    pub fn basic(&self) -> Result<ClientProof, Error> {
        let refused = |text: &'static str| Error::new(ErrorCode::InvalidClient).because(text);
        let absent = "the request has no Authorization header; send Authorization: Basic <credentials>";
        let header = self.authorization(absent).map_err(refused)?.to_str().unwrap_or_default();
        let client = || {
            let (scheme, credential) = credentials(header);
            let decoded = from_base64(credential).filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
            let decoded = String::from_utf8(decoded).ok()?;
            let (id, secret) = decoded.split_once(':')?;
            Some(ClientProof::new(decode_form(id)?, decode_form(secret)?.into_owned()))
        };
        client().ok_or_else(|| refused("the Authorization header is not Basic credentials"))
    }

    /// The one `Authorization` header, or what is wrong.
    fn authorization(&self, absent: &'static str) -> Result<&HeaderValue, &'static str> {
        let mut values = self.headers.get_all(AUTHORIZATION).iter();
        match (values.next(), values.next()) {
            (Some(value), None) => Ok(value),
            (None, _) => Err(absent),
            _ => Err("the request has two Authorization headers"),
        }
    }

    /// Refuses a body that is too large, and one of another length than was announced: RFC 9112 section 8, a message that
    /// did not arrive whole MUST NOT be taken for one that did.
    pub(crate) fn check_length(&self) -> Result<(), Error> {
        let arrived = self.body.len();
        // RFC 9110 section 8.6: the same length may be told more than once; another one may not.
        let lines = self.headers.get_all(CONTENT_LENGTH).iter();
        let mut told =
            lines.flat_map(|value| value.as_bytes().split(|byte| *byte == b',')).map(<[u8]>::trim_ascii);
        let announced = match told.next() {
            None => None,
            Some(first) => {
                let length = std::str::from_utf8(first)
                    .ok()
                    .filter(|text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()))
                    .filter(|_| told.all(|other| other == first))
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
    /// lost on its way would look the same. For requests that mean much where they say nothing; `instead` says what to send.
    ///
    /// # Errors
    /// `length_required` at `Content-Length`.
    pub fn check_empty_is_meant(&self, instead: &'static str) -> Result<(), Error> {
        if !self.body.is_empty() || self.headers.contains_key(CONTENT_LENGTH) {
            return Ok(());
        }
        Err(Error::new(ErrorCode::LengthRequired).at("Content-Length").because(instead))
    }

    /// Refuses a body of another media type than JSON. An empty body needs no type, and a body without one is taken.
    fn check_media_type(&self) -> Result<(), Error> {
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
    ///
    /// # Errors
    /// `media_type_unsupported`, `body_malformed`.
    pub fn form(&self) -> Result<Form<'_>, Error> {
        let found = self.header("content-type").unwrap_or_default();
        let essence = found.split(';').next().unwrap_or_default().trim();
        if !self.body.is_empty() && !essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Err(Error::new(ErrorCode::MediaTypeUnsupported)
                .at("Content-Type")
                .because("the body must be application/x-www-form-urlencoded"));
        }
        let malformed = || Error::new(ErrorCode::BodyMalformed).because("the body is not a form");
        let text = std::str::from_utf8(&self.body).map_err(|_| malformed())?;
        let decode = |text| decode_form(text).ok_or_else(malformed);
        let mut fields = Vec::with_capacity(4);
        for text in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = text.split_once('=').unwrap_or((text, ""));
            fields.push((decode(name)?, decode(value)?));
        }
        Ok(Form(fields))
    }

    /// Reads the fields of a JSON object in the body, and refuses them with all that is wrong with them.
    ///
    /// ```
    /// use tokenmint::dialect::Request;
    /// use tokenmint::dialect::fields::{boolean, text_of};
    /// let read = |body: &str| {
    ///     let request = Request::new(http::Request::post("/devices").body(body.into()).unwrap()).unwrap();
    ///     request.read(|fields| {
    ///         let name = fields.required("name", text_of(1, 100));
    ///         let trusted = fields.nullable("trusted", boolean);
    ///         Some((name?, trusted))
    ///     })
    /// };
    /// assert_eq!(read(r#"{"name":"phone"}"#).unwrap(), ("phone".to_owned(), None));
    /// let error = read(r#"{"trusted":"yes"}"#).unwrap_err().into_error();
    /// assert_eq!((error.code().name(), error.field()), ("field_required", Some("name")));
    /// ```
    ///
    /// # Errors
    /// `media_type_unsupported`, `body_malformed`, and every field that is missing or wrong.
    pub fn read<T>(&self, read: impl FnOnce(&mut Fields<'_>) -> Option<T>) -> Result<T, Rejection> {
        let mut fields = self.fields()?;
        let value = read(&mut fields);
        let problems = fields.into_problems();
        value.filter(|_| problems.is_empty()).ok_or(Rejection::Fields(problems))
    }

    /// The fields of a JSON object in the body, of at most 32 levels and with no name twice; [`Request::read`] is simpler.
    ///
    /// # Errors
    /// `media_type_unsupported`, `body_malformed`.
    pub fn fields(&self) -> Result<Fields<'_>, Error> {
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

impl Form<'_> {
    /// The one value of a field.
    ///
    /// # Errors
    /// `field_required`; as [`Form::optional`].
    pub fn required(&self, name: &'static str) -> Result<&str, Error> {
        self.optional(name)?.ok_or_else(|| {
            Error::new(ErrorCode::FieldRequired).at(name).because("this parameter is required")
        })
    }

    /// The one value of a field that may be left out. RFC 6749 section 3.2: one without a value counts as left out.
    ///
    /// # Errors
    /// `field_invalid` where it is there twice: RFC 6749 section 3.2, parameters MUST NOT be included more than once.
    pub fn optional(&self, name: &'static str) -> Result<Option<&str>, Error> {
        let mut values = self.values(name);
        match (values.next(), values.next()) {
            (value, None) => Ok(value.filter(|value| !value.is_empty())),
            _ => Err(Error::new(ErrorCode::FieldInvalid).at(name).because("this parameter is there twice")),
        }
    }

    /// Every value of a field.
    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(found, _)| found == name).map(|(_, value)| &**value)
    }
}

// Neither shows what may be a secret.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request").field("method", &self.method).finish_non_exhaustive()
    }
}

impl fmt::Debug for Form<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

/// The scheme of an `Authorization` header, and what stands behind it: RFC 9110 section 11.4, any number of blanks between.
pub(super) fn credentials(header: &str) -> (&str, &str) {
    header.split_once(' ').map_or((header, ""), |(scheme, rest)| (scheme, rest.trim_start_matches(' ')))
}

/// Decodes a name or value of a form: a plus is a space.
fn decode_form(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains('+') {
        return decode_segment(text);
    }
    decode_segment(&text.replace('+', " ")).map(|decoded| Cow::Owned(decoded.into_owned()))
}

/// Decodes the percent signs of one segment (RFC 3986 section 2.1), so an id may hold a slash.
fn decode_segment(segment: &str) -> Option<Cow<'_, str>> {
    if !segment.contains('%') {
        return Some(Cow::Borrowed(segment));
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
    String::from_utf8(bytes).ok().map(Cow::Owned)
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
        assert_eq!(found.segments().as_slice(), ["entity", "acme/42 é", "token"]);
        assert_eq!(request("/entity//token", &[]).segments().as_slice(), ["entity", "", "token"]);
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
