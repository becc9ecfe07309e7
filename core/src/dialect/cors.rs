//! Cross-origin requests: which answers a browser gives to pages of another origin (the Fetch standard, "CORS protocol").
//!
//! What everybody may read is for pages of any origin; the dialects are for those that are listed. The dialects judge
//! method and headers by themselves, so a preflight allows the ones that it asks for. Nothing here goes by cookies.

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, HeaderMap, HeaderValue, ORIGIN, VARY,
};
use http::{Method, Request, StatusCode};

use super::paths::is_within;
use super::response::{Response, set};
use crate::values::Origin;

/// How long a browser may keep what a preflight allowed, in seconds; none keeps it longer.
const MAX_AGE: HeaderValue = HeaderValue::from_static("7200");

/// Whose pages may read the answers.
#[derive(Debug, Default)]
pub(super) struct Cors {
    pub(super) origins: Vec<Origin>,
    /// Below which paths there is what everybody may read.
    pub(super) public: Vec<String>,
    /// Whether there are nonces for proofs in the answers (RFC 9449 section 8).
    pub(super) nonces: bool,
}

impl Cors {
    /// The answer to a preflight, which no dialect sees; none where the request is something else.
    pub(super) fn preflight(&self, request: &Request<Vec<u8>>) -> Option<Response> {
        let asked = request.headers();
        let asks = request.method() == Method::OPTIONS && asked.contains_key(ORIGIN);
        let method = asked.get(ACCESS_CONTROL_REQUEST_METHOD).filter(|_| asks)?;
        let mut response = Response::default();
        *response.status_mut() = StatusCode::NO_CONTENT;
        let mut allowed = self.allowed(request.uri().path(), asked);
        if allowed.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN) {
            allowed.insert(ACCESS_CONTROL_ALLOW_METHODS, method.clone());
            if let Some(names) = asked.get(ACCESS_CONTROL_REQUEST_HEADERS) {
                allowed.insert(ACCESS_CONTROL_ALLOW_HEADERS, names.clone());
            }
            allowed.insert(ACCESS_CONTROL_MAX_AGE, MAX_AGE);
        }
        *response.headers_mut() = allowed;
        Some(response)
    }

    /// What every answer to a request of these headers says beside its own.
    pub(super) fn headers(&self, path: &str, asked: &HeaderMap) -> HeaderMap {
        let mut headers = self.allowed(path, asked);
        if headers.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN) {
            let exposed = if self.nonces { "Retry-After, DPoP-Nonce" } else { "Retry-After" };
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(exposed));
        }
        headers
    }

    /// Whether the page that asks may read the answer, and whether caches may give it to another one.
    fn allowed(&self, path: &str, asked: &HeaderMap) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if path.starts_with("/.well-known/") || self.public.iter().any(|public| is_within(path, public)) {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        } else if !self.origins.is_empty() {
            headers.insert(VARY, HeaderValue::from_static("Origin"));
            let listed = |origin: &&HeaderValue| self.origins.iter().any(|listed| listed.as_str() == *origin);
            if let Some(origin) = asked.get(ORIGIN).filter(listed) {
                headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            }
        }
        headers
    }
}

/// Adds these headers to an answer. It may vary by something of its own, too; no header stands there twice.
pub(super) fn add(mut headers: HeaderMap, response: &mut Response) {
    let own = response.headers().get(VARY).and_then(|own| own.to_str().ok());
    if let Some(own) = own.filter(|_| headers.contains_key(VARY)) {
        let both = format!("{own}, Origin");
        set(response, VARY, &both);
        headers.remove(VARY);
    }
    response.headers_mut().extend(headers);
}
