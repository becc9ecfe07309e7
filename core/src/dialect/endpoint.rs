//! The four endpoints: an `http::Request` in, an `http::Response` out.
//!
//! A dialect is a rendering: it reads a request, calls a flow, and gives the result or the error in its vendor's shape.
//! Every decision that the vendors leave open is written down in `docs/endpoints.md`.

use std::sync::Arc;

pub use super::ledger::{LedgerOptions, ledger_policy};
pub use super::mercoa::MercoaOptions;
pub use super::merge::MergeOptions;
pub use super::monite::MoniteOptions;
pub use super::request::{MAX_BODY, Response};

use super::request::{Rejection, Request};
use super::{common, ledger, mercoa, merge, monite};
use crate::error::{Error, ErrorCode, Result};
use crate::flow::Flow;
use crate::issuer::Issuer;
use crate::policy::AccessFormat;
use crate::store::{Durability, MemoryStore};
use crate::task::{Io, Task};
use crate::time::Context;

/// The token endpoints of one host: any of the four dialects, and what they have in common.
///
/// ```
/// use tokenmint::*;
/// use tokenmint::endpoint::{Endpoint, MoniteOptions};
/// let keys = KeySet::builder().hmac("k1", [7; 32].as_slice())?.build()?;
/// let issuer = Issuer::new(keys, Policy::new("https://api.example.com").audience("api"))?;
/// let endpoint = Endpoint::builder().monite(issuer, MoniteOptions::default()).build()?;
///
/// let request = http::Request::post("/v1/auth/token").body(b"{}".to_vec()).unwrap();
/// let context = Context::new(UnixTime::from_seconds(1_700_000_000), [1; 32]);
/// let response = endpoint.handle(request, &context).run(&MemoryStore::new()).result?;
/// assert_eq!(response.status(), 422); // the header x-monite-version and all the fields are missing
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Endpoint(pub(crate) Arc<Dialects>);

/// The dialects that a host serves; each with its own issuer.
#[derive(Debug, Default)]
pub(crate) struct Dialects {
    pub(crate) mercoa: Option<(Issuer, MercoaOptions)>,
    pub(crate) monite: Option<(Issuer, MoniteOptions)>,
    ledger: Option<(Issuer, LedgerOptions)>,
    merge: Option<(Issuer, MergeOptions)>,
    /// The public keys of all, as they are served.
    pub(crate) public_keys: String,
    /// The configuration's clients, keys, entities and users.
    directory: Option<Arc<MemoryStore>>,
}

/// Builds an [`Endpoint`].
#[derive(Debug, Default)]
#[must_use]
pub struct EndpointBuilder(Dialects);

impl EndpointBuilder {
    /// Serves Mercoa's entity tokens.
    pub fn mercoa(mut self, issuer: Issuer, options: MercoaOptions) -> Self {
        self.0.mercoa = Some((issuer, options));
        self
    }

    /// Serves Monite's access tokens.
    pub fn monite(mut self, issuer: Issuer, options: MoniteOptions) -> Self {
        self.0.monite = Some((issuer, options));
        self
    }

    /// Serves Ledger Enterprise's sessions.
    pub fn ledger(mut self, issuer: Issuer, options: LedgerOptions) -> Self {
        self.0.ledger = Some((issuer, options));
        self
    }

    /// Serves Merge's links.
    pub fn merge(mut self, issuer: Issuer, options: MergeOptions) -> Self {
        self.0.merge = Some((issuer, options));
        self
    }

    /// Serves the records of a configuration, whatever the store says about them.
    pub(crate) fn directory(mut self, records: MemoryStore) -> Self {
        self.0.directory = Some(Arc::new(records));
        self
    }

    /// The endpoint.
    ///
    /// # Errors
    /// `policy_invalid` where no dialect is served, a dialect's issuer lacks the session secret that it needs, Ledger's
    /// gives opaque access tokens, or the base of magic links is no URL; `key_duplicate` where there are different public keys of one id.
    pub fn build(mut self) -> Result<Endpoint> {
        let Dialects { mercoa, monite, ledger, merge, .. } = &self.0;
        if mercoa.is_none() && monite.is_none() && ledger.is_none() && merge.is_none() {
            return Err(
                Error::new(ErrorCode::PolicyInvalid).because("an endpoint serves at least one dialect")
            );
        }
        if let Some((issuer, _)) = ledger {
            issuer.sessions()?;
            if issuer.policy().access_format != AccessFormat::Jwt {
                return Err(Error::new(ErrorCode::PolicyInvalid)
                    .at("access_format")
                    .because("Ledger's access tokens are JWTs (contract 3.1); its policy has opaque ones"));
            }
        }
        if let Some((issuer, options)) = merge {
            issuer.sessions()?;
            options.check()?;
        }
        self.0.public_keys = common::public_keys(self.0.issuers())?;
        Ok(Endpoint(Arc::new(self.0)))
    }
}

/// Which dialect a path belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dialect {
    Mercoa,
    Monite,
    Ledger,
    Merge,
    Common,
}

impl Endpoint {
    /// Begins with no dialect.
    pub fn builder() -> EndpointBuilder {
        EndpointBuilder::default()
    }

    /// Answers a request. The result is always a response: whatever goes wrong is rendered into one.
    pub fn handle(&self, request: http::Request<Vec<u8>>, context: &Context) -> Task<Response> {
        let (endpoint, context) = (self.clone(), context.clone());
        let needs = self.durability();
        Task::new(move |io| async move { Ok(endpoint.respond(request, &context, io).await) }).needing(needs)
    }

    /// The answer to a request that did not reach the host whole, in the shape of its path's dialect: `body_incomplete`,
    /// `body_timeout`, `length_required`, or `body_too_large`. Nothing is done.
    ///
    /// [`Endpoint::handle`] itself refuses a body that is longer or shorter than its `Content-Length`. What only the host
    /// sees, such as chunks that break off, it answers with this.
    ///
    /// ```
    /// use tokenmint::*;
    /// use tokenmint::endpoint::{Endpoint, MoniteOptions};
    /// let keys = KeySet::builder().hmac("k1", [7; 32].as_slice())?.build()?;
    /// let issuer = Issuer::new(keys, Policy::new("https://api.example.com").audience("api"))?;
    /// let endpoint = Endpoint::builder().monite(issuer, MoniteOptions::default()).build()?;
    ///
    /// let response = endpoint.refuse("/v1/auth/token", ErrorCode::BodyTimeout.into());
    /// assert_eq!(response.status(), 408);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn refuse(&self, path: &str, error: Error) -> Response {
        Dialect::of(path).reject(error.into())
    }

    /// How long acknowledged writes must last: the most that one of the issuers needs.
    pub(crate) fn durability(&self) -> Durability {
        self.0.issuers().map(|issuer| issuer.policy().durability).max().unwrap_or_default()
    }

    /// The issuers, each once.
    pub(crate) fn issuers(&self) -> Vec<Issuer> {
        let mut issuers = Vec::<Issuer>::new();
        for issuer in self.0.issuers() {
            if issuers.iter().all(|known| known.policy().issuer != issuer.policy().issuer) {
                issuers.push(issuer.clone());
            }
        }
        issuers
    }

    async fn respond(&self, request: http::Request<Vec<u8>>, context: &Context, io: Io) -> Response {
        let io = io.with_directory(self.0.directory.clone());
        let dialect = Dialect::of(request.uri().path());
        let answer = match Request::new(request) {
            Some(request) => match request.check_length() {
                Ok(()) => self.dispatch(dialect, &request, context, io).await,
                Err(error) => Err(error.into()),
            },
            None => Err(ErrorCode::RouteNotFound.into()),
        };
        answer.unwrap_or_else(|rejection| dialect.reject(rejection))
    }

    async fn dispatch(
        &self,
        dialect: Dialect,
        request: &Request,
        context: &Context,
        io: Io,
    ) -> Result<Response, Rejection> {
        let flow = |issuer: &Issuer| Flow::new(issuer.clone(), context, io.clone());
        let Dialects { mercoa, monite, ledger, merge, .. } = &*self.0;
        match dialect {
            Dialect::Mercoa => match mercoa {
                Some((issuer, options)) => mercoa::handle(&mut flow(issuer), options, request).await,
                None => Err(ErrorCode::RouteNotFound.into()),
            },
            Dialect::Monite => match monite {
                Some((issuer, options)) => monite::handle(&mut flow(issuer), options, request).await,
                None => Err(ErrorCode::RouteNotFound.into()),
            },
            Dialect::Ledger => match ledger {
                Some((issuer, options)) => ledger::handle(&mut flow(issuer), options, request).await,
                None => Err(ErrorCode::RouteNotFound.into()),
            },
            Dialect::Merge => match merge {
                Some((issuer, options)) => merge::handle(&mut flow(issuer), options, request).await,
                None => Err(ErrorCode::RouteNotFound.into()),
            },
            Dialect::Common => common::handle(&self.0, request, context, io).await,
        }
    }
}

impl Dialects {
    /// The issuers, each once for each dialect that it serves.
    pub(crate) fn issuers(&self) -> impl Iterator<Item = &Issuer> {
        let mercoa = self.mercoa.as_ref().map(|(issuer, _)| issuer);
        let monite = self.monite.as_ref().map(|(issuer, _)| issuer);
        let ledger = self.ledger.as_ref().map(|(issuer, _)| issuer);
        let merge = self.merge.as_ref().map(|(issuer, _)| issuer);
        [mercoa, monite, ledger, merge].into_iter().flatten()
    }
}

impl Dialect {
    /// By the first segment: no paths of the four collide (contract, prefixes).
    fn of(path: &str) -> Self {
        match path.strip_prefix('/').and_then(|path| path.split('/').next()) {
            Some("entity" | "entityGroup" | "organization") => Dialect::Mercoa,
            Some("v1") => Dialect::Monite,
            Some("auth") => Dialect::Ledger,
            Some("api" | "magic-link") => Dialect::Merge,
            _ => Dialect::Common,
        }
    }

    /// The answer to a request that is refused.
    fn reject(self, rejection: Rejection) -> Response {
        match self {
            Dialect::Mercoa => mercoa::reject(rejection),
            Dialect::Monite => monite::reject(rejection),
            Dialect::Ledger => ledger::reject(rejection),
            Dialect::Merge => merge::reject(rejection),
            Dialect::Common => common::reject(rejection),
        }
    }
}

/// The rejection of a method that a path does not have; `allow` names those that it has.
pub(crate) fn method_not_allowed(allow: &'static str) -> Rejection {
    Error::new(ErrorCode::MethodNotAllowed).at("Allow").because(allow).into()
}
