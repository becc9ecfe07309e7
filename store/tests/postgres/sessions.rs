//! Sessions that wait, are dropped, or end, and a pool that stays whole.

use super::*;

#[tokio::test]
async fn who_waits_behind_a_lock_gives_up_and_the_pool_stays_whole() {
    let (url, name) = fresh().await;
    let store = open(&format!("{url}&connections=1&timeout_ms=2000")).await;
    let (before, holder) = held(&store, &name).await;

    let expect = Expect::Version(before.version);
    let blocked = async { put(&store, "k", expect, &entry("blocked")).await };
    let behind = async {
        sleep(Duration::from_millis(100)).await;
        (load(&store, "other").await, ())
    };
    let behind_write = async {
        sleep(Duration::from_millis(100)).await;
        put(&store, "other", Expect::Absent, &entry("")).await
    };
    let (blocked, (read, ()), written) = tokio::join!(blocked, behind, behind_write);
    assert_eq!(blocked, Err(StoreError::Unknown), "the server has it");
    assert_eq!(read, Err(StoreError::Unavailable));
    assert_eq!(written, Err(StoreError::Unavailable), "never sent, so certainly not done");

    assert_eq!(
        load(&store, "other").await,
        Ok(None),
        "the connection was replaced, while the lock is still held"
    );
    let waiting = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = '{name}' AND wait_event_type = 'Lock'"
    );
    let end = Instant::now() + Duration::from_secs(30);
    while sql(&name, &waiting).await != "0" {
        assert!(Instant::now() < end, "the statement still waits on the server");
    }
    holder.batch_execute("ROLLBACK").await.unwrap();
    assert_eq!(load(&store, "k").await, Ok(Some(before)));
    assert_eq!(put(&store, "k", expect, &entry("after")).await, Ok(Reply::Done));
}

#[tokio::test]
async fn dropped_commands_leave_no_connection_behind() {
    let (url, name) = fresh().await;
    let store = open(&format!("{url}&connections=2&timeout_ms=20000")).await;
    let (before, holder) = held(&store, &name).await;
    for time in 0..20 {
        let late = Duration::from_millis(5 * time);
        let blocked = put(&store, "k", Expect::Version(before.version), &before);
        assert!(timeout(late, blocked).await.is_err(), "the row is locked");
        assert_eq!(timeout(Duration::from_secs(15), load(&store, "other")).await, Ok(Ok(None)));
    }
    holder.batch_execute("ROLLBACK").await.unwrap();
    for _ in 0..4 {
        increment(&store, "count").await;
    }
    let sessions = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = '{name}' AND application_name = 'tokenmint'"
    );
    let end = Instant::now() + Duration::from_secs(30);
    while sql(&name, &sessions).await.parse::<u32>().unwrap() > 2 {
        assert!(Instant::now() < end, "sessions are left on the server");
    }
}

#[tokio::test]
async fn sessions_that_the_server_ended_are_replaced() {
    let (url, name) = fresh().await;
    let store = open(&url).await;
    let end = format!(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
         WHERE datname = '{name}' AND application_name = 'tokenmint'"
    );
    for _ in 0..5 {
        join_all((0..8).map(|n| increment(&store, ["a", "b"][n % 2]))).await;
        assert_ne!(sql(&name, &end).await, "0");
        for read in join_all((0..20).map(|_| load(&store, "a"))).await {
            assert!(read.unwrap().is_some());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_a_crash_of_the_server() {
    let mut server = blocking(Postgres::start).await;
    let url = format!("{}?timeout_ms=30000", server.url("postgres"));
    let store = Arc::new(open(&url).await);
    assert_eq!(store.durability(), Durability::Disk);
    let writers = start_writers(&store);
    sleep(Duration::from_millis(500)).await;
    let mut server = blocking(move || {
        server.kill9();
        server
    })
    .await;
    let written: Vec<_> = join_all(writers).await.into_iter().map(Result::unwrap).collect();
    assert!(load(&store, "0-0").await.is_err());
    let _server = blocking(move || {
        server.restart();
        server
    })
    .await;

    let loads = (0..20).map(|_| load(&store, "0-0"));
    assert!(
        join_all(loads).await.into_iter().all(|found| found.unwrap().is_some()),
        "it works again at once"
    );
    assert_kept(&store, written).await;
    increment(&store, "count").await;
    assert!(throttle(&store, "t").await);
}
