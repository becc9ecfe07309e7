//! The text of a customer's API key: `prefix_`, its id, where its owner's watermark is, a secret, and a checksum.
//!
//! All behind the prefix is base62, of one length, so that a scanner knows a key when it sees one. The checksum finds a typo
//! before any look-up. By what it says of its owner, key and watermark are read in one command; the SHA-256 that is
//! kept is that of the whole text, so nothing in it can be exchanged.

use crate::encoding::{base62, from_base62, same, sha256};

/// The random part that names a key, in bytes and digits.
const ID: usize = 16;
const ID_DIGITS: usize = 22;
/// The owner's hash and the secret, in bytes and digits.
const OWNER: usize = 32;
const SECRET: usize = 24;
const REST: usize = OWNER + SECRET;
const REST_DIGITS: usize = 76;
const CHECK_DIGITS: usize = 6;

/// What an API key says of itself.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ApiKeyText {
    /// Its id.
    pub(crate) id: String,
    /// The hash by which its owner's watermark is found.
    pub(crate) owner: [u8; OWNER],
}

/// A random id.
pub(crate) fn new_id(random: [u8; ID]) -> String {
    base62(&random, ID_DIGITS)
}

/// Whether a text can be the prefix of keys: 1 to 20 lower-case letters, digits and `_`, a letter first and no `_` last.
pub(crate) fn is_prefix(prefix: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    prefix.len() <= 20
        && prefix.starts_with(|first: char| first.is_ascii_lowercase())
        && !prefix.ends_with('_')
        && prefix.bytes().all(plain)
}

/// The text of a key.
pub(crate) fn encode(prefix: &str, id: &str, owner: [u8; OWNER], secret: [u8; SECRET]) -> String {
    let mut rest = owner.to_vec();
    rest.extend_from_slice(&secret);
    let text = format!("{prefix}_{id}{}", base62(&rest, REST_DIGITS));
    let check = checksum(&text);
    text + &check
}

impl ApiKeyText {
    /// Reads a text that may be a key; says nothing about whether it is one that was given out.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (prefix, body) = text.rsplit_once('_')?;
        let (body, check) = body.split_at_checked(ID_DIGITS + REST_DIGITS)?;
        let (id, rest) = body.split_at_checked(ID_DIGITS)?;
        from_base62::<ID>(id)?;
        let owner = from_base62::<REST>(rest)?.first_chunk().copied()?;
        let checked = text.strip_suffix(check)?;
        let good = is_prefix(prefix) && same(check.as_bytes(), checksum(checked).as_bytes());
        good.then(|| ApiKeyText { id: id.to_owned(), owner })
    }
}

fn checksum(text: &str) -> String {
    base62(sha256(text.as_bytes()).get(..4).unwrap_or_default(), CHECK_DIGITS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Entropy;

    fn key(seed: u8) -> String {
        let mut entropy = Entropy::new([seed; 32]);
        encode("key", &new_id(entropy.bytes()), entropy.bytes(), entropy.bytes())
    }

    #[test]
    fn a_key_says_its_id_and_where_its_owner_is() {
        let mut entropy = Entropy::new([1; 32]);
        let (id, owner, secret) = (new_id(entropy.bytes()), entropy.bytes(), entropy.bytes());
        let text = encode("sk_live", &id, owner, secret);
        assert_eq!(text.len(), "sk_live_".len() + 104);
        assert_eq!(ApiKeyText::parse(&text), Some(ApiKeyText { id, owner }));
    }

    #[test]
    fn a_typo_is_found() {
        let text = key(3);
        for at in 0..text.len() {
            for other in ["A", "7", "_", "é", " ", ""] {
                let typo = format!("{}{other}{}", &text[..at], &text[at + 1..]);
                assert!(typo == text || ApiKeyText::parse(&typo).is_none(), "{typo}");
            }
        }
        for other in
            [String::new(), "_".into(), format!("{text}A"), format!(" {text}"), text.replace("key_", "")]
        {
            assert!(ApiKeyText::parse(&other).is_none(), "{other}");
        }
        // Of one number there is one spelling: more than the bytes hold is no key.
        let large = format!("key_{}{}", "z".repeat(22), "0".repeat(76));
        assert!(ApiKeyText::parse(&format!("{large}{}", checksum(&large))).is_none());
    }

    #[test]
    fn prefixes() {
        for prefix in ["k", "key", "sk_live", "acme2_test", "a_234567890123456789"] {
            assert!(is_prefix(prefix), "{prefix}");
        }
        for prefix in ["", "_", "key_", "_key", "2key", "Key", "k-y", "é", "a23456789012345678901"] {
            assert!(!is_prefix(prefix), "{prefix}");
        }
    }
}
