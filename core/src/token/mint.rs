//! Minting: registered claims and custom members into one JSON text, that into one token.

use std::borrow::Cow;

use serde::Serialize;

use super::MAX_TOKEN;
use super::template::Template;
use crate::claims::text::{ClaimsText, unwritable};
use crate::claims::{Claims, not_registered};
use crate::encoding::push_base64url;
use crate::error::{Error, ErrorCode, Result};
use crate::json::{self, ToJson as _};
use crate::key::Key;
use crate::time::UnixTime;

/// What the issuer adds to the claims it is given.
pub(crate) struct IssuerClaims<'a> {
    /// What [`opening`] made of its name.
    pub(crate) opening: &'a str,
    pub(crate) audience: &'a [String],
    pub(crate) issued_at: UnixTime,
    pub(crate) expires_at: UnixTime,
    pub(crate) id: &'a str,
    pub(crate) fixed: &'a [FixedClaim],
}

/// The beginning of every payload of an issuer, which is written once.
pub(crate) fn opening(issuer: &str) -> String {
    let mut text = b"{\"iss\":".to_vec();
    json::push_string(&mut text, issuer);
    String::from_utf8(text).unwrap_or_default()
}

/// The claims that a caller gives.
#[derive(Clone, Copy)]
pub(crate) enum CallerClaims<'a> {
    Typed(&'a Claims),
    Text(&'a ClaimsText<'a>),
}

impl CallerClaims<'_> {
    fn has_custom(self, name: &str) -> bool {
        match self {
            CallerClaims::Typed(claims) => claims.has_custom(name),
            CallerClaims::Text(text) => text.has_custom(name),
        }
    }

    /// Whether the caller chose the token's id.
    pub(crate) fn has_id(self) -> bool {
        match self {
            CallerClaims::Typed(claims) => claims.id.is_some(),
            CallerClaims::Text(text) => text.id.is_some(),
        }
    }
}

/// Most tokens are no longer, in bytes.
const COMMON: usize = 640;

/// The payload as it is written: one JSON object, open at its end.
pub(crate) struct NewPayload<'a> {
    text: Vec<u8>,
    given: CallerClaims<'a>,
    fixed: &'a [FixedClaim],
}

/// A claim that every token of an issuer carries: its name and JSON text.
pub(crate) type FixedClaim = (Cow<'static, str>, String);

impl<'a> NewPayload<'a> {
    /// The registered claims, the custom ones that are given, and the issuer's fixed ones that those do not set.
    pub(crate) fn new(given: CallerClaims<'a>, own: &IssuerClaims<'a>) -> Result<Self> {
        let mut payload = NewPayload { text: Vec::with_capacity(COMMON), given, fixed: own.fixed };
        payload.text.extend_from_slice(own.opening.as_bytes());
        match given {
            CallerClaims::Typed(claims) => payload.typed(claims, own)?,
            CallerClaims::Text(text) => payload.ready(text, own),
        }
        for (name, value) in own.fixed {
            if !given.has_custom(name) {
                payload.name(name);
                payload.text.extend_from_slice(value.as_bytes());
            }
        }
        Ok(payload)
    }

    fn typed(&mut self, claims: &Claims, own: &IssuerClaims<'_>) -> Result<()> {
        claims.check()?;
        if let Some(subject) = &claims.subject {
            self.string(b",\"sub\":", subject);
        }
        self.audience(if claims.audience.is_empty() { own.audience } else { &claims.audience });
        self.time(b",\"iat\":", own.issued_at);
        if let Some(not_before) = claims.not_before {
            self.time(b",\"nbf\":", not_before);
        }
        self.time(b",\"exp\":", own.expires_at);
        self.string(b",\"jti\":", claims.id.as_deref().unwrap_or(own.id));
        for (name, value) in claims.custom() {
            self.name(name);
            self.text.extend_from_slice(value);
        }
        Ok(())
    }

    fn ready(&mut self, claims: &ClaimsText<'_>, own: &IssuerClaims<'_>) {
        self.json(b",\"sub\":", claims.subject);
        match claims.audience {
            None => self.audience(own.audience),
            given => self.json(b",\"aud\":", given),
        }
        self.time(b",\"iat\":", own.issued_at);
        self.json(b",\"nbf\":", claims.not_before);
        self.time(b",\"exp\":", own.expires_at);
        match claims.id {
            None => self.string(b",\"jti\":", own.id),
            given => self.json(b",\"jti\":", given),
        }
        for (name, value) in claims.custom() {
            self.name(name);
            self.text.extend_from_slice(value.as_bytes());
        }
    }

    fn audience(&mut self, audience: &[String]) {
        match audience {
            [] => {}
            [one] => self.string(b",\"aud\":", one),
            many => {
                self.text.extend_from_slice(b",\"aud\":");
                for (index, one) in many.iter().enumerate() {
                    self.string(if index == 0 { b"[" } else { b"," }, one);
                }
                self.text.push(b']');
            }
        }
    }

    /// Adds the members of any type that serde writes as a JSON object.
    pub(crate) fn add<T: Serialize + ?Sized>(&mut self, members: &T) -> Result<()> {
        let start = self.text.len();
        let mut names = Names::new(self.given, self.fixed);
        json::write_named(&mut self.text, members, &mut |name| names.check(name)).map_err(unwritable)?;
        if self.text.get(start) != Some(&b'{') {
            return Err(ErrorCode::ClaimsNotObject.into());
        }
        let empty = names.result()?;
        self.splice(start, empty);
        Ok(())
    }

    /// Adds the members of a ready-made JSON object.
    pub(crate) fn add_json(&mut self, text: &str) -> Result<()> {
        let mut names = Names::new(self.given, self.fixed);
        json::each_name(text, |name| names.check(name)).map_err(unwritable)?;
        let empty = names.result()?;
        let start = self.text.len();
        self.text.extend_from_slice(text.trim_matches([' ', '\t', '\r', '\n']).as_bytes());
        self.splice(start, empty);
        Ok(())
    }

    /// Adds members that were checked before.
    pub(crate) fn add_template(&mut self, template: &Template) -> Result<()> {
        let mut names = Names::new(self.given, self.fixed);
        template.names.iter().for_each(|name| names.check(name));
        names.result()?;
        if !template.members.is_empty() {
            self.text.push(b',');
            self.text.extend_from_slice(template.members.as_bytes());
        }
        Ok(())
    }

    /// The claims as one JSON object.
    pub(crate) fn into_json(mut self) -> Vec<u8> {
        self.text.push(b'}');
        self.text
    }

    /// Encodes and signs.
    pub(crate) fn sign(self, header: &str, key: &Key) -> Result<String> {
        self.unsigned(header, key).sign(key)
    }

    /// Encodes, with room for the signature of `key`.
    pub(crate) fn unsigned(mut self, header: &str, key: &Key) -> Unsigned {
        self.text.push(b'}');
        Unsigned::new(header, self.text, key)
    }

    /// Turns the object written at `start` into more members of this one.
    fn splice(&mut self, start: usize, empty: bool) {
        if empty {
            self.text.truncate(start);
            return;
        }
        if let Some(brace) = self.text.get_mut(start) {
            *brace = b',';
        }
        self.text.pop();
    }

    #[inline(always)]
    fn name(&mut self, name: &str) {
        self.string(b",", name);
        self.text.push(b':');
    }

    /// `before`, which is JSON, and a string.
    #[inline(always)]
    fn string(&mut self, before: &[u8], value: &str) {
        self.text.extend_from_slice(before);
        json::push_string(&mut self.text, value);
    }

    /// `before`, and a value that is JSON, where there is one.
    #[inline(always)]
    fn json(&mut self, before: &[u8], value: Option<&str>) {
        if let Some(value) = value {
            self.text.extend_from_slice(before);
            self.text.extend_from_slice(value.as_bytes());
        }
    }

    #[inline(always)]
    fn time(&mut self, before: &[u8], time: UnixTime) {
        self.text.extend_from_slice(before);
        time.write_json(&mut self.text);
    }
}

/// The names of more custom claims, checked one by one.
struct Names<'a> {
    given: CallerClaims<'a>,
    fixed: &'a [FixedClaim],
    empty: bool,
    fault: Option<Error>,
}

impl<'a> Names<'a> {
    fn new(given: CallerClaims<'a>, fixed: &'a [FixedClaim]) -> Self {
        Names { given, fixed, empty: true, fault: None }
    }

    fn check(&mut self, name: &str) {
        self.empty = false;
        if let Err(error) = not_registered(name) {
            self.fault.get_or_insert(error);
        } else if self.given.has_custom(name) || self.fixed.iter().any(|(known, _)| known == name) {
            self.fault.get_or_insert_with(|| Error::new(ErrorCode::ClaimDuplicate).at(name.to_owned()));
        }
    }

    /// Whether there were none; the first that may not be there is the error.
    fn result(self) -> Result<bool> {
        self.fault.map_or(Ok(self.empty), Err)
    }
}

/// A token that lacks its signature only.
pub(crate) struct Unsigned {
    token: String,
    /// How long the token may be.
    most: usize,
}

impl Unsigned {
    /// Encodes a payload behind an encoded header, with room for the signature of `key`.
    pub(crate) fn new(header: &str, payload: Vec<u8>, key: &Key) -> Self {
        let len = header.len() + (payload.len() + key.signature_len()).div_ceil(3) * 4 + 5;
        let mut aside = [0; COMMON];
        let token = match aside.get_mut(..payload.len()) {
            // A short payload is put aside, and the token takes its place.
            Some(aside) => {
                aside.copy_from_slice(&payload);
                encoded(header, aside, emptied(payload, len))
            }
            None => encoded(header, &payload, String::with_capacity(len)),
        };
        Unsigned { token, most: MAX_TOKEN }
    }

    /// The same, of whatever length.
    pub(crate) fn of_any_length(self) -> Self {
        Unsigned { most: usize::MAX, ..self }
    }

    /// Signs with a key that is here.
    pub(crate) fn sign(self, key: &Key) -> Result<String> {
        if key.can_sign()
            && let Some(tag) = key.tag(self.token.as_bytes())
        {
            return self.finish(tag.as_ref());
        }
        let mut signature = Vec::with_capacity(key.signature_len());
        key.sign(self.token.as_bytes(), &mut signature)?;
        self.finish(&signature)
    }

    /// What is signed; refused where no signature could make it a token of an allowed size.
    pub(crate) fn signing_input(&self) -> Result<&str> {
        self.check_size()?;
        Ok(&self.token)
    }

    /// The token with its signature.
    pub(crate) fn finish(mut self, signature: &[u8]) -> Result<String> {
        self.token.push('.');
        push_base64url(&mut self.token, signature);
        self.check_size()?;
        Ok(self.token)
    }

    fn check_size(&self) -> Result<()> {
        if self.token.len() <= self.most {
            return Ok(());
        }
        Err(Error::new(ErrorCode::ClaimsTooLarge).because(format!(
            "the token would have {} bytes, at most {MAX_TOKEN} are allowed",
            self.token.len()
        )))
    }
}

/// The header, and behind it a payload in base64url.
fn encoded(header: &str, payload: &[u8], mut token: String) -> String {
    token.push_str(header);
    push_base64url(&mut token, payload);
    token
}

/// An empty text in a buffer that has served, with room for so many bytes.
fn emptied(mut buffer: Vec<u8>, len: usize) -> String {
    buffer.clear();
    buffer.reserve(len);
    String::from_utf8(buffer).unwrap_or_default()
}
