//! Refresh: one load, one conditional write, and a decision that survives double clicks, crashes and thieves.

use super::Flow;
use super::api_key::TokenPair;
use super::client::{Client, client_key};
use super::records::{Change, MAX_ROUNDS, busy, decode_some};
use super::session::{Decision, Presented, Session, session_key};
use super::standing::{self, Marks};
use crate::error::{Error, ErrorCode, Result};
use crate::event::{Event, EventKind};
use crate::issuer::Issuer;
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
            standing::keys(&self.issuer.policy().issuer, &presented.client, &presented.subject);
        let keys = [key.clone(), client_key(&presented.client), issuer, by_client, by_subject];
        let [found, client, issuer, by_client, by_subject] = self.records.load(keys).await?;
        let client = decode_some::<Client>(client.as_ref())?
            .filter(|client| !client.disabled && client.answers_to(name));
        let marks = Marks::read([issuer, by_client, by_subject])?;
        let Some(client) = client else { return self.refuse(&presented.client, invalid_grant()) };
        let grace = self.issuer.policy().grace;
        let mut living = self.living(&presented, found, marks)?;
        let mut admitted = false;

        for _ in 0..MAX_ROUNDS {
            let Some((entry, session)) = living else {
                return self.refuse(&presented.client, invalid_grant());
            };
            let decision = session.decide(presented.generation, self.moment(), grace);
            // Only what is about to succeed counts: whoever holds an old token cannot use up the client's limit, and
            // no limit delays the end of a session whose token was copied.
            if matches!(decision, Decision::Rotate | Decision::Repeat) && !admitted {
                self.admit(&client.id).await?;
                admitted = true;
            }
            let (next, event) = match decision {
                Decision::Repeat => {
                    self.emit(session_event(EventKind::RefreshReplayed, &presented, &session));
                    return self.token_pair(&client, &session, &presented.session).await;
                }
                Decision::Regressed => {
                    self.emit(session_event(EventKind::StoreRegressed, &presented, &session));
                    return Err(ErrorCode::StoreRegressed.into());
                }
                Decision::Rotate => {
                    let idle = self.issuer.policy().session().idle;
                    (session.rotated(self.moment(), idle), EventKind::RefreshRotated)
                }
                Decision::Reuse => (session.revoked(), EventKind::RefreshReuseDetected),
            };
            let write = self.records.pending(&key, Some(&entry), next.draft()?);
            let event = session_event(event, &presented, &next);
            let written = if next.revoked {
                match self.records.commit(write).await? {
                    Change::Done => {
                        self.emit(event);
                        return Err(invalid_grant());
                    }
                    Change::Conflict(entry) => Err(entry),
                }
            } else {
                self.write_and_pair(write, event, &client, &next, &presented.session).await?
            };
            match written {
                Ok(pair) => return Ok(pair),
                // Somebody else changed the session: decide anew on what is there now.
                Err(entry) => living = self.living(&presented, entry, marks)?,
            }
        }
        Err(busy())
    }

    /// The session of a refresh token, if it made that token and still lives.
    fn living(
        &self,
        presented: &Presented,
        entry: Option<crate::Entry>,
        marks: Marks,
    ) -> Result<Option<(crate::Entry, Session)>> {
        let Some(entry) = entry else { return Ok(None) };
        let session: Session = super::records::decode(&entry)?;
        if !session.made(&self.issuer, presented)? || session.is_over(self.now()) {
            return Ok(None);
        }
        let event = |kind| session_event(kind, presented, &session);
        match self.judge(marks, Some(session.epoch), None, event) {
            Ok(()) => Ok(Some((entry, session))),
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
