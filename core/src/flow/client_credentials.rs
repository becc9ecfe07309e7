//! Access tokens for a client itself (RFC 6749 section 4.4), and for a user of its organization.

use super::Flow;
use super::access::{AccessToken, Grant};
use super::client::{Client, Permission, client_key};
use super::directory::{Entity, Kind, User, user_key};
use super::records::decode_some;
use super::standing::{self, Marks};
use crate::claims::Claims;
use crate::error::{Error, ErrorCode, Result};
use crate::issuer::Issuer;
use crate::secret::Secret;
use crate::store::Entry;
use crate::task::Task;
use crate::time::Context;

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

impl Issuer {
    /// Gives a client an access token for itself.
    ///
    /// # Errors
    /// `invalid_client`, `rate_limited`, and the store's.
    pub fn client_credentials(&self, client: ClientProof, context: &Context) -> Task<AccessToken> {
        self.task(context, |mut flow| async move { flow.client_credentials(&client).await })
    }

    /// Gives a client an access token for a user of its organization.
    ///
    /// # Errors
    /// `invalid_client`, `rate_limited`, `not_found` at `entity_user_id`, and the store's.
    pub fn entity_user(&self, client: ClientProof, user: &str, context: &Context) -> Task<AccessToken> {
        let user = user.to_owned();
        self.task(context, |mut flow| async move { flow.entity_user(&client, &user).await })
    }
}

impl Flow {
    pub(crate) async fn client_credentials(&mut self, proof: &ClientProof) -> Result<AccessToken> {
        let (client, entries) =
            self.client_with_marks(proof, &proof.id, Permission::ClientCredentials).await?;
        let subject = client.id.clone();
        self.client_token(client, subject, Marks::read(entries)?, Claims::new()).await
    }

    pub(crate) async fn entity_user(&mut self, proof: &ClientProof, user: &str) -> Result<AccessToken> {
        let (client, entries) = self.client_with_marks(proof, user, Permission::EntityUser).await?;
        let [entry] = self.records.load([user_key(&client.organization, user)]).await?;
        let claims = match decode_some::<User>(entry.as_ref())? {
            Some(User { disabled: false, entity: Some(entity), .. })
                if !self.is_disabled(&client.organization, &entity).await? =>
            {
                Claims::new().set("entity_id", entity)
            }
            _ => {
                let error =
                    Error::new(ErrorCode::NotFound).at("entity_user_id").because("no such entity user");
                return self.refuse(&client.id, error);
            }
        };
        self.client_token(client, user.to_owned(), Marks::read(entries)?, claims).await
    }

    /// Whether an entity is refused, and its users with it. It need not be in the directory itself.
    async fn is_disabled(&self, organization: &str, entity: &str) -> Result<bool> {
        let [entry] = self.records.load([Kind::Entity.key(organization, entity)]).await?;
        Ok(decode_some::<Entity>(entry.as_ref())?.is_some_and(|entity| entity.disabled))
    }

    /// Reads a client and the watermarks of its tokens about `subject` at once, and proves the client.
    async fn client_with_marks(
        &mut self,
        proof: &ClientProof,
        subject: &str,
        permission: Permission,
    ) -> Result<(Client, [Option<Entry>; 3])> {
        let [issuer, by_client, by_subject] =
            standing::keys(&self.issuer.policy().issuer, &proof.id, subject);
        let keys = [client_key(&proof.id), issuer, by_client, by_subject];
        let [entry, issuer, by_client, by_subject] = self.records.load(keys).await?;
        let client = self.authenticate(proof, entry.as_ref(), permission.into()).await?;
        Ok((client, [issuer, by_client, by_subject]))
    }

    async fn client_token(
        &mut self,
        client: Client,
        subject: String,
        marks: Marks,
        claims: Claims,
    ) -> Result<AccessToken> {
        let (epoch, lifetime) = (marks.epoch(), self.issuer.policy().token_lifetime());
        let grant = Grant { client: client.id, subject, scope: None, session: None, epoch, lifetime, claims };
        self.access_token(grant).await
    }
}
