//! All that is stored, for a copy of it.

use tokenmint::{RecordKey, StoreError};
use tokio_postgres::types::Type;

use super::link::{Link, Statement};
use super::statements::{key, keyed_entry, microseconds, number};
use crate::driver::{Cursor, Page};

const ENTRIES: Statement<'_> = Statement {
    sql: "SELECT ver, val, exp, sub, client, k FROM tokenmint_entry WHERE k > $1 ORDER BY k LIMIT $2",
    types: &[Type::BYTEA, Type::INT8],
};
const CELLS: Statement<'_> = Statement {
    sql: "SELECT tat, k FROM tokenmint_cell WHERE k > $1 ORDER BY k LIMIT $2",
    types: &[Type::BYTEA, Type::INT8],
};
const PUT_CELLS: Statement<'_> = Statement {
    sql: "INSERT INTO tokenmint_cell AS c (k, tat) \
     SELECT k, max(tat) FROM unnest($1::bytea[], $2::bigint[]) AS given (k, tat) GROUP BY k ORDER BY k \
     ON CONFLICT (k) DO UPDATE SET tat = greatest(c.tat, excluded.tat)",
    types: &[Type::BYTEA_ARRAY, Type::INT8_ARRAY],
};
/// Counted where that is quick, and else what the server believes.
const COUNT: Statement<'_> = Statement {
    sql: "SELECT sum(CASE WHEN counted <= 100000 THEN counted ELSE greatest(counted, believed) END)::bigint \
     FROM (\
       SELECT (SELECT count(*) FROM (SELECT FROM tokenmint_entry LIMIT 100001) AS few) AS counted, \
         (SELECT reltuples::bigint FROM pg_class WHERE oid = 'tokenmint_entry'::regclass) AS believed \
       UNION ALL \
       SELECT (SELECT count(*) FROM (SELECT FROM tokenmint_cell LIMIT 100001) AS few), \
         (SELECT reltuples::bigint FROM pg_class WHERE oid = 'tokenmint_cell'::regclass)\
     ) AS tables",
    types: &[],
};

/// What a cursor begins with; the last key follows.
const AMONG_ENTRIES: u8 = 0;
const AMONG_CELLS: u8 = 1;

/// Entries first, then limits, each in the order of their keys.
pub(super) async fn page(link: &Link, after: Option<Cursor>, limit: u32) -> Result<Page, StoreError> {
    let cursor = after.as_deref().unwrap_or(&[AMONG_ENTRIES]);
    let limit = limit.max(1);
    match cursor.split_first() {
        Some((&AMONG_ENTRIES, after)) => {
            let rows = link.read(ENTRIES, &[&after, &i64::from(limit)]).await?;
            let entries: Vec<_> = rows.iter().map(keyed_entry).collect::<Result<_, _>>()?;
            let last = entries.last().filter(|_| is_full(entries.len(), limit));
            let next = last.map_or(vec![AMONG_CELLS], |(key, _)| cursor_at(AMONG_ENTRIES, key));
            Ok(Page { entries, cells: Vec::new(), next: Some(next) })
        }
        Some((&AMONG_CELLS, after)) => {
            let rows = link.read(CELLS, &[&after, &i64::from(limit)]).await?;
            let cells: Vec<_> =
                rows.iter().map(|row| Ok((key(row, 1)?, number(row)?))).collect::<Result<_, StoreError>>()?;
            let last = cells.last().filter(|_| is_full(cells.len(), limit));
            let next = last.map(|(key, _)| cursor_at(AMONG_CELLS, key));
            Ok(Page { entries: Vec::new(), cells, next })
        }
        _ => Err(StoreError::Corrupt),
    }
}

pub(super) async fn put_cells(link: &Link, cells: &[(RecordKey, u64)]) -> Result<(), StoreError> {
    if cells.is_empty() {
        return Ok(());
    }
    let keys: Vec<&[u8]> = cells.iter().map(|(key, _)| key.as_bytes()).collect();
    let times: Vec<i64> = cells.iter().map(|(_, tat)| microseconds(*tat)).collect();
    link.write(PUT_CELLS, &[&keys, &times]).await.map(|_| ())
}

pub(super) async fn count(link: &Link) -> Result<u64, StoreError> {
    link.read(COUNT, &[]).await?.first().map_or(Ok(0), number)
}

fn is_full(found: usize, limit: u32) -> bool {
    u32::try_from(found).is_ok_and(|found| found >= limit)
}

fn cursor_at(table: u8, key: &RecordKey) -> Cursor {
    [&[table], key.as_bytes()].concat()
}
