//! The index of an entry as it is written, by every command and on every connection.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokenmint::{
    AsyncStore, Command, Entry, Expect, Index, IndexValue, RecordKey, SLACK_MS, StoreError, Write,
};

use super::listing::{Listed, equal, index_of, indexed, page, shown, walk};
use super::rig::Rig;
use super::trial::{
    Change, HOUR_MS, Trial, Verdict, cas, delete, done, ensure, entry, failed, housekeeping, insert, load,
    now_ms, put, race, replace, same,
};

pub(crate) async fn writes_are_listed_at_once<R: Rig>(t: &mut Trial<'_, R>) -> Verdict {
    page(&*t.store, &IndexValue::Subject(t.key("none")?), None, 1).await?;
    let connections = t.connections(4).await?;
    for round in 0..t.size(4, 50) {
        let (subject, other) = (t.key(format!("subject {round}"))?, t.key(format!("other {round}"))?);
        let client = t.key(format!("client {round}"))?;
        let index =
            |subject: &RecordKey| Index { subject: Some(subject.clone()), client: Some(client.clone()) };
        let plain = Index { subject: None, client: Some(client.clone()) };
        let (one, two) = (t.key(format!("one {round}"))?, t.key(format!("two {round}"))?);
        // What is there after each write: to one connection, and seen on the others.
        let (mut there, mut versions) = (BTreeMap::new(), BTreeMap::new());
        for (step, (key, index)) in [
            (&two, Some(index(&subject))),
            (&one, Some(index(&subject))),
            (&one, Some(index(&subject))),
            (&one, Some(index(&other))),
            (&two, Some(plain)),
            (&one, None),
            (&one, Some(index(&subject))),
            (&two, None),
            (&one, None),
        ]
        .into_iter()
        .enumerate()
        {
            let (writer, reader) = (step % connections.len(), (step + 1 + round) % connections.len());
            let (Some(writer), Some(reader)) = (connections.get(writer), connections.get(reader)) else {
                return Err(failed("there is no connection"));
            };
            let old = versions.get(key).copied();
            let change = match (old, index) {
                (old, Some(index)) => {
                    let mut entry = t.entry(format!("step {step}"))?;
                    entry.index = index;
                    versions.insert(key.clone(), entry.version);
                    there.insert(key.clone(), entry.clone());
                    match old {
                        Some(old) => replace(&**writer, key, old, &entry).await?,
                        None => insert(&**writer, key, &entry).await?,
                    }
                }
                (Some(old), None) => {
                    versions.remove(key);
                    there.remove(key);
                    delete(&**writer, key, old).await?
                }
                (None, None) => return Err(failed("the test deletes what is not there")),
            };
            done(&format!("step {step}"), change)?;
            for by in [&subject, &other].map(|subject| IndexValue::Subject(subject.clone())) {
                let expected = there.iter().filter(|(_, entry)| is_of(entry, &by));
                let expected: Listed = expected.map(|(key, entry)| (key.clone(), entry.clone())).collect();
                let what = format!("by {} after step {step}", shown(&by));
                equal(&what, &walk(&**reader, &by, 100).await?, &expected)?;
            }
            let expected: Listed = there.clone().into_iter().collect();
            let by = IndexValue::Client(client.clone());
            equal(&format!("by client after step {step}"), &walk(&**reader, &by, 100).await?, &expected)?;
        }
    }
    Ok(())
}

pub(crate) async fn indices_stay<R: Rig>(t: &mut Trial<'_, R>) -> Verdict {
    let (subject, client, wrong) = (t.key("subject")?, t.key("client")?, t.key("wrong")?);
    let by = [IndexValue::Subject(subject.clone()), IndexValue::Client(client.clone())];
    let by_wrong = IndexValue::Subject(wrong.clone());
    page(&*t.store, &by_wrong, None, 1).await?;
    let (key, mut entry, mut refused) = (t.key("entry")?, t.entry("indexed")?, t.entry("refused")?);
    // So that a sweep passes it by at the least distance.
    entry.expires_at_ms = now_ms() - SLACK_MS + 300_000;
    entry.index = Index { subject: Some(subject), client: Some(client) };
    refused.index = Index { subject: Some(wrong.clone()), client: Some(wrong) };
    done("insert", insert(&*t.store, &key, &entry).await?)?;
    let expected = [(key.clone(), entry.clone())];
    let conflict = Change::Conflict(Some(entry.clone()));
    for what in [
        "nothing",
        "a load",
        "an insert that was refused",
        "a replace that was refused",
        "a delete that was refused",
        "a limit",
        "a sweep",
        "a list",
        "a replace by the same index",
    ] {
        let (write, version) = (Write::Put(refused.clone()), refused.version);
        let expect = Expect::Version(version);
        let mut expected = expected.to_vec();
        match what {
            "a load" => same("a load", load(&*t.store, &key).await?.as_ref(), Some(&entry))?,
            "an insert that was refused" => {
                let change = cas(&*t.store, &key, Expect::Absent, write).await?;
                ensure!(change == conflict, "{what}: {change:?}");
            }
            "a replace that was refused" => {
                let change = cas(&*t.store, &key, expect, write).await?;
                ensure!(change == conflict, "{what}: {change:?}");
            }
            "a delete that was refused" => {
                let change = delete(&*t.store, &key, version).await?;
                ensure!(change == conflict, "{what}: {change:?}");
            }
            "a limit" => {
                let (interval_us, burst_us) = (3_600_000_000, 3_600_000_000);
                let (key, now_us) = (key.clone(), now_ms() * 1000);
                let limit = Command::Throttle { key, interval_us, burst_us, cost: 1, now_us };
                let answer = t.store.execute(limit).await;
                ensure!(matches!(answer, Ok(_) | Err(StoreError::Unavailable)), "{what}: {answer:?}");
            }
            "a sweep" => housekeeping(t).await?,
            "a replace by the same index" => {
                let mut next = t.entry("again")?;
                next.index = entry.index.clone();
                done(what, replace(&*t.store, &key, entry.version, &next).await?)?;
                expected = vec![(key.clone(), next)];
            }
            _ => {}
        }
        for by in &by {
            equal(&format!("by {} after {what}", shown(by)), &walk(&*t.store, by, 9).await?, &expected)?;
        }
        equal(&format!("by what was refused, after {what}"), &walk(&*t.store, &by_wrong, 9).await?, &[])?;
    }
    Ok(())
}

pub(crate) async fn whole_while_others_write<R: Rig>(t: &mut Trial<'_, R>) -> Verdict {
    let by = IndexValue::Subject(t.key("subject")?);
    page(&*t.store, &by, None, 1).await?;
    let names: Vec<_> = (0..20).map(|n| format!("{n:02} stays")).collect();
    let names: Vec<_> = names.iter().map(String::as_bytes).collect();
    let stays = Arc::new(indexed(t, &names, &by, now_ms() + HOUR_MS).await?);
    between_pages(t, &by, &stays).await?;
    let (connections, walks) = (t.connections(4).await?, t.size(5, 50));
    let ended = Arc::new(AtomicBool::new(false));
    let mut random = t.random.fork();
    let keys: Vec<_> = (0..20).map(|n| t.key(format!("{n:02} comes and goes"))).collect::<Verdict<_>>()?;
    race(&connections, 4, |index, store| {
        let (by, stays, ended) = (by.clone(), Arc::clone(&stays), Arc::clone(&ended));
        let (mut random, keys) = (random.fork(), keys.clone());
        async move {
            if index == 0 {
                for _ in 0..walks {
                    let mut found = walk(&*store, &by, 7).await?;
                    found.retain(|(_, entry)| entry.value != b"comes and goes");
                    equal("of what nobody writes", &found, &stays)?;
                }
                ended.store(true, Ordering::SeqCst);
                return Ok(());
            }
            for key in keys.iter().cycle().skip(index * 5) {
                if ended.load(Ordering::SeqCst) {
                    return Ok(());
                }
                let mut entry = entry(random.version()?, "comes and goes");
                entry.index = index_of(&by);
                put(&*store, key, &entry).await?;
                if random.below(2) == 0 {
                    // Another may have written over it.
                    delete(&*store, key, entry.version).await?;
                }
                tokio::task::yield_now().await;
            }
            Ok(())
        }
    })
    .await?;
    Ok(())
}

/// Between two pages another comes or goes in front of what stays.
async fn between_pages<R: Rig>(
    t: &mut Trial<'_, R>,
    by: &IndexValue,
    stays: &[(RecordKey, Entry)],
) -> Verdict {
    for limit in [1, 3, 4] {
        let (key, mut other) = (t.key("00")?, None::<Entry>);
        let (mut found, mut after) = (Listed::new(), None);
        loop {
            let (entries, next) = page(&*t.store, by, after, limit).await?;
            found.extend(entries.into_iter().filter(|(listed, _)| *listed != key));
            let Some(next) = next else { break };
            after = Some(next);
            ensure!(
                found.len() <= stays.len(),
                "a list has {} entries in place of {}",
                found.len(),
                stays.len()
            );
            other = match other {
                Some(other) => {
                    done("delete", delete(&*t.store, &key, other.version).await?)?;
                    None
                }
                None => {
                    let mut entry = t.entry("comes and goes")?;
                    entry.index = index_of(by);
                    done("insert", insert(&*t.store, &key, &entry).await?)?;
                    Some(entry)
                }
            };
        }
        equal("of what stays", &found, stays)?;
        if let Some(other) = other {
            done("delete", delete(&*t.store, &key, other.version).await?)?;
        }
    }
    Ok(())
}

fn is_of(entry: &Entry, by: &IndexValue) -> bool {
    match by {
        IndexValue::Subject(subject) => entry.index.subject.as_ref() == Some(subject),
        IndexValue::Client(client) => entry.index.client.as_ref() == Some(client),
    }
}
