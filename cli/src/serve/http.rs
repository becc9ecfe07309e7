//! One request: read with bounds, handed to whatever site it is for, answered, and logged without secrets.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::body::{Body, Bytes, Incoming};
use hyper::header::{CONNECTION, EXPECT, HeaderName, HeaderValue};
use hyper::http::request::Parts;
use tokenmint::endpoint::{MAX_BODY, Response};
use tokenmint::{Error, ErrorCode};

use super::head;
use super::listener::Listener;
use super::places::{LIFE, Place};
use crate::log;
use crate::trace::{self, Ids, REQUEST_ID};

/// How long a body may take to arrive.
const BODY_TIME: Duration = Duration::from_secs(10);

/// How much of a body that is too large is read and thrown away, in bytes. A client that is still sending when the
/// connection closes would not see the answer.
const MAX_WASTE: usize = 1024 * 1024;

/// What a listener serves.
pub(crate) trait Site: Send + Sync + 'static {
    /// The pattern of a path, for the log: the path itself may hold a token.
    fn route(&self, path: &str) -> &'static str;

    /// The answer to a request that did not arrive whole.
    fn refuse(&self, request: &Parts, error: Error) -> Response;

    /// The answer to one that did; of a body over [`MAX_BODY`] it has the first bytes, one more than fit.
    fn answer(&self, request: Request<Vec<u8>>) -> impl Future<Output = Response> + Send;
}

/// Answers a request, whatever happens.
pub(crate) async fn answer<S: Site>(
    site: Arc<S>,
    listener: Arc<Listener>,
    place: Arc<Place>,
    request: Request<Incoming>,
) -> Result<hyper::Response<Full<Bytes>>, Infallible> {
    // Whoever sends many requests at once takes turns with the others for each.
    tokio::task::yield_now().await;
    let start = Instant::now();
    let (parts, body) = request.into_parts();
    let (method, route) = (log::method(&parts.method), site.route(parts.uri.path()));
    let ids = Ids::of(&parts.headers, method, route);
    let (id, client) = (ids.request(), listener.client(place.peer(), &parts.headers));
    let answered = async {
        let mut response = respond(&*site, &place, parts, body).await;
        if place.since().elapsed() >= LIFE {
            close(&mut response);
        }
        listener.answered(method, route, response.status().as_u16(), start.elapsed(), client);
        response
    };
    let mut response = trace::within(ids, answered).await;
    response.headers_mut().insert(HeaderName::from_static(REQUEST_ID), id);
    place.wait();
    Ok(response.map(|body| Full::new(Bytes::from(body))))
}

async fn respond<S: Site>(site: &S, place: &Place, parts: Parts, body: Incoming) -> Response {
    let refuse = |error: Error| {
        let mut response = site.refuse(&parts, error);
        close(&mut response);
        response
    };
    if let Err(error) = head::check(&parts) {
        return refuse(error);
    }
    let waits = parts.headers.contains_key(EXPECT);
    let body = match tokio::time::timeout(BODY_TIME, read(body, waits)).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => return refuse(ErrorCode::BodyIncomplete.into()),
        Err(_) => return refuse(ErrorCode::BodyTimeout.into()),
    };
    if !place.hold() {
        // The connection is about to end, and with it this future.
        return std::future::pending().await;
    }
    let oversized = body.len() > MAX_BODY;
    let mut response = site.answer(Request::from_parts(parts, body)).await;
    if oversized {
        close(&mut response);
    }
    response
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
