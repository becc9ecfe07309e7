//! What happened, for those who asked to be told: events from the journal, signed, until they are acknowledged.
//!
//! Nothing is written for an event when it happens but the journal's entry, which stands there before. Whoever asks reads the
//! journal, looks at the record that each entry speaks of, and remembers in the receiver's own record how far that was.

use std::fmt;

use super::Flow;
use super::check::{claims_of, unauthenticated};
use super::page::{Page, cursor};
use super::security_event::{event_of, has_happened, is_ended_by, is_of_each_session, record_key, told};
use crate::encoding::{base64url, fingerprint};
use crate::error::{Error, ErrorCode, Result};
use crate::event::{Event, EventKind};
use crate::event_receiver::EventReceiver;
use crate::issuer::Issuer;
use crate::json::to_bytes;
use crate::record::journal::{Cursor, Ended};
use crate::record::outbox::{Announced, Outbox, Told, outbox_key};
use crate::record::session::{Session, sessions_of};
use crate::record::{Lasting as _, decode};
use crate::secret::Secret;
use crate::task::Task;
use crate::time::Context;
use crate::token::confirmation::{CNF, check_bearer};

/// The header's `typ` of a security event token (RFC 8417 section 2.3).
const SET_TYPE: &str = "secevent+jwt";
/// The most events that are given out at once.
const MOST: u32 = 100;
/// How many entries of the journal are read at once.
const ENTRIES: usize = 32;
/// How often the journal is read for one answer.
const READS: usize = 8;
/// How many sessions are looked at at once.
const SESSIONS: u32 = 32;
/// How long an event of one session is without names, in bytes.
const SESSION_EVENT: usize = 1024;

/// Asks for the security events of a receiver, and says what became of those before (RFC 8936 section 2.2).
#[derive(Clone, Debug, Default)]
pub struct PollEvents {
    pub(crate) receiver: String,
    pub(crate) max_events: Option<u32>,
    pub(crate) ack: Vec<String>,
    pub(crate) refused: Vec<RefusedEvent>,
    pub(crate) holder: Option<String>,
}

/// An event that its receiver does not take (RFC 8936 section 2.2: `setErrs`).
#[derive(Clone, Debug)]
pub(crate) struct RefusedEvent {
    pub(crate) id: String,
    pub(crate) err: String,
}

/// Security events of a receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolledEvents {
    /// The tokens, the oldest first.
    pub sets: Vec<SecurityEventToken>,
    /// Whether there are more.
    pub more_available: bool,
}

/// A signed event.
#[derive(Clone, PartialEq, Eq)]
pub struct SecurityEventToken {
    /// Its id, `jti`: the same for the same event, however often it is given out.
    pub id: String,
    /// The token (RFC 8417).
    pub token: String,
}

impl fmt::Debug for SecurityEventToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecurityEventToken").field("id", &self.id).finish_non_exhaustive()
    }
}

impl PollEvents {
    /// For the events of this receiver.
    pub fn new(receiver: impl Into<String>) -> Self {
        PollEvents { receiver: receiver.into(), ..PollEvents::default() }
    }

    /// At most so many, 100 by default and at most; 0 says only what became of those before.
    #[must_use]
    pub fn max_events(mut self, most: u32) -> Self {
        self.max_events = Some(most);
        self
    }

    /// The receiver has this one: it is not given out again.
    #[must_use]
    pub fn ack(mut self, id: impl Into<String>) -> Self {
        self.ack.push(id.into());
        self
    }

    /// The receiver does not take this one, with its error code (RFC 8935 section 2.4): it is not given out again, and an event
    /// of this process says so.
    #[must_use]
    pub fn refused(mut self, id: impl Into<String>, err: impl Into<String>) -> Self {
        self.refused.push(RefusedEvent { id: id.into(), err: err.into() });
        self
    }

    /// Keeps the events for this host for a minute, whatever others ask in the same way: of several that send them, one does.
    #[must_use]
    pub fn holder(mut self, host: impl Into<String>) -> Self {
        self.holder = Some(host.into());
        self
    }
}

impl Issuer {
    /// Gives out security events of a receiver of the policy ([`Policy::event_receiver`](crate::Policy::event_receiver)): each
    /// again and again, with the same `jti`, until it is acknowledged. An event that was acknowledged may come again where the
    /// same act was announced twice, before a crash and behind it.
    ///
    /// ```
    /// use tokenmint::*;
    /// let keys = KeySet::builder().hmac("k1", [7; 32].as_slice())?.build()?;
    /// let policy = Policy::new("https://id.example.com").event_receiver(EventReceiver::new("https://rp.example.com"));
    /// let (issuer, store) = (Issuer::new(keys, policy)?, MemoryStore::new());
    /// let context = |seed| Context::new(UnixTime::from_seconds(1_700_000_000), [seed; 32]);
    ///
    /// issuer.revoke_subject("u1", &context(1)).run(&store).result?;
    /// let ask = PollEvents::new("https://rp.example.com");
    /// let polled = issuer.poll_events(ask.clone(), &context(2)).run(&store).result?;
    /// assert_eq!((polled.sets.len(), polled.more_available), (1, false));
    /// let claims = unverified::decode(&polled.sets[0].token)?;
    /// assert!(claims.json().contains(r#""sub_id":{"format":"iss_sub","iss":"https://id.example.com","sub":"u1"}"#));
    ///
    /// let polled = issuer.poll_events(ask.ack(&polled.sets[0].id), &context(3)).run(&store).result?;
    /// assert!(polled.sets.is_empty());
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// `not_found` at `receiver` for one that the policy does not have; `store_busy`, and the store's.
    pub fn poll_events(&self, request: PollEvents, context: &Context) -> Task<PolledEvents> {
        self.task(context, |mut flow| async move { flow.poll_events(&request).await })
    }
}

impl Flow {
    /// The client that an access token is about, and was made for to be used here: no token of somebody else's, and none that
    /// a resource server has seen.
    pub(crate) async fn client_itself(&mut self, bearer: &Secret) -> Result<String> {
        let text = std::str::from_utf8(bearer.expose()).unwrap_or_default();
        let checked = self.check_for_anybody(text).await.map(|(hanging, _)| hanging.token);
        let token = match checked {
            Ok(token) => token,
            Err(error) => return self.refuse(&fingerprint(bearer.expose()), unauthenticated(error)),
        };
        let ours = self.issuer.policy().own_audience();
        let is_for_us = token.audience.iter().any(|audience| ours.contains(&audience.as_str()));
        // A bound token is no bearer's, and no proof is looked at here.
        let is_bearers = check_bearer(claims_of(&token)?.get(CNF)).is_ok();
        match token.client {
            Some(client) if is_for_us && is_bearers && token.subject.as_ref() == Some(&client) => Ok(client),
            _ => self.refuse(&fingerprint(bearer.expose()), ErrorCode::Unauthenticated.into()),
        }
    }

    pub(crate) async fn poll_events(&mut self, request: &PollEvents) -> Result<PolledEvents> {
        let issuer = self.issuer.clone();
        let receivers = &issuer.policy().event_receivers;
        let receiver =
            receivers.iter().find(|receiver| receiver.audience == request.receiver).ok_or_else(|| {
                Error::new(ErrorCode::NotFound)
                    .at("receiver")
                    .because("the policy has no receiver of this name")
            })?;
        let most = request.max_events.unwrap_or(MOST).min(MOST) as usize;
        let mut update = self.records.open(outbox_key(&issuer.policy().issuer, &receiver.audience)).await?;
        loop {
            let mut outbox: Outbox = match update.found()? {
                Some(outbox) => outbox,
                None => Outbox::new(base64url(&self.entropy().bytes::<12>())),
            };
            let mut changed = false;
            for id in &request.ack {
                changed |= outbox.forget(id);
            }
            let refused: Vec<&RefusedEvent> =
                request.refused.iter().filter(|refused| outbox.forget(&refused.id)).collect();
            changed |= !refused.is_empty();
            let held = request.holder.as_deref().is_some_and(|by| outbox.is_held(by, self.now()));
            let mut more = false;
            if most > 0 && !held {
                let (found, unread) = self.gather(receiver, &mut outbox).await?;
                changed |= found;
                more = unread || outbox.queue.len() > most;
                if let Some(by) = request.holder.as_deref().filter(|_| !outbox.queue.is_empty()) {
                    changed |= outbox.hold(by, self.now());
                }
            }
            // Nothing is given out that is not written down: else an event could be acknowledged that is told again as another.
            if changed && !self.records.write(&mut update, outbox.draft()?).await? {
                continue;
            }
            for refused in refused {
                self.emit(refused.event(&receiver.audience));
            }
            let given = if held { 0 } else { most };
            let mut sets = Vec::new();
            for Told { id, claims } in outbox.queue.into_iter().take(given) {
                let token =
                    issuer.sign_with_host(&self.io, SET_TYPE, String::from(claims).into_bytes()).await?;
                sets.push(SecurityEventToken { id, token });
            }
            return Ok(PolledEvents { sets, more_available: more });
        }
    }

    /// Reads the journal as far as there is room, and looks at what was announced; whether that changed something, and whether
    /// there is more to read.
    async fn gather(&mut self, receiver: &EventReceiver, outbox: &mut Outbox) -> Result<(bool, bool)> {
        let mut changed = self.judge_announced(receiver, outbox).await?;
        for _ in 0..READS {
            if !outbox.has_room() {
                break;
            }
            let (entries, cursor, is_all) = self.read_on(outbox).await?;
            if !entries.is_empty() {
                let wanted = |entry: &Ended| event_of(entry).is_some_and(|event| receiver.wants(event));
                let announced =
                    entries.into_iter().filter(wanted).map(|entry| Announced { entry, after: None });
                outbox.pending.extend(announced);
                outbox.cursor = Some(cursor);
                self.judge_announced(receiver, outbox).await?;
                changed = true;
            }
            if is_all {
                return Ok((changed, false));
            }
        }
        Ok((changed, true))
    }

    /// What the journal says next, as much of it as there is room for; and whether that is all.
    async fn read_on(&self, outbox: &Outbox) -> Result<(Vec<Ended>, Cursor, bool)> {
        let issuer = &self.issuer.policy().issuer;
        let before = outbox.cursor.clone().unwrap_or_default();
        let (mut most, room) = (ENTRIES, outbox.room());
        loop {
            let (entries, cursor) = self.records.journal_after(issuer, &before, most).await?;
            // One fits wherever there is room for any.
            if most == 1 || to_bytes(&entries).len() < room {
                let is_all = entries.len() < most;
                return Ok((entries, cursor, is_all));
            }
            most /= 2;
        }
    }

    /// Looks whether what was announced has happened; whether that changed something. What there is no room for waits.
    async fn judge_announced(&mut self, receiver: &EventReceiver, outbox: &mut Outbox) -> Result<bool> {
        let issuer = self.issuer.policy().issuer.clone();
        let mut room = outbox.room();
        let announced = std::mem::take(&mut outbox.pending);
        let keys = announced.iter().map(|Announced { entry, .. }| record_key(&issuer, entry)).collect();
        let mut records = self.records.load_all(keys).await?;
        let now = self.now();
        let mut changed = false;
        for announced in announced {
            let entry = &announced.entry;
            let record = records.next().flatten();
            if !has_happened(entry, record.as_ref())? {
                match now < entry.until {
                    true => outbox.pending.push(announced),
                    false => changed = true,
                }
                continue;
            }
            if is_of_each_session(entry) {
                changed |= self.tell_of_sessions(receiver, outbox, announced, &mut room).await?;
                continue;
            }
            let told = told(&issuer, receiver, &outbox.salt, entry, None, record.as_ref(), now)?;
            let needed = told.as_ref().map_or(0, |told| to_bytes(told).len() + 1);
            match (room + to_bytes(&announced).len()).checked_sub(needed) {
                Some(left) => {
                    room = left;
                    changed = true;
                    told.into_iter().for_each(|told| outbox.tell(told));
                }
                None => outbox.pending.push(announced),
            }
        }
        Ok(changed)
    }

    /// Tells of the sessions that a log-out has ended, one by one, as many as there is room for; whether there was some.
    async fn tell_of_sessions(
        &self,
        receiver: &EventReceiver,
        outbox: &mut Outbox,
        announced: Announced,
        room: &mut usize,
    ) -> Result<bool> {
        let Announced { entry, after } = &announced;
        let issuer = &self.issuer.policy().issuer;
        let subject = entry.subject.as_deref().unwrap_or_default();
        // In JSON a character may be as long as six.
        let longest = SESSION_EVENT + 6 * (subject.len() + issuer.len() + receiver.audience.len());
        let Some(most) = u32::try_from(*room / longest).ok().filter(|most| *most > 0) else {
            outbox.pending.push(announced);
            return Ok(false);
        };
        let page = Page { after: after.clone(), limit: Some(most.min(SESSIONS)) };
        let (after, limit) = page.read()?;
        let (sessions, next) = self.records.list(sessions_of(issuer, subject), after, limit).await?;
        for session in &sessions {
            let session: Session = decode(session)?;
            if is_ended_by(entry, &session) {
                let told = told(issuer, receiver, &outbox.salt, entry, Some(&session), None, self.now())?;
                told.into_iter().for_each(|told| outbox.tell(told));
                *room = room.saturating_sub(longest);
            }
        }
        if let Some(next) = next {
            outbox.pending.push(Announced { after: Some(cursor(next)), ..announced });
        }
        Ok(true)
    }
}

impl RefusedEvent {
    /// What is told of it.
    fn event(&self, receiver: &str) -> Event {
        // Somebody else's words, in a log.
        let is_of_code = |letter: &char| matches!(letter, 'a'..='z' | '0'..='9' | '_');
        let err: String = self.err.chars().filter(is_of_code).take(40).collect();
        Event::new(EventKind::SecurityEventRefused).client(receiver).id(&*self.id).err(err)
    }
}
