//! The token endpoint as a library.
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::unreachable
    )
)]

mod encoding;
mod entropy;
mod error;
pub mod expires_in;
mod json;
mod key;
mod secret;
mod time;

// The public interface.
pub use encoding::fingerprint;
pub use entropy::Entropy;
pub use error::{Error, ErrorCode, Result, Retry};
pub use key::{Algorithm, Key, KeySet, KeySetBuilder};
pub use secret::Secret;
pub use time::{Context, Lifetime, UnixTime};
