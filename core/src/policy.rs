//! What an issuer may do: names, lifetimes, limits.

use std::borrow::Cow;

use crate::claims::not_registered;
use crate::describe::{choices, described};
use crate::dpop_policy::DpopPolicy;
use crate::error::{Error, ErrorCode, Result};
use crate::event_receiver::EventReceiver;
use crate::json::as_names;
use crate::secret::Secret;
use crate::status_policy::StatusPolicy;
use crate::store::Durability;
use crate::time::Lifetime;
use crate::trusted_issuer::TrustedIssuer;

/// The rules of an [`crate::Issuer`]. Every field has a default that is safe; set what differs.
///
/// ```
/// use tokenmint::{Lifetime, Policy};
/// let policy = Policy::new("https://api.example.com").audience("app").lifetime(Lifetime::MINUTE);
/// # drop(policy);
/// ```
#[derive(Clone, Debug)]
pub struct Policy {
    pub(crate) issuer: String,
    pub(crate) token_endpoint: Option<String>,
    pub(crate) trusted_issuers: Vec<TrustedIssuer>,
    pub(crate) event_receivers: Vec<EventReceiver>,
    pub(crate) audience: Vec<String>,
    pub(crate) token_type: String,
    /// As it was said.
    pub(crate) lifetime: Option<Lifetime>,
    pub(crate) max_lifetime: Lifetime,
    pub(crate) leeway: u64,
    pub(crate) access_format: AccessFormat,
    pub(crate) fixed_claims: Vec<(Cow<'static, str>, String)>,
    pub(crate) session_secret: Option<Secret>,
    /// As they were said; [`Policy::session`] says what holds.
    pub(crate) session_idle: Option<Lifetime>,
    pub(crate) session_absolute: Option<Lifetime>,
    pub(crate) session_claims: Vec<Cow<'static, str>>,
    pub(crate) grace: u64,
    pub(crate) long_grace: bool,
    pub(crate) narrowings: Vec<(Cow<'static, str>, Narrowing)>,
    pub(crate) renewal: Lifetime,
    pub(crate) client_rate: Option<Rate>,
    pub(crate) failure_rate: Option<Rate>,
    pub(crate) redeem_window: u64,
    pub(crate) public_token_lifetime: Lifetime,
    pub(crate) integrations: Vec<Integration>,
    pub(crate) durability: Durability,
    pub(crate) status_lists: Option<StatusPolicy>,
    pub(crate) dpop: Option<DpopPolicy>,
}

described! {
    /// Something that a link can connect an end user to.
    #[derive(Clone, Debug, PartialEq, Eq)]
    #[json(read, write)]
    pub struct Integration {
        /// Its id in requests.
        pub slug: String,
        /// Its name for people.
        pub name: String,
        /// The categories it belongs to.
        pub categories: Vec<String>,
    }
}

choices! {
    /// What an access token looks like.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum AccessFormat {
        /// A JWT, which anybody with the public key can verify without the store.
        Jwt = "jwt",
        /// An opaque handle, which only the issuer can look up.
        Opaque = "opaque",
    }
}

/// When the value of a custom claim is within that of another token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Narrowing {
    /// It is the same.
    Equal,
    /// It is a list of some of the other's elements, or an object of some of its members, each as it stands there.
    Subset,
    /// It is `false`, or both are `true`: for a claim whose `true` allows what its `false` does not.
    And,
}

as_names! { Narrowing { Equal = "equal", Subset = "subset", And = "and", } }

/// How long a session's access token lives, the session without a refresh, and the session at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SessionLifetimes {
    pub(crate) access: Lifetime,
    pub(crate) idle: Lifetime,
    pub(crate) absolute: Lifetime,
}

fn days(days: u32) -> Lifetime {
    Lifetime::minutes(days * 24 * 60)
}

/// How many events are admitted: a steady rate, and a burst ahead of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    pub(crate) events: u32,
    pub(crate) per: Lifetime,
    pub(crate) burst: u32,
}

impl Rate {
    /// `events` for each `per` on average, and at most `burst` at once.
    ///
    /// # Errors
    /// `policy_invalid` for 0 events or a burst of 0.
    pub fn new(events: u32, per: Lifetime, burst: u32) -> Result<Self> {
        if events == 0 || burst == 0 {
            return Err(Error::new(ErrorCode::PolicyInvalid)
                .at("rate")
                .because("a rate admits at least 1 event, and a burst of at least 1"));
        }
        Ok(Rate { events, per, burst })
    }

    pub(crate) fn interval_us(self) -> u64 {
        (self.per.seconds().saturating_mul(1_000_000) / u64::from(self.events)).max(1)
    }

    pub(crate) fn burst_us(self) -> u64 {
        self.interval_us().saturating_mul(u64::from(self.burst))
    }
}

impl Policy {
    /// The rules for an issuer of this name, usually its URL: it becomes `iss`.
    pub fn new(issuer: impl Into<String>) -> Self {
        Policy {
            issuer: issuer.into(),
            token_endpoint: None,
            trusted_issuers: Vec::new(),
            event_receivers: Vec::new(),
            audience: Vec::new(),
            token_type: "JWT".to_owned(),
            lifetime: None,
            max_lifetime: Lifetime::MAX,
            leeway: 0,
            access_format: AccessFormat::Jwt,
            fixed_claims: Vec::new(),
            session_secret: None,
            session_idle: None,
            session_absolute: None,
            session_claims: vec!["sid".into()],
            grace: 10,
            long_grace: false,
            narrowings: Vec::new(),
            renewal: days(30),
            client_rate: None,
            failure_rate: None,
            redeem_window: 10,
            public_token_lifetime: Lifetime::HOUR,
            integrations: Vec::new(),
            durability: Durability::Process,
            status_lists: None,
            dpop: None,
        }
    }

    /// The URL of the token endpoint: beside the issuer's name, whom an assertion may be for (RFC 7523 section 3).
    #[must_use]
    pub fn token_endpoint(mut self, url: impl Into<String>) -> Self {
        self.token_endpoint = Some(url.into());
        self
    }

    /// Takes the tokens of another issuer for tokens of this one ([`Issuer::accept_assertion`](crate::Issuer::accept_assertion));
    /// said again, also of that.
    #[must_use]
    pub fn trusted_issuer(mut self, issuer: TrustedIssuer) -> Self {
        self.trusted_issuers.push(issuer);
        self
    }

    /// Tells somebody of what ends and of what changes ([`EventReceiver`]); said again, one more. From then on each revocation is
    /// written down before it is made, so that none is lost: one store command more.
    #[must_use]
    pub fn event_receiver(mut self, receiver: EventReceiver) -> Self {
        self.event_receivers.push(receiver);
        self
    }

    /// The `aud` of tokens whose claims name none; said again, one more.
    #[must_use]
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audience.push(audience.into());
        self
    }

    /// The header's `typ`; `JWT` by default.
    #[must_use]
    pub fn token_type(mut self, typ: impl Into<String>) -> Self {
        self.token_type = typ.into();
        self
    }

    /// How long tokens of the flows live; by default the access tokens of sessions, which a refresh replaces, 15 minutes, and
    /// all others one hour.
    #[must_use]
    pub fn lifetime(mut self, lifetime: Lifetime) -> Self {
        self.lifetime = Some(lifetime);
        self
    }

    /// The longest life that a token can be given; by default there is no bound but the calendar's.
    #[must_use]
    pub fn max_lifetime(mut self, lifetime: Lifetime) -> Self {
        self.max_lifetime = lifetime;
        self
    }

    /// How far clocks may differ when this issuer's own tokens are verified; 0 by default.
    #[must_use]
    pub fn leeway_seconds(mut self, seconds: u64) -> Self {
        self.leeway = seconds;
        self
    }

    /// Whether access tokens of the flows are JWTs, the default, or opaque.
    #[must_use]
    pub fn access_format(mut self, format: AccessFormat) -> Self {
        self.access_format = format;
        self
    }

    /// A custom claim that every token carries, as JSON text.
    #[must_use]
    pub fn fixed_claim(mut self, name: impl Into<Cow<'static, str>>, json: impl Into<String>) -> Self {
        self.fixed_claims.push((name.into(), json.into()));
        self
    }

    /// At least 32 secret bytes from which refresh, public and account tokens are derived.
    #[must_use]
    pub fn session_secret(mut self, secret: impl Into<Secret>) -> Self {
        self.session_secret = Some(secret.into());
        self
    }

    /// How long a session lives without a refresh (30 days by default), and at all (90 days by default). A session that is
    /// not refreshed lives at least as long as its access token.
    ///
    /// ```
    /// use tokenmint::*;
    /// let keys = KeySet::builder().hmac("k1", [7; 32].as_slice())?.build()?;
    /// let policy = Policy::new("https://api.example.com").session_secret([9; 32].as_slice()).lifetime(Lifetime::HOUR);
    /// let error = Issuer::new(keys, policy.session_lifetimes(Lifetime::MINUTE, Lifetime::DAY)).unwrap_err();
    /// assert_eq!((error.code(), error.field()), (ErrorCode::PolicyInvalid, Some("session_idle")));
    /// # Ok::<(), Error>(())
    /// ```
    #[must_use]
    pub fn session_lifetimes(mut self, idle: Lifetime, absolute: Lifetime) -> Self {
        self.session_idle = Some(idle);
        self.session_absolute = Some(absolute);
        self
    }

    /// Another claim beside `sid` that holds the session's id.
    #[must_use]
    pub fn session_claim(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.session_claims.push(name.into());
        self
    }

    /// For how many seconds a refresh token is still answered after its exchange, with the same successor: the first
    /// answer may have been lost. 10 by default, 0 for never, at most 60 without [`Policy::long_refresh_grace`].
    #[must_use]
    pub fn refresh_grace_seconds(mut self, seconds: u64) -> Self {
        self.grace = seconds;
        self
    }

    /// Lets the grace of a refresh be up to 30 minutes: for clients that are offline for long before they can try again. For
    /// as long, a stolen refresh token that was exchanged already is good, and nobody notices the theft.
    ///
    /// ```
    /// use tokenmint::*;
    /// let keys = || KeySet::builder().hmac("k1", [7; 32].as_slice())?.build();
    /// let policy = Policy::new("https://api.example.com").refresh_grace_seconds(1800);
    /// assert!(Issuer::new(keys()?, policy.clone()).is_err());
    /// assert!(Issuer::new(keys()?, policy.long_refresh_grace()).is_ok());
    /// # Ok::<(), Error>(())
    /// ```
    #[must_use]
    pub fn long_refresh_grace(mut self) -> Self {
        self.long_grace = true;
        self
    }

    /// By which rule a custom claim is narrowed when [`Issuer::narrow`](crate::Issuer::narrow) is asked for less of it;
    /// [`Narrowing::Equal`] by default.
    #[must_use]
    pub fn narrowing(mut self, claim: impl Into<Cow<'static, str>>, rule: Narrowing) -> Self {
        self.narrowings.push((claim.into(), rule));
        self
    }

    /// For how long after its first issue an entity token can be renewed with itself; 30 days by default.
    #[must_use]
    pub fn renewal(mut self, lifetime: Lifetime) -> Self {
        self.renewal = lifetime;
        self
    }

    /// How many requests of one client are admitted; no limit by default.
    #[must_use]
    pub fn client_rate(mut self, rate: Rate) -> Self {
        self.client_rate = Some(rate);
        self
    }

    /// How many failed attempts are answered with the reason; no limit by default. A right secret is never locked out
    /// by other people's wrong ones.
    #[must_use]
    pub fn failure_rate(mut self, rate: Rate) -> Self {
        self.failure_rate = Some(rate);
        self
    }

    /// For how many seconds the same redeemer of a link gets the same answer again; 10 by default, at most 60, 0 for
    /// never.
    #[must_use]
    pub fn redeem_window_seconds(mut self, seconds: u64) -> Self {
        self.redeem_window = seconds;
        self
    }

    /// How long a redeemed link's public token lives; one hour by default.
    #[must_use]
    pub fn public_token_lifetime(mut self, lifetime: Lifetime) -> Self {
        self.public_token_lifetime = lifetime;
        self
    }

    /// How long an acknowledged write of the store must last; [`Durability::Process`] by default. A flow is refused, before
    /// its first command, on a store that declares less.
    ///
    /// ```
    /// use tokenmint::*;
    /// let keys = KeySet::builder().hmac("k1", [7; 32].as_slice())?.build()?;
    /// let issuer = Issuer::new(keys, Policy::new("https://api.example.com").durability(Durability::Disk))?;
    /// let context = Context::new(UnixTime::from_seconds(1_700_000_000), [1; 32]);
    /// let error = issuer.revoke_all(&context).run(&MemoryStore::new()).result.unwrap_err();
    /// assert_eq!((error.code(), error.field()), (ErrorCode::PolicyInvalid, Some("durability")));
    /// # Ok::<(), Error>(())
    /// ```
    #[must_use]
    pub fn durability(mut self, least: Durability) -> Self {
        self.durability = least;
        self
    }

    /// Gives every JWT of the flows a place in a status list; by default there are no lists.
    #[must_use]
    pub fn status_lists(mut self, lists: StatusPolicy) -> Self {
        self.status_lists = Some(lists);
        self
    }

    /// Binds tokens to the keys of clients that prove to have one (RFC 9449); by default nobody's proof is looked at.
    ///
    /// Whoever holds the issuer's [`verifier`](crate::Issuer::verifier) takes a bound token with its proof only
    /// ([`Verifier::verify_bound`](crate::Verifier::verify_bound)), and so does [`Issuer::check`](crate::Issuer::check).
    #[must_use]
    pub fn dpop(mut self, policy: DpopPolicy) -> Self {
        self.dpop = Some(policy);
        self
    }

    /// Adds to the catalogue of what links can connect to.
    #[must_use]
    pub fn integration(mut self, integration: Integration) -> Self {
        self.integrations.push(integration);
        self
    }

    /// The rule by which a claim is narrowed.
    pub(crate) fn narrowing_of(&self, claim: &str) -> Narrowing {
        let rule = self.narrowings.iter().rev().find(|(name, _)| name == claim);
        rule.map_or(Narrowing::Equal, |(_, rule)| *rule)
    }

    /// How long a token lives that is not a session's, where nothing else is asked for.
    pub(crate) fn token_lifetime(&self) -> Lifetime {
        self.lifetime.unwrap_or(Lifetime::HOUR.min(self.max_lifetime))
    }

    /// How long sessions and their access tokens live.
    pub(crate) fn session(&self) -> SessionLifetimes {
        self.session_or(SessionLifetimes {
            access: Lifetime::minutes(15),
            idle: days(30),
            absolute: days(90),
        })
    }

    /// What was said of sessions, and where it was not, what fits to it: these lifetimes, if they can.
    pub(crate) fn session_or(&self, default: SessionLifetimes) -> SessionLifetimes {
        let idle = self.session_idle.unwrap_or_else(|| {
            let idle = default.idle.max(self.lifetime.unwrap_or(default.access));
            self.session_absolute.map_or(idle, |absolute| idle.min(absolute))
        });
        SessionLifetimes {
            access: self.lifetime.unwrap_or(default.access.min(idle).min(self.max_lifetime)),
            idle,
            absolute: self.session_absolute.unwrap_or(default.absolute.max(idle)),
        }
    }

    /// What others call this issuer: whom an assertion may be for (RFC 7523 section 3 (3)).
    pub(crate) fn own_audience(&self) -> Vec<&str> {
        [&self.issuer].into_iter().chain(&self.token_endpoint).map(String::as_str).collect()
    }

    /// Whether the rules can work.
    pub(crate) fn check(&self) -> Result<()> {
        let invalid = |field: &'static str, text: &'static str| {
            Err(Error::new(ErrorCode::PolicyInvalid).at(field).because(text))
        };
        if self.issuer.is_empty() {
            return invalid("issuer", "an issuer has a name");
        }
        if self.audience.iter().any(String::is_empty) {
            return invalid("audience", "the audience is empty");
        }
        if self.token_type.is_empty() {
            return invalid("token_type", "the token type is empty");
        }
        for (at, trusted) in self.trusted_issuers.iter().enumerate() {
            let place = format!("trusted_issuers[{at}]");
            trusted.check(&self.issuer).map_err(|error| error.within(&place))?;
            let twin = |other: &TrustedIssuer| other.issuer.is_some() && other.issuer == trusted.issuer;
            if self.trusted_issuers.iter().take(at).any(twin) {
                return Err(Error::new(ErrorCode::PolicyInvalid)
                    .at(format!("{place}.issuer"))
                    .because("the issuer is there twice; it has one key set and any number of rules"));
            }
        }
        if let Some(dpop) = &self.dpop {
            dpop.check().map_err(|error| error.within("dpop"))?;
            if dpop.nonce && self.session_secret.is_none() {
                return invalid("dpop.nonce", "nonces are made from the session secret, and there is none");
            }
        }
        for (at, receiver) in self.event_receivers.iter().enumerate() {
            let place = format!("event_receivers[{at}]");
            receiver.check().map_err(|error| error.within(&place))?;
            if self.event_receivers.iter().take(at).any(|other| other.audience == receiver.audience) {
                return Err(Error::new(ErrorCode::PolicyInvalid)
                    .at(format!("{place}.audience"))
                    .because("the receiver is there twice"));
            }
            let client = receiver.client.as_ref();
            if client.is_some()
                && self.event_receivers.iter().take(at).any(|other| other.client.as_ref() == client)
            {
                return Err(Error::new(ErrorCode::PolicyInvalid)
                    .at(format!("{place}.client_id"))
                    .because("the client asks for the events of one receiver already"));
            }
        }
        if self.token_lifetime() > self.max_lifetime {
            return invalid("lifetime", "the default lifetime is over the maximum");
        }
        if self.redeem_window > 60 {
            return invalid("redeem_window_seconds", "the same answer is given again for at most 60 seconds");
        }
        if self.grace > 60 && !self.long_grace {
            let text = "a grace period has at most 60 seconds, and up to 1800 with long_refresh_grace";
            return invalid("refresh_grace_seconds", text);
        }
        if self.grace > 30 * 60 {
            return invalid("refresh_grace_seconds", "a long grace period has at most 1800 seconds");
        }
        for (name, _) in &self.narrowings {
            not_registered(name)?;
        }
        if let Some(lists) = &self.status_lists {
            lists.check().map_err(|error| error.within("status_lists"))?;
        }
        let session = self.session();
        if session.idle > session.absolute {
            return invalid("session_idle", "the idle lifetime is over the absolute one");
        }
        // Else a session would end while its access token is good, and nobody could refresh it any more.
        if self.session_secret.is_some() && session.access > session.idle {
            return Err(Error::new(ErrorCode::PolicyInvalid).at("session_idle").because(format!(
                "a session lives {} without a refresh, its access token {}; the first is at least the second",
                session.idle, session.access
            )));
        }
        for name in &self.session_claims {
            not_registered(name)?;
        }
        for (index, (name, value)) in self.fixed_claims.iter().enumerate() {
            not_registered(name)?;
            // Two members of one name make a token that no verifier takes.
            if self.fixed_claims.iter().skip(index + 1).any(|(other, _)| other == name) {
                return invalid("fixed_claim", "a claim is fixed twice");
            }
            if crate::json::check_within(1, value).is_err() {
                return invalid("fixed_claim", "the value is not JSON");
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy() -> Policy {
        Policy::new("i").session_secret([9; 32].as_slice())
    }

    /// Minutes of the access token, the idle and the absolute lifetime.
    fn minutes(policy: &Policy) -> [u64; 3] {
        policy.check().unwrap();
        let SessionLifetimes { access, idle, absolute } = policy.session();
        [access, idle, absolute].map(|lifetime| lifetime.seconds() / 60)
    }

    #[test]
    fn a_window_that_is_too_long_is_named() {
        let field = |policy: Policy| policy.check().err().and_then(|error| error.field().map(str::to_owned));
        let of = |name: &str| Some(name.to_owned());
        assert_eq!(field(policy().redeem_window_seconds(60).refresh_grace_seconds(60)), None);
        assert_eq!(field(policy().redeem_window_seconds(61)), of("redeem_window_seconds"));
        assert_eq!(field(policy().refresh_grace_seconds(61)), of("refresh_grace_seconds"));
        assert!(
            policy().refresh_grace_seconds(61).check().unwrap_err().message().contains("long_refresh_grace")
        );
        assert_eq!(field(policy().refresh_grace_seconds(1800).long_refresh_grace()), None);
        assert_eq!(
            field(policy().refresh_grace_seconds(1801).long_refresh_grace()),
            of("refresh_grace_seconds")
        );
    }

    #[test]
    fn what_is_not_said_fits_to_what_is() {
        const DAY: u64 = 24 * 60;
        let with = |idle: Option<u32>, absolute: Option<u32>| Policy {
            session_idle: idle.map(Lifetime::minutes),
            session_absolute: absolute.map(Lifetime::minutes),
            ..policy()
        };
        assert_eq!(minutes(&policy()), [15, 30 * DAY, 90 * DAY]);
        assert_eq!(minutes(&policy().lifetime(days(40))), [40 * DAY, 40 * DAY, 90 * DAY]);
        assert_eq!(minutes(&policy().lifetime(days(100))), [100 * DAY, 100 * DAY, 100 * DAY]);
        assert_eq!(minutes(&policy().max_lifetime(Lifetime::MINUTE)), [1, 30 * DAY, 90 * DAY]);
        assert_eq!(minutes(&with(Some(5), None)), [5, 5, 90 * DAY]);
        assert_eq!(minutes(&with(Some(60), None)), [15, 60, 90 * DAY]);
        assert_eq!(minutes(&with(None, Some(60))), [15, 60, 60]);
        assert_eq!(minutes(&with(None, Some(10))), [10, 10, 10]);
        assert_eq!(policy().token_lifetime(), Lifetime::HOUR);
        assert_eq!(policy().max_lifetime(Lifetime::MINUTE).token_lifetime(), Lifetime::MINUTE);
    }

    #[test]
    fn a_session_outlives_its_access_token() {
        let refused = |policy: Policy| {
            let error = policy.check().unwrap_err();
            assert_eq!(error.code(), ErrorCode::PolicyInvalid);
            error.to_string()
        };
        let (minute, hour) = (Lifetime::MINUTE, Lifetime::HOUR);
        assert_eq!(
            refused(policy().lifetime(hour).session_lifetimes(minute, hour)),
            "session_idle: a session lives 1m without a refresh, its access token 1h; the first is at least the second"
        );
        assert!(policy().lifetime(hour).session_lifetimes(hour, hour).check().is_ok());
        assert!(refused(policy().session_lifetimes(hour, minute)).starts_with("session_idle: "));
        // An issuer without sessions has no such rule.
        assert!(Policy::new("i").lifetime(hour).session_lifetimes(minute, hour).check().is_ok());
    }
}
