//! The debug text of commands and replies. A signing input with its signature is a token: neither is shown.

use std::fmt;

use super::{Command, Reply};

impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Command::Load { keys } => f.debug_struct("Load").field("keys", keys).finish(),
            Command::Cas { key, expect, write } => {
                f.debug_struct("Cas").field("key", key).field("expect", expect).field("write", write).finish()
            }
            Command::Throttle { key, interval_us, burst_us, cost, now_us } => f
                .debug_struct("Throttle")
                .field("key", key)
                .field("interval_us", interval_us)
                .field("burst_us", burst_us)
                .field("cost", cost)
                .field("now_us", now_us)
                .finish(),
            Command::Sweep { before_ms, limit } => {
                f.debug_struct("Sweep").field("before_ms", before_ms).field("limit", limit).finish()
            }
            Command::List { by, after, limit } => {
                f.debug_struct("List").field("by", by).field("after", after).field("limit", limit).finish()
            }
            Command::Sign { kid, algorithm, message } => f
                .debug_struct("Sign")
                .field("kid", kid)
                .field("algorithm", algorithm)
                .field("message", &Size(message))
                .finish(),
            Command::VerifySignature { kid, algorithm, message, signature } => f
                .debug_struct("VerifySignature")
                .field("kid", kid)
                .field("algorithm", algorithm)
                .field("message", &Size(message))
                .field("signature", &Size(signature))
                .finish(),
        }
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reply::Loaded { entries, store_now_ms } => f
                .debug_struct("Loaded")
                .field("entries", entries)
                .field("store_now_ms", store_now_ms)
                .finish(),
            Reply::Done => f.write_str("Done"),
            Reply::Conflict(entry) => f.debug_tuple("Conflict").field(entry).finish(),
            Reply::Admitted { tat_us } => f.debug_struct("Admitted").field("tat_us", tat_us).finish(),
            Reply::Denied { tat_us } => f.debug_struct("Denied").field("tat_us", tat_us).finish(),
            Reply::Removed(count) => f.debug_tuple("Removed").field(count).finish(),
            Reply::Listed { entries, next } => {
                f.debug_struct("Listed").field("entries", entries).field("next", next).finish()
            }
            Reply::Signed(signature) => f.debug_tuple("Signed").field(&Size(signature)).finish(),
            Reply::Verified(verdict) => f.debug_tuple("Verified").field(verdict).finish(),
        }
    }
}

/// How many bytes there are, and not which.
struct Size<'a>(&'a [u8]);

impl fmt::Debug for Size<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}
