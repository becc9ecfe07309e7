//! Who may ask: clients and bearer API keys, and the records that they become.

use serde::Deserialize;

use crate::credential::SecretHash;
use crate::dialect::section::{create, no_twins};
use crate::error::{Error, ErrorCode, Result};
use crate::flow::directory::{self, Permission};
use crate::flow::own_claims::check_custom;
use crate::json::JsonMembers;
use crate::store::MemoryStore;
use crate::values::{Hash, Hashes};

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
    /// What its own tokens may allow.
    pub scope: Option<String>,
    /// Whom its own tokens may be for; the policy's audience where it is empty.
    #[serde(default)]
    pub audience: Vec<String>,
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

/// Creates the records of a configuration.
pub(super) fn create_records(config: &super::Config, records: &MemoryStore) -> Result<()> {
    let mut clients = Vec::new();
    for (at, client) in config.clients.iter().enumerate() {
        clients.push(client.record().map_err(|error| error.within(&format!("clients[{at}]")))?);
    }
    no_twins("clients", config.clients.iter().map(|client| vec![("id", vec![&*client.id])]))?;
    let hashes: Vec<String> = config.api_keys.iter().map(|key| key.key_sha256.to_string()).collect();
    no_twins("api_keys", hashes.iter().map(|hash| vec![("key_sha256", vec![&**hash])]))?;
    for client in clients {
        create(records, |context| directory::create_client(client, context))?;
    }
    for ApiKey { key_sha256, organization, permissions } in config.api_keys.clone() {
        let key = directory::BearerKey { organization, permissions, disabled: false };
        create(records, |context| directory::create_bearer_key(key_sha256, key, context))?;
    }
    Ok(())
}

impl Client {
    fn record(&self) -> Result<directory::Client> {
        let mut hashes = self.secret_sha256.0.iter();
        let first = hashes.next().copied().ok_or_else(|| {
            Error::new(ErrorCode::PolicyInvalid).at("secret_sha256").because("a client has a secret")
        })?;
        check_custom(&self.claims, &[]).map_err(|error| error.within("claims"))?;
        let mut client = directory::Client::new(&self.id, &self.organization, first);
        for hash in hashes {
            client.secrets.add(*hash)?;
        }
        client.permissions.clone_from(&self.permissions);
        client.subject.clone_from(&self.subject);
        client.name.clone_from(&self.name);
        client.claims.clone_from(&self.claims);
        client.scope.clone_from(&self.scope);
        client.audience.clone_from(&self.audience);
        client.check()?;
        Ok(client)
    }
}

fn hash<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<SecretHash, D::Error> {
    Hash::deserialize(deserializer).map(|hash| hash.0)
}
