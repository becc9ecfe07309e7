//! What stands between the core and a store in another language; and that nothing is leaked.

use std::process::Command as Program;
use std::sync::Arc;
use std::time::Duration;

use tokenmint::{AsyncStore, Command, Expect, RecordKey, StoreError, Write};

use super::exec::ExecStore;
use super::rig::Rig;
use super::trial::{Trial, Verdict, done, ensure, failed, insert, load, race, replace, skipped};

/// How long the adapter waits for a program that never answers.
const SHORT: Duration = Duration::from_millis(300);

pub(crate) async fn broken_programs_are_mapped<R: Rig>(t: &mut Trial<'_, R>) -> Verdict {
    needs_worker(t, "it is about callbacks, and the tests of each language's package hold it for theirs")?;
    for (what, script) in [
        ("a program that answers garbage", "while read -r line; do echo garbage; done"),
        ("a program that ends", "read -r line; exit 3"),
        (
            "a program that answers no request's id",
            r#"read -r line; echo '{"id":4711,"reply":{"reply":"done"}}'; cat"#,
        ),
        (
            "a program that answers another reply",
            r#"read -r line; echo '{"id":0,"reply":{"reply":"what"}}'; cat"#,
        ),
    ] {
        let (write, read) = ask_twice(t, script, t.deadline).await?;
        ensure!(write == Some(StoreError::Unknown), "{what}: a write was answered by {write:?}");
        ensure!(read == Some(StoreError::Unavailable), "{what}: the next load was answered by {read:?}");
    }
    let started = ExecStore::start(Program::new("/no such program"), SHORT);
    ensure!(started.is_err(), "a program that is not there was started");
    // And the store's own, killed under way.
    let command = t.rig.worker().ok_or_else(|| skipped("it needs a worker"))?;
    let worker = ExecStore::start(command, t.deadline);
    let worker = worker.map_err(|error| failed(format!("the worker does not start: {error}")))?;
    worker.kill();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let answer = worker.execute(Command::Load { keys: vec![t.key("gone")?] }).await;
    ensure!(answer == Err(StoreError::Unavailable), "a program that was killed: {answer:?}");
    Ok(())
}

pub(crate) async fn many_requests_under_way<R: Rig>(t: &mut Trial<'_, R>) -> Verdict {
    needs_worker(
        t,
        "it is about re-entrant callbacks, and the tests of each language's package hold it for theirs",
    )?;
    let command = t.rig.worker().ok_or_else(|| skipped("it needs a worker"))?;
    let worker = ExecStore::start(command, t.deadline);
    let worker = Arc::new(worker.map_err(|error| failed(format!("the worker does not start: {error}")))?);
    let mut own = Vec::new();
    for n in 0..t.size(100, 400) {
        own.push((t.key(format!("{n}"))?, t.entry(format!("value {n}"))?));
    }
    let (count, mut each) = (own.len(), own.into_iter());
    race(&[worker], count, |_, store| {
        let own = each.next();
        async move {
            let (key, entry) = own.ok_or_else(|| failed("a caller without a key"))?;
            done("insert among many", insert(&*store, &key, &entry).await?)?;
            let found = load(&*store, &key).await?;
            ensure!(found.as_ref() == Some(&entry), "the answer to another's request: {found:?}");
            Ok(())
        }
    })
    .await?;
    Ok(())
}

pub(crate) async fn late_and_double_answers<R: Rig>(t: &mut Trial<'_, R>) -> Verdict {
    needs_worker(t, "it is about promises, and the tests of the package for JavaScript hold it")?;
    let (write, read) = ask_twice(t, "cat > /dev/null", SHORT).await?;
    ensure!(write == Some(StoreError::Unknown), "a write that is never answered: {write:?}");
    ensure!(read == Some(StoreError::Unavailable), "a load that is never answered: {read:?}");
    // The first answer counts; the second is to nobody's request, and the program is not believed any more.
    let twice = r#"read -r line; echo '{"id":0,"reply":{"reply":"done"}}'; echo '{"id":0,"reply":{"reply":"done"}}'; cat"#;
    let (write, read) = ask_twice(t, twice, t.deadline).await?;
    ensure!(write.is_none(), "a write that is answered twice: {write:?}");
    ensure!(read == Some(StoreError::Unavailable), "after a second answer: {read:?}");
    Ok(())
}

fn needs_worker<R: Rig>(t: &Trial<'_, R>, reason: &str) -> Verdict {
    if cfg!(unix) && t.rig.worker().is_some() { Ok(()) } else { Err(skipped(reason)) }
}

/// Asks a program of the shell to write and then to load, and says how each failed.
async fn ask_twice<R: Rig>(
    t: &mut Trial<'_, R>,
    script: &str,
    deadline: Duration,
) -> Verdict<(Option<StoreError>, Option<StoreError>)> {
    let mut program = Program::new("sh");
    program.args(["-c", script]);
    let store = ExecStore::start(program, deadline).map_err(|error| failed(error.to_string()))?;
    let (key, entry) = (t.key("a")?, t.entry("value")?);
    let write = Command::Cas { key: key.clone(), expect: Expect::Absent, write: Write::Put(entry) };
    let write = store.execute(write).await.err();
    let read = store.execute(Command::Load { keys: vec![key] }).await.err();
    Ok((write, read))
}

pub(crate) async fn memory_stays_flat<R: Rig>(t: &mut Trial<'_, R>) -> Verdict {
    const GROWTH_PAGES: u64 = 8192;
    let commands = t.size(20_000, 1_000_000);
    if resident_pages().is_none() {
        return Err(skipped("this system does not say how much memory a process has"));
    }
    // Values so large that a store which keeps what it replaced cannot hide it.
    let value = vec![7; 4096];
    let mut keys: Vec<(RecordKey, tokenmint::Version)> = Vec::new();
    for n in 0..16 {
        let (key, entry) = (t.key(format!("{n}"))?, t.entry(value.clone())?);
        done("insert", insert(&*t.store, &key, &entry).await?)?;
        keys.push((key, entry.version));
    }
    let mut before = 0;
    for n in 0..commands / 32 {
        if n == commands / 320 {
            // What is allocated once is there now.
            before = resident_pages().unwrap_or(0);
        }
        for (key, version) in &mut keys {
            let next = t.entry(value.clone())?;
            done("replace", replace(&*t.store, key, *version, &next).await?)?;
            *version = next.version;
            ensure!(load(&*t.store, key).await?.is_some(), "an entry was lost");
        }
    }
    let grown = resident_pages().unwrap_or(0).saturating_sub(before);
    ensure!(grown < GROWTH_PAGES, "after {commands} commands this process has {grown} pages more");
    Ok(())
}

/// The pages of this process that are in memory: see proc(5).
fn resident_pages() -> Option<u64> {
    std::fs::read_to_string("/proc/self/statm").ok()?.split(' ').nth(1)?.parse().ok()
}
