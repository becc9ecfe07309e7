//! Values as they stand in a configuration or in the input of an operation. None of their errors repeats a text that may be a secret.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};

use crate::credential::SecretHash;
use crate::describe::{Shape, described, shapes};
use crate::error::{Error, ErrorCode, Result};
use crate::json::{FromJson, Json, LONGEST_SHOWN, Misfit, object};
use crate::policy::Rate;
use crate::secret::Secret;
use crate::status_policy::StatusPolicy;
use crate::time::Lifetime;

object! {
    /// The rate limits of a dialect; no limit where absent.
    #[derive(Clone, Copy, Debug, Default)]
    #[json(read)]
    pub struct Limits {
        /// Requests of one client.
        pub client: Option<RateLimit>,
        /// Failed attempts in one name.
        pub failures: Option<RateLimit>,
    }
}

described! {
    /// A rate limit: `events` for each `per` on average, and at most `burst` at once.
    #[derive(Clone, Copy, Debug)]
    #[json(read)]
    pub struct RateLimit {
        /// How many events, at least 1.
        pub events: u32,
        /// In which time.
        pub per: Lifetime,
        /// How many of them at once, at least 1.
        pub burst: u32,
    }
}

impl RateLimit {
    pub(crate) fn rate(self, field: &'static str) -> Result<Rate> {
        Rate::new(self.events, self.per, self.burst)
            .map_err(|error| Error::new(error.code()).at(field).because(error.message().to_owned()))
    }
}

described! {
    /// Status lists, in which every JWT of the flows has a place.
    #[derive(Clone, Debug)]
    #[json(read)]
    pub struct StatusPolicyConfig {
        /// The URL below which the lists are; `status` below the issuer's name where absent.
        pub uri: Option<String>,
        /// How old a list becomes before there is the next one; 10 seconds where absent.
        pub every: Option<Lifetime>,
        /// How long a verifier keeps a list before it fetches the next one, at least `every`; as long as that where absent.
        pub ttl: Option<Lifetime>,
        /// How long a list can be relied upon where nobody can fetch the next one; one hour where absent.
        pub lifetime: Option<Lifetime>,
        /// How many bits a status has: 1 as where absent, 2, 4 or 8. With more than 1, the tokens of a client that is disabled
        /// are suspended, and not invalid.
        pub bits: Option<u8>,
    }
}

impl StatusPolicyConfig {
    pub(crate) fn policy(&self, issuer: &str) -> StatusPolicy {
        let uri = self.uri.clone().unwrap_or_else(|| format!("{}/status", issuer.trim_end_matches('/')));
        let mut policy = StatusPolicy::new(uri);
        policy.every = self.every.unwrap_or(policy.every);
        policy.time_to_live = self.ttl.unwrap_or(policy.every);
        policy.lifetime = self.lifetime.unwrap_or(policy.lifetime);
        policy.bits = self.bits.unwrap_or(policy.bits);
        policy
    }
}

/// One text, or a list of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OneOrMany(pub Vec<String>);

impl FromJson for OneOrMany {
    fn blank() -> Self {
        OneOrMany::default()
    }

    fn read_json(&mut self, json: Json<'_>) -> Result<(), Misfit> {
        let needed = "a text or a list of texts";
        match json.string(needed) {
            Ok(text) => self.0.push(text.into_owned()),
            Err(_) => json.items(needed, &mut |text| {
                self.0.push(text.read()?);
                Ok(())
            })?,
        }
        Ok(())
    }
}

/// A secret that stands in the configuration itself: for demonstrations, and for configurations that are secrets.
#[derive(Clone, Debug)]
pub struct SecretText(pub Secret);

impl FromJson for SecretText {
    fn blank() -> Self {
        SecretText(Secret::from(""))
    }

    fn read_json(&mut self, json: Json<'_>) -> Result<(), Misfit> {
        self.0 = secret(json)?.into_owned().into();
        Ok(())
    }
}

/// The SHA-256 of one live secret, or of two while a client changes over.
#[derive(Clone, Debug)]
pub struct Hashes(pub Vec<SecretHash>);

impl FromJson for Hashes {
    fn blank() -> Self {
        Hashes(Vec::new())
    }

    fn read_json(&mut self, json: Json<'_>) -> Result<(), Misfit> {
        let needed = "the SHA-256 of a secret, or a list of one or two";
        if json.string(needed).is_ok() {
            self.0.push(json.read()?);
            return Ok(());
        }
        json.items(needed, &mut |hash| {
            self.0.push(hash.read()?);
            Ok(())
        })?;
        match self.0.len() {
            1 | 2 => Ok(()),
            found => Err(Misfit::because(format!(
                "a client has one live secret, or two while it changes over; found {found}"
            ))),
        }
    }
}

shapes! {
    OneOrMany: Shape::Texts;
    SecretText: Shape::Secret;
    Hashes: Shape::Texts;
}

impl FromJson for SecretHash {
    fn blank() -> Self {
        SecretHash::of(b"")
    }

    /// The error does not repeat what stands in its place: it may be the secret.
    fn read_json(&mut self, json: Json<'_>) -> Result<(), Misfit> {
        *self = SecretHash::parse(&secret(json)?).map_err(|error| Misfit::because(error.to_string()))?;
        // What a shell gives for an unset variable is no credential.
        match json.is_given() && *self == SecretHash::of(b"") {
            true => Err(Misfit::because(
                Error::new(ErrorCode::PolicyInvalid)
                    .because("this is the hash of an empty text; no secret was hashed")
                    .to_string(),
            )),
            false => Ok(()),
        }
    }
}

/// A secret, or the hash of one.
fn secret(json: Json<'_>) -> Result<Cow<'_, str>, Misfit> {
    match json.first() {
        b'-' | b'0'..=b'9' if json.number().is_some() => {
            Err(Misfit::because("a secret, or the hash of one, is a text"))
        }
        _ => json.string("a text"),
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

impl FromJson for Origin {
    fn blank() -> Self {
        Origin(String::new())
    }

    fn read_json(&mut self, json: Json<'_>) -> Result<(), Misfit> {
        let text = json.string("an origin such as \"https://app.example.com\"")?;
        *self = text.parse().map_err(|error: Error| Misfit::because(error.message()))?;
        Ok(())
    }
}

/// What a lifetime is, where it is none.
const LIFETIME: &str = "a lifetime such as \"1h\", or whole seconds";

/// A text by the grammar of [`crate::expires_in`], or whole seconds.
impl FromJson for Lifetime {
    fn blank() -> Self {
        Lifetime::MINUTE
    }

    fn read_json(&mut self, json: Json<'_>) -> Result<(), Misfit> {
        let read = match json.whole() {
            // Below 0 is refused as 0 is.
            Some(seconds) => seconds_of(u64::try_from(seconds).unwrap_or(0)),
            None => lifetime(&json.string(LIFETIME)?),
        };
        *self = read.map_err(Misfit::because)?;
        Ok(())
    }
}

/// As it is read everywhere else, for types of a user's.
impl<'de> Deserialize<'de> for Lifetime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct LifetimeText;
        impl Visitor<'_> for LifetimeText {
            type Value = Lifetime;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(LIFETIME)
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Lifetime, E> {
                lifetime(text).map_err(E::custom)
            }

            fn visit_u64<E: de::Error>(self, seconds: u64) -> Result<Lifetime, E> {
                seconds_of(seconds).map_err(E::custom)
            }

            fn visit_i64<E: de::Error>(self, seconds: i64) -> Result<Lifetime, E> {
                self.visit_u64(u64::try_from(seconds).unwrap_or(0))
            }
        }
        deserializer.deserialize_any(LifetimeText)
    }
}

fn seconds_of(seconds: u64) -> Result<Lifetime, String> {
    Lifetime::from_seconds(seconds).map_err(|error| error.to_string())
}

fn lifetime(text: &str) -> Result<Lifetime, String> {
    match text.len() {
        ..=LONGEST_SHOWN => text.parse().map_err(|error: Error| error.to_string()),
        _ => Err(format!("{} is no lifetime such as \"1h\"", shown(text))),
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

    fn read<T: FromJson>(json: &str) -> Result<T, String> {
        crate::json::from_text(json).map_err(|misfit| misfit.to_string())
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
            read::<SecretHash>(&format!("{SECRET:?}")).map(drop).unwrap_err(),
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
