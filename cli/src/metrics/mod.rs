//! What is counted, for Prometheus. Nothing is where no admin listener could tell it.
//!
//! A label holds what is known beforehand: the pattern of a route, a code, the id of a key of the configuration. Never what
//! a client sends.

mod store;

use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use tokenmint::{Error, Event, RingSchedule, RotationAction, UnixTime};

pub(crate) use store::Counted;

/// The bounds of the times that are counted, in seconds: from what memory takes to what a store is waited for.
const SECONDS: [f64; 16] =
    [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// All that is counted.
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<Answered, Counter>,
    request_seconds: Family<Asked, Histogram>,
    events: Family<Happened, Counter>,
    operations: Family<Operated, Counter>,
    store_seconds: Family<Commanded, Histogram>,
    sweeps: Family<Swept, Counter>,
    removed: Counter,
    connections: Family<Listening, Gauge>,
    accepted: Family<Listening, Counter>,
    displaced: Family<Listening, Counter>,
    refused: Family<Listening, Counter>,
    // What is looked up when somebody asks.
    key_age: Family<RingKeyLabels, Gauge>,
    key_step: Family<RingStep, Gauge<f64, AtomicU64>>,
    status_list_age: Family<Whole, Gauge<f64, AtomicU64>>,
    /// When the status lists were last known to be young.
    status_lists: Mutex<Option<Instant>>,
}

/// For what there is once.
type Whole = [(&'static str, &'static str); 0];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Asked {
    listener: &'static str,
    route: &'static str,
    method: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    listener: &'static str,
    route: &'static str,
    method: &'static str,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Happened {
    event: &'static str,
    reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Operated {
    operation: &'static str,
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Commanded {
    command: &'static str,
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Swept {
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Listening {
    listener: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RingKeyLabels {
    ring: String,
    kid: String,
    state: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RingStep {
    ring: String,
    action: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Build {
    version: &'static str,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let metrics = Metrics {
            registry: Registry::with_prefix("tokenmint"),
            requests: Family::default(),
            request_seconds: Family::new_with_constructor(|| Histogram::new(SECONDS)),
            events: Family::default(),
            operations: Family::default(),
            store_seconds: Family::new_with_constructor(|| Histogram::new(SECONDS)),
            sweeps: Family::default(),
            removed: Counter::default(),
            connections: Family::default(),
            accepted: Family::default(),
            displaced: Family::default(),
            refused: Family::default(),
            key_age: Family::default(),
            key_step: Family::default(),
            status_list_age: Family::default(),
            status_lists: Mutex::default(),
        };
        metrics.registered()
    }

    fn registered(mut self) -> Self {
        let all = &mut self.registry;
        // Not an `info`, which the older format does not know.
        let build = Family::<Build, Gauge>::default();
        build.get_or_create(&Build { version: env!("CARGO_PKG_VERSION") }).set(1);
        all.register("build_info", "The release that runs", build);
        all.register("http_requests", "Requests that were answered", self.requests.clone());
        let about = "How long requests took, from their head to their answer";
        all.register_with_unit("http_request_duration", about, Unit::Seconds, self.request_seconds.clone());
        all.register("events", "What happened in flows, as the log tells it", self.events.clone());
        all.register("operations", "Calls of the admin API", self.operations.clone());
        let about = "How long the store took for a command";
        all.register_with_unit("store_command_duration", about, Unit::Seconds, self.store_seconds.clone());
        all.register("sweeps", "How often expired records were looked for", self.sweeps.clone());
        all.register("swept_records", "Expired records that were removed", self.removed.clone());
        all.register("connections", "Connections that are open", self.connections.clone());
        all.register("connections_accepted", "Connections that got a place", self.accepted.clone());
        let about = "Connections that were closed while they waited, to make room";
        all.register("connections_displaced", about, self.displaced.clone());
        all.register("connections_refused", "Connections for which there was no place", self.refused.clone());
        let about = "How long a key has been in its state";
        all.register_with_unit("key_state_age", about, Unit::Seconds, self.key_age.clone());
        let about = "How long until a ring's next step may be done; negative where it is due";
        all.register_with_unit("key_rotation_due", about, Unit::Seconds, self.key_step.clone());
        let about = "How long ago the status lists were made, or found to be young";
        all.register_with_unit("status_list_age", about, Unit::Seconds, self.status_list_age.clone());
        self
    }

    /// A request was answered.
    pub(crate) fn request(
        &self,
        listener: &'static str,
        route: &'static str,
        method: &'static str,
        status: u16,
        took: Duration,
    ) {
        self.requests.get_or_create(&Answered { listener, route, method, status }).inc();
        self.request_seconds.get_or_create(&Asked { listener, route, method }).observe(took.as_secs_f64());
    }

    /// Something happened in a flow.
    pub(crate) fn event(&self, event: &Event) {
        let reason = event.reason.map_or("", |code| code.name());
        self.events.get_or_create(&Happened { event: event.kind.name(), reason }).inc();
    }

    /// Somebody called the admin API.
    pub(crate) fn operation(&self, operation: &'static str, refused: Option<&Error>) {
        let result = refused.map_or("done", |error| error.code().name());
        self.operations.get_or_create(&Operated { operation, result }).inc();
    }

    /// What expired was looked for, and so much of it removed.
    pub(crate) fn sweep(&self, removed: u64, whole: bool) {
        let result = if whole { "done" } else { "failed" };
        self.sweeps.get_or_create(&Swept { result }).inc();
        self.removed.inc_by(removed);
    }

    /// The status lists are young.
    pub(crate) fn status_lists_are_young(&self) {
        *self.status_lists.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// There is a listener; what it has not seen yet is told as none.
    pub(crate) fn listens(&self, listener: &'static str) {
        let listening = Listening { listener };
        let _ = self.connections.get_or_create(&listening);
        for counted in [&self.accepted, &self.displaced, &self.refused] {
            let _ = counted.get_or_create(&listening);
        }
    }

    /// A connection got a place; another one's where it was `displaced`.
    pub(crate) fn accepted(&self, listener: &'static str, displaced: bool) {
        let listening = Listening { listener };
        self.connections.get_or_create(&listening).inc();
        self.accepted.get_or_create(&listening).inc();
        if displaced {
            self.displaced.get_or_create(&listening).inc();
        }
    }

    /// A connection has ended.
    pub(crate) fn ended(&self, listener: &'static str) {
        self.connections.get_or_create(&Listening { listener }).dec();
    }

    /// There was no place for a connection.
    pub(crate) fn refused(&self, listener: &'static str) {
        self.refused.get_or_create(&Listening { listener }).inc();
    }

    /// All of it, in the text format of OpenMetrics 1.0; the older one of Prometheus reads it as well.
    pub(crate) fn text(&self, rings: &[RingSchedule], now: UnixTime) -> String {
        let until = |then: UnixTime| then.seconds().saturating_sub(now.seconds());
        self.key_age.clear();
        self.key_step.clear();
        for ring in rings {
            for key in ring.keys() {
                let labels =
                    RingKeyLabels { ring: ring.name().to_owned(), kid: key.kid, state: key.state.name() };
                self.key_age.get_or_create(&labels).set(-until(key.since));
            }
            let step = ring.plan(now);
            let labels = RingStep { ring: ring.name().to_owned(), action: name(&step.action) };
            self.key_step.get_or_create(&labels).set(until(step.earliest) as f64);
        }
        if let Some(young) = *self.status_lists.lock().unwrap_or_else(PoisonError::into_inner) {
            self.status_list_age.get_or_create(&[]).set(young.elapsed().as_secs_f64());
        }
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

fn name(action: &RotationAction) -> &'static str {
    match action {
        RotationAction::Announce => "announce",
        RotationAction::Activate { .. } => "activate",
        RotationAction::Remove { .. } => "remove",
    }
}
