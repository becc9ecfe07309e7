//! The tables, made and migrated by whoever opens the store first.

use deadpool_postgres::ClientWrapper;
use tokenmint::Result;
use tokio_postgres::types::Type;
use tokio_postgres::{Error as PgError, IsolationLevel};

use super::faults::Failure;
use super::link::{Link, unreadable};
use crate::target::unavailable;

/// What leads from each version of the schema to the next.
///
/// The hour of expiry is indexed and not its millisecond, which changes with every write: PostgreSQL updates a row in
/// place only where no indexed column changes. Limits may be lost in a crash, so their table is not logged.
const STEPS: [&str; 2] = [
    "CREATE TABLE tokenmint_entry (
        k bytea PRIMARY KEY, ver bytea NOT NULL, val bytea NOT NULL, exp bigint NOT NULL, exp_hour int NOT NULL,
        sub bytea, client bytea
     ) WITH (fillfactor = 80);
     CREATE INDEX tokenmint_entry_hour ON tokenmint_entry (exp_hour);
     CREATE INDEX tokenmint_entry_sub ON tokenmint_entry (sub, k) WHERE sub IS NOT NULL;
     CREATE UNLOGGED TABLE tokenmint_cell (k bytea PRIMARY KEY, tat bigint NOT NULL) WITH (fillfactor = 50);",
    "CREATE INDEX tokenmint_entry_client ON tokenmint_entry (client, k) WHERE client IS NOT NULL;",
];

/// Lets one process at a time migrate; for the transaction only, so that PgBouncer may stand between. The number is
/// `tokenmin` in ASCII.
const LOCK: &str =
    "SET LOCAL lock_timeout = '60s'; SELECT pg_advisory_xact_lock(x'746f6b656e6d696e'::bigint)";

/// Looks into the catalogue itself: a session may remember from before it waited for the lock that a name is not there.
const IS_THERE: &str =
    "SELECT EXISTS (SELECT FROM pg_class WHERE relname = 'tokenmint_schema' AND pg_table_is_visible(oid))";
const FOUND: &str = "SELECT coalesce(max(version), 0) FROM tokenmint_schema";

/// Makes the schema or brings it up to date. Where it is current, nothing is locked and no right to change it is
/// needed.
pub(super) async fn ensure(link: &Link) -> Result<()> {
    let version = version(link).await?;
    if steps_after(version)?.is_empty() {
        return Ok(());
    }
    let mut lease = link.lease().await.map_err(|failure| failure.explained())?;
    let client = lease.client().map_err(|failure| failure.explained())?;
    let outcome = migrate(client).await;
    lease.settle(outcome.is_err());
    let version = outcome.map_err(|error| Failure::Sent(error).explained())?;
    // Another process may have migrated meanwhile, further than this release knows.
    steps_after(version).map(|_| ())
}

/// The version of the schema as it is; 0 where there is none.
pub(super) async fn version(link: &Link) -> Result<i32> {
    if !link.ask(IS_THERE).await?.try_get::<_, bool>(0).map_err(|_| unreadable())? {
        return Ok(0);
    }
    link.ask(FOUND).await?.try_get(0).map_err(|_| unreadable())
}

/// What is still to be done.
fn steps_after(version: i32) -> Result<&'static [&'static str]> {
    usize::try_from(version).ok().and_then(|version| STEPS.get(version..)).ok_or_else(|| {
        unavailable(format!(
            "the tables were written by a newer release of tokenmint: their version is {version}, and this one knows {}",
            STEPS.len()
        ))
    })
}

/// In one transaction, so that a crash leaves the old version or the new one. The version that is there then.
async fn migrate(client: &mut ClientWrapper) -> Result<i32, PgError> {
    // At any other level the version would be read as it was before the lock was waited for.
    let transaction =
        client.build_transaction().isolation_level(IsolationLevel::ReadCommitted).start().await?;
    transaction.batch_execute(LOCK).await?;
    // Statements without a name: what a pooler gives may be a session in which another process has left some.
    let version = if transaction.query_typed_one(IS_THERE, &[]).await?.try_get(0)? {
        transaction.query_typed_one(FOUND, &[]).await?.try_get(0)?
    } else {
        transaction.batch_execute("CREATE TABLE tokenmint_schema (version int NOT NULL)").await?;
        0
    };
    let Ok(steps @ [_, ..]) = steps_after(version) else { return Ok(version) };
    for step in steps {
        transaction.batch_execute(step).await?;
    }
    let current = i32::try_from(STEPS.len()).unwrap_or(i32::MAX);
    transaction.batch_execute("DELETE FROM tokenmint_schema").await?;
    transaction.execute_typed("INSERT INTO tokenmint_schema VALUES ($1)", &[(&current, Type::INT4)]).await?;
    transaction.commit().await?;
    tracing::info!(target: "tokenmint::store", from = version, to = current, "postgres: the schema was brought up to date");
    Ok(current)
}
