//! Who asks: clients with an id and a secret, and bearer API keys.
//!
//! An unknown id takes the same commands and the same work as a wrong secret, and gets the same answer.

use serde::{Deserialize, Serialize};

use super::Flow;
use super::client_credentials::ClientProof;
use super::records::{decode_some, decode_value};
use crate::credential::{Credentials, SecretHash};
use crate::encoding::{fingerprint, sha256};
use crate::error::{Error, ErrorCode, Result};
use crate::json::JsonMembers;
use crate::secret::Secret;
use crate::store::{Entry, RecordKey};

/// What a credential may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Permission {
    /// Access tokens for the client itself.
    ClientCredentials,
    /// Access tokens for users of the client's organization.
    EntityUser,
    /// Sessions with refresh tokens.
    Sessions,
    /// Tokens for entities, their users and groups, and ending them.
    EntityTokens,
    /// Single-use links, and the account tokens that they lead to.
    Links,
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

/// What a client must be beyond the holder of its secret.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Demand<'a> {
    /// What it wants to do; whatever it may do where absent.
    pub(crate) permission: Option<Permission>,
    /// The name that it states: its own, if it has one.
    pub(crate) name: Option<&'a str>,
    /// Something about the request is wrong already. The work is done all the same, so nobody learns what.
    pub(crate) unmet: bool,
}

impl From<Permission> for Demand<'_> {
    fn from(permission: Permission) -> Self {
        Demand { permission: Some(permission), ..Demand::default() }
    }
}

impl Demand<'_> {
    fn is_met_by(&self, client: &Client) -> bool {
        let permitted = self.permission.is_none_or(|needed| client.permissions.contains(&needed));
        permitted && client.answers_to(self.name) && !self.unmet && !client.disabled
    }
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

impl Flow {
    /// Proves a client by its secret, and counts the request against its limit.
    pub(crate) async fn authenticate(
        &mut self,
        proof: &ClientProof,
        entry: Option<&Entry>,
        demand: Demand<'_>,
    ) -> Result<Client> {
        let unknown = entry.is_none();
        // A copy, as the store makes one of what it has.
        let decoy = unknown.then(|| DECOY.as_bytes().to_vec());
        let value = entry.map(|entry| entry.value.as_slice()).or(decoy.as_deref());
        let client: Client = decode_value(value.unwrap_or_default())?;
        let right = client.secrets.matches(proof.secret.expose());
        let met = demand.is_met_by(&client);
        if unknown || !right || !met {
            let error = self.failure(&proof.id, ErrorCode::InvalidClient).await;
            // What is not known as an id may be anything, a secret in the wrong field too.
            let stranger = fingerprint(proof.id.as_bytes());
            return self.refuse(if unknown { &stranger } else { &proof.id }, error);
        }
        self.admit(&client.id).await?;
        Ok(client)
    }

    /// Proves the organization behind a bearer API key, and counts the request against its limit.
    pub(crate) async fn authenticate_bearer(
        &mut self,
        bearer: &Secret,
        permission: Permission,
    ) -> Result<BearerKey> {
        self.bearer_key(bearer, Some(permission)).await
    }

    /// The API key of a bearer that may do something, or anything.
    pub(crate) async fn bearer_key(
        &mut self,
        bearer: &Secret,
        permission: Option<Permission>,
    ) -> Result<BearerKey> {
        let hash = SecretHash::of(bearer.expose());
        let [entry] = self.records.load([bearer_key_record(&hash)]).await?;
        match decode_some::<BearerKey>(entry.as_ref())? {
            Some(key)
                if !key.disabled && permission.is_none_or(|needed| key.permissions.contains(&needed)) =>
            {
                self.admit(&key.organization).await?;
                Ok(key)
            }
            _ => {
                let name = hash.fingerprint();
                let error = self.failure(&name, ErrorCode::Unauthenticated).await;
                self.refuse(&name, error)
            }
        }
    }

    /// The id of a client that proves itself, whatever it may do.
    pub(crate) async fn is_client(&mut self, proof: &ClientProof) -> Result<String> {
        let [entry] = self.records.load([client_key(&proof.id)]).await?;
        Ok(self.authenticate(proof, entry.as_ref(), Demand::default()).await?.id)
    }

    /// Counts a request against the client's limit.
    pub(crate) async fn admit(&mut self, client: &str) -> Result<()> {
        let Some(rate) = self.issuer.policy().client_rate else { return Ok(()) };
        match self.records.throttle(RecordKey::of("rate", &[client]), rate).await {
            Ok(()) => Ok(()),
            Err(error) => self.refuse(client, error),
        }
    }

    /// The error for a failed attempt: the reason, or the limit on failures.
    ///
    /// Names are counted in 4096 buckets, so made-up names cannot fill the store. A full bucket never keeps a right
    /// secret out: nobody can lock a client out by failing in its name.
    pub(crate) async fn failure(&mut self, name: &str, code: ErrorCode) -> Error {
        let Some(rate) = self.issuer.policy().failure_rate else { return Error::new(code) };
        let bucket = match sha256(name.as_bytes()) {
            [high, low, ..] => u16::from_be_bytes([high, low]) % 4096,
        };
        match self.records.throttle(RecordKey::of("failures", &[&bucket.to_string()]), rate).await {
            Ok(()) => Error::new(code),
            Err(error) => error,
        }
    }
}

/// The record that stands in for an unknown client's: of the same members and about as long, so that it is read like a
/// real one, and matched by nothing.
const DECOY: &str = r#"{"id":"00000000-0000-0000-0000-000000000000","organization":"organization","secrets":["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"],"permissions":["client_credentials","entity_user"],"disabled":false}"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_decoy_is_a_record_like_any_other() {
        let id = "eb959578-a74d-4ac3-8b25-bf0910027857";
        let client = Client::new(id, "organization", SecretHash::of(b"secret"))
            .permission(Permission::ClientCredentials)
            .permission(Permission::EntityUser);
        let decoy: Client = decode_value(DECOY.as_bytes()).unwrap();
        assert_eq!(serde_json::to_string(&decoy).unwrap(), DECOY);
        let disguised =
            Client { id: decoy.id, organization: decoy.organization, secrets: decoy.secrets, ..client };
        assert_eq!(serde_json::to_string(&disguised).unwrap(), DECOY, "as long, and of the same members");
    }
}
