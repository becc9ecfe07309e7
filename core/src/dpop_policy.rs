//! What is demanded of DPoP proofs (RFC 9449), and of whom.

use crate::describe::described;
use crate::error::{Error, ErrorCode, Result};
use crate::key::Algorithm;
use crate::time::Lifetime;

/// The longest that a proof may be good for: RFC 9449 section 11.1 speaks of seconds or minutes.
const LONGEST: Lifetime = Lifetime::minutes(10);

/// What is demanded of DPoP proofs (RFC 9449): by an issuer in its [`Policy`](crate::Policy::dpop), by a resource server in its
/// [`Verifier`](crate::Verifier::dpop).
///
/// ```
/// use tokenmint::{Algorithm, DpopPolicy, Lifetime};
/// let policy = DpopPolicy::new().algorithms(&[Algorithm::ES256]).max_age(Lifetime::MINUTE);
/// # drop(policy);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DpopPolicy {
    pub(crate) required: bool,
    pub(crate) max_age: Lifetime,
    pub(crate) nonce: bool,
    pub(crate) algorithms: Vec<Algorithm>,
}

described! {
    /// What an issuer demands of DPoP proofs (RFC 9449): the methods of [`DpopPolicy`] as fields.
    #[derive(Clone, Debug, Default)]
    #[json(read)]
    pub struct DpopConfig {
        /// Gives no token that is not bound to a key.
        #[json(default)]
        pub required: bool,
        /// How far the `iat` of a proof may lie from now; one minute where absent, at most ten.
        pub max_age: Option<Lifetime>,
        /// Demands a nonce of the token endpoint in each proof, which says the time in place of `iat`.
        #[json(default)]
        pub nonce: bool,
        /// By which algorithms proofs are taken; any asymmetric one of the build where absent.
        pub algorithms: Option<Vec<Algorithm>>,
    }

    /// What a verifier demands of DPoP proofs (RFC 9449).
    #[derive(Clone, Debug, Default)]
    #[json(read)]
    pub struct DpopVerifierConfig {
        /// How far the `iat` of a proof may lie from now; one minute where absent, at most ten.
        pub max_age: Option<Lifetime>,
        /// By which algorithms proofs are taken; any asymmetric one of the build where absent.
        pub algorithms: Option<Vec<Algorithm>>,
    }
}

impl DpopConfig {
    pub(crate) fn policy(self) -> DpopPolicy {
        let DpopConfig { required, max_age, nonce, algorithms } = self;
        DpopPolicy { required, nonce, ..DpopVerifierConfig { max_age, algorithms }.policy() }
    }
}

impl DpopVerifierConfig {
    pub(crate) fn policy(self) -> DpopPolicy {
        let DpopPolicy { required, max_age, nonce, algorithms } = DpopPolicy::new();
        let (max_age, algorithms) = (self.max_age.unwrap_or(max_age), self.algorithms.unwrap_or(algorithms));
        DpopPolicy { required, max_age, nonce, algorithms }
    }
}

impl Default for DpopPolicy {
    fn default() -> Self {
        DpopPolicy::new()
    }
}

impl DpopPolicy {
    /// Proofs of at most a minute, by any asymmetric algorithm of this build; from whoever sends one.
    pub fn new() -> Self {
        let algorithms = Algorithm::asymmetric().collect();
        DpopPolicy { required: false, max_age: Lifetime::MINUTE, nonce: false, algorithms }
    }

    /// How far the `iat` of a proof may lie behind, or ahead where clocks differ: one minute by default, at most ten.
    #[must_use]
    pub fn max_age(mut self, age: Lifetime) -> Self {
        self.max_age = age;
        self
    }

    /// Takes only proofs by these algorithms.
    #[must_use]
    pub fn algorithms(mut self, algorithms: &[Algorithm]) -> Self {
        self.algorithms = algorithms.to_vec();
        self
    }

    /// Gives no token that is not bound to a key; for issuers.
    #[must_use]
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// Demands a nonce of the token endpoint in each proof (RFC 9449 section 8), which says the time in place of `iat`: nobody
    /// makes proofs ahead of time, and no client's clock counts. For issuers with a session secret, from which it is made.
    #[must_use]
    pub fn nonce(mut self) -> Self {
        self.nonce = true;
        self
    }

    /// The names of the algorithms.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.algorithms.iter().map(|algorithm| algorithm.name())
    }

    /// Whether the rules can work.
    pub(crate) fn check(&self) -> Result<()> {
        let invalid = |field: &'static str, text: &'static str| {
            Err(Error::new(ErrorCode::PolicyInvalid).at(field).because(text))
        };
        if self.algorithms.is_empty() {
            return invalid(
                "algorithms",
                "the list of allowed algorithms is empty: no proof could ever be verified",
            );
        }
        // RFC 9449 section 11.6.
        if self.algorithms.iter().any(|algorithm| algorithm.is_hmac()) {
            return invalid(
                "algorithms",
                "whoever can check an HMAC could have made it; proofs are by keys of two halves",
            );
        }
        if self.max_age > LONGEST {
            return invalid("max_age", "a proof is good for at most ten minutes");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_that_cannot_work_are_named() {
        let fault = |policy: DpopPolicy| {
            let error = policy.check().unwrap_err();
            assert_eq!(error.code(), ErrorCode::PolicyInvalid);
            error.field().map(str::to_owned)
        };
        let some = || DpopPolicy::new().algorithms(&[Algorithm::ES256]);
        assert!(some().max_age(LONGEST).check().is_ok());
        assert_eq!(fault(some().max_age(Lifetime::minutes(11))).as_deref(), Some("max_age"));
        assert_eq!(fault(some().algorithms(&[])).as_deref(), Some("algorithms"));
        assert_eq!(
            fault(some().algorithms(&[Algorithm::ES256, Algorithm::HS256])).as_deref(),
            Some("algorithms")
        );
    }
}
