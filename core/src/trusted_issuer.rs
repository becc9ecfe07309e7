//! Other issuers whose tokens are taken for one of ours (RFC 7523 section 2.1): whom to trust, and for what.

use std::sync::Arc;

use crate::assertion_rule::AssertionRule;
use crate::error::{Error, ErrorCode, Result, Retry};
use crate::key::{Algorithm, Key, KeySet};
use crate::remote::{RemoteKeySet, Resolution};
use crate::time::{Lifetime, UnixTime};

/// An issuer whose tokens are taken as assertions: a CI system, a cluster, an identity of workloads.
///
/// Its tokens are for us alone: each value of `aud` is one of [`TrustedIssuer::audience`]. They live no longer than
/// [`TrustedIssuer::max_age`], and each is good once, unless [`TrustedIssuer::reusable`] says otherwise.
///
/// ```
/// use tokenmint::{AssertionRule, TrustedIssuer};
/// let main = AssertionRule::new("ci:{repository_id}").claim("sub", "repo:org/name:ref:refs/heads/main").scope("deploy");
/// let ci = TrustedIssuer::at("https://ci.example/.well-known/jwks")?.issuer("https://ci.example").rule(main);
/// # drop(ci);
/// # Ok::<(), tokenmint::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct TrustedIssuer {
    pub(crate) issuer: Option<String>,
    keys: Keys,
    pub(crate) audience: Vec<String>,
    pub(crate) max_age: Lifetime,
    pub(crate) reusable: bool,
    pub(crate) rules: Vec<AssertionRule>,
}

#[derive(Clone, Debug)]
enum Keys {
    Given(KeySet),
    Fetched(Arc<RemoteKeySet>),
}

impl TrustedIssuer {
    /// An issuer with these public keys.
    pub fn new(keys: KeySet) -> Self {
        Self::with(Keys::Given(keys))
    }

    /// An issuer whose keys the host fetches from a URL: see [`Endpoint::keys_wanted`](crate::endpoint::Endpoint::keys_wanted).
    ///
    /// # Errors
    /// As [`RemoteKeySet::issuer`].
    pub fn at(url: impl Into<String>) -> Result<Self> {
        // The one issuer of the set; which tokens it is for is decided before.
        let keys = RemoteKeySet::new().algorithms(&[Algorithm::RS256]).issuer("trusted", url)?;
        Ok(Self::with(Keys::Fetched(Arc::new(keys))))
    }

    fn with(keys: Keys) -> Self {
        TrustedIssuer {
            issuer: None,
            keys,
            audience: Vec::new(),
            max_age: Lifetime::DAY,
            reusable: false,
            rules: Vec::new(),
        }
    }

    /// What `iss` of its tokens is. Where it is not said, it is asked for tokens that name no trusted issuer, with any `iss`
    /// or none, as a JWT-SVID may have.
    #[must_use]
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuer = Some(issuer.into());
        self
    }

    /// What `aud` of its tokens may be; said again, one more. Where it is not said: our issuer's name, and the
    /// [token endpoint](crate::Policy::token_endpoint).
    #[must_use]
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audience.push(audience.into());
        self
    }

    /// How long a token may live from its `iat` on, and how old it may be; without an `iat`, how far ahead its `exp` may be.
    /// One day by default.
    #[must_use]
    pub fn max_age(mut self, age: Lifetime) -> Self {
        self.max_age = age;
        self
    }

    /// Takes a token as often as it is presented until it ends: for tokens in files that a workload reads again and again, as
    /// those of Kubernetes. Whoever steals one can use it, too.
    #[must_use]
    pub fn reusable(mut self) -> Self {
        self.reusable = true;
        self
    }

    /// Takes tokens by a rule; said again, also by that.
    #[must_use]
    pub fn rule(mut self, rule: AssertionRule) -> Self {
        self.rules.push(rule);
        self
    }

    /// Whether it can work for the issuer `own`.
    pub(crate) fn check(&self, own: &str) -> Result<()> {
        let invalid = |field: &'static str, text: &'static str| {
            Err(Error::new(ErrorCode::PolicyInvalid).at(field).because(text))
        };
        match self.issuer.as_deref() {
            Some("") => return invalid("issuer", "the issuer is empty"),
            Some(issuer) if issuer == own => return invalid("issuer", "an issuer does not trust itself"),
            _ => {}
        }
        if let Keys::Given(keys) = &self.keys {
            if keys.keys().len() == 0 {
                return invalid("jwks", "the issuer has no key");
            }
            // RFC 8725 section 3.1: whoever can check an HMAC could have made it.
            if keys.keys().any(Key::can_sign) {
                return invalid("jwks", "trust takes the public halves of keys");
            }
        }
        if self.audience.iter().any(String::is_empty) {
            return invalid("audience", "the audience is empty");
        }
        if self.rules.is_empty() {
            return invalid("rules", "an issuer is trusted by rules, of which there is none");
        }
        for (at, rule) in self.rules.iter().enumerate() {
            rule.check().map_err(|error| error.within(&format!("rules[{at}]")))?;
        }
        Ok(())
    }

    /// Whether its keys are fetched.
    pub(crate) fn is_fetched(&self) -> bool {
        matches!(self.keys, Keys::Fetched(_))
    }

    /// The keys for a token, as far as they are here.
    ///
    /// # Errors
    /// `keys_unavailable` where they were not fetched, and what [`RemoteKeySet::resolve`] refuses.
    pub(crate) fn keys_for(&self, token: &str, now: UnixTime) -> Result<KeySet> {
        match &self.keys {
            Keys::Given(keys) => Ok(keys.clone()),
            Keys::Fetched(remote) => match remote.known_for(token, now) {
                Resolution::Use(keys) => Ok(keys),
                Resolution::Refuse(error) => Err(error),
                Resolution::Fetch { .. } | Resolution::Wait { .. } => {
                    Err(Error::new(ErrorCode::KeysUnavailable)
                        .retry(Retry { after_seconds: 1, limit: 0 })
                        .because("the issuer's keys are being fetched; try again"))
                }
            },
        }
    }

    /// What the host should do before this token is judged.
    pub(crate) fn wanted_for(&self, token: &str, now: UnixTime) -> Option<Resolution> {
        match &self.keys {
            Keys::Given(_) => None,
            Keys::Fetched(remote) => match remote.resolve_token(token, now) {
                Resolution::Use(_) | Resolution::Refuse(_) => None,
                wanted => Some(wanted),
            },
        }
    }

    /// Takes what a fetch brought, if it was for this issuer.
    pub(crate) fn fetched(
        &self,
        url: &str,
        answer: Result<&[u8]>,
        max_age: Option<u64>,
        now: UnixTime,
    ) -> Option<Result<KeySet>> {
        match &self.keys {
            Keys::Fetched(remote) if remote.has(url) => Some(remote.fetched(url, answer, max_age, now)),
            _ => None,
        }
    }
}
