//! One request: read with bounds, handed to the core, answered, and logged without secrets.

use std::convert::Infallible;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Bytes, Incoming};
use tokenmint::Context;
use tokenmint::endpoint::{Endpoint, MAX_BODY};
use tokenmint_store::Database;

use crate::{keys, log, mint};

type Response = hyper::Response<Full<Bytes>>;

/// How long a body may take to arrive.
pub(crate) const BODY_TIME: Duration = Duration::from_secs(10);

/// How much of a body that is too large is read and thrown away, in bytes. A client that is still sending when the
/// connection closes would not see the answer.
const MAX_WASTE: usize = 1024 * 1024;

/// What answers requests.
pub(crate) struct App {
    /// Another one where a key ring has changed.
    endpoint: RwLock<Endpoint>,
    pub(crate) store: Database,
}

impl App {
    pub(crate) fn new(endpoint: Endpoint, store: Database) -> Self {
        App { endpoint: RwLock::new(endpoint), store }
    }

    /// Answers with `endpoint` from now on; requests under way end as they began.
    pub(crate) fn replace(&self, endpoint: Endpoint) {
        *self.endpoint.write().unwrap_or_else(PoisonError::into_inner) = endpoint;
    }

    fn endpoint(&self) -> Endpoint {
        self.endpoint.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Answers a request, whatever happens.
pub(crate) async fn answer(app: Arc<App>, request: hyper::Request<Incoming>) -> Result<Response, Infallible> {
    let start = Instant::now();
    let (method, route) = (log::method(request.method()), log::route(request.uri().path()));
    let response = respond(&app, request).await;
    log::access(method, route, response.status().as_u16(), start.elapsed());
    Ok(response)
}

async fn respond(app: &App, request: hyper::Request<Incoming>) -> Response {
    let (parts, body) = request.into_parts();
    let waits = parts.headers.contains_key(hyper::header::EXPECT);
    let body = match tokio::time::timeout(BODY_TIME, read(body, waits)).await {
        Ok(Ok(body)) => body,
        // The client went away in the middle of its body; hardly anybody reads this.
        Ok(Err(_)) => return refusal(400, "the body ended too early"),
        Err(_) => return refusal(408, "the body took too long"),
    };
    let oversized = body.len() > MAX_BODY;
    let Ok(seed) = keys::seed() else { return refusal(503, "the system has no randomness") };
    let context = Context::at_micros(mint::now_micros(), seed);
    let task = app.endpoint().handle(hyper::Request::from_parts(parts, body), &context);
    let outcome = task.run_async(&app.store).await;
    for event in &outcome.events {
        log::event(event);
    }
    match outcome.result {
        Ok(response) => {
            let mut response = response.map(|body| Full::new(Bytes::from(body)));
            if oversized {
                close(&mut response);
            }
            response
        }
        Err(error) => {
            log::fault(&error);
            refusal(500, "an internal rule was broken")
        }
    }
}

/// Reads a body; one that is too large gives its first bytes, of which the core sees that they are too many.
async fn read(mut body: Incoming, client_waits: bool) -> Result<Vec<u8>, hyper::Error> {
    let declared = body.size_hint().lower();
    if client_waits && declared > MAX_BODY as u64 {
        // The client asked before sending (RFC 9110 section 10.1.1): it need not begin.
        return Ok(vec![0; MAX_BODY + 1]);
    }
    let mut bytes = Vec::with_capacity(usize::try_from(declared).unwrap_or(0).min(MAX_BODY + 1));
    let mut wasted = 0;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        let room = MAX_BODY + 1 - bytes.len();
        bytes.extend_from_slice(&data[..data.len().min(room)]);
        wasted += data.len().saturating_sub(room);
        if wasted > MAX_WASTE {
            break;
        }
    }
    Ok(bytes)
}

/// An answer of this host, where the core cannot give one.
fn refusal(status: u16, text: &str) -> Response {
    let body = serde_json::json!({ "error": "invalid_request", "error_description": text }).to_string();
    let mut response = hyper::Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() =
        hyper::StatusCode::from_u16(status).unwrap_or(hyper::StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(hyper::header::CONTENT_TYPE, hyper::header::HeaderValue::from_static("application/json"));
    headers.insert(hyper::header::CACHE_CONTROL, hyper::header::HeaderValue::from_static("no-store"));
    close(&mut response);
    response
}

/// What is left of the request's body is not read: the connection cannot serve another.
fn close(response: &mut Response) {
    response
        .headers_mut()
        .insert(hyper::header::CONNECTION, hyper::header::HeaderValue::from_static("close"));
}
