//! A credential in an input: itself, or the hash of it.

use crate::credential::SecretHash;
use crate::error::{Error, ErrorCode, Result};
use crate::values::{Hashes, SecretText};

/// The hashes of a credential, of which either itself or its hash is given.
pub(crate) fn hashes(
    secret: Option<SecretText>,
    sha256: Option<Hashes>,
    fields: [&'static str; 2],
) -> Result<Vec<SecretHash>> {
    match (secret, sha256) {
        (Some(secret), None) if secret.0.is_empty() => Err(invalid(fields[0], "the secret is empty")),
        (Some(secret), None) => Ok(vec![SecretHash::of(secret.0.expose())]),
        (None, Some(hashes)) => Ok(hashes.0),
        _ => Err(invalid(fields[0], &format!("give one of {} and {}", fields[0], fields[1]))),
    }
}

pub(crate) fn one(hashes: Vec<SecretHash>) -> Result<SecretHash> {
    match hashes.as_slice() {
        [one] => Ok(*one),
        _ => Err(invalid("secret_sha256", "expected one hash")),
    }
}

pub(crate) fn invalid(field: &'static str, text: &str) -> Error {
    Error::new(ErrorCode::InvalidRequest).at(field).because(text.to_owned())
}
