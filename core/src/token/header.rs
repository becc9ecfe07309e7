//! The JOSE header (RFC 7515 section 4): written once per key, read strictly.

use std::borrow::Cow;

use crate::encoding::{base64url, from_base64url};
use crate::error::{Error, ErrorCode, Result};
use crate::json::{self, Object};
use crate::key::Key;

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
        let object = Object::from_slice(&bytes).map_err(|fault| {
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
