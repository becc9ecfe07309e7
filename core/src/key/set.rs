//! Key sets: found by id, published without their private halves.

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasherDefault, DefaultHasher};
use std::sync::{Arc, OnceLock};

use super::header::ExpectedHeaders;
use super::{Algorithm, Key, jwk};
use crate::error::{Error, ErrorCode, Result};
use crate::json;
use crate::secret::Secret;

/// A token is tried with so many keys at most, where nothing in it says which: each costs whoever verifies, and nothing
/// whoever sends tokens. Issuers publish two or three keys at a time.
pub(crate) const MAX_CANDIDATES: usize = 8;

/// The keys of an issuer or a verifier, found by their id. Immutable; a clone shares the same keys.
///
/// Several may share an id (RFC 7517 section 4.5): a token is then checked with those that are for its algorithm. Where
/// these are several, and for a token without an id, no more than eight are tried; an error says where there are more.
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
    /// Where the keys of each id are.
    by_kid: HashMap<Arc<str>, Vec<usize>, BuildHasherDefault<DefaultHasher>>,
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
    /// set may be empty. Keys that share an id are kept, up to eight for one algorithm, but for one that stands twice.
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
        let keys = json::list_in(jwks, "keys").ok_or_else(|| {
            Error::new(ErrorCode::KeyMalformed)
                .because("a JWK Set is a JSON object with one member \"keys\", which is an array")
        })?;
        let mut inner = Inner::default();
        for text in keys {
            let key = jwk::parse(text, algorithms).and_then(|key| judge(&key).map(|()| key));
            if let Err(reason) = key.and_then(|key| inner.add_distinct(key)) {
                inner.skipped.push((jwk::kid(text), reason));
            }
        }
        Ok(KeySet(Arc::new(inner)))
    }

    /// A set that verifies nothing.
    pub(crate) fn empty() -> Self {
        KeySet(Arc::default())
    }

    /// The key with this id, the first where several share it, in a time that does not depend on how many there are.
    /// Keys without an id are found by [`KeySet::keys`] only.
    pub fn key(&self, kid: &str) -> Option<&Key> {
        self.named(kid).next()
    }

    /// All keys with this id, in the order in which they were added.
    pub(crate) fn named(&self, kid: &str) -> impl Iterator<Item = &Key> + Clone {
        self.0.named(kid)
    }

    /// The key that new tokens are signed with: the first that was added and can sign.
    pub fn signing_key(&self) -> Option<&Key> {
        self.0.keys.iter().find(|key| key.can_sign())
    }

    /// All keys, in the order in which they were added.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &Key> + Clone {
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
    /// `key_duplicate` where the set has a key for the same algorithm with the same id: nothing in a token would tell
    /// them apart, and a verifier elsewhere may take the wrong one.
    pub fn key(mut self, key: Key) -> Result<Self> {
        if self.inner.twins(&key).next().is_some() {
            return Err(duplicate(&key, "a key"));
        }
        self.inner.add(key);
        Ok(self)
    }

    /// Adds the keys of another set as they stand there.
    ///
    /// # Errors
    /// `key_duplicate` where both sets have a key of one id and one algorithm.
    pub fn set(mut self, set: &KeySet) -> Result<Self> {
        if let Some(key) = set.keys().find(|key| self.inner.twins(key).next().is_some()) {
            return Err(duplicate(key, "a key"));
        }
        set.keys().for_each(|key| self.inner.add(key.clone()));
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
    fn named(&self, kid: &str) -> impl Iterator<Item = &Key> + Clone {
        let places = self.by_kid.get(kid).map(Vec::as_slice).unwrap_or_default();
        places.iter().filter_map(|at| self.keys.get(*at))
    }

    /// The keys of the same id and for the same algorithm: only their signatures tell them apart.
    fn twins(&self, key: &Key) -> impl Iterator<Item = &Key> {
        let (kid, alg) = (key.kid(), key.algorithm());
        kid.into_iter().flat_map(|kid| self.named(kid)).filter(move |twin| twin.algorithm() == alg)
    }

    /// Adds a key of others, who may have given an id twice.
    fn add_distinct(&mut self, key: Key) -> Result<()> {
        if self.twins(&key).any(|twin| twin.is_same(&key)) {
            return Err(duplicate(&key, "the same key"));
        }
        if self.twins(&key).count() >= MAX_CANDIDATES {
            return Err(duplicate(&key, "as many keys as are tried"));
        }
        self.add(key);
        Ok(())
    }

    fn add(&mut self, key: Key) {
        if let Some(kid) = &key.kid {
            self.by_kid.entry(Arc::clone(kid)).or_default().push(self.keys.len());
        }
        self.keys.push(key);
    }
}

fn duplicate(key: &Key, found: &str) -> Error {
    Error::new(ErrorCode::KeyDuplicate).at("kid").because(format!(
        "the set has {found} with the id {} for {} already",
        super::quoted(key.kid().unwrap_or_default()),
        key.algorithm()
    ))
}
