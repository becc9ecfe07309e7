//! Keys of which the core has no private part: who holds them is asked.

use std::sync::Arc;

use super::algorithm::Family;
use super::{Algorithm, Key, asymmetric, malformed, rsa};
use crate::error::{Error, ErrorCode, Result};

/// A key that the host holds.
pub(super) struct Held {
    /// The name by which the host knows it, whatever id stands in tokens.
    pub(super) name: Arc<str>,
    /// The public half, where there is one here.
    pub(super) public: Option<Key>,
}

impl Held {
    /// Judges what is told about a key.
    pub(super) fn new(name: &str, alg: Algorithm, public: Option<Key>) -> Result<Self> {
        if name.is_empty() {
            return Err(malformed(
                "kid",
                "a key that the host holds needs the id by which the host knows it",
            ));
        }
        if let Some(public) = &public {
            let usage = |field, text: String| Err(Error::new(ErrorCode::KeyUsage).at(field).because(text));
            if public.algorithm() != alg {
                let found = public.algorithm();
                return usage(
                    "alg",
                    format!("the public half is for {found}, the key that is held for {alg}"),
                );
            }
            if public.can_sign() {
                return usage("public", "the key can sign by itself: only its public half is needed".into());
            }
        }
        Ok(Held { name: name.into(), public })
    }

    /// The length of its signatures in bytes, or the longest that is possible.
    pub(super) fn signature_len(&self, alg: Algorithm) -> usize {
        match (&self.public, alg.family()) {
            (Some(public), _) => public.signature_len(),
            (None, Family::Hmac) => alg.hash_len(),
            (None, Family::Rsa) => rsa::MAX_BITS / 8,
            (None, Family::Ec(curve)) => 2 * curve.field_len(),
            (None, Family::Ed25519) => asymmetric::ED25519_SIGNATURE_LEN,
        }
    }

    /// Whether a signature may be these bytes: without its public half, the length of one by an RSA key is not known
    /// exactly.
    pub(super) fn may_be_signature(&self, alg: Algorithm, signature: &[u8]) -> bool {
        let longest = self.signature_len(alg);
        match (&self.public, alg.family()) {
            (Some(public), _) => public.may_be_signature(signature),
            (None, Family::Rsa) => (rsa::MIN_BITS / 8..=longest).contains(&signature.len()),
            (None, _) => signature.len() == longest,
        }
    }
}
