//! Keys that an issuer publishes at a URL: when to fetch them, how long to use them, and what to refuse. The host
//! fetches; this has no transport and no clock.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::encoding::{Decoded, from_base64url};
use crate::error::{Error, ErrorCode, Result};
use crate::fetches::{self, Fetches, distance, seconds};
use crate::json::{self, Object};
use crate::key::header::Header;
use crate::key::{Algorithm, KeySet, quoted};
use crate::time::{Lifetime, UnixTime};
use crate::token::MAX_TOKEN;
use crate::url;

/// What is wrong with plain `http`.
const PLAIN: &str = "plain http lets whoever is on the way replace the keys; https is needed";

/// The key sets of remote issuers: a policy without a transport.
///
/// [`RemoteKeySet::resolve`] says which keys to use or what to fetch first; the host fetches and reports to
/// [`RemoteKeySet::fetched`]. For each URL, fetches begin at least a cooldown apart, whatever tokens name: a flood of
/// invented key ids costs one fetch for each cooldown. While an issuer cannot be reached, its last keys stay in use
/// for a bounded time. It is shared between threads by reference.
///
/// ```
/// use tokenmint::*;
/// let remote = RemoteKeySet::new().issuer("https://a.example", "https://a.example/.well-known/jwks.json")?;
/// let now = UnixTime::from_seconds(1_700_000_000);
/// let Resolution::Fetch { url } = remote.resolve("https://a.example", Some("k1"), now) else { panic!() };
/// # let body = br#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"k1","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
/// remote.fetched(&url, Ok(body), None, now)?; // what the host read from there
/// # #[cfg(feature = "aws-lc")] {
/// let Resolution::Use(keys) = remote.resolve("https://a.example", Some("k1"), now) else { panic!() };
/// assert!(keys.key("k1").is_some());
/// # }
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug)]
pub struct RemoteKeySet {
    /// The URL of each issuer.
    urls: BTreeMap<String, String>,
    algorithms: Vec<Algorithm>,
    time_to_live: Lifetime,
    cooldown: Lifetime,
    last_known_good: Lifetime,
    max_body: usize,
    states: Mutex<BTreeMap<String, State>>,
}

/// What to do for a token.
#[derive(Clone, Debug)]
#[must_use]
pub enum Resolution {
    /// Verify with these keys.
    Use(KeySet),
    /// Fetch this URL, report to [`RemoteKeySet::fetched`], and ask again. One caller is told so at a time.
    Fetch {
        /// The address of a JWK Set.
        url: String,
    },
    /// Another caller was told to fetch this URL: wait for its report, and ask again.
    Wait {
        /// The address of a JWK Set.
        url: String,
    },
    /// The token cannot be verified.
    Refuse(Error),
}

#[derive(Debug, Default)]
struct State {
    keys: Option<Keys>,
    fetches: Fetches,
}

#[derive(Debug)]
struct Keys {
    set: KeySet,
    since: UnixTime,
    fresh_seconds: i64,
}

impl Default for RemoteKeySet {
    fn default() -> Self {
        Self::new()
    }
}

impl RemoteKeySet {
    /// A set without issuers: keys are fresh for 10 minutes, fetches begin at least 30 seconds apart, keys of an
    /// issuer that cannot be reached serve a day longer, a body has at most 256 KiB.
    pub fn new() -> Self {
        RemoteKeySet {
            urls: BTreeMap::new(),
            algorithms: Vec::new(),
            time_to_live: Lifetime::minutes(10),
            cooldown: Lifetime::seconds_or_one(30),
            last_known_good: Lifetime::DAY,
            max_body: 256 * 1024,
            states: Mutex::default(),
        }
    }

    /// Adds an issuer, by the value of `iss`, and the `https` URL of its JWK Set; `http` is taken for this machine
    /// (`localhost` and loopback addresses).
    ///
    /// # Errors
    /// `policy_invalid` at `issuer` or `url`: an empty issuer, one that is there already, another scheme, no host, a
    /// user name or a fragment in the URL.
    pub fn issuer(self, issuer: impl Into<String>, url: impl Into<String>) -> Result<Self> {
        self.add(issuer.into(), url.into(), false)
    }

    /// Adds an issuer whose keys come over plain `http`: whoever is on the way can replace them and forge tokens.
    ///
    /// # Errors
    /// As [`RemoteKeySet::issuer`], but for the scheme `http`.
    pub fn allow_plain_http_issuer(self, issuer: impl Into<String>, url: impl Into<String>) -> Result<Self> {
        self.add(issuer.into(), url.into(), true)
    }

    /// The algorithms for keys that name none: the first that fits a key's kind is taken.
    #[must_use]
    pub fn algorithms(mut self, algorithms: &[Algorithm]) -> Self {
        self.algorithms = algorithms.to_vec();
        self
    }

    /// How long fetched keys are fresh; a shorter `max-age` that the issuer's answer names counts instead.
    #[must_use]
    pub fn time_to_live(mut self, time: Lifetime) -> Self {
        self.time_to_live = time;
        self
    }

    /// The least time between two fetches of a URL, for an unknown key id as for any other reason; also how long
    /// the report of a fetch is waited for.
    #[must_use]
    pub fn cooldown(mut self, time: Lifetime) -> Self {
        self.cooldown = time;
        self
    }

    /// How long keys that are no longer fresh serve while the issuer cannot be reached. A key that the issuer has
    /// withdrawn serves as long, too.
    #[must_use]
    pub fn last_known_good(mut self, time: Lifetime) -> Self {
        self.last_known_good = time;
        self
    }

    /// The largest body that is taken, in bytes.
    #[must_use]
    pub fn with_max_body(mut self, bytes: usize) -> Self {
        self.max_body = bytes;
        self
    }

    /// The largest body that is taken, in bytes: a host stops reading behind it.
    pub fn max_body(&self) -> usize {
        self.max_body
    }

    /// What to do for a token of this issuer with this key id. Keys that are fresh, and name the id or are asked for
    /// none, are used.
    ///
    /// Refused with `issuer_mismatch` for an issuer that is not configured, `key_not_found` for an id that the issuer
    /// does not publish or whose key cannot be used, and `keys_unavailable` where there are no keys to use. Where a
    /// later fetch can change that, [`Error::retry_after`] says when.
    pub fn resolve(&self, issuer: &str, kid: Option<&str>, now: UnixTime) -> Resolution {
        match self.urls.get(issuer) {
            Some(url) => self.resolve_url(url, kid, now, true),
            None => Resolution::Refuse(
                Error::new(ErrorCode::IssuerMismatch)
                    .at("iss")
                    .because(format!("{} is none of the configured issuers", quoted(issuer))),
            ),
        }
    }

    /// Like [`RemoteKeySet::resolve`], for the `kid` and the `iss` that a token names, before anything of it is
    /// verified: they choose the keys and no more. With one issuer, `iss` is left to the verifier.
    ///
    /// Refused as there, and with the codes of a token that cannot be read.
    pub fn resolve_token(&self, token: &str, now: UnixTime) -> Resolution {
        match names(token, self.urls.len() > 1) {
            Err(error) => Resolution::Refuse(error),
            Ok((kid, Some(issuer))) => self.resolve(&issuer, kid.as_deref(), now),
            Ok((kid, None)) => match self.urls.values().next() {
                Some(url) => self.resolve_url(url, kid.as_deref(), now, true),
                None => Resolution::Refuse(
                    Error::new(ErrorCode::PolicyInvalid).because("no remote issuer is configured"),
                ),
            },
        }
    }

    /// As [`RemoteKeySet::resolve_token`] of a set with one issuer, by the keys that are here: nobody is told to fetch.
    pub(crate) fn known_for(&self, token: &str, now: UnixTime) -> Resolution {
        match (names(token, false), self.urls.values().next()) {
            (Err(error), _) => Resolution::Refuse(error),
            (Ok((kid, _)), Some(url)) => self.resolve_url(url, kid.as_deref(), now, false),
            (Ok(_), None) => Resolution::Refuse(ErrorCode::PolicyInvalid.into()),
        }
    }

    /// Whether an issuer has this URL.
    pub(crate) fn has(&self, url: &str) -> bool {
        self.urls.values().any(|own| own == url)
    }

    /// Takes what a fetch of `url` brought: the body of an answer with status 200, or why there is none. `max_age` is
    /// the seconds of the answer's `Cache-Control: max-age`, where the host reads it.
    ///
    /// A key that cannot be used does not affect the others; see [`KeySet::skipped`]. Shared secrets and private
    /// halves are not used: whoever reads the URL knows them. An empty set is taken: the issuer has withdrawn its
    /// keys. A body that is no JWK Set counts as an outage.
    ///
    /// # Errors
    /// Why the keys stay what they were, for the log: `key_malformed`, `body_too_large`, the error that was given;
    /// `policy_invalid` for a URL that no issuer has.
    pub fn fetched(
        &self,
        url: &str,
        answer: Result<&[u8]>,
        max_age: Option<u64>,
        now: UnixTime,
    ) -> Result<KeySet> {
        if !self.has(url) {
            return Err(Error::new(ErrorCode::PolicyInvalid).at("url").because("no issuer has this URL"));
        }
        // The keys are read before the lock is taken: others are served meanwhile.
        let read = answer.and_then(|body| self.read(body));
        let mut states = self.lock();
        let state = states.entry(url.to_owned()).or_default();
        state.fetches.end(now, read.as_ref().err());
        if let Ok(set) = &read {
            let time = self.time_to_live.seconds();
            let fresh_seconds = seconds(max_age.map_or(time, |hint| hint.min(time)));
            state.keys = Some(Keys { set: set.clone(), since: now, fresh_seconds });
        }
        read
    }

    fn add(mut self, issuer: String, url: String, plain_http: bool) -> Result<Self> {
        let invalid =
            |field, text: &str| Err(Error::new(ErrorCode::PolicyInvalid).at(field).because(text.to_owned()));
        if issuer.is_empty() {
            return invalid("issuer", "the issuer is empty");
        }
        if let Some(fault) = url::fault(&url, plain_http, PLAIN) {
            return invalid("url", fault);
        }
        if self.urls.insert(issuer, url).is_some() {
            return invalid("issuer", "the issuer is there twice");
        }
        Ok(self)
    }

    /// Where the host cannot be asked, `may_ask` is false, and nobody is told to fetch.
    fn resolve_url(&self, url: &str, kid: Option<&str>, now: UnixTime, may_ask: bool) -> Resolution {
        let cooldown = seconds(self.cooldown.seconds());
        let mut states = self.lock();
        let state = states.entry(url.to_owned()).or_default();
        let age = |keys: &Keys| distance(now, keys.since);
        let fresh = |keys: &Keys| age(keys) > -cooldown && age(keys) < keys.fresh_seconds;
        let good = |keys: &Keys| {
            age(keys) < keys.fresh_seconds.saturating_add(seconds(self.last_known_good.seconds()))
        };
        let known = state.keys.as_ref().filter(|keys| good(keys));
        let fresh = known.is_some_and(fresh);
        let place = known.map_or(Place::Nowhere, |keys| Place::of(&keys.set, kid));
        // An id whose key is published but cannot be used is known: fetching again would not mend it.
        if fresh {
            match place {
                Place::Usable(set) => return Resolution::Use(set),
                Place::Unusable(error) => return Resolution::Refuse(error),
                Place::Nowhere => {}
            }
        }
        if may_ask && state.fetches.begin(now, self.cooldown) {
            return Resolution::Fetch { url: url.to_owned() };
        }
        match place {
            Place::Usable(set) => return Resolution::Use(set),
            Place::Unusable(error) => return Resolution::Refuse(error),
            Place::Nowhere if state.fetches.is_under_way() => {
                return Resolution::Wait { url: url.to_owned() };
            }
            Place::Nowhere => {}
        }
        let retry = state.fetches.retry(now, self.cooldown);
        Resolution::Refuse(match (known, state.fetches.outage()) {
            (Some(_), _) => Error::new(ErrorCode::KeyNotFound).at("kid").retry(retry).because(format!(
                "the issuer publishes no key with the id {}",
                quoted(kid.unwrap_or_default())
            )),
            (None, outage) => {
                let reason = outage.map_or("its keys are too old", |(_, error)| error.message());
                Error::new(ErrorCode::KeysUnavailable)
                    .retry(retry)
                    .because(format!("the issuer's keys cannot be fetched: {reason}"))
            }
        })
    }

    fn read(&self, body: &[u8]) -> Result<KeySet> {
        let text = fetches::text(body, self.max_body, "key set", ErrorCode::KeyMalformed)?;
        KeySet::from_public_jwks(&self.algorithms, text)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, State>> {
        // Nothing panics while the lock is held, and every state in between is whole.
        self.states.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where a key id stands in a set.
enum Place {
    Usable(KeySet),
    Unusable(Error),
    Nowhere,
}

impl Place {
    fn of(set: &KeySet, kid: Option<&str>) -> Self {
        let Some(kid) = kid else { return Place::Usable(set.clone()) };
        if set.key(kid).is_some() {
            return Place::Usable(set.clone());
        }
        match set.skipped().iter().find(|(skipped, _)| skipped.as_deref() == Some(kid)) {
            Some((_, reason)) => Place::Unusable(
                Error::new(ErrorCode::KeyNotFound)
                    .at("kid")
                    .because(format!("the issuer's key {} cannot be used: {reason}", quoted(kid))),
            ),
            None => Place::Nowhere,
        }
    }
}

/// The `kid` of a token, and its `iss` where it is needed.
fn names(token: &str, with_issuer: bool) -> Result<(Option<String>, Option<String>)> {
    if token.len() > MAX_TOKEN {
        return Err(ErrorCode::TokenTooLarge.into());
    }
    let mut parts = token.split('.');
    let (Some(header), Some(payload), Some(_), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(ErrorCode::TokenMalformed.into());
    };
    let kid = Header::parse(header, &mut Decoded::default())?.kid.map(Cow::into_owned);
    if !with_issuer {
        return Ok((kid, None));
    }
    let bytes = from_base64url(payload).ok_or(Error::new(ErrorCode::TokenEncoding).at("payload"))?;
    let payload = Object::of_token(&bytes)
        .map_err(|fault| Error::new(ErrorCode::PayloadMalformed).because(fault.to_string()))?;
    let issuer = payload.get("iss").ok_or(Error::new(ErrorCode::ClaimMissing).at("iss"))?;
    match json::string(issuer) {
        Some(issuer) => Ok((kid, Some(issuer.into_owned()))),
        None => Err(Error::new(ErrorCode::ClaimInvalid).at("iss").because("expected a string")),
    }
}

#[cfg(test)]
mod tests;
