//! What answers: the endpoint as it is now, and the store.

use std::sync::Arc;

use tokenmint::config::Service;
use tokenmint::endpoint::Endpoint;
use tokenmint::{Context, Error, ErrorCode, Task};
use tokenmint_store::Database;
use tokio::sync::watch;

use crate::metrics::{Counted, Metrics};
use crate::trusted_keys::TrustedKeys;
use crate::{keys, log, mint};

/// What every listener of this process asks.
pub(crate) struct App {
    /// Another one where the configuration has changed, or what it names.
    service: watch::Sender<Service>,
    pub(crate) store: Counted,
    /// The keys of trusted issuers, which are fetched when something needs them.
    pub(crate) keys: TrustedKeys,
    /// What is counted, where somebody can ask for it.
    metrics: Option<Arc<Metrics>>,
}

impl App {
    pub(crate) fn new(service: Service, store: Database) -> Self {
        Self::counting(service, store, None)
    }

    /// One that counts what happens.
    pub(crate) fn counting(service: Service, store: Database, metrics: Option<Arc<Metrics>>) -> Self {
        let store = Counted::new(store, metrics.clone());
        App { service: watch::Sender::new(service), store, keys: TrustedKeys::new(), metrics }
    }

    pub(crate) fn metrics(&self) -> Option<&Arc<Metrics>> {
        self.metrics.as_ref()
    }

    /// Makes the store ready for requests.
    pub(crate) async fn prepare(&self) -> Result<(), Error> {
        let service = self.service.borrow().clone();
        self.prepare_for(&service).await
    }

    /// Makes the store ready for what is to serve.
    pub(crate) async fn prepare_for(&self, service: &Service) -> Result<(), Error> {
        self.run(service.prepare_store(&context()?)).await
    }

    /// Answers with `service` from now on; requests under way end as they began.
    pub(crate) fn replace(&self, service: Service) {
        self.service.send_replace(service);
    }

    /// Tells when there is another endpoint.
    pub(crate) fn changes(&self) -> watch::Receiver<Service> {
        self.service.subscribe()
    }

    pub(crate) fn endpoint(&self) -> Endpoint {
        self.service.borrow().endpoint.clone()
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
