//! PostgreSQL.
//!
//! Every command is one autocommitted statement at READ COMMITTED, which needs no state of the session but the names of
//! prepared statements; where PgBouncer stands between, there are none.

use tokenmint::{Command, Durability, RecordKey, Reply, Result, StoreError};

use self::link::Link;
use self::server::Server;
use crate::doctor::Finding;
use crate::driver::{Cursor, Driver, Page};
use crate::target::{Target, unavailable};

mod connect;
mod examine;
mod faults;
mod link;
mod pooler;
mod scan;
mod schema;
mod server;
mod sessions;
mod shared;
mod statements;

/// A store in PostgreSQL.
pub(crate) struct Postgres {
    link: Link,
    durability: Durability,
}

impl Driver for Postgres {
    async fn open(target: &Target) -> Result<Self> {
        let mut link = Link::new(target)?;
        let server = Server::ask(&link).await?;
        link.cancels = server.durability() != Durability::Replicated;
        if !server.is_new_enough() {
            return Err(unavailable(format!(
                "the server is PostgreSQL {}; {} or newer is needed",
                server.version,
                server::OLDEST / 10_000
            )));
        }
        schema::ensure(&link).await?;
        Ok(Postgres { link, durability: server.durability() })
    }

    async fn execute(&self, command: Command) -> Result<Reply, StoreError> {
        let link = &self.link;
        match command {
            Command::Load { keys } => statements::load(link, &keys).await,
            Command::Cas { key, expect, write } => statements::cas(link, &key, expect, &write).await,
            // The server's clock counts, which all who share the limit share too.
            Command::Throttle { key, interval_us, burst_us, cost, now_us: _ } => {
                statements::throttle(link, &key, interval_us.saturating_mul(cost.into()), burst_us).await
            }
            Command::Sweep { before_ms, limit } => statements::sweep(link, before_ms, limit).await,
            Command::List { by, after, limit } => statements::list(link, &by, after.as_ref(), limit).await,
            // A store has no keys.
            _ => Err(StoreError::Unavailable),
        }
    }

    fn durability(&self) -> Durability {
        self.durability
    }

    async fn examine(&self) -> Result<Vec<Finding>> {
        examine::examine(&self.link).await
    }

    async fn now_ms(&self) -> Result<Option<u64>, StoreError> {
        statements::now_ms(&self.link).await
    }

    async fn page(&self, after: Option<Cursor>, limit: u32) -> Result<Page, StoreError> {
        scan::page(&self.link, after, limit).await
    }

    async fn put_cells(&self, cells: Vec<(RecordKey, u64)>) -> Result<(), StoreError> {
        scan::put_cells(&self.link, &cells).await
    }

    async fn count(&self) -> Result<u64, StoreError> {
        scan::count(&self.link).await
    }
}
