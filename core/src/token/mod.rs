//! Tokens: the JWS compact form (RFC 7515 section 7.1) that carries claims, and opaque handles that carry nothing.

pub(crate) mod api_key;
pub(crate) mod by_issuer;
pub(crate) mod checks;
pub(crate) mod confirmation;
pub(crate) mod derived;
pub(crate) mod dpop;
pub(crate) mod explain;
pub(crate) mod handle;
pub(crate) mod host;
pub(crate) mod id;
pub(crate) mod jws;
pub(crate) mod mint;
pub(crate) mod parts;
pub(crate) mod status_list;
mod target_uri;
pub(crate) mod template;
pub mod unverified;
pub(crate) mod verdicts;
pub(crate) mod verified;
pub(crate) mod verifier;
pub(crate) mod verify;

/// The longest token that is minted or read, in bytes.
pub const MAX_TOKEN: usize = 64 * 1024;
