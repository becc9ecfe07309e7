//! Signatures over any payload: a compact JWS (RFC 7515 section 3.1) whose content means nothing here.

use std::borrow::Cow;

use super::parts::Parts;
use super::verdicts::HostVerdicts;
use super::verifier::Verifier;
use crate::claims::check;
use crate::encoding::{Decoded, from_base64url, not_base64url};
use crate::error::Result;
use crate::key::Algorithm;
use crate::key::header::Header;

/// What a compact JWS holds, once its signature was found good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Jws {
    payload: Vec<u8>,
    algorithm: Algorithm,
    key_id: Option<String>,
    token_type: Option<String>,
}

impl Jws {
    /// The bytes that were signed.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// The bytes that were signed, for keeps.
    pub fn into_payload(self) -> Vec<u8> {
        self.payload
    }

    /// The algorithm of the key that made the signature.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The header's `kid`.
    pub fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    /// The header's `typ`.
    pub fn token_type(&self) -> Option<&str> {
        self.token_type.as_deref()
    }
}

impl Verifier {
    /// Verifies the signature over a compact JWS whose payload is any bytes.
    ///
    /// Size, framing, encoding, header, key and signature are judged as [`Verifier::verify`] judges them; claims are
    /// not, so neither issuer nor audience need be said. The header's `typ` is checked where [`Verifier::token_type`]
    /// asks for one. Do not take the payload for claims: nothing in it was looked at.
    ///
    /// # Errors
    /// The first failed check, each with its own code (300 to 309, 319); `policy_invalid` where the verifier itself
    /// cannot work. A verifier [for several issuers](Verifier::for_issuers) reads `iss`, so it refuses a payload
    /// without one.
    ///
    /// ```
    /// use tokenmint::{Algorithm, Key, KeySet, Verifier};
    /// // RFC 7520 section 4.4
    /// let key = r#"{"kty":"oct","kid":"018c0ae5-4d9b-471b-bfd6-eef314bc7037","use":"sig","alg":"HS256",
    ///     "k":"hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG-Onbc6mxCcYg"}"#;
    /// let verifier = Verifier::new(KeySet::builder().key(Key::from_jwk(key)?)?.build()?);
    /// let jws = verifier.verify_jws(concat!(
    ///     "eyJhbGciOiJIUzI1NiIsImtpZCI6IjAxOGMwYWU1LTRkOWItNDcxYi1iZmQ2LWVlZjMxNGJjNzAzNyJ9.",
    ///     "SXTigJlzIGEgZGFuZ2Vyb3VzIGJ1c2luZXNzLCBGcm9kbywgZ29pbmcgb3V0IHlvdXIgZG9vci4gWW91IHN0ZXAgb250byB0aGUgcm9h",
    ///     "ZCwgYW5kIGlmIHlvdSBkb24ndCBrZWVwIHlvdXIgZmVldCwgdGhlcmXigJlzIG5vIGtub3dpbmcgd2hlcmUgeW91IG1pZ2h0IGJlIHN3",
    ///     "ZXB0IG9mZiB0by4.s0h6KThzkfBBBkLspW1h84VsJZFTsPPqMDA7g1Md7p0",
    /// ))?;
    /// assert!(jws.payload().ends_with(b"swept off to."));
    /// assert_eq!(jws.algorithm(), Algorithm::HS256);
    /// # Ok::<(), tokenmint::Error>(())
    /// ```
    pub fn verify_jws(&self, token: &str) -> Result<Jws> {
        self.verify_jws_with(token, None)
    }

    /// Verifies with what the host has said about signatures that only it can check.
    pub(super) fn verify_jws_with(&self, token: &str, host: Option<&HostVerdicts>) -> Result<Jws> {
        if let Some(fault) = &self.fault {
            return Err(fault.clone());
        }
        let parts = Parts { host, ..Parts::split(token)? };
        let mut room = Decoded::default();
        let header = Header::parse(parts.header, &mut room)?;
        let key = self.find_key(self.keys_for(&parts)?, &header, &parts)?;
        if let Some(typ) = self.typ.as_ref().filter(|_| self.typ_said) {
            check::token_type(header.typ.as_deref(), typ)?;
        }
        let payload = from_base64url(parts.payload).ok_or_else(|| not_base64url("payload", parts.payload))?;
        let owned = |text: Option<Cow<'_, str>>| text.map(Cow::into_owned);
        let (key_id, token_type) = (owned(header.kid), owned(header.typ));
        Ok(Jws { payload, algorithm: key.algorithm(), key_id, token_type })
    }
}
