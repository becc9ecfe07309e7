//! Expiry is a permission to forget, some time later, and nothing else; and a clock that is told is right.

use std::time::Duration;

use tokenmint::{AsyncStore, Command, Entry, Reply, SLACK_MS, StoreError};

use super::rig::Rig;
use super::trial::{
    Change, HOUR_MS, Trial, Verdict, delete, done, ensure, failed, housekeeping, insert, load, now_ms, put,
    race, replace, same, skipped,
};

/// How far a store's clock and this machine's may differ here, in milliseconds: what is told apart is a time zone.
pub(crate) const OFF_MS: u64 = 60_000;

/// The last millisecond of the year 9999.
const LAST_MS: u64 = 253_402_300_799_999;

pub(crate) async fn kept_before_slack<R: Rig>(t: &mut Trial<'_, R>) -> Verdict {
    let mut written = Vec::new();
    for ago_ms in [1, 1000, 60_000, SLACK_MS - 120_000] {
        let (key, mut entry) = (t.key(format!("{ago_ms}"))?, t.entry("expired")?);
        entry.expires_at_ms = now_ms() - ago_ms;
        done("insert", insert(&*t.store, &key, &entry).await?)?;
        written.push((key, entry, ago_ms));
    }
    // What it sweeps is older than that.
    housekeeping(t).await?;
    for (key, entry, ago_ms) in &written {
        let what = format!("an entry that expired {ago_ms} ms ago");
        same(&what, load(&*t.store, key).await?.as_ref(), Some(entry))?;
    }
    for (key, entry, ago_ms) in &written {
        let change = insert(&*t.store, key, entry).await?;
        let right = change == Change::Conflict(Some(entry.clone()));
        ensure!(right, "an insert over an entry that expired {ago_ms} ms ago: {change:?}");
    }
    Ok(())
}

pub(crate) async fn expired_is_replaced<R: Rig>(t: &mut Trial<'_, R>) -> Verdict {
    let key = t.key("a")?;
    let (mut old, new) = (t.entry("old")?, t.entry("new")?);
    old.expires_at_ms = now_ms() - 1000;
    done("insert", insert(&*t.store, &key, &old).await?)?;
    done("replace of an expired entry", replace(&*t.store, &key, old.version, &new).await?)?;
    same("load", load(&*t.store, &key).await?.as_ref(), Some(&new))?;
    // And back: what expires earlier than before is still kept for the slack.
    done("replace by an expired entry", replace(&*t.store, &key, new.version, &old).await?)?;
    same("load", load(&*t.store, &key).await?.as_ref(), Some(&old))?;
    done("delete of an expired entry", delete(&*t.store, &key, old.version).await?)
}

pub(crate) async fn past_expiry_is_legal<R: Rig>(t: &mut Trial<'_, R>) -> Verdict {
    for (name, expires_at_ms) in [("now", now_ms()), ("long ago", now_ms() - 48 * HOUR_MS), ("1970", 1)] {
        let (key, mut entry) = (t.key(name)?, t.entry("expired")?);
        entry.expires_at_ms = expires_at_ms;
        done(&format!("insert of what expired at {expires_at_ms}"), insert(&*t.store, &key, &entry).await?)?;
        forgotten_or(t, &format!("what expired at {expires_at_ms}"), &key, &entry).await?;
    }
    Ok(())
}

/// What may be forgotten is as it was written, or gone; afterwards it is gone.
async fn forgotten_or<R: Rig>(
    t: &Trial<'_, R>,
    what: &str,
    key: &tokenmint::RecordKey,
    entry: &Entry,
) -> Verdict {
    let found = load(&*t.store, key).await?;
    if now_ms() < entry.expires_at_ms.saturating_add(SLACK_MS) || found.is_some() {
        same(what, found.as_ref(), Some(entry))?;
    }
    match delete(&*t.store, key, entry.version).await? {
        Change::Done | Change::Conflict(None) => Ok(()),
        other => Err(failed(format!("delete of {what}: {other:?}"))),
    }
}

pub(crate) async fn host_clock_changes_nothing<R: Rig>(t: &mut Trial<'_, R>) -> Verdict {
    let day = 24 * HOUR_MS;
    for (name, clock) in
        [("right", now_ms()), ("a day ahead", now_ms() + day), ("a day behind", now_ms() - day)]
    {
        // Long enough that even the one that is behind writes into the future.
        let expires_at_ms = clock + 2 * day;
        let key = t.key(name)?;
        let (mut first, mut second) = (t.entry("first")?, t.entry("second")?);
        (first.expires_at_ms, second.expires_at_ms) = (expires_at_ms, expires_at_ms + 1);
        let mut seen = vec![insert(&*t.store, &key, &first).await?];
        seen.push(insert(&*t.store, &key, &second).await?);
        seen.push(replace(&*t.store, &key, first.version, &second).await?);
        seen.push(replace(&*t.store, &key, first.version, &first).await?);
        seen.push(delete(&*t.store, &key, second.version).await?);
        seen.push(delete(&*t.store, &key, second.version).await?);
        let (done, conflict) = (Change::Done, Change::Conflict);
        let expected =
            [done.clone(), conflict(Some(first)), done.clone(), conflict(Some(second)), done, conflict(None)];
        ensure!(seen == expected, "with a clock that is {name}: {seen:?} in place of {expected:?}");
    }
    Ok(())
}

pub(crate) async fn extreme_expiries<R: Rig>(t: &mut Trial<'_, R>) -> Verdict {
    let (key, mut entry) = (t.key("9999")?, t.entry("far")?);
    entry.expires_at_ms = LAST_MS;
    done("insert for the year 9999", insert(&*t.store, &key, &entry).await?)?;
    same("the year 9999", load(&*t.store, &key).await?.as_ref(), Some(&entry))?;
    done("delete", delete(&*t.store, &key, entry.version).await?)?;
    let (key, mut entry) = (t.key("0")?, t.entry("begin")?);
    entry.expires_at_ms = 0;
    done("insert for the time 0", insert(&*t.store, &key, &entry).await?)?;
    forgotten_or(t, "the time 0", &key, &entry).await
}

pub(crate) async fn sweep_takes_only_older<R: Rig>(t: &mut Trial<'_, R>) -> Verdict {
    // In the first day of 1970, where nobody else's entries are. A store may be exact to the hour.
    let before_ms = 10 * HOUR_MS;
    while sweep(t, before_ms, 1000).await? > 0 {}
    let (mut old, mut young) = (Vec::new(), Vec::new());
    for hour in 1..=5 {
        old.push(stored(t, format!("old {hour}"), hour * HOUR_MS).await?);
    }
    for expires_at_ms in [before_ms, before_ms + 1, 12 * HOUR_MS, now_ms() + HOUR_MS, LAST_MS] {
        young.push(stored(t, format!("young {expires_at_ms}"), expires_at_ms).await?);
    }
    let (old_there, young_there) = (there(t, &old).await?, there(t, &young).await?);
    let removed = sweep(t, before_ms, 2).await?;
    let left = there(t, &old).await?;
    ensure!(removed <= 2, "a sweep of at most 2 removed {removed}");
    ensure!(old_there - left <= 2, "a sweep of at most 2 removed {}", old_there - left);
    for _ in 0..20 {
        if sweep(t, before_ms, 2).await? == 0 {
            break;
        }
    }
    ensure!(there(t, &old).await? == 0, "entries that are older are there after the sweep removes no more");
    let again = sweep(t, before_ms, 1000).await?;
    ensure!(again == 0, "another sweep removed {again} once more");
    ensure!(there(t, &young).await? == young_there, "an entry that is not older was swept");
    // What expires later than now is there in every store.
    ensure!(young_there >= 2, "an entry that has not expired was lost");
    for (key, entry) in young {
        delete(&*t.store, &key, entry.version).await?;
    }
    Ok(())
}

pub(crate) async fn told_clock_runs<R: Rig>(t: &mut Trial<'_, R>) -> Verdict {
    let key = t.key("clock")?;
    let mut told = Vec::new();
    for _ in 0..10 {
        let before = now_ms();
        let reply = t.store.execute(Command::Load { keys: vec![key.clone()] }).await?;
        let Reply::Loaded { store_now_ms: Some(now), .. } = reply else {
            return Err(skipped("the store does not tell its clock"));
        };
        let right = before.saturating_sub(OFF_MS)..=now_ms() + OFF_MS;
        ensure!(right.contains(&now), "the store's clock says {now} ms where this machine's says {before}");
        told.push(now);
        tokio::time::sleep(Duration::from_millis(21)).await;
    }
    let runs = told.windows(2).all(|pair| matches!(pair, [one, next] if next > one));
    ensure!(runs, "the store's clock does not run: {told:?}");
    ensure!(told.iter().any(|now| now % 1000 != 0), "the store's clock counts seconds: {told:?}");
    Ok(())
}

/// Puts an entry that expires then.
async fn stored<R: Rig>(
    t: &mut Trial<'_, R>,
    name: String,
    expires_at_ms: u64,
) -> Verdict<(tokenmint::RecordKey, Entry)> {
    let (key, mut entry) = (t.key(name)?, t.entry("swept")?);
    entry.expires_at_ms = expires_at_ms;
    done("insert", insert(&*t.store, &key, &entry).await?)?;
    Ok((key, entry))
}

/// How many are still as they were written.
async fn there<R: Rig>(t: &Trial<'_, R>, entries: &[(tokenmint::RecordKey, Entry)]) -> Verdict<usize> {
    let mut count = 0;
    for (key, entry) in entries {
        count += usize::from(load(&*t.store, key).await?.as_ref() == Some(entry));
    }
    Ok(count)
}

async fn sweep<R: Rig>(t: &Trial<'_, R>, before_ms: u64, limit: u32) -> Verdict<u64> {
    match t.store.execute(Command::Sweep { before_ms, limit }).await {
        Ok(Reply::Removed(count)) => Ok(count),
        Err(StoreError::Unavailable) => Err(skipped("the store has no sweep")),
        other => Err(failed(format!("sweep was answered by {other:?}"))),
    }
}

pub(crate) async fn sweep_races_with_rotation<R: Rig>(t: &mut Trial<'_, R>) -> Verdict {
    sweep(t, HOUR_MS, 1).await?;
    let connections = t.connections(2).await?;
    for round in 0..t.size(100, 1000) {
        let (key, mut old, new) = (t.key(format!("{round}"))?, t.entry("old")?, t.entry("new")?);
        old.expires_at_ms = HOUR_MS / 2;
        put(&*t.store, &key, &old).await?;
        let changes = race(&connections, 3, |index, store| {
            let (key, old, new) = (key.clone(), old.version, new.clone());
            async move {
                if index == 0 {
                    return Ok(Some(replace(&*store, &key, old, &new).await?));
                }
                store.execute(Command::Sweep { before_ms: 10 * HOUR_MS, limit: 100 }).await?;
                Ok(None)
            }
        })
        .await?;
        let change = changes.into_iter().flatten().next();
        let found = load(&*t.store, &key).await?;
        match change {
            Some(Change::Done) => same("a rotated entry after a sweep", found.as_ref(), Some(&new))?,
            // The sweep was first.
            Some(Change::Conflict(None)) => same("a swept entry", found.as_ref(), None)?,
            other => return Err(failed(format!("a rotation beside a sweep: {other:?}"))),
        }
    }
    Ok(())
}
