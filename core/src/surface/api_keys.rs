//! API keys of a product's customers.

use super::table::{Hidden, Nothing, operations};
use crate::describe::described;
use crate::flow::page::Page;
use crate::flow::{create_api_key, list_api_keys, verify_api_key};
use crate::json::JsonMembers;
use crate::time::{Lifetime, UnixTime};
use crate::values::SecretText;

operations! {
    "API keys for customers":

    /// Makes an API key for a customer, to be shown once: only the SHA-256 of it is kept.
    create_api_key(CreateApiKeyRequest) -> NewApiKey, [InvalidScope, ClaimReserved]
        |issuer, input, context| issuer.create_api_key(input.into(), context);
    /// Says whose an API key is and what it allows, if it is good now, with one read; a typo is found without any.
    verify_api_key(PresentedApiKey) -> VerifiedApiKey, [Unauthenticated, TokenExpired, TokenRevoked, RateLimited]
        |issuer, input, context| issuer.verify_api_key(&input.api_key.0, context);
    /// Lists the API keys of a customer, also those that have ended, until they are forgotten.
    list_api_keys(ListApiKeysRequest) -> ApiKeyList, []
        |issuer, input, context| issuer.list_api_keys(input.into(), context);
    /// Gives an API key another secret, while the one before is good for a chosen time.
    /// Secrets that were replaced earlier keep their time; at most four are live beside the newest.
    rotate_api_key(RotateApiKeyRequest) -> NewApiKey, [NotFound, AlreadyExists]
        |issuer, input, context| issuer.rotate_api_key(&input.id, input.keep_for, context);
    /// Ends an API key, with all its secrets; twice is as good as once.
    revoke_api_key(ApiKeyId) -> Nothing, [NotFound]
        |issuer, input, context| issuer.revoke_api_key(&input.id, context);
}

described! {
    /// Asks for an API key.
    #[json(read)]
    pub(crate) struct CreateApiKeyRequest {
        /// Whose it is to be.
        owner: String,
        /// What it allows.
        scope: Option<String>,
        /// Whatever else is to be known when it is presented: at most 16 KiB.
        #[json(default)]
        claims: JsonMembers,
        /// How long it lives; for good where it is left out.
        lifetime: Option<Lifetime>,
        /// A name that tells the owner's keys apart: at most 200 bytes.
        name: Option<String>,
        /// What it begins with, `key` where it is left out: lower-case letters, digits and `_`.
        prefix: Option<String>,
    }

    /// An API key that was made, or has another secret.
    #[json(write)]
    pub(crate) struct NewApiKey {
        /// The key. Nobody can look it up later.
        api_key: Hidden,
        /// Its id, by which it is managed.
        id: String,
        /// When it ends, if it does.
        #[json(omit)]
        expires_at: Option<UnixTime>,
    }

    /// An API key as somebody presents it.
    #[json(read)]
    pub(crate) struct PresentedApiKey {
        /// The key.
        api_key: SecretText,
    }

    /// An API key that is good.
    #[json(write)]
    pub(crate) struct VerifiedApiKey {
        /// Its id.
        id: String,
        /// Whose it is.
        owner: String,
        /// What it allows.
        #[json(omit)]
        scope: Option<String>,
        /// What it was made with.
        claims: JsonMembers,
        /// Its name.
        #[json(omit)]
        name: Option<String>,
        /// When it ends, if it does.
        #[json(omit)]
        expires_at: Option<UnixTime>,
    }

    /// Asks for the API keys of an owner.
    #[json(read)]
    pub(crate) struct ListApiKeysRequest {
        /// Whose.
        owner: String,
        /// Where to go on: `next` of the answer before.
        after: Option<String>,
        /// How many to look at, 1 to 100; 100 where it is left out.
        limit: Option<u32>,
    }

    /// API keys of an owner.
    #[json(write)]
    pub(crate) struct ApiKeyList {
        /// The keys, in no order that means anything.
        api_keys: Vec<ApiKey>,
        /// Where to go on; not there at the end.
        #[json(omit)]
        next: Option<String>,
    }

    /// An API key in a list.
    #[json(write)]
    pub(crate) struct ApiKey {
        /// Its id.
        id: String,
        /// What it allows.
        #[json(omit)]
        scope: Option<String>,
        /// Its name.
        #[json(omit)]
        name: Option<String>,
        /// When it was made.
        created_at: UnixTime,
        /// When it ends, if it does, or did.
        #[json(omit)]
        expires_at: Option<UnixTime>,
        /// Whether it was revoked, by itself or with all that is its owner's.
        revoked: bool,
    }

    /// Asks for another secret of an API key.
    #[json(read)]
    pub(crate) struct RotateApiKeyRequest {
        /// Its id.
        id: String,
        /// How long the secret before stays good; it ends at once where this is left out.
        keep_for: Option<Lifetime>,
    }

    /// Names an API key.
    #[json(read)]
    pub(crate) struct ApiKeyId {
        /// Its id.
        id: String,
    }
}

impl From<CreateApiKeyRequest> for create_api_key::CreateApiKey {
    fn from(input: CreateApiKeyRequest) -> Self {
        let CreateApiKeyRequest { owner, scope, claims, lifetime, name, prefix } = input;
        create_api_key::CreateApiKey { owner, scope, claims, lifetime, name, prefix }
    }
}

impl From<create_api_key::NewApiKey> for NewApiKey {
    fn from(key: create_api_key::NewApiKey) -> Self {
        NewApiKey { api_key: key.api_key.into(), id: key.id, expires_at: key.expires_at }
    }
}

impl From<verify_api_key::VerifiedApiKey> for VerifiedApiKey {
    fn from(key: verify_api_key::VerifiedApiKey) -> Self {
        let verify_api_key::VerifiedApiKey { id, owner, scope, claims, name, expires_at } = key;
        VerifiedApiKey { id, owner, scope, claims, name, expires_at }
    }
}

impl From<ListApiKeysRequest> for list_api_keys::ListApiKeys {
    fn from(input: ListApiKeysRequest) -> Self {
        let ListApiKeysRequest { owner, after, limit } = input;
        list_api_keys::ListApiKeys { owner, page: Page { after, limit } }
    }
}

impl From<list_api_keys::ApiKeyList> for ApiKeyList {
    fn from(list: list_api_keys::ApiKeyList) -> Self {
        let api_keys = list.api_keys.into_iter().map(|key| {
            let list_api_keys::ApiKeyView { id, scope, name, created_at, expires_at, revoked } = key;
            ApiKey { id, scope, name, created_at, expires_at, revoked }
        });
        ApiKeyList { api_keys: api_keys.collect(), next: list.next }
    }
}
