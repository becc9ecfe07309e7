//! The raw statements, by the same client libraries and with the same guarantees: what no driver can be faster than.

use std::path::PathBuf;

use anyhow::{Result, ensure};
use rusqlite::params;

/// Each entry's value: about a session record.
pub(crate) const VALUE: [u8; 300] = [7; 300];
/// Never over while this runs.
pub(crate) const EXPIRES_MS: i64 = 253_402_300_799_000;
const HOUR: i64 = EXPIRES_MS / 3_600_000;

/// How to speak to a store without tokenmint.
pub(crate) enum Raw {
    None,
    Sqlite(PathBuf),
    Postgres(String),
    Redis(String),
}

/// A connection for one worker.
pub(crate) enum Connection {
    Sqlite(rusqlite::Connection),
    Postgres(tokio_postgres::Client, Box<Statements>),
    Redis(redis::aio::ConnectionManager, Box<Scripts>),
}

/// Prepared once.
pub(crate) struct Statements {
    load: tokio_postgres::Statement,
    cas: tokio_postgres::Statement,
    throttle: tokio_postgres::Statement,
}

/// Known to the server by their hashes.
pub(crate) struct Scripts {
    cas: redis::Script,
    throttle: redis::Script,
}

/// What a limit gets back with each event, and how much of it there may be: more than anybody takes.
pub(crate) const INTERVAL_US: u32 = 1;
pub(crate) const BURST_US: u32 = 1_000_000_000;

/// The key of an entry that was filled in.
pub(crate) fn key(number: u64) -> Vec<u8> {
    format!("bench/{number:012}").into_bytes()
}

/// The version of an entry that was filled in.
pub(crate) fn version(number: u64) -> Vec<u8> {
    format!("{number:016}").into_bytes()
}

impl Raw {
    /// The server's version and what it promises.
    pub(crate) async fn describe(&self) -> Result<String> {
        Ok(match self {
            Raw::None => "this process".to_owned(),
            Raw::Sqlite(_) => format!("SQLite {}, WAL, synchronous=FULL", rusqlite::version()),
            Raw::Postgres(url) => {
                let client = postgres(url).await?;
                let row = client.query_one("SELECT current_setting('server_version')", &[]).await?;
                format!("PostgreSQL {}, fsync and synchronous_commit on", row.get::<_, String>(0))
            }
            Raw::Redis(url) => {
                let mut connection = redis::Client::open(url.as_str())?.get_connection_manager().await?;
                let info: String = redis::cmd("INFO").arg("server").query_async(&mut connection).await?;
                let version = info.lines().find_map(|line| line.strip_prefix("redis_version:"));
                format!("Redis {}, appendfsync everysec", version.unwrap_or("?"))
            }
        })
    }

    /// Fills in entries, up to this number; false where nothing can be filled in.
    pub(crate) async fn fill(&self, entries: u64) -> Result<bool> {
        match self {
            Raw::None => return Ok(false),
            Raw::Sqlite(path) => {
                let mut connection = rusqlite::Connection::open(path)?;
                connection.busy_timeout(std::time::Duration::from_secs(10))?;
                let all = connection.transaction()?;
                {
                    let mut insert = all.prepare(
                        "INSERT OR IGNORE INTO entry (k, ver, val, exp, exp_hour) VALUES (?1, ?2, ?3, ?4, ?5)",
                    )?;
                    for number in 0..entries {
                        insert.execute(params![key(number), version(number), VALUE, EXPIRES_MS, HOUR])?;
                    }
                }
                all.commit()?;
                connection.pragma(None, "wal_checkpoint", "TRUNCATE", |_| Ok(()))?;
            }
            Raw::Postgres(url) => {
                let client = postgres(url).await?;
                let (last, hour) = (i64::try_from(entries)? - 1, i32::try_from(HOUR)?);
                client
                    .execute(
                        "INSERT INTO tokenmint_entry (k, ver, val, exp, exp_hour)
                         SELECT convert_to('bench/' || lpad(n::text, 12, '0'), 'UTF8'),
                                convert_to(lpad(n::text, 16, '0'), 'UTF8'), $2, $3, $4
                         FROM generate_series(0, $1::bigint) AS n ON CONFLICT (k) DO NOTHING",
                        &[&last, &VALUE.as_slice(), &EXPIRES_MS, &hour],
                    )
                    .await?;
                // Each by itself: neither can be part of a transaction, as several in one text are.
                for statement in ["VACUUM ANALYZE tokenmint_entry", "CHECKPOINT"] {
                    client.batch_execute(statement).await?;
                }
            }
            Raw::Redis(url) => {
                let mut connection = redis::Client::open(url.as_str())?.get_connection_manager().await?;
                for start in (0..entries).step_by(10_000) {
                    let mut pipeline = redis::pipe();
                    for number in start..entries.min(start + 10_000) {
                        let name = [b"tokenmint:e:".as_slice(), &key(number)].concat();
                        let fields = [
                            ("v", version(number)),
                            ("d", VALUE.to_vec()),
                            ("e", EXPIRES_MS.to_string().into()),
                        ];
                        pipeline.hset_multiple(name, &fields).ignore();
                    }
                    pipeline.query_async::<()>(&mut connection).await?;
                }
            }
        }
        Ok(true)
    }

    pub(crate) async fn connect(&self) -> Result<Option<Connection>> {
        Ok(match self {
            Raw::None => None,
            Raw::Sqlite(path) => {
                let connection = rusqlite::Connection::open(path)?;
                connection.busy_timeout(std::time::Duration::from_secs(10))?;
                connection.pragma_update(None, "synchronous", "FULL")?;
                Some(Connection::Sqlite(connection))
            }
            Raw::Postgres(url) => {
                let client = postgres(url).await?;
                let statements = Statements {
                    load: client
                        .prepare("SELECT ver, val, exp, sub, client FROM tokenmint_entry WHERE k = $1")
                        .await?,
                    cas: client
                        .prepare(
                            "UPDATE tokenmint_entry SET ver = $2, val = $3, exp = $4, exp_hour = $5
                             WHERE k = $1 AND ver = $6 RETURNING 1",
                        )
                        .await?,
                    throttle: client
                        .prepare(
                            "INSERT INTO tokenmint_cell AS c (k, tat)
                             VALUES ($1, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint + $2)
                             ON CONFLICT (k) DO UPDATE
                             SET tat = greatest(c.tat, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint) + $2
                             WHERE greatest(c.tat, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint) + $2
                                   - (extract(epoch FROM clock_timestamp()) * 1000000)::bigint <= $3
                             RETURNING tat",
                        )
                        .await?,
                };
                Some(Connection::Postgres(client, Box::new(statements)))
            }
            Raw::Redis(url) => {
                let connection = redis::Client::open(url.as_str())?.get_connection_manager().await?;
                let scripts =
                    Scripts { cas: redis::Script::new(CAS), throttle: redis::Script::new(THROTTLE) };
                Some(Connection::Redis(connection, Box::new(scripts)))
            }
        })
    }
}

/// A conditional write, and a limit by GCRA, without what a driver adds.
const CAS: &str = "local v = redis.call('HGET', KEYS[1], 'v')
if (v or '') ~= ARGV[1] then return {0, v or ''} end
redis.call('HSET', KEYS[1], 'v', ARGV[2], 'd', ARGV[3])
redis.call('PEXPIREAT', KEYS[1], ARGV[4])
return {1}";
const THROTTLE: &str = "local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local tat = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now) + ARGV[1]
if tat - now > tonumber(ARGV[2]) then return 0 end
redis.call('SET', KEYS[1], string.format('%.0f', tat), 'PXAT', string.format('%.0f', math.ceil(tat / 1000)))
return 1";

async fn postgres(url: &str) -> Result<tokio_postgres::Client> {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

impl Connection {
    pub(crate) async fn load(&mut self, number: u64) -> Result<()> {
        match self {
            Connection::Sqlite(connection) => {
                let mut load =
                    connection.prepare_cached("SELECT ver, val, exp, sub, client FROM entry WHERE k = ?1")?;
                let length: usize =
                    load.query_row([key(number)], |row| Ok(row.get::<_, Vec<u8>>(1)?.len()))?;
                ensure!(length == VALUE.len());
            }
            Connection::Postgres(client, statements) => {
                let row = client.query_one(&statements.load, &[&key(number)]).await?;
                ensure!(row.get::<_, &[u8]>(1).len() == VALUE.len());
            }
            Connection::Redis(connection, _) => {
                let name = [b"tokenmint:e:".as_slice(), &key(number)].concat();
                let fields = ["v", "d", "e", "s", "c"];
                let found: Vec<Option<Vec<u8>>> =
                    redis::cmd("HMGET").arg(name).arg(&fields).query_async(connection).await?;
                ensure!(found[1].as_ref().is_some_and(|value| value.len() == VALUE.len()));
            }
        }
        Ok(())
    }

    pub(crate) async fn cas(&mut self, number: u64, old: &[u8], new: &[u8]) -> Result<()> {
        match self {
            Connection::Sqlite(connection) => {
                let mut update = connection.prepare_cached(
                    "UPDATE entry SET ver = ?2, val = ?3, exp = ?4, exp_hour = ?5 WHERE k = ?1 AND ver = ?6",
                )?;
                ensure!(update.execute(params![key(number), new, VALUE, EXPIRES_MS, HOUR, old])? == 1);
            }
            Connection::Postgres(client, statements) => {
                let hour = i32::try_from(HOUR)?;
                let rows = client
                    .query(
                        &statements.cas,
                        &[&key(number), &new, &VALUE.as_slice(), &EXPIRES_MS, &hour, &old],
                    )
                    .await?;
                ensure!(rows.len() == 1);
            }
            Connection::Redis(connection, scripts) => {
                let name = [b"tokenmint:e:".as_slice(), &key(number)].concat();
                let mut call = scripts.cas.key(name);
                call.arg(old).arg(new).arg(VALUE.as_slice()).arg(EXPIRES_MS);
                let done: Vec<redis::Value> = call.invoke_async(connection).await?;
                ensure!(done.first() == Some(&redis::Value::Int(1)));
            }
        }
        Ok(())
    }

    /// Takes one event from a limit.
    pub(crate) async fn throttle(&mut self, number: u64, now_us: u64) -> Result<()> {
        match self {
            Connection::Sqlite(connection) => {
                let mut upsert = connection.prepare_cached(
                    "INSERT INTO cell (k, tat) VALUES (?1, ?2 + ?3) ON CONFLICT (k) DO UPDATE
                     SET tat = max(tat, ?2) + ?3 WHERE max(tat, ?2) + ?3 - ?2 <= ?4",
                )?;
                let now_us = i64::try_from(now_us)?;
                ensure!(upsert.execute(params![key(number), now_us, INTERVAL_US, BURST_US])? == 1);
            }
            Connection::Postgres(client, statements) => {
                let (interval, burst) = (i64::from(INTERVAL_US), i64::from(BURST_US));
                let rows = client.query(&statements.throttle, &[&key(number), &interval, &burst]).await?;
                ensure!(rows.len() == 1);
            }
            Connection::Redis(connection, scripts) => {
                let name = [b"tokenmint:c:".as_slice(), &key(number)].concat();
                let mut call = scripts.throttle.key(name);
                call.arg(INTERVAL_US).arg(BURST_US);
                ensure!(call.invoke_async::<u32>(connection).await? == 1);
            }
        }
        Ok(())
    }
}
