//! Statements over the sessions of a server.

use std::time::Duration;

use deadpool_postgres::{ClientWrapper, Object};
use tokenmint::{Error, Result, StoreError};
use tokio::runtime::Handle;
use tokio::time::timeout;
use tokio_postgres::Row;
use tokio_postgres::config::SslMode;
use tokio_postgres::types::{ToSql, Type};

use super::connect;
use super::faults::Failure;
use super::sessions::Sessions;
use super::shared::Shared;
use crate::target::{StoreKind, Target, invalid, unavailable};

/// How many connections where the URL does not say.
const CONNECTIONS: u32 = 16;
/// How often a statement is repeated that the server undid because of others.
const REPEATS: u32 = 64;

/// A statement, and of which type each of its parameters is.
#[derive(Clone, Copy)]
pub(super) struct Statement<'a> {
    pub(super) sql: &'a str,
    pub(super) types: &'a [Type],
}

/// The parameters of a statement.
pub(super) type Parameters<'a> = &'a [&'a (dyn ToSql + Sync)];

/// Over which connection a statement goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// One that has no other under way.
    Own,
    /// One that others use at the same time.
    Shared,
}

/// The way to one server.
pub(super) struct Link {
    sessions: Sessions,
    shared: Shared,
    pub(super) timeout: Duration,
    /// Whether a statement that nobody waits for is ended on the server. A write that waits for a standby must not be:
    /// it would be shown as done while one machine has it only.
    pub(super) cancels: bool,
    pub(super) connections: u32,
    pub(super) ssl_mode: SslMode,
    /// The server is on this machine.
    pub(super) local: bool,
}

impl Link {
    /// Connects to nothing yet.
    pub(super) fn new(target: &Target) -> Result<Self> {
        let StoreKind::Postgres(url) = &target.kind else {
            return Err(invalid("url", "not a URL of PostgreSQL"));
        };
        let (config, tls) = connect::wanted(url, target.timeout)?;
        let (ssl_mode, local) = (config.get_ssl_mode(), connect::is_local(&config));
        let connections = target.connections.unwrap_or(CONNECTIONS);
        let shared = Shared::of(connections);
        let most = usize::try_from(connections).unwrap_or(usize::MAX) - shared.most();
        let sessions = Sessions::new(config, tls, most, target.timeout)?;
        Ok(Link { sessions, shared, timeout: target.timeout, cancels: true, connections, ssl_mode, local })
    }

    /// Whether a pooler stands between; it is known from the first connection on.
    pub(super) fn is_pooled(&self) -> bool {
        self.sessions.is_pooled()
    }

    /// A statement that changes nothing.
    pub(super) async fn read(
        &self,
        statement: Statement<'_>,
        parameters: Parameters<'_>,
    ) -> Result<Vec<Row>, StoreError> {
        self.run(statement, parameters, Way::Own, false).await.map_err(|failure| failure.outcome(false))
    }

    /// A statement that writes.
    pub(super) async fn write(
        &self,
        statement: Statement<'_>,
        parameters: Parameters<'_>,
    ) -> Result<Vec<Row>, StoreError> {
        self.run(statement, parameters, Way::Own, true).await.map_err(|failure| failure.outcome(true))
    }

    /// As [`Link::read`], for one that is quick: it shares a connection with others.
    pub(super) async fn read_quickly(
        &self,
        statement: Statement<'_>,
        parameters: Parameters<'_>,
    ) -> Result<Vec<Row>, StoreError> {
        self.run(statement, parameters, Way::Shared, false).await.map_err(|failure| failure.outcome(false))
    }

    /// A question about the server, with a reason where it fails.
    pub(super) async fn ask(&self, sql: &str) -> Result<Row> {
        let question = Statement { sql, types: &[] };
        let rows = match timeout(self.timeout, self.run(question, &[], Way::Own, false)).await {
            Ok(rows) => rows.map_err(|failure| failure.explained())?,
            Err(_) => return Err(Failure::Unconnected(None).explained()),
        };
        rows.into_iter().next().ok_or_else(unreadable)
    }

    async fn run(
        &self,
        statement: Statement<'_>,
        parameters: Parameters<'_>,
        way: Way,
        changes: bool,
    ) -> Result<Vec<Row>, Failure> {
        let (mut repeats, mut renewed) = (0, false);
        loop {
            let failure = match self.run_once(statement, parameters, way).await {
                Ok(rows) => return Ok(rows),
                Err(failure) => failure,
            };
            if failure.is_contention() && repeats < REPEATS {
                repeats += 1;
            } else if failure.asks_for_another(changes) && !renewed {
                renewed = true;
                // What happened to one connection probably happened to those that are idle.
                self.sessions.renew();
            } else {
                return Err(failure);
            }
        }
    }

    async fn run_once(
        &self,
        statement: Statement<'_>,
        parameters: Parameters<'_>,
        way: Way,
    ) -> Result<Vec<Row>, Failure> {
        // Behind a pooler, the session may be another one from one statement to the next.
        if way == Way::Shared
            && !self.is_pooled()
            && let Some(share) = self.shared.lease(&self.sessions).await
        {
            let share = share?;
            let outcome = self.send(share.client(), statement, parameters).await;
            share.settle(outcome.as_ref().is_err_and(Failure::spoils_connection));
            return outcome;
        }
        let mut lease = self.lease().await?;
        let outcome = self.send(lease.client()?, statement, parameters).await;
        lease.settle(outcome.as_ref().is_err_and(Failure::spoils_connection));
        outcome
    }

    async fn send(
        &self,
        client: &ClientWrapper,
        statement: Statement<'_>,
        parameters: Parameters<'_>,
    ) -> Result<Vec<Row>, Failure> {
        if self.is_pooled() {
            let typed: Vec<_> = parameters.iter().copied().zip(statement.types.iter().cloned()).collect();
            return client.query_typed(statement.sql, &typed).await.map_err(Failure::Sent);
        }
        let prepared = client.prepare_cached(statement.sql).await.map_err(Failure::Unsent)?;
        client.query(&prepared, parameters).await.map_err(Failure::Sent)
    }

    /// A connection for one statement at a time.
    pub(super) async fn lease(&self) -> Result<Lease<'_>, Failure> {
        Ok(Lease { client: Some(self.sessions.object().await?), link: self })
    }
}

/// A connection in use. One that is dropped before it is settled has a statement under way: it never goes back, since
/// the next one would wait behind that.
pub(super) struct Lease<'a> {
    client: Option<Object>,
    link: &'a Link,
}

impl Lease<'_> {
    /// The connection; it is there until it is settled.
    pub(super) fn client(&mut self) -> Result<&mut ClientWrapper, Failure> {
        self.client.as_deref_mut().ok_or(Failure::Unconnected(None))
    }

    /// Nothing is under way any more: gives the connection back, or ends it where it is spoilt.
    pub(super) fn settle(mut self, spoilt: bool) {
        if let Some(client) = self.client.take()
            && spoilt
        {
            drop(Object::take(client));
        }
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        let Some(client) = self.client.take() else { return };
        let client = Object::take(client);
        let canceller = self.link.sessions.canceller(&client);
        drop(client);
        if !self.link.cancels {
            return;
        }
        // Without this, a statement that waits for a lock keeps its session on the server, and they add up. Nobody waits
        // for it, and a session that could not be told ends by itself.
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(async move { canceller.cancel().await });
        }
    }
}

/// An answer that is not one of PostgreSQL.
pub(super) fn unreadable() -> Error {
    unavailable("the server gives answers that PostgreSQL does not")
}
