//! The public listener: the dialects of the endpoint.

use std::sync::Arc;

use hyper::http::request::Parts;
use hyper::{HeaderMap, Request, StatusCode};
use tokenmint::endpoint::Response;
use tokenmint::{Error, ErrorCode};

use crate::app::{self, App};
use crate::cors::{self, Cors};
use crate::http::Site;
use crate::log;

/// Hands requests to the endpoint.
pub(crate) struct Dialects {
    app: Arc<App>,
    cors: Cors,
}

impl Dialects {
    pub(crate) fn new(app: Arc<App>, cors: Cors) -> Self {
        Dialects { app, cors }
    }
}

impl Site for Dialects {
    fn route(&self, path: &str) -> &'static str {
        log::route(path)
    }

    fn headers(&self, request: &Parts) -> HeaderMap {
        self.cors.headers(request)
    }

    fn before_body(&self, request: &Parts) -> Option<Response> {
        cors::preflight(request)?;
        let mut response = Response::default();
        *response.status_mut() = StatusCode::NO_CONTENT;
        Some(response)
    }

    fn refuse(&self, path: &str, error: Error) -> Response {
        self.app.endpoint().refuse(path, error)
    }

    async fn answer(&self, request: Request<Vec<u8>>) -> Response {
        let endpoint = self.app.endpoint();
        let path = request.uri().path().to_owned();
        let answered = match app::context() {
            Ok(context) => self.app.run(endpoint.handle(request, &context)).await,
            Err(error) => Err(error),
        };
        answered.unwrap_or_else(|error| {
            log::fault(&error);
            endpoint.refuse(&path, ErrorCode::Internal.into())
        })
    }
}
