//! The token endpoint as a library: mint, verify, refresh, revoke and redeem tokens.
//!
//! This crate is pure: it has no clock, no randomness and no I/O. Whatever comes from outside is a value: the time and
//! a seed come in a [`Context`], and a flow is a [`Task`] that asks whoever drives it for storage. The same request,
//! context and stored records give the same bytes out, in every language.
//!
//! Three levels: primitives ([`Issuer::mint`], [`Verifier::verify`]), flows ([`Issuer::refresh`] and its neighbours),
//! and the endpoint ([`endpoint::Endpoint`]): dialects, OAuth's, four vendors' or your own ([`dialect::Dialect`]), which are no more
//! than renderings of the flows.
//!
//! ```
//! use tokenmint::*;
//! let keys = KeySet::builder().hmac("k1", [7; 32].as_slice())?.build()?;   // a weak key is refused here
//! let issuer = Issuer::new(keys, Policy::new("https://api.example.com"))?;
//! let context = Context::new(UnixTime::from_seconds(1_700_000_000), [1; 32]); // the clock, and 32 random bytes
//! let token = issuer.mint(&Claims::new().subject("ent_1").audience("app"), "1h".parse()?, &context)?;
//! let claims = issuer.verifier().audience("app").verify(&token, context.now())?;
//! assert_eq!(claims.subject().as_deref(), Some("ent_1"));
//! # Ok::<(), Error>(())
//! ```
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::unreachable
    ),
    // The lints that keep it pure: `clippy.toml` says what they refuse. Nothing in the library may silence them.
    forbid(clippy::disallowed_methods, clippy::disallowed_types)
)]

mod assertion_rule;
mod claims;
pub mod config;
mod credential;
mod describe;
pub mod dialect;
mod dpop_policy;
mod encoding;
mod entropy;
mod error;
mod event;
mod event_receiver;
pub mod expires_in;
mod fetches;
mod flow;
mod inline;
mod issuer;
mod json;
mod key;
pub mod operation;
mod policy;
mod proof_window;
mod record;
mod registered;
mod remote;
mod rotation;
mod scope;
mod secret;
pub mod source;
mod status;
mod status_policy;
mod store;
mod surface;
mod task;
mod time;
mod token;
mod trusted_issuer;
mod url;
mod values;

// The public interface.
pub use assertion_rule::AssertionRule;
pub use claims::Claims;
pub use credential::{Credentials, SecretHash};
pub use dialect::endpoint;
pub use dpop_policy::DpopPolicy;
pub use encoding::fingerprint;
pub use entropy::Entropy;
pub use error::{Error, ErrorCode, Result, Retry};
pub use event::{Event, EventKind};
pub use event_receiver::{EventPush, EventReceiver, SecurityEvent};
pub use flow::accept_assertion::AcceptAssertion;
pub use flow::access_token::{AccessToken, AccessTokenType};
pub use flow::active_token::ActiveToken;
pub use flow::client::ClientProof;
pub use flow::client_credentials::ClientCredentials;
pub use flow::create_api_key::{CreateApiKey, NewApiKey};
pub use flow::directory;
pub use flow::list_api_keys::{ApiKeyList, ApiKeyView, ListApiKeys};
pub use flow::list_sessions::{ListSessions, SessionList, SessionView};
pub use flow::narrow::{Narrow, NarrowedToken};
pub use flow::poll_events::{PollEvents, PolledEvents, SecurityEventToken};
pub use flow::redeem::{RedeemedSingleUse, SingleUseView};
pub use flow::refresh::Refresh;
pub use flow::single_use::{CancelSingleUse, IssueSingleUse, SingleUseToken};
pub use flow::single_use_token::PresentedSingleUse;
pub use flow::start_session::StartSession;
pub use flow::status_lists::{StatusListToken, StatusListTokens};
pub use flow::token_pair::TokenPair;
pub use flow::verify_api_key::VerifiedApiKey;
pub use issuer::Issuer;
pub use json::JsonText;
pub use key::{Algorithm, Key, KeySet, KeySetBuilder};
pub use operation::OPERATIONS;
pub use policy::{AccessFormat, Integration, Narrowing, Policy, Rate};
pub use proof_window::ProofWindow;
pub use record::client::Permission;
pub use registered::REGISTERED;
pub use remote::{RemoteKeySet, Resolution};
pub use rotation::{KeyRing, KeyState, RingKey, RingSchedule, RotationAction, RotationRules, RotationStep};
pub use secret::Secret;
pub use source::{
    AsyncTokenEndpoint, Attempt, SourceStep, SourceToken, TokenAnswer, TokenEndpoint, TokenRequest,
    TokenResponse, TokenSource,
};
pub use status::{OpenedList, StatusLists, StatusResolution};
pub use status_policy::StatusPolicy;
pub use store::{
    AsyncSigner, AsyncStore, Command, Durability, Entry, Expect, Index, IndexValue, MAX_KEY, MAX_SKEW_MS,
    MAX_VALUE, MemoryStore, RecordKey, Reply, SLACK_MS, Signer, Store, StoreError, Version, WithSigner,
    Write,
};
pub use task::{Outcome, Step, Task};
pub use time::{Context, Lifetime, UnixTime};
pub use token::MAX_TOKEN;
pub use token::dpop::{Bound, DpopProof};
pub use token::explain::{Check, CheckOutcome, Explanation};
pub use token::handle::HandleFormat;
pub use token::jws::Jws;
pub use token::template::Template;
pub use token::unverified;
pub use token::verified::Verified;
pub use token::verifier::Verifier;
pub use trusted_issuer::TrustedIssuer;

/// The examples of the READMEs and of the documents are tests.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
#[doc = include_str!("../README.md")]
#[doc = include_str!("../../docs/tutorials/sign-in-session.md")]
#[doc = include_str!("../../docs/tutorials/widget-token.md")]
mod documents {}
