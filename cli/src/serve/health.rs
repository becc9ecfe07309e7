//! Whether this process lives, is ready for requests, and what it has counted: for those who probe and scrape it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hyper::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use hyper::{HeaderMap, StatusCode};
use serde_json::json;
use tokenmint::dialect::response;
use tokenmint::endpoint::Response;
use tokenmint::{AsyncStore, Command, ErrorCode, RecordKey};
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use crate::app::{self, App};
use crate::mint;

/// How long the store may take to be called ready.
const STORE_TIME: Duration = Duration::from_secs(2);
/// For how long an answer stands: however many probe, the store and the keys are asked once in this time.
const STANDS: Duration = Duration::from_secs(1);

const FINE: &str = "ok";

const OPEN_METRICS: &str = "application/openmetrics-text";

/// What can be asked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Probe {
    Live,
    Ready,
    Metrics,
}

/// Answers those who probe.
pub(crate) struct Health {
    app: Arc<App>,
    stopping: AtomicBool,
    last: Mutex<Option<(Instant, Checked)>>,
}

/// What came of the checks: [`FINE`], or the name of an error.
#[derive(Clone, Copy)]
struct Checked {
    store: &'static str,
    keys: &'static str,
}

impl Probe {
    const ALL: [Probe; 3] = [Probe::Live, Probe::Ready, Probe::Metrics];

    /// What a path asks.
    pub(crate) fn at(path: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|probe| probe.path() == path)
    }

    pub(crate) fn path(self) -> &'static str {
        match self {
            Probe::Live => "/livez",
            Probe::Ready => "/readyz",
            Probe::Metrics => "/metrics",
        }
    }
}

impl Health {
    pub(crate) fn new(app: Arc<App>) -> Self {
        Health { app, stopping: AtomicBool::new(false), last: Mutex::default() }
    }

    /// From now on it is not ready any more.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    pub(crate) async fn answer(&self, probe: Probe, headers: &HeaderMap) -> Response {
        match probe {
            Probe::Live => response::json(StatusCode::OK, json!({ "live": true })),
            Probe::Ready => self.ready().await,
            Probe::Metrics => self.metrics(headers),
        }
    }

    async fn ready(&self) -> Response {
        let serving = if self.stopping.load(Ordering::Relaxed) { "stopping" } else { FINE };
        let Checked { store, keys } = self.checked().await;
        let ready = [serving, store, keys] == [FINE; 3];
        let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        let checks = json!({ "serving": serving, "store": store, "keys": keys });
        response::json(status, json!({ "ready": ready, "checks": checks }))
    }

    async fn checked(&self) -> Checked {
        // Whoever comes meanwhile waits, and has the same answer.
        let mut last = self.last.lock().await;
        if let Some((at, checked)) = *last
            && at.elapsed() < STANDS
        {
            return checked;
        }
        let (store, keys) = tokio::join!(self.store(), self.keys());
        let checked = Checked { store, keys };
        *last = Some((Instant::now(), checked));
        checked
    }

    /// Whether the store answers a question about a record that is not there.
    async fn store(&self) -> &'static str {
        let asked = async {
            let key = RecordKey::new(b"readyz").ok_or(ErrorCode::Internal)?;
            self.app.store.execute(Command::Load { keys: vec![key] }).await.map_err(ErrorCode::from)
        };
        match timeout(STORE_TIME, asked).await {
            Ok(Ok(_)) => FINE,
            Ok(Err(code)) => code.name(),
            Err(_) => ErrorCode::StoreUnavailable.name(),
        }
    }

    /// Whether each issuer's key signs, and what it signs is found right.
    async fn keys(&self) -> &'static str {
        let checked = async {
            let context = app::context()?;
            self.app.run(self.app.endpoint().check_keys(&context)).await
        };
        checked.await.map_or_else(|error| error.code().name(), |()| FINE)
    }

    fn metrics(&self, headers: &HeaderMap) -> Response {
        let text = self.app.metrics().map(|metrics| metrics.text(self.app.endpoint().rings(), mint::now()));
        let mut response = Response::new(text.unwrap_or_default().into_bytes());
        let accepted = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
        let newer = accepted.into_iter().any(|value| value.contains(OPEN_METRICS) || value == "*/*");
        let media_type = match newer || !headers.contains_key(ACCEPT) {
            true => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            false => "text/plain; version=0.0.4; charset=utf-8",
        };
        let own = response.headers_mut();
        own.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        own.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}
