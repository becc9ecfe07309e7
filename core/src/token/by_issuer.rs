//! Several issuers, each with keys of its own.

use std::collections::BTreeMap;

use super::parts::Parts;
use super::verifier::Verifier;
use crate::claims::check::{ReadPayload, missing};
use crate::encoding::{from_base64url, not_base64url};
use crate::error::{Error, ErrorCode, Result};
use crate::json::{Fault, Members};
use crate::key::KeySet;

impl Verifier {
    /// A verifier that trusts several issuers, each with its own keys only.
    ///
    /// A token is checked with the keys of the issuer that its `iss` names, so one issuer's key never vouches for
    /// another (RFC 8725 section 3.8). To find those keys, `iss` is read before the signature is checked, and used for
    /// nothing else; a token that names none of these issuers is refused with `issuer_mismatch`, one that names none
    /// at all with `claim_missing`.
    ///
    /// No issuer, an empty name or a name that stands twice is `policy_invalid` at the first verification.
    ///
    /// ```
    /// use tokenmint::*;
    /// let keys = |byte: u8| KeySet::builder().hmac("k1", [byte; 32].as_slice())?.build();
    /// let (a, b) = ("https://a.example", "https://b.example");
    /// let verifier = Verifier::for_issuers([(a, keys(1)?), (b, keys(2)?)]).audience("app");
    ///
    /// let now = UnixTime::from_seconds(1_700_000_000);
    /// let mint = |keys, issuer| {
    ///     let claims = Claims::new().audience("app");
    ///     Issuer::new(keys, Policy::new(issuer))?.mint(&claims, Lifetime::HOUR, &Context::new(now, [1; 32]))
    /// };
    /// assert!(verifier.verify(&mint(keys(1)?, a)?, now).is_ok());
    /// let forged = verifier.verify(&mint(keys(1)?, b)?, now).unwrap_err(); // a's key, b's name
    /// assert_eq!(forged.code(), ErrorCode::SignatureInvalid);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn for_issuers(issuers: impl IntoIterator<Item = (impl Into<String>, KeySet)>) -> Self {
        let mut verifier = Verifier::new(KeySet::empty());
        let mut by_issuer = BTreeMap::new();
        for (issuer, keys) in issuers {
            let issuer = verifier.not_empty("iss", issuer.into());
            verifier.issuers.add(issuer.clone());
            if by_issuer.insert(issuer, keys).is_some() {
                verifier.fail("iss", "an issuer stands twice in the list");
            }
        }
        if by_issuer.is_empty() {
            verifier.fail("iss", "the list of issuers is empty: nothing could ever be verified");
        }
        verifier.by_issuer = Some(by_issuer);
        verifier
    }

    /// The keys that may have made a token.
    pub(super) fn keys_for(&self, parts: &Parts<'_>) -> Result<&KeySet> {
        match &self.by_issuer {
            None => Ok(&self.keys),
            Some(by_issuer) => named(by_issuer, parts),
        }
    }
}

fn named<'k>(by_issuer: &'k BTreeMap<String, KeySet>, parts: &Parts<'_>) -> Result<&'k KeySet> {
    let malformed = |fault: Fault| {
        Error::new(ErrorCode::PayloadMalformed).at("payload").because(format!("the payload is {fault}"))
    };
    let payload = from_base64url(parts.payload).ok_or_else(|| not_base64url("payload", parts.payload))?;
    let text = std::str::from_utf8(&payload).map_err(|_| malformed(Fault::NotUtf8))?;
    let members = Members::of_token(text).map_err(malformed)?;
    let issuer = ReadPayload { text, members: &members }.string("iss")?.ok_or_else(|| missing("iss"))?;
    by_issuer.get(issuer.as_ref()).ok_or_else(|| {
        let shown: String = issuer.chars().take(60).collect();
        Error::new(ErrorCode::IssuerMismatch)
            .at("iss")
            .because(format!("{shown:?} is none of the {} known issuers", by_issuer.len()))
    })
}
