//! Verification.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString};
use tokenmint::config::VerifierConfig;
use tokenmint::{Error, ErrorCode};

use crate::bound::ProofWindow;
use crate::errors::{Result, exception, unpicklable};
use crate::host::Now;
use crate::json;
use crate::keys::KeySet;
use crate::status_lists::StatusLists;
use crate::task::Task;
use crate::values::{self, Names};

/// Verifies tokens: the public side of an issuer.
///
/// `exp`, `iss`, `aud` and `typ` are required unless a named argument drops one: `any_issuer`, `any_audience`,
/// `any_token_type`, `without_expiry`. `issuer`, `audience`, `subject` and `require` take one text or a list;
/// `algorithms` narrows what the keys allow; `max_age` bounds the age; `leeway_seconds` allows for other clocks.
///
/// >>> from tokenmint import Issuer, Key, KeySet, Verifier
/// >>> keys = KeySet(Key.generate("HS256"))
/// >>> token = Issuer(keys, "https://api.example.com").mint({"aud": "app", "seats": 2**64 - 1}, "1h")
/// >>> Verifier(keys, issuer="https://api.example.com", audience="app").verify(token)["seats"]
/// 18446744073709551615
/// >>> Verifier(keys, issuer="https://api.example.com", audience="other").verify(token)
/// Traceback (most recent call last):
/// tokenmint.errors.AudienceMismatch: aud: expected "other", found "app"
#[pyclass(frozen, module = "tokenmint")]
pub(crate) struct Verifier {
    verifier: tokenmint::Verifier,
    /// To check takes less time than to let other threads run.
    quick: bool,
    names: Names,
}

impl Verifier {
    pub(crate) fn from(verifier: tokenmint::Verifier, keys: &tokenmint::KeySet) -> Self {
        Verifier {
            verifier,
            quick: keys.keys().all(|key| key.algorithm().is_hmac()),
            names: Names::default(),
        }
    }
}

#[pymethods]
impl Verifier {
    #[new]
    #[pyo3(signature = (keys, **expectations))]
    fn new(keys: &Bound<'_, KeySet>, expectations: Option<&Bound<'_, PyDict>>) -> Result<Self> {
        let given = PyDict::new(keys.py());
        let keys = &keys.get().0;
        for (name, value) in expectations.into_iter().flatten() {
            if !value.is_none() {
                given.set_item(name, value)?;
            }
        }
        let config = VerifierConfig::from_json(&json::input(&given)?)?;
        Ok(Self::from(config.build(keys.clone())?, keys))
    }

    // A lone surrogate in a token becomes a character that no token has: the core refuses it as any other.

    /// The claims of a token, or the exception of the first check that failed.
    #[pyo3(signature = (token, *, now=None))]
    fn verify<'py>(
        &self,
        py: Python<'py>,
        token: &Bound<'py, PyString>,
        now: Option<&Bound<'py, PyAny>>,
    ) -> Result<Bound<'py, PyAny>> {
        let now = Now::of(now)?.time();
        let token = token.to_string_lossy();
        let verify = || self.verifier.verify(&token, now);
        let verified = if self.quick { verify() } else { py.detach(verify) }?;
        self.names.parse(py, verified.json())
    }

    /// The same as a task: a key that the host holds is asked for with `store.VerifySignature`.
    #[pyo3(signature = (token, *, now=None))]
    fn verify_task<'py>(
        &self,
        py: Python<'py>,
        token: &Bound<'py, PyString>,
        now: Option<&Bound<'py, PyAny>>,
    ) -> Result<Bound<'py, PyAny>> {
        let task = self.verifier.verify_task(&token.to_string_lossy(), Now::of(now)?.time());
        let task = Task::new(task, |py, verified| values::parse(py, verified.json()));
        Ok(py.import("tokenmint.task")?.getattr("Task")?.call1(("verify", task))?)
    }

    /// The claims of a token that is bound to a key of the client's, where `proof` is that key's: for this token, this
    /// request and this time, and taken for the first time in `window` (RFC 9449 section 7.1).
    ///
    /// `token` is what follows `DPoP ` in the header `Authorization`, `proof` the header `DPoP`; `method` and `url` are those
    /// of the request, as its sender wrote them.
    #[pyo3(signature = (token, proof, *, method, url, window, now=None))]
    #[expect(clippy::too_many_arguments, reason = "Python names them")]
    fn verify_bound<'py>(
        &self,
        py: Python<'py>,
        token: &Bound<'py, PyString>,
        proof: &Bound<'py, PyString>,
        method: &str,
        url: &str,
        window: &Bound<'py, ProofWindow>,
        now: Option<&Bound<'py, PyAny>>,
    ) -> Result<Bound<'py, PyAny>> {
        let now = Now::of(now)?.time();
        let (token, proof) = (token.to_string_lossy(), proof.to_string_lossy());
        let bound = py.detach(|| self.verifier.verify_bound(&token, &proof, method, url, now))?;
        window.get().admit(&bound.proof, now)?;
        self.names.parse(py, bound.verified.json())
    }

    /// The claims of a token that is bound to the client's certificate, where it is the one with this SHA-256 of its DER: 32
    /// bytes (RFC 8705 section 3).
    #[pyo3(signature = (token, sha256, *, now=None))]
    fn verify_with_certificate<'py>(
        &self,
        py: Python<'py>,
        token: &Bound<'py, PyString>,
        sha256: &[u8],
        now: Option<&Bound<'py, PyAny>>,
    ) -> Result<Bound<'py, PyAny>> {
        let now = Now::of(now)?.time();
        let token = token.to_string_lossy();
        let hash = sha256.try_into().map_err(|_| {
            let found = format!("expected 32 bytes, found {}", sha256.len());
            Error::new(ErrorCode::FieldInvalid).at("sha256").because(found)
        })?;
        let verified = py.detach(|| self.verifier.verify_with_certificate(&token, hash, now))?;
        self.names.parse(py, verified.json())
    }

    /// The payload of a token whose signature is good, whatever it is: claims are not checked.
    fn verify_jws<'py>(&self, py: Python<'py>, token: &Bound<'py, PyString>) -> Result<Bound<'py, PyAny>> {
        let token = token.to_string_lossy();
        let jws = py.detach(|| self.verifier.verify_jws(&token))?;
        let parts = PyDict::new(py);
        parts.set_item("payload", PyBytes::new(py, jws.payload()))?;
        parts.set_item("algorithm", jws.algorithm().name())?;
        parts.set_item("key_id", jws.key_id())?;
        parts.set_item("token_type", jws.token_type())?;
        Ok(py.import("tokenmint.results")?.getattr("Jws")?.call((), Some(&parts))?)
    }

    /// The ordered list of checks that a token went through, with what was seen and what is demanded; with status lists a
    /// line about its status, by the lists that are here.
    #[pyo3(signature = (token, *, now=None, status_lists=None))]
    fn explain<'py>(
        &self,
        py: Python<'py>,
        token: &Bound<'py, PyString>,
        now: Option<&Bound<'py, PyAny>>,
        status_lists: Option<&Bound<'py, StatusLists>>,
    ) -> Result<Bound<'py, PyAny>> {
        let now = Now::of(now)?.time();
        let token = token.to_string_lossy();
        let lists = status_lists.map(|lists| &lists.get().lists);
        let explanation = py.detach(|| {
            let explanation = self.verifier.explain(&token, now);
            match lists {
                Some(lists) => lists.explain(explanation, now),
                None => explanation,
            }
        });
        let text = serde_json::to_string(&explanation).map_err(|_| Error::new(ErrorCode::Internal))?;
        let parts = values::parse(py, &text)?.cast_into::<PyDict>().map_err(PyErr::from)?;
        parts.set_item("text", explanation.to_string())?;
        if let Some(error) = explanation.error() {
            parts.set_item("error", exception(py, error).into_value(py))?;
        }
        Ok(py.import("tokenmint.results")?.getattr("Explanation")?.call_method1("_read", (parts,))?)
    }

    fn __reduce__(&self) -> Result<()> {
        unpicklable("Verifier")
    }
}
