//! Keys and key sets.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString, PyTuple};
use tokenmint::{Algorithm, Secret};

use crate::errors::{Result, exception, unpicklable};
use crate::host::Now;
use crate::{json, values};

/// A key, bound to one algorithm, judged when it is made. Its text form never shows the secret.
///
/// >>> from tokenmint import Key
/// >>> key = Key.generate("ES256", kid="k1")
/// >>> sorted(key.public_jwk())
/// ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']
/// >>> Key.hmac(b"too short")
/// Traceback (most recent call last):
/// tokenmint.errors.KeyWeak: the secret has 9 bytes; HS256 needs at least 32 (RFC 7518 section 3.2)
#[pyclass(frozen, module = "tokenmint")]
pub(crate) struct Key(pub(crate) tokenmint::Key);

#[pymethods]
impl Key {
    /// An HMAC key: a secret of at least as many bytes as the hash has. Raises `KeyWeak`, and `KeyUsage` for the file of a
    /// key: PEM, DER, a JWK.
    #[staticmethod]
    #[pyo3(signature = (secret, *, kid=None, algorithm="HS256"))]
    fn hmac(secret: &Bound<'_, PyAny>, kid: Option<&str>, algorithm: &str) -> Result<Self> {
        Ok(Key(tokenmint::Key::hmac(kid, algorithm.parse()?, secret_bytes(secret)?)?))
    }

    /// A key from PEM: PKCS#8, PKCS#1, SEC1, a public key or a certificate. Raises `KeyMalformed`, `KeyWeak`.
    #[staticmethod]
    #[pyo3(signature = (pem, *, kid=None, algorithm=None))]
    fn from_pem(pem: &str, kid: Option<&str>, algorithm: Option<&str>) -> Result<Self> {
        Ok(Key(tokenmint::Key::from_pem(kid, algorithm.map(str::parse).transpose()?, pem)?))
    }

    /// A key from a JWK (RFC 7517), a dict or JSON text; `algorithm` where it names none. Raises `KeyMalformed`,
    /// `KeyWeak`, `KeyUsage`.
    #[staticmethod]
    #[pyo3(signature = (jwk, *, algorithm=None))]
    fn from_jwk(jwk: &Bound<'_, PyAny>, algorithm: Option<&str>) -> Result<Self> {
        let jwk = json_text(jwk)?;
        Ok(Key(match algorithm {
            Some(algorithm) => tokenmint::Key::from_jwk_as(algorithm.parse()?, &jwk)?,
            None => tokenmint::Key::from_jwk(&jwk)?,
        }))
    }

    /// A new key, for one process; `generate_jwk` makes one to keep. Raises `KeyUnsupported` for RSA.
    #[staticmethod]
    #[pyo3(signature = (algorithm, *, kid=None, seed=None))]
    fn generate(algorithm: &str, kid: Option<&str>, seed: Option<&Bound<'_, PyBytes>>) -> Result<Self> {
        let mut entropy = Now::of(None)?.context(seed)?.entropy();
        Ok(Key(tokenmint::Key::generate(kid, algorithm.parse()?, &mut entropy)?))
    }

    /// A new private or symmetric key as a JWK, to be stored and loaded by `from_jwk`.
    #[staticmethod]
    #[pyo3(signature = (algorithm, *, kid=None, seed=None))]
    fn generate_jwk<'py>(
        py: Python<'py>,
        algorithm: &str,
        kid: Option<&str>,
        seed: Option<&Bound<'_, PyBytes>>,
    ) -> Result<Bound<'py, PyAny>> {
        let mut entropy = Now::of(None)?.context(seed)?.entropy();
        let jwk = tokenmint::Key::generate_jwk(kid, algorithm.parse()?, &mut entropy)?;
        values::parse(py, std::str::from_utf8(jwk.expose()).unwrap_or_default())
    }

    /// A key whose private part stays elsewhere: a store is asked for signatures with `store.Sign`.
    ///
    /// Without its public half signatures are also checked there, with `store.VerifySignature`.
    #[staticmethod]
    #[pyo3(signature = (kid, algorithm, *, public=None))]
    fn held_by_host(kid: &str, algorithm: &str, public: Option<PyRef<'_, Key>>) -> Result<Self> {
        let public = public.map(|key| key.0.clone());
        Ok(Key(tokenmint::Key::held_by_host(kid, algorithm.parse()?, public)?))
    }

    /// The same key with its thumbprint (RFC 7638) as its id. Raises `KeyUsage` for an HMAC key.
    fn with_thumbprint_kid(&self) -> Result<Self> {
        Ok(Key(self.0.clone().with_thumbprint_kid()?))
    }

    /// Its id, the `kid` of tokens.
    #[getter]
    fn kid(&self) -> Option<&str> {
        self.0.kid()
    }

    /// The one algorithm that it is for.
    #[getter]
    fn algorithm(&self) -> &'static str {
        self.0.algorithm().name()
    }

    /// Whether it has its private part, or the host does.
    #[getter]
    fn can_sign(&self) -> bool {
        self.0.can_sign()
    }

    /// The thumbprint of the public key (RFC 7638); None for an HMAC key.
    #[getter]
    fn thumbprint(&self) -> Option<String> {
        self.0.thumbprint()
    }

    /// The public half as a JWK; None for an HMAC key.
    fn public_jwk<'py>(&self, py: Python<'py>) -> Result<Option<Bound<'py, PyAny>>> {
        self.0.public_jwk().map(|jwk| values::parse(py, &jwk)).transpose()
    }

    fn __repr__(&self) -> String {
        format!("Key(kid={}, algorithm={:?})", quoted(self.0.kid()), self.0.algorithm().name())
    }

    fn __reduce__(&self) -> Result<()> {
        unpicklable("Key")
    }
}

/// The keys of an issuer or a verifier, found by their id; the first that can sign does.
///
/// >>> from tokenmint import Key, KeySet
/// >>> keys = KeySet(Key.generate("ES256", kid="new"), Key.generate("ES256", kid="old"))
/// >>> [key["kid"] for key in keys.public_jwks()["keys"]]
/// ['new', 'old']
#[pyclass(frozen, module = "tokenmint")]
pub(crate) struct KeySet(pub(crate) tokenmint::KeySet);

#[pymethods]
impl KeySet {
    #[new]
    #[pyo3(signature = (*keys))]
    fn new(keys: &Bound<'_, PyTuple>) -> Result<Self> {
        let mut set = tokenmint::KeySet::builder();
        for key in keys {
            let key = key.cast::<Key>().map_err(PyErr::from)?;
            set = set.key(key.get().0.clone())?;
        }
        Ok(KeySet(set.build()?))
    }

    /// The keys of a JWK Set (RFC 7517), a dict or JSON text. A key that cannot be used is left out: see `skipped`.
    ///
    /// A key that names no `alg` gets the first of `algorithms` that fits its kind.
    #[staticmethod]
    #[pyo3(signature = (jwks, *, algorithms=Vec::new()))]
    fn from_jwks(jwks: &Bound<'_, PyAny>, algorithms: Vec<String>) -> Result<Self> {
        Ok(KeySet(tokenmint::KeySet::from_jwks_as(&names(&algorithms)?, &json_text(jwks)?)?))
    }

    /// The public halves as a JWK Set; never an HMAC key.
    fn public_jwks<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        values::parse(py, &self.0.public_jwks())
    }

    /// All keys, in the order in which they were added.
    #[getter]
    fn keys(&self) -> Vec<Key> {
        self.0.keys().cloned().map(Key).collect()
    }

    /// The keys of a JWK Set that were left out: id and reason.
    #[getter]
    fn skipped<'py>(&self, py: Python<'py>) -> Vec<(Option<String>, Bound<'py, PyAny>)> {
        let skipped = self.0.skipped().iter();
        skipped
            .map(|(kid, reason)| {
                (kid.clone(), exception(py, reason).into_value(py).into_bound(py).into_any())
            })
            .collect()
    }

    fn __len__(&self) -> usize {
        self.0.keys().len()
    }

    fn __repr__(&self) -> String {
        let keys: Vec<String> = self.0.keys().map(|key| Key(key.clone()).__repr__()).collect();
        format!("KeySet({})", keys.join(", "))
    }

    fn __reduce__(&self) -> Result<()> {
        unpicklable("KeySet")
    }
}

/// Algorithms by their names.
pub(crate) fn names(algorithms: &[String]) -> Result<Vec<Algorithm>> {
    Ok(algorithms.iter().map(|name| name.parse()).collect::<tokenmint::Result<_>>()?)
}

/// A secret as bytes or text.
pub(crate) fn secret_bytes(secret: &Bound<'_, PyAny>) -> Result<Secret> {
    if let Ok(bytes) = secret.cast::<PyBytes>() {
        return Ok(Secret::from(bytes.as_bytes()));
    }
    match secret.cast::<PyString>() {
        Ok(text) => Ok(Secret::from(text.to_str()?)),
        Err(_) => Err(PyTypeError::new_err("secret: bytes or a str").into()),
    }
}

/// JSON text as it is, or that of a dict.
fn json_text(given: &Bound<'_, PyAny>) -> Result<String> {
    match given.cast::<PyString>() {
        Ok(text) => Ok(text.to_str()?.to_owned()),
        Err(_) => json::input(given),
    }
}

fn quoted(kid: Option<&str>) -> String {
    kid.map_or("None".to_owned(), |kid| format!("{kid:?}"))
}
