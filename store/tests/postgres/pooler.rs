//! PgBouncer between, in transaction mode: no two statements need meet the same session of the server.

use super::servers::pgbouncer::PgBouncer;
use super::*;

const SESSIONS: u32 = 3;

/// A pooler before the shared server, and a new data base behind it: its URL there, and its name.
async fn pooled() -> (PgBouncer, String, String) {
    let (_, name) = fresh().await;
    let server = server().await;
    let pooler = blocking(|| PgBouncer::before(server, SESSIONS)).await;
    let url = patient(&pooler.url(&name));
    (pooler, url, name)
}

/// Statements with a name, in those sessions that a pooler gives to several who ask at once.
async fn named_statements(url: &str) -> i64 {
    let url = url.split_once('?').unwrap().0;
    let asked = (0..SESSIONS).map(|_| async move {
        let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        // Nobody gets the same session while this one is in use.
        let text = "SELECT count(*)::text FROM pg_prepared_statements, pg_sleep(0.2)";
        let answer = client.simple_query(text).await.unwrap();
        let counted = answer.iter().find_map(|part| match part {
            tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0)?.parse::<i64>().ok(),
            _ => None,
        });
        counted.unwrap()
    });
    join_all(asked).await.iter().sum()
}

/// Counts to 160, by four stores at once.
async fn count_up(url: &str) -> Vec<Database> {
    let stores: Vec<_> = join_all((0..4).map(|_| Database::open(url))).await;
    let stores: Vec<_> = stores.into_iter().map(Result::unwrap).collect();
    let tasks = (0..16).map(|n| {
        let store = &stores[n % 4];
        async move {
            for _ in 0..10 {
                increment(store, "count").await;
            }
        }
    });
    join_all(tasks).await;
    stores
}

/// All else that a store does.
async fn work(stores: &[Database]) {
    let admitted = join_all((0..12).map(|n| throttle(&stores[n % 4], "t"))).await;
    assert_eq!(admitted.iter().filter(|admitted| **admitted).count(), 3);

    let store = &stores[1];
    let mut listed = entry("listed");
    listed.index = Index { subject: Some(key("subject")), client: Some(key("client")) };
    assert_eq!(put(store, "listed", Expect::Absent, &listed).await, Ok(Reply::Done));
    for by in [IndexValue::Subject(key("subject")), IndexValue::Client(key("client"))] {
        let answer = store.execute(Command::List { by, after: None, limit: 9 }).await;
        assert_eq!(answer, Ok(Reply::Listed { entries: vec![(key("listed"), listed.clone())], next: None }));
    }
    let expect = Expect::Version(listed.version);
    assert_eq!(cas(store, "listed", expect, Write::Delete).await, Ok(Reply::Done));
    assert_eq!(store.execute(Command::Sweep { before_ms: 1, limit: 9 }).await, Ok(Reply::Removed(0)));
    assert_eq!(copy(store, &stores[2], |_| ()).await.unwrap().present, 1);
    for finding in store.doctor(store.now_ms().await.unwrap()).await.unwrap() {
        assert_eq!(finding.severity, Severity::Fine, "{finding:?}");
    }
}

/// Two processes would give the same names to different statements, and they meet in the same sessions.
#[tokio::test]
async fn a_pooler_is_noticed_and_statements_get_no_names() {
    if let Some(url) = url_from_elsewhere() {
        count_up(&url).await;
        return;
    }
    let (_pooler, url, _) = pooled().await;
    let another = elsewhere("pooler::a_pooler_is_noticed_and_statements_get_no_names", &url, &[]);
    let (stores, _) = tokio::join!(count_up(&url), another);
    work(&stores).await;
    let store = &stores[0];
    assert_eq!(load(store, "count").await.unwrap().unwrap().value, 320_u64.to_be_bytes());
    assert_eq!(named_statements(&url).await, 0);
    assert!(check(store, "pooler").await.found.starts_with("one stands between"));
    let (direct, _) = fresh().await;
    assert_eq!(check(&open(&direct).await, "pooler").await.found, "none");
}

#[tokio::test]
async fn who_gives_up_behind_a_lock_leaves_nothing_waiting() {
    let (_pooler, url, name) = pooled().await;
    // A pooler passes no wish to end a statement on from a client that has gone; the server looks by itself.
    sql(&name, &format!("ALTER DATABASE {name} SET client_connection_check_interval = '100ms'")).await;
    let store = impatient(&url, "").await;
    let (before, holder) = held(&open(&url).await, &name).await;
    let expect = Expect::Version(before.version);
    let late = (0..SESSIONS).map(|_| async { put(&store, "k", expect, &entry("late")).await });
    for answer in join_all(late).await {
        // The server has it; or it was still waiting for a session.
        assert!(matches!(answer, Err(StoreError::Unknown | StoreError::Unavailable)), "{answer:?}");
    }
    let waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
    until(&format!("{waiting} AND datname = '{name}'"), "0").await;
    let another = open(&url).await;
    assert_eq!(load(&another, "other").await, Ok(None), "while the lock is still held");
    holder.batch_execute("ROLLBACK").await.unwrap();
    assert_eq!(load(&another, "k").await, Ok(Some(before)));
}
