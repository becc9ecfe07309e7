//! What a receiver of security events is still to be told: derived from the journal, and remembered until it has it.

use super::journal::{Cursor, Ended};
use super::{Draft, Lasting};
use crate::error::Result;
use crate::json::{self, JsonText, object};
use crate::store::{MAX_VALUE, RecordKey};
use crate::time::{Lifetime, UnixTime};

/// How large it becomes, in bytes: what it needs beside that fits into a record.
const LARGEST: usize = MAX_VALUE - 4 * 1024;
/// No more is read from the journal while it is so large: the journal keeps the rest.
const FULL: usize = 40 * 1024;
/// For how long one host has the events for itself while it sends them.
const HELD: Lifetime = Lifetime::minutes(2);
/// It has them for so long at least, whenever it gets some.
const RENEWED: Lifetime = Lifetime::MINUTE;

object! {
    /// What was read of the journal and is not told yet.
    #[derive(Clone, Debug, Default)]
    #[json(read, write)]
    pub(crate) struct Outbox {
        /// Random: a store that was wiped begins anew, and so do the ids of its events.
        pub(crate) salt: String,
        /// Up to where the journal was read.
        #[json(omit)]
        pub(crate) cursor: Option<Cursor>,
        /// Announced, and not known to have happened.
        #[json(omit)]
        pub(crate) pending: Vec<Announced>,
        /// What happened, in the order in which it was found.
        #[json(omit)]
        pub(crate) queue: Vec<Told>,
        /// The host that sends them.
        #[json(omit)]
        holder: Option<String>,
        /// Until when it has them for itself.
        #[json(omit)]
        held_until: Option<UnixTime>,
    }

    /// An entry of the journal.
    #[derive(Clone, Debug)]
    #[json(read, write)]
    pub(crate) struct Announced {
        pub(crate) entry: Ended,
        /// How many of the records that it is about were looked at: the last one's key.
        #[json(omit)]
        pub(crate) after: Option<String>,
    }

    /// An event.
    #[derive(Clone, Debug)]
    #[json(read, write)]
    pub(crate) struct Told {
        /// The `jti` of its token.
        pub(crate) id: String,
        /// The claims of its token: the same, however often it is sent.
        pub(crate) claims: JsonText,
    }
}

/// The key of a receiver's outbox.
pub(crate) fn outbox_key(issuer: &str, receiver: &str) -> RecordKey {
    RecordKey::of("outbox", &[issuer, receiver])
}

impl Lasting for Outbox {
    fn draft(&self) -> Result<Draft> {
        Draft::permanent(self)
    }
}

impl Outbox {
    /// One of a receiver that was told nothing yet.
    pub(crate) fn new(salt: String) -> Self {
        Outbox { salt, ..Outbox::default() }
    }

    /// Whether there is room for more of the journal.
    pub(crate) fn has_room(&self) -> bool {
        self.room() > LARGEST - FULL
    }

    /// How many bytes more it can have.
    pub(crate) fn room(&self) -> usize {
        LARGEST.saturating_sub(json::to_bytes(self).len())
    }

    /// Forgets an event that the receiver has, or will never take; whether it was there.
    pub(crate) fn forget(&mut self, id: &str) -> bool {
        let before = self.queue.len();
        self.queue.retain(|told| told.id != id);
        self.queue.len() < before
    }

    /// Adds an event, unless it is there: what was announced twice has happened once.
    pub(crate) fn tell(&mut self, told: Told) {
        if self.queue.iter().all(|known| known.id != told.id) {
            self.queue.push(told);
        }
    }

    /// Whether another host has the events for itself.
    pub(crate) fn is_held(&self, by: &str, now: UnixTime) -> bool {
        self.holder.as_deref().is_some_and(|holder| holder != by)
            && self.held_until.is_some_and(|until| now < until)
    }

    /// Gives them to a host for a while; whether that is to be written.
    pub(crate) fn hold(&mut self, by: &str, now: UnixTime) -> bool {
        // Renewed at its half, not at each step.
        let lasts = self.held_until.is_some_and(|until| now.after(RENEWED) <= until);
        if self.holder.as_deref() == Some(by) && lasts {
            return false;
        }
        (self.holder, self.held_until) = (Some(by.to_owned()), Some(now.after(HELD)));
        true
    }
}
