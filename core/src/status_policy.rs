//! Whether the tokens of the flows have a status, where its lists are, and how old they may be (draft-ietf-oauth-status-list).

use crate::error::{Error, ErrorCode, Result};
use crate::time::Lifetime;

/// Gives every JWT of the flows a place in a status list, so that whoever verifies it offline learns of its revocation.
///
/// A revocation is in the list at most [`every`](StatusPolicy::every) later, and a verifier has that list at most
/// [`time_to_live`](StatusPolicy::time_to_live) after it. Opaque tokens, and those of [`Issuer::mint`](crate::Issuer::mint),
/// which knows no store, have no status.
///
/// ```
/// use tokenmint::*;
/// let keys = || KeySet::builder().hmac("k1", [7; 32].as_slice())?.build();
/// let statuses = StatusPolicy::new("https://as.example/status").every("30s".parse()?).time_to_live("1m".parse()?);
/// let policy = Policy::new("https://as.example");
/// assert!(Issuer::new(keys()?, policy.clone().status_lists(statuses.clone())).is_ok());
///
/// let error = Issuer::new(keys()?, policy.status_lists(statuses.bits(3))).unwrap_err();
/// assert_eq!((error.code(), error.field()), (ErrorCode::PolicyInvalid, Some("status_lists.bits")));
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusPolicy {
    pub(crate) uri: String,
    pub(crate) every: Lifetime,
    pub(crate) time_to_live: Lifetime,
    pub(crate) lifetime: Lifetime,
    pub(crate) bits: u8,
}

/// How old a list becomes where nothing else is said.
const EVERY: Lifetime = Lifetime::seconds_or_one(10);

impl StatusPolicy {
    /// Lists below this URL: each is at `{uri}/{generation}-{list}`.
    pub fn new(uri: impl Into<String>) -> Self {
        let uri: String = uri.into();
        StatusPolicy {
            uri: uri.trim_end_matches('/').to_owned(),
            every: EVERY,
            time_to_live: EVERY,
            lifetime: Lifetime::HOUR,
            bits: 1,
        }
    }

    /// How old a list becomes before there is the next one; 10 seconds by default.
    #[must_use]
    pub fn every(mut self, age: Lifetime) -> Self {
        self.every = age;
        self
    }

    /// How long a verifier keeps a list before it fetches the next one: `ttl`; 10 seconds by default. At least as long as a
    /// list is the newest one: before, it would fetch the same again.
    #[must_use]
    pub fn time_to_live(mut self, age: Lifetime) -> Self {
        self.time_to_live = age;
        self
    }

    /// How long a list can be relied upon where nobody can fetch the next one: `exp`; one hour by default. A place in a list
    /// is given again so long after the end of the token that had it.
    #[must_use]
    pub fn lifetime(mut self, lifetime: Lifetime) -> Self {
        self.lifetime = lifetime;
        self
    }

    /// How many bits a status has: 1 by default, 2, 4 or 8. With more than 1, the tokens of a client that is disabled are
    /// suspended, and not invalid.
    #[must_use]
    pub fn bits(mut self, bits: u8) -> Self {
        self.bits = bits;
        self
    }

    /// Whether the rules can work.
    pub(crate) fn check(&self) -> Result<()> {
        let invalid = |field: &'static str, text: String| {
            Err(Error::new(ErrorCode::PolicyInvalid).at(field).because(text))
        };
        if self.path().is_none() {
            let text = "it is no URL of lists; one is such as \"https://as.example/status\": with a path, and without \
                        percent signs, query and fragment";
            return invalid("uri", text.to_owned());
        }
        if !matches!(self.bits, 1 | 2 | 4 | 8) {
            return invalid("bits", format!("a status has 1, 2, 4 or 8 bits; found {}", self.bits));
        }
        let StatusPolicy { every, time_to_live, lifetime, .. } = self;
        if time_to_live < every {
            return invalid(
                "ttl",
                format!(
                    "there is a new list every {every}; whoever keeps one for {time_to_live} would fetch the same again"
                ),
            );
        }
        if lifetime.seconds() < every.seconds().saturating_add(time_to_live.seconds()) {
            return invalid(
                "lifetime",
                format!(
                    "a list is served for {every} and kept for {time_to_live}; one that lives {lifetime} would end before"
                ),
            );
        }
        Ok(())
    }

    /// The path of the URL.
    pub(crate) fn path(&self) -> Option<&str> {
        let rest = self.uri.strip_prefix("https://").or_else(|| self.uri.strip_prefix("http://"))?;
        let path = rest.get(rest.find('/').filter(|at| *at > 0)?..)?;
        let names = path.split('/').skip(1).all(|segment| !segment.is_empty());
        let plain = !self.uri.contains(['%', '?', '#']) && self.uri.parse::<http::Uri>().is_ok();
        (names && plain).then_some(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_below_a_path() {
        let path = |uri: &str| StatusPolicy::new(uri).path().map(str::to_owned);
        assert_eq!(path("https://as.example/status").as_deref(), Some("/status"));
        assert_eq!(path("http://127.0.0.1:8080/tenant/1/status/").as_deref(), Some("/tenant/1/status"));
        for uri in [
            "",
            "i/status",
            "ftp://as.example/status",
            "https://as.example",
            "https:///status",
            "https://as.example/a//b",
            "https://as.example/a?b",
            "https://as.example/a#b",
            "https://as.example/a%20b",
            "https://as example/a",
        ] {
            assert_eq!(path(uri), None, "{uri}");
        }
    }

    #[test]
    fn what_cannot_work_is_named() {
        let with = || StatusPolicy::new("https://as.example/status");
        let seconds = Lifetime::seconds_or_one;
        let fault =
            |policy: StatusPolicy| policy.check().err().and_then(|error| error.field().map(str::to_owned));
        assert_eq!(fault(with()), None);
        for bits in [1, 2, 4, 8] {
            assert_eq!(fault(with().bits(bits)), None);
        }
        for bits in [0, 3, 16] {
            assert_eq!(fault(with().bits(bits)).as_deref(), Some("bits"));
        }
        assert_eq!(fault(StatusPolicy::new("i")).as_deref(), Some("uri"));
        assert_eq!(fault(with().every(seconds(11))).as_deref(), Some("ttl"));
        assert_eq!(fault(with().every(seconds(11)).time_to_live(seconds(11))), None);
        assert_eq!(fault(with().lifetime(seconds(19))).as_deref(), Some("lifetime"));
        assert_eq!(fault(with().lifetime(seconds(20))), None);
    }
}
