//! Places in the status lists of an issuer: which token each is for, and what that token hangs on
//! (draft-ietf-oauth-status-list).
//!
//! A slot is written before its token is minted, and behind it the flow looks once more at what the token hangs on. So a
//! revocation comes either before that look, and there is no token, or behind it, and finds the slot.

use std::ops::Range;

use super::Draft;
use super::access::Lineage;
use crate::entropy::Entropy;
use crate::error::Result;
use crate::json::object;
use crate::store::{Index, RecordKey, SLACK_MS};
use crate::time::UnixTime;

/// How many places a list has.
pub(crate) const LIST_SIZE: u32 = 1 << 20;

/// Among which lists a place is looked for, one range after the other: a small issuer has one list, and nobody pays for lists
/// that are full with more than three looks.
pub(crate) const LISTS: [Range<u32>; 4] = [0..1, 1..4, 4..16, 16..64];

/// How many places a record names; beyond that they are found by the index of the subject.
const MOST_TAKEN: usize = 500;

object! {
    /// A place in one of the lists of a generation.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    #[json(read, write)]
    pub(crate) struct Place {
        pub(crate) list: u32,
        pub(crate) index: u32,
    }

    /// A place, and until when the token can be presented that has it.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    #[json(read, write)]
    pub(crate) struct Taken {
        pub(crate) list: u32,
        pub(crate) index: u32,
        pub(crate) ends_at: UnixTime,
    }

    /// A token that has a place, and what it hangs on.
    #[derive(Clone, Debug, PartialEq, Eq)]
    #[json(read, write)]
    pub(crate) struct Slot {
        /// Where it is.
        pub(crate) list: u32,
        pub(crate) index: u32,
        /// The issuer's own counter when the place was taken. In every other generation it is free.
        pub(crate) generation: u64,
        /// The token's id.
        pub(crate) id: String,
        #[json(omit)]
        pub(crate) client: Option<String>,
        #[json(omit)]
        pub(crate) subject: String,
        /// As the token's: the sum of the watermarks that it is under.
        pub(crate) epoch: u64,
        #[json(omit)]
        pub(crate) session: Option<String>,
        /// As its session's.
        #[json(omit)]
        pub(crate) sessions_epoch: Option<u64>,
        /// Of its named session.
        #[json(omit)]
        pub(crate) instance: Option<String>,
        /// As in [`Lineage`].
        #[json(omit)]
        pub(crate) narrowed_from: Vec<String>,
        #[json(omit)]
        pub(crate) from_clients: Vec<String>,
        pub(crate) ends_at: UnixTime,
        /// Until when a list may speak of it: no other token has the place before.
        pub(crate) until: UnixTime,
        /// The tokens that were narrowed from it, and have not ended.
        #[json(omit)]
        pub(crate) children: Vec<Taken>,
        /// Whether there are more of them than are named here.
        #[json(omit)]
        pub(crate) more_children: bool,
    }

    /// How many lists of a generation are in use.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    #[json(read, write)]
    pub(crate) struct Lists {
        pub(crate) generation: u64,
        pub(crate) used: u32,
    }
}

impl Place {
    /// Any place of any of these lists.
    pub(crate) fn any(lists: &Range<u32>, entropy: &mut Entropy) -> Place {
        let [a, b, c, d] = entropy.bytes::<4>();
        let [e, f, g, h] = entropy.bytes::<4>();
        let number = u32::from_be_bytes([a, b, c, d]);
        // One count is a power of two, and the other so small that the remainder shows no preference.
        let list = lists.start + u32::from_be_bytes([e, f, g, h]) % lists.len().max(1) as u32;
        Place { list, index: number % LIST_SIZE }
    }

    /// The place, with the end of the token that has it.
    pub(crate) fn taken(self, ends_at: UnixTime) -> Taken {
        Taken { list: self.list, index: self.index, ends_at }
    }
}

impl Lists {
    /// How many of them are of this generation.
    pub(crate) fn used_in(self, generation: u64) -> u32 {
        if self.generation == generation { self.used } else { 0 }
    }
}

impl Taken {
    pub(crate) fn place(self) -> Place {
        Place { list: self.list, index: self.index }
    }
}

impl Slot {
    pub(crate) fn place(&self) -> Place {
        Place { list: self.list, index: self.index }
    }

    /// The slot in a place of a generation.
    pub(crate) fn at(&self, Place { list, index }: Place, generation: u64) -> Slot {
        Slot { list, index, generation, ..self.clone() }
    }

    /// Whether another token may have the place: its generation is over, or it is, and every list that speaks of it.
    ///
    /// Clocks differ; a store keeps a record as much longer for the same reason.
    pub(crate) fn is_free(found: Option<&Slot>, generation: u64, now: UnixTime) -> bool {
        let slack = i64::try_from(SLACK_MS / 1000).unwrap_or(i64::MAX);
        found.is_none_or(|slot| {
            slot.generation != generation || now.seconds().saturating_sub(slack) >= slot.until.seconds()
        })
    }

    /// The slot of a token that is narrowed from `parent`'s, and from those that `lineage` says.
    pub(crate) fn below(self, parent: &Slot, lineage: &Lineage) -> Slot {
        let Lineage { narrowed_from, from_clients } = lineage.clone();
        let Slot { session, sessions_epoch, instance, .. } = parent.clone();
        Slot { session, sessions_epoch, instance, narrowed_from, from_clients, ..self }
    }

    /// The slot with one more token that was narrowed from its own.
    pub(crate) fn with_child(mut self, child: Taken, now: UnixTime) -> Slot {
        take(&mut self.children, &mut self.more_children, child, now);
        self
    }

    pub(crate) fn draft(&self, issuer: &str) -> Result<Draft> {
        let client = slots_of_client(issuer, self.client.as_deref().unwrap_or_default());
        let index = Index { subject: Some(slots_of_subject(issuer, &self.subject)), client: Some(client) };
        Ok(Draft { index, ..Draft::new(self, self.until)? })
    }
}

/// Adds a place to those that a record names, and drops those whose tokens have ended. Where there are too many, the eldest
/// one is named no more, and `more` says so.
pub(crate) fn take(taken: &mut Vec<Taken>, more: &mut bool, place: Taken, now: UnixTime) {
    taken.retain(|known| known.ends_at > now);
    if taken.is_empty() {
        *more = false;
    }
    if taken.len() >= MOST_TAKEN {
        taken.remove(0);
        *more = true;
    }
    taken.push(place);
}

/// The key of the record of a place.
pub(crate) fn slot_key(issuer: &str, place: Place) -> RecordKey {
    RecordKey::of("slot", &[issuer, &place.list.to_string(), &place.index.to_string()])
}

/// The key of the record of how many lists are in use.
pub(crate) fn lists_key(issuer: &str) -> RecordKey {
    RecordKey::of("lists", &[issuer])
}

/// By what the slots of a subject's tokens are listed.
pub(crate) fn slots_of_subject(issuer: &str, subject: &str) -> RecordKey {
    RecordKey::of("slots-subject", &[issuer, subject])
}

/// By what the slots of a client's or an organization's tokens are listed.
pub(crate) fn slots_of_client(issuer: &str, client: &str) -> RecordKey {
    RecordKey::of("slots-client", &[issuer, client])
}
