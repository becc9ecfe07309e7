//! What the server says about itself.

use tokenmint::{Durability, Result};
use tokio_postgres::Row;

use super::link::{Link, unreadable};

/// The oldest release of PostgreSQL that will do, as in `server_version_num`.
pub(super) const OLDEST: i32 = 120_000;

const SETTINGS: &str = "SELECT current_setting('server_version'), current_setting('server_version_num')::int, \
     current_setting('fsync') = 'on', current_setting('full_page_writes') = 'on', \
     current_setting('synchronous_commit'), current_setting('synchronous_standby_names') <> '', \
     current_setting('default_transaction_isolation'), current_setting('transaction_read_only') = 'on', \
     pg_is_in_recovery(), \
     current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int, \
     coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false)";

/// The settings of the server, as they are for this role and data base.
pub(super) struct Server {
    pub(super) version: String,
    version_number: i32,
    pub(super) fsync: bool,
    pub(super) full_page_writes: bool,
    pub(super) synchronous_commit: String,
    has_standbys: bool,
    pub(super) isolation: String,
    pub(super) read_only: bool,
    pub(super) is_replica: bool,
    /// For roles that are not superusers.
    pub(super) connections: i32,
    pub(super) encrypted: bool,
}

impl Server {
    pub(super) async fn ask(link: &Link) -> Result<Self> {
        let row = link.ask(SETTINGS).await?;
        Self::read(&row).map_err(|_| unreadable())
    }

    fn read(row: &Row) -> Result<Self, tokio_postgres::Error> {
        Ok(Server {
            version: row.try_get(0)?,
            version_number: row.try_get(1)?,
            fsync: row.try_get(2)?,
            full_page_writes: row.try_get(3)?,
            synchronous_commit: row.try_get(4)?,
            has_standbys: row.try_get(5)?,
            isolation: row.try_get(6)?,
            read_only: row.try_get(7)?,
            is_replica: row.try_get(8)?,
            connections: row.try_get(9)?,
            encrypted: row.try_get(10)?,
        })
    }

    pub(super) fn is_new_enough(&self) -> bool {
        self.version_number >= OLDEST
    }

    /// How long what it acknowledges lasts. A standby that has only received a write may lose it with its machine.
    pub(super) fn durability(&self) -> Durability {
        match self.synchronous_commit.as_str() {
            _ if !self.fsync => Durability::Process,
            "off" => Durability::Process,
            "on" | "remote_apply" if self.has_standbys => Durability::Replicated,
            _ => Durability::Disk,
        }
    }
}
