//! Key rotation as data: which keys there are, what may be done with them next, and when.
//!
//! `announced -> active -> retired -> gone`. Nothing happens by itself: a host asks for the plan, does the step, and
//! keeps the ring. Steps that come too early are refused, so a late or repeated run does no harm.

mod schedule;

use std::fmt;

pub use schedule::RingSchedule;

use crate::error::{Error, ErrorCode, Result, Retry};
use crate::json::{self, FromJson, Json, Misfit, ToJson, as_names, object};
use crate::key::{Algorithm, Key, KeySet, quoted};
use crate::secret::Secret;
use crate::time::{Lifetime, UnixTime};

object! {
    /// The keys of an issuer over time.
    ///
    /// Two rules hold whatever is asked for. A key signs only after its public half has been published for as long as a
    /// verifier may keep an older key set. A key leaves the key set only after every token that it signed has ended.
    ///
    /// ```
    /// use tokenmint::*;
    /// let rules = RotationRules { jwks_max_age_seconds: 300, margin_seconds: 60, ..RotationRules::default() };
    /// let mut ring = KeyRing::new(rules)?;
    /// let start = UnixTime::from_seconds(1_700_000_000);
    /// let key = |kid, seed| Key::generate_jwk(Some(kid), Algorithm::HS256, &mut Entropy::new([seed; 32]));
    /// ring.announce("k1", Algorithm::HS256, key("k1", 1)?, start)?; // the first signs at once: nobody has an older set
    /// ring.announce("k2", Algorithm::HS256, key("k2", 2)?, start)?;
    /// let next = ring.plan_early(start);
    /// assert_eq!(next.action, RotationAction::Activate { kid: "k2".into() });
    /// assert_eq!(next.earliest.seconds(), 1_700_000_360);
    /// assert!(ring.activate("k2", start).is_err()); // some verifier may not know it yet
    /// ring.activate("k2", next.earliest)?;
    /// assert_eq!(ring.key_set()?.signing_key().and_then(|key| key.kid()), Some("k2"));
    /// # Ok::<(), Error>(())
    /// ```
    #[derive(Clone)]
    #[json(read, write)]
    pub struct KeyRing {
        rules: RotationRules,
        keys: Vec<RingEntry>,
    }
}

object! {
    /// The times of a rotation, in seconds.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    #[json(write)]
    pub struct RotationRules {
        /// How long verifiers may keep a key set: the largest `max-age` of the answer, or what they are set to. 300.
        #[json(default)]
        pub jwks_max_age_seconds: u64,
        /// What is added to every wait: how far clocks differ, the verifiers' leeway, and how long every process of the
        /// issuer takes to load the ring. 300.
        #[json(default)]
        pub margin_seconds: u64,
        /// The longest life of a token. A key that no longer signs stays at least as long; tokens that live longer are
        /// reported to [`KeyRing::signed`]. 30 days.
        #[json(default)]
        pub token_lifetime_seconds: u64,
        /// How long a key signs before the plan replaces it. 90 days.
        #[json(default)]
        pub active_seconds: u64,
    }
}

impl FromJson for RotationRules {
    fn blank() -> Self {
        RotationRules::default()
    }

    fn read_json(&mut self, json: Json<'_>) -> Result<(), Misfit> {
        let RotationRules { jwks_max_age_seconds, margin_seconds, token_lifetime_seconds, active_seconds } =
            self;
        let values: [&mut dyn FromJson; 4] =
            [jwks_max_age_seconds, margin_seconds, token_lifetime_seconds, active_seconds];
        json.object(Self::MEMBERS, &mut { values })
    }
}

/// What a key is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// Published, and does not sign yet.
    Announced,
    /// Signs.
    Active,
    /// Published for the tokens that it signed, and signs no more.
    Retired,
    /// Forgotten, but for its id, which is not used again.
    Gone,
}

as_names! { KeyState { Announced = "announced", Active = "active", Retired = "retired", Gone = "gone", } }

/// A key of a ring, without the key itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RingKey {
    /// Its id.
    pub kid: String,
    /// Its algorithm.
    pub algorithm: Algorithm,
    /// What it is there for.
    pub state: KeyState,
    /// When it came into this state.
    pub since: UnixTime,
    /// The largest `exp` that was reported for it.
    pub last_expiry: Option<UnixTime>,
}

/// What can be done next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RotationAction {
    /// Add a key by [`KeyRing::announce`].
    Announce,
    /// [`KeyRing::activate`] this key.
    Activate {
        /// Its id.
        kid: String,
    },
    /// [`KeyRing::remove`] this key.
    Remove {
        /// Its id.
        kid: String,
    },
}

/// The next step of a rotation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RotationStep {
    /// What to do.
    pub action: RotationAction,
    /// Not before this time; it may be in the past.
    pub earliest: UnixTime,
    /// Why then.
    pub reason: String,
}

object! {
    #[derive(Clone)]
    #[json(read, write)]
    struct RingEntry {
        kid: String,
        alg: Algorithm,
        state: KeyState,
        since: UnixTime,
        #[json(omit)]
        last_expiry: Option<UnixTime>,
        /// A JWK or PEM; none where the key is gone.
        #[json(omit)]
        key: Option<KeyText>,
    }
}

#[derive(Clone)]
struct KeyText(Secret);

impl Default for RotationRules {
    fn default() -> Self {
        RotationRules {
            jwks_max_age_seconds: 300,
            margin_seconds: 300,
            token_lifetime_seconds: 30 * 86_400,
            active_seconds: 90 * 86_400,
        }
    }
}

impl KeyRing {
    /// A ring without keys.
    ///
    /// # Errors
    /// `policy_invalid` for times over [`Lifetime::MAX`], or a key that would be replaced before its successor can
    /// have been published.
    pub fn new(rules: RotationRules) -> Result<Self> {
        let times = [
            ("jwks_max_age_seconds", rules.jwks_max_age_seconds),
            ("margin_seconds", rules.margin_seconds),
            ("token_lifetime_seconds", rules.token_lifetime_seconds),
            ("active_seconds", rules.active_seconds),
        ];
        for (name, seconds) in times {
            if seconds > Lifetime::MAX.seconds() {
                return Err(Error::new(ErrorCode::PolicyInvalid).at(name).because("over 1000 years"));
            }
        }
        let wait = rules.publish_wait();
        if rules.active_seconds < wait {
            return Err(Error::new(ErrorCode::PolicyInvalid).at("active_seconds").because(format!(
                "a key signs for {} seconds, but its successor has to be published for {wait} before it can sign",
                rules.active_seconds
            )));
        }
        Ok(KeyRing { rules, keys: Vec::new() })
    }

    /// A ring from what [`KeyRing::to_json`] gave. Every key is read and judged.
    ///
    /// # Errors
    /// `policy_invalid` for another text, at the path of what is wrong, two active keys or two keys of one id; `key_malformed` and its neighbours.
    pub fn from_json(text: &str) -> Result<Self> {
        let ring: KeyRing = json::read_as(ErrorCode::PolicyInvalid, text)?;
        KeyRing::new(ring.rules)?;
        for (at, entry) in ring.keys.iter().enumerate() {
            if ring.keys.iter().skip(at + 1).any(|other| other.kid == entry.kid) {
                return Err(Error::new(ErrorCode::KeyDuplicate).at("kid").because(quoted(&entry.kid)));
            }
            if (entry.state == KeyState::Gone) != entry.key.is_none() {
                return Err(invalid(format!("the key {} lacks its key, or is gone", quoted(&entry.kid))));
            }
        }
        if ring.of(KeyState::Active).count() > 1 || ring.of(KeyState::Announced).count() > 1 {
            return Err(invalid("a ring has one active key, and one announced, at most".to_owned()));
        }
        ring.loaded()?;
        Ok(ring)
    }

    /// The ring as JSON, private keys included.
    ///
    /// # Errors
    /// `internal`, which does not happen.
    pub fn to_json(&self) -> Result<Secret> {
        Ok(json::to_pretty(self).into())
    }

    /// Its times.
    pub fn rules(&self) -> RotationRules {
        self.rules
    }

    /// Its keys, oldest first, those that are gone included.
    pub fn keys(&self) -> impl Iterator<Item = RingKey> {
        self.keys.iter().map(|entry| RingKey {
            kid: entry.kid.clone(),
            algorithm: entry.alg,
            state: entry.state,
            since: entry.since,
            last_expiry: entry.last_expiry,
        })
    }

    /// Adds a key as a JWK or PEM. It is published from now on, and signs when it is activated; where no key signs, it does so at
    /// once: the first key of a ring, since no verifier has a key set without it, and the one behind a key that was
    /// [revoked](KeyRing::revoke).
    ///
    /// # Errors
    /// `key_duplicate` for an id that the ring has or had, or where another key is announced; `key_cannot_sign` for a
    /// public half; `key_malformed` and its neighbours.
    pub fn announce(
        &mut self,
        kid: &str,
        alg: Algorithm,
        key: impl Into<Secret>,
        now: UnixTime,
    ) -> Result<()> {
        let key = key.into();
        if !load(kid, alg, &key)?.can_sign() {
            return Err(Error::new(ErrorCode::KeyCannotSign).at("kid"));
        }
        if kid.is_empty() {
            return Err(invalid("a key has an id".to_owned()));
        }
        if self.keys.iter().any(|entry| entry.kid == kid) {
            return Err(Error::new(ErrorCode::KeyDuplicate)
                .at("kid")
                .because(format!("the ring has or had a key with the id {}", quoted(kid))));
        }
        if let Some(other) = self.of(KeyState::Announced).next() {
            return Err(Error::new(ErrorCode::KeyDuplicate)
                .at("kid")
                .because(format!("the key {} is announced and not active yet", quoted(&other.kid))));
        }
        let signs = self.of(KeyState::Active).next().is_none();
        let state = if signs { KeyState::Active } else { KeyState::Announced };
        let (kid, key) = (kid.to_owned(), Some(KeyText(key)));
        self.keys.push(RingEntry { kid, alg, state, since: now, last_expiry: None, key });
        Ok(())
    }

    /// Signs with an announced key from now on; the key that did is retired.
    ///
    /// # Errors
    /// `key_usage` with [`Error::retry_after`] while a verifier may not know the key; `key_missing` where it is not
    /// announced.
    pub fn activate(&mut self, kid: &str, now: UnixTime) -> Result<()> {
        let wait = self.rules.publish_wait();
        let entry = self.find(kid, KeyState::Announced)?;
        not_before(now, after(entry.since, wait), "some verifiers may not have fetched the key yet")?;
        for entry in &mut self.keys {
            if entry.state == KeyState::Active {
                (entry.state, entry.since) = (KeyState::Retired, now);
            } else if entry.kid == kid {
                (entry.state, entry.since) = (KeyState::Active, now);
            }
        }
        Ok(())
    }

    /// Forgets a retired key.
    ///
    /// # Errors
    /// `key_usage` with [`Error::retry_after`] while a token that it signed may live; `key_missing` where it is not
    /// retired.
    pub fn remove(&mut self, kid: &str, now: UnixTime) -> Result<()> {
        let rules = self.rules;
        let entry = self.find(kid, KeyState::Retired)?;
        not_before(now, entry.end_of_tokens(&rules), "a token that the key signed may still live")?;
        (entry.state, entry.since, entry.key) = (KeyState::Gone, now, None);
        Ok(())
    }

    /// Ends a key at once, for one that leaked: it is not published any more, and every token that it signed is refused. Its id
    /// is not used again. Where it was the active one, the announced key signs at once; where there is none, nothing does before
    /// [`KeyRing::announce`]. A verifier may go on with the key set that it has for as long as the rules say.
    ///
    /// ```
    /// use tokenmint::*;
    /// let mut ring = KeyRing::new(RotationRules::default())?;
    /// let now = UnixTime::from_seconds(1_700_000_000);
    /// let key = |seed| Key::generate_jwk(None, Algorithm::HS256, &mut Entropy::new([seed; 32]));
    /// ring.announce("leaked", Algorithm::HS256, key(1)?, now)?;
    /// ring.announce("next", Algorithm::HS256, key(2)?, now)?;
    /// ring.revoke("leaked", now)?;
    /// assert_eq!(ring.key_set()?.signing_key().and_then(|key| key.kid()), Some("next"));
    /// assert!(ring.key_set()?.keys().all(|key| key.kid() != Some("leaked")));
    /// assert_eq!(ring.announce("leaked", Algorithm::HS256, key(3)?, now).unwrap_err().code(), ErrorCode::KeyDuplicate);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// `key_missing` for a key that is not in the ring, or gone.
    pub fn revoke(&mut self, kid: &str, now: UnixTime) -> Result<()> {
        let entry = self.keys.iter_mut().find(|entry| entry.kid == kid && entry.state != KeyState::Gone);
        let entry = entry.ok_or_else(|| missing(kid, "in the ring"))?;
        let signed = entry.state == KeyState::Active;
        (entry.state, entry.since, entry.key) = (KeyState::Gone, now, None);
        if signed && let Some(next) = self.keys.iter_mut().find(|entry| entry.state == KeyState::Announced) {
            (next.state, next.since) = (KeyState::Active, now);
        }
        Ok(())
    }

    /// Notes that a key signed a token with this `exp`. Needed for tokens that live longer than the rules say; a
    /// host that notes all of them before they leave it is always right.
    ///
    /// # Errors
    /// `key_missing` for a key that is not in the ring, or gone.
    pub fn signed(&mut self, kid: &str, exp: UnixTime) -> Result<()> {
        let entry = self.keys.iter_mut().find(|entry| entry.kid == kid && entry.state != KeyState::Gone);
        let entry = entry.ok_or_else(|| missing(kid, "in the ring"))?;
        entry.last_expiry = entry.last_expiry.max(Some(exp));
        Ok(())
    }

    /// The next step, and when its time is: the earliest of all that are to come.
    pub fn plan(&self, now: UnixTime) -> RotationStep {
        self.next(now, true)
    }

    /// The next step for a change that shall not wait until the active key is old. The two rules hold all the same.
    pub fn plan_early(&self, now: UnixTime) -> RotationStep {
        let step = self.next(now, false);
        match self.of(KeyState::Announced).next() {
            Some(announced) if matches!(step.action, RotationAction::Remove { .. }) => {
                self.activation(announced, UnixTime::from_seconds(0))
            }
            _ => step,
        }
    }

    /// The keys for an issuer: the active one signs, the others verify.
    ///
    /// # Errors
    /// `key_missing` where no key is active.
    pub fn key_set(&self) -> Result<KeySet> {
        if self.of(KeyState::Active).next().is_none() {
            return Err(Error::new(ErrorCode::KeyMissing).because("the ring has no active key"));
        }
        // The first that can sign does.
        let (active, others): (Vec<_>, Vec<_>) =
            self.loaded()?.into_iter().partition(|(state, _)| *state == KeyState::Active);
        let keys = active.into_iter().chain(others);
        keys.map(|(_, key)| key).try_fold(KeySet::builder(), crate::key::KeySetBuilder::key)?.build()
    }

    /// What the issuer publishes: the public halves of all keys that are not gone, as a JWK Set.
    ///
    /// # Errors
    /// `key_malformed` and its neighbours, where the ring was not made by this type.
    pub fn public_jwks(&self) -> Result<String> {
        let keys: Vec<_> = self.loaded()?.iter().filter_map(|(_, key)| key.public_jwk()).collect();
        Ok(format!("{{\"keys\":[{}]}}", keys.join(",")))
    }

    fn next(&self, now: UnixTime, scheduled: bool) -> RotationStep {
        let due = match self.of(KeyState::Active).next() {
            Some(active) if scheduled => after(active.since, self.rules.active_seconds),
            _ => UnixTime::from_seconds(0),
        };
        let replace = match self.of(KeyState::Announced).next() {
            Some(announced) => self.activation(announced, due),
            None if self.of(KeyState::Active).next().is_none() => RotationStep {
                action: RotationAction::Announce,
                earliest: now,
                reason: "no key signs; the next one does at once".to_owned(),
            },
            None => {
                let wait = i64::try_from(self.rules.publish_wait()).unwrap_or(i64::MAX);
                let early = UnixTime::from_seconds(due.seconds().saturating_sub(wait).max(0));
                RotationStep {
                    action: RotationAction::Announce,
                    earliest: if scheduled { early } else { now },
                    reason: format!("the next key is published {wait} seconds before it signs"),
                }
            }
        };
        let removals = self.of(KeyState::Retired).map(|entry| RotationStep {
            action: RotationAction::Remove { kid: entry.kid.clone() },
            earliest: entry.end_of_tokens(&self.rules),
            reason: "until then a token that the key signed may live".to_owned(),
        });
        removals.fold(replace, |first, step| if step.earliest < first.earliest { step } else { first })
    }

    fn activation(&self, announced: &RingEntry, due: UnixTime) -> RotationStep {
        let known = after(announced.since, self.rules.publish_wait());
        RotationStep {
            action: RotationAction::Activate { kid: announced.kid.clone() },
            earliest: known.max(due),
            reason: if known >= due {
                "until then a verifier may have a key set without the key".to_owned()
            } else {
                format!("the active key signs for {} seconds", self.rules.active_seconds)
            },
        }
    }

    fn of(&self, state: KeyState) -> impl Iterator<Item = &RingEntry> {
        self.keys.iter().filter(move |entry| entry.state == state)
    }

    fn find(&mut self, kid: &str, state: KeyState) -> Result<&mut RingEntry> {
        let entry = self.keys.iter_mut().find(|entry| entry.kid == kid && entry.state == state);
        entry.ok_or_else(|| missing(kid, state.name()))
    }

    fn loaded(&self) -> Result<Vec<(KeyState, Key)>> {
        let present = self.keys.iter().filter_map(|entry| Some((entry, entry.key.as_ref()?)));
        present.map(|(entry, text)| Ok((entry.state, load(&entry.kid, entry.alg, &text.0)?))).collect()
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<_> = self.keys().collect();
        f.debug_struct("KeyRing").field("rules", &self.rules).field("keys", &keys).finish()
    }
}

impl RotationRules {
    /// How long a key is published before it may sign.
    fn publish_wait(&self) -> u64 {
        self.jwks_max_age_seconds.saturating_add(self.margin_seconds)
    }
}

impl KeyState {
    /// Its name: `announced`, `active`, `retired`, `gone`.
    pub const fn name(self) -> &'static str {
        match self {
            KeyState::Announced => "announced",
            KeyState::Active => "active",
            KeyState::Retired => "retired",
            KeyState::Gone => "gone",
        }
    }
}

impl RingEntry {
    /// When no token that this retired key signed can live any more.
    fn end_of_tokens(&self, rules: &RotationRules) -> UnixTime {
        let last = after(self.since, rules.token_lifetime_seconds);
        // Every process stops to sign with it within the margin; another margin is for the verifiers' clocks.
        after(last.max(self.last_expiry.unwrap_or(last)), rules.margin_seconds.saturating_mul(2))
    }
}

impl FromJson for KeyText {
    fn blank() -> Self {
        KeyText(Secret::from(""))
    }

    fn read_json(&mut self, json: Json<'_>) -> Result<(), Misfit> {
        self.0 = json.string("a string")?.into_owned().into();
        Ok(())
    }
}

impl ToJson for KeyText {
    fn write_json(&self, out: &mut Vec<u8>) {
        std::str::from_utf8(self.0.expose()).unwrap_or_default().write_json(out);
    }
}

fn load(kid: &str, alg: Algorithm, key: &Secret) -> Result<Key> {
    let text = std::str::from_utf8(key.expose())
        .map_err(|_| Error::new(ErrorCode::KeyMalformed).because("the key is not text"))?;
    let key = match text.trim_ascii_start().starts_with('{') {
        true => Key::from_jwk_as(alg, text)?,
        false => Key::from_pem(None, Some(alg), text)?,
    };
    Ok(key.with_kid(Some(kid)))
}

fn not_before(now: UnixTime, earliest: UnixTime, reason: &str) -> Result<()> {
    match u64::try_from(earliest.seconds().saturating_sub(now.seconds())) {
        Ok(left) if left > 0 => Err(Error::new(ErrorCode::KeyUsage)
            .at("kid")
            .because(format!("{reason}; try again in {left} seconds"))
            .retry(Retry { after_seconds: left, limit: 0 })),
        _ => Ok(()),
    }
}

fn after(time: UnixTime, seconds: u64) -> UnixTime {
    let sum = time.seconds().saturating_add(i64::try_from(seconds).unwrap_or(i64::MAX));
    UnixTime::from_seconds(sum.min(UnixTime::MAX.seconds()))
}

fn missing(kid: &str, place: &str) -> Error {
    Error::new(ErrorCode::KeyMissing).at("kid").because(format!("the key {} is not {place}", quoted(kid)))
}

fn invalid(text: String) -> Error {
    Error::new(ErrorCode::PolicyInvalid).because(text)
}

#[cfg(test)]
mod tests;
