//! Access tokens: minted as a JWT or as an opaque handle, and checked against the store.

use std::fmt;

use serde::Deserialize;

use super::Flow;
use crate::claims::Claims;
use crate::error::{Error, ErrorCode, Result};
use crate::event::{Event, EventKind};
use crate::issuer::Issuer;
use crate::policy::AccessFormat;
use crate::record::access::{Access, access_key};
use crate::record::client::{Client, client_key};
use crate::record::revoked::{Revoked, revoked_key};
use crate::record::session::{Session, session_key};
use crate::record::watermark::{self, EPOCH, Marks};
use crate::record::{Change, Draft, busy, decode, decode_some};
use crate::store::RecordKey;
use crate::task::Task;
use crate::time::{Context, Lifetime, Moment, UnixTime};
use crate::token::handle::HandleFormat;
use crate::token::id::minted_at;
use crate::token::verified::Verified;

/// An opaque access token: 240 random bits and one check character.
const ACCESS: HandleFormat = HandleFormat::plain(1);

/// An access token as a client gets it (RFC 6749 section 5.1).
#[derive(Clone, PartialEq, Eq)]
pub struct AccessToken {
    /// The token: to be sent as a bearer.
    pub access_token: String,
    /// How long it lives.
    pub expires_in: Lifetime,
}

/// A token that stands: verified, and not revoked.
#[derive(Clone, PartialEq, Eq)]
pub struct ActiveToken {
    /// The client or organization that it was issued to.
    pub client: Option<String>,
    /// Whom it is about.
    pub subject: Option<String>,
    /// Its scope.
    pub scope: Option<String>,
    /// Its id.
    pub id: Option<String>,
    /// When it was issued.
    pub issued_at: Option<UnixTime>,
    /// When it ends.
    pub expires_at: Option<UnixTime>,
    /// Whom it is for: all that `aud` names.
    pub audience: Vec<String>,
    /// The verified claims as one JSON object: those of a JWT as they stand in it, and of an opaque token those that a
    /// JWT in its place would have.
    pub claims: String,
}

/// What an access token is minted for.
pub(crate) struct Grant {
    pub(crate) client: String,
    pub(crate) subject: String,
    pub(crate) scope: Option<String>,
    pub(crate) session: Option<String>,
    pub(crate) epoch: u64,
    pub(crate) lifetime: Lifetime,
    pub(crate) claims: Claims,
}

impl Issuer {
    /// Verifies a token of this issuer, as [`Issuer::verifier`] does, and asks the store whether it still stands. A policy
    /// without an audience takes a token for whichever.
    ///
    /// `Verifier::verify` alone is offline: it cannot know of a revocation.
    ///
    /// ```
    /// use tokenmint::*;
    /// let keys = KeySet::builder().hmac("k1", [7; 32].as_slice())?.build()?;
    /// let issuer = Issuer::new(keys, Policy::new("https://api.example.com").audience("api"))?;
    /// let context = Context::new(UnixTime::from_seconds(1_700_000_000), [7; 32]);
    /// let token = issuer.mint(&Claims::new().subject("u1").set("plan", "pro"), Lifetime::HOUR, &context)?;
    /// let active = issuer.check(&token, &context).run(&MemoryStore::new()).result?;
    /// assert_eq!((active.subject.as_deref(), active.audience), (Some("u1"), vec!["api".to_owned()]));
    /// assert!(active.claims.contains(r#""plan":"pro""#));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// The codes of [`crate::Verifier::verify`]; `token_revoked`; `handle_malformed` for what is no token at all;
    /// `store_regressed` where the store has lost a revocation.
    pub fn check(&self, token: &str, context: &Context) -> Task<ActiveToken> {
        let token = token.to_owned();
        self.task(context, |flow| async move { flow.check(&token).await })
    }
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
        let id = self.entropy().uuid().to_string();
        let event =
            Event::new(EventKind::TokenIssued).client(&*grant.client).subject(&*grant.subject).id(&*id);
        let access_token = match self.issuer.policy().access_format {
            AccessFormat::Jwt => self.access_jwt(grant, id).await?,
            AccessFormat::Opaque => self.access_handle(grant, id).await?,
        };
        Ok((AccessToken { access_token, expires_in }, event))
    }

    /// The one place where a presented token is judged.
    pub(crate) async fn check(&self, token: &str) -> Result<ActiveToken> {
        if token.contains('.') {
            let verified = self.verify(token).await?;
            return self.check_verified(&verified).await;
        }
        ACCESS.check(token)?;
        let [entry] = self.records.load([access_key(&self.issuer.policy().issuer, token)]).await?;
        let Some(access) = decode_some::<Access>(entry.as_ref())? else {
            return Err(ErrorCode::TokenRevoked.into());
        };
        if self.now() >= access.expires_at {
            return Err(ErrorCode::TokenExpired.into());
        }
        let session = access.session.as_deref().map(session_key);
        self.stands(&access.client, &access.subject, &access.id, session, Some(access.epoch), None).await?;
        Ok(ActiveToken {
            client: Some(access.client),
            subject: Some(access.subject),
            scope: access.scope,
            id: Some(access.id),
            issued_at: Some(access.issued_at),
            expires_at: Some(access.expires_at),
            audience: audience(&access.claims)?,
            claims: access.claims,
        })
    }

    /// Asks the store about a verified JWT.
    pub(crate) async fn check_verified(&self, verified: &Verified) -> Result<ActiveToken> {
        let client: Option<String> = match verified.claim("client_id")? {
            None => verified.claim("organizationId")?,
            known => known,
        };
        let active = ActiveToken {
            client,
            subject: verified.subject(),
            scope: verified.claim("scope")?,
            id: verified.id(),
            issued_at: verified.issued_at(),
            expires_at: verified.expires_at(),
            audience: audience(verified.json())?,
            claims: verified.json().to_owned(),
        };
        let client = active.client.as_deref().unwrap_or_default();
        let subject = active.subject.as_deref().unwrap_or_default();
        let id = active.id.as_deref().unwrap_or_default();
        let session: Option<String> = verified.claim("sid")?;
        let session = session.as_deref().map(session_key);
        let epoch: Option<u64> = verified.claim(EPOCH)?;
        self.stands(client, subject, id, session, epoch, minted_at(verified)).await?;
        self.check_named_session(verified).await?;
        Ok(active)
    }

    /// Refused if any record says so: the token's own, its session's, or a watermark.
    async fn stands(
        &self,
        client: &str,
        subject: &str,
        id: &str,
        session: Option<RecordKey>,
        epoch: Option<u64>,
        issued_at: Option<Moment>,
    ) -> Result<()> {
        let [issuer, by_client, by_subject] = watermark::keys(&self.issuer.policy().issuer, client, subject);
        let in_session = session.is_some();
        // Without a session its place is taken by a key that is read anyway.
        let session = session.unwrap_or_else(|| issuer.clone());
        let revoked = revoked_key(&self.issuer.policy().issuer, id);
        let keys = [revoked, client_key(client), session, issuer, by_client, by_subject];
        let [revoked, owner, session, issuer, by_client, by_subject] = self.records.load(keys).await?;
        let owner = decode_some::<Client>(owner.as_ref())?;
        if revoked.is_some() || owner.is_some_and(|owner| owner.disabled) {
            return Err(ErrorCode::TokenRevoked.into());
        }
        if in_session {
            let session = decode_some::<Session>(session.as_ref())?;
            // A session that is not there has ended: forgetting one never revives its tokens.
            if session.is_none_or(|session| session.revoked || self.now() >= session.absolute_expiry) {
                return Err(ErrorCode::TokenRevoked.into());
            }
        }
        let marks = Marks::read([issuer, by_client, by_subject])?;
        self.judge(marks, epoch, issued_at, |kind| Event::new(kind).client(client).subject(subject).id(id))
    }

    /// Ends one token that was issued to `owner`. A token that is unknown, of somebody else, or no token at all is
    /// none of the caller's business: nothing happens, and nobody is told (RFC 7009 section 2.2).
    pub(crate) async fn end_token(&mut self, token: &str, owner: &str) -> Result<()> {
        let (id, client, expires_at) = if token.contains('.') {
            let verified = match self.verify_for_anybody(token).await {
                Ok(verified) => verified,
                // Nobody could say whose it is: not the same as nobody's.
                Err(error) if error.code().http_status() >= 500 => return Err(error),
                Err(_) => return Ok(()),
            };
            let client: Option<String> = match verified.claim("client_id")? {
                None => verified.claim("organizationId")?,
                known => known,
            };
            (verified.id(), client, verified.expires_at())
        } else {
            if ACCESS.check(token).is_err() {
                return Ok(());
            }
            let [entry] = self.records.load([access_key(&self.issuer.policy().issuer, token)]).await?;
            let Some(entry) = entry else { return Ok(()) };
            let access: Access = decode(&entry)?;
            (Some(access.id), Some(access.client), Some(access.expires_at))
        };
        let (Some(id), Some(expires_at)) = (id, expires_at) else { return Ok(()) };
        if client.as_deref() != Some(owner) {
            return Ok(());
        }
        let key = revoked_key(&self.issuer.policy().issuer, &id);
        // With a leeway the token is taken beyond its end, so it must stay known as revoked.
        let leeway = Lifetime::from_seconds(self.issuer.policy().leeway);
        let until = leeway.map_or(expires_at, |leeway| expires_at.after(leeway));
        let draft = Draft::new(&Revoked { at: self.now() }, until)?;
        // Somebody may have revoked it already, which is as good.
        if let Change::Done = self.records.insert(&key, draft).await? {
            self.emit(Event::new(EventKind::TokenRevoked).client(owner).id(id));
        }
        Ok(())
    }

    async fn access_jwt(&mut self, grant: Grant, id: String) -> Result<String> {
        let lifetime = grant.lifetime;
        let claims = self.claims_of(&grant, id);
        self.mint(claims, lifetime).await
    }

    /// What an access token says.
    fn claims_of(&self, grant: &Grant, id: String) -> Claims {
        let claims = grant.claims.clone().subject(&*grant.subject).id(id).set("client_id", &grant.client);
        let claims = match &grant.scope {
            Some(scope) => claims.set("scope", scope),
            None => claims,
        };
        let claims = match &grant.session {
            Some(session) => (self.issuer.policy().session_claims.iter())
                .fold(claims, |claims, name| claims.set(name.clone(), session)),
            None => claims,
        };
        claims.set(EPOCH, grant.epoch)
    }

    async fn access_handle(&mut self, grant: Grant, id: String) -> Result<String> {
        let claims = self.claims_of(&grant, id.clone());
        let claims = self.issuer.payload(&claims, grant.lifetime, &self.context)?;
        let Grant { client, subject, scope, session, epoch, lifetime, .. } = grant;
        let handle = ACCESS.generate(self.entropy());
        let (issued_at, expires_at) = (self.now(), self.now().after(lifetime));
        let access = Access { client, subject, scope, session, id, issued_at, expires_at, epoch, claims };
        let key = access_key(&self.issuer.policy().issuer, &handle);
        match self.records.insert(&key, access.draft()?).await? {
            Change::Done => Ok(handle),
            Change::Conflict(_) => Err(busy()),
        }
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessToken").field("expires_in", &self.expires_in).finish_non_exhaustive()
    }
}

// The claims may say anything.
impl fmt::Debug for ActiveToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ActiveToken")
            .field("client", &self.client)
            .field("subject", &self.subject)
            .field("scope", &self.scope)
            .field("id", &self.id)
            .field("issued_at", &self.issued_at)
            .field("expires_at", &self.expires_at)
            .field("audience", &self.audience)
            .finish_non_exhaustive()
    }
}

/// All that `aud` of these claims names (RFC 7519 section 4.1.3).
fn audience(claims: &str) -> Result<Vec<String>> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Audience {
        One(String),
        Many(Vec<String>),
    }
    #[derive(Deserialize)]
    struct Named {
        aud: Option<Audience>,
    }
    let Named { aud } = serde_json::from_str(claims).map_err(|_| Error::new(ErrorCode::StoreCorrupt))?;
    Ok(match aud {
        None => Vec::new(),
        Some(Audience::One(one)) => vec![one],
        Some(Audience::Many(many)) => many,
    })
}

/// The error for a bearer that is not a token that stands, whatever the cause; expiry alone is named.
pub(crate) fn unauthenticated(error: Error) -> Error {
    match error.code() {
        code if code.http_status() >= 500 => error,
        ErrorCode::RateLimited | ErrorCode::TokenExpired => error,
        _ => ErrorCode::Unauthenticated.into(),
    }
}
