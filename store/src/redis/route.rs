//! Where a command goes: to the one server there is, or to the node of a Cluster that has its key.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::{join_all, select_ok};
use redis::aio::ConnectionLike as _;
use redis::{Cmd, FromRedisValue, Value};
use tokenmint::StoreError;

use super::cluster::Cluster;
use super::connect::{Connection, Link};
use super::faults::{self, Failed};
use super::node::Node;

/// How many commands of one task are on their way at the same time in a Cluster.
const TOGETHER: usize = 256;

/// The servers of a store.
// Boxed, since they are large beside the other stores.
pub(super) enum Servers {
    One {
        link: Box<Link>,
        /// What replicas must confirm goes over a connection of its own: WAIT holds up whatever comes behind it.
        confirmed: Box<Link>,
    },
    Cluster(Box<Cluster>),
}

impl Servers {
    /// A way for commands about keys; to one server there is a connection then.
    pub(super) async fn route(&self) -> Result<Route<'_>, StoreError> {
        self.way(false).await
    }

    /// A way for a write and the WAIT after it, which counts the writes of its own connection only.
    pub(super) async fn confirmed(&self) -> Result<Route<'_>, StoreError> {
        self.way(true).await
    }

    async fn way(&self, wanted: bool) -> Result<Route<'_>, StoreError> {
        match self {
            Servers::One { link, confirmed } => {
                let link = if wanted { confirmed } else { link };
                Ok(Route::One(link.connection().await.map_err(faults::unreachable)?))
            }
            Servers::Cluster(cluster) => Ok(Route::Cluster { cluster, confirmed: wanted }),
        }
    }

    /// A connection to some server.
    pub(super) async fn any(&self) -> Result<Connection, StoreError> {
        match self {
            Servers::One { link, .. } => link.connection().await.map_err(faults::unreachable),
            Servers::Cluster(cluster) => {
                let primaries = cluster.topology().await.primaries();
                if primaries.is_empty() {
                    return Err(StoreError::Unavailable);
                }
                let links = primaries.iter().map(|(_, node)| node.link(false).connection().boxed());
                let (connection, _) = select_ok(links).await.map_err(faults::unreachable)?;
                Ok(connection)
            }
        }
    }

    /// The parts that a walk goes through, one after the other: all that is stored is in one of them.
    pub(super) async fn parts(&self) -> Result<Vec<Part>, StoreError> {
        match self {
            Servers::One { link, .. } => {
                let connection = link.connection().await.map_err(faults::unreachable)?;
                Ok(vec![Part { node: None, connection }])
            }
            Servers::Cluster(cluster) => {
                let topology = cluster.topology().await;
                // What lies in slots that nobody has is not to be taken for absent.
                if topology.unassigned() > 0 {
                    return Err(StoreError::Unavailable);
                }
                let mut parts = Vec::new();
                for (slot, node) in topology.primaries() {
                    let connection = node.link(false).connection().await.map_err(faults::unreachable)?;
                    parts.push(Part { node: Some((slot, node)), connection });
                }
                Ok(parts)
            }
        }
    }
}

/// A server whose keys are walked through.
pub(super) struct Part {
    /// In a Cluster the node, and the first slot that it has.
    pub(super) node: Option<(u16, Arc<Node>)>,
    pub(super) connection: Connection,
}

/// A way for commands, each about one key.
pub(super) enum Route<'a> {
    One(Connection),
    Cluster { cluster: &'a Cluster, confirmed: bool },
}

impl Route<'_> {
    /// Sends a command about the key of this name. The answer comes with the connection that it came over.
    pub(super) async fn send(&self, name: &[u8], command: &Cmd) -> Result<(Value, Connection), Failed> {
        match self {
            Route::One(connection) => {
                let mut connection = connection.clone();
                let value = command.query_async(&mut connection).await.map_err(Failed::Sent)?;
                Ok((value, connection))
            }
            Route::Cluster { cluster, confirmed } => cluster.send(name, command, *confirmed).await,
        }
    }

    /// Reads something of the key of this name.
    pub(super) async fn read<T: FromRedisValue>(&self, name: &[u8], command: &Cmd) -> Result<T, StoreError> {
        let (value, _) = self.send(name, command).await.map_err(faults::read)?;
        answer(value)
    }

    /// Reads something of many keys at once.
    pub(super) async fn read_all<T: FromRedisValue>(
        &self,
        commands: Vec<(Vec<u8>, Cmd)>,
    ) -> Result<Vec<T>, StoreError> {
        // The client refuses to send nothing.
        if commands.is_empty() {
            return Ok(Vec::new());
        }
        match self {
            Route::One(connection) => {
                let count = commands.len();
                let mut pipeline = redis::pipe();
                for (_, command) in commands {
                    pipeline.add_command(command);
                }
                let mut connection = connection.clone();
                let answers = connection.req_packed_commands(&pipeline, 0, count);
                answers.await.map_err(faults::read)?.into_iter().map(answer).collect()
            }
            Route::Cluster { .. } => {
                let mut answers = Vec::with_capacity(commands.len());
                for commands in commands.chunks(TOGETHER) {
                    let reads = commands.iter().map(|(name, command)| self.read(name, command));
                    for answer in join_all(reads).await {
                        answers.push(answer?);
                    }
                }
                Ok(answers)
            }
        }
    }
}

/// What a read was answered; of many at once, each has its own error.
fn answer<T: FromRedisValue>(value: Value) -> Result<T, StoreError> {
    let value = value.extract_error().map_err(faults::read)?;
    redis::from_redis_value(value).map_err(|_| StoreError::Corrupt)
}
