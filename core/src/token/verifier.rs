//! What a verifier demands of a token: said by its methods, refused where it is not said.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::MAX_TOKEN;
use crate::dpop_policy::DpopPolicy;
use crate::error::{Error, ErrorCode, Result};
use crate::key::{Algorithm, KeySet};
use crate::time::Lifetime;

/// Verifies tokens: the public side of an issuer.
///
/// `exp`, `iss`, `aud` and `typ` are required unless a method drops one by name. Leeway is 0 unless asked for.
///
/// ```
/// use tokenmint::*;
/// let keys = KeySet::builder().hmac("k1", [7; 32].as_slice())?.build()?;
/// let issuer = Issuer::new(keys.clone(), Policy::new("https://api.example.com"))?;
/// let now = UnixTime::from_seconds(1_700_000_000);
/// let token = issuer.mint(&Claims::new().audience("app"), Lifetime::HOUR, &Context::new(now, [1; 32]))?;
///
/// let verifier = Verifier::new(keys).issuer("https://api.example.com").audience("app");
/// assert_eq!(verifier.verify(&token, now)?.issuer(), Some("https://api.example.com".into()));
/// assert_eq!(verifier.verify(&token, now.after(Lifetime::HOUR)).unwrap_err().code(), ErrorCode::TokenExpired);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Verifier {
    pub(super) keys: KeySet,
    /// Where issuers have keys of their own; then `keys` is empty.
    pub(super) by_issuer: Option<BTreeMap<String, KeySet>>,
    pub(super) algorithms: Option<Vec<Algorithm>>,
    pub(super) issuers: Expected,
    pub(super) audiences: Expected,
    pub(super) subjects: Vec<String>,
    pub(super) typ: Option<String>,
    pub(super) typ_said: bool,
    pub(super) required: Vec<Cow<'static, str>>,
    pub(super) require_exp: bool,
    pub(super) max_age: Option<u64>,
    pub(super) leeway: u64,
    pub(super) longest_token: usize,
    pub(super) fault: Option<Error>,
    /// What is demanded of DPoP proofs, where something was said.
    pub(super) dpop: Option<Box<DpopPolicy>>,
    /// Whether `verify` refuses a token that is bound.
    pub(super) refuses_bound: bool,
}

/// What a claim must be: not set yet, anything, or one of these.
#[derive(Clone, Debug)]
pub(super) enum Expected {
    Unset,
    Any,
    OneOf(Vec<String>),
}

impl Expected {
    pub(super) fn add(&mut self, value: String) {
        match self {
            Expected::OneOf(values) => values.push(value),
            _ => *self = Expected::OneOf(vec![value]),
        }
    }

    pub(super) fn values(&self) -> &[String] {
        match self {
            Expected::OneOf(values) => values,
            _ => &[],
        }
    }
}

impl Verifier {
    /// A verifier that trusts these keys, each with its own algorithm only.
    pub fn new(keys: KeySet) -> Self {
        Verifier {
            keys,
            by_issuer: None,
            algorithms: None,
            issuers: Expected::Unset,
            audiences: Expected::Unset,
            subjects: Vec::new(),
            typ: Some("JWT".to_owned()),
            typ_said: false,
            required: Vec::new(),
            require_exp: true,
            max_age: None,
            leeway: 0,
            longest_token: MAX_TOKEN,
            fault: None,
            dpop: None,
            refuses_bound: false,
        }
    }

    /// Expects `iss` to be this; said again, one of these.
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        let issuer = self.not_empty("iss", issuer.into());
        self.issuers.add(issuer);
        self
    }

    /// Takes a token from any issuer whose key is in the key set.
    pub fn any_issuer(mut self) -> Self {
        self.issuers = Expected::Any;
        self
    }

    /// Expects `aud` to name this; said again, one of these.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        let audience = self.not_empty("aud", audience.into());
        self.audiences.add(audience);
        self
    }

    /// Takes a token for any audience.
    pub fn any_audience(mut self) -> Self {
        self.audiences = Expected::Any;
        self
    }

    /// Leaves the audience to be said.
    pub(crate) fn unset_audience(mut self) -> Self {
        self.audiences = Expected::Unset;
        self
    }

    /// Expects `sub` to be this; said again, one of these.
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        let subject = self.not_empty("sub", subject.into());
        self.subjects.push(subject);
        self
    }

    /// Expects the header's `typ` to be this instead of `JWT`.
    pub fn token_type(mut self, typ: impl Into<String>) -> Self {
        let typ = self.not_empty("typ", typ.into());
        self.typ = Some(typ);
        self.typ_said = true;
        self
    }

    /// Takes a token of any `typ`, or of none.
    pub fn any_token_type(mut self) -> Self {
        self.typ = None;
        self
    }

    /// Takes a token without `exp`. One that has it is still checked.
    pub fn without_expiry(mut self) -> Self {
        self.require_exp = false;
        self
    }

    /// Requires a claim to be there, whatever it says; `null` does not count. Said again, all of them.
    ///
    /// A registered claim must have its type, whether it is required or not.
    pub fn require(mut self, claim: impl Into<Cow<'static, str>>) -> Self {
        self.required.push(claim.into());
        self
    }

    /// Takes only these algorithms, each by its exact name: `EdDSA` does not cover `Ed25519` here. An empty list is a configuration error.
    pub fn algorithms(mut self, algorithms: &[Algorithm]) -> Self {
        if algorithms.is_empty() {
            self.fail("alg", "the list of allowed algorithms is empty: nothing could ever be verified");
        }
        self.algorithms = Some(algorithms.to_vec());
        self
    }

    /// Refuses a token issued longer ago than this; then `iat` is required.
    pub fn max_age(mut self, age: Lifetime) -> Self {
        self.max_age = Some(age.seconds());
        self
    }

    /// Allows for clocks that differ by so many seconds.
    pub fn leeway_seconds(mut self, seconds: u64) -> Self {
        self.leeway = seconds;
        self
    }

    /// The keys that it trusts; none where [several issuers](Verifier::for_issuers) have keys of their own.
    pub fn keys(&self) -> &KeySet {
        &self.keys
    }

    /// Takes a token of so many bytes: a list of many others may be longer than any of them.
    pub(crate) fn longest_token(mut self, bytes: usize) -> Self {
        self.longest_token = bytes;
        self
    }

    /// What is demanded of the proofs of [`Verifier::verify_bound`]; and a token that is bound is taken with its proof only, as
    /// [`Verifier::refuse_bound`] says.
    pub fn dpop(mut self, policy: DpopPolicy) -> Self {
        if let Err(error) = policy.check() {
            self.fault.get_or_insert(error.within("dpop"));
        }
        self.dpop = Some(Box::new(policy));
        self.refuse_bound()
    }

    /// Refuses, in [`Verifier::verify`], a token that is bound to a key or a certificate (`cnf`): RFC 9449 section 7.2, whoever
    /// takes bound tokens must not take them from a bearer. [`Verifier::verify_bound`] and
    /// [`Verifier::verify_with_certificate`] look at the proof.
    pub fn refuse_bound(mut self) -> Self {
        self.refuses_bound = true;
        self
    }

    /// Whether every check was said, and can be passed.
    pub(crate) fn check_policy(&self) -> Result<()> {
        let unset = |expected: &Expected| matches!(expected, Expected::Unset);
        let missing = |claim: &'static str, text: &'static str| {
            Err(Error::new(ErrorCode::PolicyInvalid).at(claim).because(text))
        };
        if let Some(fault) = &self.fault {
            return Err(fault.clone());
        }
        if unset(&self.issuers) {
            return missing("iss", "say which issuer is expected with `issuer`, or `any_issuer`");
        }
        if unset(&self.audiences) {
            return missing("aud", "say which audience is expected with `audience`, or `any_audience`");
        }
        Ok(())
    }

    pub(super) fn not_empty(&mut self, claim: &'static str, value: String) -> String {
        if value.is_empty() {
            self.fail(claim, "the expected value is empty");
        }
        value
    }

    pub(super) fn fail(&mut self, claim: &'static str, text: &'static str) {
        self.fault.get_or_insert(Error::new(ErrorCode::PolicyInvalid).at(claim).because(text));
    }
}
