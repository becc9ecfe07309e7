//! The API keys of an owner: without their secrets, which nobody has any more.

use super::Flow;
use super::page::{Page, cursor};
use crate::error::Result;
use crate::issuer::Issuer;
use crate::record::api_key::{ApiKey, api_keys_of};
use crate::record::decode;
use crate::task::Task;
use crate::time::{Context, UnixTime};

/// A request for the API keys of an owner.
#[derive(Clone, Debug)]
pub struct ListApiKeys {
    pub(crate) owner: String,
    pub(crate) page: Page,
}

impl ListApiKeys {
    /// The keys of this owner.
    pub fn new(owner: impl Into<String>) -> Self {
        ListApiKeys { owner: owner.into(), page: Page::default() }
    }

    /// Goes on where an answer's [`ApiKeyList::next`] says.
    #[must_use]
    pub fn after(mut self, cursor: impl Into<String>) -> Self {
        self.page.after = Some(cursor.into());
        self
    }

    /// How many to look at, 1 to 100; 100 by default.
    #[must_use]
    pub fn limit(mut self, limit: u32) -> Self {
        self.page.limit = Some(limit);
        self
    }
}

/// An API key in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKeyView {
    /// Its id.
    pub id: String,
    /// What it allows.
    pub scope: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// When it was made.
    pub created_at: UnixTime,
    /// When it ends, if it does, or did.
    pub expires_at: Option<UnixTime>,
    /// Whether it was revoked, by itself or with all that is its owner's.
    pub revoked: bool,
}

/// API keys of an owner, in no order that means anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKeyList {
    /// The keys: also those that have ended, until they are forgotten. A revoked one is kept for 90 days.
    pub api_keys: Vec<ApiKeyView>,
    /// Where to go on, for [`ListApiKeys::after`]; `None` at the end.
    pub next: Option<String>,
}

impl Issuer {
    /// Lists the API keys of an owner.
    ///
    /// ```
    /// use tokenmint::*;
    /// let keys = KeySet::builder().hmac("k1", [7; 32].as_slice())?.build()?;
    /// let (issuer, store) = (Issuer::new(keys, Policy::new("https://api.example.com"))?, MemoryStore::new());
    /// let context = |seed| Context::new(UnixTime::from_seconds(1_700_000_000), [seed; 32]);
    ///
    /// let request = CreateApiKey::new("customer_1").name("build server");
    /// let made = issuer.create_api_key(request, &context(1)).run(&store).result?;
    /// issuer.revoke_api_key(&made.id, &context(2)).run(&store).result?;
    /// let list = issuer.list_api_keys(ListApiKeys::new("customer_1"), &context(3)).run(&store).result?;
    /// assert_eq!(list.api_keys[0].name.as_deref(), Some("build server"));
    /// assert!(list.api_keys[0].revoked && list.next.is_none());
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// `field_invalid` at `after` for what is no cursor, at `limit` for 0 and for more than 100; the store's.
    pub fn list_api_keys(&self, request: ListApiKeys, context: &Context) -> Task<ApiKeyList> {
        self.task(context, |flow| async move { flow.list_api_keys(request).await })
    }
}

impl Flow {
    async fn list_api_keys(&self, request: ListApiKeys) -> Result<ApiKeyList> {
        let ListApiKeys { owner, page } = request;
        let (after, limit) = page.read()?;
        let issuer = &self.issuer.policy().issuer;
        let (entries, next) = self.records.list(api_keys_of(issuer, &owner), after, limit).await?;
        // Behind the list: a key that is in it was made under these watermarks or lower ones.
        let marks = self.marks_of_owner(&owner).await?;
        let view = |record: ApiKey| {
            let stands = record.revoked_at.is_none() && marks.check(Some(record.epoch), None).is_ok();
            let ApiKey { id, scope, name, created_at, expires_at, .. } = record;
            ApiKeyView { id, scope, name, created_at, expires_at, revoked: !stands }
        };
        let api_keys: Result<_> = entries.iter().map(|entry| decode(entry).map(view)).collect();
        Ok(ApiKeyList { api_keys: api_keys?, next: next.map(cursor) })
    }
}
