//! Redis as a store: real servers, started by each test.

#![cfg(feature = "redis")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

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

async fn open(server: &Redis, parameters: &str) -> Database {
    Database::open(&format!("{}{parameters}", server.url())).await.unwrap()
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
