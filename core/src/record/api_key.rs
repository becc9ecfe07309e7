//! The record of a customer's API key.

use super::Draft;
use super::journal::number_of;
use crate::credential::{Replaced, SecretHash};
use crate::error::Result;
use crate::event::{Event, EventKind};
use crate::json::{JsonMembers, object};
use crate::store::RecordKey;
use crate::time::{Lifetime, UnixTime};

object! {
    /// An API key: whose it is, what it allows, and the hashes of its secrets.
    #[derive(Clone, Debug)]
    #[json(read, write)]
    pub(crate) struct ApiKey {
        pub(crate) id: String,
        pub(crate) owner: String,
        pub(crate) prefix: String,
        #[json(omit)]
        pub(crate) scope: Option<String>,
        #[json(omit)]
        pub(crate) claims: JsonMembers,
        #[json(omit)]
        pub(crate) name: Option<String>,
        pub(crate) created_at: UnixTime,
        #[json(omit)]
        pub(crate) expires_at: Option<UnixTime>,
        /// As a token's.
        pub(crate) epoch: u64,
        /// Of the whole text of the key.
        pub(crate) secret: SecretHash,
        #[json(omit)]
        pub(crate) replaced: Replaced,
        #[json(omit)]
        pub(crate) revoked_at: Option<UnixTime>,
    }
}

/// How long a revoked key stays in the lists, in days.
const KEPT_DAYS: u32 = 90;

pub(crate) fn api_key_key(issuer: &str, id: &str) -> RecordKey {
    RecordKey::of("customer-key", &[issuer, id])
}

/// By what the keys of an owner are listed: nobody lists those of another issuer's owner of the same name.
pub(crate) fn api_keys_of(issuer: &str, owner: &str) -> RecordKey {
    RecordKey::of("api-keys", &[issuer, owner])
}

impl ApiKey {
    /// Whether a text of this hash is the key now. Every secret is compared.
    pub(crate) fn is_proved_by(&self, hash: &SecretHash, now: UnixTime) -> bool {
        self.secret.same_as(hash) | self.replaced.has(hash, now)
    }

    /// What proves it, as a number that is another when that is: a secret is replaced, or the key is revoked.
    pub(crate) fn proof(&self) -> u64 {
        number_of(&[&self.secret, &self.revoked_at])
    }

    pub(crate) fn is_expired(&self, now: UnixTime) -> bool {
        self.expires_at.is_some_and(|end| now >= end)
    }

    pub(crate) fn draft(&self, issuer: &str) -> Result<Draft> {
        let end = self.expires_at.unwrap_or(UnixTime::MAX);
        let kept = |revoked_at: UnixTime| revoked_at.after(Lifetime::minutes(KEPT_DAYS * 24 * 60));
        let until = self.revoked_at.map_or(end, |revoked_at| end.min(kept(revoked_at)));
        Ok(Draft::new(self, until)?.listed(api_keys_of(issuer, &self.owner), None))
    }

    pub(crate) fn event(&self, kind: EventKind) -> Event {
        Event::new(kind).subject(&*self.owner).id(&*self.id)
    }
}
