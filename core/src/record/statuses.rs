//! What the status lists of an issuer say: which places are not valid, and up to where the journal was read for it.
//!
//! It is derived from the journal, and it is there so that of several machines one reads a revocation, and all have it. The
//! places stand in the record itself, and where there are many, in parts that are found by the hash of what they say: a
//! part that stays as it is is not written again.

use std::collections::BTreeMap;

use super::journal::{Cursor, Ended};
use super::slot::Place;
use super::{Change, Draft, Records, decode_some};
use crate::encoding::{base64url, sha256};
use crate::error::Result;
use crate::json::{FromJson, object, to_bytes};
use crate::store::RecordKey;
use crate::time::UnixTime;
use crate::token::status_list::Status;

/// How many places stand in the record itself: about 20 bytes each, of the 64 KiB that a store takes.
const INLINE: usize = 2000;
/// How many there are in a part at most.
const MOST_IN_PART: usize = 3000;
/// One place of so many, whichever others there are, ends a part: so a change touches one.
const PART: u32 = 1024;
/// How many generations before are remembered.
const FORMER: usize = 4;

object! {
    /// What the lists say.
    #[derive(Clone, Debug)]
    #[json(read, write)]
    pub(crate) struct Statuses {
        /// The counter of the issuer's own watermark: of older generations nothing is valid.
        pub(crate) generation: u64,
        /// When the journal was read.
        pub(crate) made_at: UnixTime,
        /// Up to where it was.
        pub(crate) cursor: Cursor,
        /// What was announced and is not so yet.
        #[json(omit)]
        pub(crate) pending: Vec<Ended>,
        /// Generations before, the last one first.
        #[json(omit)]
        pub(crate) former: Vec<u64>,
        /// The places, as numbers: each, and when its token ends.
        #[json(omit)]
        set: Vec<u64>,
        /// The parts that they stand in, in their order.
        #[json(omit)]
        parts: Vec<String>,
    }

    /// Some of the places.
    #[derive(Clone, Debug, Default)]
    #[json(read, write)]
    struct Part {
        set: Vec<u64>,
    }
}

/// The places that are not valid: for each list and index its status, and when its token ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Places(BTreeMap<(u32, u32), (Status, UnixTime)>);

impl Statuses {
    /// What lists of a generation say of which nothing was read yet.
    pub(crate) fn new(generation: u64) -> Statuses {
        Statuses { generation, ..Statuses::blank() }
    }

    /// Remembers what was announced and is not so yet, once however often it was announced.
    pub(crate) fn wait_for(&mut self, entry: Ended) {
        // Which record it replaces does not matter here: what the record says is looked at.
        let entry = Ended { replaces: None, ..entry };
        let same = |known: &Ended| Ended { at: entry.at, until: entry.until, ..known.clone() } == entry;
        match self.pending.iter_mut().find(|known| same(known)) {
            Some(known) => known.until = known.until.max(entry.until),
            None => self.pending.push(entry),
        }
    }

    /// The next ones of a generation: of another, no place is known yet.
    pub(crate) fn of_generation(mut self, generation: u64) -> Statuses {
        if self.generation != generation {
            self.former.insert(0, self.generation);
            self.former.truncate(FORMER);
            (self.set, self.parts) = Default::default();
        }
        Statuses { generation, ..self }
    }
}

impl Places {
    /// Says what the status of a token's place is: none where it is valid.
    pub(crate) fn put(&mut self, Place { list, index }: Place, status: Option<Status>, ends: UnixTime) {
        // What is revoked stays so (section 7.1), whatever its client is.
        if matches!(self.0.get(&(list, index)), Some((Status::Invalid, _))) {
            return;
        }
        match status {
            Some(status) => self.0.insert((list, index), (status, ends)),
            None => self.0.remove(&(list, index)),
        };
    }

    /// Forgets the places of tokens that have ended: the place may be another's soon.
    pub(crate) fn forget_ended(&mut self, now: UnixTime) {
        self.0.retain(|_, (_, ends)| now < *ends);
    }

    /// The places of a list.
    pub(crate) fn of(&self, list: u32) -> impl Iterator<Item = (u32, Status)> {
        self.0.range((list, 0)..(list + 1, 0)).map(|((_, index), (status, _))| (*index, *status))
    }

    /// As they are written: each is two numbers.
    fn numbers(&self) -> Vec<u64> {
        let number = |list: u32, index: u32, status| {
            let status = match status {
                Status::Invalid => 1,
                Status::Suspended => 2,
            };
            u64::from(list) << 22 | u64::from(index) << 2 | status
        };
        let pairs = self.0.iter().map(|((list, index), (status, ends))| {
            [number(*list, *index, *status), u64::try_from(ends.seconds()).unwrap_or(0)]
        });
        pairs.flatten().collect()
    }

    fn read(&mut self, numbers: &[u64]) {
        for pair in numbers.chunks_exact(2) {
            let [place, ends] = *pair else { continue };
            let status = if place & 3 == 2 { Status::Suspended } else { Status::Invalid };
            // It was made of numbers that fit.
            let of = |bits: u64| u32::try_from(bits).unwrap_or(u32::MAX);
            let ends = UnixTime::from_seconds(i64::try_from(ends).unwrap_or(i64::MAX));
            self.0.insert((of(place >> 22), of(place >> 2 & 0xF_FFFF)), (status, ends));
        }
    }
}

impl Records {
    /// The places that the lists say are not valid.
    pub(crate) async fn places(&self, issuer: &str, statuses: &Statuses) -> Result<Places> {
        let mut places = Places::default();
        places.read(&statuses.set);
        let keys = statuses.parts.iter().map(|name| part_key(issuer, name)).collect();
        for part in self.load_all(keys).await? {
            // One that may be forgotten already has none that counts.
            let Part { set } = decode_some(part.as_ref())?.unwrap_or_default();
            places.read(&set);
        }
        Ok(places)
    }

    /// Puts the places into what is written, and writes the parts that are not there yet.
    pub(crate) async fn put_places(
        &mut self,
        issuer: &str,
        statuses: &mut Statuses,
        places: &Places,
    ) -> Result<()> {
        let numbers = places.numbers();
        let before = std::mem::take(&mut statuses.parts);
        if numbers.len() <= 2 * INLINE {
            statuses.set = numbers;
            return Ok(());
        }
        statuses.set = Vec::new();
        for set in parts(&numbers) {
            let ends = set.iter().skip(1).step_by(2).max().copied().unwrap_or(0);
            let part = Part { set: set.to_vec() };
            let name = base64url(&sha256(&to_bytes(&part)));
            if !before.contains(&name) {
                let ends = UnixTime::from_seconds(i64::try_from(ends).unwrap_or(i64::MAX));
                // One that is there says the same.
                let (Change::Done | Change::Conflict(_)) =
                    self.insert(&part_key(issuer, &name), Draft::new(&part, ends)?).await?;
            }
            statuses.parts.push(name);
        }
        Ok(())
    }
}

/// Cuts the numbers into parts, behind places that say so themselves.
fn parts(numbers: &[u64]) -> Vec<&[u64]> {
    let mut parts = Vec::new();
    let (mut rest, mut at) = (numbers, 0);
    while at < rest.len() {
        let place = rest.get(at).copied().unwrap_or(0) >> 2;
        at += 2;
        // Places are random within a list, and so are these bits.
        if place % u64::from(PART) == 0 || at >= 2 * MOST_IN_PART || at >= rest.len() {
            let (part, later) = rest.split_at(at.min(rest.len()));
            parts.push(part);
            (rest, at) = (later, 0);
        }
    }
    parts
}

/// The key of the record.
pub(crate) fn statuses_key(issuer: &str) -> RecordKey {
    RecordKey::of("statuses", &[issuer])
}

fn part_key(issuer: &str, name: &str) -> RecordKey {
    RecordKey::of("statuses-part", &[issuer, name])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::to_text;

    fn place(number: u32) -> Place {
        // As random as it is in a list.
        Place { list: number % 3, index: number.wrapping_mul(0x9E37_79B1) >> 12 }
    }

    fn places(count: u32) -> Places {
        let mut places = Places::default();
        for number in 0..count {
            let status = if number % 5 == 0 { Status::Suspended } else { Status::Invalid };
            places.put(
                place(number),
                Some(status),
                UnixTime::from_seconds(1_700_000_000 + i64::from(number)),
            );
        }
        places
    }

    #[test]
    fn places_are_read_as_they_were_written() {
        for count in [0, 1, 5000] {
            let written = places(count);
            let (mut read, mut in_parts) = (Places::default(), Places::default());
            read.read(&written.numbers());
            parts(&written.numbers()).into_iter().for_each(|part| in_parts.read(part));
            assert_eq!((&read, &in_parts), (&written, &written));
        }
    }

    #[test]
    fn a_change_touches_one_part() {
        let (before, mut after) = (places(20_000), places(20_000));
        after.put(Place { list: 1, index: 77 }, Some(Status::Invalid), UnixTime::MAX);
        let (before, after) = (before.numbers(), after.numbers());
        let (before, after) = (parts(&before), parts(&after));
        let new = after.iter().filter(|part| !before.contains(part)).count();
        assert!((1..=2).contains(&new), "{new}");
        for part in after {
            assert!(to_text(&Part { set: part.to_vec() }).len() < 64 * 1024);
        }
    }

    #[test]
    fn what_stands_in_the_record_itself_fits() {
        let mut statuses =
            Statuses { set: places(u32::try_from(INLINE).unwrap()).numbers(), ..Statuses::blank() };
        statuses.made_at = UnixTime::MAX;
        assert!(to_text(&statuses).len() < 48 * 1024);
    }

    #[test]
    fn what_is_invalid_stays_so() {
        let (at, ends) = (Place { list: 0, index: 7 }, UnixTime::MAX);
        let mut places = Places::default();
        let mut after = |status| {
            places.put(at, status, ends);
            places.of(0).next().map(|(_, status)| status)
        };
        assert_eq!(after(Some(Status::Suspended)), Some(Status::Suspended));
        assert_eq!(after(None), None);
        assert_eq!(after(Some(Status::Suspended)), Some(Status::Suspended));
        for status in [Some(Status::Invalid), Some(Status::Suspended), None] {
            assert_eq!(after(status), Some(Status::Invalid));
        }
        places.forget_ended(ends);
        assert_eq!(places, Places::default());
    }
}
