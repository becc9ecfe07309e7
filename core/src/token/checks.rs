//! The checks of a payload's claims in their order: the one list behind `verify` and `explain`.

use super::verified::Verified;
use super::verifier::Verifier;
use crate::claims::check;
use crate::error::{Error, ErrorCode, Result};
use crate::time::UnixTime;

/// One check.
pub(super) struct ClaimCheck {
    /// What it looks at: a claim, or the header's `typ`.
    pub(super) name: &'static str,
    /// The verdict.
    pub(super) run: fn(&Verifier, &Verified, UnixTime) -> Result<()>,
    /// What is demanded, for people; `None` where nothing is.
    pub(super) limit: fn(&Verifier, UnixTime) -> Option<String>,
}

pub(super) const CLAIM_CHECKS: [ClaimCheck; 9] = [
    ClaimCheck {
        name: "typ",
        run: |verifier, verified, _| match &verifier.typ {
            Some(typ) => check::token_type(verified.token_type(), typ),
            None => Ok(()),
        },
        limit: |verifier, _| verifier.typ.as_ref().map(|typ| format!("{typ:?}")),
    },
    ClaimCheck {
        name: "exp",
        run: |verifier, verified, now| {
            check::expiry(verified.payload(), now, verifier.leeway, verifier.require_exp)
        },
        limit: |verifier, now| Some(format!("now {now} < exp{}", leeway(verifier))),
    },
    ClaimCheck {
        name: "nbf",
        run: |verifier, verified, now| check::not_before(verified.payload(), now, verifier.leeway),
        limit: |verifier, now| Some(format!("now {now}{} >= nbf", leeway(verifier))),
    },
    ClaimCheck {
        name: "iat",
        run: |verifier, verified, now| {
            check::issued_at(verified.payload(), now, verifier.leeway, verifier.max_age)
        },
        limit: |verifier, now| {
            verifier.max_age.map(|age| format!("now {now} - iat <= {age}{}", leeway(verifier)))
        },
    },
    ClaimCheck {
        name: "iss",
        run: |verifier, verified, _| check::issuer(verified.payload(), verifier.issuers.values()),
        limit: |verifier, _| one_of(verifier.issuers.values()),
    },
    ClaimCheck {
        name: "aud",
        run: |verifier, verified, _| check::audience(verified.payload(), verifier.audiences.values()),
        limit: |verifier, _| one_of(verifier.audiences.values()),
    },
    ClaimCheck {
        name: "sub",
        run: |verifier, verified, _| check::subject(verified.payload(), &verifier.subjects),
        limit: |verifier, _| one_of(&verifier.subjects),
    },
    ClaimCheck {
        name: "jti",
        run: |_, verified, _| verified.payload().string("jti").map(drop),
        limit: |_, _| None,
    },
    ClaimCheck {
        name: "required",
        run: |verifier, verified, _| {
            verifier.required.iter().try_for_each(|claim| match verified.payload().get(claim) {
                None => Err(check::missing(claim.clone())),
                Some("null") => Err(Error::new(ErrorCode::ClaimInvalid)
                    .at(claim.clone())
                    .because("the claim is required, found null")),
                Some(_) => Ok(()),
            })
        },
        limit: |verifier, _| {
            (!verifier.required.is_empty()).then(|| format!("{} must be there", verifier.required.join(", ")))
        },
    },
];

fn leeway(verifier: &Verifier) -> String {
    if verifier.leeway == 0 { String::new() } else { format!(" + leeway {}", verifier.leeway) }
}

fn one_of(values: &[String]) -> Option<String> {
    if values.is_empty() {
        return None;
    }
    let shown: Vec<String> = values.iter().take(8).map(|value| format!("{value:?}")).collect();
    Some(shown.join(" or "))
}
