//! Connections that read on the threads of a host that blocks.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::Connection;

use super::schema;

/// Some connections, made when they are needed and kept.
pub(super) struct Readers {
    path: PathBuf,
    patience: Duration,
    most: u32,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    idle: Vec<Connection>,
    made: u32,
}

impl Readers {
    /// Connects to nothing yet.
    pub(super) fn new(path: PathBuf, patience: Duration, most: u32) -> Self {
        Readers { path, patience, most, state: Mutex::default() }
    }

    /// Reads on this thread; `None` where every connection is in use, or none can be had.
    pub(super) fn read<T>(&self, ask: impl FnOnce(&Connection) -> T) -> Option<T> {
        let connection = self.connection()?;
        let answer = ask(&connection);
        self.lock().idle.push(connection);
        Some(answer)
    }

    fn connection(&self) -> Option<Connection> {
        let mut state = self.lock();
        if let Some(connection) = state.idle.pop() {
            return Some(connection);
        }
        if state.made == self.most {
            return None;
        }
        state.made += 1;
        drop(state);
        let connection = schema::reader(&self.path, self.patience).ok();
        if connection.is_none() {
            self.lock().made -= 1;
        }
        connection
    }

    // Nothing that runs under the lock can leave it half changed.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
