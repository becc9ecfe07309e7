//! What answers: the endpoint as it is now, and the store.

use std::sync::{Arc, PoisonError, RwLock};

use tokenmint::config::Service;
use tokenmint::endpoint::Endpoint;
use tokenmint::{Context, Error, ErrorCode, Task};
use tokenmint_store::Database;

use crate::metrics::{Counted, Metrics};
use crate::trusted_keys::TrustedKeys;
use crate::{keys, log, mint};

/// What every listener of this process asks.
pub(crate) struct App {
    /// Another one where a key ring has changed.
    endpoint: RwLock<Endpoint>,
    pub(crate) store: Counted,
    /// The keys of trusted issuers, which are fetched when something needs them.
    pub(crate) keys: TrustedKeys,
    /// What is counted, where somebody can ask for it.
    metrics: Option<Arc<Metrics>>,
}

impl App {
    pub(crate) fn new(endpoint: Endpoint, store: Database) -> Self {
        Self::counting(endpoint, store, None)
    }

    /// One that counts what happens.
    pub(crate) fn counting(endpoint: Endpoint, store: Database, metrics: Option<Arc<Metrics>>) -> Self {
        let store = Counted::new(store, metrics.clone());
        App { endpoint: RwLock::new(endpoint), store, keys: TrustedKeys::new(), metrics }
    }

    pub(crate) fn metrics(&self) -> Option<&Arc<Metrics>> {
        self.metrics.as_ref()
    }

    /// Makes the store ready for requests.
    pub(crate) async fn prepare(&self, service: &Service) -> Result<(), Error> {
        self.run(service.prepare_store(&context()?)).await
    }

    /// Answers with `endpoint` from now on; requests under way end as they began.
    pub(crate) fn replace(&self, endpoint: Endpoint) {
        *self.endpoint.write().unwrap_or_else(PoisonError::into_inner) = endpoint;
    }

    pub(crate) fn endpoint(&self) -> Endpoint {
        self.endpoint.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Runs an operation, with whatever keys of trusted issuers its input needs.
    pub(crate) async fn operation(
        &self,
        issuer: Option<&str>,
        name: &str,
        input: &str,
        context: &Context,
    ) -> Result<String, Error> {
        let endpoint = self.endpoint();
        self.keys.bring(&endpoint, |now| endpoint.keys_wanted_by(issuer, input, now)).await;
        // What waits for a store is deep, and those who wait for it here as well: the compiler measures each in the next.
        Box::pin(self.run(endpoint.operation(issuer, name, input, context))).await
    }

    /// Drives a task to its end, and logs what happened on the way.
    pub(crate) async fn run<T: 'static>(&self, task: Task<T>) -> Result<T, Error> {
        let outcome = task.run_async(&self.store).await;
        for event in &outcome.events {
            log::event(event);
            if let Some(metrics) = &self.metrics {
                metrics.event(event);
            }
        }
        outcome.result
    }
}

/// The time, and randomness for one request.
pub(crate) fn context() -> Result<Context, Error> {
    let seed = keys::seed().map_err(|_| ErrorCode::Internal)?;
    Ok(Context::at_micros(mint::now_micros(), seed))
}
