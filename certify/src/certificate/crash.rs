//! Whoever dies in the middle leaves a whole state, and what was acknowledged stays.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::{Duration, Instant};

use tokenmint::{
    AsyncStore, Command, Durability, Entry, Expect, RecordKey, Reply, StoreError, Version, Write,
};

use super::atomicity::{counted, number};
use super::exec::ExecStore;
use super::random::Random;
use super::rig::{Fault, Rig};
use super::trial::{
    RECOVERY, Trial, Verdict, cas, done, ensure, entry, failed, insert, load, put, race, same, skipped,
};

/// How far a writer that was killed had come.
struct Killed {
    /// The last number that was acknowledged, and its version.
    acknowledged: u64,
    version: Option<Version>,
    /// The version of the write whose answer never came.
    ambiguous: Version,
}

pub(crate) async fn killed_writer_is_exact<R: Rig>(t: &mut Trial<'_, R>) -> Verdict {
    for round in 0..t.size(20, 100) {
        let key = t.key(format!("{round}"))?;
        let killed = kill_a_writer(t, &key).await?;
        let (stored, acked) = (counted(&*t.store, &key).await?, killed.acknowledged);
        ensure!(acked <= stored && stored <= acked + 1, "{acked} writes acknowledged, {stored} stored");
    }
    Ok(())
}

pub(crate) async fn version_tells_own_write<R: Rig>(t: &mut Trial<'_, R>) -> Verdict {
    for round in 0..t.size(20, 100) {
        let key = t.key(format!("{round}"))?;
        let killed = kill_a_writer(t, &key).await?;
        let found = load(&*t.store, &key).await?;
        let (stored, version) = (number(found.as_ref())?, found.map(|entry| entry.version));
        let expected = if stored == killed.acknowledged { killed.version } else { Some(killed.ambiguous) };
        ensure!(version == expected, "number {stored} has version {version:?} in place of {expected:?}");
    }
    Ok(())
}

/// Lets a process of its own count up, and kills it at a random point.
async fn kill_a_writer<R: Rig>(t: &mut Trial<'_, R>, key: &RecordKey) -> Verdict<Killed> {
    let needs = "it needs a worker: a process of its own on the same data, which can be killed";
    let command = t.rig.worker().ok_or_else(|| skipped(needs))?;
    let worker = ExecStore::start(command, t.deadline);
    let worker = worker.map_err(|error| failed(format!("the worker does not start: {error}")))?;
    // Its start is not what is looked at.
    load(&worker, key).await?;
    let delay = Duration::from_micros(t.random.below(20_000));
    let victim = worker.clone();
    let killer = tokio::spawn(async move {
        tokio::time::sleep(delay).await;
        victim.kill();
    });
    let killed = count_up(&worker, key.clone(), t.random.fork(), &AtomicU64::new(0)).await;
    let _ = killer.await;
    drop(worker);
    // What it sent before it died may be under way for a moment, on a server.
    tokio::time::sleep(Duration::from_millis(20)).await;
    killed
}

/// Counts up until a write is not acknowledged.
async fn count_up<S: AsyncStore>(
    store: &S,
    key: RecordKey,
    mut random: Random,
    last: &AtomicU64,
) -> Verdict<Killed> {
    let mut version = None;
    for next in 1..u64::MAX {
        let own = entry(random.version()?, next.to_be_bytes());
        let expect = version.map_or(Expect::Absent, Expect::Version);
        let ambiguous = own.version;
        let command = Command::Cas { key: key.clone(), expect, write: Write::Put(own) };
        match store.execute(command).await {
            Ok(Reply::Done) => {}
            Err(StoreError::Unknown | StoreError::Unavailable) => {
                return Ok(Killed { acknowledged: next - 1, version, ambiguous });
            }
            other => return Err(failed(format!("the only writer's write was answered by {other:?}"))),
        }
        version = Some(ambiguous);
        last.store(next, Ordering::SeqCst);
        // A store that answers at once would never let this task be ended.
        tokio::task::yield_now().await;
    }
    Err(failed("nothing ever ended the writer"))
}

pub(crate) async fn killed_server_keeps_its_word<R: Rig>(t: &mut Trial<'_, R>) -> Verdict {
    survive(t, Fault::KillServer, Durability::Disk, "a server that can be killed").await
}

/// Counts up while the fault happens. Afterwards nothing that was acknowledged is missing, if the store declares that
/// much; and the store works.
pub(crate) async fn survive<R: Rig>(
    t: &mut Trial<'_, R>,
    fault: Fault,
    declared: Durability,
    needs: &str,
) -> Verdict {
    let writer = Arc::new(t.open().await?);
    let key = t.key("counter")?;
    let last = Arc::new(AtomicU64::new(0));
    let (task_key, task_random, task_last) = (key.clone(), t.random.fork(), Arc::clone(&last));
    let task = tokio::spawn(async move { count_up(&*writer, task_key, task_random, &task_last).await });
    // Nothing could be lost before something was acknowledged.
    let end = Instant::now() + RECOVERY;
    while last.load(Ordering::SeqCst) < 10 && !task.is_finished() {
        ensure!(Instant::now() < end, "no ten writes are acknowledged in {RECOVERY:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    tokio::time::sleep(Duration::from_millis(t.random.below(50))).await;
    let injected = t.inject(fault, needs).await;
    if injected.is_ok() {
        // A fault so short that the writer saw none ends here.
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    task.abort();
    let killed = match task.await {
        Ok(killed) => killed.map(|killed| killed.acknowledged),
        Err(_) => Ok(last.load(Ordering::SeqCst)),
    };
    injected?;
    t.heal().await?;
    let acknowledged = killed?;
    let stored = counted(&t.open().await?, &key).await?;
    ensure!(stored <= acknowledged + 1, "{acknowledged} writes acknowledged, {stored} stored");
    if t.store.durability() >= declared {
        ensure!(stored >= acknowledged, "{acknowledged} writes were acknowledged, and {stored} are left");
    }
    works(t).await
}

/// Whether the store does what it must again.
pub(crate) async fn works<R: Rig>(t: &mut Trial<'_, R>) -> Verdict {
    let (key, first, second) = (t.key("works")?, t.entry("first")?, t.entry("second")?);
    put(&*t.store, &key, &first).await?;
    let change = cas(&*t.store, &key, Expect::Version(first.version), Write::Put(second.clone())).await?;
    done("a replace afterwards", change)?;
    same("a load afterwards", load(&*t.store, &key).await?.as_ref(), Some(&second))
}

pub(crate) async fn full_is_an_error<R: Rig>(t: &mut Trial<'_, R>) -> Verdict {
    let (old_key, old) = (t.key("old")?, t.entry(vec![5; 1000])?);
    put(&*t.store, &old_key, &old).await?;
    t.inject(Fault::Full, "a disk that can be filled or made read-only").await?;
    // A store may have kept some room for itself, but not without end.
    let mut tried = Vec::new();
    let answer = loop {
        // Nothing that could be compressed into what room is left.
        let noise = t.random.bytes::<60_000>().to_vec();
        let (key, large) = (t.key(format!("new {}", tried.len()))?, t.entry(noise)?);
        let (expect, write) = (Expect::Absent, Write::Put(large.clone()));
        let answer = t.store.execute(Command::Cas { key: key.clone(), expect, write }).await;
        tried.push((key, large));
        if answer != Ok(Reply::Done) || tried.len() == 400 {
            break answer;
        }
    };
    let seen = load(&*t.store, &old_key).await;
    t.heal().await?;
    if let Some((key, large)) = tried.pop() {
        honest(t, "a write on a full disk", &answer, &key, &large).await?;
    }
    for (key, large) in &tried {
        honest(t, "a write before the disk was full", &Ok(Reply::Done), key, large).await?;
    }
    ensure!(
        matches!(answer, Err(StoreError::Unavailable | StoreError::Unknown)),
        "write number {} on a full disk was answered by {answer:?}",
        tried.len() + 1
    );
    if let Ok(seen) = seen {
        same("an old entry while the disk is full", seen.as_ref(), Some(&old))?;
    }
    same("an old entry afterwards", load(&*t.store, &old_key).await?.as_ref(), Some(&old))?;
    works(t).await
}

/// Whether an answer to an insert says the truth, looked at afterwards.
pub(crate) async fn honest<R: Rig>(
    t: &Trial<'_, R>,
    what: &str,
    answer: &Result<Reply, StoreError>,
    key: &RecordKey,
    written: &Entry,
) -> Verdict {
    let found = load(&*t.store, key).await?;
    match answer {
        Ok(Reply::Done) => same(&format!("{what}, acknowledged"), found.as_ref(), Some(written)),
        Err(StoreError::Unavailable) => same(&format!("{what}, certainly not done"), found.as_ref(), None),
        Err(StoreError::Unknown) => {
            let whole = found.is_none() || found.as_ref() == Some(written);
            ensure!(whole, "{what}, maybe done, left {found:?}");
            Ok(())
        }
        other => Err(failed(format!("{what} was answered by {other:?}"))),
    }
}

pub(crate) async fn cut_connections_are_told_apart<R: Rig>(t: &mut Trial<'_, R>) -> Verdict {
    for fault in [Fault::CutBeforeRequest, Fault::CutBeforeReply, Fault::CutInReply] {
        for round in 0..t.size(5, 50) {
            let (key, own) = (t.key(format!("{fault:?} {round}"))?, t.entry("written")?);
            t.inject(fault, "a proxy that cuts connections").await?;
            let command =
                Command::Cas { key: key.clone(), expect: Expect::Absent, write: Write::Put(own.clone()) };
            let answer = t.store.execute(command).await;
            let read = t.store.execute(Command::Load { keys: vec![key.clone()] }).await;
            t.heal().await?;
            honest(t, &format!("a write under {fault:?}"), &answer, &key, &own).await?;
            ensure!(
                matches!(read, Ok(_) | Err(StoreError::Unavailable)),
                "a load under {fault:?} was answered by {read:?}"
            );
        }
    }
    works(t).await
}

pub(crate) async fn cancelled_is_whole<R: Rig>(t: &mut Trial<'_, R>) -> Verdict {
    let (key, first) = (t.key("cancelled")?, t.entry(vec![0; 5000])?);
    done("insert", insert(&*t.store, &key, &first).await?)?;
    let mut last = first;
    for round in 0..t.size(60, 600) {
        let (polls, next) = (round % 6, t.entry(vec![u8::try_from(round % 255).unwrap_or(0); 5000])?);
        let (expect, write) = (Expect::Version(last.version), Write::Put(next.clone()));
        let answer =
            poll_at_most(polls, t.store.execute(Command::Cas { key: key.clone(), expect, write })).await;
        if let Some(answer) = answer {
            ensure!(answer == Ok(Reply::Done), "a write that was waited for: {answer:?}");
        }
        let found = load(&*t.store, &key).await?;
        let whole = found.as_ref() == Some(&last) || found.as_ref() == Some(&next);
        ensure!(whole, "after {polls} polls there is {found:?}, neither {last:?} nor {next:?}");
        // Another write settles what a dropped one, which may still come late, has left.
        let fence = t.entry("fence")?;
        put(&*t.store, &key, &fence).await?;
        last = fence;
    }
    same("at the end", load(&*t.store, &key).await?.as_ref(), Some(&last))?;
    // Dropped commands must not take connections with them.
    race(&[Arc::clone(&t.store)], 32, |index, store| {
        let key = key.clone();
        async move { if index % 2 == 0 { load(&*store, &key).await.map(drop) } else { Ok(()) } }
    })
    .await?;
    works(t).await
}

/// The output of a future, unless it takes more polls than so many.
async fn poll_at_most<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut polled = 0;
    std::future::poll_fn(|context| {
        if polled > polls {
            return Poll::Ready(None);
        }
        polled += 1;
        match future.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if polled > polls => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}
