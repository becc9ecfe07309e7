//! The record behind an opaque access token.

use serde::{Deserialize, Serialize};

use super::Draft;
use crate::error::Result;
use crate::store::RecordKey;
use crate::time::UnixTime;

/// What an opaque access token stands for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Access {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) client: Option<String>,
    pub(crate) subject: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) scope: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) session: Option<String>,
    pub(crate) id: String,
    pub(crate) issued_at: UnixTime,
    pub(crate) expires_at: UnixTime,
    pub(crate) epoch: u64,
    #[serde(flatten)]
    pub(crate) lineage: Lineage,
    /// The payload that a JWT would have. A record without one has lost its custom claims.
    #[serde(default = "no_claims")]
    pub(crate) claims: String,
}

/// What a narrowed token comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lineage {
    /// The ids of the tokens that it was narrowed from, the first one first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) narrowed_from: Vec<String>,
    /// The clients that those were issued to, each once, and not its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) from_clients: Vec<String>,
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

fn no_claims() -> String {
    "{}".to_owned()
}
