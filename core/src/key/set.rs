//! Key sets: found by id, published without their private halves.

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasherDefault, DefaultHasher};
use std::sync::{Arc, OnceLock};

use serde::Deserialize;
use serde_json::value::RawValue;

use super::header::ExpectedHeaders;
use super::{Algorithm, Key, jwk};
use crate::error::{Error, ErrorCode, Result};
use crate::secret::Secret;

/// The keys of an issuer or a verifier, found by their id. Immutable; a clone shares the same keys.
///
/// ```
/// use tokenmint::KeySet;
/// let keys = KeySet::builder().hmac("k1", "a secret of at least thirty-two bytes")?.build()?;
/// assert_eq!(keys.signing_key().and_then(|key| key.kid()), Some("k1"));
/// assert_eq!(keys.public_jwks(), r#"{"keys":[]}"#); // a shared secret is never published
/// # Ok::<(), tokenmint::Error>(())
/// ```
#[derive(Clone)]
pub struct KeySet(Arc<Inner>);

#[derive(Default)]
struct Inner {
    keys: Vec<Key>,
    by_kid: HashMap<Arc<str>, usize, BuildHasherDefault<DefaultHasher>>,
    skipped: Vec<(Option<String>, Error)>,
    headers: OnceLock<ExpectedHeaders>,
}

impl KeySet {
    /// Starts a set.
    pub fn builder() -> KeySetBuilder {
        KeySetBuilder { inner: Inner::default() }
    }

    /// The keys of a JWK Set (RFC 7517 section 5).
    ///
    /// A key that cannot be used is left out and listed by [`KeySet::skipped`]; the others are not affected. So the
    /// set may be empty.
    ///
    /// # Errors
    /// `key_malformed` where the text is not a JSON object with an array `keys`.
    ///
    /// ```
    /// use tokenmint::{ErrorCode, KeySet};
    /// let keys = KeySet::from_jwks(r#"{"keys":[{"kty":"oct","alg":"HS256","kid":"short","k":"c2hvcnQ"}]}"#)?;
    /// assert!(keys.key("short").is_none());
    /// let (kid, reason) = &keys.skipped()[0];
    /// assert_eq!((kid.as_deref(), reason.code()), (Some("short"), ErrorCode::KeyWeak));
    /// # Ok::<(), tokenmint::Error>(())
    /// ```
    pub fn from_jwks(jwks: &str) -> Result<Self> {
        Self::from_jwks_as(&[], jwks)
    }

    /// Like [`KeySet::from_jwks`]; a key that names no `alg` gets the first of `algorithms` that fits its kind.
    ///
    /// # Errors
    /// As [`KeySet::from_jwks`].
    pub fn from_jwks_as(algorithms: &[Algorithm], jwks: &str) -> Result<Self> {
        Self::read(algorithms, jwks, |_| Ok(()))
    }

    /// Like [`KeySet::from_jwks_as`], for a set that anybody can read: what only few should know is left out.
    pub(crate) fn from_public_jwks(algorithms: &[Algorithm], jwks: &str) -> Result<Self> {
        Self::read(algorithms, jwks, |key| {
            if !key.can_sign() {
                return Ok(());
            }
            let secret = if key.algorithm().is_hmac() { "shared secret" } else { "private half" };
            Err(Error::new(ErrorCode::KeyUsage)
                .because(format!("its {secret} is published, so anybody can sign with it")))
        })
    }

    fn read(algorithms: &[Algorithm], jwks: &str, judge: impl Fn(&Key) -> Result<()>) -> Result<Self> {
        /// Not our strict reader: a member that stands twice in one key must not spoil the others.
        #[derive(Deserialize)]
        struct Jwks<'a> {
            #[serde(borrow)]
            keys: Vec<&'a RawValue>,
        }
        let jwks: Jwks<'_> = serde_json::from_str(jwks).map_err(|_| {
            Error::new(ErrorCode::KeyMalformed)
                .because("a JWK Set is a JSON object with one member \"keys\", which is an array")
        })?;
        let mut inner = Inner::default();
        for text in jwks.keys {
            let key = jwk::parse(text.get(), algorithms).and_then(|key| judge(&key).map(|()| key));
            if let Err(reason) = key.and_then(|key| inner.add(key)) {
                inner.skipped.push((jwk::kid(text.get()), reason));
            }
        }
        Ok(KeySet(Arc::new(inner)))
    }

    /// A set that verifies nothing.
    pub(crate) fn empty() -> Self {
        KeySet(Arc::default())
    }

    /// The key with this id, in a time that does not depend on how many there are. Keys without an id are found by
    /// [`KeySet::keys`] only.
    pub fn key(&self, kid: &str) -> Option<&Key> {
        self.0.by_kid.get(kid).and_then(|at| self.0.keys.get(*at))
    }

    /// The key that new tokens are signed with: the first that was added and can sign.
    pub fn signing_key(&self) -> Option<&Key> {
        self.0.keys.iter().find(|key| key.can_sign())
    }

    /// All keys, in the order in which they were added.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &Key> {
        self.0.keys.iter()
    }

    /// The headers that tokens by these keys are expected to have.
    pub(crate) fn expected_headers(&self) -> &ExpectedHeaders {
        self.0.headers.get_or_init(|| ExpectedHeaders::new(&self.0.keys))
    }

    /// The keys of a JWK Set that were left out: id, where it could be read, and reason.
    pub fn skipped(&self) -> &[(Option<String>, Error)] {
        &self.0.skipped
    }

    /// Whether both are the same set, not only equal ones: for hosts that keep what they made of a set.
    ///
    /// ```
    /// use tokenmint::KeySet;
    /// let set = || KeySet::from_jwks(r#"{"keys":[]}"#);
    /// let one = set()?;
    /// assert!(one.is_same(&one.clone()) && !one.is_same(&set()?));
    /// # Ok::<(), tokenmint::Error>(())
    /// ```
    pub fn is_same(&self, other: &KeySet) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// The public halves as a JWK Set, in the order in which the keys were added; HMAC keys are left out.
    pub fn public_jwks(&self) -> String {
        let keys: Vec<_> = self.keys().filter_map(Key::public_jwk).collect();
        format!("{{\"keys\":[{}]}}", keys.join(","))
    }
}

impl fmt::Debug for KeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeySet").field("keys", &self.0.keys).field("skipped", &self.0.skipped).finish()
    }
}

/// Collects the keys of a [`KeySet`]. The first one that can sign becomes the signing key.
pub struct KeySetBuilder {
    inner: Inner,
}

impl KeySetBuilder {
    /// Adds an HS256 key.
    ///
    /// # Errors
    /// `key_weak` for a secret under 32 bytes, `key_duplicate`.
    pub fn hmac(self, kid: &str, secret: impl Into<Secret>) -> Result<Self> {
        self.key(Key::hmac(Some(kid), Algorithm::HS256, secret)?)
    }

    /// Adds a key.
    ///
    /// # Errors
    /// `key_duplicate` where the set has a key with the same id.
    pub fn key(mut self, key: Key) -> Result<Self> {
        self.inner.add(key)?;
        Ok(self)
    }

    /// The set.
    ///
    /// # Errors
    /// `key_missing` where no key was added.
    pub fn build(self) -> Result<KeySet> {
        if self.inner.keys.is_empty() {
            return Err(Error::new(ErrorCode::KeyMissing).because("a key set needs at least one key"));
        }
        Ok(KeySet(Arc::new(self.inner)))
    }
}

impl fmt::Debug for KeySetBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeySetBuilder").field("keys", &self.inner.keys).finish()
    }
}

impl Inner {
    fn add(&mut self, key: Key) -> Result<()> {
        if let Some(kid) = &key.kid {
            if self.by_kid.contains_key(kid) {
                return Err(Error::new(ErrorCode::KeyDuplicate)
                    .at("kid")
                    .because(format!("the set has a key with the id {} already", super::quoted(kid))));
            }
            self.by_kid.insert(Arc::clone(kid), self.keys.len());
        }
        self.keys.push(key);
        Ok(())
    }
}
