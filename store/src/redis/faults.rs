//! What an error of the client or the server says about a command: certainly not done, or maybe.

use redis::{ErrorKind, RedisError};
use tokenmint::{Error, StoreError};

use crate::target::{invalid, unavailable};

/// What the server answers before anything was written. Within a script too: it refuses the first write, or none. An
/// `ERR` or a `NOPERM` may come from a later one.
const REFUSALS: [&str; 15] = [
    "ASK",
    "BUSY",
    "CLUSTERDOWN",
    "CROSSSLOT",
    "LOADING",
    "MASTERDOWN",
    "MISCONF",
    "MOVED",
    "NOAUTH",
    "NOREPLICAS",
    "NOSCRIPT",
    "OOM",
    "READONLY",
    "TRYAGAIN",
    "WRONGPASS",
];

/// A command that failed.
#[derive(Debug)]
pub(super) enum Failed {
    /// There was no connection, so nothing was sent.
    Unsent(RedisError),
    /// Whether it was carried out, the error says.
    Sent(RedisError),
}

impl From<Failed> for RedisError {
    fn from(failed: Failed) -> Self {
        let (Failed::Unsent(error) | Failed::Sent(error)) = failed;
        error
    }
}

/// There is no connection, so nothing was sent.
pub(super) fn unreachable(error: RedisError) -> StoreError {
    log(&error, "not connected");
    StoreError::Unavailable
}

/// A command that changes nothing failed.
pub(super) fn read(failed: impl Into<RedisError>) -> StoreError {
    let error = failed.into();
    log(&error, "a read failed");
    match error.kind() {
        ErrorKind::Parse | ErrorKind::UnexpectedReturnType => StoreError::Corrupt,
        _ if error.code() == Some("WRONGTYPE") => StoreError::Corrupt,
        _ => StoreError::Unavailable,
    }
}

/// A command that writes failed.
pub(super) fn write(failed: Failed) -> StoreError {
    let error = match failed {
        Failed::Unsent(error) => return unreachable(error),
        Failed::Sent(error) => error,
    };
    log(&error, "a write failed");
    match error.code() {
        Some("WRONGTYPE") => StoreError::Corrupt,
        Some(code) if REFUSALS.contains(&code) => StoreError::Unavailable,
        _ => StoreError::Unknown,
    }
}

/// A server could not be opened. The texts of the client and the server repeat no password.
pub(super) fn open(failed: impl Into<RedisError>) -> Error {
    let error = failed.into();
    let refused = matches!(error.code(), Some("NOAUTH" | "WRONGPASS"));
    match error.kind() {
        _ if refused => invalid("url", "the server refuses this user or password"),
        ErrorKind::AuthenticationFailed => invalid("url", "the server refuses this user or password"),
        ErrorKind::InvalidClientConfig => {
            invalid("url", "such a URL cannot work: redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE]")
        }
        ErrorKind::RESP3NotSupported => invalid("url", "the server is too old: Redis 7 or Valkey is needed"),
        ErrorKind::ClusterConnectionNotFound => {
            unavailable("the Cluster has no node for some of its slots: see CLUSTER INFO")
        }
        _ => unavailable(format!("the server cannot be used: {error}")),
    }
}

fn log(error: &RedisError, what: &str) {
    let code = error.code().unwrap_or_default();
    tracing::warn!(target: "tokenmint::store", kind = error.category(), code, "redis: {what}");
}
