//! The JOSE header (RFC 7515 section 4): written once per key, read strictly.

use std::borrow::Cow;
use std::sync::Arc;

use super::Key;
use crate::encoding::{base64url, from_base64url};
use crate::error::{Error, ErrorCode, Result};
use crate::json::{self, Object};

/// The encoded header of every token that `key` signs, with the dot behind it.
pub(crate) fn segment(key: &Key, typ: &str) -> String {
    let mut text = br#"{"alg":""#.to_vec();
    text.extend_from_slice(key.algorithm().name().as_bytes());
    text.extend_from_slice(br#"","typ":"#);
    json::push_string(&mut text, typ);
    if let Some(kid) = key.kid() {
        text.extend_from_slice(br#","kid":"#);
        json::push_string(&mut text, kid);
    }
    text.push(b'}');
    let mut segment = base64url(&text);
    segment.push('.');
    segment
}

/// The `typ` of a refresh token: no verifier of access tokens takes it (RFC 8725 section 3.11).
pub(crate) const REFRESH_TYPE: &str = "refresh+jwt";

/// Headers that were read before a token came: those of tokens that the first few keys of a set sign. A token whose
/// header is one of them, byte for byte, needs no reading.
pub(crate) struct ExpectedHeaders(Vec<(String, Arc<Header>)>);

impl ExpectedHeaders {
    /// The headers of tokens by `keys`, as this crate and the most common others write them.
    pub(crate) fn new(keys: &[Key]) -> Self {
        let texts = ["JWT", REFRESH_TYPE, "at+jwt"]
            .into_iter()
            .flat_map(|typ| keys.iter().take(4).flat_map(move |key| layouts(key, typ)));
        let read = |text: String| {
            let segment = base64url(text.as_bytes());
            let header = Header::parse(&segment).ok()?;
            Some((segment, Arc::new(header)))
        };
        ExpectedHeaders(texts.filter_map(read).collect())
    }

    /// What a header segment says, read or remembered.
    pub(crate) fn read(&self, segment: &str) -> Result<Arc<Header>> {
        match self.0.iter().find(|(expected, _)| expected == segment) {
            Some((_, header)) => Ok(Arc::clone(header)),
            None => Header::parse(segment).map(Arc::new),
        }
    }
}

/// The header's text in the orders that are common.
fn layouts(key: &Key, typ: &str) -> Vec<String> {
    let member = |name: &str, value: &str| {
        let mut text = format!("\"{name}\":").into_bytes();
        json::push_string(&mut text, value);
        String::from_utf8(text).unwrap_or_default()
    };
    let (alg, typ) = (member("alg", key.algorithm().name()), member("typ", typ));
    match key.kid().map(|kid| member("kid", kid)) {
        None => vec![format!("{{{alg},{typ}}}"), format!("{{{typ},{alg}}}")],
        Some(kid) => vec![
            format!("{{{alg},{typ},{kid}}}"),
            format!("{{{alg},{kid},{typ}}}"),
            format!("{{{typ},{alg},{kid}}}"),
        ],
    }
}

/// What a token's header says, as far as it counts.
#[derive(Debug)]
pub(crate) struct Header {
    pub(crate) alg: String,
    pub(crate) kid: Option<String>,
    pub(crate) typ: Option<String>,
}

impl Header {
    /// Reads a header segment.
    pub(crate) fn parse(segment: &str) -> Result<Self> {
        let bytes =
            from_base64url(segment).ok_or_else(|| Error::new(ErrorCode::TokenEncoding).at("header"))?;
        let object = Object::of_token(&bytes).map_err(|fault| {
            Error::new(ErrorCode::HeaderMalformed).at("header").because(fault.to_string())
        })?;
        // RFC 7515 section 4.1.11: what is critical and not understood must be refused. Nothing is understood here.
        if object.get("crit").is_some() {
            return Err(Error::new(ErrorCode::HeaderCritical).at("crit"));
        }
        // RFC 7797 section 7: a JWT must not use `b64: false`. RFC 8725 section 3.6: no compression.
        for name in ["b64", "zip"] {
            if object.get(name).is_some() {
                return Err(Error::new(ErrorCode::HeaderUnsupported).at(name));
            }
        }
        let text = |name: &'static str| match object.get(name).map(json::string) {
            None => Ok(None),
            Some(Some(value)) => Ok(Some(Cow::into_owned(value))),
            Some(None) => Err(Error::new(ErrorCode::HeaderMalformed).at(name).because("expected a string")),
        };
        let alg = text("alg")?
            .ok_or_else(|| Error::new(ErrorCode::HeaderMalformed).at("alg").because("required"))?;
        Ok(Header { alg, kid: text("kid")?, typ: text("typ")? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::Algorithm;

    #[test]
    fn what_is_remembered_is_what_is_read() {
        for kid in [None, Some("k\"1")] {
            let key = Key::hmac(kid, Algorithm::HS256, [7; 32].as_slice()).unwrap();
            let expected = ExpectedHeaders::new(std::slice::from_ref(&key));
            assert!(expected.0.len() > 1);
            assert!(segment(&key, "JWT").starts_with(&expected.0[0].0), "the first is what we write");
            for (text, header) in expected.0.iter() {
                assert_eq!((&*header.alg, header.kid.as_deref()), ("HS256", kid));
                assert!(header.typ.is_some());
                assert!(Arc::ptr_eq(header, &expected.read(text).unwrap()));
            }
            let other = base64url(br#"{"alg":"HS256","typ":"JWT","crit":["x"]}"#);
            assert_eq!(expected.read(&other).unwrap_err().code(), ErrorCode::HeaderCritical);
        }
    }
}
