//! The console: a page on the admin listener. It has no rights of its own: whatever it does is a call of the admin API, by the
//! key that the operator types into it.

use hyper::HeaderMap;
use hyper::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use tokenmint::endpoint::Response;

/// Nothing but what is here: no script of others, none in the page itself, no frame around it, and calls of this address only.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
                      require-trusted-types-for 'script'; trusted-types 'none'";

/// A file of the page.
pub(super) struct File {
    path: &'static str,
    media_type: &'static str,
    content: &'static [u8],
}

macro_rules! files {
    ($($path:literal: $name:literal, $media_type:literal;)*) => {
        &[$(File { path: $path, media_type: $media_type, content: include_bytes!($name) }),*]
    };
}

const FILES: &[File] = files! {
    "/": "index.html", "text/html; charset=utf-8";
    "/console/style.css": "style.css", "text/css; charset=utf-8";
    "/console/icon.svg": "icon.svg", "image/svg+xml";
    "/console/guilloche.svg": "guilloche.svg", "image/svg+xml";
    "/console/main.js": "main.js", "text/javascript; charset=utf-8";
    "/console/api.js": "api.js", "text/javascript; charset=utf-8";
    "/console/dom.js": "dom.js", "text/javascript; charset=utf-8";
    "/console/events.js": "events.js", "text/javascript; charset=utf-8";
    "/console/form.js": "form.js", "text/javascript; charset=utf-8";
    "/console/parts.js": "parts.js", "text/javascript; charset=utf-8";
    "/console/time.js": "time.js", "text/javascript; charset=utf-8";
    "/console/view-server.js": "view-server.js", "text/javascript; charset=utf-8";
    "/console/view-sessions.js": "view-sessions.js", "text/javascript; charset=utf-8";
    "/console/view-clients.js": "view-clients.js", "text/javascript; charset=utf-8";
    "/console/view-single-use.js": "view-single-use.js", "text/javascript; charset=utf-8";
    "/console/view-api-keys.js": "view-api-keys.js", "text/javascript; charset=utf-8";
    "/console/view-operations.js": "view-operations.js", "text/javascript; charset=utf-8";
};

/// The file at a path.
pub(super) fn file(path: &str) -> Option<&'static File> {
    FILES.iter().find(|file| file.path == path)
}

impl File {
    /// Its path.
    pub(super) fn path(&self) -> &'static str {
        self.path
    }

    pub(super) fn response(&self) -> Response {
        let mut response = Response::new(self.content.to_vec());
        headers(response.headers_mut(), self.media_type);
        response
    }
}

fn headers(headers: &mut HeaderMap, media_type: &'static str) {
    let fixed = [
        (CONTENT_TYPE, media_type),
        // Another version of the server has another page.
        (CACHE_CONTROL, "no-store"),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
}
