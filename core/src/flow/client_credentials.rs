//! Access tokens for a client itself (RFC 6749 section 4.4).

use super::Flow;
use super::access_token::{AccessToken, Grant};
use super::client::ClientProof;
use crate::claims::Claims;
use crate::error::Result;
use crate::issuer::Issuer;
use crate::record::client::{Client, Permission, client_key};
use crate::record::watermark::{self, Marks};
use crate::store::Entry;
use crate::task::Task;
use crate::time::Context;

impl Issuer {
    /// Gives a client an access token for itself.
    ///
    /// # Errors
    /// `invalid_client`, `rate_limited`, and the store's.
    pub fn client_credentials(&self, client: ClientProof, context: &Context) -> Task<AccessToken> {
        self.task(context, |mut flow| async move { flow.client_credentials(&client).await })
    }
}

impl Flow {
    pub(crate) async fn client_credentials(&mut self, proof: &ClientProof) -> Result<AccessToken> {
        let (client, entries) =
            self.client_with_marks(proof, &proof.id, Permission::ClientCredentials).await?;
        let subject = client.id.clone();
        self.client_token(client, subject, Marks::read(entries)?, Claims::new()).await
    }

    /// Reads a client and the watermarks of its tokens about `subject` at once, and proves the client.
    pub(crate) async fn client_with_marks(
        &mut self,
        proof: &ClientProof,
        subject: &str,
        permission: Permission,
    ) -> Result<(Client, [Option<Entry>; 3])> {
        let [issuer, by_client, by_subject] =
            watermark::keys(&self.issuer.policy().issuer, &proof.id, subject);
        let keys = [client_key(&proof.id), issuer, by_client, by_subject];
        let [entry, issuer, by_client, by_subject] = self.records.load(keys).await?;
        let client = self.authenticate(proof, entry.as_ref(), permission.into()).await?;
        Ok((client, [issuer, by_client, by_subject]))
    }

    pub(crate) async fn client_token(
        &mut self,
        client: Client,
        subject: String,
        marks: Marks,
        claims: Claims,
    ) -> Result<AccessToken> {
        let (epoch, lifetime) = (marks.epoch(), self.issuer.policy().token_lifetime());
        let grant =
            Grant { client: Some(client.id), subject, scope: None, session: None, epoch, lifetime, claims };
        self.access_token(grant).await
    }
}
