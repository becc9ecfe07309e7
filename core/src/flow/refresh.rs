//! Refresh: one load, one conditional write, and a decision that survives double clicks, crashes and thieves.

use super::Flow;
use super::refresh_token::Presented;
use super::token_pair::TokenPair;
use crate::error::{Error, ErrorCode, Result};
use crate::event::{Event, EventKind};
use crate::issuer::Issuer;
use crate::record::client::{Client, client_key};
use crate::record::session::{RefreshDecision, Session, session_key};
use crate::record::watermark::{self, Marks};
use crate::record::{Update, decode_some};
use crate::task::Task;
use crate::time::Context;

impl Issuer {
    /// Exchanges a refresh token for the next pair of tokens.
    ///
    /// The current refresh token is exchanged once; for a grace period the one before gets the same successor again.
    /// Anything older ends the session: somebody has a copy.
    ///
    /// # Errors
    /// `invalid_grant` for whatever is wrong with the token; `store_regressed` where the store has lost a write;
    /// `store_busy`, and the store's.
    pub fn refresh(&self, refresh_token: &str, context: &Context) -> Task<TokenPair> {
        let token = refresh_token.to_owned();
        self.task(context, |mut flow| async move { flow.refresh(&token, None, None).await })
    }

    /// As [`Issuer::refresh`], for a client that has proved who it is: the token must be its own.
    pub fn refresh_as(&self, refresh_token: &str, client: &str, context: &Context) -> Task<TokenPair> {
        let (token, client) = (refresh_token.to_owned(), client.to_owned());
        self.task(context, |mut flow| async move { flow.refresh(&token, Some(&client), None).await })
    }
}

impl Flow {
    /// Refreshes; `client` has proved who it is, `name` is only what somebody states.
    pub(crate) async fn refresh(
        &mut self,
        token: &str,
        client: Option<&str>,
        name: Option<&str>,
    ) -> Result<TokenPair> {
        self.issuer.sessions()?;
        let Ok(presented) = Presented::parse(&self.issuer, token) else {
            return self.refuse("", invalid_grant());
        };
        if client.is_some_and(|client| client != presented.client) {
            return self.refuse(&presented.client, invalid_grant());
        }
        let key = session_key(&presented.session);
        let [issuer, by_client, by_subject] =
            watermark::keys(&self.issuer.policy().issuer, &presented.client, &presented.subject);
        let keys = [key.clone(), client_key(&presented.client), issuer, by_client, by_subject];
        let [found, client, issuer, by_client, by_subject] = self.records.load(keys).await?;
        let client = decode_some::<Client>(client.as_ref())?
            .filter(|client| !client.disabled && client.answers_to(name));
        let marks = Marks::read([issuer, by_client, by_subject])?;
        let Some(client) = client else { return self.refuse(&presented.client, invalid_grant()) };
        let grace = self.issuer.policy().grace;
        let mut update = Update::new(key, found);
        let mut admitted = false;

        // Where somebody else changes the session at the same time, decide anew on what is there now.
        loop {
            let Some(session) = self.living(&presented, update.found()?, marks)? else {
                return self.refuse(&presented.client, invalid_grant());
            };
            let decision = session.decide(presented.generation, self.moment(), grace);
            // Only what is about to succeed counts: whoever holds an old token cannot use up the client's limit, and
            // no limit delays the end of a session whose token was copied.
            if matches!(decision, RefreshDecision::Rotate | RefreshDecision::Repeat) && !admitted {
                self.admit(&client.id).await?;
                admitted = true;
            }
            let (next, event) = match decision {
                RefreshDecision::Repeat => {
                    self.emit(session_event(EventKind::RefreshReplayed, &presented, &session));
                    return self.token_pair(&client, &session, &presented.session).await;
                }
                RefreshDecision::Regressed => {
                    self.emit(session_event(EventKind::StoreRegressed, &presented, &session));
                    return Err(ErrorCode::StoreRegressed.into());
                }
                RefreshDecision::Rotate => {
                    let idle = self.issuer.policy().session().idle;
                    (session.rotated(self.moment(), idle), EventKind::RefreshRotated)
                }
                RefreshDecision::Reuse => (session.revoked(), EventKind::RefreshReuseDetected),
            };
            let event = session_event(event, &presented, &next);
            if !next.revoked {
                let pair =
                    self.write_and_pair(&mut update, event, &client, &next, &presented.session).await?;
                if let Some(pair) = pair {
                    return Ok(pair);
                }
            } else if self.records.write(&mut update, next.draft()?).await? {
                self.emit(event);
                return Err(invalid_grant());
            }
        }
    }

    /// The session of a refresh token, if it made that token and still lives.
    fn living(
        &self,
        presented: &Presented,
        session: Option<Session>,
        marks: Marks,
    ) -> Result<Option<Session>> {
        let Some(session) = session else { return Ok(None) };
        if !session.made(&self.issuer, presented)? || session.is_over(self.now()) {
            return Ok(None);
        }
        let event = |kind| session_event(kind, presented, &session);
        match self.judge(marks, Some(session.epoch), None, event) {
            Ok(()) => Ok(Some(session)),
            Err(error) if error.code() == ErrorCode::TokenRevoked => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn session_event(kind: EventKind, presented: &Presented, session: &Session) -> Event {
    Event::new(kind)
        .client(&*session.client)
        .subject(&*session.subject)
        .session(&*presented.session)
        .generation(session.generation)
}

fn invalid_grant() -> Error {
    Error::new(ErrorCode::InvalidGrant).because("the refresh token is not valid")
}
