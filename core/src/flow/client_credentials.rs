//! Access tokens for a client itself (RFC 6749 section 4.4).

use super::access_token::{AccessToken, Grant};
use super::client::{ClientProof, Demand};
use super::holder::Holder;
use super::{Flow, audience};
use crate::claims::Claims;
use crate::error::Result;
use crate::issuer::Issuer;
use crate::record::Stored;
use crate::record::client::{Client, Permission, client_key};
use crate::record::watermark::{self, Marks};
use crate::scope;
use crate::task::Task;
use crate::time::Context;

/// A client's request for a token of its own: for all that it has, or for less.
#[derive(Clone, Debug)]
pub struct ClientCredentials {
    pub(crate) client: ClientProof,
    pub(crate) scope: Option<String>,
    pub(crate) audience: Vec<String>,
    pub(crate) holder: Holder,
}

impl ClientCredentials {
    /// For whatever the client may do, and whomever its tokens may be for.
    pub fn new(client: ClientProof) -> Self {
        ClientCredentials { client, scope: None, audience: Vec::new(), holder: Holder::default() }
    }

    /// What the token shall allow: of the client's scope, some (RFC 6749 section 3.3).
    #[must_use]
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scope = Some(scope.into());
        self
    }

    /// Whom the token shall be for, of those whom the client's tokens may be for; said again, one more (RFC 8707 section 2).
    #[must_use]
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audience.push(audience.into());
        self
    }

    /// The thumbprint of the key that the token is bound to, of which the host has checked a proof; under a policy with
    /// [`Policy::dpop`](crate::Policy::dpop).
    #[must_use]
    pub fn key(mut self, jkt: impl Into<String>) -> Self {
        self.holder = self.holder.with_key(jkt.into());
        self
    }

    /// The SHA-256 of the certificate that the token is bound to (RFC 8705): that of the client's TLS connection.
    #[must_use]
    pub fn certificate(mut self, sha256: [u8; 32]) -> Self {
        self.holder = self.holder.with_certificate(sha256);
        self
    }
}

impl From<ClientProof> for ClientCredentials {
    fn from(client: ClientProof) -> Self {
        ClientCredentials::new(client)
    }
}

impl Issuer {
    /// Gives a client an access token for itself.
    ///
    /// ```
    /// use tokenmint::*;
    /// use tokenmint::directory::{self, Client};
    /// let keys = KeySet::builder().hmac("k1", [7; 32].as_slice())?.build()?;
    /// let (issuer, store) = (Issuer::new(keys, Policy::new("https://api.example.com"))?, MemoryStore::new());
    /// let context = |seed| Context::new(UnixTime::from_seconds(1_700_000_000), [seed; 32]);
    /// let client = Client::new("c1", "org_1", SecretHash::of(b"a secret")).scope("read write");
    /// directory::create_client(client.permission(Permission::ClientCredentials), &context(1)).run(&store).result?;
    ///
    /// let proof = ClientProof::new("c1", Secret::from("a secret"));
    /// let all = issuer.client_credentials(proof.clone(), &context(2)).run(&store).result?;
    /// assert_eq!(all.scope.as_deref(), Some("read write"));
    /// let less = ClientCredentials::new(proof).scope("read");
    /// let token = issuer.client_credentials(less, &context(3)).run(&store).result?.access_token;
    /// assert_eq!(issuer.check(&token, &context(4)).run(&store).result?.scope.as_deref(), Some("read"));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// `invalid_client`; `rate_limited`; `invalid_dpop_proof` where there must be a key; `invalid_scope` and `invalid_target` for more than the client has; the store's.
    pub fn client_credentials(
        &self,
        request: impl Into<ClientCredentials>,
        context: &Context,
    ) -> Task<AccessToken> {
        let request = request.into();
        self.task(context, |mut flow| async move {
            flow.client_credentials(&request, Permission::ClientCredentials.into()).await
        })
    }
}

impl Flow {
    /// An access token for a client that meets a demand.
    pub(crate) async fn client_credentials(
        &mut self,
        request: &ClientCredentials,
        demand: Demand<'_>,
    ) -> Result<AccessToken> {
        let proof = &request.client;
        let (client, entries) = self.client_with_marks(proof, &proof.id, demand).await?;
        let audience = audience::granted(&request.audience, &client.audience, &self.issuer.policy().audience);
        let granted = scope::granted(request.scope.as_deref(), client.scope.as_deref())
            .and_then(|scope| Ok((scope, audience?)));
        let (scope, audience) = match granted {
            Ok(granted) => granted,
            Err(error) => return self.refuse(&client.id, error),
        };
        let claims = audience.iter().fold(Claims::new(), Claims::audience);
        let (marks, subject) = (Marks::read(entries)?, client.id.clone());
        self.client_token(client, subject, scope, marks, claims, &request.holder).await
    }

    /// Reads a client and the watermarks of its tokens about `subject` at once, and proves the client.
    pub(crate) async fn client_with_marks(
        &mut self,
        proof: &ClientProof,
        subject: &str,
        demand: Demand<'_>,
    ) -> Result<(Client, [Option<Stored>; 3])> {
        let [issuer, by_client, by_subject] =
            watermark::keys(&self.issuer.policy().issuer, &proof.id, subject);
        let keys = [client_key(&proof.id), issuer, by_client, by_subject];
        let [entry, issuer, by_client, by_subject] = self.records.load(keys).await?;
        let client = self.authenticate(proof, entry.as_ref(), demand).await?;
        Ok((client, [issuer, by_client, by_subject]))
    }

    /// An access token for a client that was let in, bound to what it holds.
    pub(crate) async fn client_token(
        &mut self,
        client: Client,
        subject: String,
        scope: Option<String>,
        marks: Marks,
        claims: Claims,
        holder: &Holder,
    ) -> Result<AccessToken> {
        if let Err(error) = self.hold(holder, Some(&client)).await {
            return self.refuse(&client.id, error);
        }
        let (epoch, lifetime) = (marks.epoch(), self.issuer.policy().token_lifetime());
        let (client, bound) = (Some(client.id), holder.bound.clone());
        let (session, sessions_epoch) = (None, 0);
        let grant = Grant { client, subject, scope, session, sessions_epoch, epoch, lifetime, claims, bound };
        self.access_token(grant).await
    }
}
