//! API keys for a product's customers are made: the key is shown once, its SHA-256 is kept.

use std::fmt;

use super::Flow;
use super::own_claims::check_custom_of;
use crate::credential::{Replaced, SecretHash};
use crate::error::{Result, field_invalid};
use crate::event::EventKind;
use crate::issuer::Issuer;
use crate::json::{self, JsonMembers};
use crate::record::api_key::{ApiKey, api_key_key};
use crate::record::watermark::subject_hash;
use crate::record::{Change, busy};
use crate::scope;
use crate::task::Task;
use crate::time::{Context, Lifetime, UnixTime};
use crate::token::api_key::{encode, is_prefix, new_id};

/// The most bytes of a key's custom claims as JSON, and of its name.
const MAX_CLAIMS: usize = 16 * 1024;
const MAX_NAME: usize = 200;

/// A request to make an API key.
#[derive(Clone, Debug)]
pub struct CreateApiKey {
    pub(crate) owner: String,
    pub(crate) scope: Option<String>,
    pub(crate) claims: JsonMembers,
    pub(crate) lifetime: Option<Lifetime>,
    pub(crate) name: Option<String>,
    pub(crate) prefix: Option<String>,
}

impl CreateApiKey {
    /// A key for this owner: a customer, as the product knows it. [`Issuer::revoke_subject`] ends all of an owner's keys.
    pub fn new(owner: impl Into<String>) -> Self {
        let (scope, claims, lifetime, name, prefix) = (None, JsonMembers::new(), None, None, None);
        CreateApiKey { owner: owner.into(), scope, claims, lifetime, name, prefix }
    }

    /// What the key allows (RFC 6749 section 3.3).
    #[must_use]
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scope = Some(scope.into());
        self
    }

    /// Whatever else is to be known when the key is presented: a JSON object of at most 16 KiB.
    #[must_use]
    pub fn claims(mut self, claims: JsonMembers) -> Self {
        self.claims = claims;
        self
    }

    /// How long the key lives; for good where nothing is said. The policy's bound is one for tokens.
    #[must_use]
    pub fn lifetime(mut self, lifetime: Lifetime) -> Self {
        self.lifetime = Some(lifetime);
        self
    }

    /// A name that tells the owner's keys apart: at most 200 bytes.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// What the key begins with, such as `acme_live`; `key` where nothing is said. 1 to 20 lower-case letters, digits and
    /// `_`, a letter first and no `_` last.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = Some(prefix.into());
        self
    }
}

/// An API key that was made, or has another secret: to be shown once.
#[derive(Clone, PartialEq, Eq)]
pub struct NewApiKey {
    /// The key. Nobody can look it up later.
    pub api_key: String,
    /// Its id, by which it is managed. It stays when the secret is replaced.
    pub id: String,
    /// When it ends, if it does.
    pub expires_at: Option<UnixTime>,
}

impl Issuer {
    /// Makes an API key for a customer. Only the SHA-256 of it reaches the store.
    ///
    /// ```
    /// use tokenmint::*;
    /// let keys = KeySet::builder().hmac("k1", [7; 32].as_slice())?.build()?;
    /// let (issuer, store) = (Issuer::new(keys, Policy::new("https://api.example.com"))?, MemoryStore::new());
    /// let context = |seed| Context::new(UnixTime::from_seconds(1_700_000_000), [seed; 32]);
    ///
    /// let request = CreateApiKey::new("customer_1").scope("read").prefix("acme_live");
    /// let made = issuer.create_api_key(request, &context(1)).run(&store).result?;
    /// assert!(made.api_key.starts_with(&format!("acme_live_{}", made.id)));
    ///
    /// let key = issuer.verify_api_key(&made.api_key.into(), &context(2)).run(&store).result?;
    /// assert_eq!((key.owner.as_str(), key.scope.as_deref()), ("customer_1", Some("read")));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// `field_invalid` at `owner`, `name`, `prefix` or `claims`; `invalid_scope`; `claim_reserved` for a claim that the
    /// issuer sets; the store's.
    pub fn create_api_key(&self, request: CreateApiKey, context: &Context) -> Task<NewApiKey> {
        self.task(context, |mut flow| async move { flow.create_api_key(request).await })
    }
}

impl Flow {
    async fn create_api_key(&mut self, request: CreateApiKey) -> Result<NewApiKey> {
        let CreateApiKey { owner, scope, claims, lifetime, name, prefix } = request;
        let prefix = prefix.unwrap_or_else(|| "key".to_owned());
        if owner.is_empty() {
            return Err(field_invalid("owner", "a key has an owner"));
        }
        if name.as_ref().is_some_and(|name| name.len() > MAX_NAME) {
            return Err(field_invalid("name", "a name has at most 200 bytes"));
        }
        if !is_prefix(&prefix) {
            let text = "a prefix is 1 to 20 lower-case letters, digits and _, a letter first and no _ last";
            return Err(field_invalid("prefix", text));
        }
        scope::check(scope.as_deref().unwrap_or_default())?;
        check_custom_of(&claims, self.issuer.policy())?;
        if json::size(&claims) > MAX_CLAIMS {
            return Err(field_invalid("claims", "the claims of a key have at most 16384 bytes as JSON"));
        }
        let issuer = self.issuer.policy().issuer.clone();
        let hash = subject_hash(&issuer, &owner);
        let marks = self.marks_of_owner(&owner).await?;
        let id = new_id(self.entropy().bytes());
        let api_key = encode(&prefix, &id, hash, self.entropy().bytes());
        let record = ApiKey {
            id,
            owner,
            prefix,
            scope: scope::named(scope),
            claims,
            name,
            created_at: self.now(),
            expires_at: lifetime.map(|lifetime| self.now().after(lifetime)),
            epoch: marks.epoch(),
            secret: SecretHash::of(api_key.as_bytes()),
            replaced: Replaced::default(),
            revoked_at: None,
        };
        let key = api_key_key(&issuer, &record.id);
        if let Change::Conflict(_) = self.records.insert(&key, record.draft(&issuer)?).await? {
            return Err(busy());
        }
        self.emit(record.event(EventKind::ApiKeyCreated));
        Ok(NewApiKey { api_key, id: record.id, expires_at: record.expires_at })
    }
}

impl fmt::Debug for NewApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut key = f.debug_struct("NewApiKey");
        key.field("id", &self.id).field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}
