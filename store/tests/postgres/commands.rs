//! What the commands do, in one data base that several share.

use super::*;

#[tokio::test]
async fn cas_compares_versions_and_shows_the_winner() {
    let (url, _) = fresh().await;
    let (store, other) = (open(&url).await, open(&url).await);
    let (first, second) = (entry("one"), entry(vec![0, 255, b'\'', b'\\']));
    let missing = Expect::Version(first.version);
    assert_eq!(put(&store, "k", missing, &second).await, Ok(Reply::Conflict(None)));
    assert_eq!(cas(&store, "k", Expect::Absent, Write::Delete).await, Ok(Reply::Done));
    assert_eq!(put(&store, "k", Expect::Absent, &first).await, Ok(Reply::Done));
    assert_eq!(put(&other, "k", Expect::Absent, &second).await, Ok(Reply::Conflict(Some(first.clone()))));
    assert_eq!(
        cas(&other, "k", Expect::Absent, Write::Delete).await,
        Ok(Reply::Conflict(Some(first.clone())))
    );
    assert_eq!(put(&other, "k", Expect::Version(first.version), &second).await, Ok(Reply::Done));
    assert_eq!(load(&store, "k").await, Ok(Some(second.clone())), "each sees what the other writes");
    let stale = Expect::Version(first.version);
    assert_eq!(put(&store, "k", stale, &entry("")).await, Ok(Reply::Conflict(Some(second.clone()))));
    assert_eq!(cas(&store, "k", stale, Write::Delete).await, Ok(Reply::Conflict(Some(second.clone()))));
    let current = Expect::Version(second.version);
    assert_eq!(cas(&store, "k", current, Write::Delete).await, Ok(Reply::Done));
    assert_eq!(cas(&store, "k", current, Write::Delete).await, Ok(Reply::Conflict(None)));
    assert_eq!(load(&other, "k").await, Ok(None));
}

#[tokio::test]
async fn several_are_read_in_the_order_asked_for() {
    let (url, _) = fresh().await;
    let store = open(&url).await;
    let (mut a, b) = (entry(vec![7; 65_536]), entry(""));
    a.index = Index { subject: Some(key("s")), client: Some(key([0, 255])) };
    a.version = Version::new(&[0; 16]).unwrap();
    a.expires_at_ms = i64::MAX.unsigned_abs();
    put(&store, "a", Expect::Absent, &a).await.unwrap();
    put(&store, "A", Expect::Absent, &b).await.unwrap();
    let found = load_all(&store, &["A", "absent", "a", "A", "a ", "a", "absent", "aa"]).await.unwrap();
    let (a, b) = (Some(a), Some(b));
    assert_eq!(found, [b.clone(), None, a.clone(), b, None, a, None, None]);
}

#[tokio::test]
async fn of_many_that_insert_one_wins() {
    let (url, _) = fresh().await;
    let (store, other) = (open(&url).await, open(&url).await);
    let racers = (0..64).map(|n: u8| {
        let store = if n.is_multiple_of(2) { &store } else { &other };
        async move {
            let mine = entry([n]);
            (mine.version, put(store, "k", Expect::Absent, &mine).await.unwrap())
        }
    });
    let outcomes = join_all(racers).await;
    let winners: Vec<_> = outcomes.iter().filter(|(_, reply)| *reply == Reply::Done).collect();
    let [(winner, _)] = winners[..] else { panic!("{winners:?}") };
    for (version, reply) in &outcomes {
        match reply {
            Reply::Done => assert_eq!(version, winner),
            Reply::Conflict(Some(shown)) => assert_eq!(shown.version, *winner),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn no_increment_is_lost_at_any_isolation_level() {
    for level in ["read committed", "repeatable read", "serializable"] {
        let (url, name) = fresh().await;
        sql(&name, &format!("ALTER DATABASE {name} SET default_transaction_isolation = '{level}'")).await;
        let (store, other) = (open(&url).await, open(&url).await);
        let tasks = (0..12).map(|n| {
            let store = if n % 2 == 0 { &store } else { &other };
            async move {
                for _ in 0..20 {
                    increment(store, "count").await;
                }
            }
        });
        join_all(tasks).await;
        let count = load(&store, "count").await.unwrap().unwrap();
        assert_eq!(count.value, 240_u64.to_be_bytes(), "{level}");
        let admitted = join_all((0..12).map(|_| throttle(&store, "t"))).await;
        assert_eq!(admitted.iter().filter(|admitted| **admitted).count(), 3, "{level}");
        let isolation = check(&store, "isolation").await;
        assert_eq!(isolation.severity == Severity::Fine, level == "read committed", "{isolation:?}");
    }
}

#[tokio::test]
async fn a_limit_is_exact_and_shared() {
    let (url, name) = fresh().await;
    let (store, other) = (open(&url).await, open(&url).await);
    let callers = (0..24).map(|n| throttle(if n % 2 == 0 { &store } else { &other }, "t"));
    assert_eq!(join_all(callers).await.iter().filter(|admitted| **admitted).count(), 3);
    assert!(!throttle(&store, "t").await && throttle(&store, "another").await);

    let command = |cost, now_us| Command::Throttle {
        key: key("u"),
        interval_us: 1 << 40,
        burst_us: 1 << 41,
        cost,
        now_us,
    };
    assert_eq!(store.execute(command(3, 0)).await, Ok(Reply::Denied { tat_us: 0 }), "more than any burst");
    let Ok(Reply::Admitted { tat_us }) = store.execute(command(2, 0)).await else { panic!("denied") };
    let stored = sql(&name, "SELECT tat FROM tokenmint_cell WHERE k = 'u'").await;
    assert_eq!(stored, tat_us.to_string());
    let later = command(1, u64::MAX);
    assert_eq!(store.execute(later).await, Ok(Reply::Denied { tat_us }), "the server's clock counts");
    assert_eq!(
        sql(&name, "SELECT tat FROM tokenmint_cell WHERE k = 'u'").await,
        stored,
        "a denial writes nothing"
    );
    let vast =
        Command::Throttle { key: key("v"), interval_us: u64::MAX, burst_us: u64::MAX, cost: 1, now_us: 0 };
    assert!(matches!(store.execute(vast.clone()).await, Ok(Reply::Admitted { .. })));
    assert!(matches!(store.execute(vast).await, Ok(Reply::Denied { .. })));
}

#[tokio::test]
async fn lists_by_index_with_a_cursor() {
    let (url, _) = fresh().await;
    let store = open(&url).await;
    for name in ["c", "a", "b", "d", "B"] {
        let mut entry = entry(name);
        entry.index.subject = (name != "d").then(|| key("subject"));
        entry.index.client = (name != "a").then(|| key("client"));
        put(&store, name, Expect::Absent, &entry).await.unwrap();
    }
    let list = |by: IndexValue, after: Option<&str>, limit| {
        let command = Command::List { by, after: after.map(key), limit };
        let store = &store;
        async move {
            let Ok(Reply::Listed { entries, next }) = store.execute(command).await else {
                panic!("not listed")
            };
            let names = entries.into_iter().map(|(key, entry)| {
                assert_eq!(key.as_bytes(), entry.value);
                String::from_utf8(entry.value).unwrap()
            });
            (names.collect::<String>(), next)
        }
    };
    let subject = || IndexValue::Subject(key("subject"));
    assert_eq!(list(subject(), None, 3).await, ("Bab".to_owned(), Some(key("b"))));
    assert_eq!(list(subject(), Some("b"), 3).await, ("c".to_owned(), None));
    assert_eq!(list(subject(), None, 4).await, ("Babc".to_owned(), None));
    assert_eq!(list(IndexValue::Client(key("client")), None, 9).await, ("Bbcd".to_owned(), None));
    assert_eq!(list(IndexValue::Client(key("subject")), None, 9).await, (String::new(), None));

    // A write changes by what an entry is listed.
    let before = load(&store, "b").await.unwrap().unwrap();
    put(&store, "b", Expect::Version(before.version), &entry("b")).await.unwrap();
    assert_eq!(list(subject(), None, 9).await, ("Bac".to_owned(), None));
}

#[tokio::test]
async fn sweeps_what_expired_and_no_more_than_asked() {
    let (url, name) = fresh().await;
    let store = open(&url).await;
    for (name, expires_at_ms) in
        [("a", 0), ("b", 5_000_000), ("c", 5_000_001), ("d", i64::MAX.unsigned_abs())]
    {
        put(&store, name, Expect::Absent, &Entry { expires_at_ms, ..entry("") }).await.unwrap();
    }
    sql(&name, "INSERT INTO tokenmint_cell VALUES ('past', 4000000000), ('later', 6000000000)").await;
    let sweep = |before_ms, limit| store.execute(Command::Sweep { before_ms, limit });
    assert_eq!(sweep(5_000_001, 0).await, Ok(Reply::Removed(0)));
    assert_eq!(sweep(5_000_000, 9).await, Ok(Reply::Removed(1)));
    assert_eq!(sql(&name, "SELECT k FROM tokenmint_cell").await, r"\x6c61746572");
    assert_eq!(sweep(5_000_002, 1).await, Ok(Reply::Removed(1)));
    assert_eq!(sweep(5_000_002, 9).await, Ok(Reply::Removed(1)));
    assert_eq!(sweep(5_000_002, 9).await, Ok(Reply::Removed(0)));
    assert!(load(&store, "d").await.unwrap().is_some());
    assert_eq!(sweep(u64::MAX, 9).await, Ok(Reply::Removed(1)));
}

#[tokio::test]
async fn sealed_values_are_not_readable_in_the_table() {
    let (url, name) = fresh().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    std::fs::write(&file, "ab".repeat(32)).unwrap();
    let store = open(&format!("{url}&sealing_key_file={}", file.display())).await;
    let personal = entry("personal");
    put(&store, "k", Expect::Absent, &personal).await.unwrap();
    assert_eq!(load(&store, "k").await, Ok(Some(personal)));
    let readable = "SELECT count(*) FROM tokenmint_entry WHERE position('personal'::bytea in val) > 0";
    assert_eq!(sql(&name, readable).await, "0");
    sql(&name, "UPDATE tokenmint_entry SET exp = exp + 1").await;
    assert_eq!(load(&store, "k").await, Err(StoreError::Corrupt));
}

#[tokio::test]
async fn a_row_that_no_release_wrote_is_corrupt() {
    let (url, name) = fresh().await;
    let store = open(&url).await;
    sql(&name, "INSERT INTO tokenmint_entry VALUES ('k', '1', '', 0, 0)").await;
    assert_eq!(load(&store, "k").await, Err(StoreError::Corrupt));
    assert_eq!(put(&store, "k", Expect::Absent, &entry("")).await, Err(StoreError::Corrupt));
}

#[tokio::test]
async fn a_copy_has_every_record_and_limit() {
    let ((from, _), (to, name)) = (fresh().await, fresh().await);
    let (from, to) = (open(&from).await, open(&to).await);
    join_all((0..1001).map(|n| {
        let mut entry = entry(vec![1; n % 50]);
        entry.index.subject = (n % 2 == 0).then(|| key("subject"));
        let (name, from) = (format!("k{n}"), &from);
        async move { put(from, &name, Expect::Absent, &entry).await.unwrap() }
    }))
    .await;
    for name in ["t", "t", "u"] {
        assert!(throttle(&from, name).await);
    }
    let copied = copy(&from, &to, |_| ()).await.unwrap();
    assert_eq!((copied.records, copied.limits, copied.total), (1001, 2, 1003));
    for n in [0, 1, 499, 500, 501, 1000] {
        let name = format!("k{n}");
        assert_eq!(load(&to, &name).await.unwrap(), load(&from, &name).await.unwrap());
    }
    assert!(throttle(&to, "t").await && !throttle(&to, "t").await, "a limit goes on");
    let copied = copy(&from, &to, |_| ()).await.unwrap();
    assert_eq!((copied.records, copied.present), (0, 1001));
    assert!(!throttle(&to, "t").await, "the later time stays");
    assert_eq!(sql(&name, "SELECT count(*) FROM tokenmint_entry").await, "1001");
}
