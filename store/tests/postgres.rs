//! PostgreSQL, over a real server.

#![cfg(feature = "postgres")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokenmint::{
    AsyncStore, Command, Durability, Entry, ErrorCode, Expect, Index, IndexValue, RecordKey, Reply,
    StoreError, Version, Write,
};
use tokenmint_store::{Database, Finding, Severity, copy};
use tokio::time::{sleep, timeout};

use servers::postgres::{PASSWORD, Postgres};

mod servers;

/// The tables as the first version had them.
const VERSION_1: &str = "
    CREATE TABLE tokenmint_schema (version int NOT NULL);
    INSERT INTO tokenmint_schema VALUES (1);
    CREATE TABLE tokenmint_entry (
        k bytea PRIMARY KEY, ver bytea NOT NULL, val bytea NOT NULL, exp bigint NOT NULL, exp_hour int NOT NULL,
        sub bytea, client bytea
    ) WITH (fillfactor = 80);
    CREATE INDEX tokenmint_entry_hour ON tokenmint_entry (exp_hour);
    CREATE INDEX tokenmint_entry_sub ON tokenmint_entry (sub, k) WHERE sub IS NOT NULL;
    CREATE UNLOGGED TABLE tokenmint_cell (k bytea PRIMARY KEY, tat bigint NOT NULL) WITH (fillfactor = 50);
    INSERT INTO tokenmint_entry VALUES ('old', '12345678', 'kept', 1000, 0, 'somebody', 'something');";

const INDEXES: &str = "SELECT count(*) FROM pg_indexes WHERE tablename LIKE 'tokenmint_%'";

/// Runs a blocking call beside the runtime.
async fn blocking<T: Send + 'static>(call: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(call).await.unwrap()
}

async fn server() -> &'static Postgres {
    blocking(Postgres::shared).await
}

/// The URL of a new data base, and its name.
async fn fresh() -> (String, String) {
    let server = server().await;
    let name = blocking(|| server.database()).await;
    // Patience for slow machines; what is about time says its own.
    (format!("{}?timeout_ms=30000", server.url(&name)), name)
}

async fn sql(database: &str, text: &str) -> String {
    let server = server().await;
    let (database, text) = (database.to_owned(), text.to_owned());
    blocking(move || server.sql(&database, &text)).await.trim().to_owned()
}

async fn open(url: &str) -> Database {
    Database::open(url).await.unwrap()
}

/// A session of its own, to hold locks with.
async fn session(database: &str) -> tokio_postgres::Client {
    let url = server().await.url(database);
    let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

fn key(name: impl AsRef<[u8]>) -> RecordKey {
    RecordKey::new(name.as_ref()).unwrap()
}

/// An entry with a version that no other has.
fn entry(value: impl Into<Vec<u8>>) -> Entry {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let version = Version::new(&NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes()).unwrap();
    Entry { version, value: value.into(), expires_at_ms: 1_900_000_000_000, index: Index::default() }
}

async fn cas(store: &Database, name: &str, expect: Expect, write: Write) -> Result<Reply, StoreError> {
    store.execute(Command::Cas { key: key(name), expect, write }).await
}

async fn put(store: &Database, name: &str, expect: Expect, entry: &Entry) -> Result<Reply, StoreError> {
    cas(store, name, expect, Write::Put(entry.clone())).await
}

async fn load_all(store: &Database, names: &[&str]) -> Result<Vec<Option<Entry>>, StoreError> {
    match store.execute(Command::Load { keys: names.iter().map(key).collect() }).await? {
        Reply::Loaded { entries, .. } => Ok(entries),
        other => panic!("{other:?}"),
    }
}

async fn load(store: &Database, name: &str) -> Result<Option<Entry>, StoreError> {
    Ok(load_all(store, &[name]).await?.remove(0))
}

/// Whether an event was admitted; at most three, and then one an hour.
async fn throttle(store: &Database, name: &str) -> bool {
    let (interval_us, now_us) = (3_600_000_000, 7);
    let burst_us = 3 * interval_us;
    let command = Command::Throttle { key: key(name), interval_us, burst_us, cost: 1, now_us };
    matches!(store.execute(command).await.unwrap(), Reply::Admitted { .. })
}

/// Adds one to a number as a flow would: reads, writes, and decides again on a conflict.
async fn increment(store: &Database, name: &str) {
    let mut found = load(store, name).await.unwrap();
    loop {
        let count = found.as_ref().map_or(0, |found| u64::from_be_bytes(found.value[..].try_into().unwrap()));
        let expect = found.as_ref().map_or(Expect::Absent, |found| Expect::Version(found.version));
        match put(store, name, expect, &entry((count + 1).to_be_bytes())).await.unwrap() {
            Reply::Done => return,
            Reply::Conflict(now) => found = now,
            other => panic!("{other:?}"),
        }
    }
}

/// What was found by one check.
async fn check(store: &Database, check: &str) -> Finding {
    let mut findings = store.doctor(store.now_ms().await.unwrap()).await.unwrap();
    let at = findings.iter().position(|finding| finding.check == check);
    findings.swap_remove(at.unwrap_or_else(|| panic!("{check} is not among {findings:?}")))
}

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
async fn ten_may_open_an_empty_data_base_at_once() {
    let (url, name) = fresh().await;
    let stores: Vec<_> = join_all((0..10).map(|_| Database::open(&url))).await;
    for store in stores {
        increment(&store.unwrap(), "count").await;
    }
    assert_eq!(sql(&name, "SELECT version FROM tokenmint_schema").await, "2");
    assert_eq!(sql(&name, INDEXES).await, "5");
}

#[tokio::test]
async fn an_older_schema_is_migrated_and_keeps_its_rows() {
    let (url, name) = fresh().await;
    sql(&name, VERSION_1).await;
    let stores: Vec<_> = join_all((0..3).map(|_| Database::open(&url))).await;
    assert_eq!(sql(&name, "SELECT version FROM tokenmint_schema").await, "2");
    assert_eq!(sql(&name, INDEXES).await, "5");
    for store in stores {
        let old = load(&store.unwrap(), "old").await.unwrap().unwrap();
        assert_eq!((old.version.as_bytes(), &old.value[..]), (&b"12345678"[..], &b"kept"[..]));
        assert_eq!(old.index.client, Some(key("something")));
    }
}

#[tokio::test]
async fn a_newer_schema_is_refused() {
    let (url, name) = fresh().await;
    open(&url).await;
    sql(&name, "UPDATE tokenmint_schema SET version = 3").await;
    let error = Database::open(&url).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::StoreUnavailable);
    assert!(error.to_string().contains("newer release"), "{error}");
}

#[tokio::test]
async fn a_role_needs_no_right_to_make_tables_that_are_there() {
    let (url, name) = fresh().await;
    let role = format!("limited_{name}");
    sql(&name, &format!("CREATE ROLE {role} LOGIN; REVOKE CREATE ON SCHEMA public FROM PUBLIC")).await;
    let limited = server().await.url_as(&role, &name);
    let error = Database::open(&limited).await.unwrap_err();
    assert_eq!((error.code(), error.field()), (ErrorCode::PolicyInvalid, Some("url")), "{error}");

    open(&url).await;
    let grant = format!("GRANT SELECT ON tokenmint_schema, tokenmint_entry TO {role}");
    sql(&name, &grant).await;
    let store = open(&limited).await;
    assert_eq!(put(&store, "k", Expect::Absent, &entry("")).await, Err(StoreError::Unavailable));
    assert_eq!(check(&store, "rights").await.severity, Severity::Fault);

    sql(&name, &format!("GRANT SELECT, INSERT, UPDATE, DELETE ON tokenmint_entry, tokenmint_cell TO {role}"))
        .await;
    increment(&store, "k").await;
    assert!(throttle(&store, "t").await);
    assert_eq!(store.execute(Command::Sweep { before_ms: 1, limit: 1 }).await, Ok(Reply::Removed(0)));
    assert_eq!(check(&store, "rights").await.severity, Severity::Fine);
}

#[tokio::test]
async fn a_wrong_password_is_named_and_not_repeated() {
    let (_, name) = fresh().await;
    let server = server().await;
    sql(&name, "GRANT ALL ON SCHEMA public TO guarded").await;
    open(&server.url_as(&format!("guarded:{PASSWORD}"), &name)).await;
    for (url, word) in [
        (server.url_as("guarded:hunter2", &name), "password"),
        (server.url_as("guarded", &name), "PGPASSWORD"),
        (server.url_as("postgres:hunter2", "no_such_data_base"), "data base"),
    ] {
        let error = Database::open(&url).await.unwrap_err();
        assert_eq!((error.code(), error.field()), (ErrorCode::PolicyInvalid, Some("url")), "{error}");
        let shown = format!("{error} {error:?}");
        assert!(shown.contains(word) && !shown.contains("hunter2"), "{shown}");
    }
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = Database::open(&format!("postgres://u:hunter2@{closed}/d")).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::StoreUnavailable);
    assert!(error.to_string().contains("refused") && !error.to_string().contains("hunter2"), "{error}");
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

#[tokio::test]
async fn who_waits_behind_a_lock_gives_up_and_the_pool_stays_whole() {
    let (url, name) = fresh().await;
    let store = open(&format!("{url}&connections=1&timeout_ms=2000")).await;
    let before = entry("before");
    put(&store, "k", Expect::Absent, &before).await.unwrap();
    let holder = session(&name).await;
    holder.batch_execute("BEGIN; SELECT FROM tokenmint_entry WHERE k = 'k' FOR UPDATE").await.unwrap();

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
    let before = entry("before");
    put(&store, "k", Expect::Absent, &before).await.unwrap();
    let holder = session(&name).await;
    holder.batch_execute("BEGIN; SELECT FROM tokenmint_entry WHERE k = 'k' FOR UPDATE").await.unwrap();
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
    let writers = (0..8).map(|writer| {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            let mut acknowledged = Vec::new();
            loop {
                let (name, mine) = (format!("{writer}-{}", acknowledged.len()), entry("value"));
                match put(&store, &name, Expect::Absent, &mine).await {
                    Ok(Reply::Done) => acknowledged.push((name, mine.version)),
                    Ok(other) => panic!("{other:?}"),
                    Err(error) => return (acknowledged, (name, mine.version), error),
                }
            }
        })
    });
    let writers: Vec<_> = writers.collect();
    sleep(Duration::from_millis(500)).await;
    let mut server = blocking(move || {
        server.kill9();
        server
    })
    .await;
    let outcomes: Vec<_> = join_all(writers).await.into_iter().map(Result::unwrap).collect();
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
    for (acknowledged, (name, version), error) in outcomes {
        assert!(!acknowledged.is_empty());
        for (name, version) in acknowledged {
            assert_eq!(
                load(&store, &name).await.unwrap().map(|found| found.version),
                Some(version),
                "{name}"
            );
        }
        let found = load(&store, &name).await.unwrap().map(|found| found.version);
        match error {
            StoreError::Unavailable => assert_eq!(found, None, "certainly not done"),
            StoreError::Unknown => assert!(found.is_none_or(|found| found == version)),
            other => panic!("{other:?}"),
        }
    }
    increment(&store, "count").await;
    assert!(throttle(&store, "t").await);
}

#[tokio::test]
async fn the_doctor_finds_nothing_on_a_good_server() {
    let (url, _) = fresh().await;
    let store = open(&url).await;
    for finding in store.doctor(store.now_ms().await.unwrap()).await.unwrap() {
        assert_eq!(finding.severity, Severity::Fine, "{finding:?}");
    }
    assert_eq!(store.durability(), Durability::Disk);
}

#[tokio::test]
async fn the_doctor_finds_what_loses_writes_or_refuses_them() {
    let (url, name) = fresh().await;
    open(&url).await;
    sql(&name, &format!("ALTER DATABASE {name} SET synchronous_commit = off")).await;
    let store = open(&url).await;
    assert_eq!(store.durability(), Durability::Process);
    let finding = check(&store, "durability").await;
    assert_eq!(finding.severity, Severity::Fault);
    assert!(finding.found.contains("synchronous_commit=off"), "{finding:?}");
    assert!(!finding.remedy.is_empty());

    sql(&name, &format!("ALTER DATABASE {name} SET default_transaction_read_only = on")).await;
    let store = open(&format!("{url}&connections=1000")).await;
    assert_eq!(check(&store, "read-only").await.severity, Severity::Fault);
    assert_eq!(check(&store, "connections").await.severity, Severity::Warning);
    assert_eq!(put(&store, "k", Expect::Absent, &entry("")).await, Err(StoreError::Unavailable));

    sql("postgres", &format!("ALTER DATABASE {name} RESET default_transaction_read_only")).await;
    increment(&store, "k").await;
}
