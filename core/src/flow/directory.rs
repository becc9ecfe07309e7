//! The directory: who may ask, and about whom. Clients, bearer API keys, entities, users and groups.
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

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub use super::client::{BearerKey, Client, Permission};

use super::client::{bearer_key_record, client_key};
use super::records::{Change, Draft, MAX_ROUNDS, Records, busy, decode, decode_some};
use crate::credential::{Credentials, SecretHash};
use crate::error::{Error, ErrorCode, Result};
use crate::event::{Event, EventKind};
use crate::store::RecordKey;
use crate::task::{Io, Task};
use crate::time::Context;

/// Something that tokens are minted for: a company, an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entity {
    /// Its id.
    pub id: String,
    /// Its id in the organization's own system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub foreign_id: Option<String>,
    /// The organization that it belongs to.
    pub organization: String,
    /// Whether it is refused.
    #[serde(default)]
    pub disabled: bool,
}

/// Several entities under one roof.
pub type Group = Entity;

/// A person who acts for an entity or a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Its id.
    pub id: String,
    /// Its id in the organization's own system, unique within the entity or group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub foreign_id: Option<String>,
    /// The organization that it belongs to.
    pub organization: String,
    /// The entity that it acts for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entity: Option<String>,
    /// The group that it acts for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Whether it is refused.
    #[serde(default)]
    pub disabled: bool,
}

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

/// Creates an entity.
///
/// # Errors
/// `already_exists` for another entity of that id or foreign id in the organization.
pub fn create_entity(entity: Entity, context: &Context) -> Task<()> {
    task(context, |mut directory| async move { directory.create_named(Kind::Entity, &entity).await })
}

/// Refuses an entity from now on: no tokens for it or its users.
///
/// # Errors
/// `not_found`.
pub fn disable_entity(organization: &str, id: &str, context: &Context) -> Task<()> {
    disable_named(Kind::Entity, organization, id, context)
}

/// Creates a group of entities.
///
/// # Errors
/// `already_exists` for another group of that id or foreign id in the organization.
pub fn create_group(group: Group, context: &Context) -> Task<()> {
    task(context, |mut directory| async move { directory.create_named(Kind::Group, &group).await })
}

/// Refuses a group from now on.
///
/// # Errors
/// `not_found`.
pub fn disable_group(organization: &str, id: &str, context: &Context) -> Task<()> {
    disable_named(Kind::Group, organization, id, context)
}

/// Creates a user of an entity, a group, or both.
///
/// # Errors
/// `already_exists` for another user of that id, or of that foreign id in the entity or group.
pub fn create_user(user: User, context: &Context) -> Task<()> {
    task(context, |mut directory| async move {
        let user = &user;
        let key = user_key(&user.organization, &user.id);
        let mut names = Vec::new();
        if let Some(foreign_id) = &user.foreign_id {
            for parent in [&user.entity, &user.group].into_iter().flatten() {
                names.push((user_alias_key(&user.organization, parent, foreign_id), parent.clone()));
            }
        }
        let names: Vec<Name<'_, User>> = names
            .iter()
            .map(|(alias, parent)| Name {
                alias,
                foreign_id: user.foreign_id.as_deref().unwrap_or_default(),
                record: Box::new(|id| user_key(&user.organization, id)),
                agrees: Box::new(move |other: &User| {
                    let of_parent =
                        [&other.entity, &other.group].into_iter().flatten().any(|own| own == parent);
                    of_parent && other.foreign_id == user.foreign_id
                }),
            })
            .collect();
        directory.create_with(&key, user, "user", &user.id, &names).await
    })
}

/// Refuses a user from now on.
///
/// # Errors
/// `not_found`.
pub fn disable_user(organization: &str, id: &str, context: &Context) -> Task<()> {
    let (key, id) = (user_key(organization, id), id.to_owned());
    task(context, |mut directory| async move {
        directory
            .change(&key, "user", &id, |user: &mut User| {
                user.disabled = true;
                Ok(())
            })
            .await
    })
}

/// Entities and groups: the same record under another name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Entity,
    Group,
}

impl Kind {
    pub(crate) fn key(self, organization: &str, id: &str) -> RecordKey {
        RecordKey::of(self.name(), &[organization, id])
    }

    pub(crate) fn alias_key(self, organization: &str, foreign_id: &str) -> RecordKey {
        match self {
            Kind::Entity => RecordKey::of("entity-alias", &[organization, foreign_id]),
            Kind::Group => RecordKey::of("group-alias", &[organization, foreign_id]),
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Entity => "entity",
            Kind::Group => "group",
        }
    }
}

pub(crate) fn user_key(organization: &str, id: &str) -> RecordKey {
    RecordKey::of("user", &[organization, id])
}

pub(crate) fn user_alias_key(organization: &str, parent: &str, foreign_id: &str) -> RecordKey {
    RecordKey::of("user-alias", &[organization, parent, foreign_id])
}

/// A foreign id: whose it is. The record that it points to must agree, or the alias counts for nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Alias {
    pub(crate) id: String,
}

/// A foreign id that a record shall have: where its alias is, and which records stand behind such an alias.
struct Name<'a, T> {
    alias: &'a RecordKey,
    foreign_id: &'a str,
    record: Box<dyn Fn(&str) -> RecordKey + Send + Sync + 'a>,
    agrees: Box<dyn Fn(&T) -> bool + Send + Sync + 'a>,
}

struct Directory {
    io: Io,
    records: Records,
}

fn task<F>(context: &Context, flow: impl FnOnce(Directory) -> F) -> Task<()>
where
    F: Future<Output = Result<()>> + Send + 'static,
{
    Task::new(|io| flow(Directory { io: io.clone(), records: Records::new(io, context) }))
}

fn disable_named(kind: Kind, organization: &str, id: &str, context: &Context) -> Task<()> {
    let (key, id) = (kind.key(organization, id), id.to_owned());
    task(context, move |mut directory| async move {
        directory
            .change(&key, kind.name(), &id, |entity: &mut Entity| {
                entity.disabled = true;
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
        hash if hash == SecretHash::of(b"") => {
            Err(Error::new(ErrorCode::FieldInvalid).at("bearer").because("an API key is not empty"))
        }
        hash => Ok(hash),
    }
}

impl Directory {
    async fn create_named(&mut self, kind: Kind, entity: &Entity) -> Result<()> {
        let key = kind.key(&entity.organization, &entity.id);
        let alias = entity.foreign_id.as_ref().map(|id| (kind.alias_key(&entity.organization, id), id));
        let names: Vec<Name<'_, Entity>> = alias
            .iter()
            .map(|(alias, foreign_id)| Name {
                alias,
                foreign_id,
                record: Box::new(|id| kind.key(&entity.organization, id)),
                agrees: Box::new(|other: &Entity| other.foreign_id == entity.foreign_id),
            })
            .collect();
        self.create_with(&key, entity, kind.name(), &entity.id, &names).await
    }

    /// Creates a record with its foreign ids: first their aliases, so that a crash leaves none that lead astray.
    ///
    /// Until the record is there another may take an alias for left over. So they are claimed once more behind it:
    /// from then on nobody can take them, and whoever has lost one takes the record back.
    async fn create_with<T>(
        &mut self,
        key: &RecordKey,
        record: &T,
        what: &'static str,
        id: &str,
        names: &[Name<'_, T>],
    ) -> Result<()>
    where
        T: Serialize + DeserializeOwned + PartialEq + Sync,
    {
        for name in names {
            self.claim_alias(name, id).await?;
        }
        self.create(key, record, what, id).await?;
        for name in names {
            if let Err(error) = self.claim_alias(name, id).await {
                if error.code() == ErrorCode::AlreadyExists {
                    self.take_back(key, record).await?;
                }
                return Err(error);
            }
        }
        Ok(())
    }

    /// Removes a record that is still as it was created.
    async fn take_back<T>(&mut self, key: &RecordKey, record: &T) -> Result<()>
    where
        T: DeserializeOwned + PartialEq + Sync,
    {
        let [found] = self.records.load([key.clone()]).await?;
        if let Some(entry) = found
            && decode::<T>(&entry)? == *record
        {
            self.records.delete(key, &entry).await?;
        }
        Ok(())
    }

    async fn create<T>(&mut self, key: &RecordKey, record: &T, what: &'static str, name: &str) -> Result<()>
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

    /// Points a foreign id to `id`. An alias whose record was never written, or does not have that foreign id, is left
    /// over from a crash or a conflict: it is taken.
    async fn claim_alias<T: DeserializeOwned>(&mut self, name: &Name<'_, T>, id: &str) -> Result<()> {
        let alias = Alias { id: id.to_owned() };
        let [mut found] = self.records.load([name.alias.clone()]).await?;
        for _ in 0..MAX_ROUNDS {
            if let Some(known) = decode_some::<Alias>(found.as_ref())? {
                if known == alias {
                    return Ok(());
                }
                let [other] = self.records.load([(name.record)(&known.id)]).await?;
                if decode_some::<T>(other.as_ref())?.is_some_and(|other| (name.agrees)(&other)) {
                    return Err(exists("foreign id", name.foreign_id));
                }
            }
            match self.records.put(name.alias, found.as_ref(), Draft::permanent(&alias)?).await? {
                Change::Done => return Ok(()),
                Change::Conflict(entry) => found = entry,
            }
        }
        Err(busy())
    }

    async fn change<T>(
        &mut self,
        key: &RecordKey,
        what: &'static str,
        name: &str,
        edit: impl Fn(&mut T) -> Result<()> + Send,
    ) -> Result<()>
    where
        T: Serialize + DeserializeOwned,
    {
        let [mut found] = self.records.load([key.clone()]).await?;
        for _ in 0..MAX_ROUNDS {
            let Some(entry) = found else {
                return Err(Error::new(ErrorCode::NotFound).because(format!("there is no {what} {name:?}")));
            };
            let mut record: T = decode(&entry)?;
            edit(&mut record)?;
            match self.records.replace(key, &entry, Draft::permanent(&record)?).await? {
                Change::Done => {
                    self.changed(name);
                    return Ok(());
                }
                Change::Conflict(entry) => found = entry,
            }
        }
        Err(busy())
    }

    fn changed(&self, name: &str) {
        self.io.emit(Event::new(EventKind::DirectoryChanged).id(name));
    }
}

fn exists(what: &'static str, name: &str) -> Error {
    Error::new(ErrorCode::AlreadyExists).because(format!("the {what} {name:?} is there already"))
}
