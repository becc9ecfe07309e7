//! What a server does to its clients: silence, failover, a wrong set-up, no connection left, an old schema.

use std::time::Instant;

use tokenmint::{AsyncStore, Command, Durability, Expect, Reply, StoreError, Write};

use super::crash::{honest, survive, works};
use super::rig::{Fault, Rig};
use super::trial::{Trial, Verdict, done, ensure, failed, insert, load, put, race, same, skipped};

pub(crate) async fn silence_ends_at_the_deadline<R: Rig>(t: &mut Trial<'_, R>) -> Verdict {
    let (key, own) = (t.key("silent")?, t.entry("written")?);
    t.inject(Fault::Hang, "a server that can be made silent").await?;
    let begin = Instant::now();
    let command = Command::Cas { key: key.clone(), expect: Expect::Absent, write: Write::Put(own.clone()) };
    let write = tokio::time::timeout(t.deadline, t.store.execute(command)).await;
    let read =
        tokio::time::timeout(t.deadline, t.store.execute(Command::Load { keys: vec![key.clone()] })).await;
    let elapsed = begin.elapsed();
    t.heal().await?;
    let (Ok(write), Ok(read)) = (write, read) else {
        return Err(failed(format!("no answer within {:?}; waited for {elapsed:?}", t.deadline)));
    };
    let lost = matches!(write, Err(StoreError::Unavailable | StoreError::Unknown));
    ensure!(lost, "a write to a silent server was answered by {write:?}");
    ensure!(read == Err(StoreError::Unavailable), "a load of a silent server was answered by {read:?}");
    honest(t, "a write to a silent server", &write, &key, &own).await?;
    works(t).await
}

pub(crate) async fn failover_is_declared<R: Rig>(t: &mut Trial<'_, R>) -> Verdict {
    survive(t, Fault::FailOver, Durability::Replicated, "a replica that can take over").await
}

pub(crate) async fn doctor_finds_it<R: Rig>(t: &mut Trial<'_, R>) -> Verdict {
    let Some(before) = t.rig.doctor().await else {
        return Err(skipped("it needs a store that has a doctor"));
    };
    t.inject(Fault::Misconfigure, "a server that can be set up wrongly").await?;
    let after = t.rig.doctor().await.unwrap_or_default();
    t.rig.heal().await;
    let found = after.iter().any(|check| !before.contains(check));
    ensure!(found, "the doctor finds {before:?} before, and {after:?} after the store was set up wrongly");
    Ok(())
}

pub(crate) async fn crowds_do_not_deadlock<R: Rig>(t: &mut Trial<'_, R>) -> Verdict {
    // Far more at once than any pool has connections.
    let callers = t.size(256, 1024);
    let mut own = Vec::new();
    for n in 0..callers {
        own.push((t.key(format!("{n}"))?, t.entry("crowd")?));
    }
    let mut each = own.clone().into_iter();
    let answers = race(&[std::sync::Arc::clone(&t.store)], callers, |_, store| {
        let own = each.next();
        async move {
            let (key, entry) = own.ok_or_else(|| failed("a caller without a key"))?;
            let (expect, write) = (Expect::Absent, Write::Put(entry.clone()));
            let answer = store.execute(Command::Cas { key: key.clone(), expect, write }).await;
            Ok((key, entry, answer))
        }
    })
    .await?;
    for (key, entry, answer) in &answers {
        honest(t, "a write in a crowd", answer, key, entry).await?;
    }
    // And where somebody else has all connections.
    match t.rig.inject(Fault::ExhaustPool).await {
        None => {}
        Some(Err(error)) => return Err(failed(format!("the fault could not be made: {error}"))),
        Some(Ok(())) => {
            let (key, entry) = (t.key("exhausted")?, t.entry("exhausted")?);
            let (expect, write) = (Expect::Absent, Write::Put(entry.clone()));
            let asked = t.store.execute(Command::Cas { key: key.clone(), expect, write });
            let answer = tokio::time::timeout(t.deadline, asked).await;
            t.heal().await?;
            let answer = answer.map_err(|_| failed(format!("no answer within {:?}", t.deadline)))?;
            // It has a connection already, or it has none and says so.
            honest(t, "a write without a connection left", &answer, &key, &entry).await?;
        }
    }
    works(t).await
}

pub(crate) async fn previous_schema_works<R: Rig>(t: &mut Trial<'_, R>) -> Verdict {
    let (key, old) = (t.key("old")?, t.entry("old")?);
    put(&*t.store, &key, &old).await?;
    t.inject(Fault::PreviousSchema, "a store that can be set back to the previous release's schema").await?;
    // Two that migrate at the same time, and one that has nothing left to do.
    let (first, second) = tokio::join!(t.rig.open(), t.rig.open());
    let open = |store: tokenmint::Result<R::Store>| {
        store.map_err(|error| failed(format!("the old schema cannot be opened: {error}")))
    };
    let (first, second) = (open(first)?, open(second)?);
    let third = t.open().await?;
    for store in [&first, &second, &third] {
        same("an entry of the old schema", load(store, &key).await?.as_ref(), Some(&old))?;
        let entry = t.entry("new")?;
        let new = t.key(entry.version.as_bytes())?;
        done("insert after the migration", insert(store, &new, &entry).await?)?;
        same("load after the migration", load(store, &new).await?.as_ref(), Some(&entry))?;
    }
    let limits = Command::Sweep { before_ms: 1, limit: 1 };
    let swept = first.execute(limits).await;
    ensure!(matches!(swept, Ok(Reply::Removed(_)) | Err(StoreError::Unavailable)), "sweep: {swept:?}");
    Ok(())
}
