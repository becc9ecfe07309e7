//! A token of a trusted issuer is judged: who signed it, for whom and for when, and which rule it meets.

use super::Flow;
use super::assertion::{Single, check_audience, check_type, refused};
use crate::assertion_rule::AssertionRule;
use crate::claims::check;
use crate::encoding::{base64url, sha256};
use crate::error::{Error, ErrorCode, Result};
use crate::key::quoted;
use crate::policy::Policy;
use crate::record::assertion::assertion_key;
use crate::token::unverified;
use crate::token::verified::Verified;
use crate::trusted_issuer::TrustedIssuer;

/// The types of tokens that are assertions; a JWT-SVID may be a JOSE.
const TYPES: [&str; 3] = ["JWT", "JOSE", "authorization-grant+jwt"];

/// A token of a trusted issuer that was judged, and what it is good for. It is still to be used up.
pub(crate) struct Trusted {
    /// What the issuer says.
    pub(crate) verified: Verified,
    /// What it gives, by the rule that it meets.
    pub(crate) rule: AssertionRule,
    /// Whom it is about, by that rule.
    pub(crate) subject: String,
    /// Absent where it may be used again.
    single: Option<Single>,
}

impl Policy {
    /// The trusted issuers that may have made a token, by the `iss` that it names.
    pub(crate) fn issuers_of(&self, iss: Option<&str>) -> impl Iterator<Item = &TrustedIssuer> + Clone {
        let named =
            self.trusted_issuers.iter().any(|trusted| iss.is_some() && trusted.issuer.as_deref() == iss);
        let wanted = iss.filter(|_| named);
        self.trusted_issuers.iter().filter(move |trusted| trusted.issuer.as_deref() == wanted)
    }
}

impl Flow {
    /// Judges a token of a trusted issuer; `field` is where it stood in the request.
    ///
    /// # Errors
    /// `invalid_grant` at `field` with the claim at fault; `keys_unavailable` where the issuer's keys are not here.
    pub(crate) async fn trusted(&self, token: &str, field: &'static str) -> Result<Trusted> {
        self.judge_trusted(token).await.map_err(|error| refused(ErrorCode::InvalidGrant, field, error))
    }

    /// Uses up a token of a trusted issuer that is good once.
    ///
    /// # Errors
    /// `invalid_grant` at `field` where it was used; the store's.
    pub(crate) async fn use_up_trusted(&mut self, trusted: &mut Trusted, field: &'static str) -> Result<()> {
        match trusted.single.take() {
            None => Ok(()),
            Some(single) => {
                self.use_up(single).await.map_err(|error| refused(ErrorCode::InvalidGrant, field, error))
            }
        }
    }

    async fn judge_trusted(&self, token: &str) -> Result<Trusted> {
        let seen = unverified::decode(token)?;
        let iss = seen.issuer();
        let candidates = self.issuer.policy().issuers_of(iss.as_deref());
        let mut fault = Error::new(ErrorCode::IssuerMismatch).at("iss").because(match &iss {
            Some(iss) => format!("{} is none of the trusted issuers", quoted(iss)),
            None => "there is none, and no trusted issuer may leave it out".to_owned(),
        });
        for trusted in candidates {
            match self.signed_by(trusted, token).await {
                Ok(verified) => return self.by_rule(trusted, token, verified),
                // Nobody knows whether it is this one's.
                Err(error) if error.code().http_status() >= 500 => return Err(error),
                Err(error) => fault = error,
            }
        }
        Err(fault)
    }

    /// The claims of a token that this issuer has signed, for us and for now.
    async fn signed_by(&self, trusted: &TrustedIssuer, token: &str) -> Result<Verified> {
        let verifier = self.assertion_verifier(trusted.keys_for(token, self.now())?);
        let verifier = match &trusted.issuer {
            Some(issuer) => verifier.issuer(issuer.clone()),
            None => verifier.any_issuer(),
        };
        let verified = verifier.verify_with_host(&self.io, token, self.now()).await?;
        let policy = self.issuer.policy();
        check_type(&verified, &TYPES)?;
        match trusted.audience.as_slice() {
            [] => check_audience(&verified, &policy.own_audience())?,
            own => check_audience(&verified, &own.iter().map(String::as_str).collect::<Vec<_>>())?,
        }
        let (payload, now, leeway) = (verified.payload(), self.now(), policy.leeway);
        check::issued_before(payload, now, leeway)?;
        check::lives_within(payload, now, leeway, trusted.max_age.seconds())?;
        Ok(verified)
    }

    fn by_rule(&self, trusted: &TrustedIssuer, token: &str, verified: Verified) -> Result<Trusted> {
        let rule = trusted.rules.iter().find(|rule| rule.fits(&verified)).ok_or_else(|| {
            let subject = verified.subject().unwrap_or_default();
            Error::new(ErrorCode::SubjectMismatch)
                .at("sub")
                .because(format!("no rule takes the claims of this token about {}", quoted(&subject)))
        })?;
        let subject = rule.subject(&verified)?;
        let single = if trusted.reusable { None } else { Some(self.single(trusted, token, &verified)?) };
        Ok(Trusted { rule: rule.clone(), subject, single, verified })
    }

    /// The record by which a token is good once: by its id, or else by what was signed. Its signature says nothing: whoever
    /// has one of ECDSA can make another.
    fn single(&self, trusted: &TrustedIssuer, token: &str, verified: &Verified) -> Result<Single> {
        let own = &self.issuer.policy().issuer;
        // An id is unique within its issuer, or where that has no name, at least of one subject.
        let (issuer, subject) = match &trusted.issuer {
            Some(issuer) => (issuer.as_str(), String::new()),
            None => ("", verified.subject().unwrap_or_default()),
        };
        let until = self.kept_until(verified);
        let key = match verified.id().as_deref() {
            Some("") => return Err(Error::new(ErrorCode::ClaimInvalid).at("jti").because("the id is empty")),
            Some(jti) => assertion_key(own, [issuer, &subject, "jti", jti]),
            None => {
                let signed = token.rsplit_once('.').map_or(token, |(signed, _)| signed);
                assertion_key(own, [issuer, &subject, "sha256", &base64url(&sha256(signed.as_bytes()))])
            }
        };
        Ok(Single { key, until })
    }
}
