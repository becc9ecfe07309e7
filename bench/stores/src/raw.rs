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
    Redis(redis::aio::ConnectionManager, Box<redis::Script>),
}

/// Prepared once.
pub(crate) struct Statements {
    load: tokio_postgres::Statement,
    cas: tokio_postgres::Statement,
}

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
                client.batch_execute("VACUUM ANALYZE tokenmint_entry; CHECKPOINT").await?;
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
                };
                Some(Connection::Postgres(client, Box::new(statements)))
            }
            Raw::Redis(url) => {
                let connection = redis::Client::open(url.as_str())?.get_connection_manager().await?;
                Some(Connection::Redis(connection, Box::new(redis::Script::new(CAS))))
            }
        })
    }
}

/// The script of the storage contract, without what a driver adds.
const CAS: &str = "local v = redis.call('HGET', KEYS[1], 'v')
if (v or '') ~= ARGV[1] then return {0, v or ''} end
redis.call('HSET', KEYS[1], 'v', ARGV[2], 'd', ARGV[3])
redis.call('PEXPIREAT', KEYS[1], ARGV[4])
return {1}";

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
            Connection::Redis(connection, script) => {
                let name = [b"tokenmint:e:".as_slice(), &key(number)].concat();
                let mut call = script.key(name);
                call.arg(old).arg(new).arg(VALUE.as_slice()).arg(EXPIRES_MS);
                let done: Vec<redis::Value> = call.invoke_async(connection).await?;
                ensure!(done.first() == Some(&redis::Value::Int(1)));
            }
        }
        Ok(())
    }
}
