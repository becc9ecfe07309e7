//! What is read, on threads that only read.

use rusqlite::{Connection, OptionalExtension, Row, named_params};
use tokenmint::{Entry, Index, IndexValue, RecordKey, Reply, Version};

use super::failure::{malformed, reason};
use super::queue::{Queue, Served};
use crate::driver::Page;

/// A question, which answers whoever asked.
pub(super) type Job = Box<dyn FnOnce(&Connection) + Send>;

/// How many questions one transaction answers, so that the others are left to the other threads.
const GROUP: usize = 16;

/// The first byte of a cursor: what it goes on with.
const ENTRIES: u8 = 0;
const CELLS: u8 = 1;

/// Answers until the queue is closed.
pub(super) fn serve(connection: &Connection, queue: &Queue<Job>) {
    let _served = Served(queue);
    while queue.wait() {
        let jobs = queue.take(GROUP);
        // The transaction begins after the questions were asked, so it sees all that was acknowledged before them.
        // Without one, each would be answered on its own, and right as well.
        let begun = connection.execute_batch("BEGIN");
        for job in jobs {
            job(connection);
        }
        if begun.is_ok()
            && !connection.is_autocommit()
            && let Err(error) = connection.execute_batch("COMMIT")
        {
            reason("ending a read", &error);
            // A transaction that stays open would read the past for ever.
            let _ = connection.execute_batch("ROLLBACK");
        }
    }
}

/// Entries in the order of their keys.
pub(super) fn load(connection: &Connection, keys: &[RecordKey]) -> rusqlite::Result<Reply> {
    let entries: rusqlite::Result<_> = keys.iter().map(|key| entry(connection, key)).collect();
    Ok(Reply::Loaded { entries: entries?, store_now_ms: None })
}

/// The entry of a key.
pub(super) fn entry(connection: &Connection, key: &RecordKey) -> rusqlite::Result<Option<Entry>> {
    connection
        .prepare_cached("SELECT ver, val, exp, sub, client FROM entry WHERE k = ?1")?
        .query_row([key.as_bytes()], |row| entry_at(row, 0))
        .optional()
}

/// Entries by an index.
pub(super) fn list(
    connection: &Connection,
    by: &IndexValue,
    after: Option<&RecordKey>,
    limit: u32,
) -> rusqlite::Result<Reply> {
    let (value, sql) = match by {
        IndexValue::Subject(value) => (
            value,
            "SELECT k, ver, val, exp, sub, client FROM entry WHERE sub = :value AND k > :after ORDER BY k LIMIT :most",
        ),
        IndexValue::Client(value) => (
            value,
            "SELECT k, ver, val, exp, sub, client FROM entry WHERE client = :value AND k > :after ORDER BY k LIMIT :most",
        ),
    };
    let limit = limit.max(1);
    // One more tells whether there are more.
    let most = i64::from(limit) + 1;
    let mut entries: Vec<(RecordKey, Entry)> = connection
        .prepare_cached(sql)?
        .query_map(
            named_params! { ":value": value.as_bytes(), ":after": bytes(after), ":most": most },
            |row| Ok((key_at(row)?, entry_at(row, 1)?)),
        )?
        .collect::<rusqlite::Result<_>>()?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = entries.len() > limit;
    entries.truncate(limit);
    let next = entries.last().filter(|_| more).map(|(key, _)| key.clone());
    Ok(Reply::Listed { entries, next })
}

/// A part of all that is stored: first the entries, then the limits.
pub(super) fn page(connection: &Connection, after: Option<&[u8]>, limit: u32) -> rusqlite::Result<Page> {
    let (part, after) = match after {
        Some([part, key @ ..]) => (*part, key),
        _ => (ENTRIES, &[][..]),
    };
    let most = i64::from(limit.max(1));
    let mut page = Page::default();
    if part == ENTRIES {
        page.entries = connection
            .prepare_cached(
                "SELECT k, ver, val, exp, sub, client FROM entry WHERE k > ?1 ORDER BY k LIMIT ?2",
            )?
            .query_map((after, most), |row| Ok((key_at(row)?, entry_at(row, 1)?)))?
            .collect::<rusqlite::Result<_>>()?;
        page.next = Some(cursor(ENTRIES, page.entries.last().map(|(key, _)| key)));
        if i64::try_from(page.entries.len()) != Ok(most) {
            page.next = Some(cursor(CELLS, None));
        }
    } else {
        page.cells = connection
            .prepare_cached("SELECT k, tat FROM cell WHERE k > ?1 ORDER BY k LIMIT ?2")?
            .query_map((after, most), |row| Ok((key_at(row)?, number_at(row, 1)?)))?
            .collect::<rusqlite::Result<_>>()?;
        if i64::try_from(page.cells.len()) == Ok(most) {
            page.next = Some(cursor(CELLS, page.cells.last().map(|(key, _)| key)));
        }
    }
    Ok(page)
}

/// How many entries and limits there are.
pub(super) fn count(connection: &Connection) -> rusqlite::Result<u64> {
    connection
        .prepare_cached("SELECT (SELECT count(*) FROM entry) + (SELECT count(*) FROM cell)")?
        .query_row([], |row| number_at(row, 0))
}

/// A number that is never negative.
pub(super) fn number_at(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    u64::try_from(row.get::<_, i64>(column)?).map_err(|_| malformed())
}

fn key_at(row: &Row<'_>) -> rusqlite::Result<RecordKey> {
    RecordKey::new(row.get_ref(0)?.as_blob()?).ok_or_else(malformed)
}

/// The columns `ver, val, exp, sub, client`, from this one on.
fn entry_at(row: &Row<'_>, first: usize) -> rusqlite::Result<Entry> {
    let index = |column: usize| -> rusqlite::Result<_> {
        let value = row.get_ref(first + column)?.as_blob_or_null()?;
        value.map(|bytes| RecordKey::new(bytes).ok_or_else(malformed)).transpose()
    };
    Ok(Entry {
        version: Version::new(row.get_ref(first)?.as_blob()?).ok_or_else(malformed)?,
        value: row.get_ref(first + 1)?.as_blob()?.to_vec(),
        expires_at_ms: number_at(row, first + 2)?,
        index: Index { subject: index(3)?, client: index(4)? },
    })
}

fn cursor(part: u8, key: Option<&RecordKey>) -> Vec<u8> {
    [&[part], bytes(key)].concat()
}

/// No key is before all others.
fn bytes(key: Option<&RecordKey>) -> &[u8] {
    key.map_or(&[], RecordKey::as_bytes)
}
