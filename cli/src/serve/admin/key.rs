//! Who may call: admin keys, of which the configuration has the hashes.

use std::sync::{Arc, PoisonError, RwLock};

use tokenmint::config::{AdminKey, OperationName};
use tokenmint::dialect::Request;
use tokenmint::{Error, ErrorCode, Secret};

/// The admin keys of the configuration as it is now.
#[derive(Clone)]
pub(crate) struct Keys(Arc<RwLock<Vec<Arc<Key>>>>);

/// An admin key.
pub(crate) struct Key(AdminKey);

impl Keys {
    pub(crate) fn new(keys: &[AdminKey]) -> Self {
        Keys(Arc::new(RwLock::new(own(keys))))
    }

    /// Goes by these from now on.
    pub(crate) fn replace(&self, keys: &[AdminKey]) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = own(keys);
    }

    /// Whose key a request bears, and the key.
    pub(super) fn caller(&self, request: &Request) -> Result<(Arc<Key>, Secret), Error> {
        let bearer = request.bearer().map_err(|error| error.at("Authorization"))?;
        // Each is compared in constant time.
        let keys = self.0.read().unwrap_or_else(PoisonError::into_inner);
        match keys.iter().find(|key| key.0.key_sha256.matches(bearer.expose())) {
            Some(key) => Ok((Arc::clone(key), bearer)),
            None => Err(Error::new(ErrorCode::Unauthenticated)
                .at("Authorization")
                .because("the bearer is no admin key")),
        }
    }
}

fn own(keys: &[AdminKey]) -> Vec<Arc<Key>> {
    keys.iter().cloned().map(|key| Arc::new(Key(key))).collect()
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
