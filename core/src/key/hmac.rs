//! HMAC keys (RFC 7518 section 3.2), kept as their two keyed states: no key schedule per token.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Sha256, Sha384, Sha512};

use super::Algorithm;
use crate::error::{Error, ErrorCode, Result};

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
/// `key_weak` for an empty secret, and for one shorter than the hash.
pub(super) fn judge(alg: Algorithm, secret: &[u8], allow_short: bool) -> Result<()> {
    if secret.is_empty() {
        return Err(Error::new(ErrorCode::KeyWeak)
            .because(format!("the secret is empty; {alg} needs at least {} random bytes", alg.hash_len())));
    }
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
