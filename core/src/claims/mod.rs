//! Claims: what a token says (RFC 7519 section 4). Registered claims are typed and reserved.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use serde::Serialize;

use crate::error::{Error, ErrorCode, Result};
use crate::json;
use crate::registered::REGISTERED;
use crate::time::UnixTime;

pub(crate) mod check;
pub(crate) mod text;

/// The claims of a token to be minted. The issuer adds `iss`, `iat`, `exp`, and a `jti` where none is given.
///
/// A mistake, such as a reserved name, is kept and reported when the token is minted.
///
/// ```
/// use tokenmint::Claims;
/// let claims = Claims::new().subject("ent_1").audience("app").set("pages", ["invoices"]);
/// assert!(claims.check().is_ok());
/// assert!(claims.set("exp", 1).check().is_err());
/// ```
#[derive(Clone, Default)]
pub struct Claims {
    pub(crate) subject: Option<String>,
    pub(crate) audience: Vec<String>,
    pub(crate) not_before: Option<UnixTime>,
    pub(crate) id: Option<String>,
    /// Names, and where their values stand in `texts`.
    custom: Vec<(Cow<'static, str>, Range<usize>)>,
    /// The JSON texts of the custom claims, one behind the other: one buffer for all.
    texts: Vec<u8>,
    fault: Option<Error>,
}

impl Claims {
    /// No claims yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// No claims yet, with room for so many custom ones of so many bytes.
    pub(crate) fn with_room(claims: usize, bytes: usize) -> Self {
        Claims { custom: Vec::with_capacity(claims), texts: Vec::with_capacity(bytes), ..Self::default() }
    }

    /// Sets `sub`: whom the token is about.
    #[must_use]
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// Adds one to `aud`: whom the token is for.
    #[must_use]
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audience.push(audience.into());
        self
    }

    /// Sets `nbf`: when the token begins to be valid.
    #[must_use]
    pub fn not_before(mut self, time: UnixTime) -> Self {
        self.not_before = Some(time);
        self
    }

    /// Sets `jti`: the token's id, unique for the issuer.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Sets a custom claim to anything that serde can write as JSON. A second value for a name replaces the first.
    #[must_use]
    pub fn set(self, name: impl Into<Cow<'static, str>>, value: impl Serialize) -> Self {
        let (mut claims, name) = (self, name.into());
        let start = claims.texts.len();
        if claims.texts.capacity() == 0 {
            claims.texts.reserve(128);
        }
        match json::write_within(1, &mut claims.texts, &value) {
            Ok(()) => claims.put(name, start),
            Err(fault) => {
                claims.texts.truncate(start);
                let found = format!("the value cannot be written as JSON: {fault}");
                claims.fail(Error::new(ErrorCode::ClaimsNotJson).at(name).because(found))
            }
        }
    }

    /// Sets a custom claim to a value of this crate's own.
    pub(crate) fn set_own(mut self, name: &'static str, value: &dyn json::ToJson) -> Self {
        let start = self.texts.len();
        value.write_json(&mut self.texts);
        self.put(name.into(), start)
    }

    /// Sets a custom claim to ready-made JSON text, which stays as it is.
    #[must_use]
    pub fn set_json(self, name: impl Into<Cow<'static, str>>, text: impl AsRef<str>) -> Self {
        let (mut claims, name, text) = (self, name.into(), text.as_ref());
        match json::check_within(1, text) {
            Ok(()) => {
                let start = claims.texts.len();
                claims.texts.extend_from_slice(text.as_bytes());
                claims.put(name, start)
            }
            Err(fault) => claims
                .fail(Error::new(ErrorCode::ClaimsNotJson).at(name).because(format!("the value is {fault}"))),
        }
    }

    /// Whether the claims can be minted.
    ///
    /// # Errors
    /// `claim_reserved` for a custom claim with a registered name, `claims_not_json` for a value that is not JSON.
    pub fn check(&self) -> Result<()> {
        self.fault.clone().map_or(Ok(()), Err)
    }

    /// The custom claims: names and JSON texts.
    pub(crate) fn custom(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let text = |place: &Range<usize>| self.texts.get(place.clone()).unwrap_or_default();
        self.custom.iter().map(move |(name, place)| (&**name, text(place)))
    }

    /// Whether there is a custom claim of this name.
    pub(crate) fn has_custom(&self, name: &str) -> bool {
        self.custom.iter().any(|(known, _)| known == name)
    }

    /// Takes what was written from `start` on as the value of a claim.
    fn put(mut self, name: Cow<'static, str>, start: usize) -> Self {
        if let Err(error) = not_registered(&name) {
            return self.fail(error);
        }
        let place = start..self.texts.len();
        match self.custom.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = place,
            None => self.custom.push((name, place)),
        }
        self
    }

    fn fail(mut self, error: Error) -> Self {
        self.fault.get_or_insert(error);
        self
    }
}

impl fmt::Debug for Claims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        struct Custom<'a>(&'a Claims);
        impl fmt::Debug for Custom<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let text = |(name, value)| (name, String::from_utf8_lossy(value));
                f.debug_map().entries(self.0.custom().map(text)).finish()
            }
        }
        f.debug_struct("Claims")
            .field("subject", &self.subject)
            .field("audience", &self.audience)
            .field("not_before", &self.not_before)
            .field("id", &self.id)
            .field("custom", &Custom(self))
            .field("fault", &self.fault)
            .finish()
    }
}

/// Refuses a registered name for a custom claim.
pub(crate) fn not_registered(name: &str) -> Result<()> {
    if !REGISTERED.contains(&name) {
        return Ok(());
    }
    let instead = match name {
        "sub" => "set it with `subject`",
        "aud" => "set it with `audience`",
        "nbf" => "set it with `not_before`",
        "jti" => "set it with `id`",
        _ => "the issuer sets it",
    };
    Err(Error::new(ErrorCode::ClaimReserved)
        .at(name.to_owned())
        .because(format!("a registered claim: {instead}")))
}
