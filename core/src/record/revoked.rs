//! The record of a revoked token.

use crate::json::object;
use crate::store::RecordKey;
use crate::time::UnixTime;

object! {
    /// The record of a revoked token: that it is there is all that counts.
    #[derive(Clone, Copy, Debug)]
    #[json(read, write)]
    pub(crate) struct Revoked {
        pub(crate) at: UnixTime,
    }
}

/// The key of the record that a token was revoked.
pub(crate) fn revoked_key(issuer: &str, token_id: &str) -> RecordKey {
    RecordKey::of("revoked", &[issuer, token_id])
}
