//! Redis as a store: real servers, started by each test.

#![cfg(feature = "redis")]

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use futures_util::future::join_all;
use tokenmint::{
    AsyncStore, Command, Durability, Entry, ErrorCode, Expect, Index, IndexValue, MAX_VALUE, RecordKey,
    Reply, SLACK_MS, StoreError, Version, Write,
};
use tokenmint_store::{Database, Severity};

use self::servers::redis::Redis;

mod access;
mod cluster;
mod commands;
mod outages;
#[path = "../servers/mod.rs"]
mod servers;

/// The year 2100.
const LATER: u64 = 4_102_444_800_000;

fn key(bytes: impl AsRef<[u8]>) -> RecordKey {
    RecordKey::new(bytes.as_ref()).unwrap()
}

fn version(number: u64) -> Version {
    Version::new(&number.to_be_bytes()).unwrap()
}

fn entry(number: u64, value: &[u8]) -> Entry {
    Entry { version: version(number), value: value.to_vec(), expires_at_ms: LATER, index: Index::default() }
}

fn put(name: &str, expect: Expect, entry: Entry) -> Command {
    Command::Cas { key: key(name), expect, write: Write::Put(entry) }
}

fn delete(name: &str, expect: Expect) -> Command {
    Command::Cas { key: key(name), expect, write: Write::Delete }
}

/// With patience for slow machines.
async fn open(server: &Redis, parameters: &str) -> Database {
    Database::open(&patient(&server.url(), parameters)).await.unwrap()
}

fn patient(url: &str, parameters: &str) -> String {
    format!("{url}?timeout_ms=60000{}", parameters.replace('?', "&"))
}

/// A store whose silence is waited for, once it can be read in so short a time.
async fn impatient(url: &str, parameters: &str) -> Database {
    let url = format!("{url}?timeout_ms=1500{}", parameters.replace('?', "&"));
    let opened = Cell::new(None);
    eventually(async || match Database::open(&url).await {
        Ok(store) => {
            opened.set(Some(store));
            true
        }
        Err(_) => false,
    })
    .await;
    let store = opened.take().unwrap();
    until_read(&store).await;
    store
}

/// Waits until the store is read.
async fn until_read(store: &Database) {
    eventually(async || store.execute(Command::Load { keys: vec![key("k")] }).await.is_ok()).await;
}

/// Waits until something is so.
async fn eventually(mut so: impl AsyncFnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(120);
    while !so().await {
        assert!(Instant::now() < end, "it does not come to be");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn load(store: &Database, names: &[&[u8]]) -> Vec<Option<Entry>> {
    let keys = names.iter().map(key).collect();
    match store.execute(Command::Load { keys }).await.unwrap() {
        Reply::Loaded { entries, .. } => entries,
        other => panic!("{other:?}"),
    }
}

async fn found(store: &Database, check: &str) -> Severity {
    let findings = store.doctor(0).await.unwrap();
    findings.iter().find(|finding| finding.check == check).expect(check).severity
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    u64::try_from(since.as_millis()).unwrap()
}
