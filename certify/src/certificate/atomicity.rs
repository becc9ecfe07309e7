//! Many callers at once: each command happens as a whole, at one instant.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokenmint::{AsyncStore, Entry, MAX_VALUE, RecordKey};

use super::exec::ExecStore;
use super::random::{Random, version};
use super::rig::Rig;
use super::trial::{
    Change, Trial, Verdict, delete, done, ensure, entry, failed, insert, load, race, replace, same, skipped,
};
use super::workload;

/// How many connections the racers share.
const CONNECTIONS: usize = 4;

pub(crate) async fn one_insert_wins<R: Rig>(t: &mut Trial<'_, R>) -> Verdict {
    one_wins(t, false).await
}

pub(crate) async fn one_replace_wins<R: Rig>(t: &mut Trial<'_, R>) -> Verdict {
    one_wins(t, true).await
}

async fn one_wins<R: Rig>(t: &mut Trial<'_, R>, present: bool) -> Verdict {
    let connections = t.connections(CONNECTIONS).await?;
    for (racers, rounds) in [(2, t.size(40, 200)), (8, t.size(15, 60)), (64, t.size(4, 20))] {
        for round in 0..rounds {
            let key = t.key(format!("{racers} {round}"))?;
            let first = t.entry("first")?;
            if present {
                done("insert", insert(&*t.store, &key, &first).await?)?;
            }
            let mut random = t.random.fork();
            let mut entries = Vec::new();
            for racer in 0..racers {
                entries.push(entry(random.version()?, format!("racer {racer}")));
            }
            let mut entries = entries.into_iter();
            let results = race(&connections, racers, |_, store| {
                let (key, own, old) = (key.clone(), entries.next(), first.version);
                async move {
                    let own = own.ok_or_else(|| failed("a racer without an entry"))?;
                    let change = if present {
                        replace(&*store, &key, old, &own).await?
                    } else {
                        insert(&*store, &key, &own).await?
                    };
                    Ok((own, change))
                }
            })
            .await?;
            one_won(&results)?;
            let winner = results.iter().find(|(_, change)| *change == Change::Done).map(|(own, _)| own);
            same("after the race", load(&*t.store, &key).await?.as_ref(), winner)?;
        }
    }
    Ok(())
}

fn one_won(results: &[(Entry, Change)]) -> Verdict {
    let winners: Vec<_> = results.iter().filter(|(_, change)| *change == Change::Done).collect();
    let [(winner, _)] = winners.as_slice() else {
        return Err(failed(format!("{} winners among {} racers", winners.len(), results.len())));
    };
    for (_, change) in results {
        let right = *change == Change::Done || *change == Change::Conflict(Some(winner.clone()));
        ensure!(right, "a loser saw {change:?} in place of the winner {winner:?}");
    }
    Ok(())
}

pub(crate) async fn no_lost_update<R: Rig>(t: &mut Trial<'_, R>) -> Verdict {
    let connections = t.connections(CONNECTIONS).await?;
    let (tasks, each) = (t.size(8, 16), t.size(25, 100));
    let key = t.key("counter")?;
    let mut random = t.random.fork();
    race(&connections, tasks, |_, store| increments(store, key.clone(), random.fork(), each)).await?;
    let (count, expected) = (counted(&*t.store, &key).await?, (tasks * each) as u64);
    ensure!(count == expected, "{expected} acknowledged increments, and the counter is {count}");
    Ok(())
}

/// Increments a counter so many times, by as many attempts as it takes.
pub(crate) async fn increments<S: AsyncStore>(
    store: Arc<S>,
    key: RecordKey,
    mut random: Random,
    times: usize,
) -> Verdict {
    let mut current = load(&*store, &key).await?;
    for _ in 0..times {
        for attempt in 0.. {
            ensure!(attempt < 100_000, "no attempt of a hundred thousand succeeds");
            let next = entry(random.version()?, (number(current.as_ref())? + 1).to_be_bytes());
            let change = match &current {
                Some(found) => replace(&*store, &key, found.version, &next).await?,
                None => insert(&*store, &key, &next).await?,
            };
            match change {
                Change::Done => {
                    current = Some(next);
                    break;
                }
                Change::Conflict(found) => current = found,
            }
        }
    }
    Ok(())
}

/// What a counter says.
pub(crate) fn number(entry: Option<&Entry>) -> Verdict<u64> {
    let Some(entry) = entry else { return Ok(0) };
    let bytes = entry.value.as_slice().try_into();
    Ok(u64::from_be_bytes(bytes.map_err(|_| failed("the value of a counter has changed its length"))?))
}

pub(crate) async fn counted<S: AsyncStore>(store: &S, key: &RecordKey) -> Verdict<u64> {
    number(load(store, key).await?.as_ref())
}

pub(crate) async fn short_races_are_linearizable<R: Rig>(t: &mut Trial<'_, R>) -> Verdict {
    let rounds = t.size(30, 300);
    let connections = t.connections(CONNECTIONS).await?;
    for round in 0..rounds {
        let keys = [t.key(format!("round {round}"))?];
        workload::run(&connections, &keys, 6, 8, &mut t.random).await?;
    }
    Ok(())
}

pub(crate) async fn long_workloads_are_linearizable<R: Rig>(t: &mut Trial<'_, R>) -> Verdict {
    let (rounds, commands) = (t.size(3, 20), t.size(40, 80));
    let connections = t.connections(CONNECTIONS).await?;
    for round in 0..rounds {
        let keys = [t.key(format!("a{round}"))?, t.key(format!("b{round}"))?, t.key(format!("c{round}"))?];
        workload::run(&connections, &keys, 8, commands, &mut t.random).await?;
    }
    Ok(())
}

pub(crate) async fn two_processes<R: Rig>(t: &mut Trial<'_, R>) -> Verdict {
    let worker =
        || t.rig.worker().ok_or_else(|| skipped("it needs a worker: a process of its own on the same data"));
    let mut workers = Vec::new();
    for command in [worker()?, worker()?] {
        let worker = ExecStore::start(command, t.deadline);
        workers
            .push(Arc::new(worker.map_err(|error| failed(format!("the worker does not start: {error}")))?));
    }
    let (key, each) = (t.key("counter")?, t.size(50, 500));
    let mut random = t.random.fork();
    race(&workers, 4, |_, store| increments(store, key.clone(), random.fork(), each)).await?;
    let (count, expected) = (counted(&*t.store, &key).await?, 4 * each as u64);
    ensure!(count == expected, "{expected} increments by two processes, and the counter is {count}");
    Ok(())
}

pub(crate) async fn no_partial_value<R: Rig>(t: &mut Trial<'_, R>) -> Verdict {
    let connections = t.connections(CONNECTIONS).await?;
    let (writes, key) = (t.size(150, 1500), t.key("pattern")?);
    let patterns = [pattern(1, MAX_VALUE)?, pattern(2, MAX_VALUE / 2)?, pattern(3, 0)?];
    let [first, ..] = &patterns;
    done("insert", insert(&*t.store, &key, first).await?)?;
    let written = Arc::new(AtomicU64::new(0));
    race(&connections, 4, |index, store| {
        let (key, patterns, written) = (key.clone(), patterns.clone(), Arc::clone(&written));
        async move {
            if index == 0 {
                let mut old = patterns.iter().cycle();
                for (new, old) in patterns.iter().cycle().skip(1).zip(&mut old).take(writes) {
                    done("replace", replace(&*store, &key, old.version, new).await?)?;
                }
                written.store(1, Ordering::SeqCst);
                return Ok(());
            }
            while written.load(Ordering::SeqCst) == 0 {
                let found = load(&*store, &key).await?;
                let whole = patterns.iter().any(|pattern| Some(pattern) == found.as_ref());
                ensure!(whole, "a reader saw what nobody wrote: {found:?}");
                tokio::task::yield_now().await;
            }
            Ok(())
        }
    })
    .await?;
    Ok(())
}

/// An entry of which every part shows which one it is.
fn pattern(n: u8, size: usize) -> Verdict<Entry> {
    let mut pattern = entry(version(&[n; 16])?, vec![n; size]);
    pattern.expires_at_ms += u64::from(n);
    Ok(pattern)
}

pub(crate) async fn own_writes_are_read<R: Rig>(t: &mut Trial<'_, R>) -> Verdict {
    let connections = t.connections(CONNECTIONS).await?;
    for round in 0..t.size(50, 500) {
        let key = t.key(format!("{round}"))?;
        let mut current = None::<Entry>;
        let turns = connections.iter().cycle();
        for (writer, reader) in turns.clone().zip(turns.skip(1 + round % 3)).take(4) {
            let next = t.entry("next")?;
            let change = match &current {
                Some(old) => replace(&**writer, &key, old.version, &next).await?,
                None => insert(&**writer, &key, &next).await?,
            };
            done("a write after that of another connection", change)?;
            same("a load on another connection", load(&**reader, &key).await?.as_ref(), Some(&next))?;
            current = Some(next);
        }
        if let Some((old, writer)) = current.zip(connections.first()) {
            done("delete", delete(&**writer, &key, old.version).await?)?;
        }
        for reader in &connections {
            same("a load after the delete", load(&**reader, &key).await?.as_ref(), None)?;
        }
    }
    Ok(())
}

pub(crate) async fn real_time_order<R: Rig>(t: &mut Trial<'_, R>) -> Verdict {
    let connections = t.connections(CONNECTIONS).await?;
    let (key, writes) = (t.key("counter")?, t.size(200, 2000) as u64);
    let acknowledged = Arc::new(AtomicU64::new(0));
    let mut random = t.random.fork();
    race(&connections, 8, |index, store| {
        let (key, acknowledged, mut random) = (key.clone(), Arc::clone(&acknowledged), random.fork());
        async move {
            if index == 0 {
                let mut old = None::<Entry>;
                for n in 1..=writes {
                    let next = entry(random.version()?, n.to_be_bytes());
                    let change = match old {
                        Some(old) => replace(&*store, &key, old.version, &next).await?,
                        None => insert(&*store, &key, &next).await?,
                    };
                    done("the only writer's write", change)?;
                    acknowledged.store(n, Ordering::SeqCst);
                    old = Some(next);
                }
                return Ok(());
            }
            loop {
                let before = acknowledged.load(Ordering::SeqCst);
                let seen = counted(&*store, &key).await?;
                ensure!(seen >= before, "write {before} was acknowledged, and a later load saw {seen}");
                if before == writes {
                    return Ok(());
                }
                tokio::task::yield_now().await;
            }
        }
    })
    .await?;
    Ok(())
}
