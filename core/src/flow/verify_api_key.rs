//! An API key is verified, at each request of a customer: with one read, and none for what cannot be a key.

use std::fmt;

use super::Flow;
use crate::credential::SecretHash;
use crate::encoding::fingerprint;
use crate::error::{Error, ErrorCode, Result};
use crate::event::{Event, EventKind};
use crate::issuer::Issuer;
use crate::json::JsonMembers;
use crate::record::api_key::{ApiKey, api_key_key};
use crate::record::decode_value;
use crate::record::watermark::{Marks, keys_by_hash};
use crate::secret::Secret;
use crate::task::Task;
use crate::time::{Context, UnixTime};
use crate::token::api_key::ApiKeyText;

/// An API key that is good.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifiedApiKey {
    /// Its id.
    pub id: String,
    /// Whose it is.
    pub owner: String,
    /// What it allows.
    pub scope: Option<String>,
    /// What it was made with.
    pub claims: JsonMembers,
    /// Its name.
    pub name: Option<String>,
    /// When it ends, if it does.
    pub expires_at: Option<UnixTime>,
}

impl Issuer {
    /// Says whose an API key is and what it allows, if it is good now. A text that cannot be a key, by its checksum, asks for
    /// nothing; any other for one read. When a key was used last is not written down.
    ///
    /// # Errors
    /// `unauthenticated` for what is no key of this issuer; `token_expired` and `token_revoked` for a right one;
    /// `rate_limited` over the limit of failures; `store_regressed` where the store has lost a revocation; the store's.
    pub fn verify_api_key(&self, api_key: &Secret, context: &Context) -> Task<VerifiedApiKey> {
        let key = api_key.clone();
        self.task(context, |mut flow| async move { flow.verify_api_key(&key).await })
    }
}

impl Flow {
    async fn verify_api_key(&mut self, presented: &Secret) -> Result<VerifiedApiKey> {
        let text = std::str::from_utf8(presented.expose()).unwrap_or_default();
        let name = fingerprint(presented.expose());
        let Some(ApiKeyText { id, owner }) = ApiKeyText::parse(text) else {
            return self.refuse_api_key(name, ErrorCode::Unauthenticated.into());
        };
        let issuer = &self.issuer.policy().issuer;
        let [all, by_owner] = keys_by_hash(issuer, owner)?;
        let [entry, all, by_owner] = self.records.load([api_key_key(issuer, &id), all, by_owner]).await?;
        // An unknown id takes the same work as a wrong secret. A copy, as the store makes one of what it has.
        let decoy = entry.is_none().then(|| DECOY.as_bytes().to_vec());
        let value = entry.as_ref().map(|entry| entry.value.as_slice()).or(decoy.as_deref());
        let record: ApiKey = decode_value(value.unwrap_or_default())?;
        let right = record.is_proved_by(&SecretHash::of(text.as_bytes()), self.now());
        if entry.is_none() || !right {
            let error = self.failure(&id, ErrorCode::Unauthenticated).await;
            return self.refuse_api_key(name, error);
        }
        let marks = Marks::read([all, None, by_owner])?;
        let stands = match self.judge(marks, Some(record.epoch), None, |kind| record.event(kind)) {
            _ if record.revoked_at.is_some() => Err(ErrorCode::TokenRevoked.into()),
            Err(error) => Err(error),
            Ok(()) if record.is_expired(self.now()) => Err(ErrorCode::TokenExpired.into()),
            Ok(()) => Ok(()),
        };
        if let Err(error) = stands {
            return self.refuse_api_key(record.id, worded(error));
        }
        let ApiKey { id, owner, scope, claims, name, expires_at, .. } = record;
        Ok(VerifiedApiKey { id, owner, scope, claims, name, expires_at })
    }

    /// Refuses, and says so in an event: of which key, or by the fingerprint of what was presented.
    fn refuse_api_key<T>(&self, name: String, error: Error) -> Result<T> {
        let limit = error.code() == ErrorCode::RateLimited;
        let kind = if limit { EventKind::LimitHit } else { EventKind::TokenRefused };
        self.emit(Event::new(kind).id(name).reason(error.code()));
        Err(error)
    }
}

fn worded(error: Error) -> Error {
    match error.code() {
        ErrorCode::TokenExpired => error.because("the API key has expired"),
        ErrorCode::TokenRevoked => error.because("the API key was revoked"),
        _ => error,
    }
}

/// The record that stands in for an unknown key's: read like a real one, and matched by nothing.
const DECOY: &str = r#"{"id":"0000000000000000000000","owner":"00000000-0000-0000-0000-000000000000","prefix":"key","scope":"read","name":"name","created_at":1700000000,"epoch":0,"secret":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}"#;

impl fmt::Debug for VerifiedApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifiedApiKey")
            .field("id", &self.id)
            .field("owner", &self.owner)
            .field("scope", &self.scope)
            .field("name", &self.name)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_decoy_is_a_record_like_any_other() {
        let decoy: ApiKey = decode_value(DECOY.as_bytes()).unwrap();
        assert_eq!(crate::json::to_text(&decoy), DECOY);
    }
}
