//! One caller, one command after another: what each command does.

use tokenmint::{
    AsyncStore, Command, Entry, Expect, Index, IndexValue, MAX_VALUE, RecordKey, Reply, StoreError, Write,
};

use super::random::version;
use super::rig::Rig;
use super::trial::{
    Change, HOUR_MS, Trial, Verdict, cas, delete, done, ensure, entry, failed, insert, key, load, load_all,
    now_ms, replace, same, skipped,
};

pub(crate) async fn load_of_absent<R: Rig>(t: &mut Trial<'_, R>) -> Verdict {
    let keys = [t.key("a")?, t.key("b")?];
    ensure!(load_all(&*t.store, &keys).await? == [None, None], "an entry where none was written");
    Ok(())
}

pub(crate) async fn values_are_exact<R: Rig>(t: &mut Trial<'_, R>) -> Verdict {
    let every: Vec<u8> = (0..=255).collect();
    let mut values = vec![Vec::new(), vec![0], every.clone(), b"null".to_vec(), "\u{e9}\r\n'\"\\".into()];
    values.extend([MAX_VALUE - 1, MAX_VALUE].map(|size| every.iter().copied().cycle().take(size).collect()));
    for (index, value) in values.into_iter().enumerate() {
        let (key, size) = (t.key(format!("value {index}"))?, value.len());
        let written = t.entry(value)?;
        done(&format!("insert of {size} bytes"), insert(&*t.store, &key, &written).await?)?;
        same(&format!("load of {size} bytes"), load(&*t.store, &key).await?.as_ref(), Some(&written))?;
    }
    let key = t.key("too large")?;
    let large = t.entry(vec![7; MAX_VALUE + 1])?;
    let command = Command::Cas { key: key.clone(), expect: Expect::Absent, write: Write::Put(large) };
    let answer = t.store.execute(command).await;
    ensure!(answer == Err(StoreError::TooLarge), "64 KiB and one byte: {answer:?} in place of too large");
    same("what was too large", load(&*t.store, &key).await?.as_ref(), None)
}

pub(crate) async fn keys_are_bytes<R: Rig>(t: &mut Trial<'_, R>) -> Verdict {
    let mut keys = Vec::new();
    for name in [
        b"".as_slice(),
        b"a",
        b"A",
        b"aa",
        b"a\0",
        b"a ",
        b" a",
        b"a/",
        b"a:b",
        b"{a}",
        b"a%",
        b"a_",
        b"a\n",
        b"\xff",
        b"\xc3\xa9",
        b"e\xcc\x81",
        b"\xc3\x89",
        b"\xed\xa0\x80",
        b"'; --",
    ] {
        keys.push(t.key(name)?);
    }
    // As long as can be, and different in the last byte only.
    let prefix = t.prefix();
    for last in [b'x', b'X', 0, 255] {
        let bytes: Vec<u8> = prefix.iter().copied().chain([b'l'; 128]).take(127).chain([last]).collect();
        keys.push(key(&bytes)?);
    }
    let every: Vec<u8> = (0..116).map(|byte| byte * 2 + 1).collect();
    keys.push(t.key(every)?);
    // One byte long: others may have this one, so a free one is looked for.
    for byte in 0..=255 {
        let short = key(&[byte])?;
        if load(&*t.store, &short).await?.is_none() {
            keys.push(short);
            break;
        }
    }
    let mut written = Vec::new();
    for key in &keys {
        let entry = t.entry(key.as_bytes())?;
        let change = insert(&*t.store, key, &entry).await?;
        ensure!(change == Change::Done, "key {}: {change:?}", key.as_bytes().escape_ascii());
        written.push(entry);
    }
    for (key, entry) in keys.iter().zip(&written) {
        let what = format!("key {}", key.as_bytes().escape_ascii());
        same(&what, load(&*t.store, key).await?.as_ref(), Some(entry))?;
    }
    for (key, entry) in keys.iter().zip(&written) {
        done("delete", delete(&*t.store, key, entry.version).await?)?;
    }
    Ok(())
}

pub(crate) async fn loads_keep_order<R: Rig>(t: &mut Trial<'_, R>) -> Verdict {
    let (a, b, absent) = (t.key("a")?, t.key("b")?, t.key("absent")?);
    let (first, second) = (t.entry("first")?, t.entry("second")?);
    done("insert", insert(&*t.store, &b, &second).await?)?;
    done("insert", insert(&*t.store, &a, &first).await?)?;
    let keys = [&b, &absent, &a, &a, &absent, &b, &a, &absent].map(RecordKey::clone);
    let (first, second) = (Some(first), Some(second));
    let expected = [&second, &None, &first, &first, &None, &second, &first, &None].map(Option::clone);
    let found = load_all(&*t.store, &keys).await?;
    ensure!(found == expected, "{found:?} in place of {expected:?}");
    Ok(())
}

pub(crate) async fn insert_on_present<R: Rig>(t: &mut Trial<'_, R>) -> Verdict {
    let key = t.key("a")?;
    let (first, second) = (t.entry("first")?, t.entry("second")?);
    done("insert", insert(&*t.store, &key, &first).await?)?;
    let change = insert(&*t.store, &key, &second).await?;
    ensure!(change == Change::Conflict(Some(first.clone())), "{change:?}");
    // The same version again is no reason to let it pass.
    let change = insert(&*t.store, &key, &first).await?;
    ensure!(change == Change::Conflict(Some(first.clone())), "with the version that is there: {change:?}");
    let change = cas(&*t.store, &key, Expect::Absent, Write::Delete).await?;
    ensure!(change == Change::Conflict(Some(first.clone())), "a delete that expects nothing: {change:?}");
    same("afterwards", load(&*t.store, &key).await?.as_ref(), Some(&first))
}

pub(crate) async fn replace_of_absent<R: Rig>(t: &mut Trial<'_, R>) -> Verdict {
    let (key, new) = (t.key("a")?, t.entry("new")?);
    let old = t.random.version()?;
    let change = replace(&*t.store, &key, old, &new).await?;
    ensure!(change == Change::Conflict(None), "replace: {change:?}");
    let change = delete(&*t.store, &key, old).await?;
    ensure!(change == Change::Conflict(None), "delete: {change:?}");
    same("afterwards", load(&*t.store, &key).await?.as_ref(), None)
}

pub(crate) async fn wrong_version<R: Rig>(t: &mut Trial<'_, R>) -> Verdict {
    let key = t.key("a")?;
    let (first, second) = (t.entry("same value")?, t.entry("same value")?);
    done("insert", insert(&*t.store, &key, &first).await?)?;
    for wrong in [second.version, version(first.version.as_bytes().get(..15).unwrap_or_default())?] {
        let change = replace(&*t.store, &key, wrong, &second).await?;
        ensure!(change == Change::Conflict(Some(first.clone())), "replace: {change:?}");
        let change = delete(&*t.store, &key, wrong).await?;
        ensure!(change == Change::Conflict(Some(first.clone())), "delete: {change:?}");
    }
    same("afterwards", load(&*t.store, &key).await?.as_ref(), Some(&first))
}

pub(crate) async fn no_aba<R: Rig>(t: &mut Trial<'_, R>) -> Verdict {
    let key = t.key("a")?;
    let (first, again, third) = (t.entry("value")?, t.entry("value")?, t.entry("third")?);
    done("insert", insert(&*t.store, &key, &first).await?)?;
    done("delete", delete(&*t.store, &key, first.version).await?)?;
    same("after the delete", load(&*t.store, &key).await?.as_ref(), None)?;
    done("insert again", insert(&*t.store, &key, &again).await?)?;
    let change = replace(&*t.store, &key, first.version, &third).await?;
    ensure!(
        change == Change::Conflict(Some(again.clone())),
        "the version from before the delete: {change:?}"
    );
    let change = delete(&*t.store, &key, first.version).await?;
    ensure!(
        change == Change::Conflict(Some(again.clone())),
        "the version from before the delete: {change:?}"
    );
    done("replace", replace(&*t.store, &key, again.version, &third).await?)?;
    done("delete", delete(&*t.store, &key, third.version).await?)?;
    same("after the last delete", load(&*t.store, &key).await?.as_ref(), None)
}

pub(crate) async fn versions_of_all_lengths<R: Rig>(t: &mut Trial<'_, R>) -> Verdict {
    let key = t.key("a")?;
    let mut versions = vec![version(&[0; 8])?, version(&[0; 16])?, version(&[255; 8])?, version(&[0; 9])?];
    for length in 8..=16 {
        versions.push(version(t.random.bytes::<16>().get(..length).unwrap_or_default())?);
    }
    let mut current = entry(version(&[1; 16])?, "");
    done("insert", insert(&*t.store, &key, &current).await?)?;
    for version in versions {
        let next = entry(version, version.as_bytes());
        done(&format!("replace by {version:?}"), replace(&*t.store, &key, current.version, &next).await?)?;
        same("load", load(&*t.store, &key).await?.as_ref(), Some(&next))?;
        current = next;
    }
    Ok(())
}

pub(crate) async fn lists_by_index<R: Rig>(t: &mut Trial<'_, R>) -> Verdict {
    let (subject, client) = (t.key("subject")?, t.key("client")?);
    let by_subject = IndexValue::Subject(subject.clone());
    page(t, &by_subject, None, 1).await?;
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
        let (entries, next) = page(t, &by_subject, after, 2).await?;
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
    let (found, next) = page(t, &IndexValue::Client(client.clone()), None, 100).await?;
    expected.retain(|(_, entry)| entry.index.client.is_some());
    ensure!(found == expected && next.is_none(), "by client: {found:?} in place of {expected:?}");

    // A replaced entry is listed by its new index only, a deleted one no more.
    if let [(moved, old), (gone, last), rest @ ..] = expected.as_slice() {
        let new = t.entry("moved")?;
        done("replace", replace(&*t.store, moved, old.version, &new).await?)?;
        done("delete", delete(&*t.store, gone, last.version).await?)?;
        let (found, _) = page(t, &IndexValue::Client(client), None, 100).await?;
        ensure!(found == rest, "after a replace and a delete: {found:?} in place of {rest:?}");
    }
    Ok(())
}

type Listed = (Vec<(RecordKey, Entry)>, Option<RecordKey>);

async fn page<R: Rig>(
    t: &Trial<'_, R>,
    by: &IndexValue,
    after: Option<RecordKey>,
    limit: u32,
) -> Verdict<Listed> {
    match t.store.execute(Command::List { by: by.clone(), after, limit }).await {
        Ok(Reply::Listed { entries, next }) => {
            let count = entries.len();
            ensure!(count <= limit as usize, "a list of at most {limit} entries has {count}");
            Ok((entries, next))
        }
        Err(StoreError::Unavailable) => Err(skipped("the store has no list")),
        other => Err(failed(format!("list was answered by {other:?}"))),
    }
}
