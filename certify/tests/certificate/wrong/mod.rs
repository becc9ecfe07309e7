//! A store that is right but for one thing.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Mutex;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokenmint::{
    AsyncStore, Command, Entry, Expect, Index, MAX_VALUE, RecordKey, Reply, StoreError, Version, Write,
};
use tokio::time::Instant;

mod faults;
mod limits;
mod lists;

pub(crate) use faults::{FAULTS, Fault};

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
