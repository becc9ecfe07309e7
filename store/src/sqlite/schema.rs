//! The file: made, recognised, and migrated.

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OpenFlags};
use tokenmint::{Error, Result};

use super::failure::is_busy;
use crate::target::{invalid, unavailable};

/// What this crate's files are marked with: "tokm".
const APPLICATION: i32 = 0x746f_6b6d;

/// Each step takes a file from the version of its place to the next; a new release adds to the end only.
///
/// Entries lie in the order in which they were made, with their keys in an index: keys are all over, and an entry is some
/// hundred bytes, of which a tree in the order of the keys holds so few in a page that it is deep, and each new one is
/// written to a page of its own.
const STEPS: [&str; 3] = [
    "CREATE TABLE entry(k BLOB PRIMARY KEY, ver BLOB NOT NULL, val BLOB NOT NULL, exp INTEGER NOT NULL,
                        exp_hour INTEGER NOT NULL, sub BLOB, client BLOB) WITHOUT ROWID;
     CREATE TABLE cell(k BLOB PRIMARY KEY, tat INTEGER NOT NULL) WITHOUT ROWID;
     CREATE INDEX entry_exp_hour ON entry(exp_hour);
     CREATE INDEX entry_sub ON entry(sub) WHERE sub IS NOT NULL;",
    "CREATE INDEX entry_client ON entry(client) WHERE client IS NOT NULL;",
    // Those that end together were made together, or about so.
    "ALTER TABLE entry RENAME TO entry_by_key;
     CREATE TABLE entry(k BLOB NOT NULL PRIMARY KEY, ver BLOB NOT NULL, val BLOB NOT NULL, exp INTEGER NOT NULL,
                        exp_hour INTEGER NOT NULL, sub BLOB, client BLOB);
     INSERT INTO entry SELECT k, ver, val, exp, exp_hour, sub, client FROM entry_by_key ORDER BY exp_hour;
     DROP TABLE entry_by_key;
     CREATE INDEX entry_exp_hour ON entry(exp_hour);
     CREATE INDEX entry_sub ON entry(sub, k) WHERE sub IS NOT NULL;
     CREATE INDEX entry_client ON entry(client, k) WHERE client IS NOT NULL;",
];

/// The version that this release writes.
pub(super) const VERSION: usize = STEPS.len();

/// Makes or migrates the file, and connects to write. It waits at most so long for others.
pub(super) fn prepare(path: &Path, patience: Duration) -> Result<Connection> {
    create(path)?;
    let begun = Instant::now();
    loop {
        match ready(path, patience) {
            Ok(connection) => return Ok(connection),
            // Not every lock is waited for by SQLite, the change to a log being one.
            Err(Refused::Sqlite(error)) if is_busy(&error) && begun.elapsed() < patience => {
                std::thread::sleep(Duration::from_millis(5));
            }
            Err(Refused::Sqlite(error)) => return Err(explained(path, &error)),
            Err(Refused::Other(error)) => return Err(error),
        }
    }
}

/// Connects to a file that was prepared, to read.
pub(super) fn reader(path: &Path, patience: Duration) -> Result<Connection> {
    let connect = || -> rusqlite::Result<_> {
        let connection = connect(path, patience)?;
        // Not read-only to the system: who closes the file last writes its log back.
        connection.pragma_update(None, "query_only", true)?;
        Ok(connection)
    };
    connect().map_err(|error| explained(path, &error))
}

/// Connects to a file that was prepared as its writer does, and migrates nothing.
pub(super) fn examiner(path: &Path, patience: Duration) -> Result<Connection> {
    let connect = || -> rusqlite::Result<_> {
        let connection = connect(path, patience)?;
        durable(&connection)?;
        Ok(connection)
    };
    connect().map_err(|error| explained(path, &error))
}

/// The version of a file.
pub(super) fn version(connection: &Connection) -> rusqlite::Result<i32> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

enum Refused {
    Sqlite(rusqlite::Error),
    Other(Error),
}

impl From<rusqlite::Error> for Refused {
    fn from(error: rusqlite::Error) -> Self {
        Refused::Sqlite(error)
    }
}

/// Makes an empty file that only its owner can read, where there is none. SQLite gives its log the same permissions.
fn create(path: &Path) -> Result<()> {
    // Closing any handle of a file drops the process's locks of it, so no connection is made while this one is open.
    static CREATING: Mutex<()> = Mutex::new(());
    let _alone = CREATING.lock().unwrap_or_else(PoisonError::into_inner);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            let folder = path.parent().filter(|folder| !folder.is_dir());
            Err(invalid(
                "url",
                match folder {
                    Some(folder) => {
                        format!("{} cannot be made: there is no folder {}", path.display(), folder.display())
                    }
                    None => format!("{} cannot be made: {error}", path.display()),
                },
            ))
        }
        _ => Ok(()),
    }
}

fn connect(path: &Path, patience: Duration) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(patience)?;
    Ok(connection)
}

fn ready(path: &Path, patience: Duration) -> Result<Connection, Refused> {
    let connection = connect(path, patience)?;
    // Within one transaction, or it would be seen half made by another process.
    let unchanged = connection.unchecked_transaction()?;
    recognise(path, &connection)?;
    unchanged.rollback()?;
    if connection.is_readonly("main")? {
        let reason = format!("{} cannot be written: it or its file system is read-only", path.display());
        return Err(Refused::Other(invalid("url", reason)));
    }
    let mode: String = connection.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))?;
    if mode != "wal" {
        let reason = format!("the file system of {} cannot hold a write-ahead log", path.display());
        return Err(Refused::Other(invalid("url", reason)));
    }
    durable(&connection)?;
    while migrate(path, &connection)? {}
    Ok(connection)
}

/// What is acknowledged is on the disk. With less, the last commits may be lost with the power, and a link that was
/// redeemed could be redeemed again.
fn durable(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "synchronous", "full")?;
    // On macOS only this reaches the disk; elsewhere it does nothing.
    connection.pragma_update(None, "fullfsync", true)?;
    connection.pragma_update(None, "checkpoint_fullfsync", true)
}

/// Takes one step; whether there may be more. The version is read within the transaction, so of two who migrate at
/// once, each step is taken by one.
fn migrate(path: &Path, connection: &Connection) -> Result<bool, Refused> {
    connection.execute_batch("BEGIN IMMEDIATE")?;
    let step = || -> Result<bool, Refused> {
        let found = recognise(path, connection)?;
        let Some(step) = STEPS.get(found) else { return Ok(false) };
        connection.execute_batch(step)?;
        connection.pragma_update(None, "application_id", APPLICATION)?;
        connection.pragma_update(None, "user_version", i64::try_from(found + 1).unwrap_or(i64::MAX))?;
        Ok(true)
    };
    let taken = step();
    connection.execute_batch(if taken.is_ok() { "COMMIT" } else { "ROLLBACK" })?;
    taken
}

/// The version of a file that is new or this crate's.
fn recognise(path: &Path, connection: &Connection) -> Result<usize, Refused> {
    let application: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let version = version(connection)?;
    let objects: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let new = (application, version, objects) == (0, 0, 0);
    if application != APPLICATION && !new {
        let reason = format!("{} is another program's data base; nothing was written to it", path.display());
        return Err(Refused::Other(invalid("url", reason)));
    }
    match usize::try_from(version) {
        Ok(version) if version <= VERSION => Ok(version),
        _ => Err(Refused::Other(unavailable(format!(
            "{} was written by a newer release: its version is {version}, and this release knows {VERSION}",
            path.display()
        )))),
    }
}

/// An error of opening, for the operator.
pub(super) fn explained(path: &Path, error: &rusqlite::Error) -> Error {
    let path = path.display();
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => {
            invalid("url", format!("{path} is no data base of SQLite; nothing was written to it"))
        }
        Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied | ErrorCode::ReadOnly) => {
            invalid("url", format!("{path} cannot be opened to be written: {error}"))
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            unavailable(format!("{path} is locked by another program"))
        }
        _ => unavailable(format!("{path}: {error}")),
    }
}
