//! Bearer keys of an organization, found by the hash of the key.

use super::secrets::{hashes, one};
use super::table::{Nothing, operations};
use crate::credential::SecretHash;
use crate::describe::described;
use crate::error::Result;
use crate::flow::directory::{self, Permission};
use crate::values::{Hashes, SecretText};

operations! {
    "Bearer keys of organizations":

    /// Adds a bearer key, itself or the SHA-256 of it; the same key again is no error.
    create_bearer_key(BearerKey) -> Nothing, [AlreadyExists]
        |_issuer, input, context| {
            let (hash, key) = input.parts()?;
            directory::create_bearer_key(hash, key, context)
        };
    /// Ends a bearer key.
    disable_bearer_key(BearerKeyHash) -> Nothing, [NotFound]
        |_issuer, input, context| directory::disable_bearer_key(input.hash()?, context);
}

described! {
    /// A bearer key: itself, or the hash of it.
    #[json(read)]
    pub(crate) struct BearerKey {
        /// What a request presents, of which only the hash is stored.
        bearer: Option<SecretText>,
        /// The SHA-256 of it in base64url.
        key_sha256: Option<Hashes>,
        /// The organization that it acts for.
        organization: String,
        /// What it may do.
        permissions: Vec<Permission>,
    }

    /// Names a bearer key, by itself or by the hash of it.
    #[json(read)]
    pub(crate) struct BearerKeyHash {
        /// What a request presents.
        bearer: Option<SecretText>,
        /// The SHA-256 of it in base64url.
        key_sha256: Option<Hashes>,
    }
}

impl BearerKey {
    fn parts(self) -> Result<(SecretHash, directory::BearerKey)> {
        let key = BearerKeyHash { bearer: self.bearer, key_sha256: self.key_sha256 };
        let (organization, permissions) = (self.organization, self.permissions);
        Ok((key.hash()?, directory::BearerKey { organization, permissions, disabled: false }))
    }
}

impl BearerKeyHash {
    fn hash(self) -> Result<SecretHash> {
        match &self.bearer {
            // Only what a request could present.
            Some(bearer) if self.key_sha256.is_none() => SecretHash::try_from(&bearer.0),
            _ => one(hashes(self.bearer, self.key_sha256, ["bearer", "key_sha256"])?),
        }
    }
}
