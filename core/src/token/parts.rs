//! The three parts of a compact token (RFC 7515 section 7.1), and whether its signature is a key's.

use super::MAX_TOKEN;
use super::verdicts::HostVerdicts;
use crate::encoding::{from_base64url, not_base64url, pasted, same_as_base64url};
use crate::error::{Error, ErrorCode, Result};
use crate::key::Key;

/// The length of a MAC of HS256 in base64url.
const HS256_LEN: usize = 43;

/// The three parts of a compact token, and what is signed.
pub(super) struct Parts<'a> {
    pub(super) header: &'a str,
    pub(super) payload: &'a str,
    pub(super) signature: &'a str,
    pub(super) signed: &'a str,
    /// What the host has said, within a task.
    pub(super) host: Option<&'a HostVerdicts>,
}

impl<'a> Parts<'a> {
    pub(super) fn split(token: &'a str) -> Result<Self> {
        let parts = Self::split_at_ends(token, MAX_TOKEN)?;
        parts.check_dots()?;
        Ok(parts)
    }

    /// Splits a token of at most `longest` bytes at the first dot and at another; there may be more behind either.
    #[inline]
    pub(super) fn split_at_ends(token: &'a str, longest: usize) -> Result<Self> {
        if token.len() > longest {
            return Err(Error::new(ErrorCode::TokenTooLarge)
                .because(format!("the token has {} bytes, at most {longest} are read", token.len())));
        }
        let malformed = || pasted(Error::new(ErrorCode::TokenMalformed), token);
        let ends = |(signed, signature): (&'a str, &'a str)| {
            let (header, payload) = signed.split_once('.')?;
            Some(Parts { header, payload, signature, signed, host: None })
        };
        // The last dot is mostly where the MAC of HS256 begins: no search for it.
        let parts = split_at(token, token.len().wrapping_sub(HS256_LEN + 1)).and_then(ends);
        let parts = parts.or_else(|| token.rsplit_once('.').and_then(ends)).ok_or_else(malformed)?;
        if parts.header.is_empty() {
            return Err(malformed());
        }
        Ok(parts)
    }

    /// Exactly two dots.
    #[inline]
    pub(super) fn check_dots(&self) -> Result<()> {
        if self.payload.contains('.') || self.signature.contains('.') {
            return Err(Error::new(ErrorCode::TokenMalformed));
        }
        Ok(())
    }

    /// Whether the signature is the key's. A MAC is encoded and compared in constant time, instead of being decoded.
    pub(super) fn is_signed_by(&self, key: &Key) -> Result<bool> {
        if let Some(tag) = key.tag(self.signed.as_bytes())
            && same_as_base64url(tag.as_ref(), self.signature)
        {
            return Ok(true);
        }
        let signature =
            from_base64url(self.signature).ok_or_else(|| not_base64url("signature", self.signature))?;
        if key.asks_host() {
            return HostVerdicts::verdict(self.host, key, self.signed.as_bytes(), &signature);
        }
        Ok(key.verify(self.signed.as_bytes(), &signature))
    }
}

/// What is around the dot there, if it is one.
#[inline]
fn split_at(token: &str, at: usize) -> Option<(&str, &str)> {
    let behind = token.get(at..)?.strip_prefix('.')?;
    Some((token.get(..at)?, behind))
}
