//! The records of who asks: clients with an id and a secret, and bearer API keys.

use serde::{Deserialize, Serialize};

use crate::credential::{Credentials, SecretHash};
use crate::describe::choices;
use crate::json::JsonMembers;
use crate::store::RecordKey;

choices! {
    /// What a credential may be used for.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
    #[non_exhaustive]
    pub enum Permission {
        /// Access tokens for the client itself.
        ClientCredentials = "client_credentials",
        /// Access tokens for users of the client's organization.
        EntityUser = "entity_user",
        /// Sessions with refresh tokens.
        Sessions = "sessions",
        /// Tokens for entities, their users and groups, and ending them.
        EntityTokens = "entity_tokens",
        /// Single-use links, and the account tokens that they lead to.
        Links = "links",
    }
}

/// A client in the directory: an id, and secrets to prove it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Client {
    /// Its id.
    pub id: String,
    /// The organization it acts for.
    pub organization: String,
    /// Its live secrets.
    pub secrets: Credentials,
    /// What it may do.
    pub permissions: Vec<Permission>,
    /// The `sub` of its session tokens, where that is not its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// A name that the client may have to state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Custom claims of its session tokens: a JSON object.
    #[serde(default, skip_serializing_if = "JsonMembers::is_empty")]
    pub claims: JsonMembers,
    /// Whether it is refused.
    #[serde(default)]
    pub disabled: bool,
}

/// A bearer API key in the directory, found by the SHA-256 of the key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BearerKey {
    /// The organization that it acts for.
    pub organization: String,
    /// What it may do.
    pub permissions: Vec<Permission>,
    /// Whether it is refused.
    #[serde(default)]
    pub disabled: bool,
}

impl Client {
    /// Whether a stated name is the client's. A client without a name answers to any.
    pub(crate) fn answers_to(&self, stated: Option<&str>) -> bool {
        match (stated, self.name.as_deref()) {
            (Some(stated), Some(name)) => stated == name,
            _ => true,
        }
    }
}

/// The key of a client's record.
pub(crate) fn client_key(id: &str) -> RecordKey {
    RecordKey::of("client", &[id])
}

/// The key of a bearer key's record. It follows from the key's hash alone, so a directory can be written down without
/// any secret.
pub(crate) fn bearer_key_record(hash: &SecretHash) -> RecordKey {
    RecordKey::of("api-key", &[&hash.to_string()])
}
