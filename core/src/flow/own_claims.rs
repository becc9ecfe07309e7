//! The claims that flows set and read themselves: nobody else's custom claims may have their names.

use std::borrow::Cow;

use super::status::STATUS;
use crate::claims::not_registered;
use crate::error::{Error, ErrorCode, Result};
use crate::json::JsonMembers;
use crate::policy::Policy;
use crate::record::watermark::EPOCH;

/// The client that a token was issued to (RFC 8693 section 4.3).
pub(crate) const CLIENT_ID: &str = "client_id";
/// What a token allows (RFC 8693 section 4.2).
pub(crate) const SCOPE: &str = "scope";
/// The session that a token belongs to.
pub(crate) const SESSION: &str = "sid";
/// Who acts for the subject (RFC 8693 section 4.1).
pub(crate) const ACT: &str = "act";
/// Who may act for the subject (RFC 8693 section 4.4): the host's own to set, and nobody's to narrow.
pub(crate) const MAY_ACT: &str = "may_act";
/// The ids of the tokens that a token was narrowed from.
pub(crate) const NARROWED_FROM: &str = "narrowed_from";
/// The clients that those tokens were issued to, where that is not the token's own.
pub(crate) const FROM_CLIENTS: &str = "from_clients";
/// The organization that a token was issued to, where it has no `client_id`.
pub(crate) const ORGANIZATION: &str = "organizationId";
/// The session that a caller has named, and which of that name it is.
pub(crate) const NAMED_SESSION: [&str; 2] = ["sessionId", "sessionInstance"];

const OWN: [&str; 10] = [
    CLIENT_ID,
    SCOPE,
    SESSION,
    ACT,
    NARROWED_FROM,
    FROM_CLIENTS,
    EPOCH,
    ORGANIZATION,
    NAMED_SESSION[0],
    NAMED_SESSION[1],
];

/// As [`check_custom`], by what an issuer's policy says.
pub(crate) fn check_custom_of(claims: &JsonMembers, policy: &Policy) -> Result<()> {
    check_custom(claims, &policy.session_claims)?;
    match policy.status_lists.is_some() && claims.contains_key(STATUS) {
        true => Err(reserved(STATUS)),
        false => Ok(()),
    }
}

/// Refuses custom claims that are registered, or a flow's own. What an issuer calls its sessions by is its own as well; a
/// directory is no issuer's and knows none.
pub(crate) fn check_custom(claims: &JsonMembers, session_claims: &[Cow<'static, str>]) -> Result<()> {
    for name in claims.keys() {
        not_registered(name)?;
        if OWN.contains(&name.as_str()) || session_claims.contains(&name.into()) {
            return Err(reserved(name));
        }
    }
    Ok(())
}

fn reserved(name: &str) -> Error {
    Error::new(ErrorCode::ClaimReserved).at(name.to_owned()).because("the issuer sets this claim itself")
}
