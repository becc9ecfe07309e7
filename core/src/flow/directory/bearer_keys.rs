//! Bearer keys are created and disabled: the API keys of a dialect's callers.

use super::change::task;
use crate::credential::SecretHash;
use crate::error::{Error, Result, field_invalid};
use crate::record::client::{BearerKey, bearer_key_record};
use crate::task::Task;
use crate::time::Context;

/// Creates a bearer API key, from its SHA-256 or, with `&Secret`, from the key itself. Only the SHA-256 reaches the
/// store.
///
/// # Errors
/// `already_exists` where the same key is there for something else; `field_invalid` at `bearer` for a key that no
/// request could present: empty, or with anything but visible ASCII characters.
///
/// ```
/// use tokenmint::*;
/// use tokenmint::directory::{self, BearerKey};
/// let context = Context::new(UnixTime::from_seconds(1_700_000_000), [7; 32]);
/// let (bearer, hash) = SecretHash::generate(&mut Entropy::new([9; 32]));
/// let key = BearerKey { organization: "org_1".into(), permissions: vec![Permission::Links], disabled: false };
/// let store = MemoryStore::new();
/// directory::create_bearer_key(hash, key.clone(), &context).run(&store).result?;
/// directory::create_bearer_key(&bearer, key, &context).run(&store).result?; // the same key, so nothing happens
/// # Ok::<(), Error>(())
/// ```
pub fn create_bearer_key<K>(hash: K, key: BearerKey, context: &Context) -> Task<()>
where
    K: TryInto<SecretHash, Error: Into<Error>>,
{
    let hash = bearer_key_hash(hash);
    task(context, |mut directory| async move {
        let hash = hash?;
        directory.create(&bearer_key_record(&hash), &key, "bearer key", &hash.fingerprint()).await
    })
}

/// Refuses a bearer API key from now on. Tokens that were made with it live on; see [`crate::Issuer::revoke_client`].
///
/// # Errors
/// `not_found`; `field_invalid` as for [`create_bearer_key`].
pub fn disable_bearer_key<K>(hash: K, context: &Context) -> Task<()>
where
    K: TryInto<SecretHash, Error: Into<Error>>,
{
    let hash = bearer_key_hash(hash);
    task(context, |mut directory| async move {
        let hash = hash?;
        directory
            .change(&bearer_key_record(&hash), "bearer key", &hash.fingerprint(), |key: &mut BearerKey| {
                key.disabled = true;
                Ok(())
            })
            .await
    })
}

/// The hash of a bearer API key. That of nothing, which a script gives for an unset variable, is no credential.
fn bearer_key_hash<K>(hash: K) -> Result<SecretHash>
where
    K: TryInto<SecretHash, Error: Into<Error>>,
{
    match hash.try_into().map_err(Into::into)? {
        hash if hash == SecretHash::of(b"") => Err(field_invalid("bearer", "an API key is not empty")),
        hash => Ok(hash),
    }
}
