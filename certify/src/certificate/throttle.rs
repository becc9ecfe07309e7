//! Rate limits: GCRA, exact, whichever clock the store goes by.

use std::time::Duration;

use tokenmint::{AsyncStore, Command, RecordKey, Reply, StoreError};

use super::basics::long_keys;
use super::rig::Rig;
use super::time::OFF_MS;
use super::trial::{
    Trial, Verdict, done, ensure, failed, housekeeping, insert, load, now_ms, race, same, skipped,
};

const SECOND_US: u64 = 1_000_000;
const HOUR_US: u64 = 3600 * SECOND_US;

/// The time that a store with a clock of its own ignores: twelve days after 1970 began.
pub(crate) const EARLY_US: u64 = 1_000_000 * SECOND_US;

/// A limit.
#[derive(Clone, Copy)]
pub(crate) struct Limit {
    interval_us: u64,
    burst_us: u64,
}

/// So many events at once, and then one an hour: no test lasts long enough for the clock to matter.
pub(crate) const fn hourly(burst: u64) -> Limit {
    Limit { interval_us: HOUR_US, burst_us: burst * HOUR_US }
}

/// The time that is stored, and whether the event was admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Admitted(u64),
    Denied(u64),
}

pub(crate) async fn throttle<S: AsyncStore>(
    store: &S,
    key: &RecordKey,
    limit: Limit,
    cost: u32,
    now_us: u64,
) -> Verdict<Answer> {
    let Limit { interval_us, burst_us } = limit;
    match store.execute(Command::Throttle { key: key.clone(), interval_us, burst_us, cost, now_us }).await {
        Ok(Reply::Admitted { tat_us }) => Ok(Answer::Admitted(tat_us)),
        Ok(Reply::Denied { tat_us }) => Ok(Answer::Denied(tat_us)),
        Err(StoreError::Unavailable) => Err(skipped("the store has no throttle")),
        other => Err(failed(format!("throttle was answered by {other:?}"))),
    }
}

async fn admitted<S: AsyncStore>(store: &S, key: &RecordKey, limit: Limit, now_us: u64) -> Verdict<u64> {
    match throttle(store, key, limit, 1, now_us).await? {
        Answer::Admitted(tat_us) => Ok(tat_us),
        denied => Err(failed(format!("an event within the burst: {denied:?}"))),
    }
}

/// Whether the store goes by the time that it is given.
async fn takes_given_time<R: Rig>(t: &Trial<'_, R>) -> Verdict<bool> {
    let before_ms = now_ms();
    let tat_us = admitted(&*t.store, &t.key("clock")?, hourly(2), EARLY_US).await?;
    let clock_us = tat_us.saturating_sub(HOUR_US);
    if clock_us == EARLY_US {
        return Ok(true);
    }
    let right = before_ms.saturating_sub(OFF_MS)..=now_ms() + OFF_MS;
    ensure!(
        right.contains(&(clock_us / 1000)),
        "the first event is stored as {tat_us}: neither by the time that was given nor by a clock that is right"
    );
    Ok(false)
}

pub(crate) async fn burst_is_exact<R: Rig>(t: &mut Trial<'_, R>) -> Verdict {
    const BURST: u64 = 5;
    let connections = t.connections(4).await?;
    for round in 0..t.size(20, 100) {
        let key = t.key(format!("{round}"))?;
        let now_us = now_ms() * 1000;
        let answers = race(&connections, 12, |_, store| {
            let key = key.clone();
            async move { throttle(&*store, &key, hourly(BURST), 1, now_us).await }
        })
        .await?;
        let mut times: Vec<u64> = Vec::new();
        for answer in &answers {
            if let Answer::Admitted(tat_us) = answer {
                times.push(*tat_us);
            }
        }
        times.sort_unstable();
        ensure!(
            times.len() as u64 == BURST,
            "{} of 12 callers were admitted in place of {BURST}",
            times.len()
        );
        let steps = times.windows(2).all(|pair| matches!(pair, [one, next] if next - one == HOUR_US));
        ensure!(steps, "the times of the admitted are not an interval apart: {times:?}");
        let last = times.last().copied().unwrap_or(0);
        let right =
            |answer: &Answer| !matches!(answer, Answer::Denied(tat_us) if *tat_us != last && *tat_us != 0);
        // A denial shows what is stored, at its own instant: all of the burst.
        ensure!(answers.iter().all(right), "a denial shows another time than {last}: {answers:?}");
    }
    Ok(())
}

pub(crate) async fn steady_rate<R: Rig>(t: &mut Trial<'_, R>) -> Verdict {
    let key = t.key("steady")?;
    if takes_given_time(t).await? {
        let limit = Limit { interval_us: SECOND_US, burst_us: 3 * SECOND_US };
        let mut tat_us = 0;
        for step in 0..600 {
            let now_us = EARLY_US + step * SECOND_US / 10;
            let next = tat_us.max(now_us) + SECOND_US;
            let expected = if next - now_us <= limit.burst_us {
                tat_us = next;
                Answer::Admitted(next)
            } else {
                Answer::Denied(tat_us)
            };
            let answer = throttle(&*t.store, &key, limit, 1, now_us).await?;
            ensure!(answer == expected, "after {} ms: {answer:?} in place of {expected:?}", step * 100);
        }
        return Ok(());
    }
    // With a clock of its own: the real one, for a moment.
    let limit = Limit { interval_us: SECOND_US / 20, burst_us: SECOND_US / 10 };
    let begin = std::time::Instant::now();
    let mut admitted = 0;
    // Longer only where the machine is so slow that nothing was tried.
    while begin.elapsed().as_secs() < if admitted > 2 { 1 } else { 20 } {
        admitted += u64::from(matches!(throttle(&*t.store, &key, limit, 1, 0).await?, Answer::Admitted(_)));
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let elapsed_us = u64::try_from(begin.elapsed().as_micros()).unwrap_or(u64::MAX);
    let most = elapsed_us / limit.interval_us + limit.burst_us / limit.interval_us + 1;
    ensure!(admitted <= most, "{admitted} events in {elapsed_us} us, where {most} are the most");
    ensure!(admitted > 2, "no event was admitted after the burst");
    Ok(())
}

pub(crate) async fn denial_writes_nothing<R: Rig>(t: &mut Trial<'_, R>) -> Verdict {
    let (key, limit) = (t.key("full")?, hourly(2));
    let given = takes_given_time(t).await?;
    admitted(&*t.store, &key, limit, EARLY_US).await?;
    let full = admitted(&*t.store, &key, limit, EARLY_US).await?;
    for _ in 0..10 {
        let answer = throttle(&*t.store, &key, limit, 1, EARLY_US).await?;
        ensure!(answer == Answer::Denied(full), "{answer:?} in place of a denial at {full}");
        let answer = throttle(&*t.store, &key, limit, 2, EARLY_US).await?;
        ensure!(answer == Answer::Denied(full), "{answer:?} in place of a denial at {full}");
    }
    // A wider limit on the same key shows what is stored, exactly.
    let next = admitted(&*t.store, &key, hourly(10), EARLY_US).await?;
    ensure!(next == full + HOUR_US, "after denials {next} is stored in place of {}", full + HOUR_US);
    if given {
        let key = t.key("later")?;
        admitted(&*t.store, &key, hourly(1), EARLY_US).await?;
        let almost = throttle(&*t.store, &key, hourly(1), 1, EARLY_US + HOUR_US - 1).await?;
        ensure!(matches!(almost, Answer::Denied(_)), "a microsecond too early: {almost:?}");
        admitted(&*t.store, &key, hourly(1), EARLY_US + HOUR_US).await?;
    }
    Ok(())
}

pub(crate) async fn over_the_burst_is_denied<R: Rig>(t: &mut Trial<'_, R>) -> Verdict {
    let key = t.key("over")?;
    for (cost, limit) in [(3, hourly(2)), (1, Limit { interval_us: 2, burst_us: 1 }), (u32::MAX, hourly(2))] {
        for _ in 0..2 {
            let answer = throttle(&*t.store, &key, limit, cost, EARLY_US).await?;
            ensure!(matches!(answer, Answer::Denied(_)), "a cost of {cost} over the burst: {answer:?}");
        }
    }
    // The denials took nothing.
    let first = throttle(&*t.store, &key, hourly(2), 2, EARLY_US).await?;
    ensure!(matches!(first, Answer::Admitted(_)), "all of the burst at once, after denials: {first:?}");
    let answer = throttle(&*t.store, &key, hourly(2), 1, EARLY_US).await?;
    ensure!(matches!(answer, Answer::Denied(_)), "after all of the burst: {answer:?}");
    Ok(())
}

pub(crate) async fn backwards_admits_no_more<R: Rig>(t: &mut Trial<'_, R>) -> Verdict {
    let (key, limit) = (t.key("back")?, hourly(3));
    let now_us = now_ms() * 1000;
    let (mut last, mut count) = (0, 0);
    for back in [0, HOUR_US, 24 * HOUR_US, 0, 1, 1000 * HOUR_US, now_us, 0] {
        let answer = throttle(&*t.store, &key, limit, 1, now_us - back).await?;
        let (Answer::Admitted(tat_us) | Answer::Denied(tat_us)) = answer;
        ensure!(tat_us >= last, "the stored time went from {last} to {tat_us}");
        last = tat_us;
        count += u64::from(matches!(answer, Answer::Admitted(_)));
    }
    ensure!(count <= 3, "{count} events of a burst of 3 as the clock went back and forth");
    Ok(())
}

pub(crate) async fn keys_are_independent<R: Rig>(t: &mut Trial<'_, R>) -> Verdict {
    let limit = hourly(1);
    let mut keys = Vec::new();
    for name in
        [b"k".as_slice(), b"K", b"kk", b"k\0", b"k ", b" k", b"k%", b"k*", b"\xfe", b"\xff", b"\xc3\xa9"]
    {
        keys.push(t.key(name)?);
    }
    keys.extend(long_keys(t)?);
    for key in &keys {
        admitted(&*t.store, key, limit, EARLY_US).await?;
    }
    for key in &keys {
        let answer = throttle(&*t.store, key, limit, 1, EARLY_US).await?;
        ensure!(matches!(answer, Answer::Denied(_)), "after the burst: {answer:?}");
    }
    // A limit and an entry of one key know nothing of each other.
    let one = t.key("k")?;
    same("an entry at the key of a limit", load(&*t.store, &one).await?.as_ref(), None)?;
    let entry = t.entry("entry")?;
    done("insert at the key of a limit", insert(&*t.store, &one, &entry).await?)?;
    let answer = throttle(&*t.store, &one, limit, 1, EARLY_US).await?;
    ensure!(matches!(answer, Answer::Denied(_)), "after an insert: {answer:?}");
    same("the entry after a denial", load(&*t.store, &one).await?.as_ref(), Some(&entry))
}

pub(crate) async fn idle_time_is_not_saved<R: Rig>(t: &mut Trial<'_, R>) -> Verdict {
    if takes_given_time(t).await? {
        let (key, limit) = (t.key("idle")?, Limit { interval_us: SECOND_US, burst_us: 5 * SECOND_US });
        for now_us in [EARLY_US, EARLY_US + HOUR_US, EARLY_US + 100 * HOUR_US] {
            for event in 1..=5 {
                let tat_us = admitted(&*t.store, &key, limit, now_us).await?;
                let expected = now_us + event * SECOND_US;
                ensure!(tat_us == expected, "after idle time {tat_us} is stored in place of {expected}");
            }
            let answer = throttle(&*t.store, &key, limit, 1, now_us).await?;
            ensure!(matches!(answer, Answer::Denied(_)), "a sixth of five after idle time: {answer:?}");
        }
        return Ok(());
    }
    // By a clock of its own an idle time passes too, and is seen in what is stored: no event is earlier than it.
    let (idle_us, limit) = (SECOND_US / 5, Limit { interval_us: 1000, burst_us: 5000 });
    let mut clocks = Vec::new();
    for round in 0..8 {
        let key = t.key(format!("idle {round}"))?;
        let first = admitted(&*t.store, &key, limit, 0).await?;
        clocks.push(first - limit.interval_us);
        if round == 0 {
            tokio::time::sleep(Duration::from_micros(idle_us)).await;
            let next = admitted(&*t.store, &key, limit, 0).await?;
            // Clocks are set a little now and then.
            let passed = next - first;
            ensure!(passed > idle_us / 2, "after {idle_us} us the next event is stored {passed} us later");
        }
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
    ensure!(
        clocks.iter().any(|clock| clock % SECOND_US != 0),
        "the limits' clock counts seconds: {clocks:?}"
    );
    Ok(())
}

pub(crate) async fn cost_counts_events<R: Rig>(t: &mut Trial<'_, R>) -> Verdict {
    let (key, limit) = (t.key("cost")?, hourly(10));
    let mut stored = 0;
    for (cost, total) in [(0, 0), (1, 1), (0, 1), (3, 4), (0, 4), (0, 4), (6, 10), (0, 10)] {
        let Answer::Admitted(tat_us) = throttle(&*t.store, &key, limit, cost, EARLY_US).await? else {
            return Err(failed(format!("a cost of {cost} as number {total} of 10 is denied")));
        };
        if cost == 0 {
            // It takes nothing, and the clock runs on where nothing is taken yet.
            ensure!(stored == 0 || tat_us == stored, "a cost of 0 moves {stored} to {tat_us}");
        } else if stored > 0 && total > 1 {
            let expected = stored + u64::from(cost) * HOUR_US;
            ensure!(tat_us == expected, "a cost of {cost} moves {stored} to {tat_us}");
        }
        stored = if total == 0 { 0 } else { tat_us };
    }
    let answer = throttle(&*t.store, &key, limit, 1, EARLY_US).await?;
    ensure!(answer == Answer::Denied(stored), "an eleventh of ten: {answer:?}");
    Ok(())
}

pub(crate) async fn remembered_for_its_time<R: Rig>(t: &mut Trial<'_, R>) -> Verdict {
    let given = takes_given_time(t).await?;
    let (key, limit, begin_us) = (t.key("long")?, hourly(2), if given { EARLY_US } else { 0 });
    admitted(&*t.store, &key, limit, begin_us).await?;
    let full = admitted(&*t.store, &key, limit, begin_us).await?;
    let still = |answer, after: &str| {
        ensure!(answer == Answer::Denied(full), "a limit of hours that is full, after {after}: {answer:?}");
        Ok(())
    };
    if given {
        // Others come meanwhile, as they do.
        for seconds in [1, 61, 601, 3599] {
            let now_us = begin_us + seconds * SECOND_US;
            admitted(&*t.store, &t.key(format!("other {seconds}"))?, limit, now_us).await?;
            still(throttle(&*t.store, &key, limit, 1, now_us).await?, &format!("{seconds} s"))?;
        }
    }
    if !t.quick {
        tokio::time::sleep(Duration::from_secs(61)).await;
        still(throttle(&*t.store, &key, limit, 1, begin_us).await?, "a minute that passed")?;
    }
    Ok(())
}

pub(crate) async fn state_stays_while_it_matters<R: Rig>(t: &mut Trial<'_, R>) -> Verdict {
    let (key, limit) = (t.key("stays")?, hourly(2));
    let now_us = now_ms() * 1000;
    admitted(&*t.store, &key, limit, now_us).await?;
    let full = admitted(&*t.store, &key, limit, now_us).await?;
    housekeeping(t).await?;
    tokio::time::sleep(Duration::from_millis(50)).await;
    let answer = throttle(&*t.store, &key, limit, 1, now_us).await?;
    ensure!(answer == Answer::Denied(full), "a full limit after a sweep: {answer:?}");
    // And once its time has passed it is as new.
    let (key, short) = (t.key("passes")?, Limit { interval_us: 10_000, burst_us: 10_000 });
    admitted(&*t.store, &key, short, now_ms() * 1000).await?;
    tokio::time::sleep(Duration::from_millis(30)).await;
    admitted(&*t.store, &key, short, now_ms() * 1000).await?;
    Ok(())
}

pub(crate) async fn large_numbers_are_exact<R: Rig>(t: &mut Trial<'_, R>) -> Verdict {
    const LARGEST: u64 = 1 << 53;
    // Odd numbers over 2^52 are where a double begins to round halves.
    let far = Limit { interval_us: (1 << 52) + 1, burst_us: LARGEST };
    let near = Limit { interval_us: 1, burst_us: LARGEST };
    let key = t.key("far")?;
    let first = admitted(&*t.store, &key, far, EARLY_US).await?;
    for step in 1..=3 {
        let tat_us = admitted(&*t.store, &key, near, EARLY_US).await?;
        ensure!(tat_us == first + step, "{tat_us} in place of {}", first + step);
    }
    if takes_given_time(t).await? {
        let key = t.key("largest")?;
        for step in 1..=10 {
            let tat_us = admitted(&*t.store, &key, near, LARGEST - 10).await?;
            ensure!(tat_us == LARGEST - 10 + step, "{tat_us} in place of {}", LARGEST - 10 + step);
        }
    }
    Ok(())
}
