//! Base64url without padding (RFC 4648 section 5, as RFC 7515 section 2 uses it), and digests.

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// Appends the base64url text of `bytes`.
pub(crate) fn push_base64url(out: &mut String, bytes: &[u8]) {
    base64_simd::URL_SAFE_NO_PAD.encode_append(bytes, out);
}

/// The base64url text of `bytes`.
pub(crate) fn base64url(bytes: &[u8]) -> String {
    base64_simd::URL_SAFE_NO_PAD.encode_to_string(bytes)
}

/// The bytes of a strict base64url text: no padding, no foreign character, no non-zero trailing bits.
pub(crate) fn from_base64url(text: &str) -> Option<Vec<u8>> {
    base64_simd::URL_SAFE_NO_PAD.decode_to_vec(text).ok()
}

/// The bytes of a standard base64 text with padding (RFC 4648 section 4), as HTTP Basic uses it.
pub(crate) fn from_base64(text: &str) -> Option<Vec<u8>> {
    base64_simd::STANDARD.decode_to_vec(text).ok()
}

/// The standard base64 text with padding (RFC 4648 section 4), as a Content-Security-Policy names hashes.
pub(crate) fn base64(bytes: &[u8]) -> String {
    base64_simd::STANDARD.encode_to_string(bytes)
}

/// The SHA-256 of `bytes`.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// The lower-case hexadecimal text of `bytes`.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from_digit(u32::from(digit), 16).unwrap_or_default());
        }
        text
    })
}

/// Compares in constant time.
pub(crate) fn same(left: &[u8], right: &[u8]) -> bool {
    left.ct_eq(right).into()
}

/// A short, stable name for a secret or a token in events and logs: 64 bits of its SHA-256, in hexadecimal.
pub fn fingerprint(bytes: &[u8]) -> String {
    hex(sha256(bytes).get(..8).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_value_has_one_spelling() {
        assert_eq!(base64url(&[0xfb, 0xff]), "-_8");
        assert_eq!(from_base64url("-_8").unwrap(), [0xfb, 0xff]);
        for text in ["-_9", "-_8=", "-_ 8", "+/8", "-_8\n", "A", "-_8A_", "é"] {
            assert!(from_base64url(text).is_none(), "{text:?}");
        }
    }

    #[test]
    fn hexadecimal() {
        assert_eq!(hex(&[0, 0xab, 0xff]), "00abff");
        assert_eq!(fingerprint(b"").len(), 16);
    }
}
