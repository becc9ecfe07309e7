//! Logs: JSON lines on standard error, without tokens and secrets.
//!
//! A path may hold a link token or a public token, a query anything: only route patterns are logged. Events of the
//! core hold ids and fingerprints only.

use std::fmt::{self, Write};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hyper::Method;
use serde_json::Value;
use tokenmint::{Error, Event, EventKind};
use tracing::field::{self, Field, Visit};
use tracing::{Subscriber, debug, error, info, warn};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;

use crate::recent::Recent;
use crate::trace;

/// What happens in flows, and who calls the admin API.
const EVENTS: &str = "tokenmint::event";

/// Starts logging: warnings if `quiet`, else what `RUST_LOG` says, else all that happens. The latest events of it are kept
/// where they are asked for.
pub(crate) fn start(quiet: bool) -> Arc<Recent> {
    let recent = Arc::new(Recent::new());
    let asked = std::env::var("RUST_LOG").ok().filter(|text| !text.is_empty());
    let filter = match quiet {
        true => Targets::new().with_default(LevelFilter::WARN),
        false => asked
            .and_then(|text| text.parse().ok())
            .unwrap_or_else(|| Targets::new().with_default(LevelFilter::INFO)),
    };
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .with_writer(std::io::stderr)
        .event_format(JsonLines(Arc::clone(&recent)))
        .finish()
        .with(filter);
    // Only this program sets it, and once.
    let _ = tracing::subscriber::set_global_default(subscriber);
    recent
}

/// The routes whose requests are told only where something is wrong, or somebody wants to know.
const PROBES: [&str; 4] = ["/livez", "/readyz", "/metrics", "/v1/events"];

/// A request was answered; `address` is the client's, where it is known.
pub(crate) fn access(
    method: &'static str,
    route: &'static str,
    status: u16,
    took: Duration,
    address: Option<IpAddr>,
) {
    let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    let address = address.map(field::display);
    // Who probes does so every few seconds.
    if PROBES.contains(&route) && status < 400 {
        debug!(target: "tokenmint::access", method, route, status, micros, address);
    } else {
        info!(target: "tokenmint::access", method, route, status, micros, address);
    }
}

/// Something happened in a flow.
pub(crate) fn event(event: &Event) {
    let record = serde_json::to_string(event).unwrap_or_default();
    match event.kind {
        EventKind::RefreshReuseDetected
        | EventKind::LinkReuse
        | EventKind::StoreRegressed
        | EventKind::SecurityEventRefused
        | EventKind::ClockSkew => {
            warn!(target: EVENTS, record);
        }
        _ => info!(target: EVENTS, record),
    }
}

/// Somebody called the admin API, by an admin key or without one. Neither what was given nor what came of it is told.
pub(crate) fn admin(key: Option<&str>, operation: &'static str, refused: Option<&Error>) {
    let result = refused.map_or("done", |error| error.code().name());
    info!(target: EVENTS, event = "admin_call", key, operation, result);
}

/// The core gave no response.
pub(crate) fn fault(fault: &Error) {
    error!(target: "tokenmint::fault", code = fault.code().name(), message = %fault);
}

/// A connection lost its place to a new one; `full` is whose places were all taken.
pub(crate) fn displaced(full: &'static str, address: IpAddr) {
    static SO_FAR: Rarely = Rarely::new();
    SO_FAR.tell(move |count| {
        warn!(target: "tokenmint::serve", full, %address, count, "too many connections: one that waited was closed");
    });
}

/// There was no place for a connection.
pub(crate) fn refused(full: &'static str, address: IpAddr) {
    static SO_FAR: Rarely = Rarely::new();
    SO_FAR.tell(move |count| {
        warn!(target: "tokenmint::serve", full, %address, count, "too many requests at once: a connection was refused");
    });
}

/// A connection could not be accepted.
pub(crate) fn not_accepted(error: &std::io::Error) {
    static SO_FAR: Rarely = Rarely::new();
    let error = error.to_string();
    SO_FAR.tell(move |count| {
        warn!(target: "tokenmint::serve", error, count, "a connection was not accepted");
    });
}

/// What came over a connection was no request, or one with too large a head.
pub(crate) fn unreadable(error: &hyper::Error) {
    static SO_FAR: Rarely = Rarely::new();
    let error = error.to_string();
    SO_FAR.tell(move |count| {
        info!(target: "tokenmint::serve", error, count, "a request could not be read");
    });
}

/// Keeps what a client can cause from flooding the log: the first is told at once, and 10 seconds later how many
/// followed it, with the latest.
struct Rarely(Mutex<Option<(u64, Told)>>);

/// Writes a line, which says how many it stands for.
type Told = Box<dyn Fn(u64) + Send>;

impl Rarely {
    const EVERY: Duration = Duration::from_secs(10);

    const fn new() -> Self {
        Rarely(Mutex::new(None))
    }

    fn tell(&'static self, line: impl Fn(u64) + Send + 'static) {
        let mut followed = self.followed();
        if let Some((count, latest)) = &mut *followed {
            (*count, *latest) = (*count + 1, Box::new(line));
            return;
        }
        line(1);
        *followed = Some((0, Box::new(line)));
        drop(followed);
        tokio::spawn(async move {
            tokio::time::sleep(Self::EVERY).await;
            match self.followed().take() {
                Some((count, latest)) if count > 0 => latest(count),
                _ => {}
            }
        });
    }

    fn followed(&self) -> MutexGuard<'_, Option<(u64, Told)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A method's name; one that is not known could hold anything.
pub(crate) fn method(method: &Method) -> &'static str {
    const KNOWN: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    KNOWN.into_iter().find(|known| *known == method.as_str()).unwrap_or("OTHER")
}

/// The pattern of the route that a path belongs to.
pub(crate) fn route(path: &str) -> &'static str {
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    match segments.as_slice() {
        ["entity", _, "token"] => "/entity/{id}/token",
        ["entity", _, "user", _, "token"] => "/entity/{id}/user/{id}/token",
        ["entityGroup", _, "token"] => "/entityGroup/{id}/token",
        ["entityGroup", _, "user", _, "token"] => "/entityGroup/{id}/user/{id}/token",
        ["organization", "invalidateTokens"] => "/organization/invalidateTokens",
        ["v1", "auth", "token"] => "/v1/auth/token",
        ["v1", "auth", "revoke"] => "/v1/auth/revoke",
        ["auth", "token"] => "/auth/token",
        ["auth", "token", "refresh"] => "/auth/token/refresh",
        ["api", "link-token", "redeem"] => "/api/link-token/redeem",
        ["api", _, "v1", "link-token"] => "/api/{category}/v1/link-token",
        ["api", _, "v1", "delete-account"] => "/api/{category}/v1/delete-account",
        ["api", _, "v1", "account-token", "regenerate"] => "/api/{category}/v1/account-token/regenerate",
        ["api", _, "v1", "account-token", _] => "/api/{category}/v1/account-token/{token}",
        ["magic-link", _] => "/magic-link/{token}",
        [".well-known", "jwks.json"] => "/.well-known/jwks.json",
        ["oauth", "token"] => "/oauth/token",
        ["oauth", "revoke"] => "/oauth/revoke",
        ["oauth", "introspect"] => "/oauth/introspect",
        ["oauth", "events"] => "/oauth/events",
        [".well-known", "oauth-authorization-server", ..] => "/.well-known/oauth-authorization-server",
        ["introspect"] => "/introspect",
        ["openapi.json"] => "/openapi.json",
        _ => "other",
    }
}

/// One JSON object on a line: time, level, target, and the fields. The field `record` is an object itself, whose
/// members become fields.
struct JsonLines(Arc<Recent>);

impl<S, N> FormatEvent<S, N> for JsonLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &tracing::Event<'_>,
    ) -> fmt::Result {
        let mut ts = String::new();
        SystemTime.format_time(&mut Writer::new(&mut ts))?;
        let metadata = event.metadata();
        let mut line = Line(String::from("{"));
        line.member("ts", &ts.into());
        line.member("level", &metadata.level().as_str().to_ascii_lowercase().into());
        line.member("target", &metadata.target().into());
        event.record(&mut line);
        trace::members(|name, value| line.member(name, &value.into()));
        line.0.push('}');
        if metadata.target() == EVENTS {
            self.0.keep(&line.0);
        }
        writeln!(writer, "{}", line.0)
    }
}

struct Line(String);

impl Line {
    fn member(&mut self, name: &str, value: &Value) {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        // Writing to a string does not fail.
        let _ = write!(self.0, "{}:{value}", Value::from(name));
    }
}

impl Visit for Line {
    fn record_str(&mut self, field: &Field, value: &str) {
        match value.strip_prefix('{').and_then(|value| value.strip_suffix('}')) {
            Some(members) if field.name() == "record" && !members.is_empty() => {
                self.0.push(',');
                self.0.push_str(members);
            }
            _ => self.member(field.name(), &value.into()),
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.member(field.name(), &value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.member(field.name(), &value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.member(field.name(), &value.into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.member(field.name(), &format!("{value:?}").into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_is_a_pattern() {
        assert_eq!(route("/entity/ent_1/user/u/token"), "/entity/{id}/user/{id}/token");
        assert_eq!(route("/magic-link/secret"), "/magic-link/{token}");
        assert_eq!(
            route("/api/hris/v1/account-token/regenerate"),
            "/api/{category}/v1/account-token/regenerate"
        );
        for path in ["/magic-links/secret", "", "/", "*", "/api/hris/v1/account-tokens/secret", "secret"] {
            assert!(!route(path).contains("secret"), "{path}");
        }
    }

    #[test]
    fn an_unknown_method_is_not_repeated() {
        assert_eq!(method(&Method::from_bytes(b"SECRET").unwrap()), "OTHER");
        assert_eq!(method(&Method::POST), "POST");
    }

    #[tokio::test(start_paused = true)]
    async fn what_happens_often_is_told_rarely_and_counted() {
        static SO_FAR: Rarely = Rarely::new();
        static TOLD: Mutex<Vec<(u64, u64)>> = Mutex::new(Vec::new());
        let happens = |which| SO_FAR.tell(move |count| TOLD.lock().unwrap().push((which, count)));
        (0..100).for_each(happens);
        assert_eq!(*TOLD.lock().unwrap(), [(0, 1)]);
        tokio::time::sleep(Rarely::EVERY * 3).await;
        happens(100);
        assert_eq!(*TOLD.lock().unwrap(), [(0, 1), (99, 99), (100, 1)]);
    }
}
