//! The admin API: every operation of the table at `POST /v1/{operation}`, for whoever has an admin key.
//!
//! Nothing here knows an operation: the table says which there are, and the core reads, runs and writes them.

mod attempt;
mod key;
mod openapi;
mod reply;
mod server;

use std::sync::Arc;

use hyper::http::request::Parts;
use hyper::{Method, Request, StatusCode};
use tokenmint::dialect::{Request as Arrived, response};
use tokenmint::endpoint::Response;
use tokenmint::{Context, Error, ErrorCode, OPERATIONS, UnixTime};

use crate::app::{self, App};
use crate::log;
use crate::mint;
use crate::recent::Recent;
use crate::serve::console;
use crate::serve::health::{Health, Probe};
use crate::serve::http::Site;

use attempt::Attempt;
pub(crate) use key::Keys;

/// What a key's `operations` call the events.
const EVENTS: &str = "events";

/// What the admin listener serves.
pub(crate) struct Admin {
    app: Arc<App>,
    keys: Keys,
    health: Arc<Health>,
    recent: Arc<Recent>,
    started: UnixTime,
    document: String,
}

/// What is asked for at a path.
enum Route {
    Operation(&'static str),
    Document,
    Probe(Probe),
    Events,
    Server,
    Console(&'static console::File),
}

impl Admin {
    pub(crate) fn new(app: Arc<App>, keys: Keys, health: Arc<Health>, recent: Arc<Recent>) -> Self {
        let document = openapi::document().to_string();
        Admin { app, keys, health, recent, started: mint::now(), document }
    }

    async fn respond(&self, request: Request<Vec<u8>>) -> Result<Response, Error> {
        let route = route(request.uri().path()).ok_or(ErrorCode::RouteNotFound)?;
        let allowed: &[Method] = match route {
            Route::Operation(_) => &[Method::POST],
            Route::Events | Route::Server => &[Method::GET],
            // RFC 9110 section 9.3.2: what carries this takes the body from the answer to a HEAD.
            Route::Document | Route::Probe(_) | Route::Console(_) => &[Method::GET, Method::HEAD],
        };
        if !allowed.contains(request.method()) {
            let allowed = allowed.iter().map(Method::as_str).collect::<Vec<_>>().join(", ");
            return Err(Error::new(ErrorCode::MethodNotAllowed).at("Allow").because(allowed));
        }
        match route {
            Route::Operation(operation) => self.call(operation, request).await,
            Route::Document => Ok(response::json_text(StatusCode::OK, self.document.clone().into_bytes())),
            Route::Probe(probe) => Ok(self.health.answer(probe, request.headers()).await),
            Route::Events => self.events(request).await,
            Route::Server => {
                let request = Arrived::new(request).ok_or(ErrorCode::RouteNotFound)?;
                let (key, _) = self.keys.caller(&request)?;
                Ok(response::json(StatusCode::OK, server::told(&self.app, &key, self.started)))
            }
            Route::Console(file) => Ok(file.response()),
        }
    }

    /// What has happened behind a number: at once where there is something, and else when there is.
    async fn events(&self, request: Request<Vec<u8>>) -> Result<Response, Error> {
        let after = reply::after(request.uri().query());
        let request = Arrived::new(request).ok_or(ErrorCode::RouteNotFound)?;
        self.keys.caller(&request)?.0.check(EVENTS)?;
        let page = self.recent.after(after?).await;
        Ok(response::json_text(StatusCode::OK, reply::events(&page).into_bytes()))
    }

    // The order is fixed: key, and then what is asked for. Nobody learns from a body's errors without a key.
    async fn call(&self, operation: &'static str, request: Request<Vec<u8>>) -> Result<Response, Error> {
        let issuer = reply::issuer(request.uri().query());
        let request = Arrived::new(request).ok_or(ErrorCode::RouteNotFound)?;
        let (key, bearer) =
            self.keys.caller(&request).inspect_err(|error| self.told(None, operation, Some(error)))?;
        let answered = async {
            key.check(operation)?;
            let (issuer, input) = (issuer?, reply::input(&request)?);
            let run = Run { operation, issuer: issuer.as_deref(), input: &input };
            match reply::idempotency_key(&request)? {
                None => self.run(&run, &app::context()?).await,
                Some(idempotency_key) => {
                    let (key_id, bearer) = (key.id(), &bearer);
                    let Run { operation, issuer, .. } = run;
                    let name = attempt::Name { key_id, bearer, operation, issuer, idempotency_key };
                    self.attempt(&run, &name).await
                }
            }
        };
        let answered = answered.await;
        self.told(Some(key.id()), operation, answered.as_ref().err());
        Ok(response::json_text(StatusCode::OK, answered?.into_bytes()))
    }

    /// Tells of a call.
    fn told(&self, key: Option<&str>, operation: &'static str, refused: Option<&Error>) {
        log::admin(key, operation, refused);
        if let Some(metrics) = self.app.metrics() {
            metrics.operation(operation, refused);
        }
    }

    async fn run(&self, run: &Run<'_>, context: &Context) -> Result<String, Error> {
        self.app.operation(run.issuer, run.operation, run.input, context).await
    }

    async fn attempt(&self, run: &Run<'_>, name: &attempt::Name<'_>) -> Result<String, Error> {
        let (store, context) = (&self.app.store, app::context()?);
        let attempt = Attempt::begin(store, name, run.input, &context).await?;
        if let Some(answer) = attempt.answer()? {
            return Ok(answer);
        }
        match self.run(run, &attempt.context()).await {
            // Of its own, for the attempt was written with the other's first bytes.
            Ok(answer) => Ok(attempt.done(store, answer, &mut app::context()?.entropy()).await),
            // It may have been done: whoever asks again asks for the same.
            Err(error) if error.code().http_status() >= 500 => Err(error),
            Err(error) => {
                attempt.refused(store).await;
                Err(error)
            }
        }
    }
}

/// An operation to be run.
#[derive(Clone, Copy)]
struct Run<'a> {
    operation: &'static str,
    issuer: Option<&'a str>,
    input: &'a str,
}

impl Site for Admin {
    fn route(&self, path: &str) -> &'static str {
        match route(path) {
            Some(Route::Operation(_)) => "/v1/{operation}",
            Some(Route::Document) => "/v1/openapi.json",
            Some(Route::Probe(probe)) => probe.path(),
            Some(Route::Events) => "/v1/events",
            Some(Route::Server) => "/v1/server",
            Some(Route::Console(file)) => file.path(),
            None => "other",
        }
    }

    fn refuse(&self, _: &Parts, error: Error) -> Response {
        reply::refusal(&error)
    }

    async fn answer(&self, request: Request<Vec<u8>>) -> Response {
        self.respond(request).await.unwrap_or_else(|error| reply::refusal(&error))
    }
}

/// What a path is for.
fn route(path: &str) -> Option<Route> {
    if let Some(probe) = Probe::at(path) {
        return Some(Route::Probe(probe));
    }
    let Some(path) = path.strip_prefix("/v1/") else { return console::file(path).map(Route::Console) };
    match path {
        "openapi.json" => Some(Route::Document),
        "events" => Some(Route::Events),
        "server" => Some(Route::Server),
        name => OPERATIONS.iter().find(|known| **known == name).map(|known| Route::Operation(known)),
    }
}
