//! Verification: refused until the last check says yes.
//!
//! The order is fixed: size, framing, base64url, header, algorithm and key, signature, and only then the payload.

use super::checks::CLAIM_CHECKS;
use super::parts::Parts;
use super::verdicts::HostVerdicts;
use super::verified::{Head, Verified};
use super::verifier::Verifier;
use crate::encoding::{Decoded, from_base64url, not_base64url};
use crate::error::{Error, ErrorCode, Result};
use crate::json::{self, Members};
use crate::key::header::Header;
use crate::key::{Algorithm, Key, KeySet, MAX_CANDIDATES};
use crate::time::UnixTime;

impl Verifier {
    /// Verifies a token and gives its claims.
    ///
    /// # Errors
    /// The first failed check, each with its own code (300 to 322), naming the claim, what was expected and what was
    /// found; `policy_invalid` where the verifier itself cannot work, or only the host can check the key's signatures
    /// ([`Key::held_by_host`]): see [`Verifier::verify_task`].
    pub fn verify(&self, token: &str, now: UnixTime) -> Result<Verified> {
        self.verify_with(token, now, None)
    }

    /// Verifies with what the host has said about signatures that only it can check.
    pub(crate) fn verify_with(
        &self,
        token: &str,
        now: UnixTime,
        host: Option<&HostVerdicts>,
    ) -> Result<Verified> {
        let result = self.verify_unbound(token, now, host);
        if let Ok(verified) = &result {
            self.check_unbound(verified)?;
        }
        result
    }

    /// As [`Verifier::verify_with`], whatever the token is bound to.
    pub(super) fn verify_unbound(
        &self,
        token: &str,
        now: UnixTime,
        host: Option<&HostVerdicts>,
    ) -> Result<Verified> {
        self.check_policy()?;
        let result = self.verify_signature(token, host);
        if let Ok(verified) = &result {
            self.verify_claims(verified, now)?;
        }
        result
    }

    /// Everything up to the payload's claims: the claims are not checked.
    pub(crate) fn verify_signature(&self, token: &str, host: Option<&HostVerdicts>) -> Result<Verified> {
        let parts = Parts { host, ..Parts::split_at_ends(token, self.longest_token)? };
        // What has a dot in it is no base64url, so it is looked for only where something is wrong.
        match self.verify_parts(&parts) {
            Err(error) => Err(parts.check_dots().err().unwrap_or(error)),
            verified => verified,
        }
    }

    fn verify_parts(&self, parts: &Parts<'_>) -> Result<Verified> {
        let mut room = Decoded::default();
        let header = self.keys.expected_headers().read(parts.header, &mut room)?;
        let key = self.find_key(self.keys_for(parts)?, &header, parts)?;
        let payload = from_base64url(parts.payload).ok_or_else(|| not_base64url("payload", parts.payload))?;
        let malformed = |fault: json::Fault| {
            Error::new(ErrorCode::PayloadMalformed).at("payload").because(format!("the payload is {fault}"))
        };
        let json = String::from_utf8(payload).map_err(|_| malformed(json::Fault::NotUtf8))?;
        let members = Members::default();
        let mut verified =
            Verified { json, members, head: Head::new(header, key), algorithm: key.algorithm() };
        verified.members.read_token(&verified.json).map_err(malformed)?;
        Ok(verified)
    }

    fn verify_claims(&self, verified: &Verified, now: UnixTime) -> Result<()> {
        CLAIM_CHECKS.iter().try_for_each(|check| (check.run)(self, verified, now))
    }

    /// The key that made the signature: of those with the token's key id, or of all where it has none, the first one
    /// for its algorithm that did.
    pub(super) fn find_key<'k>(
        &self,
        keys: &'k KeySet,
        header: &Header<'_>,
        parts: &Parts<'_>,
    ) -> Result<&'k Key> {
        let alg = self.allowed_algorithm(keys, &header.alg)?;
        if let Some(kid) = &header.kid {
            // RFC 7517 section 4.5: keys that share an id are told apart by `kty`, and by `alg`, which says the `kty`.
            let named = keys.named(kid);
            if named.clone().next().is_some() {
                return signer(named, alg, parts);
            }
        }
        // A key without an id may have made any token; one with another id has not made this one.
        let nameless = keys.keys().filter(|key| header.kid.is_none() || key.kid().is_none());
        if nameless.clone().next().is_none() {
            return Err(Error::new(ErrorCode::KeyNotFound).at("kid"));
        }
        signer(nameless, alg, parts)
    }

    /// The algorithm that the header names, if a key or the list allows it.
    fn allowed_algorithm(&self, keys: &KeySet, name: &str) -> Result<Algorithm> {
        let allowed = |alg: &Algorithm| match &self.algorithms {
            Some(list) => list.contains(alg),
            None => keys.keys().any(|key| key.algorithm().covers(*alg)),
        };
        Algorithm::from_name(name).filter(allowed).ok_or_else(|| {
            let short: String = name.chars().take(20).collect();
            Error::new(ErrorCode::AlgorithmNotAllowed)
                .at("alg")
                .because(format!("the algorithm {short:?} is not allowed"))
        })
    }
}

/// The first of the keys for `alg` that made the signature.
fn signer<'k>(
    keys: impl Iterator<Item = &'k Key> + Clone,
    alg: Algorithm,
    parts: &Parts<'_>,
) -> Result<&'k Key> {
    let fitting = keys.clone().filter(|key| key.algorithm().covers(alg) && key.can_verify());
    let mut tried = 0;
    for key in fitting.clone().take(MAX_CANDIDATES) {
        if parts.is_signed_by(key)? {
            return Ok(key);
        }
        tried += 1;
    }
    Err(match (tried, fitting.count()) {
        (0, _) => none_fits(keys, alg),
        (tried, all) if tried < all => bad_signature().because(format!(
            "none of the first {tried} keys made it; {all} keys fit the token, and no more than {tried} are tried: \
             it takes key ids of their own to find the right one"
        )),
        _ => bad_signature(),
    })
}

/// Why no key of these can have made the signature.
#[cold]
fn none_fits<'k>(keys: impl Iterator<Item = &'k Key> + Clone, alg: Algorithm) -> Error {
    if keys.clone().any(|key| key.algorithm().covers(alg)) {
        return Error::new(ErrorCode::KeyMismatch).at("key_ops").because("the key may not verify");
    }
    let mut names: Vec<&str> = keys.map(|key| key.algorithm().name()).collect();
    names.sort_unstable();
    names.dedup();
    let of = if let [_] = names.as_slice() { "the key is" } else { "the keys are" };
    Error::new(ErrorCode::KeyMismatch).at("alg").because(format!(
        "{of} for {}, the token says {}",
        names.join(" and "),
        alg.name()
    ))
}

fn bad_signature() -> Error {
    Error::new(ErrorCode::SignatureInvalid).at("signature")
}
