//! What every test has at hand: the store, keys of its own, randomness, and the commands as functions.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokenmint::{
    AsyncStore, Command, Entry, Expect, Index, RecordKey, Reply, SLACK_MS, StoreError, Version, Write,
};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use super::random::Random;
use super::rig::{Fault, Rig};
pub(crate) use super::verdict::{Stop, Verdict, ensure, failed, skipped};

/// One hour in milliseconds.
pub(crate) const HOUR_MS: u64 = 3_600_000;

/// Within which time a store works again that a fault has left.
pub(crate) const RECOVERY: Duration = Duration::from_secs(60);

/// One test under way.
pub(crate) struct Trial<'a, R: Rig> {
    pub(crate) rig: &'a R,
    pub(crate) store: Arc<R::Store>,
    pub(crate) random: Random,
    pub(crate) quick: bool,
    /// How long a command may take while the store is silent.
    pub(crate) deadline: Duration,
    /// Not repeated by any seed.
    pub(crate) fresh: u64,
}

impl<R: Rig> Trial<'_, R> {
    /// A size: one for the tests of this crate, one for a certificate that counts.
    pub(crate) fn size(&self, quick: usize, full: usize) -> usize {
        if self.quick { quick } else { full }
    }

    /// A key that only this test has.
    pub(crate) fn key(&self, name: impl AsRef<[u8]>) -> Verdict<RecordKey> {
        key(&[&self.prefix(), name.as_ref()].concat())
    }

    /// What the keys of this test begin with; 12 bytes.
    pub(crate) fn prefix(&self) -> Vec<u8> {
        [b"cert", self.fresh.to_be_bytes().as_slice()].concat()
    }

    /// Another number that no run before has had.
    pub(crate) fn next_fresh(&self) -> u64 {
        super::random::fresh()
    }

    /// A new entry that lives for an hour.
    pub(crate) fn entry(&mut self, value: impl Into<Vec<u8>>) -> Verdict<Entry> {
        Ok(entry(self.random.version()?, value))
    }

    /// So many connections, the first of which is there already.
    pub(crate) async fn connections(&self, count: usize) -> Verdict<Vec<Arc<R::Store>>> {
        let mut connections = vec![Arc::clone(&self.store)];
        while connections.len() < count {
            connections.push(Arc::new(self.open().await?));
        }
        Ok(connections)
    }

    pub(crate) async fn open(&self) -> Verdict<R::Store> {
        let opened = self.rig.open().await;
        opened.map_err(|error| failed(format!("the store cannot be opened: {error}")))
    }

    /// Does something bad, or skips the test.
    pub(crate) async fn inject(&self, fault: Fault, needs: &str) -> Verdict {
        match self.rig.inject(fault).await {
            Some(Ok(())) => Ok(()),
            Some(Err(error)) => Err(failed(format!("the fault could not be made: {error}"))),
            None => Err(skipped(format!("it needs {needs}"))),
        }
    }

    /// Ends every fault, and waits until the store answers again.
    pub(crate) async fn heal(&self) -> Verdict {
        self.rig.heal().await;
        let key = self.key("healed")?;
        let end = Instant::now() + RECOVERY;
        while load(&*self.store, &key).await.is_err() {
            ensure!(Instant::now() < end, "the store does not answer {RECOVERY:?} after the fault was over");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }
}

pub(crate) fn key(bytes: &[u8]) -> Verdict<RecordKey> {
    RecordKey::new(bytes).ok_or_else(|| failed("the test made no key"))
}

/// An entry that lives for an hour.
pub(crate) fn entry(version: Version, value: impl Into<Vec<u8>>) -> Entry {
    Entry { version, value: value.into(), expires_at_ms: now_ms() + HOUR_MS, index: Index::default() }
}

/// This machine's clock, in milliseconds since 1970.
pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// What became of a conditional write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Done,
    Conflict(Option<Entry>),
}

pub(crate) async fn load<S: AsyncStore>(store: &S, key: &RecordKey) -> Verdict<Option<Entry>> {
    let entries = load_all(store, std::slice::from_ref(key)).await?;
    entries.into_iter().next().ok_or_else(|| failed("load of one key gave no entry"))
}

pub(crate) async fn load_all<S: AsyncStore>(store: &S, keys: &[RecordKey]) -> Verdict<Vec<Option<Entry>>> {
    match store.execute(Command::Load { keys: keys.to_vec() }).await? {
        Reply::Loaded { entries, .. } if entries.len() == keys.len() => Ok(entries),
        Reply::Loaded { entries, .. } => {
            Err(failed(format!("load of {} keys gave {} entries", keys.len(), entries.len())))
        }
        other => Err(failed(format!("load was answered by {other:?}"))),
    }
}

pub(crate) async fn cas<S: AsyncStore>(
    store: &S,
    key: &RecordKey,
    expect: Expect,
    write: Write,
) -> Verdict<Change> {
    match store.execute(Command::Cas { key: key.clone(), expect, write }).await? {
        Reply::Done => Ok(Change::Done),
        Reply::Conflict(entry) => Ok(Change::Conflict(entry)),
        other => Err(failed(format!("cas was answered by {other:?}"))),
    }
}

pub(crate) async fn insert<S: AsyncStore>(store: &S, key: &RecordKey, entry: &Entry) -> Verdict<Change> {
    cas(store, key, Expect::Absent, Write::Put(entry.clone())).await
}

pub(crate) async fn replace<S: AsyncStore>(
    store: &S,
    key: &RecordKey,
    old: Version,
    entry: &Entry,
) -> Verdict<Change> {
    cas(store, key, Expect::Version(old), Write::Put(entry.clone())).await
}

pub(crate) async fn delete<S: AsyncStore>(store: &S, key: &RecordKey, old: Version) -> Verdict<Change> {
    cas(store, key, Expect::Version(old), Write::Delete).await
}

/// Writes whatever is there.
pub(crate) async fn put<S: AsyncStore>(store: &S, key: &RecordKey, entry: &Entry) -> Verdict {
    let mut expect = Expect::Absent;
    for _ in 0..1000 {
        match cas(store, key, expect, Write::Put(entry.clone())).await? {
            Change::Done => return Ok(()),
            Change::Conflict(found) => {
                expect = found.map_or(Expect::Absent, |found| Expect::Version(found.version));
            }
        }
    }
    Err(failed("a write lost a thousand races against nobody"))
}

/// What the server does once a minute, where the store has it.
pub(crate) async fn housekeeping<R: Rig>(t: &Trial<'_, R>) -> Verdict {
    let swept = t.store.execute(Command::Sweep { before_ms: now_ms() - SLACK_MS, limit: 1000 }).await;
    ensure!(matches!(swept, Ok(Reply::Removed(_)) | Err(StoreError::Unavailable)), "sweep: {swept:?}");
    Ok(())
}

/// Expects that a write was done.
pub(crate) fn done(what: &str, change: Change) -> Verdict {
    ensure!(change == Change::Done, "{what}: {change:?} in place of done");
    Ok(())
}

/// Expects what is there.
pub(crate) fn same(what: &str, found: Option<&Entry>, expected: Option<&Entry>) -> Verdict {
    ensure!(found == expected, "{what}: {found:?} in place of {expected:?}");
    Ok(())
}

/// So many tasks that begin at the same time, spread over connections.
pub(crate) async fn race<S, T, F>(
    connections: &[Arc<S>],
    count: usize,
    mut task: impl FnMut(usize, Arc<S>) -> F,
) -> Verdict<Vec<T>>
where
    S: AsyncStore + 'static,
    T: Send + 'static,
    F: Future<Output = Verdict<T>> + Send + 'static,
{
    let barrier = Arc::new(Barrier::new(count));
    let mut tasks = JoinSet::new();
    for (index, store) in connections.iter().cycle().take(count).enumerate() {
        let (work, barrier) = (task(index, Arc::clone(store)), Arc::clone(&barrier));
        tasks.spawn(async move {
            barrier.wait().await;
            work.await
        });
    }
    let mut results = Vec::with_capacity(count);
    while let Some(result) = tasks.join_next().await {
        results.push(result.map_err(|_| failed("the store panicked"))??);
    }
    Ok(results)
}
