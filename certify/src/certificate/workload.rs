//! Random commands by many clients, recorded and judged.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokenmint::{AsyncStore, Command, Expect, RecordKey, Reply, StoreError, Version, Write};

use super::history::{Event, Observed, is_linearizable};
use super::random::Random;
use super::trial::{Verdict, ensure, entry, failed, race};

/// Lets clients do random commands on keys that are absent, and judges what each key has seen.
pub(crate) async fn run<S: AsyncStore + 'static>(
    connections: &[Arc<S>],
    keys: &[RecordKey],
    clients: usize,
    commands: usize,
    random: &mut Random,
) -> Verdict {
    let clock = Arc::new(AtomicU64::new(0));
    let histories = race(connections, clients, |_, store| {
        let client = Client {
            store,
            clock: Arc::clone(&clock),
            random: random.fork(),
            keys: keys.iter().map(|key| (key.clone(), None)).collect(),
        };
        client.work(commands)
    })
    .await?;
    for (index, _) in keys.iter().enumerate() {
        let all = histories.iter().flatten().filter(|(key, _)| *key == index);
        let events: Vec<Event> = all.map(|(_, event)| *event).collect();
        ensure!(
            is_linearizable(&events),
            "no order of the {} commands on key {index} explains what {clients} clients saw",
            events.len()
        );
    }
    Ok(())
}

/// One caller, which knows only what it was told.
struct Client<S> {
    store: Arc<S>,
    clock: Arc<AtomicU64>,
    random: Random,
    /// Keys, and the version that was seen last.
    keys: Vec<(RecordKey, Option<Version>)>,
}

impl<S: AsyncStore> Client<S> {
    async fn work(mut self, commands: usize) -> Verdict<Vec<(usize, Event)>> {
        let mut history = Vec::with_capacity(commands);
        for _ in 0..commands {
            let index = usize::try_from(self.random.below(self.keys.len() as u64)).unwrap_or(0);
            if let Some(event) = self.act(index).await? {
                history.push((index, event));
            }
        }
        Ok(history)
    }

    /// Does something with one key; `None` where it was certainly not done.
    async fn act(&mut self, index: usize) -> Verdict<Option<Event>> {
        let Some((key, seen)) = self.keys.get_mut(index) else { return Ok(None) };
        let choice = self.random.below(10);
        let version = self.random.version()?;
        let (expected, written) = match *seen {
            _ if choice < 3 => (None, None),
            Some(old) if choice < 5 => (Some(old), None),
            Some(old) if choice < 9 => (Some(old), Some(version)),
            _ => (None, Some(version)),
        };
        let command = if expected.is_none() && written.is_none() {
            Command::Load { keys: vec![key.clone()] }
        } else {
            // Every part of an entry shows whose it is.
            let write =
                written.map_or(Write::Delete, |version| Write::Put(entry(version, version.as_bytes())));
            Command::Cas { key: key.clone(), expect: expected.map_or(Expect::Absent, Expect::Version), write }
        };
        let start = self.clock.fetch_add(1, Ordering::SeqCst);
        let answer = self.store.execute(command).await;
        let end = self.clock.fetch_add(1, Ordering::SeqCst);
        let whole = |entry: &Option<tokenmint::Entry>| {
            entry.as_ref().is_none_or(|entry| entry.value == entry.version.as_bytes())
        };
        let kind = match answer {
            Ok(Reply::Loaded { entries, .. }) => {
                let entry = entries.into_iter().next().flatten();
                ensure!(whole(&entry), "an entry with the version of one and the value of another");
                *seen = entry.map(|entry| entry.version);
                Observed::Loaded(*seen)
            }
            Ok(Reply::Done) => {
                *seen = written;
                Observed::Written(expected, written)
            }
            Ok(Reply::Conflict(entry)) => {
                ensure!(whole(&entry), "an entry with the version of one and the value of another");
                *seen = entry.map(|entry| entry.version);
                Observed::Conflict(expected, *seen)
            }
            Err(StoreError::Unavailable) => return Ok(None),
            Err(StoreError::Unknown) if expected.is_some() || written.is_some() => {
                Observed::Unknown(expected, written)
            }
            other => return Err(failed(format!("a command was answered by {other:?}"))),
        };
        Ok(Some(Event { start, end, kind }))
    }
}
