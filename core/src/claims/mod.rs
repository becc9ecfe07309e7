//! Claims: what a token says (RFC 7519 section 4). Registered claims are typed and reserved.

use std::borrow::Cow;

use serde::Serialize;

use crate::error::{Error, ErrorCode, Result};
use crate::json;
use crate::time::UnixTime;

pub(crate) mod check;

/// The registered claims (RFC 7519 section 4.1): only typed methods set them, never custom claims.
pub const REGISTERED: [&str; 7] = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti"];

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
#[derive(Clone, Debug, Default)]
pub struct Claims {
    pub(crate) subject: Option<String>,
    pub(crate) audience: Vec<String>,
    pub(crate) not_before: Option<UnixTime>,
    pub(crate) id: Option<String>,
    custom: Vec<(Cow<'static, str>, String)>,
    fault: Option<Error>,
}

impl Claims {
    /// No claims yet.
    pub fn new() -> Self {
        Self::default()
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
        let name = name.into();
        match serde_json::to_string(&value) {
            Ok(text) => self.put(name, text),
            Err(error) => {
                let found = format!("the value cannot be written as JSON: {error}");
                self.fail(Error::new(ErrorCode::ClaimsNotJson).at(name).because(found))
            }
        }
    }

    /// Sets a custom claim to ready-made JSON text, which stays as it is.
    #[must_use]
    pub fn set_json(self, name: impl Into<Cow<'static, str>>, text: impl Into<String>) -> Self {
        let (name, text) = (name.into(), text.into());
        match json::check(&text) {
            Ok(()) => self.put(name, text),
            Err(fault) => self
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
    pub(crate) fn custom(&self) -> &[(Cow<'static, str>, String)] {
        &self.custom
    }

    fn put(mut self, name: Cow<'static, str>, text: String) -> Self {
        if let Err(error) = not_registered(&name) {
            return self.fail(error);
        }
        match self.custom.iter_mut().find(|(known, _)| *known == name) {
            Some((_, value)) => *value = text,
            None => self.custom.push((name, text)),
        }
        self
    }

    fn fail(mut self, error: Error) -> Self {
        self.fault.get_or_insert(error);
        self
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
