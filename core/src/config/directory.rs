//! The directory's sections, and the records that they become.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::problem::problem;
use super::shown;
use super::values::{Hash, Hashes};
use crate::claims::not_registered;
use crate::credential::SecretHash;
use crate::dialect::entities;
use crate::error::{Error, ErrorCode, Result};
use crate::flow::directory::{self, Permission};
use crate::json::JsonMembers;
use crate::store::MemoryStore;
use crate::task::Task;
use crate::time::{Context, UnixTime};

/// A client with an id and a secret.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Client {
    /// Its id.
    pub id: String,
    /// The organization that it acts for.
    pub organization: String,
    /// The SHA-256 of its secret, as `tokenmint credentials create` prints it; two while it changes over.
    pub secret_sha256: Hashes,
    /// What it may do.
    pub permissions: Vec<Permission>,
    /// The `sub` of its tokens, where that is not its id.
    pub subject: Option<String>,
    /// A name that it may have to state.
    pub name: Option<String>,
    /// Custom claims of its session tokens.
    #[serde(default)]
    pub claims: JsonMembers,
}

/// A bearer API key.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiKey {
    /// The SHA-256 of the key, as `tokenmint credentials create --kind bearer` prints it.
    #[serde(deserialize_with = "hash")]
    pub key_sha256: SecretHash,
    /// The organization that it acts for.
    pub organization: String,
    /// What it may do.
    pub permissions: Vec<Permission>,
}

/// An entity, or a group of entities.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entity {
    /// Its id.
    pub id: String,
    /// Its id in the organization's own system.
    pub foreign_id: Option<String>,
    /// The organization that it belongs to.
    pub organization: String,
}

/// A person who acts for an entity, a group, or both.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// Its id.
    pub id: String,
    /// Its id in the organization's own system.
    pub foreign_id: Option<String>,
    /// The organization that it belongs to.
    pub organization: String,
    /// The id of the entity that it acts for.
    pub entity: Option<String>,
    /// The id of the group that it acts for.
    pub group: Option<String>,
}

/// A record of the directory.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Record {
    Client(directory::Client),
    /// By the SHA-256 of the key.
    ApiKey(SecretHash, directory::BearerKey),
    Entity(entities::Entity),
    Group(entities::Group),
    User(entities::User),
}

impl Record {
    fn create(self, context: &Context) -> Task<()> {
        match self {
            Record::Client(client) => directory::create_client(client, context),
            Record::ApiKey(hash, key) => directory::create_bearer_key(hash, key, context),
            Record::Entity(entity) => entities::create_entity(entity, context),
            Record::Group(group) => entities::create_group(group, context),
            Record::User(user) => entities::create_user(user, context),
        }
    }
}

/// The records of a configuration.
pub(super) fn directory(config: &super::Config) -> Result<MemoryStore> {
    let store = MemoryStore::new();
    // Nobody sees the versions of these records, so nothing about them needs to be random.
    let context = Context::new(UnixTime::from_seconds(0), [0; 32]);
    for record in records(config)? {
        record.create(&context).run(&store).result?;
    }
    Ok(store)
}

/// The records, in an order in which they can be created.
fn records(config: &super::Config) -> Result<Vec<Record>> {
    let mut records = Vec::new();
    for (at, client) in config.clients.iter().enumerate() {
        records.push(client.record().map_err(|error| problem(&format!("clients[{at}]"), &error))?);
    }
    for key in &config.api_keys {
        let (organization, permissions) = (key.organization.clone(), key.permissions.clone());
        let record = directory::BearerKey { organization, permissions, disabled: false };
        records.push(Record::ApiKey(key.key_sha256, record));
    }
    records.extend(config.entities.iter().map(|entity| Record::Entity(entity.record())));
    records.extend(config.groups.iter().map(|group| Record::Group(group.record())));
    for (at, user) in config.users.iter().enumerate() {
        user.check(config).map_err(|error| problem(&format!("users[{at}]"), &error))?;
        records.push(Record::User(user.record()));
    }
    no_twins(&records)?;
    Ok(records)
}

impl Client {
    fn record(&self) -> Result<Record> {
        let mut hashes = self.secret_sha256.0.iter();
        let first = hashes.next().copied().ok_or_else(|| {
            Error::new(ErrorCode::PolicyInvalid).at("secret_sha256").because("a client has a secret")
        })?;
        for name in self.claims.keys() {
            not_registered(name).map_err(|error| problem("claims", &error))?;
        }
        let mut client = directory::Client::new(&self.id, &self.organization, first);
        for hash in hashes {
            client.secrets.add(*hash)?;
        }
        client.permissions.clone_from(&self.permissions);
        client.subject.clone_from(&self.subject);
        client.name.clone_from(&self.name);
        client.claims.clone_from(&self.claims);
        Ok(Record::Client(client))
    }
}

impl Entity {
    fn record(&self) -> entities::Entity {
        entities::Entity {
            id: self.id.clone(),
            foreign_id: self.foreign_id.clone(),
            organization: self.organization.clone(),
            disabled: false,
        }
    }
}

impl User {
    fn record(&self) -> entities::User {
        entities::User {
            id: self.id.clone(),
            foreign_id: self.foreign_id.clone(),
            organization: self.organization.clone(),
            entity: self.entity.clone(),
            group: self.group.clone(),
            disabled: false,
        }
    }

    /// Whether whom it acts for is there: a mistyped id would only show as a user who is never found.
    fn check(&self, config: &super::Config) -> Result<()> {
        let invalid = |field: &'static str, text: String| {
            Err(Error::new(ErrorCode::PolicyInvalid).at(field).because(text))
        };
        if self.entity.is_none() && self.group.is_none() {
            return invalid("entity", "a user acts for an entity, a group, or both".to_owned());
        }
        let parents = [
            ("entity", &self.entity, &config.entities, "[[entities]]"),
            ("group", &self.group, &config.groups, "[[groups]]"),
        ];
        for (field, wanted, list, section) in parents {
            let Some(wanted) = wanted else { continue };
            if !list.iter().any(|one| one.id == *wanted && one.organization == self.organization) {
                return invalid(
                    field,
                    format!(
                        "{section} has no {} of the organization {}",
                        shown(wanted),
                        shown(&self.organization)
                    ),
                );
            }
        }
        Ok(())
    }
}

/// Refuses what would be created twice; it names the second.
fn no_twins(records: &[Record]) -> Result<()> {
    let mut seen = std::collections::BTreeSet::new();
    let mut count = BTreeMap::new();
    for record in records {
        let at = count.entry(record.section()).and_modify(|at| *at += 1).or_insert(0);
        for (field, name) in record.names() {
            if !seen.insert((record.section(), field, name.clone())) {
                return Err(Error::new(ErrorCode::AlreadyExists)
                    .at(format!("{}[{at}].{field}", record.section()))
                    .because(format!("{} is there already", shown(name.last().map_or("", String::as_str)))));
            }
        }
    }
    Ok(())
}

impl Record {
    fn section(&self) -> &'static str {
        match self {
            Record::Client(_) => "clients",
            Record::ApiKey(..) => "api_keys",
            Record::Entity(_) => "entities",
            Record::Group(_) => "groups",
            Record::User(_) => "users",
        }
    }

    /// By what it is found: no two records of a section share one of these.
    fn names(&self) -> Vec<(&'static str, Vec<String>)> {
        let name = |field, parts: &[&str]| (field, parts.iter().map(|part| (*part).to_owned()).collect());
        match self {
            Record::Client(client) => vec![name("id", &[&client.id])],
            Record::ApiKey(hash, _) => vec![name("key_sha256", &[&hash.to_string()])],
            Record::Entity(entity) | Record::Group(entity) => {
                let foreign = entity.foreign_id.iter();
                let foreign = foreign.map(|id| name("foreign_id", &[&entity.organization, id]));
                std::iter::once(name("id", &[&entity.organization, &entity.id])).chain(foreign).collect()
            }
            Record::User(user) => {
                let mut names = vec![name("id", &[&user.organization, &user.id])];
                let parents = [("entity", &user.entity), ("group", &user.group)];
                for (kind, parent) in parents {
                    if let (Some(parent), Some(foreign)) = (parent, &user.foreign_id) {
                        names.push(name("foreign_id", &[&user.organization, kind, parent, foreign]));
                    }
                }
                names
            }
        }
    }
}

fn hash<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<SecretHash, D::Error> {
    Hash::deserialize(deserializer).map(|hash| hash.0)
}
