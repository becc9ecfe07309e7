//! Base64url without padding (RFC 4648 section 5, as RFC 7515 section 2 uses it), and digests.

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::error::{Error, ErrorCode};

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

/// The bytes of a strict base64url text that must be so many.
pub(crate) fn array_from_base64url<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    let engine = base64_simd::URL_SAFE_NO_PAD;
    if engine.decoded_length(text.as_bytes()).ok()? != N {
        return None;
    }
    engine.decode(text.as_bytes(), base64_simd::Out::from_slice(&mut bytes)).ok()?;
    Some(bytes)
}

/// Uses the base64url text of `bytes`, at most 64 of them, without an allocation.
pub(crate) fn with_base64url<T>(bytes: &[u8], then: impl FnOnce(&str) -> T) -> T {
    let mut buffer = [0; 86];
    let engine = base64_simd::URL_SAFE_NO_PAD;
    match buffer.get_mut(..engine.encoded_length(bytes.len())) {
        Some(room) => then(engine.encode_as_str(bytes, base64_simd::Out::from_slice(room))),
        None => then(&base64url(bytes)),
    }
}

/// The error of a token's part that is no strict base64url, with what it is mostly when people paste a token.
#[cold]
pub(crate) fn not_base64url(part: &'static str, text: &str) -> Error {
    pasted(Error::new(ErrorCode::TokenEncoding).at(part), text)
}

/// The same error, with what stands around the text where that is why.
pub(crate) fn pasted(error: Error, text: &str) -> Error {
    match foreign(text) {
        Some(found) => error.because(found),
        None => error,
    }
}

/// What stands at an end of a pasted token, or of a part of one, and does not belong to it.
pub(crate) fn foreign(part: &str) -> Option<&'static str> {
    let ends = [part.chars().next(), part.chars().next_back()];
    if part.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("bearer ")) {
        Some("the text begins with \"Bearer \", which is the HTTP header's, not the token's")
    } else if ends.iter().flatten().any(|end| end.is_whitespace()) {
        Some("there are blanks or line breaks around the token")
    } else if ends.iter().flatten().any(|end| matches!(end, '"' | '\'')) {
        Some("there are quotation marks around the token")
    } else if part.ends_with('=') {
        Some("base64url in a token has no padding")
    } else {
        None
    }
}

/// Where a base64url text is decoded: in place where it is short.
pub(crate) struct Decoded {
    short: [u8; 256],
    long: Vec<u8>,
}

impl Default for Decoded {
    fn default() -> Self {
        Decoded { short: [0; 256], long: Vec::new() }
    }
}

impl Decoded {
    /// The bytes of a text as [`from_base64url`] gives them.
    pub(crate) fn base64url(&mut self, text: &str) -> Option<&[u8]> {
        let Some(room) = self.short.get_mut(..text.len() / 4 * 3 + text.len() % 4) else {
            self.long = from_base64url(text)?;
            return Some(&self.long);
        };
        let out = base64_simd::Out::from_slice(room);
        base64_simd::URL_SAFE_NO_PAD.decode(text.as_bytes(), out).ok().map(|bytes| &*bytes)
    }
}

/// The bytes of a standard base64 text with padding (RFC 4648 section 4), as HTTP Basic uses it.
pub(crate) fn from_base64(text: &str) -> Option<Vec<u8>> {
    base64_simd::STANDARD.decode_to_vec(text).ok()
}

/// The standard base64 text with padding (RFC 4648 section 4), as a Content-Security-Policy names hashes.
pub(crate) fn base64(bytes: &[u8]) -> String {
    base64_simd::STANDARD.encode_to_string(bytes)
}

/// `bytes` as gzip has them (RFC 1952): a header, what DEFLATE makes of them, and how to tell that they arrived.
pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    // DEFLATE, no flags, no time, the slowest algorithm, and nobody knows which system.
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 255];
    out.extend_from_slice(&miniz_oxide::deflate::compress_to_vec(bytes, 9));
    // Section 8: the CRC-32 of ISO 3309.
    let crc = bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| crc >> 1 ^ (0xEDB8_8320 & (crc & 1).wrapping_neg()))
    });
    out.extend_from_slice(&(!crc).to_le_bytes());
    // Modulo 2^32, as it is there.
    out.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
    out
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

/// Whether `text` is the base64url text of `bytes`, at most 64 of them; in constant time, without an allocation.
pub(crate) fn same_as_base64url(bytes: &[u8], text: &str) -> bool {
    let mut buffer = [0; 86];
    let Some(room) = buffer.get_mut(..base64_simd::URL_SAFE_NO_PAD.encoded_length(bytes.len())) else {
        return false;
    };
    same(base64_simd::URL_SAFE_NO_PAD.encode(bytes, base64_simd::Out::from_slice(room)), text.as_bytes())
}

/// Compares in constant time. The differences of all bytes are gathered, eight at a time, and judged once.
pub(crate) fn same(left: &[u8], right: &[u8]) -> bool {
    if left.len() != right.len() {
        return false;
    }
    let (left_words, left_rest) = left.as_chunks::<8>();
    let (right_words, right_rest) = right.as_chunks::<8>();
    let words = left_words.iter().zip(right_words);
    let words = words.map(|(one, other)| u64::from_le_bytes(*one) ^ u64::from_le_bytes(*other));
    let rest = left_rest.iter().zip(right_rest).map(|(one, other)| u64::from(one ^ other));
    // `black_box`: no compiler may stop at the first difference.
    words.chain(rest).fold(0, |all, one| std::hint::black_box(all | one)).ct_eq(&0).into()
}

/// The digits of base62, in their order.
const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A number, its highest byte first, as so many digits of base62: letters and digits, which a double click marks as a whole.
pub(crate) fn base62(bytes: &[u8], digits: usize) -> String {
    let mut number = bytes.to_vec();
    let mut text: Vec<char> = (0..digits)
        .map(|_| {
            let rest = number.iter_mut().fold(0, |rest, byte| {
                let part = rest * 256 + u32::from(*byte);
                *byte = u8::try_from(part / 62).unwrap_or_default();
                part % 62
            });
            let digit = usize::try_from(rest).ok().and_then(|digit| BASE62.get(digit));
            char::from(digit.copied().unwrap_or_default())
        })
        .collect();
    text.reverse();
    text.into_iter().collect()
}

/// The `N` bytes of a number in base62; `None` for a foreign character, and for a number that is too large.
pub(crate) fn from_base62<const N: usize>(text: &str) -> Option<[u8; N]> {
    text.bytes().try_fold([0; N], |mut number, character| {
        let digit = BASE62.iter().position(|known| *known == character)?;
        let over = number.iter_mut().rev().fold(u32::try_from(digit).ok()?, |carried, byte: &mut u8| {
            let part = u32::from(*byte) * 62 + carried;
            *byte = u8::try_from(part % 256).unwrap_or_default();
            part / 256
        });
        (over == 0).then_some(number)
    })
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
    fn a_difference_counts_wherever_it_is() {
        for len in 0..40 {
            let left: Vec<u8> = (0..len).collect();
            assert!(same(&left, &left));
            assert!(!same(&left, &[left.as_slice(), &[0]].concat()));
            for at in 0..left.len() {
                let mut right = left.clone();
                right[at] ^= 0x80;
                assert!(!same(&left, &right), "{len} {at}");
            }
            assert!(same_as_base64url(&left, &base64url(&left)));
            assert!(!same_as_base64url(&left, &base64url(&[left.as_slice(), &[0]].concat())));
        }
    }

    #[test]
    fn base62_is_of_one_length_and_has_one_spelling() {
        assert_eq!(base62(&[0, 0], 3), "000");
        assert_eq!(base62(&[0xff, 0xff], 3), "H31");
        assert_eq!(from_base62("H31"), Some([0xff, 0xff]));
        assert_eq!(from_base62::<2>("H32"), None, "one more than two bytes hold");
        for text in ["0-1", "é01", "0 1"] {
            assert_eq!(from_base62::<2>(text), None, "{text}");
        }
        for seed in 0..50 {
            let bytes: [u8; 56] = crate::Entropy::new([seed; 32]).bytes();
            let text = base62(&bytes, 76);
            assert!(text.len() == 76 && text.bytes().all(|byte| byte.is_ascii_alphanumeric()));
            assert_eq!(from_base62(&text), Some(bytes));
        }
    }

    #[test]
    fn hexadecimal() {
        assert_eq!(hex(&[0, 0xab, 0xff]), "00abff");
        assert_eq!(fingerprint(b"").len(), 16);
    }
}
