//! Public keys of others as they are kept: the members of a JWK Set, in a record or in a policy.

use super::{Algorithm, KeySet};
use crate::error::{Error, ErrorCode, Result};
use crate::json::{self, JsonMembers};

/// The largest JWK Set that is kept, in bytes: room for a dozen RSA keys.
const MAX_SIZE: usize = 16 * 1024;

/// Whether each of the keys can be used, and there is one.
///
/// # Errors
/// `field_invalid` with the reason, the path to the key where it is one key.
pub(crate) fn check(jwks: &JsonMembers) -> Result<()> {
    let refused = |reason: String| Error::new(ErrorCode::FieldInvalid).because(reason);
    let text = text(jwks);
    if text.len() > MAX_SIZE {
        return Err(refused(format!("the key set has {} bytes; at most {MAX_SIZE} are kept", text.len())));
    }
    let keys = read(jwks).map_err(|error| refused(error.message().to_owned()))?;
    if let Some((_, reason)) = keys.skipped().first() {
        // Without what stands there: it may be a secret that does not belong there.
        let at = reason.field().map(|field| format!("{field}: ")).unwrap_or_default();
        return Err(refused(format!("a key cannot be used: {at}{}", reason.code().text())));
    }
    match keys.keys().len() {
        0 => Err(refused("the key set has no key".to_owned())),
        _ => Ok(()),
    }
}

/// The keys. One of RSA that names no `alg` is for RS256 and for nothing else.
///
/// # Errors
/// `key_malformed` for what is no JWK Set.
pub(crate) fn read(jwks: &JsonMembers) -> Result<KeySet> {
    KeySet::from_public_jwks(&[Algorithm::RS256], &text(jwks))
}

fn text(jwks: &JsonMembers) -> String {
    json::to_text(jwks)
}
