//! Walks through all keys: for administration and for copies, never part of a flow.

use std::collections::BTreeSet;

use redis::RedisResult;
use tokenmint::{IndexValue, RecordKey, Reply, StoreError};

use super::connect::Connection;
use super::faults;
use super::record::{CELL, ENTRY, Fields, entry, key_of, name, number, read, read_index};
use crate::driver::{Cursor, Page};

/// About how many keys one step of a walk looks at.
const STEP: u32 = 1000;
/// How many entries are read at once: with the largest values, 4 MiB.
const BATCH: usize = 64;

/// Lists entries by an index, in the order of their keys.
///
/// Redis has no order of keys and a script may touch one key only, so there is no index to ask: every call looks at
/// every entry. It keeps the `limit` smallest keys, whatever the number of entries.
pub(super) async fn list(
    connection: &mut Connection,
    by: &IndexValue,
    after: Option<&RecordKey>,
    limit: u32,
) -> Result<Reply, StoreError> {
    let limit = usize::try_from(limit.max(1)).unwrap_or(usize::MAX);
    let (IndexValue::Subject(wanted) | IndexValue::Client(wanted)) = by;
    let mut found = BTreeSet::new();
    let mut cursor = 0;
    loop {
        let (next, names) = step(connection, cursor, "tokenmint:e:*", STEP).await.map_err(faults::read)?;
        let keys = names.iter().filter_map(|name| key_of(ENTRY, name));
        let keys: Vec<_> = keys.filter(|key| after.is_none_or(|after| key > after)).collect();
        let mut pipeline = redis::pipe();
        for key in &keys {
            pipeline.add_command(read_index(key, by));
        }
        let values: Vec<Option<Vec<u8>>> = ask(connection, &pipeline).await?;
        for (key, value) in keys.into_iter().zip(values) {
            if value.as_deref() == Some(wanted.as_bytes()) {
                found.insert(key);
                if found.len() > limit.saturating_add(1) {
                    found.pop_last();
                }
            }
        }
        match next {
            0 => break,
            _ => cursor = next,
        }
    }
    let more = found.len() > limit;
    let keys: Vec<_> = found.into_iter().take(limit).collect();
    let next = if more { keys.last().cloned() } else { None };
    let mut entries = read_all(connection, keys).await?;
    // Another write may have come between.
    entries.retain(|(_, entry)| match by {
        IndexValue::Subject(_) => entry.index.subject.as_ref() == Some(wanted),
        IndexValue::Client(_) => entry.index.client.as_ref() == Some(wanted),
    });
    Ok(Reply::Listed { entries, next })
}

/// A part of all that is stored. What is there all the while comes at least once, perhaps again.
pub(super) async fn page(
    connection: &mut Connection,
    after: Option<Cursor>,
    limit: u32,
) -> Result<Page, StoreError> {
    let cursor = match after {
        None => 0,
        Some(bytes) => u64::from_be_bytes(bytes.try_into().map_err(|_| StoreError::Corrupt)?),
    };
    let (next, names) =
        step(connection, cursor, "tokenmint:[ec]:*", limit.max(1)).await.map_err(faults::read)?;
    let entries = names.iter().filter_map(|name| key_of(ENTRY, name)).collect();
    let cells: Vec<_> = names.iter().filter_map(|name| key_of(CELL, name)).collect();
    let mut pipeline = redis::pipe();
    for key in &cells {
        pipeline.get(name(CELL, key));
    }
    let times: Vec<Option<Vec<u8>>> = ask(connection, &pipeline).await?;
    let mut page = Page {
        entries: read_all(connection, entries).await?,
        cells: Vec::new(),
        next: (next != 0).then(|| next.to_be_bytes().to_vec()),
    };
    for (key, time) in cells.into_iter().zip(times) {
        if let Some(time) = time {
            page.cells.push((key, number(&time)?));
        }
    }
    Ok(page)
}

/// One step of a walk: where to go on, 0 at the end, and the names that were met.
async fn step(
    connection: &mut Connection,
    cursor: u64,
    pattern: &str,
    count: u32,
) -> RedisResult<(u64, Vec<Vec<u8>>)> {
    let mut command = redis::cmd("SCAN");
    command.arg(cursor).arg("MATCH").arg(pattern).arg("COUNT").arg(count);
    command.query_async(connection).await
}

/// The entries of these keys, without those that are gone.
async fn read_all(
    connection: &mut Connection,
    keys: Vec<RecordKey>,
) -> Result<Vec<(RecordKey, tokenmint::Entry)>, StoreError> {
    let mut entries = Vec::with_capacity(keys.len());
    for keys in keys.chunks(BATCH) {
        let mut pipeline = redis::pipe();
        for key in keys {
            pipeline.add_command(read(key));
        }
        let found: Vec<Fields> = ask(connection, &pipeline).await?;
        for (key, fields) in keys.iter().zip(found) {
            if let Some(entry) = entry(fields)? {
                entries.push((key.clone(), entry));
            }
        }
    }
    Ok(entries)
}

async fn ask<T: redis::FromRedisValue>(
    connection: &mut Connection,
    pipeline: &redis::Pipeline,
) -> Result<Vec<T>, StoreError> {
    // The client refuses to send nothing.
    if pipeline.is_empty() {
        return Ok(Vec::new());
    }
    pipeline.query_async(connection).await.map_err(faults::read)
}
