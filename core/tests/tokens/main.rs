//! Tokens and the keys under them, through the public interface.

#[cfg(feature = "aws-lc")]
mod differential;
mod host_keys;
mod mint;
#[cfg(any(feature = "aws-lc", feature = "rustcrypto"))]
mod secrets;
mod signed;
mod verify;
