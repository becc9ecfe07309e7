//! Revocation: by token, session, subject, client, or everything before now.

use super::Flow;
use super::access_token::ACCESS;
use super::check::{client_of, unauthenticated};
use super::client::{ClientProof, Demand};
use super::refresh_token::Presented;
use super::status::STATUS;
use crate::error::{ErrorCode, Result};
use crate::event::{Event, EventKind};
use crate::issuer::Issuer;
use crate::record::access::{Access, access_key};
use crate::record::journal::{Ended, EndedKind};
use crate::record::revoked::{Revoked, revoked_key};
use crate::record::watermark::Marked;
use crate::record::{Change, Draft, decode};
use crate::secret::Secret;
use crate::task::Task;
use crate::time::Context;

impl Issuer {
    /// Revokes one token that was issued to `client` (RFC 7009). A token that is unknown, revoked before, or issued to
    /// somebody else changes nothing, and the caller is not told.
    ///
    /// # Errors
    /// The store's.
    pub fn revoke_token(&self, token: &str, client: &str, context: &Context) -> Task<()> {
        let (token, client) = (token.to_owned(), client.to_owned());
        self.task(context, |mut flow| async move { flow.end_token(&token, &client).await })
    }

    /// As [`Issuer::revoke_token`], for a client that proves itself with its secret and with a token that stands.
    ///
    /// # Errors
    /// `unauthenticated` or `token_expired` for the bearer, `invalid_client`, `rate_limited`, and the store's.
    pub fn revoke_token_as(
        &self,
        bearer: Secret,
        client: ClientProof,
        token: &str,
        context: &Context,
    ) -> Task<()> {
        let token = token.to_owned();
        self.task(context, |mut flow| async move {
            let bearer_client = flow.bearer_client(&bearer).await?;
            flow.revoke_as(bearer_client, &client, &token).await
        })
    }

    /// Revokes every token, session, API key and single-use token of this issuer about a subject that was made before
    /// now. The subject of links and account tokens is the end user's id in the organization's own system.
    ///
    /// # Errors
    /// The store's.
    pub fn revoke_subject(&self, subject: &str, context: &Context) -> Task<()> {
        let subject = subject.to_owned();
        self.task(context, |mut flow| async move { flow.raise(Marked::Subject(&subject)).await })
    }

    /// Revokes every token, session and link of this issuer that was made for a client or organization before now.
    ///
    /// # Errors
    /// The store's.
    pub fn revoke_client(&self, client: &str, context: &Context) -> Task<()> {
        let client = client.to_owned();
        self.task(context, |mut flow| async move { flow.raise(Marked::Client(&client)).await })
    }

    /// Revokes every token, session, API key and single-use token that this issuer made before now.
    ///
    /// # Errors
    /// The store's.
    pub fn revoke_all(&self, context: &Context) -> Task<()> {
        self.task(context, |mut flow| async move { flow.raise(Marked::All).await })
    }
}

impl Flow {
    /// The client that a bearer token was issued to, if the token stands.
    pub(crate) async fn bearer_client(&mut self, bearer: &Secret) -> Result<Option<String>> {
        match self.check(std::str::from_utf8(bearer.expose()).unwrap_or_default()).await {
            Ok(active) => Ok(active.client),
            Err(error) => self.refuse(&crate::fingerprint(bearer.expose()), unauthenticated(error)),
        }
    }

    /// Ends a token for the client that `bearer_client` named, once that client has proved itself.
    pub(crate) async fn revoke_as(
        &mut self,
        bearer_client: Option<String>,
        proof: &ClientProof,
        token: &str,
    ) -> Result<()> {
        // Whatever a client may do, it may give up.
        let client = self.proven(proof, Demand::default()).await?;
        if bearer_client.as_deref() != Some(&client.id) {
            return self.refuse(&client.id, ErrorCode::Unauthenticated.into());
        }
        self.end_token(token, &client.id).await
    }

    /// Ends a token for a client that proves itself: a refresh token of its own with the session (RFC 7009 section 2.1), an
    /// access token alone.
    pub(crate) async fn revoke_by(&mut self, proof: &ClientProof, token: &str) -> Result<()> {
        // Whatever a client may do, it may give up.
        let client = self.proven(proof, Demand::default()).await?;
        match Presented::parse(&self.issuer, token) {
            Ok(presented) if presented.client.as_ref() == Some(&client.id) => {
                self.end_session_of(&presented).await
            }
            Ok(_) => Ok(()),
            Err(_) => self.end_token(token, &client.id).await,
        }
    }

    /// Ends one token that was issued to `owner`. A token that is unknown, of somebody else, or no token at all is
    /// none of the caller's business: nothing happens, and nobody is told (RFC 7009 section 2.2).
    pub(crate) async fn end_token(&mut self, token: &str, owner: &str) -> Result<()> {
        let ended = Ended::new(EndedKind::Token, self.now());
        let (id, client, expires_at, ended) = if token.contains('.') {
            let verified = match self.verify_for_anybody(token).await {
                Ok(verified) => verified,
                // Nobody could say whose it is: not the same as nobody's.
                Err(error) if error.code().http_status() >= 500 => return Err(error),
                Err(_) => return Ok(()),
            };
            let lists = self.issuer.policy().status_lists.as_ref();
            let slot = lists.and_then(|lists| lists.place(verified.claim_json(STATUS)));
            let ended = Ended { subject: verified.subject(), slot, ..ended };
            (verified.id(), client_of(&verified)?, verified.expires_at(), ended)
        } else {
            if ACCESS.check(token).is_err() {
                return Ok(());
            }
            let [entry] = self.records.load([access_key(&self.issuer.policy().issuer, token)]).await?;
            let Some(entry) = entry else { return Ok(()) };
            let access: Access = decode(&entry)?;
            let ended = Ended { subject: Some(access.subject), session: access.session, ..ended };
            (Some(access.id), access.client, Some(access.expires_at), ended)
        };
        let (Some(id), Some(expires_at)) = (id, expires_at) else { return Ok(()) };
        if client.as_deref() != Some(owner) {
            return Ok(());
        }
        let key = revoked_key(&self.issuer.policy().issuer, &id);
        let until = self.presentable_until(expires_at);
        if self.issuer.policy().announces() {
            // Whoever asks again and again does not fill the journal.
            if let [Some(_)] = self.records.load([key.clone()]).await? {
                return Ok(());
            }
            let ended = Ended { id: Some(id.clone()), client, ..ended };
            self.announce(ended).await?;
        }
        let draft = Draft::new(&Revoked { at: self.now() }, until)?;
        // Somebody may have revoked it already, which is as good.
        if let Change::Done = self.records.insert(&key, draft).await? {
            self.emit(Event::new(EventKind::TokenRevoked).client(owner).id(id));
        }
        Ok(())
    }
}
