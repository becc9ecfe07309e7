//! Dialects: an `http::Request` in, an `http::Response` out, in the shape of one system.
//!
//! A dialect is a rendering: it reads a request, calls a flow, and gives the result or the error in its system's shape. It
//! never weakens a flow and never decides. What only one of them needs is in its folder, its wing; what two of them share,
//! the entities and their users, is in a wing beside theirs.
//!
//! One of your own needs nothing of this crate but what is public:
//!
//! ```
//! use http::{Method, StatusCode};
//! use tokenmint::dialect::{Answer, Call, Dialect, fields, method_not_allowed, response};
//! use tokenmint::endpoint::Endpoint;
//! use tokenmint::*;
//!
//! /// Says whose a token is.
//! #[derive(Debug)]
//! struct Whose(Issuer);
//!
//! impl Dialect for Whose {
//!     fn issuer(&self) -> &Issuer {
//!         &self.0
//!     }
//!
//!     fn paths(&self) -> &[&str] {
//!         &["/whose"]
//!     }
//!
//!     fn answer<'a>(&'a self, call: &'a Call) -> Answer<'a> {
//!         Box::pin(async move {
//!             match (call.request().method(), call.request().segments().as_slice()) {
//!                 (&Method::POST, ["whose"]) => {
//!                     let token = call.request().read(|fields| fields.required("token", fields::text))?;
//!                     let active = call.run(|context| self.0.check(&token, context)).await?;
//!                     Ok(response::json(StatusCode::OK, active.subject))
//!                 }
//!                 (_, ["whose"]) => Err(method_not_allowed("POST")),
//!                 _ => Err(ErrorCode::RouteNotFound.into()),
//!             }
//!         })
//!     }
//! }
//!
//! let keys = KeySet::builder().hmac("k1", [7; 32].as_slice())?.build()?;
//! let issuer = Issuer::new(keys, Policy::new("https://api.example.com").audience("api"))?;
//! let endpoint = Endpoint::builder().dialect(Whose(issuer.clone())).build()?;
//!
//! let (store, context) = (MemoryStore::new(), Context::new(UnixTime::from_seconds(1_700_000_000), [7; 32]));
//! let token = issuer.mint(&Claims::new().subject("u1"), Lifetime::HOUR, &context)?;
//! let ask = |body: String| {
//!     let request = http::Request::post("/whose").body(body.into_bytes()).unwrap();
//!     endpoint.handle(request, &context).run(&store).result
//! };
//! assert_eq!(ask(format!(r#"{{"token":"{token}"}}"#))?.body(), br#""u1""#);
//! let refused = ask("{}".to_owned())?;
//! assert_eq!(refused.status(), 400);
//! assert_eq!(refused.body(), br#"{"error":"invalid_request","error_description":"token: this field is required"}"#);
//! # Ok::<(), Error>(())
//! ```
//!
//! Every decision that the vendors leave open is written down in `docs/endpoints.md`.

use std::fmt;
use std::pin::Pin;

mod call;
mod common;
mod cors;
pub mod endpoint;
pub mod entities;
pub(crate) mod event_receivers;
pub mod fields;
pub mod ledger;
pub mod mercoa;
pub mod merge;
pub mod monite;
pub mod oauth;
mod openapi;
mod paths;
mod rejection;
mod request;
pub mod response;
pub(crate) mod section;
mod status_lists;
pub(crate) mod trusted_issuers;
mod trusted_keys;

pub use call::Call;
pub(crate) use common::JWKS_MAX_AGE;
pub use rejection::{Rejection, method_not_allowed};
pub use request::{Form, MAX_BODY, Request, Segments};
pub use response::Response;

use crate::error::Result;
use crate::issuer::Issuer;
use crate::json::FromJson;
use crate::store::MemoryStore;
use crate::surface::table::{joined, tables};
use endpoint::EndpointBuilder;
use section::{Assemble, Parts, Sections};

/// What a wing is known by, whether what it serves is served or not.
struct Wing {
    paths: &'static [&'static str],
    refuse: fn(Rejection) -> Response,
}

/// What shows a dialect at work: a configuration, and lines to paste into a shell, where `{BASE}` is the address.
#[derive(Debug)]
#[non_exhaustive]
pub struct Demonstration {
    /// What the dialect is called.
    pub name: &'static str,
    /// What one begins with who serves it in earnest.
    pub start: Start,
    /// Its part of a configuration, as TOML. Its credentials are public.
    pub config: &'static str,
    /// How its tokens are got.
    pub tokens: &'static str,
    /// How one of them is introspected; empty where they are not.
    pub introspection: &'static str,
    /// How they are ended: what the lines end, in words, and the lines.
    pub end: Option<(&'static str, &'static str)>,
}

/// What one begins with who serves a dialect in earnest: what `tokenmint init` writes and tells.
#[derive(Debug)]
#[non_exhaustive]
pub struct Start {
    /// Its part of a configuration, as TOML. `{ISSUER}` stands for its issuer, `{KEY}` for the id of the key that signs, and
    /// `{SESSION_SECRET}`, where it needs one, for a file with a session secret.
    pub config: &'static str,
    /// Lines to paste into a shell, which add somebody at run time and get tokens. `{ISSUER}` stands for the issuer here as
    /// well, and `{SECRET}` for a new secret.
    pub steps: &'static str,
}

/// The demonstrations of this crate's dialects: what `tokenmint serve --demo` serves and tells.
///
/// ```
/// let configs = tokenmint::dialect::demonstrations().map(|shown| shown.config);
/// assert!(configs.collect::<String>().contains("[mercoa]"));
/// ```
pub fn demonstrations() -> impl Iterator<Item = &'static Demonstration> {
    DEMONSTRATIONS.iter().flatten()
}

/// Registers the wings: their paths and demonstrations, their operations, and their sections of a configuration, each in
/// this order.
macro_rules! wings {
    ($($wing:ident)+) => {
        static WINGS: &[Wing] = &[$($wing::WING),+];

        /// Not among the wings, so that they are in no program that shows none.
        static DEMONSTRATIONS: &[Option<Demonstration>] = &[$($wing::DEMONSTRATION),+];

        tables! { $($wing::operations,)+ }

        /// The sections of all wings.
        #[derive(Clone, Debug, Default)]
        pub(crate) struct WingSections {
            $($wing: $wing::section::Sections,)+
        }

        impl WingSections {
            /// Their names.
            pub(crate) const NAMES: &[&str] = &joined::<{
                0 $(+ <$wing::section::Sections as Sections>::NAMES.len())+
            }>(&[$(<$wing::section::Sections as Sections>::NAMES),+]);

            /// The section of one of the names.
            pub(crate) fn place(&mut self, name: &str) -> Option<&mut dyn FromJson> {
                $(if let Some(section) = self.$wing.place(name) {
                    return Some(section);
                })+
                None
            }

            /// Serves what there is a section for.
            pub(crate) fn serve(&self, parts: &mut dyn Parts, endpoint: EndpointBuilder) -> Result<EndpointBuilder> {
                $(let endpoint = self.$wing.serve(parts, endpoint)?;)+
                Ok(endpoint)
            }

            /// Creates the records that the sections hold.
            pub(crate) fn create(&self, records: &MemoryStore) -> Result<()> {
                $(self.$wing.create(records)?;)+
                Ok(())
            }
        }
    };
}

wings! { oauth mercoa monite ledger merge entities }

/// What a dialect gives back when it is asked: a response, or why there is none.
pub type Answer<'a> = Pin<Box<dyn Future<Output = Result<Response, Rejection>> + Send + 'a>>;

/// The requests and responses of one system.
pub trait Dialect: fmt::Debug + Send + Sync + 'static {
    /// Whose tokens it hands out. Its public keys are published, its tokens introspected, and the store that it is served
    /// with must last as long as its policy says.
    fn issuer(&self) -> &Issuer;

    /// Its paths, such as `/devices`: whatever is one of them or lies below one is asked of this dialect and of no other.
    fn paths(&self) -> &[&str];

    /// Whether it can work: looked at once, when the endpoint is built. It can, where nothing is said.
    ///
    /// # Errors
    /// `policy_invalid` at what is missing, such as what [`Issuer::check_session_secret`] says.
    fn check(&self) -> Result<()> {
        Ok(())
    }

    /// Answers a request for one of its paths. What it wants of the store it asks for by [`Call::run`], and awaits nothing
    /// else.
    fn answer<'a>(&'a self, call: &'a Call) -> Answer<'a>;

    /// What it says of itself: an OpenAPI document (version 3.1) with `paths`, and `components` whose names are its own. An
    /// endpoint puts those that it serves together at `/openapi.json`. Nothing, where nothing is said.
    fn openapi(&self) -> Option<&str> {
        None
    }

    /// Renders a refusal: what its own answers are refused with, and a request that did not arrive whole, is too large or
    /// cannot be read. In OAuth's shape (RFC 6749 section 5.2) where nothing is said.
    fn refuse(&self, rejection: Rejection) -> Response {
        response::refusal(rejection)
    }
}
