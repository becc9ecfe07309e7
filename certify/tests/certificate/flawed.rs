//! Stores that are wrong on purpose, each in one way that was seen in real ones.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokenmint::{
    AsyncStore, Command, Entry, Expect, MAX_VALUE, MemoryStore, RecordKey, Reply, Store, StoreError, Version,
    Write,
};

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// It looks whether an entry is as expected, and then writes over whatever is there.
    LostUpdate,
    /// A load may give what a load gave before.
    StaleRead,
    /// It compares a counter that begins anew after a delete, not the version.
    Aba,
    /// It drops an entry as soon as it has expired.
    EarlyExpiry,
    /// It reads a limit and then writes it.
    RacyLimiter,
    /// Its column is one byte too short.
    Truncates,
    /// Its collation does not know capital letters.
    FoldsCase,
    /// It does a write and then says that it was certainly not done.
    ErrorAfterDoing,
    /// It writes a value in two parts.
    PartialWrite,
}

/// A store in memory with a flaw.
pub(crate) struct Flawed {
    flaw: Flaw,
    inner: MemoryStore,
    count: AtomicU64,
    loads: AtomicU64,
    seen: Mutex<HashMap<RecordKey, Option<Entry>>>,
    cells: Mutex<HashMap<RecordKey, u64>>,
    counters: Mutex<HashMap<(RecordKey, Version), u64>>,
}

impl Flawed {
    pub(crate) fn new(flaw: Flaw) -> Self {
        Flawed {
            flaw,
            inner: MemoryStore::new(),
            count: AtomicU64::new(0),
            loads: AtomicU64::new(0),
            seen: Mutex::default(),
            cells: Mutex::default(),
            counters: Mutex::default(),
        }
    }

    fn every(&self, n: u64) -> bool {
        self.count.fetch_add(1, Ordering::Relaxed) % n == n - 1
    }

    fn current(&self, key: &RecordKey) -> Option<Entry> {
        let Ok(Reply::Loaded { mut entries, .. }) =
            self.inner.execute(Command::Load { keys: vec![key.clone()] })
        else {
            panic!("memory always answers");
        };
        entries.remove(0)
    }

    fn is_expected(&self, key: &RecordKey, expect: Expect) -> bool {
        match (self.current(key), expect) {
            (None, Expect::Absent) => true,
            (Some(entry), Expect::Version(version)) => entry.version == version,
            _ => false,
        }
    }

    /// Writes over whatever is there.
    fn force(&self, key: &RecordKey, write: Write) -> Result<Reply, StoreError> {
        let expect = self.current(key).map_or(Expect::Absent, |entry| Expect::Version(entry.version));
        self.inner.execute(Command::Cas { key: key.clone(), expect, write })
    }

    fn load(&self, keys: Vec<RecordKey>) -> Result<Reply, StoreError> {
        let mut reply = self.inner.execute(Command::Load { keys: keys.clone() });
        let Ok(Reply::Loaded { entries, .. }) = &mut reply else { return reply };
        for (key, entry) in keys.into_iter().zip(entries) {
            if self.flaw == Flaw::EarlyExpiry {
                let now_ms = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
                if entry.as_ref().is_some_and(|entry| u128::from(entry.expires_at_ms) <= now_ms) {
                    *entry = None;
                }
            } else if self.every(3) {
                if let Some(old) = self.seen.lock().unwrap().get(&key) {
                    entry.clone_from(old);
                }
            } else {
                self.seen.lock().unwrap().insert(key, entry.clone());
            }
        }
        reply
    }

    async fn cas(&self, key: RecordKey, expect: Expect, mut write: Write) -> Result<Reply, StoreError> {
        match self.flaw {
            Flaw::LostUpdate if self.is_expected(&key, expect) => {
                tokio::task::yield_now().await;
                self.force(&key, write)
            }
            Flaw::PartialWrite if self.is_expected(&key, expect) => {
                if let Write::Put(entry) = &write {
                    let mut half = entry.clone();
                    half.value.truncate(entry.value.len() / 2);
                    let loads = self.loads.load(Ordering::SeqCst);
                    self.force(&key, Write::Put(half))?;
                    // Until somebody has looked: on a busy machine nobody might in time.
                    while expect != Expect::Absent && self.loads.load(Ordering::SeqCst) == loads {
                        tokio::time::sleep(Duration::from_millis(1)).await;
                    }
                }
                self.force(&key, write)
            }
            Flaw::Aba => {
                let mut counters = self.counters.lock().unwrap();
                let current = self.current(&key);
                let counter = |version| counters.get(&(key.clone(), version)).copied().unwrap_or(0);
                let now = current.as_ref().map_or(0, |entry| counter(entry.version));
                let expected = match expect {
                    Expect::Absent => 0,
                    Expect::Version(version) => counter(version),
                };
                if now != expected || (expect != Expect::Absent && expected == 0) {
                    return Ok(Reply::Conflict(current));
                }
                if let Write::Put(entry) = &write {
                    counters.insert((key.clone(), entry.version), now + 1);
                }
                self.force(&key, write)
            }
            Flaw::ErrorAfterDoing => {
                let reply = self.inner.execute(Command::Cas { key, expect, write });
                if reply == Ok(Reply::Done) && self.every(5) { Err(StoreError::Unavailable) } else { reply }
            }
            Flaw::Truncates => {
                if let Write::Put(entry) = &mut write
                    && entry.value.len() == MAX_VALUE
                {
                    entry.value.truncate(MAX_VALUE - 1);
                }
                self.inner.execute(Command::Cas { key, expect, write })
            }
            _ => self.inner.execute(Command::Cas { key, expect, write }),
        }
    }

    async fn throttle(&self, key: RecordKey, cost_us: u64, burst_us: u64, now_us: u64) -> Reply {
        let tat_us = self.cells.lock().unwrap().get(&key).copied().unwrap_or(0);
        let next = tat_us.max(now_us).saturating_add(cost_us);
        if next - now_us > burst_us {
            return Reply::Denied { tat_us };
        }
        tokio::task::yield_now().await;
        self.cells.lock().unwrap().insert(key, next);
        Reply::Admitted { tat_us: next }
    }
}

impl AsyncStore for Flawed {
    async fn execute(&self, command: Command) -> Result<Reply, StoreError> {
        let fold = |key: RecordKey| match self.flaw {
            Flaw::FoldsCase => RecordKey::new(&key.as_bytes().to_ascii_lowercase()).unwrap(),
            _ => key,
        };
        match command {
            Command::Load { keys } if matches!(self.flaw, Flaw::StaleRead | Flaw::EarlyExpiry) => {
                self.load(keys)
            }
            Command::Load { keys } => {
                let loaded = self.inner.execute(Command::Load { keys: keys.into_iter().map(fold).collect() });
                self.loads.fetch_add(1, Ordering::SeqCst);
                loaded
            }
            Command::Cas { key, expect, write } => self.cas(fold(key), expect, write).await,
            Command::Throttle { key, interval_us, burst_us, cost, now_us }
                if self.flaw == Flaw::RacyLimiter =>
            {
                Ok(self.throttle(key, interval_us.saturating_mul(cost.into()), burst_us, now_us).await)
            }
            command => self.inner.execute(command),
        }
    }
}
