//! The admin API: every operation of the table at `POST /v1/{operation}`, for whoever has an admin key.
//!
//! Nothing here knows an operation: the table says which there are, and the core reads, runs and writes them.

mod key;
mod reply;

use std::sync::Arc;

use hyper::{Method, Request, StatusCode};
use tokenmint::dialect::{Request as Arrived, response};
use tokenmint::endpoint::Response;
use tokenmint::{Error, ErrorCode, OPERATIONS};

use crate::app::{self, App};
use crate::http::Site;
use crate::log;

pub(crate) use key::Keys;

/// What the admin listener serves.
pub(crate) struct Admin {
    app: Arc<App>,
    keys: Keys,
}

impl Admin {
    pub(crate) fn new(app: Arc<App>, keys: Keys) -> Self {
        Admin { app, keys }
    }

    // The order is fixed: path, method, key, body. Nobody learns from a body's errors without a key.
    async fn respond(&self, request: Request<Vec<u8>>) -> Result<Response, Error> {
        let operation = operation(request.uri().path()).ok_or(ErrorCode::RouteNotFound)?;
        if request.method() != Method::POST {
            return Err(Error::new(ErrorCode::MethodNotAllowed).at("Allow").because("POST"));
        }
        let issuer = reply::issuer(request.uri().query());
        let request = Arrived::new(request).ok_or(ErrorCode::RouteNotFound)?;
        let key = self.keys.caller(&request)?;
        let answered = async {
            key.check(operation)?;
            self.run(operation, issuer?.as_deref(), &reply::input(&request)?).await
        };
        let answered = answered.await;
        log::admin(key.id(), operation, answered.as_ref().err());
        answered
    }

    async fn run(&self, operation: &str, issuer: Option<&str>, input: &str) -> Result<Response, Error> {
        let task = self.app.endpoint().operation(issuer, operation, input, &app::context()?);
        let output = self.app.run(task).await?;
        Ok(response::json_text(StatusCode::OK, output.into_bytes()))
    }
}

impl Site for Admin {
    fn route(&self, path: &str) -> &'static str {
        match operation(path) {
            Some(_) => "/v1/{operation}",
            None => "other",
        }
    }

    fn refuse(&self, _: &str, error: Error) -> Response {
        reply::refusal(&error)
    }

    async fn answer(&self, request: Request<Vec<u8>>) -> Response {
        self.respond(request).await.unwrap_or_else(|error| reply::refusal(&error))
    }
}

/// The operation of a path.
fn operation(path: &str) -> Option<&'static str> {
    let name = path.strip_prefix("/v1/")?;
    OPERATIONS.iter().find(|known| **known == name).copied()
}
