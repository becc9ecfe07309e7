//! The same stores for hosts without a runtime: C, Go, Python, and synchronous Rust.

use std::sync::Arc;
use std::sync::mpsc;

use tokenmint::{Command, Durability, Error, ErrorCode, Reply, Result, Store, StoreError};
use tokio::runtime::{Builder, Runtime};

use crate::database::Database;
use crate::target::unavailable;

/// A [`Database`] whose commands block the calling thread, for hosts without a runtime. It has a thread of its own, so
/// it can be used on any thread, also on those of another runtime. SQLite works on the calling thread where that is free
/// to: a lock holds it for `timeout_ms` at most, a disk that does not answer for longer.
///
/// A process that forks opens its store afterwards: in the child of one that was open before, every command is
/// [`StoreError::Unavailable`].
#[derive(Debug)]
pub struct BlockingDatabase {
    database: Arc<Database>,
    /// Always there; taken at the end.
    runtime: Option<Runtime>,
    process: u32,
}

impl BlockingDatabase {
    /// Opens a store by its URL.
    ///
    /// # Errors
    /// As [`Database::open`].
    pub fn open(url: &str) -> Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("tokenmint-store")
            .enable_all()
            .build()
            .map_err(|error| unavailable(format!("no thread can be started: {error}")))?;
        let (sender, receiver) = mpsc::sync_channel(1);
        let url = url.to_owned();
        runtime.spawn(async move { sender.send(Database::open(&url).await) });
        let database = receiver.recv().map_err(|_| Error::new(ErrorCode::Internal))??;
        Ok(BlockingDatabase {
            database: Arc::new(database),
            runtime: Some(runtime),
            process: std::process::id(),
        })
    }

    /// Says that the store was opened in another process, where it was: in the child of a fork no command is carried out.
    ///
    /// # Errors
    /// `store_unavailable`.
    pub fn check_process(&self) -> Result<()> {
        if self.process == std::process::id() {
            return Ok(());
        }
        let cause = "the store was opened before a fork; open it again in this process. Nothing was changed";
        Err(Error::new(ErrorCode::StoreUnavailable).because(cause))
    }

    /// The same store for asynchronous code.
    pub fn database(&self) -> &Arc<Database> {
        &self.database
    }
}

impl Store for BlockingDatabase {
    fn execute(&self, command: Command) -> Result<Reply, StoreError> {
        // The threads of a runtime do not survive a fork.
        let runtime = self.runtime.as_ref().filter(|_| self.process == std::process::id());
        let runtime = runtime.ok_or(StoreError::Unavailable)?;
        self.database.execute_blocking(command, |question| {
            if tokio::runtime::Handle::try_current().is_err() {
                return runtime.block_on(self.database.ask(question));
            }
            // Within a runtime, another cannot be waited for in the usual way.
            let (sender, receiver) = mpsc::sync_channel(1);
            let database = Arc::clone(&self.database);
            runtime.spawn(async move { sender.send(database.ask(question).await) });
            receiver.recv().map_err(|_| StoreError::Unknown)?
        })
    }

    fn durability(&self) -> Durability {
        self.database.durability()
    }
}

impl Drop for BlockingDatabase {
    fn drop(&mut self) {
        let Some(runtime) = self.runtime.take() else { return };
        if self.process == std::process::id() {
            // Waiting for the threads would block, which another runtime forbids.
            runtime.shutdown_background();
        } else {
            // A thread that did not survive the fork may have held a lock, which nobody opens any more.
            std::mem::forget((runtime, Arc::clone(&self.database)));
        }
    }
}
