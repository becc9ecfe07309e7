//! The directory: who may ask. Clients, and bearer API keys.
//!
//! Records are made once and disabled, never deleted: a disabled id cannot come back as somebody else.
//!
//! ```
//! use tokenmint::*;
//! use tokenmint::directory::{self, Client};
//! let store = MemoryStore::new();
//! let context = Context::new(UnixTime::from_seconds(1_700_000_000), [7; 32]);
//! let (secret, hash) = SecretHash::generate(&mut Entropy::new([9; 32]));
//! let client = Client::new("client_1", "org_1", hash).permission(Permission::ClientCredentials);
//! directory::create_client(client, &context).run(&store).result?;
//!
//! let keys = KeySet::builder().hmac("k1", [7; 32].as_slice())?.build()?;
//! let issuer = Issuer::new(keys, Policy::new("https://api.example.com").audience("api"))?;
//! let token = issuer.client_credentials(ClientProof::new("client_1", secret), &context).run(&store).result?;
//! assert_eq!(token.expires_in, Lifetime::HOUR);
//! # Ok::<(), Error>(())
//! ```

use std::collections::BTreeMap;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use crate::record::client::{BearerKey, Client, Permission};

use crate::credential::{Credentials, SecretHash};
use crate::error::{Error, ErrorCode, Result};
use crate::event::{Event, EventKind};
use crate::record::client::{bearer_key_record, client_key};
use crate::record::{Change, Decision, Draft, Records, decode};
use crate::store::RecordKey;
use crate::task::{Io, Task};
use crate::time::Context;

impl Client {
    /// A client with one secret and no permissions yet.
    pub fn new(id: impl Into<String>, organization: impl Into<String>, secret: SecretHash) -> Self {
        Client {
            id: id.into(),
            organization: organization.into(),
            secrets: Credentials::new(secret),
            permissions: Vec::new(),
            subject: None,
            name: None,
            claims: BTreeMap::new(),
            disabled: false,
        }
    }

    /// Allows one thing more.
    #[must_use]
    pub fn permission(mut self, permission: Permission) -> Self {
        self.permissions.push(permission);
        self
    }
}

/// Creates a client. Creating the very same one again is no error, so a retry is safe.
///
/// # Errors
/// `already_exists` for another client of that id, `claim_reserved` for a registered name among its claims.
pub fn create_client(client: Client, context: &Context) -> Task<()> {
    task(context, |mut directory| async move {
        for name in client.claims.keys() {
            crate::claims::not_registered(name)?;
        }
        directory.create(&client_key(&client.id), &client, "client", &client.id).await
    })
}

/// Refuses a client from now on: no tokens, no refresh, and its tokens no longer stand.
///
/// # Errors
/// `not_found`.
pub fn disable_client(id: &str, context: &Context) -> Task<()> {
    let id = id.to_owned();
    task(context, |mut directory| async move {
        directory
            .change(&client_key(&id), "client", &id, |client: &mut Client| {
                client.disabled = true;
                Ok(())
            })
            .await
    })
}

/// Makes a second secret of a client live.
///
/// # Errors
/// `not_found`; `already_exists` where two are live.
pub fn add_client_secret(id: &str, secret: SecretHash, context: &Context) -> Task<()> {
    let id = id.to_owned();
    task(context, move |mut directory| async move {
        directory
            .change(&client_key(&id), "client", &id, |client: &mut Client| client.secrets.add(secret))
            .await
    })
}

/// Ends the older of a client's two live secrets.
///
/// # Errors
/// `not_found` where there is no such client, or only one secret.
pub fn retire_client_secret(id: &str, context: &Context) -> Task<()> {
    let id = id.to_owned();
    task(context, |mut directory| async move {
        directory
            .change(&client_key(&id), "client", &id, |client: &mut Client| client.secrets.retire_oldest())
            .await
    })
}

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

/// What the flows of the directory have at hand.
pub(crate) struct Directory {
    io: Io,
    pub(crate) records: Records,
}

/// A task for a flow of the directory, which belongs to no issuer.
pub(crate) fn task<F>(context: &Context, flow: impl FnOnce(Directory) -> F) -> Task<()>
where
    F: Future<Output = Result<()>> + Send + 'static,
{
    Task::new(|io| flow(Directory { io: io.clone(), records: Records::new(io, context) }))
}

/// The hash of a bearer API key. That of nothing, which a script gives for an unset variable, is no credential.
fn bearer_key_hash<K>(hash: K) -> Result<SecretHash>
where
    K: TryInto<SecretHash, Error: Into<Error>>,
{
    match hash.try_into().map_err(Into::into)? {
        hash if hash == SecretHash::of(b"") => {
            Err(Error::new(ErrorCode::FieldInvalid).at("bearer").because("an API key is not empty"))
        }
        hash => Ok(hash),
    }
}

impl Directory {
    /// Creates a record; the very same one is no error.
    pub(crate) async fn create<T>(
        &mut self,
        key: &RecordKey,
        record: &T,
        what: &'static str,
        name: &str,
    ) -> Result<()>
    where
        T: Serialize + DeserializeOwned + PartialEq,
    {
        match self.records.insert(key, Draft::permanent(record)?).await? {
            Change::Done => {
                self.changed(name);
                Ok(())
            }
            Change::Conflict(Some(entry)) if decode::<T>(&entry)? == *record => Ok(()),
            Change::Conflict(_) => Err(exists(what, name)),
        }
    }

    /// Changes a record that must be there.
    pub(crate) async fn change<T>(
        &mut self,
        key: &RecordKey,
        what: &'static str,
        name: &str,
        edit: impl Fn(&mut T) -> Result<()> + Send,
    ) -> Result<()>
    where
        T: Serialize + DeserializeOwned,
    {
        (self.records)
            .update(key.clone(), |found: Option<T>| {
                let Some(mut record) = found else {
                    let missing = format!("there is no {what} {name:?}");
                    return Err(Error::new(ErrorCode::NotFound).because(missing));
                };
                edit(&mut record)?;
                Ok(Decision::Write(Draft::permanent(&record)?, ()))
            })
            .await?;
        self.changed(name);
        Ok(())
    }

    fn changed(&self, name: &str) {
        self.io.emit(Event::new(EventKind::DirectoryChanged).id(name));
    }
}

pub(crate) fn exists(what: &'static str, name: &str) -> Error {
    Error::new(ErrorCode::AlreadyExists).because(format!("the {what} {name:?} is there already"))
}
