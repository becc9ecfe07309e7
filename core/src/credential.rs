//! Client secrets and API keys: generated, stored as SHA-256, compared in constant time, two live at once.

use std::fmt;

use subtle::{Choice, ConstantTimeEq};

use crate::Entropy;
use crate::encoding::{array_from_base64url, base64url, hex, sha256, with_base64url};
use crate::error::{Error, ErrorCode, Result};
use crate::json::{FromJson, Json, Misfit, ToJson};
use crate::secret::Secret;
use crate::time::UnixTime;

/// The SHA-256 of a generated secret: what is stored instead of it.
///
/// Only for secrets with at least 122 random bits, which nobody can guess; not for passwords.
///
/// ```
/// use tokenmint::{Credentials, Entropy, SecretHash};
/// let (secret, hash) = SecretHash::generate(&mut Entropy::new([7; 32]));
/// let mut credentials = Credentials::new(hash);
/// assert!(credentials.matches(secret.expose()));
///
/// let (newer, hash) = SecretHash::generate(&mut Entropy::new([8; 32]));
/// credentials.add(hash)?;                              // both are live now: clients change over in their own time
/// assert!(credentials.matches(secret.expose()) && credentials.matches(newer.expose()));
/// credentials.retire_oldest()?;
/// assert!(!credentials.matches(secret.expose()) && credentials.matches(newer.expose()));
/// # Ok::<(), tokenmint::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SecretHash([u8; 32]);

impl SecretHash {
    /// A new secret of 256 random bits as 43 characters of base64url, and its hash.
    pub fn generate(entropy: &mut Entropy) -> (Secret, SecretHash) {
        let secret = Secret::from(base64url(&entropy.bytes::<32>()));
        let hash = SecretHash::of(secret.expose());
        (secret, hash)
    }

    /// The hash of a secret that was generated elsewhere.
    pub fn of(secret: &[u8]) -> Self {
        SecretHash(sha256(secret))
    }

    /// Reads the text that `Display` writes: 43 characters of base64url.
    ///
    /// # Errors
    /// `invalid_request` for anything else.
    pub fn parse(text: &str) -> Result<Self> {
        array_from_base64url(text).map(SecretHash).ok_or_else(|| {
            Error::new(ErrorCode::InvalidRequest)
                .because("a secret's hash is the 43 characters of base64url that `tokenmint credentials create` prints")
        })
    }

    /// Uses the text that `Display` writes.
    pub(crate) fn with_text<T>(&self, then: impl FnOnce(&str) -> T) -> T {
        with_base64url(&self.0, then)
    }

    /// Whether this is the hash of `secret`, in constant time.
    pub fn matches(&self, secret: &[u8]) -> bool {
        self.0.ct_eq(&sha256(secret)).into()
    }

    /// Whether both are of the same secret, in constant time.
    pub(crate) fn same_as(&self, other: &SecretHash) -> bool {
        self.0.ct_eq(&other.0).into()
    }

    /// The secret's [`crate::fingerprint`], which is the beginning of this hash.
    pub(crate) fn fingerprint(&self) -> String {
        hex(self.0.get(..8).unwrap_or_default())
    }
}

/// The hash of a secret that is sent in a header. [`SecretHash::of`] takes any bytes.
impl TryFrom<&Secret> for SecretHash {
    type Error = Error;

    /// # Errors
    /// `field_invalid` at `bearer` for a text that no header can carry: empty, or with anything but visible ASCII
    /// characters.
    fn try_from(secret: &Secret) -> Result<Self> {
        if secret.is_empty() || !secret.expose().iter().all(u8::is_ascii_graphic) {
            return Err(Error::new(ErrorCode::FieldInvalid)
                .at("bearer")
                .because("an API key is one or more visible ASCII characters"));
        }
        Ok(SecretHash::of(secret.expose()))
    }
}

impl fmt::Display for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.with_text(|text| f.write_str(text))
    }
}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretHash(..)")
    }
}

impl ToJson for SecretHash {
    fn write_json(&self, out: &mut Vec<u8>) {
        base64url(&self.0).write_json(out);
    }
}

/// The live secrets of one client: one, or two while it changes over; none for one that proves itself by a key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Credentials(Vec<SecretHash>);

impl FromJson for Credentials {
    fn blank() -> Self {
        Credentials::default()
    }

    fn read_json(&mut self, json: Json<'_>) -> Result<(), Misfit> {
        self.0.read_json(json)
    }
}

impl ToJson for Credentials {
    fn write_json(&self, out: &mut Vec<u8>) {
        self.0.write_json(out);
    }
}

impl Credentials {
    /// One live secret.
    pub fn new(hash: SecretHash) -> Self {
        Credentials(vec![hash])
    }

    /// Makes a second secret live.
    ///
    /// # Errors
    /// `already_exists` where two are live: retire the older one first.
    pub fn add(&mut self, hash: SecretHash) -> Result<()> {
        if self.0.len() >= 2 {
            return Err(Error::new(ErrorCode::AlreadyExists)
                .at("secret")
                .because("two secrets are live already; retire the older one first"));
        }
        self.0.push(hash);
        Ok(())
    }

    /// Ends the older of two live secrets.
    ///
    /// # Errors
    /// `not_found` where only one is live: it would leave none.
    pub fn retire_oldest(&mut self) -> Result<()> {
        if self.0.len() < 2 {
            return Err(Error::new(ErrorCode::NotFound)
                .at("secret")
                .because("only one secret is live; add another first"));
        }
        self.0.remove(0);
        Ok(())
    }

    /// Whether one of the secrets is `presented`. Takes the same time for one, two or none that match.
    pub fn matches(&self, presented: &[u8]) -> bool {
        self.has(&SecretHash::of(presented))
    }

    /// As [`Credentials::matches`], by the hash.
    pub(crate) fn has(&self, hash: &SecretHash) -> bool {
        const NONE: SecretHash = SecretHash([0; 32]);
        let compare = |known: Option<&SecretHash>| known.unwrap_or(&NONE).0.ct_eq(&hash.0);
        (compare(self.0.first()) | compare(self.0.get(1))).into()
    }

    /// Whether there is no live secret: nothing matches.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The hashes, at most two.
    pub(crate) fn hashes(&self) -> &[SecretHash] {
        &self.0
    }
}

/// Secrets that were replaced, each with the time until which it is still live: whoever has the old one changes over in
/// their own time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Replaced(Vec<(SecretHash, UnixTime)>);

/// A list of pairs.
impl FromJson for Replaced {
    fn blank() -> Self {
        Replaced::default()
    }

    fn read_json(&mut self, json: Json<'_>) -> Result<(), Misfit> {
        json.items("a list", &mut |pair| {
            let (mut hash, mut until) = (None, None);
            pair.items("a list", &mut |item| {
                match (&hash, &until) {
                    (None, _) => hash = Some(item.read()?),
                    (_, None) => until = Some(item.read()?),
                    _ => return Err(Misfit::because("must be a list of 2 items, found more")),
                }
                Ok(())
            })?;
            self.0.push(
                hash.zip(until).ok_or_else(|| Misfit::because("must be a list of 2 items, found fewer"))?,
            );
            Ok(())
        })
    }
}

impl ToJson for Replaced {
    fn write_json(&self, out: &mut Vec<u8>) {
        self.0.write_json(out);
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Replaced {
    /// The most that are live at one time.
    const MOST: usize = 4;

    /// Adds one that is live until then. Those before it keep their time: the answer to an earlier replacement may have
    /// been lost, and what is in use is the secret before.
    ///
    /// # Errors
    /// `already_exists` where four are live: the oldest one has to end first.
    pub(crate) fn add(&mut self, hash: SecretHash, until: UnixTime, now: UnixTime) -> Result<()> {
        self.0.retain(|(_, until)| now < *until);
        if until <= now {
            return Ok(());
        }
        if self.0.len() >= Self::MOST {
            return Err(Error::new(ErrorCode::AlreadyExists)
                .at("secret")
                .because("four replaced secrets are live already; wait until one of them ends"));
        }
        self.0.push((hash, until));
        Ok(())
    }

    /// Whether one that is live has this hash. Every one is compared.
    pub(crate) fn has(&self, hash: &SecretHash, now: UnixTime) -> bool {
        self.0
            .iter()
            .fold(Choice::from(0), |found, (known, until)| {
                found | (known.0.ct_eq(&hash.0) & Choice::from(u8::from(now < *until)))
            })
            .into()
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_has_the_fingerprint_of_its_secret() {
        assert_eq!(SecretHash::of(b"key").fingerprint(), crate::fingerprint(b"key"));
    }

    #[test]
    fn a_bearer_is_what_a_header_can_carry() {
        assert_eq!(SecretHash::try_from(&Secret::from("key")).unwrap(), SecretHash::of(b"key"));
        for wrong in [&b""[..], b"\xff", b"two words", b"tab\t", "schl\u{fc}ssel".as_bytes()] {
            let error = SecretHash::try_from(&Secret::from(wrong)).unwrap_err();
            assert_eq!(error.code(), ErrorCode::FieldInvalid);
        }
    }
}
