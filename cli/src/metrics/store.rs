//! A store whose commands are counted.

use std::sync::Arc;
use std::time::Instant;

use tokenmint::{AsyncStore, Command, Durability, Reply, StoreError};
use tokenmint_store::Database;

use super::{Commanded, Metrics};
use crate::trace;

/// The store of this process; its commands are counted where anybody counts.
pub(crate) struct Counted {
    store: Database,
    metrics: Option<Arc<Metrics>>,
}

impl Counted {
    pub(crate) fn new(store: Database, metrics: Option<Arc<Metrics>>) -> Self {
        Counted { store, metrics }
    }

    /// As [`Database::now_ms`].
    pub(crate) async fn now_ms(&self) -> Option<u64> {
        self.store.now_ms().await
    }
}

impl AsyncStore for Counted {
    async fn execute(&self, command: Command) -> Result<Reply, StoreError> {
        let name = name(&command);
        let span = trace::command(name);
        let start = self.metrics.as_ref().map(|metrics| (metrics, Instant::now()));
        let reply = self.store.execute(command).await;
        if let Some((metrics, start)) = start {
            let labels = Commanded { command: name, result: result(&reply) };
            metrics.store_seconds.get_or_create(&labels).observe(start.elapsed().as_secs_f64());
        }
        if let Some(span) = span {
            span.done(result(&reply), reply.is_err());
        }
        reply
    }

    fn durability(&self) -> Durability {
        self.store.durability()
    }
}

fn name(command: &Command) -> &'static str {
    match command {
        Command::Load { .. } => "load",
        Command::Cas { .. } => "cas",
        Command::Throttle { .. } => "throttle",
        Command::Sweep { .. } => "sweep",
        Command::List { .. } => "list",
        Command::Sign { .. } => "sign",
        Command::VerifySignature { .. } => "verify_signature",
        _ => "other",
    }
}

fn result(reply: &Result<Reply, StoreError>) -> &'static str {
    match reply {
        Ok(Reply::Conflict(_)) => "conflict",
        Ok(Reply::Denied { .. }) => "denied",
        Ok(_) => "done",
        Err(StoreError::Unavailable) => "unavailable",
        Err(StoreError::Unknown) => "unknown",
        Err(StoreError::Corrupt) => "corrupt",
        Err(StoreError::TooLarge) => "too_large",
    }
}
