//! Which tokens have ended by what was announced, and what their status is now.
//!
//! Every answer comes from the records that end a token, read after the announcement: a token that is refused by [`Flow::check`]
//! for what it hangs on is not valid in a list, either.

use super::Flow;
use crate::error::Result;
use crate::record::client::{Client, client_key};
use crate::record::journal::{Ended, EndedKind};
use crate::record::revoked::revoked_key;
use crate::record::session::{Session, session_key};
use crate::record::sessions_mark::{SessionsMark, sessions_mark_key};
use crate::record::slot::{Place, Slot, Taken, slot_key, slots_of_client, slots_of_subject};
use crate::record::statuses::Places;
use crate::record::watermark::{self, Mark, Marked, Marks};
use crate::record::{Stored, decode, decode_some};
use crate::store::IndexValue;
use crate::time::{Lifetime, UnixTime};
use crate::token::status_list::Status;

/// How many slots are listed at once.
const PAGE: u32 = 100;

/// How long a place is kept after the end of its token: there are verifiers that allow for clocks that differ. It is another
/// token's long after that.
const LENIENT: Lifetime = Lifetime::minutes(5);

/// The places of a generation, which are put.
struct Put<'a> {
    generation: u64,
    places: &'a mut Places,
}

impl Put<'_> {
    /// Whether the lists say something of a token. A place of another generation may be another token's in this one.
    fn takes(&self, slot: &Slot, now: UnixTime) -> bool {
        slot.generation == self.generation && now < slot.ends_at.after(LENIENT)
    }
}

/// Which slots of a list are meant, and what is said of them.
enum Meant {
    /// The tokens of a session, of which there are too many to be named in its record.
    Session(String),
    /// Those of a named session's instance.
    Instance(String),
    /// Those of the sessions that a mark has ended.
    Sessions(SessionsMark),
    /// Those that were narrowed from a token, with the status of that one.
    Below(String, Option<Status>),
    /// Whatever the records say of each.
    Any,
}

impl Flow {
    /// Puts the places of the tokens of a generation that an announcement is about, as they are now; `false` where it is not so
    /// yet.
    pub(super) async fn follow(&self, entry: &Ended, generation: u64, places: &mut Places) -> Result<bool> {
        let mut put = Put { generation, places };
        let name = &*self.issuer.policy().issuer;
        let id = entry.id.as_deref().unwrap_or_default();
        let subject = entry.subject.as_deref().unwrap_or_default();
        let client = entry.client.as_deref().unwrap_or_default();
        let by_subject = || IndexValue::Subject(slots_of_subject(name, subject));
        let by_client = || IndexValue::Client(slots_of_client(name, client));
        match entry.kind {
            EndedKind::Token => {
                let [revoked] = self.records.load([revoked_key(name, id)]).await?;
                if revoked.is_none() {
                    return Ok(false);
                }
                let Some(place) = entry.slot else { return Ok(true) };
                let slot = self.slots_at(vec![place]).await?.pop().filter(|slot| slot.id == id);
                self.put_all(slot.into_iter().map(|slot| (slot, Some(Status::Invalid))).collect(), &mut put)
                    .await?;
            }
            EndedKind::Session => {
                let [found] = self.records.load([session_key(id)]).await?;
                let Some(session) = decode_some::<Session>(found.as_ref())?.filter(|session| session.revoked)
                else {
                    return Ok(false);
                };
                if session.more_slots {
                    let by = IndexValue::Subject(slots_of_subject(name, &session.subject));
                    self.put_listed(by, &Meant::Session(id.to_owned()), &mut put).await?;
                } else {
                    let slots =
                        self.slots_at(session.slots.iter().map(|taken| taken.place()).collect()).await?;
                    let own = slots.into_iter().filter(|slot| slot.session.as_deref() == Some(id));
                    self.put_all(own.map(|slot| (slot, Some(Status::Invalid))).collect(), &mut put).await?;
                }
            }
            EndedKind::NamedSession => {
                let session = entry.session.as_deref().unwrap_or_default();
                if !self.named_session_has_ended(client, session, id).await? {
                    return Ok(false);
                }
                self.put_listed(by_client(), &Meant::Instance(id.to_owned()), &mut put).await?;
            }
            EndedKind::Sessions => {
                let [found] = self.records.load([sessions_mark_key(name, subject)]).await?;
                let mark = decode_some::<SessionsMark>(found.as_ref())?.unwrap_or_default();
                if entry.before == Some(mark.epoch) {
                    return Ok(false);
                }
                self.put_listed(by_subject(), &Meant::Sessions(mark), &mut put).await?;
            }
            EndedKind::Subject | EndedKind::Client => {
                let (marked, by) = match entry.kind {
                    EndedKind::Subject => (Marked::Subject(subject), by_subject()),
                    _ => (Marked::Client(client), by_client()),
                };
                let [found] = self.records.load([marked.key(name)]).await?;
                let mark = decode_some::<Mark>(found.as_ref())?.unwrap_or_default();
                if entry.before == Some(mark.epoch) {
                    return Ok(false);
                }
                self.put_listed(by, &Meant::Any, &mut put).await?;
            }
            EndedKind::ClientDisabled | EndedKind::ClientEnabled => {
                let [found] = self.records.load([client_key(client)]).await?;
                if is_disabled(found.as_ref())? != (entry.kind == EndedKind::ClientDisabled) {
                    return Ok(false);
                }
                self.put_listed(by_client(), &Meant::Any, &mut put).await?;
            }
            // Another generation, in which there are no slots yet, and what ends no token.
            _ => {}
        }
        Ok(true)
    }

    /// Puts the places of the slots of a list that are meant.
    async fn put_listed(&self, by: IndexValue, meant: &Meant, put: &mut Put<'_>) -> Result<()> {
        let mut after = None;
        loop {
            let (found, next) = self.records.list_by(by.clone(), after, PAGE).await?;
            let mut slots = Vec::new();
            for slot in &found {
                let slot: Slot = decode(slot)?;
                if put.takes(&slot, self.now())
                    && let Some(status) = self.status_by(meant, &slot).await?
                {
                    slots.push((slot, status));
                }
            }
            Box::pin(self.put_all(slots, put)).await?;
            match next {
                Some(next) => after = Some(next),
                None => return Ok(()),
            }
        }
    }

    /// What a list is read for says of a slot; nothing where it is not meant.
    async fn status_by(&self, meant: &Meant, slot: &Slot) -> Result<Option<Option<Status>>> {
        let invalid = |is_meant: bool| Ok(is_meant.then_some(Some(Status::Invalid)));
        match meant {
            Meant::Session(id) => invalid(slot.session.as_ref() == Some(id)),
            Meant::Instance(instance) => invalid(slot.instance.as_ref() == Some(instance)),
            Meant::Sessions(mark) => invalid(is_ended_by(slot, mark)),
            Meant::Below(id, of_parent) => match slot.narrowed_from.contains(id) {
                true => self.status_below(*of_parent, slot).await.map(Some),
                false => Ok(None),
            },
            Meant::Any => self.status_of(slot).await.map(Some),
        }
    }

    /// Puts the places of these tokens, and of all that were narrowed from them.
    async fn put_all(&self, mut slots: Vec<(Slot, Option<Status>)>, put: &mut Put<'_>) -> Result<()> {
        let name = &*self.issuer.policy().issuer;
        while let Some((slot, status)) = slots.pop() {
            if !put.takes(&slot, self.now()) {
                continue;
            }
            put.places.put(slot.place(), status, slot.ends_at.after(LENIENT));
            for child in
                self.slots_at(slot.children.iter().map(|taken: &Taken| taken.place()).collect()).await?
            {
                if child.narrowed_from.contains(&slot.id) {
                    let below = self.status_below(status, &child).await?;
                    slots.push((child, below));
                }
            }
            if slot.more_children {
                let by = IndexValue::Subject(slots_of_subject(name, &slot.subject));
                Box::pin(self.put_listed(by, &Meant::Below(slot.id, status), put)).await?;
            }
        }
        Ok(())
    }

    /// The status of a token that was narrowed from one of this status: never better.
    async fn status_below(&self, of_parent: Option<Status>, slot: &Slot) -> Result<Option<Status>> {
        match of_parent {
            Some(Status::Invalid) => Ok(of_parent),
            _ => Ok(self.status_of(slot).await?.max(of_parent)),
        }
    }

    /// What the records say of a token. A session that is not there says nothing: it begins after its token has a slot.
    async fn status_of(&self, slot: &Slot) -> Result<Option<Status>> {
        let name = &*self.issuer.policy().issuer;
        let client = slot.client.as_deref().unwrap_or_default();
        let tokens: Vec<_> = [&slot.id].into_iter().chain(&slot.narrowed_from).collect();
        let clients: Vec<_> =
            [client].into_iter().chain(slot.from_clients.iter().map(String::as_str)).collect();
        let mut keys: Vec<_> = tokens.iter().map(|id| revoked_key(name, id)).collect();
        keys.extend(clients.iter().map(|id| client_key(id)));
        keys.extend(watermark::keys(name, client, &slot.subject));
        keys.extend(slot.from_clients.iter().map(|id| Marked::Client(id).key(name)));
        if let Some(session) = &slot.session {
            keys.extend([session_key(session), sessions_mark_key(name, &slot.subject)]);
        }
        let mut read = self.records.load_all(keys).await?;
        let revoked = read.by_ref().take(tokens.len()).filter(Option::is_some).count() > 0;
        let mut disabled = false;
        for client in read.by_ref().take(clients.len()) {
            disabled |= is_disabled(client.as_ref())?;
        }
        let marks = Marks::read(read.by_ref().take(3 + slot.from_clients.len()))?;
        let session = decode_some::<Session>(read.next().flatten().as_ref())?;
        let mark = decode_some::<SessionsMark>(read.next().flatten().as_ref())?;
        let in_session = session.is_some_and(|session| session.revoked)
            || mark.is_some_and(|mark| is_ended_by(slot, &mark));
        if revoked || in_session || marks.check(Some(slot.epoch), None).is_err() {
            return Ok(Some(Status::Invalid));
        }
        Ok(disabled.then_some(Status::Suspended))
    }

    /// The slots at some places, of those that are taken.
    async fn slots_at(&self, places: Vec<Place>) -> Result<Vec<Slot>> {
        let name = &*self.issuer.policy().issuer;
        let keys = places.into_iter().map(|place| slot_key(name, place)).collect();
        let found = self.records.load_all(keys).await?;
        found.flatten().map(|slot| decode(&slot)).collect()
    }
}

/// Whether a mark over its subject's sessions has ended a token's.
fn is_ended_by(slot: &Slot, mark: &SessionsMark) -> bool {
    slot.session.as_ref().is_some_and(|session| mark.ends(session, slot.sessions_epoch.unwrap_or_default()))
}

/// A client that is not known is none that somebody has disabled.
fn is_disabled(client: Option<&Stored>) -> Result<bool> {
    Ok(decode_some::<Client>(client)?.is_some_and(|client| client.disabled))
}
