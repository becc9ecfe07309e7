//! Walks through all keys: for administration and for copies, never part of a flow.

use std::collections::BTreeSet;

use redis::{Cmd, RedisResult};
use tokenmint::{IndexValue, RecordKey, Reply, StoreError};

use super::connect::Connection;
use super::faults;
use super::record::{CELL, ENTRY, Fields, entry, key_of, name, number, read, read_index};
use super::route::{Part, Route, Servers};
use crate::driver::{Cursor, Page};

/// About how many keys one step of a walk looks at.
const STEP: u32 = 1000;
/// How many entries are read at once: with the largest values, 4 MiB.
const BATCH: usize = 64;

/// Lists entries by an index, in the order of their keys.
///
/// Redis has no order of keys and a script may touch one key only, so there is no index to ask: every call looks at
/// every entry, of every primary of a Cluster. It keeps the `limit` smallest keys, whatever the number of entries.
pub(super) async fn list(
    servers: &Servers,
    by: &IndexValue,
    after: Option<&RecordKey>,
    limit: u32,
) -> Result<Reply, StoreError> {
    let limit = usize::try_from(limit.max(1)).unwrap_or(usize::MAX);
    let (IndexValue::Subject(wanted) | IndexValue::Client(wanted)) = by;
    let route = servers.route().await?;
    let mut found = BTreeSet::new();
    for mut part in servers.parts().await? {
        let mut cursor = 0;
        loop {
            let (next, names) =
                step(&mut part.connection, cursor, "tokenmint:e:*", STEP).await.map_err(faults::read)?;
            let keys = names.iter().filter_map(|name| key_of(ENTRY, name));
            let keys: Vec<_> = keys.filter(|key| after.is_none_or(|after| key > after)).collect();
            let reads = commands(ENTRY, &keys, |name| read_index(name, by));
            let values: Vec<Option<Vec<u8>>> = route.read_all(reads).await?;
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
    }
    let more = found.len() > limit;
    let keys: Vec<_> = found.into_iter().take(limit).collect();
    let next = if more { keys.last().cloned() } else { None };
    let mut entries = read_entries(&route, keys).await?;
    // Another write may have come between.
    entries.retain(|(_, entry)| match by {
        IndexValue::Subject(_) => entry.index.subject.as_ref() == Some(wanted),
        IndexValue::Client(_) => entry.index.client.as_ref() == Some(wanted),
    });
    Ok(Reply::Listed { entries, next })
}

/// A part of all that is stored. What is there all the while comes at least once, perhaps again; in a Cluster only if
/// its slot stays where it is, or goes to a node that is promoted.
pub(super) async fn page(servers: &Servers, after: Option<Cursor>, limit: u32) -> Result<Page, StoreError> {
    let route = servers.route().await?;
    let mut parts = servers.parts().await?;
    let place = after.map_or(Ok(Place::default()), Place::read)?;
    let Some((at, cursor)) = place.find(&parts) else { return Ok(Page::default()) };
    let Some(part) = parts.get_mut(at) else { return Ok(Page::default()) };
    let (next, names) =
        step(&mut part.connection, cursor, "tokenmint:[ec]:*", limit.max(1)).await.map_err(faults::read)?;
    let entries = names.iter().filter_map(|name| key_of(ENTRY, name)).collect();
    let cells: Vec<_> = names.iter().filter_map(|name| key_of(CELL, name)).collect();
    let reads = commands(CELL, &cells, |name| {
        let mut command = redis::cmd("GET");
        command.arg(name);
        command
    });
    let times: Vec<Option<Vec<u8>>> = route.read_all(reads).await?;
    // Where a part ends, the one after it begins.
    let next = match next {
        0 => parts.get(at + 1).map(|part| Place::of(part, 0)),
        _ => parts.get(at).map(|part| Place::of(part, next)),
    };
    let mut page = Page {
        entries: read_entries(&route, entries).await?,
        cells: Vec::new(),
        next: next.map(|place| place.write()),
    };
    for (key, time) in cells.into_iter().zip(times) {
        if let Some(time) = time {
            page.cells.push((key, number(&time)?));
        }
    }
    Ok(page)
}

/// About how many keys there are, those of others too.
pub(super) async fn count(servers: &Servers) -> Result<u64, StoreError> {
    let mut count = 0_u64;
    for mut part in servers.parts().await? {
        let found: u64 =
            redis::cmd("DBSIZE").query_async(&mut part.connection).await.map_err(faults::read)?;
        count = count.saturating_add(found);
    }
    Ok(count)
}

/// Where a walk goes on: at a cursor that one server gave, which means nothing to another one, and in a Cluster which
/// server that is.
#[derive(Debug, Default, PartialEq, Eq)]
struct Place {
    cursor: u64,
    /// The first slot that the node has; the walk goes by those.
    slot: u16,
    /// Its address; empty where there is one server only.
    node: String,
}

impl Place {
    fn of(part: &Part, cursor: u64) -> Self {
        match &part.node {
            None => Place { cursor, ..Place::default() },
            Some((slot, node)) => Place { cursor, slot: *slot, node: node.address.to_string() },
        }
    }

    fn read(bytes: Cursor) -> Result<Self, StoreError> {
        let (cursor, rest) = bytes.split_first_chunk::<8>().ok_or(StoreError::Corrupt)?;
        let (slot, node) = match rest.split_first_chunk::<2>() {
            Some((slot, node)) => (u16::from_be_bytes(*slot), node),
            None => (0, rest),
        };
        let node = String::from_utf8(node.to_vec()).map_err(|_| StoreError::Corrupt)?;
        Ok(Place { cursor: u64::from_be_bytes(*cursor), slot, node })
    }

    fn write(&self) -> Cursor {
        let mut bytes = self.cursor.to_be_bytes().to_vec();
        if !self.node.is_empty() {
            bytes.extend(self.slot.to_be_bytes());
            bytes.extend(self.node.bytes());
        }
        bytes
    }

    /// Which part that is now, and where in it: from its beginning, where another node has taken over.
    fn find(&self, parts: &[Part]) -> Option<(usize, u64)> {
        let is = |part: &Part| match &part.node {
            None => true,
            Some((_, node)) => node.address.to_string() == self.node,
        };
        if let Some(at) = parts.iter().position(is) {
            return Some((at, self.cursor));
        }
        let after = |part: &Part| part.node.as_ref().is_some_and(|(slot, _)| *slot >= self.slot);
        parts.iter().position(after).map(|at| (at, 0))
    }
}

/// A command for each key, made of its name, with that.
fn commands(space: &[u8], keys: &[RecordKey], command: impl Fn(&[u8]) -> Cmd) -> Vec<(Vec<u8>, Cmd)> {
    let named = |key| {
        let name = name(space, key);
        let command = command(&name);
        (name, command)
    };
    keys.iter().map(named).collect()
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
async fn read_entries(
    route: &Route<'_>,
    keys: Vec<RecordKey>,
) -> Result<Vec<(RecordKey, tokenmint::Entry)>, StoreError> {
    let mut entries = Vec::with_capacity(keys.len());
    for keys in keys.chunks(BATCH) {
        let found: Vec<Fields> = route.read_all(commands(ENTRY, keys, read)).await?;
        for (key, fields) in keys.iter().zip(found) {
            if let Some(entry) = entry(fields)? {
                entries.push((key.clone(), entry));
            }
        }
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_as_it_was_written() {
        for place in [
            Place::default(),
            Place { cursor: u64::MAX, slot: 0, node: String::new() },
            Place { cursor: 7, slot: 16383, node: "[::1]:7000".to_owned() },
        ] {
            assert_eq!(Place::read(place.write()), Ok(place));
        }
        assert_eq!(Place::read(vec![1; 7]), Err(StoreError::Corrupt));
    }
}
