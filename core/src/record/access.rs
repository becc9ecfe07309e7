//! The record behind an opaque access token.

use super::Draft;
use crate::error::Result;
use crate::json::object;
use crate::store::RecordKey;
use crate::time::UnixTime;

object! {
    /// What an opaque access token stands for.
    #[derive(Clone, Debug)]
    #[json(read, write)]
    pub(crate) struct Access {
        #[json(omit)]
        pub(crate) client: Option<String>,
        pub(crate) subject: String,
        #[json(omit)]
        pub(crate) scope: Option<String>,
        #[json(omit)]
        pub(crate) session: Option<String>,
        pub(crate) id: String,
        pub(crate) issued_at: UnixTime,
        pub(crate) expires_at: UnixTime,
        pub(crate) epoch: u64,
        /// As in [`Lineage`].
        #[json(omit)]
        pub(crate) narrowed_from: Vec<String>,
        #[json(omit)]
        pub(crate) from_clients: Vec<String>,
        /// The payload that a JWT would have. A record without one has lost its custom claims.
        pub(crate) claims: Option<String>,
    }
}

object! {
    /// What a narrowed token comes from.
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    #[json(read, write)]
    pub(crate) struct Lineage {
        /// The ids of the tokens that it was narrowed from, the first one first.
        #[json(omit)]
        pub(crate) narrowed_from: Vec<String>,
        /// The clients that those were issued to, each once, and not its own.
        #[json(omit)]
        pub(crate) from_clients: Vec<String>,
    }
}

impl Access {
    /// The record as it is written.
    pub(crate) fn draft(&self) -> Result<Draft> {
        let about = RecordKey::of("subject", &[&self.subject]);
        Ok(Draft::new(self, self.expires_at)?.listed(about, self.client.as_deref()))
    }
}

/// The key of an opaque token's record. Issuers that share a store do not know each other's tokens: a revocation is
/// written down for the issuer it was asked of.
pub(crate) fn access_key(issuer: &str, handle: &str) -> RecordKey {
    RecordKey::of("access", &[issuer, handle])
}
