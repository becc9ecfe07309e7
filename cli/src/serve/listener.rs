//! What the connections of one listener have in common, beside what it serves.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::HeaderMap;
use tokio::sync::watch;

use super::settings::Settings;
use crate::metrics::Metrics;
use crate::{log, trace};

/// A listener, as it is told of.
pub(crate) struct Listener {
    name: &'static str,
    metrics: Option<Arc<Metrics>>,
    settings: watch::Receiver<Settings>,
}

/// A connection of a listener, until it is dropped.
pub(crate) struct Open(Arc<Listener>);

impl Listener {
    /// The one of the dialects.
    pub(crate) fn public(metrics: Option<Arc<Metrics>>, settings: watch::Receiver<Settings>) -> Arc<Self> {
        Self::named("public", metrics, settings)
    }

    /// The operator's.
    pub(crate) fn admin(metrics: Option<Arc<Metrics>>, settings: watch::Receiver<Settings>) -> Arc<Self> {
        Self::named("admin", metrics, settings)
    }

    /// One that nobody counts, and that knows no proxies.
    #[cfg(test)]
    pub(crate) fn alone() -> Arc<Self> {
        let (keep_alive, proxies) = (Duration::ZERO, crate::proxies::Proxies::default());
        let settings = Settings { keep_alive, of_one: 1, proxies, drain_delay: None };
        Self::public(None, watch::Sender::new(settings).subscribe())
    }

    fn named(
        name: &'static str,
        metrics: Option<Arc<Metrics>>,
        settings: watch::Receiver<Settings>,
    ) -> Arc<Self> {
        if let Some(metrics) = &metrics {
            metrics.listens(name);
        }
        Arc::new(Listener { name, metrics, settings })
    }

    /// A connection has a place; another one's where it was `displaced`.
    pub(crate) fn opened(self: &Arc<Self>, displaced: bool) -> Open {
        if let Some(metrics) = &self.metrics {
            metrics.accepted(self.name, displaced);
        }
        Open(Arc::clone(self))
    }

    /// There was no place for a connection.
    pub(crate) fn refused(&self) {
        if let Some(metrics) = &self.metrics {
            metrics.refused(self.name);
        }
    }

    /// Who sent a request, where proxies are named that say so.
    pub(crate) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> Option<IpAddr> {
        self.settings.borrow().proxies.client(peer, headers)
    }

    /// A request was answered.
    pub(crate) fn answered(
        &self,
        method: &'static str,
        route: &'static str,
        status: u16,
        took: Duration,
        client: Option<IpAddr>,
    ) {
        log::access(method, route, status, took, client);
        trace::answered(status);
        if let Some(metrics) = &self.metrics {
            metrics.request(self.name, route, method, status, took);
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if let Some(metrics) = &self.0.metrics {
            metrics.ended(self.0.name);
        }
    }
}
