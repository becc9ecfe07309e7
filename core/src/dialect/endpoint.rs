//! The endpoint: an `http::Request` in, an `http::Response` out, by whichever dialect the path belongs to.

use std::sync::Arc;

pub use super::request::MAX_BODY;
pub use super::response::Response;

use super::call::Call;
use super::common::{self, Common};
use super::cors::{self, Cors};
use super::paths::{check_paths, is_within};
use super::rejection::Rejection;
use super::request::Request;
use super::status_lists::ServedLists;
use super::{Dialect, WINGS, Wing, openapi, response};
use crate::claims::Claims;
use crate::error::{Error, ErrorCode, Result};
use crate::event_receiver::EventPush;
use crate::flow::Flow;
use crate::issuer::Issuer;
use crate::rotation::RingSchedule;
use crate::store::{Durability, MemoryStore};
use crate::task::{Io, Task};
use crate::time::{Context, Lifetime};
use crate::values::Origin;

/// The token endpoints of one host: any number of dialects, and what they have in common.
///
/// ```
/// use tokenmint::*;
/// use tokenmint::dialect::monite::{Monite, MoniteOptions};
/// use tokenmint::endpoint::Endpoint;
/// let keys = KeySet::builder().hmac("k1", [7; 32].as_slice())?.build()?;
/// let issuer = Issuer::new(keys, Policy::new("https://api.example.com").audience("api"))?;
/// let endpoint = Endpoint::builder().dialect(Monite::new(issuer, MoniteOptions::default())).build()?;
///
/// let request = http::Request::post("/v1/auth/token").body(b"{}".to_vec()).unwrap();
/// let context = Context::new(UnixTime::from_seconds(1_700_000_000), [1; 32]);
/// let response = endpoint.handle(request, &context).run(&MemoryStore::new()).result?;
/// assert_eq!(response.status(), 422); // the header x-monite-version and all the fields are missing
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Endpoint(Arc<Served>);

/// What a host serves.
#[derive(Debug, Default)]
struct Served {
    dialects: Vec<Box<dyn Dialect>>,
    cors: Cors,
    /// The public keys of all, as they are served.
    public_keys: String,
    /// What they say of themselves, as one OpenAPI document.
    openapi: String,
    /// The status lists of issuers that have some.
    status_lists: Vec<ServedLists>,
    /// The configuration's records.
    directory: Option<Arc<MemoryStore>>,
    /// The configuration's key rings.
    rings: Vec<RingSchedule>,
}

/// Builds an [`Endpoint`].
#[derive(Debug, Default)]
#[must_use]
pub struct EndpointBuilder(Served);

impl EndpointBuilder {
    /// Serves a dialect, one of this crate's or of your own.
    pub fn dialect(mut self, dialect: impl Dialect) -> Self {
        self.0.dialects.push(Box::new(dialect));
        self
    }

    /// Lets pages of these origins read what the dialects answer, and those of no other. What stands under `/.well-known/`,
    /// and status lists, are for pages of any origin.
    pub fn cors_origins(mut self, origins: &[Origin]) -> Self {
        self.0.cors.origins = origins.to_vec();
        self
    }

    /// Serves the records of a configuration, whatever the store says about them.
    pub(crate) fn directory(mut self, records: MemoryStore) -> Self {
        self.0.directory = Some(Arc::new(records));
        self
    }

    /// Tells of the key rings of a configuration.
    pub(crate) fn rings(mut self, rings: Vec<RingSchedule>) -> Self {
        self.0.rings = rings;
        self
    }

    /// The endpoint.
    ///
    /// # Errors
    /// `policy_invalid` where no dialect is served, at `paths` where two dialects would have the same path, and whatever a
    /// dialect lacks ([`Dialect::check`]); `key_duplicate` where there are different public keys of one id; `policy_invalid`
    /// at `openapi` where what dialects say of themselves does not go together.
    pub fn build(mut self) -> Result<Endpoint> {
        if self.0.dialects.is_empty() {
            return Err(
                Error::new(ErrorCode::PolicyInvalid).because("an endpoint serves at least one dialect")
            );
        }
        for dialect in &self.0.dialects {
            dialect.check()?;
        }
        self.0.status_lists = ServedLists::of(self.0.issuers())?;
        check_paths(self.0.paths())?;
        self.0.cors.public.extend(self.0.status_lists.iter().map(|lists| lists.path().to_owned()));
        let nonces = self.0.issuers().any(|issuer| issuer.policy().dpop.is_some());
        self.0.cors.nonces = nonces;
        self.0.public_keys = common::public_keys(self.0.issuers())?;
        let of_lists: Vec<String> = self.0.status_lists.iter().map(ServedLists::openapi).collect();
        let of_dialects = self.0.dialects.iter().filter_map(|dialect| dialect.openapi());
        self.0.openapi = openapi::document(of_dialects.chain(of_lists.iter().map(String::as_str)))?;
        Ok(Endpoint(Arc::new(self.0)))
    }
}

impl Endpoint {
    /// Begins with no dialect.
    pub fn builder() -> EndpointBuilder {
        EndpointBuilder::default()
    }

    /// Answers a request. The result is always a response: whatever goes wrong is rendered into one.
    ///
    /// A browser's question whether a page of another origin may ask (the preflight of the Fetch standard) is answered, too,
    /// and each response says which pages may read it: [`EndpointBuilder::cors_origins`].
    pub fn handle(&self, request: http::Request<Vec<u8>>, context: &Context) -> Task<Response> {
        let (served, context) = (self.0.clone(), context.clone());
        let needs = self.durability();
        Task::new(move |io| async move { Ok(served.answer(request, context, io).await) }).needing(needs)
    }

    /// The answer to a request that did not reach the host whole, in the shape of its path's dialect: `body_incomplete`,
    /// `body_timeout`, `length_required`, or `body_too_large`. Nothing is done.
    ///
    /// [`Endpoint::handle`] itself refuses a body that is longer or shorter than its `Content-Length`. What only the host
    /// sees, such as chunks that break off, it answers with this. `headers` are those of the request.
    ///
    /// ```
    /// use tokenmint::*;
    /// use tokenmint::dialect::monite::{Monite, MoniteOptions};
    /// use tokenmint::endpoint::Endpoint;
    /// let keys = KeySet::builder().hmac("k1", [7; 32].as_slice())?.build()?;
    /// let issuer = Issuer::new(keys, Policy::new("https://api.example.com").audience("api"))?;
    /// let endpoint = Endpoint::builder().dialect(Monite::new(issuer, MoniteOptions::default())).build()?;
    ///
    /// let response = endpoint.refuse("/v1/auth/token", &http::HeaderMap::new(), ErrorCode::BodyTimeout.into());
    /// assert_eq!(response.status(), 408);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn refuse(&self, path: &str, headers: &http::HeaderMap, error: Error) -> Response {
        let mut response = self.0.owner(path).refusal(error.into());
        cors::add(self.0.cors.headers(path, headers), &mut response);
        response
    }

    /// Makes the [status lists](crate::Policy::status_lists) of the issuers anew where they are old, for the requests that will
    /// ask for them; and says how long they are young then: the least of all, and nothing where there are none. A host that
    /// runs this as often has its requests find them ready.
    ///
    /// # Errors
    /// The store's, and `store_regressed` where it has lost a write: for the first issuer that it is so for.
    pub fn make_status_lists(&self, context: &Context) -> Task<Option<Lifetime>> {
        let (served, context) = (self.0.clone(), context.clone());
        let task = Task::new(|io| async move {
            let mut made = Ok(());
            for (number, lists) in (0..).zip(&served.status_lists) {
                let io = io.clone().with_directory(served.directory.clone());
                let mut flow = Flow::new(lists.issuer().clone(), &context.part(number), io);
                made = made.and(lists.make(&mut flow).await);
            }
            made?;
            Ok(served.status_lists.iter().map(ServedLists::every).min())
        });
        task.needing(self.durability())
    }

    /// Signs with the key of each issuer, and verifies what it signed: whether tokens can be made now, for a host that is asked
    /// whether it is ready. Nothing leaves it, and the store is asked only where the host holds a key.
    ///
    /// ```
    /// use tokenmint::*;
    /// use tokenmint::dialect::monite::{Monite, MoniteOptions};
    /// use tokenmint::endpoint::Endpoint;
    /// let keys = |key| KeySet::builder().key(key)?.build();
    /// let endpoint = |key| {
    ///     let issuer = Issuer::new(keys(key)?, Policy::new("https://api.example.com").audience("api"))?;
    ///     Endpoint::builder().dialect(Monite::new(issuer, MoniteOptions::default())).build()
    /// };
    /// let (store, context) = (MemoryStore::new(), Context::new(UnixTime::from_seconds(1_700_000_000), [1; 32]));
    /// let here = Key::hmac(Some("k1"), Algorithm::HS256, [7; 32].as_slice())?;
    /// assert!(endpoint(here)?.check_keys(&context).run(&store).result.is_ok());
    ///
    /// let elsewhere = Key::held_by_host("k1", Algorithm::HS256, None)?; // and nobody answers for it
    /// let error = endpoint(elsewhere)?.check_keys(&context).run(&store).result.unwrap_err();
    /// assert_eq!(error.code(), ErrorCode::StoreUnavailable);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`Issuer::mint_task`] and [`Verifier::verify_task`](crate::Verifier::verify_task), for the first issuer whose key
    /// cannot be used.
    pub fn check_keys(&self, context: &Context) -> Task<()> {
        let (issuers, context) = (self.issuers(), context.clone());
        Task::new(|io| async move {
            for (number, issuer) in (0..).zip(issuers) {
                let (claims, lifetime) = (Claims::new(), Lifetime::from_seconds(1)?);
                let token = issuer.mint_task(&claims, lifetime, &context.part(number)).within(&io).await?;
                issuer.any_audience().verify_task(&token, context.now()).within(&io).await?;
            }
            Ok(())
        })
    }

    /// One of the issuers, by its name, and the first where none is named: for flows that no request asks for, such as the
    /// start of a session behind the host's own login. The clients and keys of a configuration are there for it, as they are
    /// for the dialects.
    ///
    /// ```
    /// use tokenmint::*;
    /// use tokenmint::config::{Config, InlineOnly};
    /// let config = Config::from_json(r#"{
    ///     "keys": [{ "kid": "k1", "secret": "a secret of at least thirty-two bytes" }],
    ///     "oauth": {
    ///         "issuer": "https://id.example.com", "key": "k1", "audience": "https://api.example.com",
    ///         "session_secret": "another secret of at least 32 bytes"
    ///     },
    ///     "clients": [{ "id": "app", "organization": "o", "permissions": [], "public": true }]
    /// }"#)?;
    /// let endpoint = config.build(&mut InlineOnly)?.endpoint;
    /// let (store, context) = (MemoryStore::new(), Context::new(UnixTime::from_seconds(1_700_000_000), [7; 32]));
    ///
    /// let issuer = endpoint.issuer(None)?;
    /// assert_eq!(issuer.name(), "https://id.example.com");
    /// let pair = issuer.start_session(StartSession::new("u1").client("app"), &context).run(&store).result?;
    /// assert!(issuer.check(&pair.access_token, &context).run(&store).result.is_ok());
    ///
    /// let error = endpoint.issuer(Some("https://elsewhere.example")).unwrap_err();
    /// assert_eq!((error.code(), error.field()), (ErrorCode::InvalidRequest, Some("issuer")));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// `invalid_request` at `issuer` for one that is not served.
    pub fn issuer(&self, name: Option<&str>) -> Result<Issuer> {
        let is_it = |issuer: &&Issuer| name.is_none_or(|name| issuer.policy().issuer == name);
        let found = self.0.issuers().find(is_it).cloned();
        found.map(|issuer| issuer.with_directory(self.0.directory.clone())).ok_or_else(|| {
            let known: Vec<String> =
                self.issuers().iter().map(|known| format!("{:?}", known.policy().issuer)).collect();
            Error::new(ErrorCode::InvalidRequest)
                .at("issuer")
                .because(format!("it is none of {}", known.join(", ")))
        })
    }

    /// The receivers of security events to which the host sends them (RFC 8935): what to send, and what came of it, goes through
    /// [`Issuer::poll_events`] of [`Endpoint::issuer`].
    ///
    /// ```
    /// use tokenmint::config::{Config, InlineOnly};
    /// let config = Config::from_json(r#"{
    ///     "keys": [{ "kid": "k1", "secret": "a secret of at least thirty-two bytes" }],
    ///     "oauth": { "issuer": "https://id.example.com", "key": "k1", "audience": "https://api.example.com",
    ///                "event_receivers": [{ "audience": "audit", "push_url": "https://audit.example/events" }] }
    /// }"#)?;
    /// let pushes = config.build(&mut InlineOnly)?.endpoint.event_pushes();
    /// assert_eq!((pushes[0].receiver.as_str(), pushes[0].url.as_str()), ("audit", "https://audit.example/events"));
    /// # Ok::<(), tokenmint::Error>(())
    /// ```
    pub fn event_pushes(&self) -> Vec<EventPush> {
        let of_issuer = |issuer: &Issuer| {
            let policy = issuer.policy();
            let pushes = policy.event_receivers.iter().filter_map(|receiver| {
                receiver.push.clone().map(|push| EventPush {
                    issuer: policy.issuer.clone(),
                    receiver: receiver.audience.clone(),
                    url: push.url,
                    authorization: push.authorization,
                })
            });
            pushes.collect::<Vec<_>>()
        };
        self.issuers().iter().flat_map(of_issuer).collect()
    }

    /// The key rings of the configuration, without their keys, in the order of their names.
    pub fn rings(&self) -> &[RingSchedule] {
        &self.0.rings
    }

    /// How long acknowledged writes must last: the most that one of the issuers needs.
    pub(crate) fn durability(&self) -> Durability {
        self.0.issuers().map(|issuer| issuer.policy().durability).max().unwrap_or_default()
    }

    /// The issuer of the dialect that has a path.
    pub(super) fn issuer_at(&self, path: &str) -> Option<&Issuer> {
        match self.0.owner(path) {
            Owner::Dialect(dialect) => Some(dialect.issuer()),
            _ => None,
        }
    }

    /// The issuers of the dialects, one for each.
    pub(super) fn of_dialects(&self) -> impl Iterator<Item = &Issuer> {
        self.0.issuers()
    }

    /// The issuers of the dialects, each once; the first does what names none.
    pub fn issuers(&self) -> Vec<Issuer> {
        let mut issuers = Vec::<Issuer>::new();
        for issuer in self.0.issuers() {
            if issuers.iter().all(|known| known.policy().issuer != issuer.policy().issuer) {
                issuers.push(issuer.clone());
            }
        }
        issuers
    }
}

/// Whose a path is.
#[derive(Clone, Copy)]
enum Owner<'a> {
    Dialect(&'a dyn Dialect),
    StatusLists(&'a ServedLists),
    /// A dialect of this crate that is not served. What is asked of it is refused in its own shape: whoever asks can read
    /// no other.
    Unserved(&'static Wing),
    Nobody,
}

impl Owner<'_> {
    /// The answer to a request that is refused.
    fn refusal(self, rejection: Rejection) -> Response {
        match self {
            Owner::Dialect(dialect) => dialect.refuse(rejection),
            Owner::Unserved(wing) => (wing.refuse)(rejection),
            Owner::StatusLists(_) | Owner::Nobody => response::refusal(rejection),
        }
    }
}

impl Served {
    async fn answer(&self, request: http::Request<Vec<u8>>, context: Context, io: Io) -> Response {
        if let Some(response) = self.cors.preflight(&request) {
            return response;
        }
        let headers = self.cors.headers(request.uri().path(), request.headers());
        let owner = self.owner(request.uri().path());
        let answered = match Request::new(request) {
            Some(request) => match request.check_length() {
                Ok(()) => {
                    let call = Call::new(request, context, io.with_directory(self.directory.clone()));
                    self.dispatch(owner, &call).await
                }
                Err(error) => Err(error.into()),
            },
            None => Err(ErrorCode::RouteNotFound.into()),
        };
        let mut response = answered.unwrap_or_else(|rejection| owner.refusal(rejection));
        cors::add(headers, &mut response);
        response
    }

    async fn dispatch(&self, owner: Owner<'_>, call: &Call) -> Result<Response, Rejection> {
        match owner {
            Owner::Dialect(dialect) => dialect.answer(call).await,
            // As the rest is.
            Owner::StatusLists(lists) => Box::pin(lists.answer(call)).await,
            Owner::Unserved(_) => Err(ErrorCode::RouteNotFound.into()),
            Owner::Nobody => {
                let (public_keys, openapi) = (&*self.public_keys, &*self.openapi);
                let common = Common { issuers: self.issuers().collect(), public_keys, openapi };
                // Rare: what it needs in between is not a part of every request.
                Box::pin(common.answer(call)).await
            }
        }
    }

    /// Whose a path is. It is looked at as it was sent: no dialect has a path with percent signs.
    fn owner(&self, path: &str) -> Owner<'_> {
        let has = |paths: &[&str]| paths.iter().any(|own| is_within(path, own));
        if let Some(dialect) = self.dialects.iter().find(|dialect| has(dialect.paths())) {
            return Owner::Dialect(&**dialect);
        }
        if let Some(lists) = self.status_lists.iter().find(|lists| is_within(path, lists.path())) {
            return Owner::StatusLists(lists);
        }
        WINGS.iter().find(|wing| has(wing.paths)).map_or(Owner::Nobody, Owner::Unserved)
    }

    /// The paths of all.
    fn paths(&self) -> impl Iterator<Item = &str> {
        let of_dialects = self.dialects.iter().flat_map(|dialect| dialect.paths().iter().copied());
        of_dialects.chain(self.status_lists.iter().map(ServedLists::path))
    }

    /// The issuers, each once for each dialect that it serves.
    fn issuers(&self) -> impl Iterator<Item = &Issuer> {
        self.dialects.iter().map(|dialect| dialect.issuer())
    }
}
