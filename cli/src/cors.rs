//! Cross-origin requests: which answers a browser gives to pages of another origin (the Fetch standard, "CORS protocol").
//!
//! What everybody may read is for pages of any origin; the dialects are for those that the configuration lists. The
//! dialects judge method and headers by themselves, so a preflight allows the ones that it asks for.

use hyper::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, HeaderValue, ORIGIN, VARY,
};
use hyper::http::request::Parts;
use hyper::{HeaderMap, Method};
use tokenmint::config::Origin;

/// How long a browser may keep what a preflight allowed, in seconds; none keeps it longer.
const MAX_AGE: HeaderValue = HeaderValue::from_static("7200");

/// Whose pages may read the answers.
pub(crate) struct Cors {
    origins: Vec<HeaderValue>,
}

impl Cors {
    pub(crate) fn new(origins: &[Origin]) -> Self {
        let origins = origins.iter().filter_map(|origin| HeaderValue::from_str(origin.as_str()).ok());
        Cors { origins: origins.collect() }
    }

    /// The headers that every answer to this request has.
    pub(crate) fn headers(&self, request: &Parts) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let origin = request.headers.get(ORIGIN);
        let allowed = if request.uri.path().starts_with("/.well-known/") {
            Some(HeaderValue::from_static("*"))
        } else {
            if !self.origins.is_empty() {
                headers.insert(VARY, HeaderValue::from_static("Origin"));
            }
            self.origins.iter().find(|listed| Some(*listed) == origin).cloned()
        };
        let Some(allowed) = allowed else { return headers };
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
        match preflight(request) {
            Some(method) => {
                headers.insert(ACCESS_CONTROL_ALLOW_METHODS, method.clone());
                if let Some(names) = request.headers.get(ACCESS_CONTROL_REQUEST_HEADERS) {
                    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, names.clone());
                }
                headers.insert(ACCESS_CONTROL_MAX_AGE, MAX_AGE);
            }
            None => {
                headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("Retry-After"));
            }
        }
        headers
    }
}

/// The method that a preflight asks for; none where the request is something else.
pub(crate) fn preflight(request: &Parts) -> Option<&HeaderValue> {
    let asks = request.method == Method::OPTIONS && request.headers.contains_key(ORIGIN);
    request.headers.get(ACCESS_CONTROL_REQUEST_METHOD).filter(|_| asks)
}
