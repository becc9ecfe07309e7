//! The records of who asks: clients with an id and a secret, and bearer API keys.

use super::journal::number_of;
use super::{Draft, Lasting};
use crate::credential::{Credentials, Replaced, SecretHash};
use crate::describe::choices;
use crate::error::{Result, field_invalid};
use crate::json::{JsonMembers, object};
use crate::key::jwks;
use crate::scope;
use crate::store::RecordKey;
use crate::time::UnixTime;

choices! {
    /// What a credential may be used for.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    #[non_exhaustive]
    pub enum Permission {
        /// Access tokens for the client itself.
        ClientCredentials = "client_credentials",
        /// Access tokens for users of the client's organization.
        EntityUser = "entity_user",
        /// Sessions with refresh tokens.
        Sessions = "sessions",
        /// The next tokens of its sessions (RFC 6749 section 6).
        RefreshToken = "refresh_token",
        /// Tokens for less than those that it has (RFC 8693).
        TokenExchange = "token_exchange",
        /// Tokens for entities, their users and groups, and ending them.
        EntityTokens = "entity_tokens",
        /// Single-use links, and the account tokens that they lead to.
        Links = "links",
    }
}

object! {
    /// A client in the directory: an id, and secrets to prove it.
    #[derive(Clone, Debug, PartialEq, Eq)]
    #[json(read, write)]
    pub struct Client {
        /// Its id.
        pub id: String,
        /// The organization it acts for.
        pub organization: String,
        /// Its live secrets; none where it proves itself by a key, or not at all.
        pub secrets: Credentials,
        /// What it may do.
        pub permissions: Vec<Permission>,
        /// The `sub` of its session tokens, where that is not its id.
        #[json(omit)]
        pub subject: Option<String>,
        /// A name that the client may have to state.
        #[json(omit)]
        pub name: Option<String>,
        /// Custom claims of its session tokens: a JSON object.
        #[json(omit)]
        pub claims: JsonMembers,
        /// What its own tokens may allow (RFC 6749 section 3.3); none where absent.
        #[json(omit)]
        pub scope: Option<String>,
        /// Whom its own tokens may be for; the policy's audience where empty.
        #[json(omit)]
        pub audience: Vec<String>,
        /// Whether it can keep no secret, and says no more than who it is (RFC 6749 section 2.1): an app, a page.
        #[json(omit)]
        pub public: bool,
        /// A JWK Set of the public keys by which it proves itself (RFC 7523 section 3); without a member where it has none.
        #[json(omit)]
        pub jwks: JsonMembers,
        /// Whether all its tokens are bound to a key, so that each of its requests needs a DPoP proof (RFC 9449 section 5.2).
        #[json(omit)]
        pub dpop_bound_access_tokens: bool,
        /// Whether it is refused.
        #[json(default)]
        pub disabled: bool,
        /// Secrets that were replaced and are still live.
        #[json(omit)]
        pub(crate) replaced: Replaced,
    }
}

object! {
    /// A bearer API key in the directory, found by the SHA-256 of the key.
    #[derive(Clone, Debug, PartialEq, Eq)]
    #[json(read, write)]
    pub struct BearerKey {
        /// The organization that it acts for.
        pub organization: String,
        /// What it may do.
        pub permissions: Vec<Permission>,
        /// Whether it is refused.
        #[json(default)]
        pub disabled: bool,
    }
}

impl Client {
    /// A client with one secret and no permissions yet.
    pub fn new(id: impl Into<String>, organization: impl Into<String>, secret: SecretHash) -> Self {
        let client = Client::without_secret(id, organization);
        Client { secrets: Credentials::new(secret), ..client }
    }

    /// A client that has no secret and no permissions yet: one that is [public](Client::public), or gets
    /// [keys](Client::jwks).
    pub fn without_secret(id: impl Into<String>, organization: impl Into<String>) -> Self {
        Client {
            id: id.into(),
            organization: organization.into(),
            secrets: Credentials::default(),
            permissions: Vec::new(),
            subject: None,
            name: None,
            claims: JsonMembers::new(),
            scope: None,
            audience: Vec::new(),
            public: false,
            jwks: JsonMembers::new(),
            dpop_bound_access_tokens: false,
            disabled: false,
            replaced: Replaced::default(),
        }
    }

    /// Allows one thing more.
    #[must_use]
    pub fn permission(mut self, permission: Permission) -> Self {
        self.permissions.push(permission);
        self
    }

    /// What its own tokens may allow.
    #[must_use]
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scope = Some(scope.into());
        self
    }

    /// Whom its own tokens may be for; said again, one more.
    #[must_use]
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audience.push(audience.into());
        self
    }

    /// Makes it a client that proves nothing.
    #[must_use]
    pub fn public(mut self) -> Self {
        self.public = true;
        self
    }

    /// The public keys by which it proves itself, as the members of a JWK Set.
    #[must_use]
    pub fn jwks(mut self, jwks: JsonMembers) -> Self {
        self.jwks = jwks;
        self
    }

    /// Binds all its tokens to a key: it gets none without a DPoP proof.
    #[must_use]
    pub fn dpop_bound_access_tokens(mut self) -> Self {
        self.dpop_bound_access_tokens = true;
        self
    }

    /// Whether a secret is one of its live ones. Every one is compared.
    pub(crate) fn has_secret(&self, presented: &[u8], now: UnixTime) -> bool {
        let hash = SecretHash::of(presented);
        self.secrets.has(&hash) | self.replaced.has(&hash, now)
    }

    /// Ends the older of two live secrets; the only one, where keys are left to prove it by.
    pub(crate) fn retire_secret(&mut self) -> Result<()> {
        if self.secrets.hashes().len() == 1 && !self.jwks.is_empty() {
            self.secrets = Credentials::default();
            return Ok(());
        }
        self.secrets.retire_oldest()
    }

    /// Whether it has the one way to prove itself that it says, or more.
    pub(crate) fn check_proof(&self) -> Result<()> {
        if !self.jwks.is_empty() {
            jwks::check(&self.jwks).map_err(|error| error.within("jwks"))?;
        }
        match (self.public, self.secrets.is_empty() && self.replaced.is_empty() && self.jwks.is_empty()) {
            (true, false) => Err(field_invalid("public", "a public client has no secret and no keys")),
            (false, true) => Err(field_invalid("secret", "a client has a secret or keys, or is public")),
            // RFC 6749 section 4.4: this grant MUST only be used by confidential clients.
            (true, true) if self.permissions.contains(&Permission::ClientCredentials) => {
                Err(field_invalid("permissions", "a public client gets no tokens for itself"))
            }
            _ => Ok(()),
        }
    }

    /// Whether the client's record can be written: it can prove itself, and its scope and its audience are what tokens
    /// can carry.
    pub(crate) fn check(&self) -> Result<()> {
        self.check_proof()?;
        scope::check(self.scope.as_deref().unwrap_or_default())?;
        if self.audience.iter().any(String::is_empty) {
            return Err(field_invalid("audience", "the audience is empty"));
        }
        Ok(())
    }

    /// What proves it, as a number that is another when that is.
    pub(crate) fn proof(&self) -> u64 {
        number_of(&[&self.secrets, &self.jwks])
    }

    /// What its tokens say, as a number that is another when that is.
    pub(crate) fn token_claims(&self) -> u64 {
        number_of(&[&self.claims, &self.scope])
    }

    /// Whether a stated name is the client's. A client without a name answers to any.
    pub(crate) fn answers_to(&self, stated: Option<&str>) -> bool {
        match (stated, self.name.as_deref()) {
            (Some(stated), Some(name)) => stated == name,
            _ => true,
        }
    }
}

impl Lasting for Client {
    fn draft(&self) -> Result<Draft> {
        Ok(Draft::permanent(self)?.listed(clients(), None))
    }
}

impl Lasting for BearerKey {}

/// By what all clients are listed. One that was written before there was a list is in it once it is changed.
pub(crate) fn clients() -> RecordKey {
    RecordKey::of("clients", &[])
}

/// The key of a client's record.
pub(crate) fn client_key(id: &str) -> RecordKey {
    RecordKey::of("client", &[id])
}

/// The key of a bearer key's record. It follows from the key's hash alone, so a directory can be written down without
/// any secret.
pub(crate) fn bearer_key_record(hash: &SecretHash) -> RecordKey {
    hash.with_text(|text| RecordKey::of("api-key", &[text]))
}
