//! What is known of a ring without its keys.

use super::{KeyRing, KeyState, RingKey, RotationStep};
use crate::time::UnixTime;

/// A ring of a configuration without its keys, for whoever watches when they change:
/// [`Endpoint::rings`](crate::endpoint::Endpoint::rings) gives it.
///
/// ```
/// use tokenmint::*;
/// use tokenmint::config::{Config, InlineOnly};
/// let start = UnixTime::from_seconds(1_700_000_000);
/// let mut ring = KeyRing::new(RotationRules::default())?;
/// let key = Key::generate_jwk(Some("k1"), Algorithm::HS256, &mut Entropy::new([1; 32]))?;
/// ring.announce("k1", Algorithm::HS256, key, start)?;
/// let config = serde_json::json!({
///     "keys": [{ "kid": "main", "ring": String::from_utf8_lossy(ring.to_json()?.expose()) }],
///     "mercoa": { "issuer": "https://api.example.com", "key": "main" },
/// });
/// let endpoint = Config::from_json(&config.to_string())?.build(&mut InlineOnly)?.endpoint;
///
/// let ring = &endpoint.rings()[0];
/// assert_eq!((ring.name(), ring.keys().count()), ("main", 1));
/// assert_eq!(ring.plan(start).action, RotationAction::Announce);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct RingSchedule {
    name: String,
    /// With no key in it.
    ring: KeyRing,
}

impl RingSchedule {
    pub(crate) fn new(name: &str, mut ring: KeyRing) -> Self {
        ring.keys.iter_mut().for_each(|entry| entry.key = None);
        RingSchedule { name: name.to_owned(), ring }
    }

    /// What the configuration calls it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its keys that are not gone, oldest first.
    pub fn keys(&self) -> impl Iterator<Item = RingKey> {
        self.ring.keys().filter(|key| key.state != KeyState::Gone)
    }

    /// As [`KeyRing::plan`].
    pub fn plan(&self, now: UnixTime) -> RotationStep {
        self.ring.plan(now)
    }
}
