//! An API key gets another secret, while the one before is good for a chosen time; and an API key is ended.

use super::Flow;
use super::create_api_key::NewApiKey;
use crate::credential::SecretHash;
use crate::error::{Error, ErrorCode, Result};
use crate::event::EventKind;
use crate::issuer::Issuer;
use crate::record::api_key::{ApiKey, api_key_key};
use crate::record::journal::{Ended, EndedKind};
use crate::record::watermark::subject_hash;
use crate::task::Task;
use crate::time::{Context, Lifetime};
use crate::token::api_key::encode;

impl Issuer {
    /// Gives an API key another secret. The one before is good for `keep_for`, or ends at once. Those before that one keep
    /// their time, so that after a lost answer one can ask again: the key that a customer still has does not end early.
    ///
    /// ```
    /// use tokenmint::*;
    /// let keys = KeySet::builder().hmac("k1", [7; 32].as_slice())?.build()?;
    /// let (issuer, store) = (Issuer::new(keys, Policy::new("https://api.example.com"))?, MemoryStore::new());
    /// let context = |seed| Context::new(UnixTime::from_seconds(1_700_000_000), [seed; 32]);
    ///
    /// let old = issuer.create_api_key(CreateApiKey::new("customer_1"), &context(1)).run(&store).result?;
    /// let new = issuer.rotate_api_key(&old.id, Some(Lifetime::DAY), &context(2)).run(&store).result?;
    /// assert_eq!(new.id, old.id);
    /// for key in [old.api_key, new.api_key] {
    ///     assert!(issuer.verify_api_key(&key.into(), &context(3)).run(&store).result.is_ok());
    /// }
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// `not_found` at `id` for a key that is not known, was revoked or has expired; `already_exists` where four replaced
    /// secrets are live; `store_busy`, and the store's.
    pub fn rotate_api_key(&self, id: &str, keep_for: Option<Lifetime>, context: &Context) -> Task<NewApiKey> {
        let id = id.to_owned();
        self.task(context, move |mut flow| async move { flow.rotate_api_key(&id, keep_for).await })
    }

    /// Ends an API key, with all its secrets. Doing it twice is as good as once.
    ///
    /// # Errors
    /// `not_found` at `id`; `store_busy`, and the store's.
    pub fn revoke_api_key(&self, id: &str, context: &Context) -> Task<()> {
        let id = id.to_owned();
        self.task(context, |mut flow| async move { flow.revoke_api_key(&id).await })
    }
}

impl Flow {
    async fn rotate_api_key(&mut self, id: &str, keep_for: Option<Lifetime>) -> Result<NewApiKey> {
        let issuer = self.issuer.policy().issuer.clone();
        let now = self.now();
        let secret = self.entropy().bytes();
        let mut update = self.records.open(api_key_key(&issuer, id)).await?;
        loop {
            let mut record: ApiKey = update.found()?.ok_or_else(not_found)?;
            // A key that a watermark has ended is not made anew.
            let marks = self.marks_of_owner(&record.owner).await?;
            self.judge(marks, Some(record.epoch), None, |kind| record.event(kind)).map_err(gone)?;
            if record.revoked_at.is_some() || record.is_expired(now) {
                return Err(not_found());
            }
            self.announce_api_key(&record).await?;
            let hash = subject_hash(&issuer, &record.owner);
            let api_key = encode(&record.prefix, &record.id, hash, secret);
            let until = keep_for.map_or(now, |keep_for| now.after(keep_for));
            record.replaced.add(record.secret, until, now)?;
            record.secret = SecretHash::of(api_key.as_bytes());
            if self.records.write(&mut update, record.draft(&issuer)?).await? {
                self.emit(record.event(EventKind::ApiKeyRotated));
                return Ok(NewApiKey { api_key, id: record.id, expires_at: record.expires_at });
            }
        }
    }

    async fn revoke_api_key(&mut self, id: &str) -> Result<()> {
        let issuer = self.issuer.policy().issuer.clone();
        let now = self.now();
        let mut update = self.records.open(api_key_key(&issuer, id)).await?;
        loop {
            let record: ApiKey = update.found()?.ok_or_else(not_found)?;
            if record.revoked_at.is_some() {
                return Ok(());
            }
            self.announce_api_key(&record).await?;
            let revoked = ApiKey { revoked_at: Some(now), ..record };
            if self.records.write(&mut update, revoked.draft(&issuer)?).await? {
                self.emit(revoked.event(EventKind::ApiKeyRevoked));
                return Ok(());
            }
        }
    }

    /// Tells that an API key may be about to be another, or none.
    async fn announce_api_key(&mut self, key: &ApiKey) -> Result<()> {
        let ended = Ended::new(EndedKind::ApiKey, self.now());
        let (id, subject, before) = (Some(key.id.clone()), Some(key.owner.clone()), Some(key.proof()));
        self.announce(Ended { id, subject, before, ..ended }).await
    }
}

fn not_found() -> Error {
    Error::new(ErrorCode::NotFound).at("id").because("there is no such API key, or it has ended")
}

fn gone(error: Error) -> Error {
    if error.code() == ErrorCode::TokenRevoked { not_found() } else { error }
}
