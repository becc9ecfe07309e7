//! The store in memory: sharded, bounded, and full means refused.

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::{Command, Entry, Expect, IndexValue, MAX_VALUE, RecordKey, Reply, Store, StoreError, Write};

const SHARDS: usize = 64;
/// What one entry costs beside its value and key, roughly.
const OVERHEAD: usize = 160;

type Hashing = BuildHasherDefault<KeyHasher>;

/// A hasher of keys, which are mixed eight bytes at a time. What the flows write ends in a SHA-256 value or in random bytes,
/// so without a random key of its own nobody can flood it.
#[derive(Default)]
struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        let mut last = [0; 8];
        last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        for word in words.iter().chain([&last]) {
            // An odd number without a pattern: 2^64 divided by the golden ratio.
            self.0 = (self.0.rotate_left(29) ^ u64::from_le_bytes(*word)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        }
    }

    // The upper bits are mixed best, and the lower ones choose a place.
    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 32)
    }
}

/// A [`Store`] in memory, for one process: tests, development, and services that may forget on restart.
///
/// It holds at most as many bytes as it is told and then answers `Unavailable`: it never evicts, since forgetting
/// a redeemed link or a revocation would undo it.
///
/// ```
/// use tokenmint::{Command, MemoryStore, RecordKey, Reply, Store};
/// let store = MemoryStore::new();
/// let key = RecordKey::new(b"a").unwrap();
/// let reply = store.execute(Command::Load { keys: vec![key] }).unwrap();
/// assert_eq!(reply, Reply::Loaded { entries: vec![None], store_now_ms: None });
/// ```
pub struct MemoryStore {
    /// Read far more often than written: what all requests read, such as watermarks, they read at the same time.
    shards: Vec<RwLock<Shard>>,
    used: AtomicUsize,
    capacity: usize,
}

#[derive(Default)]
struct Shard {
    entries: HashMap<RecordKey, Entry, Hashing>,
    /// Theoretical arrival times, in microseconds.
    cells: HashMap<RecordKey, u64, Hashing>,
}

impl MemoryStore {
    /// A store of at most 1 GiB.
    pub fn new() -> Self {
        Self::with_capacity(1 << 30)
    }

    /// A store of at most about `bytes` bytes.
    pub fn with_capacity(bytes: usize) -> Self {
        let shards = (0..SHARDS).map(|_| RwLock::default()).collect();
        MemoryStore { shards, used: AtomicUsize::new(0), capacity: bytes }
    }

    fn shard(&self, key: &RecordKey) -> Result<&RwLock<Shard>, StoreError> {
        let hash = Hashing::default().hash_one(key);
        let index = usize::try_from(hash % SHARDS as u64).unwrap_or(0);
        self.shards.get(index).ok_or(StoreError::Corrupt)
    }

    /// The entry of a key.
    pub(crate) fn peek(&self, key: &RecordKey) -> Option<Entry> {
        self.load(key).ok()?
    }

    fn load(&self, key: &RecordKey) -> Result<Option<Entry>, StoreError> {
        Ok(read(self.shard(key)?).entries.get(key).cloned())
    }

    /// Takes room for what is added, or refuses; gives back what is removed.
    fn reserve(&self, added: usize, removed: usize) -> Result<(), StoreError> {
        if added > removed {
            let more = added - removed;
            let fits = |used: usize| used.checked_add(more).filter(|sum| *sum <= self.capacity);
            self.used
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits)
                .map_err(|_| StoreError::Unavailable)?;
        } else {
            self.used.fetch_sub(removed - added, Ordering::Relaxed);
        }
        Ok(())
    }

    fn cas(&self, key: RecordKey, expect: Expect, change: Write) -> Result<Reply, StoreError> {
        if let Write::Put(entry) = &change
            && entry.value.len() > MAX_VALUE
        {
            return Err(StoreError::TooLarge);
        }
        let mut shard = write(self.shard(&key)?);
        let current = shard.entries.get(&key);
        let as_expected = match (current, expect) {
            (None, Expect::Absent) => true,
            (Some(entry), Expect::Version(version)) => entry.version == version,
            _ => false,
        };
        if !as_expected {
            return Ok(Reply::Conflict(current.cloned()));
        }
        let before = current.map_or(0, |entry| size(&key, entry));
        let replaced = match change {
            Write::Put(entry) => {
                self.reserve(size(&key, &entry), before)?;
                shard.entries.insert(key, entry)
            }
            Write::Delete => {
                self.reserve(0, before)?;
                shard.entries.remove(&key)
            }
        };
        // Nobody waits while it is freed.
        drop(shard);
        drop(replaced);
        Ok(Reply::Done)
    }

    fn throttle(
        &self,
        key: RecordKey,
        cost_us: u64,
        burst_us: u64,
        now_us: u64,
    ) -> Result<Reply, StoreError> {
        let mut shard = write(self.shard(&key)?);
        let stored = shard.cells.get(&key).copied();
        let tat = stored.unwrap_or(0);
        let next = tat.max(now_us).saturating_add(cost_us);
        if next - now_us > burst_us {
            return Ok(Reply::Denied { tat_us: tat });
        }
        if stored.is_none() {
            self.reserve(key.as_bytes().len() + OVERHEAD, 0)?;
        }
        shard.cells.insert(key, next);
        Ok(Reply::Admitted { tat_us: next })
    }

    fn sweep(&self, before_ms: u64, limit: u32) -> Reply {
        let mut removed = 0_u64;
        let mut freed = 0;
        for shard in &self.shards {
            let mut shard = write(shard);
            shard.entries.retain(|key, entry| {
                let keep = entry.expires_at_ms >= before_ms || removed >= u64::from(limit);
                if !keep {
                    removed += 1;
                    freed += size(key, entry);
                }
                keep
            });
            // A cell whose time has passed says nothing any more.
            shard.cells.retain(|key, tat| {
                let keep = *tat / 1000 >= before_ms;
                if !keep {
                    freed += key.as_bytes().len() + OVERHEAD;
                }
                keep
            });
        }
        self.used.fetch_sub(freed, Ordering::Relaxed);
        Reply::Removed(removed)
    }

    // A scan of everything: listing is for administration, never part of a flow.
    fn list(&self, by: &IndexValue, after: Option<&RecordKey>, limit: u32) -> Reply {
        let limit = usize::try_from(limit.max(1)).unwrap_or(usize::MAX);
        let mut found = Vec::new();
        for shard in &self.shards {
            for (key, entry) in &read(shard).entries {
                let indexed = match by {
                    IndexValue::Subject(value) => entry.index.subject.as_ref() == Some(value),
                    IndexValue::Client(value) => entry.index.client.as_ref() == Some(value),
                };
                if indexed && after.is_none_or(|after| key > after) {
                    found.push((key.clone(), entry.clone()));
                }
            }
        }
        found.sort_unstable_by(|(left, _), (right, _)| left.cmp(right));
        let more = found.len() > limit;
        found.truncate(limit);
        let next = if more { found.last().map(|(key, _)| key.clone()) } else { None };
        Reply::Listed { entries: found, next }
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").field("capacity", &self.capacity).finish_non_exhaustive()
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl Store for MemoryStore {
    fn execute(&self, command: Command) -> Result<Reply, StoreError> {
        match command {
            Command::Load { keys } => {
                let mut entries = Vec::with_capacity(keys.len());
                for key in &keys {
                    entries.push(self.load(key)?);
                }
                Ok(Reply::Loaded { entries, store_now_ms: None })
            }
            Command::Cas { key, expect, write } => self.cas(key, expect, write),
            Command::Throttle { key, interval_us, burst_us, cost, now_us } => {
                self.throttle(key, interval_us.saturating_mul(u64::from(cost)), burst_us, now_us)
            }
            Command::Sweep { before_ms, limit } => Ok(self.sweep(before_ms, limit)),
            Command::List { by, after, limit } => Ok(self.list(&by, after.as_ref(), limit)),
            // A store has no keys.
            Command::Sign { .. } | Command::VerifySignature { .. } => Err(StoreError::Unavailable),
        }
    }
}

// Nothing that runs under a lock can leave a shard half written, so a poisoned lock is still good.
fn read(shard: &RwLock<Shard>) -> RwLockReadGuard<'_, Shard> {
    shard.read().unwrap_or_else(PoisonError::into_inner)
}

fn write(shard: &RwLock<Shard>) -> RwLockWriteGuard<'_, Shard> {
    shard.write().unwrap_or_else(PoisonError::into_inner)
}

fn size(key: &RecordKey, entry: &Entry) -> usize {
    key.as_bytes().len() + entry.value.len() + OVERHEAD
}

#[cfg(test)]
mod tests {
    use super::super::{Index, Version};
    use super::*;

    fn key(name: &str) -> RecordKey {
        RecordKey::new(name.as_bytes()).unwrap()
    }

    fn entry(version: u8, value: &[u8]) -> Entry {
        let version = Version::new(&[version; 8]).unwrap();
        Entry { version, value: value.to_vec(), expires_at_ms: 1000, index: Index::default() }
    }

    fn put(store: &MemoryStore, name: &str, expect: Expect, entry: Entry) -> Result<Reply, StoreError> {
        store.execute(Command::Cas { key: key(name), expect, write: Write::Put(entry) })
    }

    fn load(store: &MemoryStore, name: &str) -> Option<Entry> {
        match store.execute(Command::Load { keys: vec![key(name)] }).unwrap() {
            Reply::Loaded { mut entries, .. } => entries.remove(0),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn cas_compares_versions_and_shows_the_winner() {
        let store = MemoryStore::new();
        let first = entry(1, b"one");
        assert_eq!(put(&store, "k", Expect::Absent, first.clone()), Ok(Reply::Done));
        assert_eq!(put(&store, "k", Expect::Absent, entry(2, b"")), Ok(Reply::Conflict(Some(first.clone()))));
        let second = entry(2, b"two");
        assert_eq!(put(&store, "k", Expect::Version(first.version), second.clone()), Ok(Reply::Done));
        assert_eq!(
            put(&store, "k", Expect::Version(first.version), entry(3, b"")),
            Ok(Reply::Conflict(Some(second.clone())))
        );
        let delete =
            Command::Cas { key: key("k"), expect: Expect::Version(second.version), write: Write::Delete };
        assert_eq!(store.execute(delete.clone()), Ok(Reply::Done));
        assert_eq!(store.execute(delete), Ok(Reply::Conflict(None)));
        assert_eq!(load(&store, "k"), None);
    }

    #[test]
    fn full_means_refused_and_room_comes_back() {
        let store = MemoryStore::with_capacity(2 * (1 + 100 + OVERHEAD));
        let value = [0; 100];
        assert_eq!(put(&store, "a", Expect::Absent, entry(1, &value)), Ok(Reply::Done));
        assert_eq!(put(&store, "b", Expect::Absent, entry(1, &value)), Ok(Reply::Done));
        assert_eq!(put(&store, "c", Expect::Absent, entry(1, &value)), Err(StoreError::Unavailable));
        assert_eq!(load(&store, "c"), None);
        assert!(load(&store, "a").is_some() && load(&store, "b").is_some());
        assert_eq!(store.execute(Command::Sweep { before_ms: 1000, limit: 9 }), Ok(Reply::Removed(0)));
        assert_eq!(store.execute(Command::Sweep { before_ms: 1001, limit: 1 }), Ok(Reply::Removed(1)));
        assert_eq!(put(&store, "c", Expect::Absent, entry(1, &value)), Ok(Reply::Done));
        let large = entry(1, &vec![0; MAX_VALUE + 1]);
        assert_eq!(put(&store, "d", Expect::Absent, large), Err(StoreError::TooLarge));
    }

    #[test]
    fn gcra_admits_the_burst_and_then_the_rate() {
        let store = MemoryStore::new();
        let throttle = |cost, now_us| {
            let command = Command::Throttle { key: key("t"), interval_us: 100, burst_us: 300, cost, now_us };
            matches!(store.execute(command).unwrap(), Reply::Admitted { .. })
        };
        assert!(!throttle(4, 1000), "a cost over the burst is denied, also at first");
        assert!(throttle(1, 1000) && throttle(1, 1000) && throttle(1, 1000));
        assert!(!throttle(1, 1000) && !throttle(1, 1099));
        assert!(!throttle(1, 500), "a clock that steps back admits nothing more");
        assert!(throttle(1, 1100) && !throttle(1, 1100));
        assert!(throttle(3, 10_000));
    }

    #[test]
    fn lists_by_index_with_a_cursor() {
        let store = MemoryStore::new();
        let subject = key("subject");
        for name in ["c", "a", "b", "d"] {
            let mut entry = entry(1, name.as_bytes());
            if name != "d" {
                entry.index.subject = Some(subject.clone());
            }
            put(&store, name, Expect::Absent, entry).unwrap();
        }
        let list = |after: Option<RecordKey>| {
            let command = Command::List { by: IndexValue::Subject(subject.clone()), after, limit: 2 };
            match store.execute(command).unwrap() {
                Reply::Listed { entries, next } => {
                    (entries.into_iter().map(|(key, _)| key).collect::<Vec<_>>(), next)
                }
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(list(None), (vec![key("a"), key("b")], Some(key("b"))));
        assert_eq!(list(Some(key("b"))), (vec![key("c")], None));
    }

    #[test]
    #[allow(clippy::disallowed_methods, reason = "a race takes real threads")]
    fn racers_insert_once() {
        let store = MemoryStore::new();
        let winners: usize = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|n| {
                    let store = &store;
                    scope.spawn(move || {
                        (0..200)
                            .filter(|i| {
                                put(store, &format!("k{i}"), Expect::Absent, entry(n, b"")) == Ok(Reply::Done)
                            })
                            .count()
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(winners, 200);
    }
}
