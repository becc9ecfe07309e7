//! A file of SQLite, for one machine: several processes may share it, over a local disk only.
//!
//! Commands go to threads of their own, so that no asynchronous host is ever blocked by a disk or a lock. A host that
//! blocks anyway works on its own thread where it can: the way to another one takes longer than a read.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rusqlite::Connection;
use tokenmint::{Command, Durability, RecordKey, Reply, Result, StoreError};
use tokio::sync::oneshot;

use self::queue::Queue;
use self::readers::Readers;
use self::write::{Change, Job, Writer};
use crate::doctor::Finding;
use crate::driver::{Cursor, Driver, Page};
use crate::target::{StoreKind, Target, invalid, unavailable};

mod examine;
mod failure;
mod queue;
mod read;
mod readers;
mod schema;
mod write;

/// How many threads read where the URL does not say.
const READERS: u32 = 2;

/// A store in a file of SQLite.
pub(crate) struct Sqlite {
    path: PathBuf,
    patience: Duration,
    /// For hosts that block.
    readers: Readers,
    reads: Arc<Queue<read::Job>>,
    writer: Arc<Mutex<Writer>>,
    writes: Arc<Queue<Job>>,
}

impl Sqlite {
    /// Asks a thread that reads.
    async fn read<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (sender, receiver) = oneshot::channel();
        self.reads.push(Box::new(move |connection| {
            if !sender.is_closed() {
                let answer = ask(connection).map_err(|error| failure::reason("reading", &error));
                // Nobody may be waiting any more.
                let _ = sender.send(answer);
            }
        }))?;
        receiver.await.map_err(|_| StoreError::Unavailable)?
    }

    /// Asks the thread that writes.
    async fn write(&self, change: Change) -> Result<Reply, StoreError> {
        let (answer, receiver) = oneshot::channel();
        self.writes.push(Job { change, answer })?;
        receiver.await.map_err(|_| StoreError::Unknown)?
    }
}

impl Driver for Sqlite {
    async fn open(target: &Target) -> Result<Self> {
        let StoreKind::Sqlite(path) = &target.kind else {
            return Err(invalid("url", "not a file of SQLite"));
        };
        // What is absolute is never taken for the `file:` URI of SQLite, nor moved by a change of folder.
        let path = std::path::absolute(path).map_err(|error| invalid("url", error.to_string()))?;
        // Shorter than the command's own time, so that a lock that is held too long is a certain answer.
        let patience = target.timeout - target.timeout / 8;
        let readers = target.connections.unwrap_or(READERS).max(1);
        let blocking = Readers::new(path.clone(), patience, readers);
        let at = path.clone();
        let opened = tokio::task::spawn_blocking(move || connections(&at, patience, readers));
        let (writer, readers) = opened.await.map_err(|error| unavailable(error.to_string()))??;

        let (reads, writes) = (Arc::default(), Arc::default());
        let writer = Arc::new(Mutex::new(Writer::new(writer)));
        let store = Sqlite { path, patience, readers: blocking, reads, writer, writes };
        let (writer, writes) = (Arc::clone(&store.writer), Arc::clone(&store.writes));
        spawn("tokenmint-write", move || write::serve(&writer, &writes))?;
        for reader in readers {
            let reads = Arc::clone(&store.reads);
            spawn("tokenmint-read", move || read::serve(&reader, &reads))?;
        }
        Ok(store)
    }

    async fn execute(&self, command: Command) -> Result<Reply, StoreError> {
        match command {
            Command::Load { keys } => self.read(move |connection| read::load(connection, &keys)).await,
            Command::List { by, after, limit } => {
                self.read(move |connection| read::list(connection, &by, after.as_ref(), limit)).await
            }
            command => match Change::of(command) {
                Some(change) => self.write(change).await,
                // A store has no keys.
                None => Err(StoreError::Unavailable),
            },
        }
    }

    fn execute_here(&self, command: Command) -> ControlFlow<Result<Reply, StoreError>, Command> {
        match command {
            Command::Load { keys } => match self.readers.read(|connection| read::load(connection, &keys)) {
                Some(read) => ControlFlow::Break(read.map_err(|error| failure::reason("reading", &error))),
                None => ControlFlow::Continue(Command::Load { keys }),
            },
            Command::Cas { .. } | Command::Throttle { .. } => match self.writer.try_lock() {
                // Those who wait come first, and together.
                Ok(mut writer) if self.writes.is_empty() => {
                    let made = Change::of(command).map(|change| writer.make(change));
                    ControlFlow::Break(made.unwrap_or(Err(StoreError::Unavailable)))
                }
                _ => ControlFlow::Continue(command),
            },
            command => ControlFlow::Continue(command),
        }
    }

    fn durability(&self) -> Durability {
        Durability::Disk
    }

    async fn examine(&self) -> Result<Vec<Finding>> {
        examine::examine(&self.path, self.patience).await
    }

    // The clock is the host's.
    async fn now_ms(&self) -> Result<Option<u64>, StoreError> {
        Ok(None)
    }

    async fn page(&self, after: Option<Cursor>, limit: u32) -> Result<Page, StoreError> {
        self.read(move |connection| read::page(connection, after.as_deref(), limit)).await
    }

    async fn put_cells(&self, cells: Vec<(RecordKey, u64)>) -> Result<(), StoreError> {
        self.write(Change::Cells(cells)).await.map(drop)
    }

    async fn count(&self) -> Result<u64, StoreError> {
        self.read(read::count).await
    }
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        // The threads end, and with the last of them SQLite writes its log back into the file.
        self.reads.close();
        self.writes.close();
    }
}

/// One to write, and so many to read.
fn connections(path: &Path, patience: Duration, readers: u32) -> Result<(Connection, Vec<Connection>)> {
    let writer = schema::prepare(path, patience)?;
    let readers: Result<_> = (0..readers).map(|_| schema::reader(path, patience)).collect();
    Ok((writer, readers?))
}

fn spawn(name: &str, serve: impl FnOnce() + Send + 'static) -> Result<()> {
    let thread = std::thread::Builder::new().name(name.to_owned()).spawn(serve);
    thread.map(drop).map_err(|error| unavailable(format!("no thread can be started: {error}")))
}
