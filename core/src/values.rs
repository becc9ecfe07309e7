//! Values as they stand in a configuration or in the input of an operation. None of their errors repeats a text that may be a secret.

use std::fmt;
use std::str::FromStr;

use serde::de::{self, Deserializer, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};

use crate::credential::SecretHash;
use crate::describe::{Shape, described, shapes};
use crate::error::{Error, ErrorCode, Result};
use crate::json::LONGEST_SHOWN;
use crate::policy::{Policy, Rate};
use crate::secret::Secret;
use crate::time::Lifetime;

/// The rate limits of a dialect; no limit where absent.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Requests of one client.
    pub client: Option<RateLimit>,
    /// Failed attempts in one name.
    pub failures: Option<RateLimit>,
}

described! {
    /// A rate limit: `events` for each `per` on average, and at most `burst` at once.
    #[derive(Clone, Copy, Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    pub struct RateLimit {
        /// How many events, at least 1.
        pub events: u32,
        /// In which time.
        pub per: Lifetime,
        /// How many of them at once, at least 1.
        pub burst: u32,
    }
}

impl Limits {
    /// These limits, and those of `defaults` where there are none.
    pub(crate) fn apply(self, defaults: Limits, policy: Policy) -> Result<Policy> {
        let policy = match self.client.or(defaults.client) {
            Some(limit) => policy.client_rate(limit.rate("limits.client")?),
            None => policy,
        };
        Ok(match self.failures.or(defaults.failures) {
            Some(limit) => policy.failure_rate(limit.rate("limits.failures")?),
            None => policy,
        })
    }
}

impl RateLimit {
    pub(crate) fn rate(self, field: &'static str) -> Result<Rate> {
        Rate::new(self.events, self.per, self.burst)
            .map_err(|error| Error::new(error.code()).at(field).because(error.message().to_owned()))
    }
}

/// One text, or a list of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct OneOrMany(pub Vec<String>);

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Texts;
        impl<'de> Visitor<'de> for Texts {
            type Value = OneOrMany;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or a list of texts")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<OneOrMany, E> {
                Ok(OneOrMany(vec![text.to_owned()]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<OneOrMany, A::Error> {
                let mut texts = Vec::new();
                while let Some(text) = list.next_element()? {
                    texts.push(text);
                }
                Ok(OneOrMany(texts))
            }
        }
        deserializer.deserialize_any(Texts)
    }
}

/// A secret that stands in the configuration itself: for demonstrations, and for configurations that are secrets.
#[derive(Clone, Debug)]
pub struct SecretText(pub Secret);

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SecretVisitor).map(|text| SecretText(text.into()))
    }
}

/// The SHA-256 of one live secret, or of two while a client changes over.
#[derive(Clone, Debug)]
pub struct Hashes(pub Vec<SecretHash>);

impl<'de> Deserialize<'de> for Hashes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;
        impl<'de> Visitor<'de> for List {
            type Value = Hashes;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the SHA-256 of a secret, or a list of one or two")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Hashes, E> {
                Ok(Hashes(vec![hash(text).map_err(E::custom)?]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Hashes, A::Error> {
                let mut hashes = Vec::new();
                while let Some(Hash(hash)) = list.next_element()? {
                    hashes.push(hash);
                }
                match hashes.len() {
                    1 | 2 => Ok(Hashes(hashes)),
                    found => Err(de::Error::custom(format!(
                        "a client has one live secret, or two while it changes over; found {found}"
                    ))),
                }
            }
        }
        deserializer.deserialize_any(List)
    }
}

shapes! {
    OneOrMany: Shape::Texts;
    SecretText: Shape::Secret;
    Hashes: Shape::Texts;
}

/// A hash whose errors do not repeat what stands in its place: it may be the secret.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hash(pub(crate) SecretHash);

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = deserializer.deserialize_any(SecretVisitor)?;
        hash(&text).map(Hash).map_err(de::Error::custom)
    }
}

/// Reads a hash; that of no secret at all, which a shell gives for an unset variable, is no credential.
fn hash(text: &str) -> Result<SecretHash> {
    match SecretHash::parse(text)? {
        hash if hash == SecretHash::of(b"") => Err(Error::new(ErrorCode::PolicyInvalid)
            .because("this is the hash of an empty text; no secret was hashed")),
        hash => Ok(hash),
    }
}

/// The origin of a web page, as a browser states it in the header `Origin` (RFC 6454 section 6.2).
///
/// ```
/// use tokenmint::config::Origin;
/// let origin: Origin = "https://app.example.com".parse()?;
/// assert_eq!(origin.as_str(), "https://app.example.com");
/// assert!("https://app.example.com/".parse::<Origin>().is_err()); // no browser sends that
/// # Ok::<(), tokenmint::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(String);

impl Origin {
    /// As it stands in the header.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Origin {
    type Err = Error;

    /// Reads an origin. What no browser would send never matches, so it is an error: `policy_invalid`.
    fn from_str(text: &str) -> Result<Self> {
        let invalid = |reason| Err(Error::new(ErrorCode::PolicyInvalid).because(reason));
        if text.contains('*') {
            return invalid("each origin is named; there is no pattern for several");
        }
        let uri: Option<http::Uri> = text.parse().ok();
        let parts = uri.as_ref().and_then(|uri| Some((uri.scheme_str()?, uri.host()?, uri.port_u16())));
        let Some((scheme, host, port)) = parts.filter(|(_, host, _)| !host.is_empty()) else {
            return invalid(NO_ORIGIN);
        };
        if matches!((scheme, port), ("https", Some(443)) | ("http", Some(80))) {
            return invalid("browsers leave out a port that is the scheme's own");
        }
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        match format!("{scheme}://{host}{port}").to_ascii_lowercase() {
            sent if sent == text => Ok(Origin(sent)),
            _ => invalid(NO_ORIGIN),
        }
    }
}

const NO_ORIGIN: &str = "an origin is a scheme and a host in small letters, and a port where it has one, with nothing \
                         behind them: https://app.example.com, http://localhost:5173";

impl<'de> Deserialize<'de> for Origin {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OriginText;
        impl Visitor<'_> for OriginText {
            type Value = Origin;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an origin such as \"https://app.example.com\"")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Origin, E> {
                text.parse().map_err(|error: Error| E::custom(error.message()))
            }
        }
        deserializer.deserialize_any(OriginText)
    }
}

struct SecretVisitor;

/// serde's own errors quote the value that they found.
const NOT_TEXT: &str = "a secret, or the hash of one, is a text";

impl Visitor<'_> for SecretVisitor {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<String, E> {
        Ok(text.to_owned())
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<String, E> {
        Err(E::custom(NOT_TEXT))
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<String, E> {
        Err(E::custom(NOT_TEXT))
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<String, E> {
        Err(E::custom(NOT_TEXT))
    }
}

/// A text by the grammar of [`crate::expires_in`], or whole seconds.
impl<'de> Deserialize<'de> for Lifetime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct LifetimeText;
        impl Visitor<'_> for LifetimeText {
            type Value = Lifetime;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a lifetime such as \"1h\", or whole seconds")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Lifetime, E> {
                match text.len() {
                    ..=LONGEST_SHOWN => text.parse().map_err(E::custom),
                    _ => Err(E::custom(format!("{} is no lifetime such as \"1h\"", shown(text)))),
                }
            }

            fn visit_u64<E: de::Error>(self, seconds: u64) -> Result<Lifetime, E> {
                Lifetime::from_seconds(seconds).map_err(E::custom)
            }

            fn visit_i64<E: de::Error>(self, seconds: i64) -> Result<Lifetime, E> {
                // Below 0 is refused as 0 is.
                self.visit_u64(u64::try_from(seconds).unwrap_or(0))
            }
        }
        deserializer.deserialize_any(LifetimeText)
    }
}

/// A name out of a configuration, for an error.
pub(crate) fn shown(name: &str) -> String {
    match name.chars().count() {
        ..=LONGEST_SHOWN => format!("{name:?}"),
        length => format!("(a text of {length} characters)"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T: de::DeserializeOwned>(json: &str) -> Result<T, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn lifetimes_are_texts_or_seconds() {
        assert_eq!(read::<Lifetime>("\"1h\""), Ok(Lifetime::HOUR));
        assert_eq!(read::<Lifetime>("3600"), Ok(Lifetime::HOUR));
        for wrong in ["0", "-1", "1.5", "null", "\"1 fortnight\"", "\"\""] {
            assert!(read::<Lifetime>(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_origin_is_what_a_browser_sends() {
        for right in [
            "https://app.example.com",
            "http://localhost:5173",
            "https://127.0.0.1:8443",
            "http://[::1]:3000",
            "https://xn--bcher-kva.example",
            "capacitor://localhost",
        ] {
            assert_eq!(right.parse::<Origin>().unwrap().as_str(), right);
        }
        for wrong in [
            "",
            "*",
            "null",
            "app.example.com",
            "//app.example.com",
            "https://",
            "https://app.example.com/",
            "https://app.example.com/path",
            "https://app.example.com?x",
            "https://app.example.com#x",
            "https://app.example.com:",
            "https://app.example.com:0443",
            "https://app.example.com:70000",
            "https://user@app.example.com",
            "https://App.example.com",
            "HTTPS://app.example.com",
            "https://*.example.com",
            "https://bücher.example",
            "https://app.example.com:443",
            "http://app.example.com:80",
            " https://app.example.com",
        ] {
            let error = wrong.parse::<Origin>().expect_err(wrong);
            assert_eq!(error.code(), ErrorCode::PolicyInvalid);
        }
    }

    #[test]
    fn a_secret_in_the_wrong_place_is_not_repeated() {
        const SECRET: &str = "14c84a34-282b-4fd8-8af6-86b5b5f2c212";
        for error in [
            read::<Hashes>(&format!("{SECRET:?}")).unwrap_err(),
            read::<Hashes>(&format!("[{SECRET:?}]")).unwrap_err(),
            read::<Hash>(&format!("{SECRET:?}")).map(drop).unwrap_err(),
        ] {
            assert!(!error.contains("14c8") && error.contains("43 characters"), "{error}");
        }
        for error in
            [read::<Hashes>("[1234567]").unwrap_err(), read::<SecretText>("1234567").map(drop).unwrap_err()]
        {
            assert!(!error.contains("1234567") && error.contains("is a text"), "{error}");
        }
    }

    #[test]
    fn a_client_has_one_or_two_secrets() {
        let hash = SecretHash::of(b"x").to_string();
        for (count, accepted) in [(0, false), (1, true), (2, true), (3, false)] {
            let list = serde_json::to_string(&vec![&hash; count]).unwrap();
            assert_eq!(read::<Hashes>(&list).is_ok(), accepted, "{count}");
        }
    }

    #[test]
    fn the_hash_of_nothing_is_no_credential() {
        let nothing = SecretHash::of(b"").to_string();
        assert!(read::<Hashes>(&format!("{nothing:?}")).unwrap_err().contains("empty text"));
        assert!(read::<Hashes>(&format!("[{nothing:?}]")).unwrap_err().contains("empty text"));
    }
}
