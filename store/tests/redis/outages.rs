//! Servers that end, hang, fill up, and fall behind.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_a_crash_of_the_server() {
    let mut server = Redis::start(&[]);
    let store = Arc::new(open(&server, "").await);
    assert_eq!(store.durability(), Durability::Disk);
    let writers: Vec<_> = (0..8)
        .map(|writer| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                let mut acknowledged = BTreeMap::new();
                for round in 0.. {
                    let name = format!("{writer}/{round}");
                    let entry = entry(round, name.as_bytes());
                    match store.execute(put(&name, Expect::Absent, entry.clone())).await {
                        Ok(Reply::Done) => acknowledged.insert(name, entry),
                        Err(StoreError::Unknown | StoreError::Unavailable) => break,
                        other => panic!("{other:?}"),
                    };
                }
                acknowledged
            })
        })
        .collect();
    // In the middle of the writes.
    eventually(async || load(&store, &[b"0/20"]).await != [None]).await;
    server.kill9();
    let mut acknowledged = BTreeMap::new();
    for outcome in join_all(writers).await {
        acknowledged.extend(outcome.unwrap());
    }
    let insert = put("later", Expect::Absent, entry(1, b""));
    assert_eq!(store.execute(insert.clone()).await, Err(StoreError::Unavailable), "nothing can be sent");
    server.restart();
    // The same store goes on, after a moment.
    eventually(async || store.execute(insert.clone()).await != Err(StoreError::Unavailable)).await;
    assert!(acknowledged.len() >= 20);
    for (name, entry) in acknowledged {
        assert_eq!(load(&store, &[name.as_bytes()]).await, [Some(entry)], "{name}");
    }
}

#[tokio::test]
async fn a_connection_that_was_lost_while_idle_costs_nothing() {
    let mut server = Redis::start(&[]);
    let store = open(&server, "").await;
    store.execute(put("k", Expect::Absent, entry(1, b""))).await.unwrap();
    server.kill9();
    server.restart();
    tokio::time::sleep(Duration::from_millis(200)).await;
    let next = put("k", Expect::Version(version(1)), entry(2, b""));
    assert_eq!(store.execute(next).await, Ok(Reply::Done));
}

#[tokio::test]
async fn no_answer_in_time_is_unknown_for_a_write_only() {
    let server = Redis::start(&[]);
    let store = impatient(&server.url(), "").await;
    server.hang(true);
    let read = store.execute(Command::Load { keys: vec![key("k")] }).await;
    let write = store.execute(put("l", Expect::Absent, entry(1, b""))).await;
    server.hang(false);
    assert_eq!(read, Err(StoreError::Unavailable));
    // A new connection is not answered either, so this one was never sent.
    assert_eq!(write, Err(StoreError::Unavailable));
    until_read(&store).await;
    server.hang(true);
    let write = store.execute(put("n", Expect::Absent, entry(1, b""))).await;
    server.hang(false);
    assert_eq!(write, Err(StoreError::Unknown));
}

#[tokio::test]
async fn full_means_refused_and_nothing_is_forgotten() {
    let server = Redis::start(&["--maxmemory", "4mb", "--maxmemory-policy", "noeviction"]);
    let store = open(&server, "").await;
    let value = vec![7; MAX_VALUE];
    let mut written = 0;
    let refused = loop {
        match store.execute(put(&format!("k{written}"), Expect::Absent, entry(1, &value))).await {
            Ok(Reply::Done) => written += 1,
            other => break other,
        }
        assert!(written < 100);
    };
    assert_eq!(refused, Err(StoreError::Unavailable));
    assert_eq!(load(&store, &[format!("k{written}").as_bytes()]).await, [None]);
    let replace = put("k0", Expect::Version(version(1)), entry(2, &value));
    assert_eq!(store.execute(replace).await, Err(StoreError::Unavailable));
    for number in 0..written {
        assert_eq!(load(&store, &[format!("k{number}").as_bytes()]).await, [Some(entry(1, &value))]);
    }
    assert_ne!(found(&store, "memory").await, Severity::Fine);
    // What makes room is never refused, and a full server can be opened.
    let store = open(&server, "").await;
    for number in 0..10 {
        let delete = delete(&format!("k{number}"), Expect::Version(version(1)));
        assert_eq!(store.execute(delete).await, Ok(Reply::Done));
    }
    assert_eq!(store.execute(put("new", Expect::Absent, entry(1, &value))).await, Ok(Reply::Done));
}

#[tokio::test]
async fn a_write_counts_when_a_replica_has_it() {
    let server = Redis::start(&[]);
    let mut replica = Redis::start(&[]);
    replica.follow(&server);
    let linked = || server.ask::<String>(&["INFO", "replication"]).contains("state=online");
    let store = open(&server, "?wait_replicas=1").await;
    assert_eq!(store.execute(put("k", Expect::Absent, entry(1, b"one"))).await, Ok(Reply::Done));
    assert_eq!(load(&open(&replica, "").await, &[b"k"]).await, [Some(entry(1, b"one"))]);
    assert_eq!(found(&store, "replicas").await, Severity::Fine);

    // Now it has confirmed all there is.
    let field = |name: &str| {
        let info: String = server.ask(&["INFO", "replication"]);
        let (_, rest) = info.split_once(name).expect(name);
        rest.split(|end: char| !end.is_ascii_digit()).next().unwrap().parse::<u64>().unwrap()
    };
    let waiting = impatient(&server.url(), "?wait_replicas=1").await;
    eventually(async || field(",offset=") >= field("master_repl_offset:")).await;
    // It stays connected and does not get on: what it confirmed before says nothing about this write.
    replica.hang(true);
    let next = put("k", Expect::Version(version(1)), entry(2, b"two"));
    assert_eq!(waiting.execute(next).await, Err(StoreError::Unknown));
    assert_eq!(load(&store, &[b"k"]).await, [Some(entry(2, b"two"))], "it was written");
    replica.kill9();
    let conflict = put("k", Expect::Absent, entry(3, b""));
    assert_eq!(store.execute(conflict).await, Ok(Reply::Conflict(Some(entry(2, b"two")))));
    eventually(async || !linked()).await;
    assert_eq!(found(&store, "replicas").await, Severity::Fault);
    let next = put("k", Expect::Version(version(2)), entry(3, b"three"));
    assert_eq!(waiting.execute(next).await, Err(StoreError::Unknown));
}
