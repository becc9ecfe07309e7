//! One caller, one command after another: what each command does.

use tokenmint::{AsyncStore, Command, Expect, MAX_VALUE, RecordKey, StoreError, Write};

use super::random::version;
use super::rig::Rig;
use super::trial::{
    Change, Trial, Verdict, cas, delete, done, ensure, entry, insert, key, load, load_all, replace, same,
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
        b"\xfe",
        b"\xc3\xa9",
        b"e\xcc\x81",
        b"\xc3\x89",
        b"\xed\xa0\x80",
        b"'; --",
    ] {
        keys.push(t.key(name)?);
    }
    keys.extend(long_keys(t)?);
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

/// As long as can be, and each different in one byte only: the last, or one that a shorter column would not have.
pub(crate) fn long_keys<R: Rig>(t: &Trial<'_, R>) -> Verdict<Vec<RecordKey>> {
    let (prefix, mut keys) = (t.prefix(), Vec::new());
    for (at, byte) in [(127, b'x'), (127, b'X'), (127, 0), (127, 255), (32, b'x'), (64, b'x'), (100, b'x')] {
        let mut bytes: Vec<u8> = prefix.iter().copied().chain([b'l'; 128]).take(128).collect();
        bytes.get_mut(at).into_iter().for_each(|place| *place = byte);
        keys.push(key(&bytes)?);
    }
    Ok(keys)
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
    let random = t.random.bytes::<16>();
    // What is there, and what is not the same: to a text, to a number, to a column of a fixed length, or to a prefix.
    let pairs: [(&[u8], &[u8]); 14] = [
        (&random, &t.random.bytes::<16>()),
        (&random, random.get(..15).unwrap_or_default()),
        (b"abcdefgh", b"ABCDEFGH"),
        (b"abcdefghijklmnop", b"abcdefghijklmnoP"),
        (b"\xc3\xa9cdefgh", b"\xc3\x89cdefgh"),
        (b"\xffbcdefgh", b"\xfebcdefgh"),
        (b"abcdefgh", b"abcdefgh\0"),
        (b"abcdefgh", b"abcdefgh\0\0\0\0\0\0\0\0"),
        (b"abcdefgh", b"abcdefgh "),
        (b"abcdefgh", b" abcdefgh"),
        (b"00000001", b"000000001"),
        (b"\0\0\0\0\0\0\0\x01", b"\0\0\0\0\0\0\0\0\x01"),
        (b"abcdefghijklmnop", b"abcdefghijklmnoq"),
        (b"abcdefghijklmnop", b"bbcdefghijklmnop"),
    ];
    for (at, (one, other)) in pairs.into_iter().enumerate() {
        for (way, there, wrong) in [("a", one, other), ("b", other, one)] {
            let key = t.key(format!("{at}{way}"))?;
            let first = entry(version(there)?, "same value");
            let (second, wrong) = (t.entry("same value")?, version(wrong)?);
            done("insert", insert(&*t.store, &key, &first).await?)?;
            let refused = Change::Conflict(Some(first.clone()));
            let expected = first.version;
            let change = replace(&*t.store, &key, wrong, &second).await?;
            ensure!(change == refused, "a replace of {expected:?} by {wrong:?}: {change:?}");
            let change = delete(&*t.store, &key, wrong).await?;
            ensure!(change == refused, "a delete of {expected:?} by {wrong:?}: {change:?}");
            same("afterwards", load(&*t.store, &key).await?.as_ref(), Some(&first))?;
        }
    }
    Ok(())
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
