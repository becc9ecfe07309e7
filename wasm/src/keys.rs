//! Keys and key sets. What the host computes goes by a key's name: see `Key::host_name` of the core.

use tokenmint::{Algorithm, KeySetBuilder as Builder};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::error::{self, Result};

/// A key.
#[wasm_bindgen]
pub struct Key(pub(crate) tokenmint::Key);

#[wasm_bindgen]
impl Key {
    /// An HMAC key, with which this module computes.
    pub fn hmac(secret: &[u8], kid: Option<String>, alg: Option<String>) -> Result<Key> {
        let alg = algorithm(alg)?.unwrap_or(Algorithm::HS256);
        Ok(Key(tokenmint::Key::hmac(kid.as_deref(), alg, secret)?))
    }

    /// A key from a JWK. Of a private one, the private half is judged and dropped.
    pub fn from_jwk(jwk: &str, alg: Option<String>) -> Result<Key> {
        Ok(Key(match algorithm(alg)? {
            Some(alg) => tokenmint::Key::from_jwk_as(alg, jwk)?,
            None => tokenmint::Key::from_jwk(jwk)?,
        }))
    }

    /// A key that the host knows by a name.
    pub fn held(name: &str, alg: &str, kid: Option<String>) -> Result<Key> {
        Ok(Key(with_kid(tokenmint::Key::held_by_host(name, alg.parse()?, None)?, kid)))
    }

    /// As `held`, with the public half.
    pub fn held_with_public(name: &str, alg: &str, public: &Key, kid: Option<String>) -> Result<Key> {
        let key = tokenmint::Key::held_by_host(name, alg.parse()?, Some(public.0.clone()))?;
        Ok(Key(with_kid(key, kid)))
    }

    /// The same key under another id, or none.
    pub fn with_kid(&self, kid: Option<String>) -> Key {
        Key(self.0.clone().with_kid(kid.as_deref()))
    }

    /// The same key with its thumbprint as its id.
    pub fn with_thumbprint_kid(&self) -> Result<Key> {
        Ok(Key(self.0.clone().with_thumbprint_kid()?))
    }

    /// Its id.
    pub fn kid(&self) -> Option<String> {
        self.0.kid().map(str::to_owned)
    }

    /// Its algorithm.
    pub fn algorithm(&self) -> String {
        self.0.algorithm().name().to_owned()
    }

    /// Whether it can sign, here or on the host.
    pub fn can_sign(&self) -> bool {
        self.0.can_sign()
    }

    /// Its thumbprint (RFC 7638).
    pub fn thumbprint(&self) -> Option<String> {
        self.0.thumbprint()
    }

    /// Its public half as a JWK.
    pub fn public_jwk(&self) -> Option<String> {
        self.0.public_jwk()
    }

    /// By what the host is asked for it; none where this module computes.
    pub fn host_name(&self) -> Option<String> {
        self.0.host_name().map(str::to_owned)
    }
}

/// Keys that are to become a set.
#[wasm_bindgen]
#[derive(Default)]
pub struct KeySetBuilder(Vec<tokenmint::Key>);

#[wasm_bindgen]
impl KeySetBuilder {
    /// Without keys.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a key.
    pub fn add(&mut self, key: &Key) {
        self.0.push(key.0.clone());
    }

    /// The set.
    pub fn build(&self) -> Result<KeySet> {
        let keys = self.0.iter().cloned().try_fold(tokenmint::KeySet::builder(), Builder::key)?;
        Ok(KeySet(keys.build()?))
    }
}

/// A key set.
#[wasm_bindgen]
pub struct KeySet(pub(crate) tokenmint::KeySet);

#[wasm_bindgen]
impl KeySet {
    /// The keys of a JWK Set. `algorithms`, with blanks between: for keys that name none.
    pub fn from_jwks(jwks: &str, algorithms: &str) -> Result<KeySet> {
        let algorithms: tokenmint::Result<Vec<Algorithm>> =
            algorithms.split_ascii_whitespace().map(str::parse).collect();
        Ok(KeySet(tokenmint::KeySet::from_jwks_as(&algorithms?, jwks)?))
    }

    /// The public halves.
    pub fn public_jwks(&self) -> String {
        self.0.public_jwks()
    }

    /// The id of a key that was left out, where it tells one.
    pub fn skipped_kid(&self, at: usize) -> Option<String> {
        self.0.skipped().get(at)?.0.clone()
    }

    /// Why a key was left out, as what is thrown; none where no further key was.
    pub fn skipped_reason(&self, at: usize) -> Option<String> {
        Some(error::text(&self.0.skipped().get(at)?.1))
    }

    /// Whether both are the same set.
    pub fn is_same(&self, other: &KeySet) -> bool {
        self.0.is_same(&other.0)
    }

    /// How many keys there are.
    pub fn length(&self) -> usize {
        self.0.keys().len()
    }

    /// One of them.
    pub fn key(&self, at: usize) -> Option<Key> {
        self.0.keys().nth(at).cloned().map(Key)
    }
}

/// The JWK of a key in PEM, private where the PEM is.
#[cfg(feature = "mint")]
#[wasm_bindgen]
pub fn jwk_of_pem(pem: &str, kid: Option<String>, alg: Option<String>) -> Result<String> {
    let jwk = tokenmint::Key::jwk_of_pem(kid.as_deref(), algorithm(alg)?, pem)?;
    String::from_utf8(jwk.expose().to_vec()).map_err(|_| error::internal("a JWK is a text").into())
}

pub(crate) fn algorithm(name: Option<String>) -> Result<Option<Algorithm>> {
    Ok(name.map(|name| name.parse()).transpose()?)
}

/// The JSON text of what can always be written.
#[cfg(feature = "mint")]
pub(crate) fn json<T: serde::Serialize + ?Sized>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|_| error::internal("the result cannot be written").into())
}

fn with_kid(key: tokenmint::Key, kid: Option<String>) -> tokenmint::Key {
    if kid.is_some() { key.with_kid(kid.as_deref()) } else { key }
}
