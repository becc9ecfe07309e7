//! Who asks: clients with an id and a secret, and bearer API keys.
//!
//! An unknown id takes the same commands and the same work as a wrong secret, and gets the same answer.

use super::Flow;
use crate::credential::SecretHash;
use crate::encoding::{fingerprint, sha256};
use crate::error::{Error, ErrorCode, Result};
use crate::record::client::{BearerKey, Client, Permission, bearer_key_record, client_key};
use crate::record::{decode_some, decode_value};
use crate::secret::Secret;
use crate::store::{Entry, RecordKey};

/// A client's id and secret.
#[derive(Clone, Debug)]
pub struct ClientProof {
    /// The id.
    pub id: String,
    /// One of its live secrets.
    pub secret: Secret,
}

impl ClientProof {
    /// An id and a secret as they were presented.
    pub fn new(id: impl Into<String>, secret: impl Into<Secret>) -> Self {
        ClientProof { id: id.into(), secret: secret.into() }
    }
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
        let right = client.has_secret(proof.secret.expose(), self.now());
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
