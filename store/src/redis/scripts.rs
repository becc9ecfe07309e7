//! The scripts: each touches one key, so that it is atomic wherever that key lives.

use redis::{FromRedisValue, Script, Value};
use tokenmint::{Expect, RecordKey, Reply, SLACK_MS, StoreError, Write};

use super::connect::Connection;
use super::faults;
use super::record::{CELL, ENTRY, entry, name, number};

/// The most microseconds that the throttle counts with, some 71 years: sums of it and the time are exact in a double.
const MOST_US: u64 = 1 << 51;
/// The largest whole number that a double holds exactly, and all below it.
const EXACT: u64 = (1 << 53) - 1;

/// The scripts, named to the server by their hashes and sent whole where it does not know them.
pub(super) struct Scripts {
    cas: Script,
    throttle: Script,
    cell: Script,
}

impl Scripts {
    pub(super) fn new() -> Self {
        Scripts {
            cas: Script::new(include_str!("cas.lua")),
            throttle: Script::new(include_str!("throttle.lua")),
            cell: Script::new(include_str!("cell.lua")),
        }
    }

    /// Writes or deletes an entry if it is as expected.
    pub(super) async fn cas(
        &self,
        connection: &mut Connection,
        key: &RecordKey,
        expect: Expect,
        write: Write,
    ) -> Result<Reply, StoreError> {
        let mut call = self.cas.key(name(ENTRY, key));
        match &expect {
            Expect::Absent => call.arg(""),
            Expect::Version(version) => call.arg(version.as_bytes()),
        };
        if let Write::Put(entry) = &write {
            let indexed = |value: &Option<RecordKey>| {
                value.as_ref().map_or_else(Vec::new, |value| value.as_bytes().to_vec())
            };
            call.arg(entry.version.as_bytes())
                .arg(entry.value.as_slice())
                .arg(entry.expires_at_ms)
                .arg(forget_at(entry.expires_at_ms))
                .arg(indexed(&entry.index.subject))
                .arg(indexed(&entry.index.client));
        }
        match call.invoke_async(connection).await.map_err(faults::write)? {
            Value::Int(1) => Ok(Reply::Done),
            // Nothing was written, so what cannot be read here is no doubt about the write.
            other => {
                let fields = FromRedisValue::from_redis_value(other).map_err(|_| StoreError::Corrupt)?;
                Ok(Reply::Conflict(entry(fields)?))
            }
        }
    }

    /// Admits or denies by GCRA, at the server's time.
    pub(super) async fn throttle(
        &self,
        connection: &mut Connection,
        key: &RecordKey,
        cost_us: u64,
        burst_us: u64,
    ) -> Result<Reply, StoreError> {
        let mut call = self.throttle.key(name(CELL, key));
        call.arg(cost_us.min(MOST_US)).arg(burst_us.min(MOST_US));
        let reply: Option<(bool, Vec<u8>)> = call.invoke_async(connection).await.map_err(faults::write)?;
        let (admitted, tat) = reply.ok_or(StoreError::Corrupt)?;
        let tat_us = number(&tat)?;
        Ok(if admitted { Reply::Admitted { tat_us } } else { Reply::Denied { tat_us } })
    }

    /// Writes a limit, unless there is a later one.
    pub(super) async fn put_cell(
        &self,
        mut connection: Connection,
        key: &RecordKey,
        tat_us: u64,
    ) -> Result<(), StoreError> {
        let tat_us = tat_us.min(EXACT);
        let mut call = self.cell.key(name(CELL, key));
        call.arg(tat_us).arg(tat_us.div_ceil(1000) + 1);
        call.invoke_async(&mut connection).await.map_err(faults::write)
    }
}

/// When Redis may forget an entry; empty, which is never, beyond what Redis can count to.
fn forget_at(expires_at_ms: u64) -> String {
    let at = expires_at_ms.checked_add(SLACK_MS).and_then(|at| i64::try_from(at).ok());
    at.map_or_else(String::new, |at| at.to_string())
}
