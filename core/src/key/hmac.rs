//! HMAC keys (RFC 7518 section 3.2), kept as their two keyed states: no key schedule per token.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Sha256, Sha384, Sha512};

use super::Algorithm;
use crate::error::{Error, ErrorCode, Result};
use crate::json::Object;

/// A keyed HMAC; wiped on drop.
pub(super) enum HmacKey {
    Sha256(Box<Hmac<Sha256>>),
    Sha384(Box<Hmac<Sha384>>),
    Sha512(Box<Hmac<Sha512>>),
}

/// A message authentication code, without an allocation.
pub(crate) struct Tag {
    bytes: [u8; 64],
    len: usize,
}

impl AsRef<[u8]> for Tag {
    fn as_ref(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

/// Judges the length of a secret for `alg`, unless `allow_short`.
///
/// # Errors
/// `key_weak` for an empty secret, and for one shorter than the hash; `key_usage` for a key of another kind.
pub(super) fn judge(alg: Algorithm, secret: &[u8], allow_short: bool) -> Result<()> {
    if secret.is_empty() {
        return Err(Error::new(ErrorCode::KeyWeak)
            .because(format!("the secret is empty; {alg} needs at least {} random bytes", alg.hash_len())));
    }
    refuse_key_file(secret)?;
    // RFC 7518 section 3.2: "A key of the same size as the hash output [...] or larger MUST be used".
    if secret.len() < alg.hash_len() && !allow_short {
        return Err(Error::new(ErrorCode::KeyWeak).because(format!(
            "the secret has {} bytes; {alg} needs at least {} (RFC 7518 section 3.2)",
            secret.len(),
            alg.hash_len()
        )));
    }
    Ok(())
}

/// Refuses a secret that is the file of a key.
///
/// # Errors
/// `key_usage`.
pub(crate) fn refuse_key_file(secret: &[u8]) -> Result<()> {
    match other_kind(secret) {
        None => Ok(()),
        Some(kind) => Err(Error::new(ErrorCode::KeyUsage).because(format!(
            "the secret is {kind}, which others may have and could sign with (RFC 8725 section 2.1); a secret is \
             random bytes, and {kind} is read as a key"
        ))),
    }
}

/// What a secret is that shows by its form that it is none: the file of a key, public ones among them.
fn other_kind(secret: &[u8]) -> Option<&'static str> {
    const BEGIN: &[u8] = b"-----BEGIN ";
    let text = secret.strip_prefix(b"\xef\xbb\xbf").unwrap_or(secret).trim_ascii();
    if text.windows(BEGIN.len()).any(|part| part == BEGIN) {
        return Some("a PEM file");
    }
    if text.starts_with(b"ssh-") || text.starts_with(b"ecdsa-sha2-") {
        return Some("a public key of OpenSSH");
    }
    if let Some(object) = text.starts_with(b"{").then(|| Object::from_slice(text).ok()).flatten() {
        return match (object.get("kty"), object.get("keys")) {
            (Some(_), _) => Some("a JWK"),
            (None, Some(_)) => Some("a JWK Set"),
            (None, None) => None,
        };
    }
    // A build that reads no key files has no public keys either.
    #[cfg(feature = "key-files")]
    if super::file::is_der(secret) {
        return Some("a key file in DER");
    }
    None
}

impl HmacKey {
    /// Keys the hash of `alg`.
    pub(super) fn new(alg: Algorithm, secret: &[u8]) -> Result<Self> {
        let keyed = match alg {
            Algorithm::HS256 => Hmac::new_from_slice(secret).map(|mac| HmacKey::Sha256(Box::new(mac))),
            Algorithm::HS384 => Hmac::new_from_slice(secret).map(|mac| HmacKey::Sha384(Box::new(mac))),
            Algorithm::HS512 => Hmac::new_from_slice(secret).map(|mac| HmacKey::Sha512(Box::new(mac))),
            _ => return Err(super::wrong_family(alg, super::algorithm::Family::Hmac)),
        };
        // An HMAC takes keys of every length.
        keyed.map_err(|_| Error::new(ErrorCode::Internal))
    }

    /// The code of `message`.
    pub(super) fn tag(&self, message: &[u8]) -> Tag {
        match self {
            HmacKey::Sha256(keyed) => finish(Hmac::clone(keyed), message),
            HmacKey::Sha384(keyed) => finish(Hmac::clone(keyed), message),
            HmacKey::Sha512(keyed) => finish(Hmac::clone(keyed), message),
        }
    }
}

fn finish<M: Mac>(mut mac: M, message: &[u8]) -> Tag {
    mac.update(message);
    let code = mac.finalize().into_bytes();
    let mut tag = Tag { bytes: [0; 64], len: code.len() };
    if let Some(place) = tag.bytes.get_mut(..tag.len) {
        place.copy_from_slice(&code);
    }
    tag
}
