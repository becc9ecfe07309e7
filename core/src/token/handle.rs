//! Opaque handles: a prefix, 240 random bits, and a checksum that rejects a typo before any look-up.

use crate::Entropy;
use crate::encoding::{base64url, from_base64url, push_base64url, same, sha256};
use crate::error::{Error, ErrorCode, Result};
use crate::store::RecordKey;

/// Characters of 240 random bits in base64url.
const BODY: usize = 40;

/// The shape of a kind of handle.
///
/// ```
/// use tokenmint::{Entropy, HandleFormat};
/// let format = HandleFormat::new("tm_", 6)?;
/// let handle = format.generate(&mut Entropy::new([7; 32]));
/// assert_eq!(handle.len(), 3 + 40 + 6);
/// assert!(format.check(&handle).is_ok());
/// assert!(format.check(&handle.replace("tm_", "tn_")).is_err());
/// # Ok::<(), tokenmint::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HandleFormat {
    prefix: &'static str,
    check_len: usize,
}

impl HandleFormat {
    /// Handles with a prefix, and `check_len` characters of checksum (0 to 6); each lets one typo in 64 pass.
    ///
    /// # Errors
    /// `policy_invalid` for a longer checksum, or a prefix with anything but letters, digits, `-` and `_`.
    pub fn new(prefix: &'static str, check_len: usize) -> Result<Self> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if check_len > 6 || !prefix.bytes().all(plain) {
            return Err(Error::new(ErrorCode::PolicyInvalid)
                .at("handle")
                .because("a handle has a prefix of letters, digits, - and _, and 0 to 6 check characters"));
        }
        Ok(HandleFormat { prefix, check_len })
    }

    pub(crate) const fn plain(check_len: usize) -> Self {
        HandleFormat { prefix: "", check_len }
    }

    /// A new handle.
    pub fn generate(&self, entropy: &mut Entropy) -> String {
        self.encode(entropy.bytes())
    }

    /// Whether a text can be a handle of this shape.
    ///
    /// # Errors
    /// `handle_malformed`, without a word on what is wrong.
    pub fn check(&self, text: &str) -> Result<()> {
        let malformed = || Error::new(ErrorCode::HandleMalformed);
        let split = self.prefix.len() + BODY;
        if text.len() != split + self.check_len || !text.starts_with(self.prefix) {
            return Err(malformed());
        }
        let (body, check) = text.split_at_checked(split).ok_or_else(malformed)?;
        let alphabet = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        let bytes_are_good = body.get(self.prefix.len()..).is_some_and(|body| body.bytes().all(alphabet));
        if bytes_are_good && same(check.as_bytes(), self.checksum(body).as_bytes()) {
            return Ok(());
        }
        Err(malformed())
    }

    /// The 30 bytes of a handle of this shape.
    pub(crate) fn decode(&self, text: &str) -> Result<[u8; 30]> {
        self.check(text)?;
        let body = text.get(self.prefix.len()..self.prefix.len() + BODY);
        let bytes = body.and_then(from_base64url).and_then(|bytes| bytes.try_into().ok());
        bytes.ok_or_else(|| Error::new(ErrorCode::HandleMalformed))
    }

    pub(crate) fn encode(&self, random: [u8; 30]) -> String {
        let mut text = String::with_capacity(self.prefix.len() + BODY + self.check_len);
        text.push_str(self.prefix);
        push_base64url(&mut text, &random);
        let check = self.checksum(&text);
        text.push_str(&check);
        text
    }

    fn checksum(&self, body: &str) -> String {
        if self.check_len == 0 {
            return String::new();
        }
        let mut text = base64url(sha256(body.as_bytes()).get(..6).unwrap_or_default());
        text.truncate(self.check_len);
        text
    }
}

/// The key of the record behind a handle: the store never sees the handle, only its SHA-256.
pub(crate) fn record_key(kind: &'static str, handle: &str) -> RecordKey {
    RecordKey::of(kind, &[handle])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_one_character_typo_is_found_by_six_check_characters() {
        let format = HandleFormat::new("tm_", 6).unwrap();
        let handle = format.generate(&mut Entropy::new([3; 32]));
        for at in 0..handle.len() {
            for other in ['A', '7', '_', 'é', ' '] {
                let mut typo: Vec<char> = handle.chars().collect();
                if typo[at] == other {
                    continue;
                }
                typo[at] = other;
                let typo: String = typo.into_iter().collect();
                assert!(format.check(&typo).is_err(), "{typo}");
            }
        }
        assert!(format.check(&handle).is_ok());
        for cut in ["", "tm_", &handle[1..], &handle[..handle.len() - 1], &format!("{handle}A")] {
            assert!(format.check(cut).is_err());
        }
    }

    #[test]
    fn without_check_characters_the_alphabet_and_length_still_hold() {
        let format = HandleFormat::plain(0);
        assert_eq!(format.generate(&mut Entropy::new([1; 32])).len(), 40);
        assert!(format.check(&"a".repeat(40)).is_ok());
        assert!(format.check(&"a".repeat(39)).is_err());
        assert!(format.check(&"+".repeat(40)).is_err());
    }
}
