//! Header and claims of a token that nobody has verified: for logs, for support, and to choose a key.
//!
//! Anyone can write any token. What stands here says nothing about who made it, so no decision about access may
//! rest on it; [`Verifier::verify`](crate::Verifier::verify) is for that.

use std::borrow::Cow;
use std::fmt;

use serde::de::DeserializeOwned;

use super::parts::Parts;
use crate::encoding::{from_base64url, not_base64url};
use crate::error::{Error, ErrorCode, Result};
use crate::json::{self, Fault, Members};

/// Reads header and claims of a token, and checks nothing about who made it, for whom, or when.
///
/// The form is judged as strictly as a verifier does: framing, base64url, UTF-8, JSON.
///
/// # Errors
/// `token_too_large`, `token_malformed`, `token_encoding`, `header_malformed`, `payload_malformed`.
///
/// ```
/// // RFC 7519 section 6.1: an unsecured token, which no verifier accepts.
/// let token = "eyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.";
/// let seen = tokenmint::unverified::decode(token)?;
/// assert_eq!(seen.header().algorithm().as_deref(), Some("none"));
/// assert_eq!(seen.issuer().as_deref(), Some("joe"));
/// # Ok::<(), tokenmint::Error>(())
/// ```
pub fn decode(token: &str) -> Result<Unverified> {
    let parts = Parts::split(token)?;
    let header = UnverifiedHeader::parse(&parts)?;
    let claims = UnverifiedText::parse(parts.payload, "payload", ErrorCode::PayloadMalformed)?;
    from_base64url(parts.signature).ok_or_else(|| not_base64url("signature", parts.signature))?;
    Ok(Unverified { header, claims })
}

/// Reads the header of a token, and nothing else: what stands in it decides nothing.
///
/// # Errors
/// `token_too_large`, `token_malformed`, `token_encoding`, `header_malformed`.
pub fn decode_header(token: &str) -> Result<UnverifiedHeader> {
    UnverifiedHeader::parse(&Parts::split(token)?)
}

/// Header and claims that nobody has verified.
#[derive(Clone)]
pub struct Unverified {
    header: UnverifiedHeader,
    claims: UnverifiedText,
}

impl Unverified {
    /// The header.
    pub fn header(&self) -> &UnverifiedHeader {
        &self.header
    }

    /// What the token says in `iss`, where that is a string.
    pub fn issuer(&self) -> Option<String> {
        self.claims.string("iss")
    }

    /// What the token says in `sub`, where that is a string.
    pub fn subject(&self) -> Option<String> {
        self.claims.string("sub")
    }

    /// The JSON text of a claim.
    pub fn claim_json(&self, name: &str) -> Option<&str> {
        self.claims.get(name)
    }

    /// All claims as a type that serde can read.
    ///
    /// # Errors
    /// `claims_shape` where they do not fit the type.
    pub fn claims<T: DeserializeOwned>(&self) -> Result<T> {
        json::from_value(&self.claims.json).map_err(|misfit| misfit.error(ErrorCode::ClaimsShape))
    }

    /// All claims as the JSON text that stands in the token.
    pub fn json(&self) -> &str {
        &self.claims.json
    }
}

/// A header that nobody has verified.
#[derive(Clone)]
pub struct UnverifiedHeader(UnverifiedText);

impl UnverifiedHeader {
    /// What the token says in `alg`, where that is a string: any text.
    pub fn algorithm(&self) -> Option<String> {
        self.0.string("alg")
    }

    /// What the token says in `kid`, where that is a string.
    pub fn key_id(&self) -> Option<String> {
        self.0.string("kid")
    }

    /// What the token says in `typ`, where that is a string.
    pub fn token_type(&self) -> Option<String> {
        self.0.string("typ")
    }

    /// The header as the JSON text that stands in the token.
    pub fn json(&self) -> &str {
        &self.0.json
    }

    fn parse(parts: &Parts<'_>) -> Result<Self> {
        UnverifiedText::parse(parts.header, "header", ErrorCode::HeaderMalformed).map(UnverifiedHeader)
    }
}

#[derive(Clone)]
struct UnverifiedText {
    json: String,
    members: Members,
}

impl UnverifiedText {
    fn parse(segment: &str, part: &'static str, code: ErrorCode) -> Result<Self> {
        let malformed = |fault: Fault| Error::new(code).at(part).because(format!("the {part} is {fault}"));
        let bytes = from_base64url(segment).ok_or_else(|| not_base64url(part, segment))?;
        let json = String::from_utf8(bytes).map_err(|_| malformed(Fault::NotUtf8))?;
        let members = Members::of_token(&json).map_err(malformed)?;
        Ok(UnverifiedText { json, members })
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.members.get(&self.json, name)
    }

    fn string(&self, name: &str) -> Option<String> {
        self.get(name).and_then(json::string).map(Cow::into_owned)
    }
}

impl fmt::Debug for Unverified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unverified")
            .field("header", &self.header.json())
            .field("claims", &self.json())
            .finish()
    }
}

impl fmt::Debug for UnverifiedHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("UnverifiedHeader").field(&self.json()).finish()
    }
}
