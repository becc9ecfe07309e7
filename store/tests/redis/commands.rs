//! What each command does.

use super::*;

#[tokio::test]
async fn a_write_is_done_if_the_version_is_as_expected() {
    let server = Redis::start(&[]);
    let (store, other) = (open(&server, "").await, open(&server, "").await);
    let (one, two) = (entry(1, b"one"), entry(2, b"two"));
    assert_eq!(
        store.execute(put("k", Expect::Version(version(1)), one.clone())).await,
        Ok(Reply::Conflict(None))
    );
    assert_eq!(store.execute(put("k", Expect::Absent, one.clone())).await, Ok(Reply::Done));
    assert_eq!(load(&other, &[b"k"]).await, [Some(one.clone())]);
    let conflict = Ok(Reply::Conflict(Some(one.clone())));
    assert_eq!(other.execute(put("k", Expect::Absent, two.clone())).await, conflict);
    assert_eq!(other.execute(delete("k", Expect::Absent)).await, conflict);
    assert_eq!(other.execute(put("k", Expect::Version(version(9)), two.clone())).await, conflict);
    assert_eq!(other.execute(put("k", Expect::Version(version(1)), two.clone())).await, Ok(Reply::Done));
    assert_eq!(load(&store, &[b"k"]).await, [Some(two.clone())]);
    assert_eq!(store.execute(delete("k", Expect::Version(version(1)))).await, Ok(Reply::Conflict(Some(two))));
    assert_eq!(store.execute(delete("k", Expect::Version(version(2)))).await, Ok(Reply::Done));
    assert_eq!(store.execute(delete("k", Expect::Version(version(2)))).await, Ok(Reply::Conflict(None)));
    assert_eq!(store.execute(delete("k", Expect::Absent)).await, Ok(Reply::Done));
    assert_eq!(load(&other, &[b"k"]).await, [None]);
}

#[tokio::test]
async fn bytes_come_back_as_they_were() {
    let server = Redis::start(&[]);
    let store = open(&server, "").await;
    let bytes: Vec<u8> = (0..=255).collect();
    let large: Vec<u8> = bytes.iter().copied().cycle().take(MAX_VALUE).collect();
    let names: [&[u8]; 7] = [b"\0", b"a", b"A", b"a\r\n", b"a*", &bytes[..128], &bytes[128..]];
    for (at, name) in (1..).zip(names) {
        for value in [&b""[..], &bytes, &large] {
            let index = Index { subject: Some(key(name)), client: Some(key(&bytes[100..200])) };
            let version = Version::new(&[at; 16]).unwrap();
            let entry = Entry { version, value: value.to_vec(), expires_at_ms: LATER, index };
            let expect = match load(&store, &[name]).await.remove(0) {
                None => Expect::Absent,
                Some(found) => Expect::Version(found.version),
            };
            let write = Command::Cas { key: key(name), expect, write: Write::Put(entry.clone()) };
            assert_eq!(store.execute(write).await, Ok(Reply::Done));
            assert_eq!(load(&store, &[name]).await, [Some(entry)]);
        }
    }
    let zero = Entry { version: version(0), ..entry(0, b"") };
    assert_eq!(store.execute(put("zero", Expect::Absent, zero.clone())).await, Ok(Reply::Done));
    assert_eq!(store.execute(delete("zero", Expect::Version(zero.version))).await, Ok(Reply::Done));
    let over = entry(1, &vec![0; MAX_VALUE + 1]);
    assert_eq!(store.execute(put("over", Expect::Absent, over)).await, Err(StoreError::TooLarge));
}

#[tokio::test]
async fn many_keys_are_read_in_their_order() {
    let server = Redis::start(&[]);
    let store = open(&server, "").await;
    for name in ["a", "b", "c"] {
        store.execute(put(name, Expect::Absent, entry(1, name.as_bytes()))).await.unwrap();
    }
    let entries = load(&store, &[b"c", b"none", b"a", b"c", b"b", b"nor", b"a", b"c"]).await;
    let values: Vec<_> = entries.iter().map(|entry| entry.as_ref().map(|entry| &entry.value[..])).collect();
    let (a, b, c) = (Some(&b"a"[..]), Some(&b"b"[..]), Some(&b"c"[..]));
    assert_eq!(values, [c, None, a, c, b, None, a, c]);
}

#[tokio::test]
async fn a_new_entry_has_the_indices_it_was_given_only() {
    let server = Redis::start(&[]);
    let store = open(&server, "").await;
    let mut one = entry(1, b"");
    one.index = Index { subject: Some(key("ann")), client: Some(key("web")) };
    store.execute(put("k", Expect::Absent, one)).await.unwrap();
    let mut two = entry(2, b"");
    two.index.client = Some(key("app"));
    store.execute(put("k", Expect::Version(version(1)), two.clone())).await.unwrap();
    assert_eq!(load(&store, &[b"k"]).await, [Some(two)]);
    let list = |by| store.execute(Command::List { by, after: None, limit: 9 });
    let none = Reply::Listed { entries: Vec::new(), next: None };
    assert_eq!(list(IndexValue::Subject(key("ann"))).await, Ok(none.clone()));
    assert_eq!(list(IndexValue::Client(key("web"))).await, Ok(none));
    assert_ne!(list(IndexValue::Client(key("app"))).await, list(IndexValue::Client(key("web"))).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_racers_one_wins() {
    let server = Redis::start(&[]);
    let stores = [open(&server, "").await, open(&server, "").await];
    for round in 0..10 {
        let name = format!("k{round}");
        let race = (0..64).map(|racer| {
            let insert = put(&name, Expect::Absent, entry(racer, &racer.to_be_bytes()));
            stores[usize::try_from(racer % 2).unwrap()].execute(insert)
        });
        let outcomes = join_all(race).await;
        let winner = load(&stores[0], &[name.as_bytes()]).await.remove(0).unwrap();
        let won: Vec<_> = (0..).zip(&outcomes).filter(|(_, reply)| **reply == Ok(Reply::Done)).collect();
        assert_eq!(won.len(), 1);
        assert_eq!(version(won[0].0), winner.version);
        let lost = Ok(Reply::Conflict(Some(winner)));
        assert_eq!(outcomes.iter().filter(|reply| **reply == lost).count(), 63);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_increment_is_lost() {
    let server = Redis::start(&["--appendfsync", "no"]);
    let store = Arc::new(open(&server, "").await);
    let other = Arc::new(open(&server, "").await);
    store.execute(put("k", Expect::Absent, entry(1, b"0"))).await.unwrap();
    let tasks = (0..8_u64).map(|task| {
        let store = Arc::clone(if task % 2 == 0 { &store } else { &other });
        tokio::spawn(async move {
            for round in 0..25 {
                let mut current = load(&store, &[b"k"]).await.remove(0).unwrap();
                loop {
                    let count: u64 = String::from_utf8(current.value.clone()).unwrap().parse().unwrap();
                    let next = entry(1000 * (task + 1) + round, (count + 1).to_string().as_bytes());
                    match store.execute(put("k", Expect::Version(current.version), next)).await.unwrap() {
                        Reply::Done => break,
                        Reply::Conflict(Some(newer)) => current = newer,
                        other => panic!("{other:?}"),
                    }
                }
            }
        })
    });
    for task in join_all(tasks).await {
        task.unwrap();
    }
    assert_eq!(load(&store, &[b"k"]).await.remove(0).unwrap().value, b"200");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_is_exact_and_shared() {
    let server = Redis::start(&[]);
    let stores = [open(&server, "").await, open(&server, "").await];
    // An hour between two events: none comes back while the test runs.
    let interval_us = 3_600_000_000;
    let throttle = |name: &str, events: u64, cost| Command::Throttle {
        key: key(name),
        interval_us,
        burst_us: events * interval_us,
        cost,
        now_us: 0,
    };
    let tries = (0..60).map(|at| stores[at % 2].execute(throttle("t", 20, 1)));
    let outcomes: Vec<_> = join_all(tries).await.into_iter().map(Result::unwrap).collect();
    let (admitted, denied): (Vec<_>, Vec<_>) =
        outcomes.into_iter().partition(|reply| matches!(reply, Reply::Admitted { .. }));
    assert_eq!((admitted.len(), denied.len()), (20, 40));

    // A denial tells the stored time, and leaves it.
    let stored: String = server.ask(&["GET", "tokenmint:c:t"]);
    let told = Reply::Denied { tat_us: stored.parse().unwrap() };
    assert!(denied.iter().all(|reply| *reply == told));
    let expiry: u64 = server.ask(&["PEXPIRETIME", "tokenmint:c:t"]);
    assert_eq!(expiry, stored.parse::<u64>().unwrap().div_ceil(1000) + 1);

    // Limits are apart, and a denial at first writes nothing.
    assert!(matches!(stores[0].execute(throttle("u", 20, 20)).await, Ok(Reply::Admitted { .. })));
    assert_eq!(stores[0].execute(throttle("v", 1, 2)).await, Ok(Reply::Denied { tat_us: 0 }));
    assert_eq!(server.ask::<u64>(&["EXISTS", "tokenmint:c:v"]), 0);

    // What a double would round.
    let huge = Command::Throttle { key: key("h"), interval_us: 1, burst_us: u64::MAX, cost: 1, now_us: 0 };
    let mut last = 0;
    for _ in 0..3 {
        let Ok(Reply::Admitted { tat_us }) = stores[0].execute(huge.clone()).await else { panic!("denied") };
        assert!(tat_us > last);
        last = tat_us;
    }
    server.ask::<()>(&["SET", "tokenmint:c:h", "4000000000000001"]);
    let next = stores[0].execute(huge).await;
    assert_eq!(next, Ok(Reply::Admitted { tat_us: 4_000_000_000_000_002 }));
}

#[tokio::test]
async fn lists_in_the_order_of_keys() {
    let server = Redis::start(&["--appendfsync", "no"]);
    let store = open(&server, "").await;
    for number in 0..50 {
        let mut entry = entry(1, b"value");
        entry.index.subject = (number % 2 == 0).then(|| key("ann"));
        store.execute(put(&format!("k{number:02}"), Expect::Absent, entry)).await.unwrap();
    }
    let (mut after, mut names, mut calls) = (None, Vec::new(), 0);
    loop {
        let by = IndexValue::Subject(key("ann"));
        let listed = store.execute(Command::List { by, after, limit: 10 }).await.unwrap();
        let Reply::Listed { entries, next } = listed else { panic!("{listed:?}") };
        names.extend(entries.iter().map(|(key, _)| key.clone()));
        calls += 1;
        match next {
            None => break,
            next => after = next,
        }
    }
    let wanted: Vec<_> = (0..50).step_by(2).map(|number| key(format!("k{number:02}"))).collect();
    assert_eq!((names, calls), (wanted, 3));
}

#[tokio::test]
async fn an_entry_is_kept_for_the_slack() {
    let server = Redis::start(&[]);
    let store = open(&server, "").await;
    let expiry = |name: &str| server.ask::<i64>(&["PEXPIRETIME", &format!("tokenmint:e:{name}")]);
    let at = |number, expires_at_ms| Entry { expires_at_ms, ..entry(number, b"value") };
    for (name, expires_at_ms) in
        [("now", now_ms()), ("past", now_ms() - SLACK_MS / 2), ("9999", 253_402_300_799_999)]
    {
        store.execute(put(name, Expect::Absent, at(1, expires_at_ms))).await.unwrap();
        assert_eq!(load(&store, &[name.as_bytes()]).await, [Some(at(1, expires_at_ms))]);
        assert_eq!(expiry(name), i64::try_from(expires_at_ms + SLACK_MS).unwrap());
    }
    // What has been over for longer may be gone at once, and was written.
    assert_eq!(store.execute(put("old", Expect::Absent, at(1, 0))).await, Ok(Reply::Done));
    // Beyond what Redis can count to is never, and a time is set again after it.
    let never = i64::MAX.unsigned_abs();
    store.execute(put("now", Expect::Version(version(1)), at(2, never))).await.unwrap();
    assert_eq!(load(&store, &[b"now"]).await, [Some(at(2, never))]);
    assert_eq!(expiry("now"), -1);
    store.execute(put("now", Expect::Version(version(2)), at(3, LATER))).await.unwrap();
    assert_eq!(expiry("now"), i64::try_from(LATER + SLACK_MS).unwrap());
    assert_eq!(store.execute(Command::Sweep { before_ms: u64::MAX, limit: 9 }).await, Ok(Reply::Removed(0)));
}

#[tokio::test]
async fn a_sealed_value_is_not_readable_in_the_server() {
    let server = Redis::start(&[]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    std::fs::write(&file, "ab".repeat(32)).unwrap();
    let store = open(&server, &format!("?sealing_key_file={}", file.display())).await;
    store.execute(put("k", Expect::Absent, entry(1, b"personal"))).await.unwrap();
    assert_eq!(load(&store, &[b"k"]).await, [Some(entry(1, b"personal"))]);
    let conflict = store.execute(put("k", Expect::Absent, entry(2, b""))).await;
    assert_eq!(conflict, Ok(Reply::Conflict(Some(entry(1, b"personal")))));
    let raw: Vec<u8> = server.ask(&["HGET", "tokenmint:e:k", "d"]);
    assert!(!raw.windows(8).any(|part| part == b"personal"));
}

#[tokio::test]
async fn what_another_wrote_is_corrupt_and_not_guessed() {
    let server = Redis::start(&[]);
    let store = open(&server, "").await;
    server.ask::<()>(&["SET", "tokenmint:e:text", "x"]);
    server.ask::<()>(&["HSET", "tokenmint:e:half", "v", "12345678"]);
    server.ask::<()>(&["SET", "tokenmint:c:text", "x"]);
    for name in ["text", "half"] {
        let read = store.execute(Command::Load { keys: vec![key(name)] }).await;
        assert_eq!(read, Err(StoreError::Corrupt), "{name}");
        let written = store.execute(put(name, Expect::Absent, entry(1, b""))).await;
        assert_eq!(written, Err(StoreError::Corrupt), "{name}");
    }
    let throttle = Command::Throttle { key: key("text"), interval_us: 1, burst_us: 9, cost: 1, now_us: 0 };
    assert_eq!(store.execute(throttle).await, Err(StoreError::Corrupt));
}

#[tokio::test]
async fn scripts_may_be_flushed() {
    let server = Redis::start(&[]);
    let store = open(&server, "").await;
    store.execute(put("k", Expect::Absent, entry(1, b""))).await.unwrap();
    server.ask::<()>(&["SCRIPT", "FLUSH"]);
    let next = put("k", Expect::Version(version(1)), entry(2, b""));
    assert_eq!(store.execute(next).await, Ok(Reply::Done));
}

#[tokio::test]
async fn a_copy_has_every_record_and_limit() {
    let (from, to) = (Redis::start(&["--appendfsync", "no"]), Redis::start(&["--appendfsync", "no"]));
    let (source, target) = (open(&from, "").await, open(&to, "").await);
    for number in 0..1200 {
        let mut entry = entry(number, &number.to_be_bytes());
        entry.index.client = Some(key("web"));
        source.execute(put(&format!("k{number}"), Expect::Absent, entry)).await.unwrap();
    }
    let throttle = |cost| Command::Throttle {
        key: key("t"),
        interval_us: 3_600_000_000,
        burst_us: 36_000_000_000,
        cost,
        now_us: 0,
    };
    source.execute(throttle(9)).await.unwrap();
    let copied = tokenmint_store::copy(&source, &target, |_| {}).await.unwrap();
    assert_eq!((copied.records, copied.total), (1200, 1202));
    assert!(matches!(target.execute(throttle(2)).await, Ok(Reply::Denied { .. })));
    let last = load(&target, &[b"k1199"]).await.remove(0).unwrap();
    assert_eq!((last.version, last.index.client), (version(1199), Some(key("web"))));
    assert_eq!(from.ask::<String>(&["GET", "tokenmint:c:t"]), to.ask::<String>(&["GET", "tokenmint:c:t"]));
    // A later limit stays.
    target.execute(throttle(1)).await.unwrap();
    let later: String = to.ask(&["GET", "tokenmint:c:t"]);
    let again = tokenmint_store::copy(&source, &target, |_| {}).await.unwrap();
    assert_eq!((again.records, again.present), (0, 1200));
    assert_eq!(to.ask::<String>(&["GET", "tokenmint:c:t"]), later);
}
