//! Redis and Valkey.
//!
//! Every command is one script or one read of one key over one pipelined connection, in a Cluster to the node that has
//! the key. Redis forgets entries by itself, an hour after their expiry, and counts limits by its own clock.

use std::time::Duration;

use futures_util::future::try_join_all;
use redis::ConnectionInfo;
use tokenmint::{Command, Durability, Expect, RecordKey, Reply, Result, StoreError, Write};

use self::cluster::Cluster;
use self::connect::{Connection, Link};
use self::faults::Failed;
use self::route::{Route, Servers};
use self::scripts::Scripts;
use self::server::Server;
use crate::doctor::Finding;
use crate::driver::{Cursor, Driver, Page};
use crate::host;
use crate::target::{StoreKind, Target, invalid, unavailable, unknown_parameter};

mod cluster;
mod connect;
mod examine;
mod faults;
mod node;
mod record;
mod route;
mod scan;
mod scripts;
mod server;
mod slots;
mod topology;

/// The key that says which release wrote the rest, and what this one writes there.
const SCHEMA: &str = "tokenmint:schema";
const SCHEMA_VERSION: u64 = 1;

/// How many limits are written at the same time.
const WRITERS: usize = 64;

/// A store in Redis or Valkey.
pub(crate) struct Redis {
    servers: Servers,
    // Boxed, since they are large beside the other stores.
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
        let StoreKind::Redis(url) = &target.kind else { return Err(invalid("url", "not a URL of Redis")) };
        if let Some((name, _)) = url.query_pairs().next() {
            return Err(unknown_parameter("redis", &name));
        }
        let settings = connect::settings(url).map_err(faults::open)?;
        let server = ask(&settings, target.timeout).await?;
        let (servers, asked) = if server.is_cluster() {
            let cluster = Cluster::new(settings, target.timeout).await.map_err(faults::open)?;
            let primaries = cluster.topology().await.primaries();
            let asked = primaries.iter().map(async |(_, node)| {
                let mut connection = node.link(false).connection().await?;
                Server::ask(&mut connection).await
            });
            let asked = try_join_all(asked).await.map_err(faults::open)?;
            (Servers::Cluster(Box::new(cluster)), asked)
        } else {
            let link = || Link::new(settings.clone(), target.timeout).map(Box::new).map_err(faults::open);
            (Servers::One { link: link()?, confirmed: link()? }, vec![server])
        };
        if let Some(old) = asked.iter().find(|server| !server.is_new_enough()) {
            return Err(invalid("url", format!("{}: Redis 7 or Valkey is needed", old.product())));
        }
        check_schema(&servers).await?;
        let durability =
            asked.iter().map(|server| server.durability(target.wait_replicas, target.durability)).min();
        Ok(Redis {
            servers,
            scripts: Box::new(Scripts::new()),
            timeout: target.timeout,
            wait_replicas: target.wait_replicas,
            durability: durability.unwrap_or(Durability::Process),
            encrypted: url.scheme() == "rediss",
            local: host::is_local(url.host_str().unwrap_or_default()),
        })
    }

    async fn execute(&self, command: Command) -> Result<Reply, StoreError> {
        match command {
            Command::Load { keys } => self.load(keys).await,
            Command::Cas { key, expect, write } => self.cas(&key, expect, write).await,
            Command::Throttle { key, interval_us, burst_us, cost, .. } => {
                let cost_us = interval_us.saturating_mul(u64::from(cost));
                self.scripts.throttle(&self.servers.route().await?, &key, cost_us, burst_us).await
            }
            // Redis forgets by itself.
            Command::Sweep { .. } => Ok(Reply::Removed(0)),
            Command::List { by, after, limit } => scan::list(&self.servers, &by, after.as_ref(), limit).await,
            // A store has no keys.
            _ => Err(StoreError::Unavailable),
        }
    }

    fn durability(&self) -> Durability {
        self.durability
    }

    async fn examine(&self) -> Result<Vec<Finding>> {
        match &self.servers {
            Servers::One { link, .. } => {
                let mut connection = link.connection().await.map_err(faults::open)?;
                let server = Server::ask(&mut connection).await.map_err(faults::open)?;
                Ok(examine::findings(self, &server))
            }
            Servers::Cluster(cluster) => Ok(examine::cluster(self, cluster).await),
        }
    }

    async fn now_ms(&self) -> Result<Option<u64>, StoreError> {
        let mut connection = self.servers.any().await?;
        let (seconds, micros): (u64, u64) =
            redis::cmd("TIME").query_async(&mut connection).await.map_err(faults::read)?;
        Ok(Some(seconds.saturating_mul(1000).saturating_add(micros / 1000)))
    }

    async fn page(&self, after: Option<Cursor>, limit: u32) -> Result<Page, StoreError> {
        scan::page(&self.servers, after, limit).await
    }

    async fn put_cells(&self, cells: Vec<(RecordKey, u64)>) -> Result<(), StoreError> {
        let route = self.servers.route().await?;
        for cells in cells.chunks(WRITERS) {
            try_join_all(cells.iter().map(|(key, tat)| self.scripts.put_cell(&route, key, *tat))).await?;
        }
        Ok(())
    }

    async fn count(&self) -> Result<u64, StoreError> {
        scan::count(&self.servers).await
    }
}

impl Redis {
    async fn load(&self, keys: Vec<RecordKey>) -> Result<Reply, StoreError> {
        let names = keys.iter().map(|key| record::name(record::ENTRY, key));
        let reads = names.map(|name| {
            let read = record::read(&name);
            (name, read)
        });
        let found: Vec<record::Fields> = self.servers.route().await?.read_all(reads.collect()).await?;
        let entries = found.into_iter().map(record::entry).collect::<Result<_, _>>()?;
        Ok(Reply::Loaded { entries, store_now_ms: None })
    }

    async fn cas(&self, key: &RecordKey, expect: Expect, write: Write) -> Result<Reply, StoreError> {
        if self.wait_replicas == 0 {
            let (reply, _) = self.scripts.cas(&self.servers.route().await?, key, &expect, &write).await?;
            return Ok(reply);
        }
        let route = self.servers.confirmed().await?;
        let (reply, mut connection) = self.scripts.cas(&route, key, &expect, &write).await?;
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
                faults::write(Failed::Sent(error));
                Err(StoreError::Unknown)
            }
        }
    }
}

/// Asks what is behind a URL, which must name the data base 0 if that is a Cluster.
async fn ask(settings: &ConnectionInfo, timeout: Duration) -> Result<Server> {
    // Nothing else can be selected in one, so the question is not asked in another data base.
    let zero = settings.redis_settings().clone().set_db(0);
    let zero = Link::new(settings.clone().set_redis_settings(zero), timeout).map_err(faults::open)?;
    let mut connection = zero.connection().await.map_err(faults::open)?;
    let server = Server::ask(&mut connection).await.map_err(faults::open)?;
    if server.is_cluster() && settings.redis_settings().db() != 0 {
        return Err(invalid("url", "a Cluster has the data base 0 only"));
    }
    Ok(server)
}

/// Writes which release this is, or reads that an earlier or a later one was here.
async fn check_schema(servers: &Servers) -> Result<()> {
    let unreachable = |_| unavailable("the server cannot be reached");
    let route: Route<'_> = servers.route().await.map_err(unreachable)?;
    let (mut set, mut get) = (redis::cmd("SET"), redis::cmd("GET"));
    set.arg(SCHEMA).arg(SCHEMA_VERSION).arg("NX");
    // A server that takes no writes now can be read, and examined.
    match route.send(SCHEMA.as_bytes(), &set).await {
        Err(Failed::Sent(error)) if error.code().is_some_and(|code| code != "NOAUTH") => {}
        Err(failed) => return Err(faults::open(failed)),
        Ok(_) => {}
    }
    let (version, _) = route.send(SCHEMA.as_bytes(), get.arg(SCHEMA)).await.map_err(faults::open)?;
    match redis::from_redis_value::<Option<u64>>(version) {
        Ok(Some(version)) if version > SCHEMA_VERSION => {
            Err(unavailable("the store was written by a newer release of tokenmint; this one cannot read it"))
        }
        Ok(_) => Ok(()),
        Err(_) => Err(unavailable("the key tokenmint:schema holds something else than a version")),
    }
}
