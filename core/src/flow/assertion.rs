//! What every assertion must be (RFC 7521 section 5.2, RFC 7523 section 3), and that it is good once.

use super::Flow;
use super::check::audience;
use crate::claims::check;
use crate::error::{Error, ErrorCode, Result};
use crate::key::KeySet;
use crate::record::assertion::Used;
use crate::record::{Change, Draft};
use crate::store::RecordKey;
use crate::time::UnixTime;
use crate::token::verified::Verified;
use crate::token::verifier::Verifier;

/// An assertion that may be used: the key of the record that says it was, and for how long that is kept.
pub(super) struct Single {
    pub(super) key: RecordKey,
    pub(super) until: UnixTime,
}

/// RFC 8725 section 3.11: an access token, or whatever else names its own type, is no assertion.
pub(super) fn check_type(verified: &Verified, types: &[&str]) -> Result<()> {
    let Some(found) = verified.token_type() else { return Ok(()) };
    match types.iter().any(|typ| check::token_type(Some(found), typ).is_ok()) {
        true => Ok(()),
        false => check::token_type(Some(found), types.first().copied().unwrap_or_default()),
    }
}

/// RFC 7523 section 3 (3): `aud` names us; and nobody beside us, who could present to us what was made for them.
pub(super) fn check_audience(verified: &Verified, ours: &[&str]) -> Result<()> {
    let named = audience(verified.json())?;
    if named.is_empty() {
        return Err(check::missing("aud"));
    }
    match named.iter().all(|named| ours.contains(&named.as_str())) {
        true => Ok(()),
        false => Err(Error::new(ErrorCode::AudienceMismatch)
            .at("aud")
            .because(format!("each value must be one of: {}", ours.join(", ")))),
    }
}

/// The error for what is wrong with an assertion, at the field where it stood; not where nobody could say.
pub(super) fn refused(code: ErrorCode, field: &'static str, error: Error) -> Error {
    match error.code().http_status() {
        500.. => error,
        _ => Error::new(code).at(field).because(error.to_string()),
    }
}

impl Flow {
    /// A verifier of assertions: signature, `exp`, `nbf`, and the types of the registered claims. The rest is for these
    /// functions, which say more about it than a verifier can.
    pub(super) fn assertion_verifier(&self, keys: KeySet) -> Verifier {
        let leeway = self.issuer.policy().leeway;
        Verifier::new(keys).any_audience().any_token_type().leeway_seconds(leeway)
    }

    /// How long the record of an assertion is kept: as long as it can be presented.
    pub(super) fn kept_until(&self, verified: &Verified) -> UnixTime {
        self.presentable_until(verified.expires_at().unwrap_or(UnixTime::MAX))
    }

    /// Uses an assertion up; a second time it is refused. Whoever of several at once is first has it.
    pub(super) async fn use_up(&mut self, Single { key, until }: Single) -> Result<()> {
        match self.records.insert(&key, Draft::new(&Used { at: self.now() }, until)?).await? {
            Change::Done => Ok(()),
            Change::Conflict(_) => Err(Error::new(ErrorCode::InvalidGrant)
                .at("jti")
                .because("the assertion was used before; it takes a new one each time")),
        }
    }
}
