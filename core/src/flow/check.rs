//! Whether a token stands: verified offline, then judged by what the store knows of it.

use std::fmt;

use serde::Deserialize;

use super::Flow;
use super::access_token::ACCESS;
use super::own_claims::{CLIENT_ID, NARROWED_FROM, ORGANIZATION, SCOPE, SESSION};
use crate::error::{Error, ErrorCode, Result};
use crate::event::Event;
use crate::issuer::Issuer;
use crate::record::access::{Access, access_key};
use crate::record::client::{Client, client_key};
use crate::record::decode_some;
use crate::record::revoked::revoked_key;
use crate::record::session::{Session, session_key};
use crate::record::sessions_mark::{SessionsMark, sessions_mark_key};
use crate::record::watermark::{self, EPOCH, Marks};
use crate::task::Task;
use crate::time::{Context, Moment, UnixTime};
use crate::token::id::minted_at;
use crate::token::verified::Verified;

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

/// What the store is asked about a token.
struct Questioned<'a> {
    token: &'a ActiveToken,
    session: Option<String>,
    epoch: Option<u64>,
    issued_at: Option<Moment>,
    /// The ids of the tokens that it was narrowed from.
    narrowed_from: Vec<String>,
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
    /// The one place where a presented token is judged.
    pub(crate) async fn check(&self, token: &str) -> Result<ActiveToken> {
        Ok(self.check_with_marks(token).await?.0)
    }

    /// As [`Flow::check`]; with the watermarks under which the token stands.
    pub(super) async fn check_with_marks(&self, token: &str) -> Result<(ActiveToken, Marks)> {
        if token.contains('.') {
            let verified = self.verify(token).await?;
            return self.check_jwt(&verified).await;
        }
        ACCESS.check(token)?;
        let [entry] = self.records.load([access_key(&self.issuer.policy().issuer, token)]).await?;
        let Some(access) = decode_some::<Access>(entry.as_ref())? else {
            return Err(ErrorCode::TokenRevoked.into());
        };
        if self.now() >= access.expires_at {
            return Err(ErrorCode::TokenExpired.into());
        }
        let active = ActiveToken {
            client: access.client,
            subject: Some(access.subject),
            scope: access.scope,
            id: Some(access.id),
            issued_at: Some(access.issued_at),
            expires_at: Some(access.expires_at),
            audience: audience(&access.claims)?,
            claims: access.claims,
        };
        let (session, epoch, issued_at) = (access.session, Some(access.epoch), None);
        let narrowed_from = access.narrowed_from;
        let marks =
            self.stands(Questioned { token: &active, session, epoch, issued_at, narrowed_from }).await?;
        Ok((active, marks))
    }

    /// Asks the store about a verified JWT.
    pub(crate) async fn check_verified(&self, verified: &Verified) -> Result<ActiveToken> {
        Ok(self.check_jwt(verified).await?.0)
    }

    async fn check_jwt(&self, verified: &Verified) -> Result<(ActiveToken, Marks)> {
        let active = ActiveToken {
            client: client_of(verified)?,
            subject: verified.subject(),
            scope: verified.claim(SCOPE)?,
            id: verified.id(),
            issued_at: verified.issued_at(),
            expires_at: verified.expires_at(),
            audience: audience(verified.json())?,
            claims: verified.json().to_owned(),
        };
        let questioned = Questioned {
            token: &active,
            session: verified.claim(SESSION)?,
            epoch: verified.claim(EPOCH)?,
            issued_at: minted_at(verified),
            narrowed_from: verified.claim(NARROWED_FROM)?.unwrap_or_default(),
        };
        let marks = self.stands(questioned).await?;
        self.check_named_session(verified).await?;
        Ok((active, marks))
    }

    /// Refused if any record says so: the token's own, its session's, that of a token it was narrowed from, or a
    /// watermark.
    async fn stands(&self, questioned: Questioned<'_>) -> Result<Marks> {
        let Questioned { token, session, epoch, issued_at, narrowed_from } = questioned;
        let name = &self.issuer.policy().issuer;
        let client = token.client.as_deref().unwrap_or_default();
        let subject = token.subject.as_deref().unwrap_or_default();
        let id = token.id.as_deref().unwrap_or_default();
        let [issuer, by_client, by_subject] = watermark::keys(name, client, subject);
        // Without a session its place is taken by a key that is read anyway.
        let or_issuer = |key: Option<_>| key.unwrap_or_else(|| issuer.clone());
        let session_at = or_issuer(session.as_deref().map(session_key));
        let mark_at = or_issuer(session.is_some().then(|| sessions_mark_key(name, subject)));
        let keys =
            [revoked_key(name, id), client_key(client), session_at, mark_at, issuer, by_client, by_subject];
        let [revoked, owner, record, mark, issuer, by_client, by_subject] = self.records.load(keys).await?;
        let owner = decode_some::<Client>(owner.as_ref())?;
        if revoked.is_some() || owner.is_some_and(|owner| owner.disabled) {
            return Err(ErrorCode::TokenRevoked.into());
        }
        let event = |kind| {
            let event = Event::new(kind).subject(subject).id(id);
            Event { client: Some(client.to_owned()), ..event }
        };
        if let Some(session) = session {
            // A session that is not there has ended: forgetting one never revives its tokens.
            let record = decode_some::<Session>(record.as_ref())?.ok_or(ErrorCode::TokenRevoked)?;
            if record.revoked || self.now() >= record.absolute_expiry {
                return Err(ErrorCode::TokenRevoked.into());
            }
            // Whoever mints tokens in a session may leave the subject out.
            let [mark] = match record.subject == subject {
                true => [mark],
                false => self.records.load([sessions_mark_key(name, &record.subject)]).await?,
            };
            let mark = decode_some::<SessionsMark>(mark.as_ref())?.unwrap_or_default();
            self.tell_loss(mark.check(&record.named(&session)), event)?;
        }
        let parents: Vec<_> = narrowed_from.iter().map(|id| revoked_key(name, id)).collect();
        if self.records.load_all(&parents).await?.iter().any(Option::is_some) {
            return Err(ErrorCode::TokenRevoked.into());
        }
        let marks = Marks::read([issuer, by_client, by_subject])?;
        self.judge(marks, epoch, issued_at, event)?;
        Ok(marks)
    }
}

/// The client or organization that a JWT was issued to.
pub(super) fn client_of(verified: &Verified) -> Result<Option<String>> {
    match verified.claim(CLIENT_ID)? {
        None => verified.claim(ORGANIZATION),
        known => Ok(known),
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
pub(super) fn audience(claims: &str) -> Result<Vec<String>> {
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
