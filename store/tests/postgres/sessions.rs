//! Sessions that wait, are dropped, or end, and a pool that stays whole.

use super::*;

#[tokio::test]
async fn who_waits_behind_a_lock_gives_up_and_the_pool_stays_whole() {
    let (url, name) = fresh().await;
    let store = impatient(&url, "&connections=1").await;
    let (before, holder) = held(&open(&url).await, &name).await;

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

    // The connection is replaced, while the lock is still held.
    until_loaded(&store, "other", None).await;
    let waiting = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = '{name}' AND wait_event_type = 'Lock'"
    );
    until(&waiting, "0").await;
    holder.batch_execute("ROLLBACK").await.unwrap();
    until_loaded(&store, "k", Some(before)).await;
    assert_eq!(put(&open(&url).await, "k", expect, &entry("after")).await, Ok(Reply::Done));
}

#[tokio::test]
async fn dropped_commands_leave_no_connection_behind() {
    let (url, name) = fresh().await;
    let store = open(&format!("{url}&connections=2")).await;
    let (before, holder) = held(&store, &name).await;
    for time in 0..20 {
        let late = Duration::from_millis(5 * time);
        let blocked = put(&store, "k", Expect::Version(before.version), &before);
        assert!(timeout(late, blocked).await.is_err(), "the row is locked");
        assert_eq!(timeout(LONG, load(&store, "other")).await, Ok(Ok(None)));
    }
    holder.batch_execute("ROLLBACK").await.unwrap();
    for _ in 0..4 {
        increment(&store, "count").await;
    }
    let sessions = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = '{name}' AND application_name = 'tokenmint'"
    );
    let end = Instant::now() + LONG;
    while sql(&name, &sessions).await.parse::<u32>().unwrap() > 2 {
        assert!(Instant::now() < end, "sessions are left on the server");
    }
}

/// Nobody can read from then on, until `ROLLBACK` or the end.
async fn locked(name: &str) -> tokio_postgres::Client {
    let holder = session(name).await;
    holder.batch_execute("BEGIN; LOCK TABLE tokenmint_entry IN ACCESS EXCLUSIVE MODE").await.unwrap();
    holder
}

fn waiting(name: &str) -> String {
    format!("SELECT count(*) FROM pg_stat_activity WHERE datname = '{name}' AND wait_event_type = 'Lock'")
}

#[tokio::test]
async fn those_who_read_at_the_same_time_share_connections_and_disturb_nobody_when_they_go() {
    let (url, name) = fresh().await;
    let store = Arc::new(open(&url).await);
    let holder = locked(&name).await;
    let mut readers: Vec<_> = (0..64)
        .map(|_| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { load(&store, "k").await })
        })
        .collect();
    until(&waiting(&name), "2").await;
    let sessions = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = '{name}' AND application_name = 'tokenmint'"
    );
    assert!(sql(&name, &sessions).await.parse::<u32>().unwrap() <= 3, "one may be left from opening");
    for gone in readers.drain(..32) {
        gone.abort();
    }
    holder.batch_execute("ROLLBACK").await.unwrap();
    for read in join_all(readers).await {
        assert_eq!(read.unwrap(), Ok(None));
    }
    assert!(throttle(&store, "t").await);
}

#[tokio::test]
async fn a_shared_connection_without_an_answer_is_left_and_its_session_ended() {
    let (url, name) = fresh().await;
    let store = impatient(&url, "").await;
    let holder = locked(&name).await;
    for read in join_all((0..8).map(|_| load(&store, "k"))).await {
        assert_eq!(read, Err(StoreError::Unavailable));
    }
    // While the lock is still held.
    until(&waiting(&name), "0").await;
    holder.batch_execute("ROLLBACK").await.unwrap();
    until_loaded(&store, "k", None).await;
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
    let url = patient(&server.url("postgres"));
    let store = Arc::new(open(&url).await);
    assert_eq!(store.durability(), Durability::Disk);
    let writers = start_writers(&store);
    until_all_have_written(&store).await;
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
