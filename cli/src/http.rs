//! One request: read with bounds, handed to the core, answered, and logged without secrets.

use std::convert::Infallible;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Bytes, Incoming};
use hyper::header::{CONNECTION, EXPECT, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Request, StatusCode};
use tokenmint::endpoint::{Endpoint, MAX_BODY};
use tokenmint::{Context, Error, ErrorCode};
use tokenmint_store::Database;

use crate::cors::{self, Cors};
use crate::places::{LIFE, Place};
use crate::{head, keys, log, mint};

type Response = hyper::Response<Full<Bytes>>;

/// How long a body may take to arrive.
const BODY_TIME: Duration = Duration::from_secs(10);

/// How much of a body that is too large is read and thrown away, in bytes. A client that is still sending when the
/// connection closes would not see the answer.
const MAX_WASTE: usize = 1024 * 1024;

/// What answers requests.
pub(crate) struct App {
    /// Another one where a key ring has changed.
    endpoint: RwLock<Endpoint>,
    pub(crate) store: Database,
    cors: Cors,
}

impl App {
    pub(crate) fn new(endpoint: Endpoint, store: Database, cors: Cors) -> Self {
        App { endpoint: RwLock::new(endpoint), store, cors }
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
pub(crate) async fn answer(
    app: Arc<App>,
    place: Arc<Place>,
    request: Request<Incoming>,
) -> Result<Response, Infallible> {
    // Whoever sends many requests at once takes turns with the others for each.
    tokio::task::yield_now().await;
    let start = Instant::now();
    let (parts, body) = request.into_parts();
    let (method, route) = (log::method(&parts.method), log::route(parts.uri.path()));
    let headers = app.cors.headers(&parts);
    let mut response = respond(&app, &place, parts, body).await;
    response.headers_mut().extend(headers);
    if place.since().elapsed() >= LIFE {
        close(&mut response);
    }
    log::access(method, route, response.status().as_u16(), start.elapsed());
    place.wait();
    Ok(response)
}

async fn respond(app: &App, place: &Place, parts: Parts, body: Incoming) -> Response {
    let endpoint = app.endpoint();
    let refuse = |path: &str, error: Error| {
        let mut response = endpoint.refuse(path, error).map(|body| Full::new(Bytes::from(body)));
        close(&mut response);
        response
    };
    if let Err(error) = head::check(&parts) {
        return refuse(parts.uri.path(), error);
    }
    if cors::preflight(&parts).is_some() {
        let mut response = Response::default();
        *response.status_mut() = StatusCode::NO_CONTENT;
        return response;
    }
    let waits = parts.headers.contains_key(EXPECT);
    let body = match tokio::time::timeout(BODY_TIME, read(body, waits)).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => return refuse(parts.uri.path(), ErrorCode::BodyIncomplete.into()),
        Err(_) => return refuse(parts.uri.path(), ErrorCode::BodyTimeout.into()),
    };
    if !place.hold() {
        // The connection is about to end, and with it this future.
        return std::future::pending().await;
    }
    let oversized = body.len() > MAX_BODY;
    let path = parts.uri.path().to_owned();
    let Ok(seed) = keys::seed() else { return refuse(&path, ErrorCode::Internal.into()) };
    let context = Context::at_micros(mint::now_micros(), seed);
    let task = endpoint.handle(Request::from_parts(parts, body), &context);
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
            refuse(&path, ErrorCode::Internal.into())
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

/// Lets this answer be the connection's last.
fn close(response: &mut Response) {
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
}
