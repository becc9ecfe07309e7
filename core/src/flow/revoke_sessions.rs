//! Log-out: one session ends, or all of a subject's, or all but one.

use super::Flow;
use super::refresh_token::Presented;
use crate::error::{Error, ErrorCode, Result};
use crate::event::{Event, EventKind};
use crate::issuer::Issuer;
use crate::record::journal::{Ended, EndedKind};
use crate::record::session::{Session, session_key};
use crate::record::sessions_mark::{SessionsMark, sessions_mark_key};
use crate::record::watermark::Marks;
use crate::record::{Draft, decode_some};
use crate::task::Task;
use crate::time::Context;

impl Issuer {
    /// Ends a session: its refresh token, and the access tokens that name it.
    ///
    /// # Errors
    /// The store's. An unknown session is as good as an ended one.
    pub fn revoke_session(&self, session: &str, context: &Context) -> Task<()> {
        let session = session.to_owned();
        self.task(context, |mut flow| async move { flow.end_session(&session).await })
    }

    /// Ends all sessions of a subject that were opened before now, and their tokens; with `except`, all but that one.
    /// Other tokens about the subject stand: those are for [`Issuer::revoke_subject`].
    ///
    /// ```
    /// use tokenmint::*;
    /// let keys = KeySet::builder().hmac("k1", [7; 32].as_slice())?.build()?;
    /// let policy = Policy::new("https://api.example.com").session_secret([9; 32].as_slice());
    /// let (issuer, store) = (Issuer::new(keys, policy)?, MemoryStore::new());
    /// let context = |seed| Context::new(UnixTime::from_seconds(1_700_000_000), [seed; 32]);
    ///
    /// let phone = issuer.start_session(StartSession::new("u1"), &context(1)).run(&store).result?;
    /// let laptop = issuer.start_session(StartSession::new("u1"), &context(2)).run(&store).result?;
    /// issuer.revoke_sessions("u1", Some(&laptop.session), &context(3)).run(&store).result?;
    /// assert!(issuer.check(&laptop.access_token, &context(4)).run(&store).result.is_ok());
    /// let error = issuer.check(&phone.access_token, &context(5)).run(&store).result.unwrap_err();
    /// assert_eq!(error.code(), ErrorCode::TokenRevoked);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// `not_found` at `except` where that is no session of the subject that stands: then none ends; `store_busy`, and the
    /// store's.
    pub fn revoke_sessions(&self, subject: &str, except: Option<&str>, context: &Context) -> Task<()> {
        let (subject, except) = (subject.to_owned(), except.map(str::to_owned));
        self.task(context, |mut flow| async move { flow.end_sessions(&subject, except.as_deref()).await })
    }
}

impl Flow {
    async fn end_session(&mut self, id: &str) -> Result<()> {
        self.end_session_if(id, |_| Ok(true)).await
    }

    /// Ends the session that has made a refresh token, the current one or one before.
    pub(super) async fn end_session_of(&mut self, presented: &Presented) -> Result<()> {
        let issuer = self.issuer.clone();
        self.end_session_if(&presented.session, |session| session.made(&issuer, presented)).await
    }

    async fn end_session_if(&mut self, id: &str, is_meant: impl Fn(&Session) -> Result<bool>) -> Result<()> {
        let mut update = self.records.open(session_key(id)).await?;
        while let Some(session) = update.found::<Session>()?.filter(|session| !session.revoked) {
            if !is_meant(&session)? {
                break;
            }
            let session = session.named(id);
            self.announce_session(&session).await?;
            let ended = session.revoked().draft(&self.issuer.policy().issuer)?;
            if self.records.write(&mut update, ended).await? {
                self.emit(session.event(EventKind::SessionRevoked));
                break;
            }
        }
        Ok(())
    }

    async fn end_sessions(&mut self, subject: &str, except: Option<&str>) -> Result<()> {
        let kept = match except {
            Some(id) => Some(self.session_to_keep(subject, id).await?),
            None => None,
        };
        let key = sessions_mark_key(&self.issuer.policy().issuer, subject);
        let mut update = self.records.open(key).await?;
        loop {
            let mark: SessionsMark = update.found()?.unwrap_or_default();
            // Judged by the very mark that is replaced: a session that another has ended meanwhile never comes back.
            if kept.as_ref().is_some_and(|session| mark.check(session).is_err()) {
                return Err(not_to_keep());
            }
            let ended = Ended::new(EndedKind::Sessions, self.now());
            let (subject_of, before) = (Some(subject.to_owned()), Some(mark.epoch));
            let except_of = except.map(str::to_owned);
            self.announce(Ended { subject: subject_of, before, except: except_of, ..ended }).await?;
            let raised = mark.raised(except, &self.context);
            if self.records.write(&mut update, Draft::permanent(&raised)?).await? {
                let event = Event::new(EventKind::WatermarkRaised).subject(subject);
                self.emit(event.generation(raised.epoch));
                return Ok(());
            }
        }
    }

    /// The session of the subject that stays, as far as the mark over its sessions does not say otherwise.
    async fn session_to_keep(&self, subject: &str, id: &str) -> Result<Session> {
        let [entry] = self.records.load([session_key(id)]).await?;
        let session = decode_some::<Session>(entry.as_ref())?.ok_or_else(not_to_keep)?.named(id);
        if session.subject != subject || session.is_over(self.now()) {
            return Err(not_to_keep());
        }
        let marks: Marks = self.marks(session.client.as_deref().unwrap_or_default(), subject).await?;
        marks.check(Some(session.epoch), None).map_err(|_| not_to_keep())?;
        Ok(session)
    }
}

fn not_to_keep() -> Error {
    Error::new(ErrorCode::NotFound).at("except").because("the subject has no such session")
}
