//! Redis and Valkey.
//!
//! Every command is one script or one read of one key over one pipelined connection. Redis forgets entries by itself,
//! an hour after their expiry, and counts limits by its own clock. Redis Cluster is refused.

use std::net::IpAddr;
use std::time::Duration;

use futures_util::future::{join_all, try_join_all};
use redis::{ErrorKind, RedisError};
use tokenmint::{Command, Durability, Expect, RecordKey, Reply, Result, StoreError, Write};
use url::Url;

use self::connect::{Connection, Link};
use self::scripts::Scripts;
use self::server::Server;
use crate::doctor::Finding;
use crate::driver::{Cursor, Driver, Page};
use crate::target::{Kind, Target, invalid, unavailable};

mod connect;
mod examine;
mod faults;
mod record;
mod scan;
mod scripts;
mod server;

/// The key that says which release wrote the rest, and what this one writes there.
const SCHEMA: &str = "tokenmint:schema";
const SCHEMA_VERSION: u64 = 1;

/// How many limits are written at the same time.
const WRITERS: usize = 64;

/// A store in Redis or Valkey.
pub(crate) struct Redis {
    // Boxed, since they are large beside the other stores.
    link: Box<Link>,
    /// What replicas must confirm goes over a connection of its own: WAIT holds up whatever comes behind it.
    confirmed: Box<Link>,
    scripts: Box<Scripts>,
    timeout: Duration,
    wait_replicas: u32,
    durability: Durability,
    /// By TLS.
    encrypted: bool,
    /// The server is on this machine.
    local: bool,
}

impl Driver for Redis {
    async fn open(target: &Target) -> Result<Self> {
        let Kind::Redis(url) = &target.kind else { return Err(invalid("url", "not a URL of Redis")) };
        if let Some((name, _)) = url.query_pairs().next() {
            return Err(invalid("url", format!("redis has no parameter {name:?}")));
        }
        let link = Link::new(url.clone(), target.timeout).map_err(faults::open)?;
        let mut connection = link.connection().await.map_err(faults::open)?;
        let server = Server::ask(&mut connection).await.map_err(faults::open)?;
        if !server.is_new_enough() {
            return Err(invalid("url", format!("{}: Redis 7 or Valkey is needed", server.product())));
        }
        if server.is_cluster() {
            return Err(invalid("url", "Redis Cluster is not supported: use one primary with replicas"));
        }
        check_schema(&mut connection).await?;
        Ok(Redis {
            link: Box::new(link),
            confirmed: Box::new(Link::new(url.clone(), target.timeout).map_err(faults::open)?),
            scripts: Box::new(Scripts::new()),
            timeout: target.timeout,
            wait_replicas: target.wait_replicas,
            durability: server.durability(target.wait_replicas, target.durability),
            encrypted: url.scheme() == "rediss",
            local: is_local(url),
        })
    }

    async fn execute(&self, command: Command) -> Result<Reply, StoreError> {
        match command {
            Command::Load { keys } => self.load(keys).await,
            Command::Cas { key, expect, write } => self.cas(&key, expect, write).await,
            Command::Throttle { key, interval_us, burst_us, cost, .. } => {
                let cost_us = interval_us.saturating_mul(u64::from(cost));
                self.scripts.throttle(&mut self.connection().await?, &key, cost_us, burst_us).await
            }
            // Redis forgets by itself.
            Command::Sweep { .. } => Ok(Reply::Removed(0)),
            Command::List { by, after, limit } => {
                scan::list(&mut self.connection().await?, &by, after.as_ref(), limit).await
            }
            // A store has no keys.
            _ => Err(StoreError::Unavailable),
        }
    }

    fn durability(&self) -> Durability {
        self.durability
    }

    async fn examine(&self) -> Result<Vec<Finding>> {
        let mut connection = self.link.connection().await.map_err(faults::open)?;
        let server = Server::ask(&mut connection).await.map_err(faults::open)?;
        Ok(examine::findings(self, &server))
    }

    async fn now_ms(&self) -> Result<Option<u64>, StoreError> {
        let mut connection = self.connection().await?;
        let (seconds, micros): (u64, u64) =
            redis::cmd("TIME").query_async(&mut connection).await.map_err(faults::read)?;
        Ok(Some(seconds.saturating_mul(1000).saturating_add(micros / 1000)))
    }

    async fn page(&self, after: Option<Cursor>, limit: u32) -> Result<Page, StoreError> {
        scan::page(&mut self.connection().await?, after, limit).await
    }

    async fn put_cells(&self, cells: Vec<(RecordKey, u64)>) -> Result<(), StoreError> {
        let connection = self.connection().await?;
        for cells in cells.chunks(WRITERS) {
            let writes = cells.iter().map(|(key, tat)| self.scripts.put_cell(connection.clone(), key, *tat));
            try_join_all(writes).await?;
        }
        Ok(())
    }

    async fn count(&self) -> Result<u64, StoreError> {
        let mut connection = self.connection().await?;
        redis::cmd("DBSIZE").query_async(&mut connection).await.map_err(faults::read)
    }
}

impl Redis {
    async fn connection(&self) -> Result<Connection, StoreError> {
        self.link.connection().await.map_err(faults::unreachable)
    }

    async fn load(&self, keys: Vec<RecordKey>) -> Result<Reply, StoreError> {
        let connection = self.connection().await?;
        let reads = keys.iter().map(|key| {
            let mut connection = connection.clone();
            async move {
                let fields = record::read(key).query_async(&mut connection).await.map_err(faults::read)?;
                record::entry(fields)
            }
        });
        // All are on their way at once, and each answer is looked at.
        let entries = join_all(reads).await.into_iter().collect::<Result<_, _>>()?;
        Ok(Reply::Loaded { entries, store_now_ms: None })
    }

    async fn cas(&self, key: &RecordKey, expect: Expect, write: Write) -> Result<Reply, StoreError> {
        if self.wait_replicas == 0 {
            return self.scripts.cas(&mut self.connection().await?, key, expect, write).await;
        }
        let mut connection = self.confirmed.connection().await.map_err(faults::unreachable)?;
        let reply = self.scripts.cas(&mut connection, key, expect, write).await?;
        if reply == Reply::Done {
            self.wait(&mut connection).await?;
        }
        Ok(reply)
    }

    /// Waits until enough replicas have all that this connection wrote.
    async fn wait(&self, connection: &mut Connection) -> Result<(), StoreError> {
        // Half of the time, since 0 would be for ever and the write has taken its part.
        let within = (self.timeout.as_millis() / 2).max(1);
        let mut command = redis::cmd("WAIT");
        command.arg(self.wait_replicas).arg(u64::try_from(within).unwrap_or(u64::MAX));
        match command.query_async::<u32>(connection).await {
            Ok(confirmed) if confirmed >= self.wait_replicas => Ok(()),
            Ok(confirmed) => {
                tracing::warn!(target: "tokenmint::store", confirmed, "redis: too few replicas have a write");
                Err(StoreError::Unknown)
            }
            // The entry is written; only its copies are in doubt.
            Err(error) => {
                faults::write(error);
                Err(StoreError::Unknown)
            }
        }
    }
}

/// Writes which release this is, or reads that an earlier or a later one was here.
async fn check_schema(connection: &mut Connection) -> Result<()> {
    let set: Result<(), RedisError> =
        redis::cmd("SET").arg(SCHEMA).arg(SCHEMA_VERSION).arg("NX").query_async(connection).await;
    // A server that takes no writes now can be read, and examined.
    if let Err(error) = set
        && error.code().is_none_or(|code| code == "NOAUTH")
    {
        return Err(faults::open(error));
    }
    let version = redis::cmd("GET").arg(SCHEMA).query_async::<Option<u64>>(connection).await;
    match version {
        Ok(Some(version)) if version > SCHEMA_VERSION => {
            Err(unavailable("the store was written by a newer release of tokenmint; this one cannot read it"))
        }
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::UnexpectedReturnType => {
            Err(unavailable("the key tokenmint:schema holds something else than a version"))
        }
        Err(error) => Err(faults::open(error)),
    }
}

/// Whether the host is this machine. It is text: the standard for URLs knows no addresses in those of Redis.
fn is_local(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_known_by_its_names() {
        let local = |url: &str| is_local(&Url::parse(url).unwrap());
        for url in
            ["redis://localhost", "redis://u:p@127.0.0.1:6380/1", "redis://127.9.9.9", "redis://[::1]:6379"]
        {
            assert!(local(url), "{url}");
        }
        for url in
            ["redis://cache", "redis://10.0.0.1", "redis://[2001:db8::1]", "redis://127.0.0.1.example.com"]
        {
            assert!(!local(url), "{url}");
        }
    }
}
