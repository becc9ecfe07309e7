//! The sessions on the server: the pool of those that are there, and how what one of them carries out is ended.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use deadpool_postgres::{
    ClientWrapper, Hook, HookError, Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod,
};
use tokenmint::Result;
use tokio::time::timeout;
use tokio_postgres::{CancelToken, Config, SimpleQueryMessage};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::faults::Failure;
use super::pooler;
use crate::target::unavailable;

/// The sessions on one server.
pub(super) struct Sessions {
    pool: Pool,
    tls: MakeRustlsConnect,
    pub(super) timeout: Duration,
    /// A pooler stands between, so no statement is given a name.
    pooled: Arc<AtomicBool>,
}

impl Sessions {
    /// Connects to nothing yet; so many in the pool at most.
    pub(super) fn new(
        config: Config,
        tls: MakeRustlsConnect,
        most: usize,
        timeout: Duration,
    ) -> Result<Self> {
        let pooled = Arc::new(AtomicBool::new(false));
        let found = Arc::clone(&pooled);
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let pool = Pool::builder(Manager::from_config(config, tls.clone(), recycling))
            .max_size(most)
            .post_create(Hook::async_fn(move |client, _| Box::pin(meet(client, Arc::clone(&found)))))
            .build()
            .map_err(|error| unavailable(format!("no pool: {error}")))?;
        Ok(Sessions { pool, tls, timeout, pooled })
    }

    /// Whether a pooler stands between; it is known from the first connection on.
    pub(super) fn is_pooled(&self) -> bool {
        self.pooled.load(Ordering::Relaxed)
    }

    /// Waits for a connection for a part of the time of a command only: that there was none is certain, what becomes of
    /// a statement at the end of the time is not.
    pub(super) async fn object(&self) -> Result<Object, Failure> {
        match timeout(self.timeout * 3 / 4, self.pool.get()).await {
            Ok(Ok(client)) => Ok(client),
            Ok(Err(PoolError::Backend(error) | PoolError::PostCreateHook(HookError::Backend(error)))) => {
                Err(Failure::Unconnected(Some(error)))
            }
            Ok(Err(PoolError::PostCreateHook(HookError::Message(_)))) => Err(Failure::Replica),
            Ok(Err(_)) | Err(_) => Err(Failure::Unconnected(None)),
        }
    }

    /// Leaves those that are idle.
    pub(super) fn renew(&self) {
        self.pool.retain(|_, _| false);
    }

    /// What ends the statement that a session carries out.
    pub(super) fn canceller(&self, client: &ClientWrapper) -> Canceller {
        Canceller { token: client.cancel_token(), tls: self.tls.clone(), time: self.timeout }
    }
}

/// Ends the statement that a session carries out.
pub(super) struct Canceller {
    token: CancelToken,
    tls: MakeRustlsConnect,
    time: Duration,
}

impl Canceller {
    /// Whether the server was told in time.
    pub(super) async fn cancel(&self) -> bool {
        matches!(timeout(self.time, self.token.cancel_query(self.tls.clone())).await, Ok(Ok(())))
    }
}

/// Looks at who answers on a new connection, before anything else is asked.
///
/// A replica is refused: it shows what was written a while ago. Who connects to one while it takes over from another
/// comes too early.
async fn meet(client: &ClientWrapper, pooled: Arc<AtomicBool>) -> Result<(), HookError> {
    let question = "SELECT pg_is_in_recovery(), pg_backend_pid()";
    let answer = client.simple_query(question).await.map_err(HookError::Backend)?;
    let row = answer.iter().find_map(|part| match part {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    });
    let column = |at| row.and_then(|row| row.try_get(at).ok().flatten());
    if column(0) == Some("t") {
        return Err(HookError::message("a replica"));
    }
    if pooler::is_between(client, column(1)).await && !pooled.swap(true, Ordering::Relaxed) {
        tracing::info!(target: "tokenmint::store", "postgres: a pooler stands between; statements get no names");
    }
    Ok(())
}
