//! What the connections of one listener have in common, beside what it serves.

use std::sync::Arc;
use std::time::Duration;

use crate::log;
use crate::metrics::Metrics;

/// A listener, as it is told of.
pub(crate) struct Listener {
    name: &'static str,
    metrics: Option<Arc<Metrics>>,
}

/// A connection of a listener, until it is dropped.
pub(crate) struct Open(Arc<Listener>);

impl Listener {
    /// The one of the dialects.
    pub(crate) fn public(metrics: Option<Arc<Metrics>>) -> Arc<Self> {
        Self::named("public", metrics)
    }

    /// The operator's.
    pub(crate) fn admin(metrics: Option<Arc<Metrics>>) -> Arc<Self> {
        Self::named("admin", metrics)
    }

    fn named(name: &'static str, metrics: Option<Arc<Metrics>>) -> Arc<Self> {
        if let Some(metrics) = &metrics {
            metrics.listens(name);
        }
        Arc::new(Listener { name, metrics })
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

    /// A request was answered.
    pub(crate) fn answered(&self, method: &'static str, route: &'static str, status: u16, took: Duration) {
        log::access(method, route, status, took);
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
