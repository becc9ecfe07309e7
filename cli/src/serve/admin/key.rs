//! Who may call: admin keys, of which the configuration has the hashes.

use tokenmint::config::{AdminKey, OperationName};
use tokenmint::dialect::Request;
use tokenmint::{Error, ErrorCode, Secret};

/// The admin keys of a configuration.
pub(crate) struct Keys(Vec<Key>);

/// An admin key.
pub(crate) struct Key(AdminKey);

impl Keys {
    pub(crate) fn new(keys: &[AdminKey]) -> Self {
        Keys(keys.iter().cloned().map(Key).collect())
    }

    /// Whose key a request bears, and the key.
    pub(super) fn caller(&self, request: &Request) -> Result<(&Key, Secret), Error> {
        let bearer = request.bearer().map_err(|error| error.at("Authorization"))?;
        // Each is compared in constant time.
        match self.0.iter().find(|Key(key)| key.key_sha256.matches(bearer.expose())) {
            Some(key) => Ok((key, bearer)),
            None => Err(Error::new(ErrorCode::Unauthenticated)
                .at("Authorization")
                .because("the bearer is no admin key")),
        }
    }
}

impl Key {
    /// Its id, for the log.
    pub(super) fn id(&self) -> &str {
        &self.0.id
    }

    /// The operations that it is for; none of them by name where it is for all.
    pub(super) fn operations(&self) -> Option<Vec<&'static str>> {
        self.0.operations.as_ref().map(|allowed| allowed.iter().map(OperationName::as_str).collect())
    }

    /// Refuses an operation that it may not call.
    pub(super) fn check(&self, operation: &str) -> Result<(), Error> {
        match &self.0.operations {
            Some(allowed) if allowed.iter().all(|name| name.as_str() != operation) => {
                Err(Error::new(ErrorCode::Forbidden).because("this admin key is not for this operation"))
            }
            _ => Ok(()),
        }
    }
}
