//! The claims of a token that was verified.

use std::borrow::Cow;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::claims::check::ReadPayload;
use crate::error::{ErrorCode, Result};
use crate::json::{self, FromJson, Members};
use crate::key::header::{Header, KNOWN_TYPES};
use crate::key::{Algorithm, Key};
use crate::time::UnixTime;

/// The claims of a token that was verified.
#[derive(Clone, Debug)]
pub struct Verified {
    pub(super) json: String,
    pub(super) members: Members,
    pub(super) head: Head,
    pub(super) algorithm: Algorithm,
}

/// What is kept of a header; nothing is allocated for a key's own id and a common type.
#[derive(Clone, Debug)]
pub(super) struct Head {
    kid: Option<Arc<str>>,
    typ: Option<Cow<'static, str>>,
}

impl Head {
    /// What `header` says, in the token that `key` has signed.
    pub(super) fn new(header: Header<'_>, key: &Key) -> Self {
        let kid = header.kid.map(|kid| key.shared_kid(&kid).unwrap_or_else(|| Arc::from(&*kid)));
        let typ = header.typ.map(|typ| match KNOWN_TYPES.into_iter().find(|known| *known == typ) {
            Some(known) => Cow::Borrowed(known),
            None => Cow::Owned(typ.into_owned()),
        });
        Head { kid, typ }
    }
}

impl Verified {
    /// `iss`.
    pub fn issuer(&self) -> Option<String> {
        self.text("iss")
    }

    /// `sub`.
    pub fn subject(&self) -> Option<String> {
        self.text("sub")
    }

    /// `jti`.
    pub fn id(&self) -> Option<String> {
        self.text("jti")
    }

    /// `exp`, rounded down. One that lies outside of the years 1 to 9999 is told as their first or last second;
    /// [`Verified::claim_json`] has it as it stands.
    pub fn expires_at(&self) -> Option<UnixTime> {
        self.time("exp")
    }

    /// `iat`, as [`Verified::expires_at`] tells `exp`.
    pub fn issued_at(&self) -> Option<UnixTime> {
        self.time("iat")
    }

    /// Any claim as a type that serde can read; `None` where it is absent.
    ///
    /// # Errors
    /// `claims_shape` where the claim does not fit the type; the field is the path to what does not.
    pub fn claim<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>> {
        let Some(value) = self.claim_json(name) else { return Ok(None) };
        json::from_value(value).map(Some).map_err(|misfit| misfit.within(name).error(ErrorCode::ClaimsShape))
    }

    /// As [`Verified::claim`], for types of this crate.
    pub(crate) fn read_claim<T: FromJson>(&self, name: &str) -> Result<Option<T>> {
        let Some(value) = self.claim_json(name) else { return Ok(None) };
        let read = json::from_written(value).map(Some);
        read.map_err(|misfit| misfit.within(name).error(ErrorCode::ClaimsShape))
    }

    /// The JSON text of a claim, as it stands in the token.
    pub fn claim_json(&self, name: &str) -> Option<&str> {
        self.members.get(&self.json, name)
    }

    /// All claims as a type that serde can read; it may borrow its texts, as `&str` does, which holds where they have
    /// no escapes.
    ///
    /// # Errors
    /// `claims_shape` where they do not fit the type; the field is the path to what does not. A tree of values, such as
    /// `serde_json::Value`, does not fit an object that begins with a name that serde_json has for itself.
    pub fn claims<'a, T: Deserialize<'a>>(&'a self) -> Result<T> {
        json::read_members(&self.json, &self.members).map_err(|misfit| misfit.error(ErrorCode::ClaimsShape))
    }

    /// All claims as the JSON text that was signed.
    pub fn json(&self) -> &str {
        &self.json
    }

    /// The key id of the token's header.
    pub fn key_id(&self) -> Option<&str> {
        self.head.kid.as_deref()
    }

    /// The algorithm of the key that made the signature.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// `typ` of the header.
    pub(crate) fn token_type(&self) -> Option<&str> {
        self.head.typ.as_deref()
    }

    pub(crate) fn payload(&self) -> ReadPayload<'_> {
        ReadPayload { text: &self.json, members: &self.members }
    }

    fn text(&self, name: &'static str) -> Option<String> {
        self.payload().string(name).ok().flatten().map(Cow::into_owned)
    }

    fn time(&self, name: &'static str) -> Option<UnixTime> {
        let seconds = self.payload().time(name).ok().flatten()?;
        #[allow(clippy::cast_possible_truncation)] // a float beyond the ends becomes the end
        let seconds = seconds.floor() as i64;
        Some(UnixTime::from_seconds(seconds.clamp(UnixTime::MIN.seconds(), UnixTime::MAX.seconds())))
    }
}
