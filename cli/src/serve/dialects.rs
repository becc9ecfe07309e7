//! The public listener: the dialects of the endpoint.

use std::sync::Arc;

use hyper::Request;
use hyper::http::request::Parts;
use tokenmint::endpoint::Response;
use tokenmint::{Error, ErrorCode};

use super::http::Site;
use crate::app::{self, App};
use crate::log;

/// Hands requests to the endpoint.
pub(crate) struct Dialects(pub(crate) Arc<App>);

impl Site for Dialects {
    fn route(&self, path: &str) -> &'static str {
        log::route(path)
    }

    fn refuse(&self, request: &Parts, error: Error) -> Response {
        self.0.endpoint().refuse(request.uri.path(), &request.headers, error)
    }

    async fn answer(&self, request: Request<Vec<u8>>) -> Response {
        let endpoint = self.0.endpoint();
        let (parts, body) = request.into_parts();
        let request = Request::from_parts(parts.clone(), body);
        self.0.keys.bring(&endpoint, |now| endpoint.keys_wanted(&request, now)).await;
        let answered = match app::context() {
            Ok(context) => self.0.run(endpoint.handle(request, &context)).await,
            Err(error) => Err(error),
        };
        answered.unwrap_or_else(|error| {
            log::fault(&error);
            endpoint.refuse(parts.uri.path(), &parts.headers, ErrorCode::Internal.into())
        })
    }
}
