//! Access tokens are minted: as a JWT, or as an opaque handle with a record.

use std::borrow::Cow;
use std::fmt;

use super::Flow;
use super::own_claims::{CLIENT_ID, SCOPE};
use crate::claims::Claims;
use crate::error::Result;
use crate::event::{Event, EventKind};
use crate::policy::AccessFormat;
use crate::record::access::{Access, Lineage, access_key};
use crate::record::watermark::EPOCH;
use crate::record::{Change, busy};
use crate::scope;
use crate::time::Lifetime;
use crate::token::handle::HandleFormat;

/// An opaque access token: 240 random bits and one check character.
pub(super) const ACCESS: HandleFormat = HandleFormat::plain(1);

/// An access token as a client gets it (RFC 6749 section 5.1).
#[derive(Clone, PartialEq, Eq)]
pub struct AccessToken {
    /// The token: to be sent as a bearer.
    pub access_token: String,
    /// How long it lives.
    pub expires_in: Lifetime,
    /// What it allows, where it allows something by name (RFC 6749 section 3.3).
    pub scope: Option<String>,
}

/// What an access token is minted for.
pub(crate) struct Grant {
    pub(crate) client: Option<String>,
    pub(crate) subject: String,
    pub(crate) scope: Option<String>,
    pub(crate) session: Option<String>,
    pub(crate) epoch: u64,
    pub(crate) lifetime: Lifetime,
    pub(crate) claims: Claims,
}

impl Flow {
    /// Mints an access token as the policy says.
    pub(crate) async fn access_token(&mut self, grant: Grant) -> Result<AccessToken> {
        let (token, issued) = self.make_access_token(grant).await?;
        self.emit(issued);
        Ok(token)
    }

    /// An access token, and the event to tell when it is given.
    pub(crate) async fn make_access_token(&mut self, grant: Grant) -> Result<(AccessToken, Event)> {
        let expires_in = grant.lifetime;
        let scope = scope::named(grant.scope.clone());
        let id = self.entropy().uuid().to_string();
        let event = Event::new(EventKind::TokenIssued).subject(&*grant.subject).id(&*id);
        let event = Event { client: grant.client.clone(), ..event };
        let access_token = match self.issuer.policy().access_format {
            AccessFormat::Jwt => self.access_jwt(grant, id).await?,
            AccessFormat::Opaque => self.access_handle(grant, id).await?,
        };
        Ok((AccessToken { access_token, expires_in, scope }, event))
    }

    async fn access_jwt(&mut self, grant: Grant, id: String) -> Result<String> {
        let lifetime = grant.lifetime;
        let claims = self.claims_of(&grant, id);
        self.mint(&claims, lifetime).await
    }

    async fn access_handle(&mut self, grant: Grant, id: String) -> Result<String> {
        let claims = self.claims_of(&grant, id.clone());
        self.handle(Grant { claims, ..grant }, id, Lineage::default()).await
    }

    /// An opaque token, which says what is granted and these claims, all of them.
    pub(super) async fn handle(&mut self, grant: Grant, id: String, lineage: Lineage) -> Result<String> {
        let claims = self.issuer.payload(&grant.claims, grant.lifetime, &self.context)?;
        let Grant { client, subject, scope, session, epoch, lifetime, .. } = grant;
        let (issued_at, expires_at) = (self.now(), self.now().after(lifetime));
        let Lineage { narrowed_from, from_clients } = lineage;
        let access = Access {
            client,
            subject,
            scope,
            session,
            id,
            issued_at,
            expires_at,
            epoch,
            narrowed_from,
            from_clients,
            claims: Some(claims),
        };
        let handle = ACCESS.generate(self.entropy());
        let key = access_key(&self.issuer.policy().issuer, &handle);
        match self.records.insert(&key, access.draft()?).await? {
            Change::Done => Ok(handle),
            Change::Conflict(_) => Err(busy()),
        }
    }

    /// What an access token says.
    fn claims_of(&self, grant: &Grant, id: String) -> Claims {
        let claims = grant.claims.clone().subject(&*grant.subject).id(id);
        let own = |name: &'static str| Cow::Borrowed(name);
        let session = self.issuer.policy().session_claims.iter().map(|name| (name.clone(), &grant.session));
        [(own(CLIENT_ID), &grant.client), (own(SCOPE), &grant.scope)]
            .into_iter()
            .chain(session)
            .filter_map(|(name, value)| Some((name, value.as_ref()?)))
            .fold(claims, |claims, (name, value)| claims.set(name, value))
            .set(EPOCH, grant.epoch)
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessToken").field("expires_in", &self.expires_in).finish_non_exhaustive()
    }
}
