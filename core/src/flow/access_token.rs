//! Access tokens are minted: as a JWT, or as an opaque handle with a record.

use std::borrow::Cow;
use std::fmt;

use super::Flow;
use super::own_claims::{CLIENT_ID, SCOPE};
use super::status::Hangs;
use crate::claims::Claims;
use crate::describe::choices;
use crate::error::Result;
use crate::event::{Event, EventKind};
use crate::policy::AccessFormat;
use crate::record::access::{Access, Lineage, access_key};
use crate::record::slot::Taken;
use crate::record::watermark::EPOCH;
use crate::record::{Change, busy};
use crate::scope;
use crate::time::Lifetime;
use crate::token::confirmation::{CNF, Confirmation};
use crate::token::handle::HandleFormat;

/// An opaque access token: 240 random bits and one check character.
pub(super) const ACCESS: HandleFormat = HandleFormat::plain(1);

/// An access token as a client gets it (RFC 6749 section 5.1).
#[derive(Clone, PartialEq, Eq)]
pub struct AccessToken {
    /// The token.
    pub access_token: String,
    /// How it is sent.
    pub token_type: AccessTokenType,
    /// How long it lives.
    pub expires_in: Lifetime,
    /// What it allows, where it allows something by name (RFC 6749 section 3.3).
    pub scope: Option<String>,
}

choices! {
    /// The way in which an access token is sent (RFC 6749 section 7.1).
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    #[non_exhaustive]
    pub enum AccessTokenType {
        /// As it is: who has it may use it (RFC 6750).
        Bearer = "Bearer",
        /// With a proof of the key that it is bound to (RFC 9449).
        Dpop = "DPoP",
    }
}

impl AccessTokenType {
    /// How a token is sent that is bound to this. RFC 8705 section 3: one of a certificate is sent as a bearer's.
    pub(crate) fn of(bound: &Confirmation) -> Self {
        if bound.jkt.is_some() { AccessTokenType::Dpop } else { AccessTokenType::Bearer }
    }
}

/// What an access token is minted for.
pub(crate) struct Grant {
    pub(crate) client: Option<String>,
    pub(crate) subject: String,
    pub(crate) scope: Option<String>,
    pub(crate) session: Option<String>,
    /// As the session's.
    pub(crate) sessions_epoch: u64,
    pub(crate) epoch: u64,
    pub(crate) lifetime: Lifetime,
    pub(crate) claims: Claims,
    /// What it is bound to.
    pub(crate) bound: Confirmation,
}

impl Grant {
    /// What its token hangs on.
    fn hangs(&self) -> Hangs<'_> {
        Hangs {
            client: self.client.as_deref(),
            subject: Some(&self.subject),
            epoch: self.epoch,
            session: self.session.as_deref().map(|id| (id, self.sessions_epoch)),
            ..Hangs::default()
        }
    }
}

impl Flow {
    /// Mints an access token as the policy says.
    pub(crate) async fn access_token(&mut self, grant: Grant) -> Result<AccessToken> {
        let (token, issued, _) = self.make_access_token(grant).await?;
        self.emit(issued);
        Ok(token)
    }

    /// An access token, the event to tell when it is given, and its place in a status list.
    pub(crate) async fn make_access_token(
        &mut self,
        mut grant: Grant,
    ) -> Result<(AccessToken, Event, Option<Taken>)> {
        let (expires_in, event) = (grant.lifetime, Event::new(EventKind::TokenIssued));
        let token_type = AccessTokenType::of(&grant.bound);
        let mut claims = self.claims_of(&mut grant);
        let (access_token, scope, event, taken) = match self.issuer.policy().access_format {
            AccessFormat::Jwt => {
                let (token, taken) = self.mint(&mut claims, expires_in, grant.hangs()).await?;
                let Claims { subject, id, .. } = claims;
                (token, grant.scope, Event { client: grant.client, subject, id, ..event }, taken)
            }
            AccessFormat::Opaque => {
                let (client, scope) = (grant.client.clone(), grant.scope.clone());
                let event = Event { client, subject: claims.subject.clone(), id: claims.id.clone(), ..event };
                let grant = Grant { claims, ..grant };
                (self.handle(grant, Lineage::default()).await?, scope, event, None)
            }
        };
        Ok((AccessToken { access_token, token_type, expires_in, scope: scope::named(scope) }, event, taken))
    }

    /// An opaque token, which says what is granted and these claims, all of them; its id is theirs.
    pub(super) async fn handle(&mut self, grant: Grant, lineage: Lineage) -> Result<String> {
        let claims = Some(self.issuer.payload(&grant.claims, grant.lifetime, &self.context)?);
        let Grant { client, subject, scope, session, epoch, lifetime, claims: Claims { id, .. }, .. } = grant;
        let (id, issued_at, expires_at) = (id.unwrap_or_default(), self.now(), self.now().after(lifetime));
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
            claims,
        };
        let handle = ACCESS.generate(self.entropy());
        let key = access_key(&self.issuer.policy().issuer, &handle);
        match self.records.insert(&key, access.draft()?).await? {
            Change::Done => Ok(handle),
            Change::Conflict(_) => Err(busy()),
        }
    }

    /// What an access token says: the claims of its grant, and those that follow from the grant.
    fn claims_of(&mut self, grant: &mut Grant) -> Claims {
        let id = self.entropy().uuid().to_string();
        let claims = std::mem::take(&mut grant.claims).subject(&*grant.subject).id(id);
        let claims = if grant.bound.is_empty() { claims } else { claims.set_own(CNF, &grant.bound) };
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
