//! The commands, each in one statement.
//!
//! A writer that finds another's row locked waits, and then looks at the row again as it has become. So a condition in
//! the statement itself is enough, and what is read after a condition failed must be a statement of its own: another
//! part of the same one would see the state of before.

use tokenmint::{Entry, Expect, Index, IndexValue, RecordKey, Reply, StoreError, Version, Write};
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::link::{Link, Parameters, Statement};

/// By 1, 4 and 8 keys. For an array of any length, `k = ANY($1)`, the server would plan anew each time: it keeps a plan
/// only where that expects no more rows than one for the very parameters.
const LOADS: [Statement<'_>; 3] = [
    Statement {
        sql: "SELECT ver, val, exp, sub, client, k FROM tokenmint_entry WHERE k = $1",
        types: &[Type::BYTEA; 1],
    },
    Statement {
        sql: "SELECT ver, val, exp, sub, client, k FROM tokenmint_entry WHERE k IN ($1, $2, $3, $4)",
        types: &[Type::BYTEA; 4],
    },
    Statement {
        sql: "SELECT ver, val, exp, sub, client, k FROM tokenmint_entry \
         WHERE k IN ($1, $2, $3, $4, $5, $6, $7, $8)",
        types: &[Type::BYTEA; 8],
    },
];
const INSERT: Statement<'_> = Statement {
    sql: "INSERT INTO tokenmint_entry (k, ver, val, exp, exp_hour, sub, client) \
     VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (k) DO NOTHING RETURNING 1",
    types: &[Type::BYTEA, Type::BYTEA, Type::BYTEA, Type::INT8, Type::INT4, Type::BYTEA, Type::BYTEA],
};
const UPDATE: Statement<'_> = Statement {
    sql: "UPDATE tokenmint_entry SET ver = $2, val = $3, exp = $4, exp_hour = $5, sub = $6, client = $7 \
     WHERE k = $1 AND ver = $8 RETURNING 1",
    types: &[
        Type::BYTEA,
        Type::BYTEA,
        Type::BYTEA,
        Type::INT8,
        Type::INT4,
        Type::BYTEA,
        Type::BYTEA,
        Type::BYTEA,
    ],
};
const DELETE: Statement<'_> = Statement {
    sql: "DELETE FROM tokenmint_entry WHERE k = $1 AND ver = $2 RETURNING 1",
    types: &[Type::BYTEA, Type::BYTEA],
};
/// The clock is read when the row is locked: one that was read before the wait for it would be behind the others', and
/// deny what is within the burst. A row that comes back was admitted.
const THROTTLE: Statement<'_> = Statement {
    sql: "INSERT INTO tokenmint_cell AS c (k, tat) \
     SELECT $1, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint + $2 \
     ON CONFLICT (k) DO UPDATE \
     SET tat = greatest(c.tat, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint) + $2 \
     WHERE greatest(c.tat - (extract(epoch FROM clock_timestamp()) * 1000000)::bigint, 0) + $2 <= $3 \
     RETURNING tat",
    types: &[Type::BYTEA, Type::INT8, Type::INT8],
};
const TAT: Statement<'_> =
    Statement { sql: "SELECT tat FROM tokenmint_cell WHERE k = $1", types: &[Type::BYTEA] };
/// A row that somebody else is writing is left alone, and one that was written meanwhile is looked at again.
const SWEEP: Statement<'_> = Statement {
    sql: "WITH swept AS (\
       DELETE FROM tokenmint_entry WHERE k = ANY(ARRAY(\
         SELECT k FROM tokenmint_entry WHERE exp_hour <= $1 AND exp <= $2 LIMIT $4 FOR UPDATE SKIP LOCKED)) \
       RETURNING 1), \
     cells AS (\
       DELETE FROM tokenmint_cell WHERE k = ANY(ARRAY(\
         SELECT k FROM tokenmint_cell WHERE tat < $3 LIMIT $4 FOR UPDATE SKIP LOCKED))) \
     SELECT count(*) FROM swept",
    types: &[Type::INT4, Type::INT8, Type::INT8, Type::INT8],
};
const BY_SUBJECT: Statement<'_> = Statement {
    sql: "SELECT ver, val, exp, sub, client, k FROM tokenmint_entry \
     WHERE sub = $1 AND k > $2 ORDER BY k LIMIT $3",
    types: &[Type::BYTEA, Type::BYTEA, Type::INT8],
};
const BY_CLIENT: Statement<'_> = Statement {
    sql: "SELECT ver, val, exp, sub, client, k FROM tokenmint_entry \
     WHERE client = $1 AND k > $2 ORDER BY k LIMIT $3",
    types: &[Type::BYTEA, Type::BYTEA, Type::INT8],
};
const NOW: Statement<'_> =
    Statement { sql: "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint", types: &[] };

/// How often an insertion is tried where the entry in its way is gone at the second look.
const ATTEMPTS: u32 = 8;
/// More microseconds than any limit has, and few enough that no sum of three overflows.
const MAX_US: u64 = 1 << 61;
const HOUR_MS: u64 = 3_600_000;

pub(super) async fn load(link: &Link, keys: &[RecordKey]) -> Result<Reply, StoreError> {
    let mut entries = Vec::with_capacity(keys.len());
    for keys in keys.chunks(8) {
        let found = rows_of(link, keys).await?;
        let found: Vec<_> = found.iter().map(keyed_entry).collect::<Result<_, _>>()?;
        entries.extend(
            keys.iter()
                .map(|key| found.iter().find(|(found, _)| found == key).map(|(_, entry)| entry.clone())),
        );
    }
    Ok(Reply::Loaded { entries, store_now_ms: None })
}

/// The rows of at most 8 keys.
async fn rows_of(link: &Link, keys: &[RecordKey]) -> Result<Vec<Row>, StoreError> {
    let statement = LOADS.into_iter().find(|statement| keys.len() <= statement.types.len());
    let (Some(statement), Some(last)) = (statement, keys.last()) else { return Ok(Vec::new()) };
    // What is asked for twice comes once.
    let wanted: Vec<&[u8]> = keys
        .iter()
        .chain(std::iter::repeat(last))
        .map(RecordKey::as_bytes)
        .take(statement.types.len())
        .collect();
    let parameters: Vec<&(dyn tokio_postgres::types::ToSql + Sync)> =
        wanted.iter().map(|key| key as _).collect();
    link.read_quickly(statement, &parameters).await
}

pub(super) async fn cas(
    link: &Link,
    key: &RecordKey,
    expect: Expect,
    write: &Write,
) -> Result<Reply, StoreError> {
    for _ in 0..ATTEMPTS {
        if try_cas(link, key, expect, write).await? {
            return Ok(Reply::Done);
        }
        let rows = rows_of(link, std::slice::from_ref(key)).await?;
        match (expect, rows.first()) {
            (_, Some(row)) => return Ok(Reply::Conflict(Some(entry(row)?))),
            (Expect::Version(_), None) => return Ok(Reply::Conflict(None)),
            (Expect::Absent, None) if *write == Write::Delete => return Ok(Reply::Done),
            (Expect::Absent, None) => {}
        }
    }
    Ok(Reply::Conflict(None))
}

/// Whether it was done.
async fn try_cas(link: &Link, key: &RecordKey, expect: Expect, write: &Write) -> Result<bool, StoreError> {
    let key = key.as_bytes();
    let rows = match (expect, write) {
        (Expect::Absent, Write::Delete) => return Ok(false),
        (Expect::Version(expected), Write::Delete) => {
            link.write(DELETE, &[&key, &expected.as_bytes()]).await?
        }
        (expect, Write::Put(entry)) => {
            let exp = i64::try_from(entry.expires_at_ms).map_err(|_| StoreError::TooLarge)?;
            let subject = entry.index.subject.as_ref().map(RecordKey::as_bytes);
            let client = entry.index.client.as_ref().map(RecordKey::as_bytes);
            let (version, value) = (entry.version.as_bytes(), entry.value.as_slice());
            let hour = hour(entry.expires_at_ms);
            let row: [&(dyn tokio_postgres::types::ToSql + Sync); 7] =
                [&key, &version, &value, &exp, &hour, &subject, &client];
            match expect {
                Expect::Absent => link.write(INSERT, &row).await?,
                Expect::Version(expected) => {
                    let expected = expected.as_bytes();
                    let row = [row.as_slice(), &[&expected]].concat();
                    link.write(UPDATE, &row).await?
                }
            }
        }
    };
    Ok(!rows.is_empty())
}

pub(super) async fn throttle(
    link: &Link,
    key: &RecordKey,
    cost_us: u64,
    burst_us: u64,
) -> Result<Reply, StoreError> {
    let key = key.as_bytes();
    let (cost, burst) = (microseconds(cost_us), microseconds(burst_us));
    if let Some(row) = link.write(THROTTLE, &[&key, &cost, &burst]).await?.first() {
        return Ok(Reply::Admitted { tat_us: number(row)? });
    }
    let rows = link.read(TAT, &[&key]).await?;
    Ok(Reply::Denied { tat_us: rows.first().map_or(Ok(0), number)? })
}

pub(super) async fn sweep(link: &Link, before_ms: u64, limit: u32) -> Result<Reply, StoreError> {
    let last = i64::try_from(before_ms).map_or(i64::MAX, |before| before - 1);
    let cells = i64::try_from(before_ms.saturating_mul(1000)).unwrap_or(i64::MAX);
    let rows = link.write(SWEEP, &[&hour(before_ms), &last, &cells, &i64::from(limit)]).await?;
    Ok(Reply::Removed(rows.first().map_or(Ok(0), number)?))
}

pub(super) async fn list(
    link: &Link,
    by: &IndexValue,
    after: Option<&RecordKey>,
    limit: u32,
) -> Result<Reply, StoreError> {
    let (statement, value) = match by {
        IndexValue::Subject(value) => (BY_SUBJECT, value.as_bytes()),
        IndexValue::Client(value) => (BY_CLIENT, value.as_bytes()),
    };
    let after = after.map_or(&[][..], RecordKey::as_bytes);
    let limit = limit.max(1);
    // One more than asked for says whether there are more.
    let parameters: Parameters<'_> = &[&value, &after, &(i64::from(limit) + 1)];
    let rows = link.read(statement, parameters).await?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let entries: Vec<_> = rows.iter().take(limit).map(keyed_entry).collect::<Result<_, _>>()?;
    let next = if rows.len() > limit { entries.last().map(|(key, _)| key.clone()) } else { None };
    Ok(Reply::Listed { entries, next })
}

pub(super) async fn now_ms(link: &Link) -> Result<Option<u64>, StoreError> {
    link.read(NOW, &[]).await?.first().map(number).transpose()
}

/// An entry from `ver, val, exp, sub, client`.
fn entry(row: &Row) -> Result<Entry, StoreError> {
    let index = |at| match bytes(row, at)? {
        Some(bytes) => RecordKey::new(bytes).map(Some).ok_or(StoreError::Corrupt),
        None => Ok(None),
    };
    let expires_at: i64 = row.try_get(2).map_err(|_| StoreError::Corrupt)?;
    Ok(Entry {
        version: bytes(row, 0)?.and_then(Version::new).ok_or(StoreError::Corrupt)?,
        value: bytes(row, 1)?.ok_or(StoreError::Corrupt)?.to_vec(),
        expires_at_ms: u64::try_from(expires_at).map_err(|_| StoreError::Corrupt)?,
        index: Index { subject: index(3)?, client: index(4)? },
    })
}

/// An entry from `ver, val, exp, sub, client, k`.
pub(super) fn keyed_entry(row: &Row) -> Result<(RecordKey, Entry), StoreError> {
    Ok((key(row, 5)?, entry(row)?))
}

pub(super) fn key(row: &Row, at: usize) -> Result<RecordKey, StoreError> {
    bytes(row, at)?.and_then(RecordKey::new).ok_or(StoreError::Corrupt)
}

fn bytes(row: &Row, at: usize) -> Result<Option<&[u8]>, StoreError> {
    row.try_get(at).map_err(|_| StoreError::Corrupt)
}

/// The number in the first column.
pub(super) fn number(row: &Row) -> Result<u64, StoreError> {
    let number: i64 = row.try_get(0).map_err(|_| StoreError::Corrupt)?;
    u64::try_from(number).map_err(|_| StoreError::Corrupt)
}

/// Microseconds as the server counts them.
pub(super) fn microseconds(us: u64) -> i64 {
    i64::try_from(us.min(MAX_US)).unwrap_or(i64::MAX)
}

/// The hour that is indexed; all after the last one that fits are one.
fn hour(ms: u64) -> i32 {
    i32::try_from(ms / HOUR_MS).unwrap_or(i32::MAX)
}
