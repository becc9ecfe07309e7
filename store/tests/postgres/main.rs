//! PostgreSQL, over a real server.

#![cfg(feature = "postgres")]

use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokenmint::{
    AsyncStore, Command, Durability, Entry, ErrorCode, Expect, Index, IndexValue, RecordKey, Reply,
    StoreError, Version, Write,
};
use tokenmint_store::{Database, Finding, Severity, copy};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use servers::postgres::{PASSWORD, Postgres};

mod access;
mod commands;
mod disk;
mod doctor;
mod failover;
mod pooler;
mod schema;
#[path = "../servers/mod.rs"]
mod servers;
mod sessions;

/// For what comes in a moment, or never.
const LONG: Duration = Duration::from_secs(120);

const ELSEWHERE: &str = "TOKENMINT_TEST_URL";

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
    (patient(&server.url(&name)), name)
}

fn patient(url: &str) -> String {
    format!("{url}{}timeout_ms=60000", if url.contains('?') { '&' } else { '?' })
}

/// A store that does not wait for long, once it can be read in so short a time.
async fn impatient(url: &str, parameters: &str) -> Database {
    let end = Instant::now() + LONG;
    loop {
        if let Ok(store) = Database::open(&format!("{url}&timeout_ms=2000{parameters}")).await
            && load(&store, "any").await.is_ok()
        {
            return store;
        }
        assert!(Instant::now() < end, "no store can be read within two seconds");
    }
}

/// Waits until a store answers so.
async fn until_loaded(store: &Database, name: &str, found: Option<Entry>) {
    let end = Instant::now() + LONG;
    while load(store, name).await != Ok(found.clone()) {
        assert!(Instant::now() < end, "{name} does not become {found:?}");
        sleep(Duration::from_millis(10)).await;
    }
}

async fn sql(database: &str, text: &str) -> String {
    let server = server().await;
    let (database, text) = (database.to_owned(), text.to_owned());
    blocking(move || server.sql(&database, &text)).await.trim().to_owned()
}

/// The URL that a test was started with by another, in this process of its own.
fn url_from_elsewhere() -> Option<String> {
    std::env::var(ELSEWHERE).ok()
}

/// Runs a test in a process of its own, and with another environment; what it prints.
async fn elsewhere(test: &str, url: &str, environment: &[(&str, &str)]) -> String {
    let mut command = process::Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture"]).stdin(process::Stdio::null());
    command.env_remove("SSL_CERT_FILE").env(ELSEWHERE, url).envs(environment.iter().copied());
    let output = blocking(move || command.output().unwrap()).await;
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

/// Waits until the answer is this one.
async fn until(question: &str, answer: &str) {
    let end = Instant::now() + LONG;
    while sql("postgres", question).await != answer {
        assert!(Instant::now() < end, "{question} does not become {answer}");
        sleep(Duration::from_millis(5)).await;
    }
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

/// A row that somebody else holds: its entry under "k", and who holds it, until `ROLLBACK` or the end.
async fn held(store: &Database, name: &str) -> (Entry, tokio_postgres::Client) {
    let before = entry("before");
    put(store, "k", Expect::Absent, &before).await.unwrap();
    let holder = session(name).await;
    holder.batch_execute("BEGIN; SELECT FROM tokenmint_entry WHERE k = 'k' FOR UPDATE").await.unwrap();
    (before, holder)
}

/// What one writer wrote under which names: all that was acknowledged, then what was not, and why.
type Written = (Vec<(String, Entry)>, (String, Entry), StoreError);

/// Eight that write one entry after the other until one is not acknowledged. The first name is "0-0".
fn start_writers(store: &Arc<Database>) -> Vec<JoinHandle<Written>> {
    let writers = (0..8).map(|writer| {
        let store = Arc::clone(store);
        tokio::spawn(async move {
            let mut acknowledged = Vec::new();
            loop {
                let (name, mine) = (format!("{writer}-{}", acknowledged.len()), entry("value"));
                match put(&store, &name, Expect::Absent, &mine).await {
                    Ok(Reply::Done) => acknowledged.push((name, mine)),
                    Ok(other) => panic!("{other:?}"),
                    Err(error) => return (acknowledged, (name, mine), error),
                }
            }
        })
    });
    writers.collect()
}

/// Waits until each of them has something acknowledged.
async fn until_all_have_written(store: &Database) {
    for writer in 0..8 {
        let end = Instant::now() + LONG;
        while load(store, &format!("{writer}-0")).await.unwrap().is_none() {
            assert!(Instant::now() < end, "writer {writer} does not begin");
            sleep(Duration::from_millis(10)).await;
        }
        // The second is begun once the first was acknowledged.
        while load(store, &format!("{writer}-1")).await.unwrap().is_none() {
            assert!(Instant::now() < end, "writer {writer} does not go on");
            sleep(Duration::from_millis(10)).await;
        }
    }
}

/// What was acknowledged is there, and what was certainly not done is not.
async fn assert_kept(store: &Database, written: Vec<Written>) {
    for (acknowledged, (name, mine), error) in written {
        assert!(!acknowledged.is_empty());
        for (name, mine) in acknowledged {
            assert_eq!(load(store, &name).await, Ok(Some(mine)), "{name}");
        }
        let found = load(store, &name).await.unwrap();
        match error {
            StoreError::Unavailable => assert_eq!(found, None, "certainly not done"),
            StoreError::Unknown => assert!(found.is_none_or(|found| found == mine)),
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
