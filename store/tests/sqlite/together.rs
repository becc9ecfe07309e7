//! Several who use one file at once.

use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;
use tokenmint::{AsyncStore, Command, ErrorCode, Expect, Reply, StoreError};
use tokenmint_store::Database;

use crate::{Place, all, entry, key, load, put, throttle, version};

#[tokio::test(flavor = "multi_thread")]
async fn two_connections_see_each_others_writes_at_once() {
    let place = Place::new();
    let stores = [place.open().await, place.open().await];
    stores[0].execute(put("k", Expect::Absent, entry(0, "0"))).await.unwrap();
    for turn in 1..100_u64 {
        let store = &stores[turn as usize % 2];
        assert_eq!(load(store, "k").await.unwrap().version, version(turn - 1), "turn {turn}");
        let write = put("k", Expect::Version(version(turn - 1)), entry(turn, ""));
        assert_eq!(store.execute(write).await, Ok(Reply::Done), "turn {turn}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_64_racers_one_wins_and_the_others_see_it() {
    let place = Place::new();
    let stores = [place.open().await, place.open().await];
    for round in 0..5 {
        let racers =
            (1..=64).map(|racer| {
                let store = Arc::clone(&stores[racer as usize % 2]);
                async move {
                    (racer, store.execute(put(format!("k{round}"), Expect::Absent, entry(racer, ""))).await)
                }
            });
        let outcomes = all(racers).await;
        let winners: Vec<_> = outcomes.iter().filter(|(_, reply)| *reply == Ok(Reply::Done)).collect();
        let [(winner, _)] = winners[..] else { panic!("{} winners", winners.len()) };
        for (_, reply) in outcomes.iter().filter(|(racer, _)| racer != winner) {
            assert_eq!(*reply, Ok(Reply::Conflict(Some(entry(*winner, "")))));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_lose_nothing() {
    let place = Place::new();
    let stores = [place.open().await, place.open().await];
    let distinct = (0..200_u64).map(|n| {
        let store = Arc::clone(&stores[n as usize % 2]);
        async move { store.execute(put(format!("d{n}"), Expect::Absent, entry(n, n.to_string()))).await }
    });
    assert!(all(distinct).await.iter().all(|reply| *reply == Ok(Reply::Done)));
    for n in 0..200_u64 {
        assert_eq!(load(&stores[1], format!("d{n}")).await, Some(entry(n, n.to_string())));
    }

    // The version is the count: an update that was lost would be one that is missing.
    stores[0].execute(put("count", Expect::Absent, entry(0, ""))).await.unwrap();
    let counters = (0..20).map(|n| {
        let store = Arc::clone(&stores[n % 2]);
        async move {
            for _ in 0..10 {
                let mut found = load(&store, "count").await.unwrap().version;
                loop {
                    let next = u64::from_be_bytes(found.as_bytes().try_into().unwrap()) + 1;
                    match store.execute(put("count", Expect::Version(found), entry(next, ""))).await.unwrap()
                    {
                        Reply::Done => break,
                        Reply::Conflict(Some(entry)) => found = entry.version,
                        other => panic!("{other:?}"),
                    }
                }
            }
        }
    });
    all(counters).await;
    assert_eq!(load(&stores[0], "count").await.unwrap().version, version(200));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_admits_its_burst_exactly() {
    let place = Place::new();
    let stores = [place.open().await, place.open().await];
    let now = 1_700_000_000_000_000;
    let callers = (0..40).map(|n| {
        let store = Arc::clone(&stores[n % 2]);
        async move { matches!(store.execute(throttle("t", 1, now)).await.unwrap(), Reply::Admitted { .. }) }
    });
    assert_eq!(all(callers).await.into_iter().filter(|admitted| *admitted).count(), 10);

    let store = &stores[0];
    let tat_us = now + 1000;
    assert_eq!(store.execute(throttle("t", 1, now + 99)).await, Ok(Reply::Denied { tat_us }));
    assert_eq!(store.execute(throttle("t", 1, now - 5000)).await, Ok(Reply::Denied { tat_us }));
    assert_eq!(
        store.execute(throttle("t", 1, now + 100)).await,
        Ok(Reply::Admitted { tat_us: tat_us + 100 })
    );
    assert_eq!(store.execute(throttle("other", 10, now)).await, Ok(Reply::Admitted { tat_us }));
    // No sum runs over.
    let huge = Command::Throttle {
        key: key("h"),
        interval_us: u64::MAX,
        burst_us: u64::MAX,
        cost: 1,
        now_us: u64::MAX - 1,
    };
    assert_eq!(store.execute(huge).await, Ok(Reply::Admitted { tat_us: u64::MAX }));
}

/// Holds the file's only lock for writing until it is dropped.
pub(crate) fn lock(place: &Place) -> Connection {
    let sql = place.sql();
    sql.execute_batch("BEGIN IMMEDIATE").unwrap();
    sql
}

#[tokio::test(flavor = "current_thread")]
async fn a_host_is_not_blocked_while_another_holds_the_lock() {
    let place = Place::new();
    let store = place.open().await;
    let lock = lock(&place);
    let write = tokio::spawn({
        let store = Arc::clone(&store);
        async move { store.execute(put("k", Expect::Absent, entry(1, ""))).await }
    });
    for _ in 0..30 {
        tokio::time::sleep(Duration::from_millis(10)).await;
        assert_eq!(load(&store, "k").await, None, "reading waits for no lock");
    }
    assert!(!write.is_finished());
    drop(lock);
    assert_eq!(write.await.unwrap(), Ok(Reply::Done));
    assert_eq!(load(&store, "k").await, Some(entry(1, "")));
}

#[tokio::test]
async fn a_lock_that_is_held_too_long_is_an_error_and_nothing_is_done_later() {
    let place = Place::new();
    drop(place.open().await);
    // Opening it takes several steps, which a slow machine may not take in that time.
    let store = loop {
        match Database::open(&place.impatient()).await {
            Ok(store) => break Arc::new(store),
            Err(error) => assert_eq!(error.code(), ErrorCode::StoreUnavailable, "{error}"),
        }
    };
    let held = lock(&place);
    for turn in 0..3 {
        let writes = (0..20_u64).map(|n| {
            let store = Arc::clone(&store);
            async move { store.execute(put(format!("{turn}.{n}"), Expect::Absent, entry(n, ""))).await }
        });
        for outcome in all(writes).await {
            assert!(matches!(outcome, Err(StoreError::Unavailable | StoreError::Unknown)), "{outcome:?}");
        }
    }
    drop(held);
    // The thread that writes goes on in order, so what was given up would be there before this.
    let keys = || -> Vec<Vec<u8>> {
        let sql = place.sql();
        let mut keys = sql.prepare("SELECT k FROM entry").unwrap();
        keys.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    while keys().is_empty() {
        let _ = store.execute(put("after", Expect::Absent, entry(1, ""))).await;
    }
    assert_eq!(keys(), [b"after"]);
}

#[tokio::test]
async fn a_dropped_command_is_done_or_not_done() {
    let place = Place::new();
    let store = place.open().await;
    for n in 0..200_u64 {
        let command = put(format!("k{n}"), Expect::Absent, entry(n, ""));
        let _ = tokio::time::timeout(Duration::from_micros(n * 20), store.execute(command)).await;
    }
    for n in 0..200_u64 {
        let again = store.execute(put(format!("k{n}"), Expect::Absent, entry(n, ""))).await;
        assert!(again == Ok(Reply::Done) || again == Ok(Reply::Conflict(Some(entry(n, "")))), "{again:?}");
    }
}
