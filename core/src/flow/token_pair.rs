//! An API key for a session: an access token, and a refresh token for the next one.

use std::fmt;

use super::Flow;
use super::access::{AccessToken, Grant};
use super::client::{ClientProof, Demand};
use crate::claims::Claims;
use crate::encoding::base64url;
use crate::error::Result;
use crate::event::{Event, EventKind};
use crate::issuer::Issuer;
use crate::policy::AccessFormat;
use crate::record::client::{Client, Permission, client_key};
use crate::record::session::{Session, session_key};
use crate::record::watermark::Marks;
use crate::record::{Update, busy};
use crate::task::Task;
use crate::time::{Context, Lifetime, UnixTime};

/// What a session gives: an access token, and the refresh token for the next pair.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenPair {
    /// The access token: to be sent as a bearer.
    pub access_token: String,
    /// How long the access token lives.
    pub expires_in: Lifetime,
    /// The refresh token: good for one exchange.
    pub refresh_token: String,
    /// How long the refresh token lives if it is not used.
    pub refresh_expires_in: Lifetime,
    /// The id of the session; `sid` in the access token.
    pub session: String,
}

/// A condition on the client beyond its secret.
#[derive(Clone, Debug, Default)]
pub struct ClientConditions {
    /// The client must have this name, if it has one.
    pub name: Option<String>,
}

impl Issuer {
    /// Opens a session for an API key.
    ///
    /// # Errors
    /// `invalid_client`, `rate_limited`, `policy_invalid` without a session secret, and the store's.
    pub fn exchange_api_key(
        &self,
        api_key: ClientProof,
        conditions: ClientConditions,
        context: &Context,
    ) -> Task<TokenPair> {
        self.task(context, |mut flow| async move {
            let ClientConditions { name } = conditions;
            let demand = Demand { name: name.as_deref(), ..Permission::Sessions.into() };
            flow.open_session(&api_key, demand).await
        })
    }
}

impl Flow {
    pub(crate) async fn open_session(
        &mut self,
        proof: &ClientProof,
        demand: Demand<'_>,
    ) -> Result<TokenPair> {
        self.issuer.sessions()?;
        let [entry] = self.records.load([client_key(&proof.id)]).await?;
        let client = self.authenticate(proof, entry.as_ref(), demand).await?;
        let subject = client.subject.clone().unwrap_or_else(|| client.id.clone());
        let marks = self.marks(&client.id, &subject).await?;
        let id = self.entropy().uuid().to_string();
        let session = self.new_session(&client, subject, marks);
        let mut update = Update::new(session_key(&id), None);
        let event = Event::new(EventKind::SessionOpened).client(&*client.id).subject(&*session.subject);
        let event = event.session(&*id);
        self.write_and_pair(&mut update, event, &client, &session, &id).await?.ok_or_else(busy)
    }

    /// Writes the session and gives its tokens; `None` where another was first.
    ///
    /// A signature is made before the write: while the host's signer is away nothing changes, and the client can try
    /// again. That of a write that was lost is thrown away.
    pub(crate) async fn write_and_pair(
        &mut self,
        update: &mut Update,
        event: Event,
        client: &Client,
        session: &Session,
        id: &str,
    ) -> Result<Option<TokenPair>> {
        let write = self.records.prepare(update, session.draft()?);
        let early = match self.issuer.policy().access_format {
            AccessFormat::Jwt => Some(self.make_pair(client, session, id).await?),
            // Its record must not be there before the session's.
            AccessFormat::Opaque => None,
        };
        if !self.records.commit(update, write).await? {
            return Ok(None);
        }
        self.emit(event);
        let (pair, issued) = match early {
            Some(made) => made,
            None => self.make_pair(client, session, id).await?,
        };
        self.emit(issued);
        Ok(Some(pair))
    }

    /// The tokens of a session as its record is.
    pub(crate) async fn token_pair(
        &mut self,
        client: &Client,
        session: &Session,
        id: &str,
    ) -> Result<TokenPair> {
        let (pair, issued) = self.make_pair(client, session, id).await?;
        self.emit(issued);
        Ok(pair)
    }

    /// The tokens, and the event to tell when they are given.
    async fn make_pair(
        &mut self,
        client: &Client,
        session: &Session,
        id: &str,
    ) -> Result<(TokenPair, Event)> {
        let refresh_token = session.refresh_token(&self.issuer, id)?;
        let claims =
            client.claims.iter().fold(Claims::new(), |claims, (name, value)| claims.set(name.clone(), value));
        // An access token does not outlive its session.
        let lifetime = self.issuer.policy().session().access.min(until(self.now(), session.absolute_expiry));
        let grant = Grant {
            client: session.client.clone(),
            subject: session.subject.clone(),
            scope: Some(session.scope.clone()),
            session: Some(id.to_owned()),
            epoch: session.epoch,
            lifetime,
            claims,
        };
        let (AccessToken { access_token, expires_in }, issued) = self.make_access_token(grant).await?;
        let refresh_expires_in = until(self.now(), session.idle_expiry);
        let session = id.to_owned();
        Ok((TokenPair { access_token, expires_in, refresh_token, refresh_expires_in, session }, issued))
    }

    fn new_session(&mut self, client: &Client, subject: String, marks: Marks) -> Session {
        let salt = base64url(&self.entropy().bytes::<16>());
        let now = self.now();
        let policy = self.issuer.policy();
        let lifetimes = policy.session();
        let absolute_expiry = now.after(lifetimes.absolute);
        Session {
            generation: 1,
            rotated_at: self.moment(),
            subject,
            client: client.id.clone(),
            scope: String::new(),
            absolute_expiry,
            idle_expiry: now.after(lifetimes.idle).min(absolute_expiry),
            salt,
            epoch: marks.epoch(),
            revoked: false,
        }
    }
}

impl fmt::Debug for TokenPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenPair")
            .field("expires_in", &self.expires_in)
            .field("refresh_expires_in", &self.refresh_expires_in)
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}

/// The time from `now` to `end`, at least one second.
pub(crate) fn until(now: UnixTime, end: UnixTime) -> Lifetime {
    let seconds = u64::try_from(end.seconds() - now.seconds()).unwrap_or(0).max(1);
    Lifetime::from_seconds(seconds).unwrap_or(Lifetime::MAX)
}
