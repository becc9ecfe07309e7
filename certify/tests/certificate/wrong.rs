//! A store that is right but for one thing, and for each such thing the test of the certificate that finds it.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Mutex;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokenmint::{
    AsyncStore, Command, Entry, Expect, Index, IndexValue, MAX_VALUE, RecordKey, Reply, StoreError, Version,
    Write,
};
use tokio::time::Instant;

/// Declares what may be wrong, and what the test that finds it is called.
macro_rules! faults {
    ($($test:literal: $($fault:ident $what:literal)*;)*) => {
        /// What is wrong.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Fault {
            Nothing,
            $($(#[doc = $what] $fault,)*)*
        }

        pub(crate) const FAULTS: &[(Fault, &str)] = &[$($((Fault::$fault, $test),)*)*];
    };
}

faults! {
    "keys are bytes: 1 to 128, any, never folded":
        KeysAreText "Keys that are not UTF-8 are made so."
        KeysAreCut "Its column for keys has 64 bytes.";
    "a wrong version is a conflict that shows the entry":
        VersionsFoldCase "The collation of versions does not know capital letters."
        VersionsAreTrimmed "Versions are a column that is padded, and compared without the padding."
        VersionsAreNumbers "Versions are compared without the zeros before them."
        VersionsAreText "Versions that are not UTF-8 are made so."
        VersionsAreCut "Versions are compared by their first eight bytes.";
    "a list is whole and in the order of bytes, whatever its pages":
        PagesAreCut "A page is an entry short, and the next begins after it."
        TheLastPageIsLost "What does not fill a page is not listed."
        TheCursorIsLost "The first page says that it is the last."
        TheCursorIsIgnored "Each page is the first."
        TheCursorIsListed "A page begins with the key that it should begin after."
        OrderOfWriting "A list is in the order in which entries were written."
        OrderOfText "A list is in the order of a dictionary."
        OrderOfLength "Shorter keys come first."
        OrderOfSignedBytes "Bytes from 128 on are negative."
        OrderIsReversed "The latest key comes first.";
    "a list takes its value byte for byte":
        ValuesFoldCase "The collation of the index does not know capital letters."
        ValuesArePrefixes "A list has what begins with its value."
        ValuesArePatterns "A list is a LIKE, in which an underscore is any letter."
        ValuesAreTrimmed "The index is compared without spaces and zeros at the end."
        ValuesAreCut "The index has the first 32 bytes of a value."
        ValuesAreText "Values of the index that are not UTF-8 are made so."
        SubjectsAreClients "A list by subject has what belongs to a client of that name, too.";
    "a list shows every write, on every connection":
        ListsAreCached "What a list has given is given once more."
        ListsShowTheFirstState "The index holds the entry as it was when it came in."
        DeletedIsListed "A delete leaves the index."
        MovedIsListedTwice "A replace adds to the index and takes nothing from it."
        IndexIsOfTheInsert "A replace does not change the index.";
    "a list has what has expired as long as it is kept":
        ExpiredIsHidden "A list leaves out what has expired."
        SweptBeforeTime "A sweep takes from the index what has expired, however lately.";
    "no load, conflict, limit or sweep costs an index":
        ALoadCostsTheIndex "What was loaded is not listed any more."
        AConflictCostsTheIndex "What refused a write is not listed any more."
        AConflictTakesTheIndex "What was refused has changed the index."
        ALimitCostsTheIndex "A limit of the same key takes the entry's index."
        ASweepCostsTheIndex "A sweep empties the index."
        ReplacedIsLost "A replace by the same index takes it away.";
    "a list is whole while others write":
        PagesAreCounted "A page begins after as many entries as the pages before it had.";
    "a list of 1100 entries is whole":
        ListsEndAtAThousand "No list has more than a thousand entries.";
    "a clock that is told runs and is right":
        ClockStands "The clock is that of the start."
        ClockCountsSeconds "The clock has no milliseconds."
        ClockIsInSeconds "The clock is told in seconds."
        ClockIsInAnotherZone "The clock is an hour off.";
    "a steady rate is exact":
        LimitsInAnotherZone "The clock of the limits is an hour off.";
    "idle time earns no more than the burst":
        IdleTimeIsSaved "A limit goes on from its last event, however long ago that was."
        IdleTimeIsSavedByOwnClock "The same, by a clock of its own."
        LimitsClockStands "The clock of the limits is that of the start."
        LimitsClockCountsSeconds "The clock of the limits has no fractions.";
    "limits are independent, of entries too":
        LimitsKeysAreCut "Keys of limits have 32 bytes."
        LimitsKeysFoldCase "Keys of limits do not know capital letters.";
    "a cost counts as so many events, and 0 as none":
        NoCostIsOne "A cost of 0 is taken for 1."
        CostsAreOne "Every cost is taken for 1."
        NoCostIsDenied "A cost of 0 is denied.";
    "a limit is remembered for as long as it says":
        LimitsAreForgotten "A limit is forgotten a minute after its last event.";
    "of 21000 entries none is evicted":
        EntriesAreEvicted "Of more than 20 000 entries the oldest go.";
    "of 10500 limits none is evicted":
        LimitsAreEvicted "Of more than 10 000 limits the oldest go.";
}

/// A store with one fault.
pub(crate) struct Wrong {
    fault: Fault,
    /// When a limit is forgotten, by the time that passes.
    forgets: Option<Duration>,
    start_ms: u64,
    shelf: Mutex<Shelf>,
}

#[derive(Default)]
struct Shelf {
    /// By what is compared: the key, and for some faults a part of it.
    entries: BTreeMap<Vec<u8>, (RecordKey, Entry)>,
    /// What the index has, in the order in which it came in.
    index: Vec<(RecordKey, Entry)>,
    lists: HashMap<String, Reply>,
    /// How many entries stood before each key that was given as a cursor.
    counted: HashMap<RecordKey, usize>,
    cells: HashMap<Vec<u8>, (u64, u64, Instant)>,
    /// Keys in the order in which they came in.
    arrived: Vec<Vec<u8>>,
}

impl Wrong {
    pub(crate) fn new(fault: Fault) -> Self {
        Wrong { fault, forgets: None, start_ms: now_ms(), shelf: Mutex::default() }
    }

    /// One that forgets a limit so long after its last event.
    pub(crate) fn that_forgets(time: Duration) -> Self {
        Wrong { forgets: Some(time), ..Wrong::new(Fault::Nothing) }
    }

    fn is(&self, fault: Fault) -> bool {
        self.fault == fault
    }

    /// What of a key counts.
    fn key(&self, key: &RecordKey) -> Vec<u8> {
        let bytes = key.as_bytes();
        match self.fault {
            Fault::KeysAreText => text(bytes),
            Fault::KeysAreCut => bytes[..bytes.len().min(64)].to_vec(),
            _ => bytes.to_vec(),
        }
    }

    fn version(&self, version: Version) -> Vec<u8> {
        let bytes = version.as_bytes();
        match self.fault {
            Fault::VersionsFoldCase => bytes.to_ascii_lowercase(),
            Fault::VersionsAreTrimmed => trimmed(bytes),
            Fault::VersionsAreNumbers => {
                bytes.iter().copied().skip_while(|byte| matches!(byte, 0 | b'0')).collect()
            }
            Fault::VersionsAreText => text(bytes),
            Fault::VersionsAreCut => bytes[..8].to_vec(),
            _ => bytes.to_vec(),
        }
    }

    fn load(&self, keys: &[RecordKey]) -> Reply {
        let mut shelf = self.shelf.lock().unwrap();
        let entries =
            keys.iter().map(|key| shelf.entries.get(&self.key(key)).map(|(_, entry)| entry.clone()));
        let entries = entries.collect();
        if self.is(Fault::ALoadCostsTheIndex) {
            shelf.index.retain(|(key, _)| !keys.contains(key));
        }
        let store_now_ms = match self.fault {
            Fault::ClockStands => Some(self.start_ms),
            Fault::ClockCountsSeconds => Some(now_ms() / 1000 * 1000),
            Fault::ClockIsInSeconds => Some(now_ms() / 1000),
            Fault::ClockIsInAnotherZone => Some(now_ms() + 3_600_000),
            Fault::Nothing => Some(now_ms()),
            _ => None,
        };
        Reply::Loaded { entries, store_now_ms }
    }

    fn cas(&self, key: RecordKey, expect: Expect, write: Write) -> Result<Reply, StoreError> {
        if matches!(&write, Write::Put(entry) if entry.value.len() > MAX_VALUE) {
            return Err(StoreError::TooLarge);
        }
        let (mut shelf, place) = (self.shelf.lock().unwrap(), self.key(&key));
        let current = shelf.entries.get(&place).map(|(_, entry)| entry.clone());
        let as_expected = match (&current, expect) {
            (None, Expect::Absent) => true,
            (Some(entry), Expect::Version(version)) => self.version(entry.version) == self.version(version),
            _ => false,
        };
        if !as_expected {
            match (self.fault, write) {
                (Fault::AConflictCostsTheIndex, _) => shelf.index.retain(|(listed, _)| *listed != key),
                (Fault::AConflictTakesTheIndex, Write::Put(refused)) => {
                    for (_, entry) in shelf.index.iter_mut().filter(|(listed, _)| *listed == key) {
                        entry.index = refused.index.clone();
                    }
                }
                _ => {}
            }
            return Ok(Reply::Conflict(current));
        }
        self.index(&mut shelf, &key, current.as_ref(), &write);
        match write {
            Write::Put(entry) => {
                if current.is_none() {
                    shelf.arrived.push(place.clone());
                }
                shelf.entries.insert(place, (key, entry));
            }
            Write::Delete => drop(shelf.entries.remove(&place)),
        }
        if self.is(Fault::EntriesAreEvicted) && shelf.entries.len() > 20_000 {
            let oldest = shelf.arrived.remove(0);
            shelf.entries.remove(&oldest);
        }
        Ok(Reply::Done)
    }

    fn index(&self, shelf: &mut Shelf, key: &RecordKey, old: Option<&Entry>, write: &Write) {
        let listed = shelf.index.iter().position(|(listed, _)| listed == key);
        match write {
            Write::Delete if self.is(Fault::DeletedIsListed) => {}
            Write::Delete => shelf.index.retain(|(listed, _)| listed != key),
            Write::Put(entry) => {
                let (mut entry, same) = (entry.clone(), old.is_some_and(|old| old.index == entry.index));
                match (self.fault, listed) {
                    (Fault::ListsShowTheFirstState, Some(_)) if same => return,
                    (Fault::IndexIsOfTheInsert, Some(at)) => entry.index = shelf.index[at].1.index.clone(),
                    (Fault::MovedIsListedTwice, Some(_)) if !same => {
                        return shelf.index.push((key.clone(), entry));
                    }
                    _ => {}
                }
                shelf.index.retain(|(listed, _)| listed != key);
                let lost = self.is(Fault::ReplacedIsLost) && same && old.is_some();
                if entry.index != Index::default() && !lost {
                    shelf.index.push((key.clone(), entry));
                }
            }
        }
    }

    fn throttle(&self, key: &RecordKey, interval_us: u64, burst_us: u64, cost: u32, given_us: u64) -> Reply {
        let own_us = u64::try_from(since_1970().as_micros()).unwrap();
        let now_us = match self.fault {
            Fault::LimitsInAnotherZone => own_us + 3_600_000_000,
            Fault::LimitsClockStands => self.start_ms * 1000 + 1,
            Fault::LimitsClockCountsSeconds => own_us / 1_000_000 * 1_000_000,
            Fault::IdleTimeIsSavedByOwnClock => own_us,
            _ => given_us,
        };
        let cost = match self.fault {
            Fault::NoCostIsOne => cost.max(1),
            Fault::CostsAreOne => 1,
            _ => cost,
        };
        let place = match self.fault {
            Fault::LimitsKeysAreCut => key.as_bytes()[..key.as_bytes().len().min(32)].to_vec(),
            Fault::LimitsKeysFoldCase => key.as_bytes().to_ascii_lowercase(),
            _ => key.as_bytes().to_vec(),
        };
        let mut shelf = self.shelf.lock().unwrap();
        if self.is(Fault::ALimitCostsTheIndex) {
            shelf.index.retain(|(listed, _)| listed != key);
        }
        let cell = shelf.cells.get(&place).copied().filter(|(_, written_us, written)| {
            let late = self.is(Fault::LimitsAreForgotten) && now_us - written_us > 60_000_000;
            !late && self.forgets.is_none_or(|time| written.elapsed() < time)
        });
        let tat_us = cell.map_or(0, |(tat_us, ..)| tat_us);
        let saved = matches!(self.fault, Fault::IdleTimeIsSaved | Fault::IdleTimeIsSavedByOwnClock);
        let from = if saved && cell.is_some() { tat_us } else { tat_us.max(now_us) };
        let next = from.saturating_add(interval_us.saturating_mul(cost.into()));
        if next.saturating_sub(now_us) > burst_us || (cost == 0 && self.is(Fault::NoCostIsDenied)) {
            return Reply::Denied { tat_us };
        }
        if shelf.cells.insert(place.clone(), (next, now_us, Instant::now())).is_none() {
            shelf.arrived.push(place);
        }
        if self.is(Fault::LimitsAreEvicted) && shelf.cells.len() > 10_000 {
            let oldest = shelf.arrived.remove(0);
            shelf.cells.remove(&oldest);
        }
        Reply::Admitted { tat_us: next }
    }

    fn sweep(&self, before_ms: u64, limit: u32) -> Reply {
        let mut shelf = self.shelf.lock().unwrap();
        let old = shelf.entries.iter().filter(|(_, (_, entry))| entry.expires_at_ms < before_ms);
        let old: HashSet<_> = old.map(|(place, _)| place.clone()).take(limit as usize).collect();
        shelf.entries.retain(|place, _| !old.contains(place));
        shelf.index.retain(|(key, entry)| match self.fault {
            Fault::ASweepCostsTheIndex => false,
            Fault::SweptBeforeTime => entry.expires_at_ms >= now_ms(),
            _ => !old.contains(key.as_bytes()),
        });
        shelf.cells.retain(|_, (tat_us, ..)| *tat_us / 1000 >= before_ms);
        Reply::Removed(old.len() as u64)
    }

    fn list(&self, by: &IndexValue, after: Option<&RecordKey>, limit: u32) -> Reply {
        let mut shelf = self.shelf.lock().unwrap();
        let question = format!("{by:?} {after:?} {limit}");
        if self.is(Fault::ListsAreCached)
            && let Some(cached) = shelf.lists.remove(&question)
        {
            return cached;
        }
        let mut found: Vec<_> =
            shelf.index.iter().filter(|(_, entry)| self.is_listed(entry, by)).cloned().collect();
        if !self.is(Fault::OrderOfWriting) {
            found.sort_by(|(left, _), (right, _)| self.order(left, right));
        }
        let begin = match after {
            Some(after) if self.is(Fault::PagesAreCounted) => shelf.counted.get(after).copied().unwrap_or(0),
            Some(_) if self.is(Fault::TheCursorIsIgnored) => 0,
            Some(after) => {
                let is_before = |key: &RecordKey| match self.order(key, after) {
                    Ordering::Less => true,
                    Ordering::Equal => !self.is(Fault::TheCursorIsListed),
                    Ordering::Greater => false,
                };
                found.iter().rposition(|(key, _)| is_before(key)).map_or(0, |at| at + 1)
            }
            None => 0,
        };
        let limit = limit as usize;
        let mut page: Vec<_> = found.iter().skip(begin).take(limit).cloned().collect();
        let more = found.len() > begin + page.len();
        let mut next = page.last().filter(|_| more).map(|(key, _)| key.clone());
        if let Some(next) = &next {
            shelf.counted.insert(next.clone(), begin + page.len());
        }
        match self.fault {
            Fault::PagesAreCut if next.is_some() => drop(page.pop()),
            Fault::TheLastPageIsLost if after.is_some() && page.len() < limit => page.clear(),
            Fault::TheCursorIsLost => next = None,
            Fault::ListsEndAtAThousand if begin + page.len() > 1000 => {
                page.truncate(1000_usize.saturating_sub(begin));
                next = None;
            }
            _ => {}
        }
        let reply = Reply::Listed { entries: page, next };
        shelf.lists.insert(question, reply.clone());
        reply
    }

    fn is_listed(&self, entry: &Entry, by: &IndexValue) -> bool {
        if self.is(Fault::ExpiredIsHidden) && entry.expires_at_ms < now_ms() {
            return false;
        }
        let Index { subject, client } = &entry.index;
        let (of, wanted) = match by {
            IndexValue::Subject(wanted) if self.is(Fault::SubjectsAreClients) => {
                (subject.as_ref().or(client.as_ref()), wanted)
            }
            IndexValue::Subject(wanted) => (subject.as_ref(), wanted),
            IndexValue::Client(wanted) => (client.as_ref(), wanted),
        };
        let Some((of, wanted)) = of.map(|of| (of.as_bytes(), wanted.as_bytes())) else { return false };
        match self.fault {
            Fault::ValuesFoldCase => of.eq_ignore_ascii_case(wanted),
            Fault::ValuesArePrefixes => of.starts_with(wanted),
            Fault::ValuesArePatterns => {
                of.len() == wanted.len()
                    && of.iter().zip(wanted).all(|(of, wanted)| *wanted == b'_' || of == wanted)
            }
            Fault::ValuesAreTrimmed => trimmed(of) == trimmed(wanted),
            Fault::ValuesAreCut => of[..of.len().min(32)] == wanted[..wanted.len().min(32)],
            Fault::ValuesAreText => text(of) == text(wanted),
            _ => of == wanted,
        }
    }

    fn order(&self, left: &RecordKey, right: &RecordKey) -> Ordering {
        let (one, other) = (left.as_bytes(), right.as_bytes());
        match self.fault {
            Fault::OrderOfText => {
                one.to_ascii_lowercase().cmp(&other.to_ascii_lowercase()).then(one.cmp(other))
            }
            Fault::OrderOfLength => one.len().cmp(&other.len()).then(one.cmp(other)),
            Fault::OrderOfSignedBytes => {
                one.iter().map(|byte| byte.cast_signed()).cmp(other.iter().map(|byte| byte.cast_signed()))
            }
            Fault::OrderIsReversed => other.cmp(one),
            _ => one.cmp(other),
        }
    }
}

impl AsyncStore for Wrong {
    async fn execute(&self, command: Command) -> Result<Reply, StoreError> {
        // So that callers take turns.
        tokio::task::yield_now().await;
        match command {
            Command::Load { keys } => Ok(self.load(&keys)),
            Command::Cas { key, expect, write } => self.cas(key, expect, write),
            Command::Throttle { key, interval_us, burst_us, cost, now_us } => {
                Ok(self.throttle(&key, interval_us, burst_us, cost, now_us))
            }
            Command::Sweep { before_ms, limit } => Ok(self.sweep(before_ms, limit)),
            Command::List { by, after, limit } => Ok(self.list(&by, after.as_ref(), limit)),
            _ => Err(StoreError::Unavailable),
        }
    }
}

fn text(bytes: &[u8]) -> Vec<u8> {
    String::from_utf8_lossy(bytes).into_owned().into_bytes()
}

fn trimmed(bytes: &[u8]) -> Vec<u8> {
    let end = bytes.iter().rposition(|byte| !matches!(byte, 0 | b' ')).map_or(0, |at| at + 1);
    bytes[..end].to_vec()
}

fn since_1970() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap()
}

fn now_ms() -> u64 {
    u64::try_from(since_1970().as_millis()).unwrap()
}
