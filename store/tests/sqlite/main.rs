//! The store in a file of SQLite, over real files.

#![cfg(feature = "sqlite")]

use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;

use rusqlite::Connection;
use tempfile::TempDir;
use tokenmint::{AsyncStore, Command, Entry, Expect, Index, RecordKey, Reply, Version, Write};
use tokenmint_store::Database;

mod blocking;
mod commands;
mod file;
mod together;

/// A folder with the path of a file that is not there yet.
struct Place {
    _folder: TempDir,
    path: PathBuf,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens.db");
        Place { _folder: folder, path }
    }

    /// With patience for slow machines.
    fn url(&self) -> String {
        format!("sqlite:{}?timeout_ms=60000", self.path.display())
    }

    /// Of a store that does not wait for long.
    fn impatient(&self) -> String {
        format!("sqlite:{}?timeout_ms=300", self.path.display())
    }

    async fn open(&self) -> Arc<Database> {
        Arc::new(Database::open(&self.url()).await.unwrap())
    }

    /// As another program sees the file.
    fn sql(&self) -> Connection {
        Connection::open(&self.path).unwrap()
    }
}

fn key(name: impl AsRef<[u8]>) -> RecordKey {
    RecordKey::new(name.as_ref()).unwrap()
}

fn version(number: u64) -> Version {
    Version::new(&number.to_be_bytes()).unwrap()
}

fn entry(number: u64, value: impl AsRef<[u8]>) -> Entry {
    Entry {
        version: version(number),
        value: value.as_ref().to_vec(),
        expires_at_ms: 1_700_000_000_000,
        index: Index::default(),
    }
}

fn put(name: impl AsRef<[u8]>, expect: Expect, entry: Entry) -> Command {
    Command::Cas { key: key(name), expect, write: Write::Put(entry) }
}

fn delete(name: impl AsRef<[u8]>, expect: Expect) -> Command {
    Command::Cas { key: key(name), expect, write: Write::Delete }
}

async fn load(store: &Database, name: impl AsRef<[u8]>) -> Option<Entry> {
    match store.execute(Command::Load { keys: vec![key(name)] }).await.unwrap() {
        Reply::Loaded { mut entries, .. } => entries.remove(0),
        other => panic!("{other:?}"),
    }
}

/// Runs all at once, each on a task of its own.
async fn all<T: Send + 'static>(
    tasks: impl IntoIterator<Item = impl Future<Output = T> + Send + 'static>,
) -> Vec<T> {
    let tasks: Vec<_> = tasks.into_iter().map(tokio::spawn).collect();
    let mut outcomes = Vec::new();
    for task in tasks {
        outcomes.push(task.await.unwrap());
    }
    outcomes
}

fn throttle(name: &str, cost: u32, now_us: u64) -> Command {
    Command::Throttle { key: key(name), interval_us: 100, burst_us: 1000, cost, now_us }
}
