//! An access token for a user of a client's organization.

use crate::claims::Claims;
use crate::dialect::entities::{Entity, EntityKind, User, user_key};
use crate::error::{Error, ErrorCode, Result};
use crate::flow::Flow;
use crate::flow::access_token::AccessToken;
use crate::flow::client::ClientProof;
use crate::flow::holder::Holder;
use crate::issuer::Issuer;
use crate::record::client::Permission;
use crate::record::decode_some;
use crate::record::watermark::Marks;
use crate::task::Task;
use crate::time::Context;

impl Issuer {
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
    pub(crate) async fn entity_user(&mut self, proof: &ClientProof, user: &str) -> Result<AccessToken> {
        let (client, entries) = self.client_with_marks(proof, user, Permission::EntityUser.into()).await?;
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
        self.client_token(client, user.to_owned(), None, Marks::read(entries)?, claims, &Holder::default())
            .await
    }

    /// Whether an entity is refused, and its users with it. It need not be in the directory itself.
    async fn is_disabled(&self, organization: &str, entity: &str) -> Result<bool> {
        let [entry] = self.records.load([EntityKind::Entity.key(organization, entity)]).await?;
        Ok(decode_some::<Entity>(entry.as_ref())?.is_some_and(|entity| entity.disabled))
    }
}
