//! What is found by an index: all of it, nothing else, in order.

use std::sync::Arc;

use tokenmint::{AsyncStore, Command, Entry, Index, IndexValue, RecordKey, Reply, SLACK_MS, StoreError};

use super::basics::long_keys;
use super::rig::Rig;
use super::trial::{
    HOUR_MS, Trial, Verdict, delete, done, ensure, failed, housekeeping, insert, now_ms, race, replace,
    skipped,
};

/// How many callers write a long list at once.
const WRITERS: usize = 64;

/// What a list has, in its order.
pub(crate) type Listed = Vec<(RecordKey, Entry)>;

pub(crate) async fn lists_by_index<R: Rig>(t: &mut Trial<'_, R>) -> Verdict {
    let (subject, client) = (t.key("subject")?, t.key("client")?);
    let by_subject = IndexValue::Subject(subject.clone());
    page(&*t.store, &by_subject, None, 1).await?;
    let mut expected = Vec::new();
    for n in [3, 1, 6, 2, 5, 4] {
        let key = t.key([b'k', n * 10])?;
        let mut entry = t.entry([n])?;
        entry.index = Index { subject: Some(subject.clone()), client: (n % 2 == 0).then(|| client.clone()) };
        done("insert", insert(&*t.store, &key, &entry).await?)?;
        expected.push((key, entry));
    }
    expected.sort_by(|(left, _), (right, _)| left.cmp(right));
    let mut odd = t.entry("of another")?;
    odd.index = Index { subject: Some(t.key("other")?), client: None };
    done("insert", insert(&*t.store, &t.key("zzz")?, &odd).await?)?;
    let plain = t.entry("without index")?;
    done("insert", insert(&*t.store, &t.key("kk")?, &plain).await?)?;

    // What is inserted between two pages neither hides nor repeats what was there.
    let (mut found, mut after) = (Vec::new(), None);
    for round in 0..20_u8 {
        let (entries, next) = page(&*t.store, &by_subject, after, 2).await?;
        found.extend(entries);
        let Some(next) = next else { break };
        after = Some(next);
        let mut late = t.entry("late")?;
        late.index.subject = Some(subject.clone());
        late.expires_at_ms = now_ms() + HOUR_MS;
        if round < 2 {
            done("insert", insert(&*t.store, &t.key([b'k', 1 + round])?, &late).await?)?;
        }
    }
    found.retain(|(_, entry)| entry.value != b"late");
    ensure!(found == expected, "by subject: {found:?} in place of {expected:?}");
    let (found, next) = page(&*t.store, &IndexValue::Client(client.clone()), None, 100).await?;
    expected.retain(|(_, entry)| entry.index.client.is_some());
    ensure!(found == expected && next.is_none(), "by client: {found:?} in place of {expected:?}");

    // A replaced entry is listed by its new index only, a deleted one no more.
    if let [(moved, old), (gone, last), rest @ ..] = expected.as_slice() {
        let new = t.entry("moved")?;
        done("replace", replace(&*t.store, moved, old.version, &new).await?)?;
        done("delete", delete(&*t.store, gone, last.version).await?)?;
        let (found, _) = page(&*t.store, &IndexValue::Client(client), None, 100).await?;
        ensure!(found == rest, "after a replace and a delete: {found:?} in place of {rest:?}");
    }
    Ok(())
}

pub(crate) async fn pages_are_whole<R: Rig>(t: &mut Trial<'_, R>) -> Verdict {
    let by = IndexValue::Subject(t.key("subject")?);
    ensure!(walk(&*t.store, &by, 1).await?.is_empty(), "a list of nothing has something");
    // What other orders take for the same, or put elsewhere: of text, of its case, of signed bytes, of lengths.
    let names: [&[u8]; 13] =
        [b"b", b"B", b"a", b"", b"aa", b"a\0", b"a ", b"Z", b"10", b"9", b"\x7f", b"\x80", b"\xff\xff"];
    let mut expected = indexed(t, &names, &by, now_ms() + HOUR_MS).await?;
    expected.sort_by(|(left, _), (right, _)| left.as_bytes().cmp(right.as_bytes()));
    let count = u32::try_from(names.len()).unwrap_or(u32::MAX);
    for limit in [1, 2, 3, 5, count - 1, count, count + 1, 100, 1_000_000] {
        equal(&format!("in pages of {limit}"), &walk(&*t.store, &by, limit).await?, &expected)?;
    }
    // Whatever key is named: one that is listed, and one that is not there.
    for (at, (key, _)) in expected.iter().enumerate() {
        let (found, _) = page(&*t.store, &by, Some(key.clone()), 100).await?;
        equal(&format!("after the key at {at}"), &found, expected.get(at + 1..).unwrap_or_default())?;
    }
    for name in [b"A".as_slice(), b"a\0\0", b"\x7f\xff", b"\xff\xff\xff"] {
        let after = t.key(name)?;
        let rest: Listed = expected.iter().filter(|(key, _)| *key > after).cloned().collect();
        let (found, _) = page(&*t.store, &by, Some(after), 100).await?;
        equal(&format!("after {}", name.escape_ascii()), &found, &rest)?;
    }
    Ok(())
}

pub(crate) async fn values_are_exact<R: Rig>(t: &mut Trial<'_, R>) -> Verdict {
    let mut values = Vec::new();
    for name in [
        b"ann".as_slice(),
        b"ANN",
        b"Ann",
        b"an",
        b"ann1",
        b"ann\0",
        b"ann ",
        b" ann",
        b"a%",
        b"an_",
        b"a*",
        b"[a]nn",
        b"\xc3\xa9",
        b"e\xcc\x81",
        b"\xfe",
        b"\xff",
        b"'; --",
    ] {
        values.push(t.key(name)?);
    }
    values.extend(long_keys(t)?);
    // Each is a subject and, of another entry, a client.
    let mut written = Vec::new();
    for (at, value) in values.iter().enumerate() {
        for by in [IndexValue::Subject(value.clone()), IndexValue::Client(value.clone())] {
            let way = if matches!(by, IndexValue::Subject(_)) { "subject" } else { "client" };
            let listed = indexed(t, &[format!("of {way} {at}").as_bytes()], &by, now_ms() + HOUR_MS).await?;
            written.push((by, listed));
        }
    }
    for (by, expected) in &written {
        equal(&format!("by {}", shown(by)), &walk(&*t.store, by, 100).await?, expected)?;
    }
    Ok(())
}

pub(crate) async fn expired_is_listed<R: Rig>(t: &mut Trial<'_, R>) -> Verdict {
    let by = IndexValue::Client(t.key("client")?);
    let mut expected = Vec::new();
    let now = now_ms();
    for (name, expires_at_ms) in [
        ("a second ago", now - 1000),
        ("half an hour ago", now - SLACK_MS / 2),
        ("almost an hour ago", now - SLACK_MS + 300_000),
        ("in an hour", now + HOUR_MS),
        ("in the year 9999", 253_402_300_799_999),
    ] {
        expected.extend(indexed(t, &[name.as_bytes()], &by, expires_at_ms).await?);
    }
    expected.sort_by(|(left, _), (right, _)| left.cmp(right));
    equal("with what has expired", &walk(&*t.store, &by, 2).await?, &expected)?;
    housekeeping(t).await?;
    equal("after a sweep", &walk(&*t.store, &by, 100).await?, &expected)
}

pub(crate) async fn long_lists<R: Rig>(t: &mut Trial<'_, R>) -> Verdict {
    let by = IndexValue::Client(t.key("client")?);
    page(&*t.store, &by, None, 1).await?;
    let mut own = Vec::new();
    // More than any usual page: one that ends at a thousand does not show itself before.
    for n in 0..1100 {
        let (key, mut entry) = (t.key(format!("{n:04}"))?, t.entry([])?);
        entry.index = index_of(&by);
        own.push((key, entry));
    }
    let expected = Arc::new(own);
    let connections = t.connections(4).await?;
    race(&connections, WRITERS, |index, store| {
        let own = Arc::clone(&expected);
        async move {
            for (key, entry) in own.iter().skip(index).step_by(WRITERS) {
                done("insert", insert(&*store, key, entry).await?)?;
            }
            Ok(())
        }
    })
    .await?;
    for limit in [300, 2000] {
        equal(&format!("in pages of {limit}"), &walk(&*t.store, &by, limit).await?, &expected)?;
    }
    Ok(())
}

/// Inserts entries that are listed by this; in their order.
pub(crate) async fn indexed<R: Rig>(
    t: &mut Trial<'_, R>,
    names: &[&[u8]],
    by: &IndexValue,
    expires_at_ms: u64,
) -> Verdict<Listed> {
    let mut written = Vec::new();
    for name in names {
        let (key, mut entry) = (t.key(name)?, t.entry(*name)?);
        (entry.index, entry.expires_at_ms) = (index_of(by), expires_at_ms);
        done("insert", insert(&*t.store, &key, &entry).await?)?;
        written.push((key, entry));
    }
    Ok(written)
}

pub(crate) fn index_of(by: &IndexValue) -> Index {
    match by {
        IndexValue::Subject(subject) => Index { subject: Some(subject.clone()), client: None },
        IndexValue::Client(client) => Index { subject: None, client: Some(client.clone()) },
    }
}

pub(crate) fn shown(by: &IndexValue) -> String {
    let (IndexValue::Subject(value) | IndexValue::Client(value)) = by;
    let way = if matches!(by, IndexValue::Subject(_)) { "subject" } else { "client" };
    // All begin with twelve bytes that say nothing.
    format!("{way} {}", value.as_bytes().get(12..).unwrap_or_default().escape_ascii())
}

/// Expects these entries in this order.
pub(crate) fn equal(what: &str, found: &[(RecordKey, Entry)], expected: &[(RecordKey, Entry)]) -> Verdict {
    if found == expected {
        return Ok(());
    }
    let at = found.iter().zip(expected).take_while(|(found, expected)| found == expected).count();
    Err(failed(format!(
        "a list {what} has {} entries in place of {}, and differs at {at}: {:?} in place of {:?}",
        found.len(),
        expected.len(),
        found.get(at),
        expected.get(at)
    )))
}

/// All pages, which must come to an end.
pub(crate) async fn walk<S: AsyncStore>(store: &S, by: &IndexValue, limit: u32) -> Verdict<Listed> {
    let (mut found, mut after) = (Listed::new(), None);
    loop {
        let (entries, next) = page(store, by, after.clone(), limit).await?;
        found.extend(entries);
        let Some(next) = next else { return Ok(found) };
        ensure!(after.is_none_or(|after| next > after), "a list goes on where it was already");
        after = Some(next);
    }
}

pub(crate) async fn page<S: AsyncStore>(
    store: &S,
    by: &IndexValue,
    after: Option<RecordKey>,
    limit: u32,
) -> Verdict<(Listed, Option<RecordKey>)> {
    match store.execute(Command::List { by: by.clone(), after, limit }).await {
        Ok(Reply::Listed { entries, next }) => {
            let count = entries.len();
            ensure!(count <= limit as usize, "a list of at most {limit} entries has {count}");
            Ok((entries, next))
        }
        Err(StoreError::Unavailable) => Err(skipped("the store has no list")),
        other => Err(failed(format!("list was answered by {other:?}"))),
    }
}
