//! What is written, on one thread: all that waits goes into one transaction, which waits for the disk once.
//!
//! Rate limits go into a transaction of their own, which waits for no disk: a crash of the machine may set them back,
//! and only them.

use std::sync::{Mutex, PoisonError};

use rusqlite::{Connection, OptionalExtension, named_params};
use tokenmint::{Command, Durability, Expect, RecordKey, Reply, StoreError, Write};
use tokio::sync::oneshot;

use super::failure::{of_commit, reason};
use super::queue::{Queue, Served};
use super::read::{entry, number_at};

/// How many changes one transaction makes.
const GROUP: usize = 256;

const HOUR_MS: u64 = 3_600_000;

/// A change.
pub(super) enum Change {
    Cas { key: RecordKey, expect: Expect, write: Write },
    Throttle { key: RecordKey, cost_us: u64, burst_us: u64, now_us: u64 },
    Sweep { before_ms: u64, limit: u32 },
    Cells(Vec<(RecordKey, u64)>),
}

/// A change and who waits for it.
pub(super) struct Job {
    pub(super) change: Change,
    pub(super) answer: oneshot::Sender<Result<Reply, StoreError>>,
}

impl Job {
    fn answer(self, answer: Result<Reply, StoreError>) {
        // Nobody may be waiting any more.
        let _ = self.answer.send(answer);
    }
}

impl Change {
    /// The change that a command asks for, if it asks for one.
    pub(super) fn of(command: Command) -> Option<Self> {
        Some(match command {
            Command::Cas { key, expect, write } => Change::Cas { key, expect, write },
            Command::Throttle { key, interval_us, burst_us, cost, now_us } => {
                let cost_us = interval_us.saturating_mul(u64::from(cost));
                Change::Throttle { key, cost_us, burst_us, now_us }
            }
            Command::Sweep { before_ms, limit } => Change::Sweep { before_ms, limit },
            _ => return None,
        })
    }

    /// How long it has to last once it is answered.
    fn durability(&self) -> Durability {
        if matches!(self, Change::Throttle { .. }) { Durability::Process } else { Durability::Disk }
    }
}

/// Writes until the queue is closed.
pub(super) fn serve(writer: &Mutex<Writer>, queue: &Queue<Job>) {
    let _served = Served(queue);
    while queue.wait() {
        // What half was done is rolled back before the next change.
        let mut writer = writer.lock().unwrap_or_else(PoisonError::into_inner);
        let jobs = queue.take(GROUP);
        let (limits, others) =
            jobs.into_iter().partition(|job: &Job| job.change.durability() == Durability::Process);
        // They are quick, so the others wait for them, and not they for the disk.
        writer.make_all(limits, Durability::Process);
        writer.make_all(others, Durability::Disk);
    }
}

/// The connection that writes.
pub(super) struct Writer {
    connection: Connection,
    /// How long a commit makes changes last now.
    durability: Durability,
}

impl Writer {
    /// By a connection that waits for the disk.
    pub(super) fn new(connection: Connection) -> Self {
        Writer { connection, durability: Durability::Disk }
    }

    /// Makes one change.
    pub(super) fn make(&mut self, change: Change) -> Result<Reply, StoreError> {
        let (answer, mut receiver) = oneshot::channel();
        let durability = change.durability();
        self.make_all(vec![Job { change, answer }], durability);
        receiver.try_recv().unwrap_or(Err(StoreError::Unknown))
    }

    /// Makes all changes, so that they last as long as is asked for once they are answered.
    fn make_all(&mut self, jobs: Vec<Job>, durability: Durability) {
        if jobs.is_empty() {
            return;
        }
        // One that could not be rolled back the last time must not be committed now.
        roll_back(&self.connection);
        if self.durability != durability {
            // The log has one order and is intact after a crash with either: what is on the disk is there with all
            // that was written before it.
            let level = if durability == Durability::Process { "normal" } else { "full" };
            if let Err(error) = self.connection.pragma_update(None, "synchronous", level) {
                let reason = reason("setting what a commit waits for", &error);
                return jobs.into_iter().for_each(|job| job.answer(Err(reason)));
            }
            self.durability = durability;
        }
        carry_out(&self.connection, jobs);
    }
}

/// Makes all changes or none, except those that find something corrupt: these fail for themselves, and the others are
/// made without them.
fn carry_out(connection: &Connection, mut jobs: Vec<Job>) {
    loop {
        match attempt(connection, &mut jobs) {
            Ok(replies) => {
                return jobs.into_iter().zip(replies).for_each(|(job, reply)| job.answer(Ok(reply)));
            }
            Err(Failed { at: Some(at), reason }) if reason != StoreError::Unavailable && at < jobs.len() => {
                jobs.remove(at).answer(Err(reason));
            }
            Err(Failed { reason, .. }) => return jobs.into_iter().for_each(|job| job.answer(Err(reason))),
        }
    }
}

/// Why nothing was changed, or maybe nothing, and by which job.
struct Failed {
    at: Option<usize>,
    reason: StoreError,
}

fn attempt(connection: &Connection, jobs: &mut Vec<Job>) -> Result<Vec<Reply>, Failed> {
    // The lock is taken first: a read that turns into a write would not wait for it.
    if let Err(error) = connection.execute_batch("BEGIN IMMEDIATE") {
        reason("waiting for the lock", &error);
        return Err(Failed { at: None, reason: StoreError::Unavailable });
    }
    // The lock may have taken long: what its caller gave up is not begun.
    jobs.retain(|job| !job.answer.is_closed());
    let mut replies = Vec::with_capacity(jobs.len());
    for (at, job) in jobs.iter().enumerate() {
        match make(connection, &job.change) {
            Ok(reply) => replies.push(reply),
            Err(error) => {
                roll_back(connection);
                return Err(Failed { at: Some(at), reason: reason("writing", &error) });
            }
        }
    }
    match connection.execute_batch("COMMIT") {
        Ok(()) => Ok(replies),
        Err(error) => {
            // Without room, SQLite has rolled back itself.
            let rolled_back = roll_back(connection);
            Err(Failed { at: None, reason: of_commit(&error, rolled_back) })
        }
    }
}

/// Whether no transaction is open any more.
fn roll_back(connection: &Connection) -> bool {
    if !connection.is_autocommit()
        && let Err(error) = connection.execute_batch("ROLLBACK")
    {
        reason("rolling back", &error);
    }
    connection.is_autocommit()
}

fn make(connection: &Connection, change: &Change) -> rusqlite::Result<Reply> {
    match change {
        Change::Cas { key, expect, write } => cas(connection, key, expect, write),
        Change::Throttle { key, cost_us, burst_us, now_us } => {
            throttle(connection, key, *cost_us, *burst_us, *now_us)
        }
        Change::Sweep { before_ms, limit } => sweep(connection, *before_ms, *limit),
        Change::Cells(cells) => put_cells(connection, cells),
    }
}

fn cas(connection: &Connection, key: &RecordKey, expect: &Expect, write: &Write) -> rusqlite::Result<Reply> {
    let sql = match (expect, write) {
        (Expect::Absent, Write::Put(_)) => {
            "INSERT INTO entry(k, ver, val, exp, exp_hour, sub, client) \
             VALUES(:k, :ver, :val, :exp, :hour, :sub, :client) ON CONFLICT(k) DO NOTHING"
        }
        (Expect::Version(_), Write::Put(_)) => {
            "UPDATE entry SET ver = :ver, val = :val, exp = :exp, exp_hour = :hour, sub = :sub, client = :client \
             WHERE k = :k AND ver = :expect"
        }
        (Expect::Version(_), Write::Delete) => "DELETE FROM entry WHERE k = :k AND ver = :expect",
        // Nothing is there and nothing shall be: there is nothing to write.
        (Expect::Absent, Write::Delete) => {
            let found = entry(connection, key)?;
            return Ok(if found.is_none() { Reply::Done } else { Reply::Conflict(found) });
        }
    };
    let mut statement = connection.prepare_cached(sql)?;
    let mut bind = |name: &str, value: &dyn rusqlite::ToSql| match statement.parameter_index(name)? {
        Some(index) => statement.raw_bind_parameter(index, value),
        None => Ok(()),
    };
    bind(":k", &key.as_bytes())?;
    if let Expect::Version(version) = expect {
        bind(":expect", &version.as_bytes())?;
    }
    if let Write::Put(entry) = write {
        bind(":ver", &entry.version.as_bytes())?;
        bind(":val", &entry.value)?;
        bind(":exp", &integer(entry.expires_at_ms))?;
        bind(":hour", &hour(entry.expires_at_ms))?;
        bind(":sub", &entry.index.subject.as_ref().map(RecordKey::as_bytes))?;
        bind(":client", &entry.index.client.as_ref().map(RecordKey::as_bytes))?;
    }
    if statement.raw_execute()? == 1 {
        return Ok(Reply::Done);
    }
    Ok(Reply::Conflict(entry(connection, key)?))
}

/// GCRA; the lock is held, so nothing comes between reading and writing.
fn throttle(
    connection: &Connection,
    key: &RecordKey,
    cost_us: u64,
    burst_us: u64,
    now_us: u64,
) -> rusqlite::Result<Reply> {
    let stored = connection
        .prepare_cached("SELECT tat FROM cell WHERE k = ?1")?
        .query_row([key.as_bytes()], |row| number_at(row, 0))
        .optional()?;
    let tat_us = stored.unwrap_or(0);
    let next = tat_us.max(now_us).saturating_add(cost_us);
    if next - now_us > burst_us {
        return Ok(Reply::Denied { tat_us });
    }
    put_cell(connection, key, next)?;
    Ok(Reply::Admitted { tat_us: next })
}

fn sweep(connection: &Connection, before_ms: u64, limit: u32) -> rusqlite::Result<Reply> {
    let (before, hour) = (integer(before_ms), hour(before_ms));
    // The hour is what the index knows; the rest of that hour is looked at.
    let removed = connection
        .prepare_cached(
            "DELETE FROM entry WHERE rowid IN (SELECT rowid FROM entry WHERE exp_hour <= :hour AND exp < :before \
             ORDER BY exp_hour LIMIT :limit)",
        )?
        .execute(named_params! { ":hour": hour, ":before": before, ":limit": limit })?;
    // A cell whose time has passed says nothing any more.
    connection
        .prepare_cached("DELETE FROM cell WHERE k IN (SELECT k FROM cell WHERE tat < :before LIMIT :limit)")?
        .execute(named_params! { ":before": integer(before_ms.saturating_mul(1000)), ":limit": limit })?;
    Ok(Reply::Removed(u64::try_from(removed).unwrap_or(u64::MAX)))
}

fn put_cells(connection: &Connection, cells: &[(RecordKey, u64)]) -> rusqlite::Result<Reply> {
    for (key, tat_us) in cells {
        put_cell(connection, key, *tat_us)?;
    }
    Ok(Reply::Done)
}

/// Writes a limit; one that is there and later stays.
fn put_cell(connection: &Connection, key: &RecordKey, tat_us: u64) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO cell(k, tat) VALUES(?1, ?2) ON CONFLICT(k) DO UPDATE SET tat = max(tat, excluded.tat)",
        )?
        .execute((key.as_bytes(), integer(tat_us)))
        .map(drop)
}

/// As SQLite holds it: what does not fit is in the year 292 million, or in the year 294 thousand for microseconds.
fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The hour of a time. The index is on it, since an index on the time itself would change with every rotation.
fn hour(time_ms: u64) -> i32 {
    i32::try_from(time_ms / HOUR_MS).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::schema;

    #[test]
    fn only_limits_do_not_wait_for_the_disk() {
        let folder = tempfile::tempdir().unwrap();
        let connection = schema::prepare(&folder.path().join("t.db"), std::time::Duration::ZERO).unwrap();
        let mut writer = Writer::new(connection);
        let key = RecordKey::new(b"k").unwrap();
        let limit = || Change::Throttle { key: key.clone(), cost_us: 1, burst_us: 9, now_us: 5 };
        let delete = || Change::Cas { key: key.clone(), expect: Expect::Absent, write: Write::Delete };
        let sweep = || Change::Sweep { before_ms: 1, limit: 1 };
        // As SQLite numbers them: 1 is NORMAL, 2 is FULL.
        for (change, level) in
            [(delete(), 2), (limit(), 1), (limit(), 1), (delete(), 2), (limit(), 1), (sweep(), 2)]
        {
            writer.make(change).unwrap();
            let set = writer.connection.pragma_query_value(None, "synchronous", |row| row.get::<_, i64>(0));
            assert_eq!(set.unwrap(), level);
        }
    }
}
