//! The issuer.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString};
use tokenmint::config::IssuerConfig;

use crate::endpoint::Endpoint;
use crate::errors::{Result, unpicklable};
use crate::host::Now;
use crate::json::{self, Claims};
use crate::keys::KeySet;
use crate::lifetime::lifetime;
use crate::task::Task;
use crate::values;
use crate::verifier::Verifier;

/// Mints tokens with its signing key and runs the flows.
#[pyclass(frozen, subclass, module = "tokenmint._tokenmint")]
pub(crate) struct Issuer {
    issuer: tokenmint::Issuer,
    /// Claims go straight into the token: where to sign takes less time than to let other threads run, and no fixed
    /// claim is there to be replaced.
    direct: bool,
}

#[pymethods]
impl Issuer {
    /// Of keys and a policy, or of an endpoint and the name of one of its issuers.
    #[new]
    #[pyo3(signature = (keys, policy, /))]
    fn new(keys: &Bound<'_, PyAny>, policy: &Bound<'_, PyAny>) -> Result<Self> {
        if let Ok(endpoint) = keys.cast::<Endpoint>() {
            let name: Option<String> = policy.extract()?;
            return Ok(Issuer { issuer: endpoint.get().issuer(name.as_deref())?, direct: false });
        }
        let keys = keys.cast::<KeySet>().map_err(PyErr::from)?.get().0.clone();
        let config = IssuerConfig::from_json(&json::input(policy.cast::<PyDict>().map_err(PyErr::from)?)?)?;
        let hmac = keys.signing_key().is_some_and(|key| key.algorithm().is_hmac());
        let direct = hmac && config.fixed_claims.is_empty();
        Ok(Issuer { issuer: config.build(keys)?, direct })
    }

    /// A token with these claims, a dict or a dataclass: `sub`, `aud`, `nbf`, `jti` and any others.
    ///
    /// The issuer adds `iss`, `iat`, `exp`, and a `jti` where none is given. Raises `ClaimReserved`, `ClaimsNotJson`,
    /// `ClaimInvalid`, `ClaimsTooLarge`, `LifetimeTooLong`, `KeyCannotSign`.
    #[pyo3(signature = (claims, expires_in, *, now=None, seed=None))]
    fn mint(
        &self,
        py: Python<'_>,
        claims: &Bound<'_, PyAny>,
        expires_in: &Bound<'_, PyAny>,
        now: Option<&Bound<'_, PyAny>>,
        seed: Option<&Bound<'_, PyBytes>>,
    ) -> Result<String> {
        let claims = Claims::new(claims)?;
        let lifetime = lifetime(expires_in)?;
        let (registered, has_id) = claims.registered()?;
        // The seed gives the id, so a token that has one needs none: to draw one takes a third of the time.
        let now = Now::of(now)?;
        let context = if has_id && seed.is_none() { now.without_seed() } else { now.context(seed)? };
        if let Some(registered) = registered.filter(|_| self.direct) {
            let minted = self.issuer.mint_with(&registered, &claims, lifetime, &context);
            return Ok(minted.map_err(|error| claims.explain(error))?);
        }
        let text = claims.text()?;
        Ok(py.detach(|| self.issuer.mint_claims(&text, None, lifetime, &context))?)
    }

    /// As `mint`, and with the members of a ready-made JSON object, byte for byte.
    #[pyo3(signature = (claims, members, expires_in, *, now=None, seed=None))]
    fn mint_json(
        &self,
        py: Python<'_>,
        claims: &Bound<'_, PyAny>,
        members: &str,
        expires_in: &Bound<'_, PyAny>,
        now: Option<&Bound<'_, PyAny>>,
        seed: Option<&Bound<'_, PyBytes>>,
    ) -> Result<String> {
        let claims = Claims::new(claims)?.text()?;
        let lifetime = lifetime(expires_in)?;
        let context = Now::of(now)?.context(seed)?;
        Ok(py.detach(|| self.issuer.mint_claims(&claims, Some(members), lifetime, &context))?)
    }

    #[pyo3(signature = (claims, expires_in, now, seed))]
    fn _mint_task(
        &self,
        claims: &Bound<'_, PyAny>,
        expires_in: &Bound<'_, PyAny>,
        now: Option<&Bound<'_, PyAny>>,
        seed: Option<&Bound<'_, PyBytes>>,
    ) -> Result<Task> {
        let claims = Claims::new(claims)?.text()?;
        let context = Now::of(now)?.context(seed)?;
        let task = self.issuer.mint_claims_task(&claims, None, lifetime(expires_in)?, &context);
        Ok(Task::new(task, |py, token| Ok(PyString::new(py, &token).into_any())))
    }

    /// A flow by its name; its result is the dict of `bindings-tests/vectors/flows.json`.
    #[pyo3(signature = (name, input, now, seed))]
    fn _operation(
        &self,
        name: &str,
        input: &Bound<'_, PyDict>,
        now: Option<&Bound<'_, PyAny>>,
        seed: Option<&Bound<'_, PyBytes>>,
    ) -> Result<Task> {
        let context = Now::of(now)?.context(seed)?;
        let task = self.issuer.operation(name, &json::input(input)?, &context);
        Ok(Task::new(task, |py, output| values::parse(py, &output)))
    }

    /// A verifier of this issuer's tokens: its keys, its name, its `typ`, and its audience.
    #[pyo3(signature = (*, audience=None))]
    fn verifier(&self, audience: Option<&str>) -> Verifier {
        let verifier = self.issuer.verifier();
        Verifier::from(
            match audience {
                Some(audience) => verifier.audience(audience),
                None => verifier,
            },
            self.issuer.keys(),
        )
    }

    /// The public keys as a JWK Set; never an HMAC key.
    fn public_jwks<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        values::parse(py, &self.issuer.public_jwks())
    }

    fn __repr__(&self) -> String {
        format!("Issuer({:?}, keys={})", self.issuer.name(), self.issuer.keys().keys().len())
    }

    fn __reduce__(&self) -> Result<()> {
        unpicklable("Issuer")
    }
}
