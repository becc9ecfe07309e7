//! The scripts: each touches one key, so that it is atomic wherever that key lives.

use redis::{Cmd, FromRedisValue, Value};
use tokenmint::{Expect, RecordKey, Reply, SLACK_MS, StoreError, Write};

use super::connect::Connection;
use super::faults::{self, Failed};
use super::record::{CELL, ENTRY, entry, name, number};
use super::route::Route;

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

struct Script {
    text: &'static str,
    hash: String,
}

impl Script {
    fn new(text: &'static str) -> Self {
        Script { text, hash: redis::Script::new(text).get_hash().to_owned() }
    }

    /// Runs it on one key. The node that does not know it may be another one than before: each is sent the text.
    async fn run(
        &self,
        route: &Route<'_>,
        name: &[u8],
        arguments: impl Fn(&mut Cmd),
    ) -> Result<(Value, Connection), Failed> {
        let call = |how: &str, script: &str| {
            let mut command = redis::cmd(how);
            command.arg(script).arg(1).arg(name);
            arguments(&mut command);
            command
        };
        match route.send(name, &call("EVALSHA", &self.hash)).await {
            Err(Failed::Sent(error)) if error.code() == Some("NOSCRIPT") => {
                route.send(name, &call("EVAL", self.text)).await
            }
            done => done,
        }
    }
}

impl Scripts {
    pub(super) fn new() -> Self {
        Scripts {
            cas: Script::new(include_str!("cas.lua")),
            throttle: Script::new(include_str!("throttle.lua")),
            cell: Script::new(include_str!("cell.lua")),
        }
    }

    /// Writes or deletes an entry if it is as expected; with the connection that did.
    pub(super) async fn cas(
        &self,
        route: &Route<'_>,
        key: &RecordKey,
        expect: &Expect,
        write: &Write,
    ) -> Result<(Reply, Connection), StoreError> {
        let arguments = |call: &mut Cmd| {
            match expect {
                Expect::Absent => call.arg(""),
                Expect::Version(version) => call.arg(version.as_bytes()),
            };
            if let Write::Put(entry) = write {
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
        };
        let (value, connection) =
            self.cas.run(route, &name(ENTRY, key), arguments).await.map_err(faults::write)?;
        match value {
            Value::Int(1) => Ok((Reply::Done, connection)),
            // Nothing was written, so what cannot be read here is no doubt about the write.
            other => {
                let fields = FromRedisValue::from_redis_value(other).map_err(|_| StoreError::Corrupt)?;
                Ok((Reply::Conflict(entry(fields)?), connection))
            }
        }
    }

    /// Admits or denies by GCRA, at the server's time.
    pub(super) async fn throttle(
        &self,
        route: &Route<'_>,
        key: &RecordKey,
        cost_us: u64,
        burst_us: u64,
    ) -> Result<Reply, StoreError> {
        let arguments = |call: &mut Cmd| {
            call.arg(cost_us.min(MOST_US)).arg(burst_us.min(MOST_US));
        };
        let (value, _) =
            self.throttle.run(route, &name(CELL, key), arguments).await.map_err(faults::write)?;
        // An answer that cannot be read may come after a write.
        let reply: Option<(bool, Vec<u8>)> =
            redis::from_redis_value(value).map_err(|error| faults::write(Failed::Sent(error.into())))?;
        let (admitted, tat) = reply.ok_or(StoreError::Corrupt)?;
        let tat_us = number(&tat)?;
        Ok(if admitted { Reply::Admitted { tat_us } } else { Reply::Denied { tat_us } })
    }

    /// Writes a limit, unless there is a later one.
    pub(super) async fn put_cell(
        &self,
        route: &Route<'_>,
        key: &RecordKey,
        tat_us: u64,
    ) -> Result<(), StoreError> {
        let tat_us = tat_us.min(EXACT);
        let arguments = |call: &mut Cmd| {
            call.arg(tat_us).arg(tat_us.div_ceil(1000) + 1);
        };
        self.cell.run(route, &name(CELL, key), arguments).await.map_err(faults::write)?;
        Ok(())
    }
}

/// When Redis may forget an entry; empty, which is never, beyond what Redis can count to.
fn forget_at(expires_at_ms: u64) -> String {
    let at = expires_at_ms.checked_add(SLACK_MS).and_then(|at| i64::try_from(at).ok());
    at.map_or_else(String::new, |at| at.to_string())
}
