//! Refresh: one load, one conditional write, and a decision that survives double clicks, crashes and thieves.

use std::fmt;

use super::client::{ClientProof, Demand};
use super::holder::Holder;
use super::refresh_token::Presented;
use super::token_pair::{Asked, TokenPair};
use super::{Flow, audience};
use crate::error::{Error, ErrorCode, Result};
use crate::event::EventKind;
use crate::issuer::Issuer;
use crate::record::client::{Client, client_key};
use crate::record::session::{RefreshDecision, Session, session_key};
use crate::record::sessions_mark::{SessionsMark, sessions_mark_key};
use crate::record::watermark::{self, Marks};
use crate::record::{Stored, Update, decode_some};
use crate::scope;
use crate::task::Task;
use crate::time::Context;

/// A request for the next pair of tokens.
#[derive(Clone)]
pub struct Refresh {
    pub(crate) token: String,
    pub(crate) client: Option<String>,
    /// A name that somebody states.
    pub(crate) name: Option<String>,
    pub(crate) scope: Option<String>,
    pub(crate) audience: Vec<String>,
    pub(crate) holder: Holder,
}

impl Refresh {
    /// A request with a refresh token.
    pub fn new(refresh_token: impl Into<String>) -> Self {
        Refresh {
            token: refresh_token.into(),
            client: None,
            name: None,
            scope: None,
            audience: Vec::new(),
            holder: Holder::default(),
        }
    }

    /// The client that presents it and has proved who it is: the session must be its own.
    #[must_use]
    pub fn client(mut self, client: impl Into<String>) -> Self {
        self.client = Some(client.into());
        self
    }

    /// Less than the session's scope, for this access token only (RFC 6749 section 6).
    #[must_use]
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scope = Some(scope.into());
        self
    }

    /// Some of those whom the session's tokens are for, for this access token only; said again, one more (RFC 8707 section 2.2).
    #[must_use]
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audience.push(audience.into());
        self
    }

    /// The thumbprint of the key of which the host has checked a proof: that of the session, where it is bound to one. The
    /// access token is bound to it.
    #[must_use]
    pub fn key(mut self, jkt: impl Into<String>) -> Self {
        self.holder = self.holder.with_key(jkt.into());
        self
    }

    /// The SHA-256 of the certificate by which the client has proved itself: the access token is bound to it.
    #[must_use]
    pub fn certificate(mut self, sha256: [u8; 32]) -> Self {
        self.holder = self.holder.with_certificate(sha256);
        self
    }

    /// The name that the client states, which is its own if it has one.
    pub(crate) fn stating(self, name: Option<String>) -> Self {
        Refresh { name, ..self }
    }
}

impl Refresh {
    /// Refuses what is more than the session has.
    fn check_within(&self, session: &Session, policy: &[String]) -> Result<()> {
        if let Some(asked) = &self.scope {
            scope::check_within(asked, session.scope.as_deref().unwrap_or_default())?;
        }
        audience::granted(&self.audience, &session.audience, policy).map(drop)
    }
}

impl From<&str> for Refresh {
    fn from(refresh_token: &str) -> Self {
        Refresh::new(refresh_token)
    }
}

impl From<&String> for Refresh {
    fn from(refresh_token: &String) -> Self {
        Refresh::new(refresh_token)
    }
}

impl Issuer {
    /// Exchanges a refresh token for the next pair of tokens.
    ///
    /// The current refresh token is exchanged once; for a grace period the one before gets the same successor again.
    /// Anything older ends the session: somebody has a copy.
    ///
    /// # Errors
    /// `invalid_grant` for whatever is wrong with the token, and for one that is bound to another key; `invalid_dpop_proof` where
    /// there must be a key; `invalid_scope` and `invalid_target` for more than the session has;
    /// `rate_limited` for its client; `store_regressed` where the store has lost a write; `store_busy`, and the store's.
    pub fn refresh(&self, request: impl Into<Refresh>, context: &Context) -> Task<TokenPair> {
        let request = request.into();
        self.task(context, |mut flow| async move { flow.refresh(&request).await })
    }
}

/// What a refresh token leads to.
struct Found {
    session: Update,
    client: Option<Stored>,
    marks: Marks,
    mark: SessionsMark,
}

impl Flow {
    pub(crate) async fn refresh(&mut self, request: &Refresh) -> Result<TokenPair> {
        self.issuer.sessions()?;
        let Ok(presented) = Presented::parse(&self.issuer, &request.token) else {
            return self.refuse("", invalid_grant());
        };
        if request.client.is_some() && request.client != presented.client {
            return self.refuse(presented.client.as_deref().unwrap_or_default(), invalid_grant());
        }
        let found = self.found(&presented).await?;
        let client = decode_some(found.client.as_ref())?;
        self.exchange(request, &presented, client, found, false).await
    }

    /// As [`Flow::refresh`], for a client that proves itself and meets a demand: the session must be its own.
    pub(crate) async fn refresh_by(
        &mut self,
        proof: &ClientProof,
        demand: Demand<'_>,
        request: &Refresh,
    ) -> Result<TokenPair> {
        self.issuer.sessions()?;
        let presented = Presented::parse(&self.issuer, &request.token).ok();
        let Some(presented) = presented.filter(|presented| presented.client.as_ref() == Some(&proof.id))
        else {
            self.proven(proof, demand).await?;
            return self.refuse(&proof.id, invalid_grant());
        };
        let found = self.found(&presented).await?;
        let client = self.authenticate(proof, found.client.as_ref(), demand).await?;
        // Anybody can say that they are a public client: it is counted by what succeeds.
        self.exchange(request, &presented, Some(client), found, !proof.is_public()).await
    }

    /// Reads what a refresh token leads to.
    async fn found(&self, presented: &Presented) -> Result<Found> {
        let name = &self.issuer.policy().issuer;
        let id = presented.client.as_deref().unwrap_or_default();
        let [issuer, by_client, by_subject] = watermark::keys(name, id, &presented.subject);
        let key = session_key(&presented.session);
        let mark = sessions_mark_key(name, &presented.subject);
        let keys = [key.clone(), client_key(id), mark, issuer, by_client, by_subject];
        let [found, client, mark, issuer, by_client, by_subject] = self.records.load(keys).await?;
        let marks = Marks::read([issuer, by_client, by_subject])?;
        let mark = decode_some::<SessionsMark>(mark.as_ref())?.unwrap_or_default();
        Ok(Found { session: Update::new(key, found), client, marks, mark })
    }

    async fn exchange(
        &mut self,
        request: &Refresh,
        presented: &Presented,
        client: Option<Client>,
        found: Found,
        mut admitted: bool,
    ) -> Result<TokenPair> {
        let Found { session: mut update, marks, mark, .. } = found;
        let id = presented.client.as_deref().unwrap_or_default();
        if let Some(id) = &presented.client
            && !client
                .as_ref()
                .is_some_and(|client| !client.disabled && client.answers_to(request.name.as_deref()))
        {
            return self.refuse(id, invalid_grant());
        }
        let client = client.filter(|_| presented.client.is_some());
        let grace = self.issuer.policy().grace;
        let holder = &request.holder;
        let asked =
            Asked { scope: request.scope.as_deref(), audience: &request.audience, holder: Some(holder) };

        let mut held = false;

        // Where somebody else changes the session at the same time, decide anew on what is there now.
        loop {
            let Some(session) = self.living(presented, update.found()?, marks, &mark)? else {
                return self.refuse(id, invalid_grant());
            };
            // Who lacks what it is bound to has a copy that is good for nothing, not even to end it.
            if let Err(error) = holder.check_session(&session, client.as_ref()) {
                return self.refuse(id, error);
            }
            let decision = session.decide(presented.generation, self.moment(), grace);
            let gives = matches!(decision, RefreshDecision::Rotate | RefreshDecision::Repeat);
            if gives && let Err(error) = request.check_within(&session, &self.issuer.policy().audience) {
                return self.refuse(id, error);
            }
            if gives && !admitted {
                // Only what is about to succeed counts: whoever holds an old token cannot use up the client's limit, and
                // no limit delays the end of a session whose token was copied.
                if client.is_some() {
                    self.admit(id).await?;
                }
                admitted = true;
            }
            if gives && !held {
                if let Err(error) = self.hold(holder, client.as_ref()).await {
                    return self.refuse(id, error);
                }
                held = true;
            }
            let event = |kind, session: &Session| session.event(kind).generation(session.generation);
            match decision {
                RefreshDecision::Repeat if self.issuer.policy().lists_access_tokens() => {
                    let told = event(EventKind::RefreshReplayed, &session);
                    let pair =
                        self.write_and_pair(&mut update, told, client.as_ref(), session, asked).await?;
                    if let Some(pair) = pair {
                        return Ok(pair);
                    }
                }
                RefreshDecision::Repeat => {
                    self.emit(event(EventKind::RefreshReplayed, &session));
                    return self.token_pair(client.as_ref(), session, asked).await;
                }
                RefreshDecision::Regressed => {
                    self.emit(event(EventKind::StoreRegressed, &session));
                    return Err(ErrorCode::StoreRegressed.into());
                }
                RefreshDecision::Rotate => {
                    let next = session.rotated(self.moment(), self.issuer.policy().session().idle);
                    let told = event(EventKind::RefreshRotated, &next);
                    let pair = self.write_and_pair(&mut update, told, client.as_ref(), next, asked).await?;
                    if let Some(pair) = pair {
                        return Ok(pair);
                    }
                }
                RefreshDecision::Reuse => {
                    self.announce_session(&session).await?;
                    let ended = session.revoked().draft(&self.issuer.policy().issuer)?;
                    if self.records.write(&mut update, ended).await? {
                        self.emit(event(EventKind::RefreshReuseDetected, &session));
                        return Err(invalid_grant());
                    }
                }
            }
        }
    }

    /// The session of a refresh token, if it made that token and still lives.
    fn living(
        &self,
        presented: &Presented,
        found: Option<Session>,
        marks: Marks,
        mark: &SessionsMark,
    ) -> Result<Option<Session>> {
        let Some(session) = found else { return Ok(None) };
        let session = session.named(&presented.session);
        if !session.made(&self.issuer, presented)? || session.is_over(self.now()) {
            return Ok(None);
        }
        match self.judge_session(&session, marks, mark) {
            Ok(()) => Ok(Some(session)),
            Err(error) if error.code() == ErrorCode::TokenRevoked => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl fmt::Debug for Refresh {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refresh")
            .field("client", &self.client)
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}

fn invalid_grant() -> Error {
    Error::new(ErrorCode::InvalidGrant).because("the refresh token is not valid")
}
