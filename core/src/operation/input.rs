//! What the operations take. Secrets are texts; lifetimes are texts such as `"1h"`, or whole seconds.

use serde::Deserialize;

use crate::config::{Hashes, SecretText};
use crate::credential::SecretHash;
use crate::dialect::entities;
use crate::dialect::mercoa::entity_options::EntityOptions;
use crate::dialect::mercoa::entity_token::{EntityTarget, EntityTokenRequest};
use crate::dialect::merge::account::ExchangeRequest;
use crate::dialect::merge::link::{LinkDetails, RedeemRequest};
use crate::error::{Error, ErrorCode, Result};
use crate::flow::client::ClientProof;
use crate::flow::directory::{self, Permission};
use crate::flow::token_pair::ClientConditions;
use crate::json::JsonMembers;
use crate::time::Lifetime;

/// Defines the inputs: objects whose members are all known.
macro_rules! inputs {
    ($($name:ident { $($(#[$meta:meta])* $field:ident: $type:ty),* $(,)? })+) => {
        $(
            #[derive(Deserialize)]
            #[serde(deny_unknown_fields)]
            pub(super) struct $name { $($(#[$meta])* pub(super) $field: $type,)* }
        )+
    };
}

inputs! {
    Nothing {}
    Id { id: String }
    Owned { organization: String, id: String }
    Token { token: String }
    Session { session: String }
    Subject { subject: String }
    Client { client: String }
    Proof { client_id: String, client_secret: SecretText }
    EntityUser { client_id: String, client_secret: SecretText, user: String }
    ExchangeApiKey { client_id: String, client_secret: SecretText, name: Option<String> }
    Refresh { refresh_token: String, client: Option<String> }
    RevokeToken { token: String, client: String }
    Target { entity: Option<String>, group: Option<String>, user: Option<String> }
    EntityToken {
        bearer: SecretText,
        target: Target,
        expires_in: Option<Lifetime>,
        #[serde(default)]
        options: EntityOptions,
    }
    InvalidateTokens { bearer: SecretText, sessions: Option<Vec<String>> }
    CreateLink { bearer: SecretText, details: LinkDetails, expires_in: Lifetime }
    PeekLink { link_token: String }
    RedeemLink { link_token: String, integration: Option<String>, redeemer: Option<String> }
    ExchangePublicToken {
        bearer: SecretText,
        category: String,
        public_token: String,
        redeemer: Option<String>,
    }
    OwnAccount { bearer: SecretText, category: String, account_token: String }
    AccountToken { account_token: String }
    CreateClient {
        id: String,
        organization: String,
        secret: Option<SecretText>,
        secret_sha256: Option<Hashes>,
        permissions: Vec<Permission>,
        subject: Option<String>,
        name: Option<String>,
        #[serde(default)]
        claims: JsonMembers,
    }
    ClientSecret { id: String, secret: Option<SecretText>, secret_sha256: Option<Hashes> }
    CreateBearerKey {
        bearer: Option<SecretText>,
        key_sha256: Option<Hashes>,
        organization: String,
        permissions: Vec<Permission>,
    }
    BearerKey { bearer: Option<SecretText>, key_sha256: Option<Hashes> }
    Entity { id: String, foreign_id: Option<String>, organization: String }
    User {
        id: String,
        foreign_id: Option<String>,
        organization: String,
        entity: Option<String>,
        group: Option<String>,
    }
}

impl From<Proof> for ClientProof {
    fn from(input: Proof) -> Self {
        ClientProof::new(input.client_id, input.client_secret.0)
    }
}

impl EntityUser {
    pub(super) fn parts(self) -> (ClientProof, String) {
        (ClientProof::new(self.client_id, self.client_secret.0), self.user)
    }
}

impl ExchangeApiKey {
    pub(super) fn parts(self) -> (ClientProof, ClientConditions) {
        (ClientProof::new(self.client_id, self.client_secret.0), ClientConditions { name: self.name })
    }
}

impl EntityToken {
    pub(super) fn request(self) -> Result<EntityTokenRequest> {
        let target = match (self.target.entity, self.target.group, self.target.user) {
            (Some(entity), None, None) => EntityTarget::Entity(entity),
            (Some(entity), None, Some(user)) => EntityTarget::EntityUser(entity, user),
            (None, Some(group), None) => EntityTarget::Group(group),
            (None, Some(group), Some(user)) => EntityTarget::GroupUser(group, user),
            _ => return Err(invalid("target", "a target is an entity or a group, and maybe a user of it")),
        };
        let EntityToken { bearer, expires_in, options, .. } = self;
        Ok(EntityTokenRequest { bearer: bearer.0, target, expires_in, options })
    }
}

impl From<RedeemLink> for RedeemRequest {
    fn from(input: RedeemLink) -> Self {
        let RedeemLink { link_token, integration, redeemer } = input;
        RedeemRequest { link_token, integration, redeemer }
    }
}

impl From<ExchangePublicToken> for ExchangeRequest {
    fn from(input: ExchangePublicToken) -> Self {
        let ExchangePublicToken { bearer, category, public_token, redeemer } = input;
        ExchangeRequest { bearer: bearer.0, category, public_token, redeemer }
    }
}

impl CreateClient {
    pub(super) fn client(self) -> Result<directory::Client> {
        let mut hashes = hashes(self.secret, self.secret_sha256, ["secret", "secret_sha256"])?.into_iter();
        let first = hashes.next().ok_or(ErrorCode::Internal)?;
        let mut client = directory::Client::new(self.id, self.organization, first);
        for hash in hashes {
            client.secrets.add(hash)?;
        }
        client.permissions = self.permissions;
        client.subject = self.subject;
        client.name = self.name;
        client.claims = self.claims;
        Ok(client)
    }
}

impl ClientSecret {
    pub(super) fn parts(self) -> Result<(String, SecretHash)> {
        Ok((self.id, one(hashes(self.secret, self.secret_sha256, ["secret", "secret_sha256"])?)?))
    }
}

impl CreateBearerKey {
    pub(super) fn parts(self) -> Result<(SecretHash, directory::BearerKey)> {
        let key = BearerKey { bearer: self.bearer, key_sha256: self.key_sha256 };
        let (organization, permissions) = (self.organization, self.permissions);
        Ok((key.hash()?, directory::BearerKey { organization, permissions, disabled: false }))
    }
}

impl BearerKey {
    pub(super) fn hash(self) -> Result<SecretHash> {
        match &self.bearer {
            // Only what a request could present.
            Some(bearer) if self.key_sha256.is_none() => SecretHash::try_from(&bearer.0),
            _ => one(hashes(self.bearer, self.key_sha256, ["bearer", "key_sha256"])?),
        }
    }
}

impl Entity {
    pub(super) fn record(self) -> entities::Entity {
        let Entity { id, foreign_id, organization } = self;
        entities::Entity { id, foreign_id, organization, disabled: false }
    }
}

impl User {
    pub(super) fn record(self) -> entities::User {
        let User { id, foreign_id, organization, entity, group } = self;
        entities::User { id, foreign_id, organization, entity, group, disabled: false }
    }
}

/// The hashes of a credential, of which either itself or its hash is given.
fn hashes(
    secret: Option<SecretText>,
    sha256: Option<Hashes>,
    fields: [&'static str; 2],
) -> Result<Vec<SecretHash>> {
    match (secret, sha256) {
        (Some(secret), None) if secret.0.is_empty() => Err(invalid(fields[0], "the secret is empty")),
        (Some(secret), None) => Ok(vec![SecretHash::of(secret.0.expose())]),
        (None, Some(hashes)) => Ok(hashes.0),
        _ => Err(invalid(fields[0], &format!("give one of {} and {}", fields[0], fields[1]))),
    }
}

fn one(hashes: Vec<SecretHash>) -> Result<SecretHash> {
    match hashes.as_slice() {
        [one] => Ok(*one),
        _ => Err(invalid("secret_sha256", "expected one hash")),
    }
}

fn invalid(field: &'static str, text: &str) -> Error {
    Error::new(ErrorCode::InvalidRequest).at(field).because(text.to_owned())
}
