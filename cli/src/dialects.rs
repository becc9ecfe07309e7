//! The public listener: the dialects of the endpoint.

use std::sync::Arc;

use hyper::Request;
use hyper::http::request::Parts;
use tokenmint::endpoint::Response;
use tokenmint::{Error, ErrorCode};

use crate::app::{self, App};
use crate::http::Site;
use crate::log;
use crate::trusted_keys::TrustedKeys;

/// Hands requests to the endpoint.
pub(crate) struct Dialects {
    app: Arc<App>,
    keys: TrustedKeys,
}

impl Dialects {
    pub(crate) fn new(app: Arc<App>) -> Self {
        Dialects { app, keys: TrustedKeys::new() }
    }
}

impl Site for Dialects {
    fn route(&self, path: &str) -> &'static str {
        log::route(path)
    }

    fn refuse(&self, request: &Parts, error: Error) -> Response {
        self.app.endpoint().refuse(request.uri.path(), &request.headers, error)
    }

    async fn answer(&self, request: Request<Vec<u8>>) -> Response {
        let endpoint = self.app.endpoint();
        let (parts, body) = request.into_parts();
        let request = Request::from_parts(parts.clone(), body);
        self.keys.bring(&endpoint, &request).await;
        let answered = match app::context() {
            Ok(context) => self.app.run(endpoint.handle(request, &context)).await,
            Err(error) => Err(error),
        };
        answered.unwrap_or_else(|error| {
            log::fault(&error);
            endpoint.refuse(parts.uri.path(), &parts.headers, ErrorCode::Internal.into())
        })
    }
}
