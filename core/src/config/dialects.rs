//! The sections of the four dialects: what they share, and what each has of its own.

use serde::Deserialize;

use super::shown;
use super::values::{Hash, Limits, OneOrMany, SecretText};
use crate::credential::SecretHash;
use crate::error::{Error, ErrorCode, Result};
use crate::json::JsonMembers;
use crate::policy::{AccessFormat, Policy};
use crate::time::Lifetime;

/// What every section says about its issuer.
pub(super) struct Common<'a> {
    pub(super) issuer: &'a str,
    pub(super) key: &'a OneOrMany,
    pub(super) limits: Limits,
    pub(super) max_lifetime: Option<Lifetime>,
    audience: &'a OneOrMany,
    token_type: Option<&'a str>,
    lifetime: Option<Lifetime>,
    leeway_seconds: Option<u64>,
    claims: &'a JsonMembers,
}

macro_rules! section {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            /// The issuer's name, usually its URL: `iss` in its tokens.
            pub issuer: String,
            /// The `kid` of the key that signs; in a list, the keys after it verify only: tokens outlive a change.
            pub key: OneOrMany,
            /// The audience of its tokens.
            #[serde(default)]
            pub audience: OneOrMany,
            /// The header's `typ`; `JWT` where absent.
            pub token_type: Option<String>,
            /// How long its tokens live.
            pub lifetime: Option<Lifetime>,
            /// The longest life that a request may ask for.
            pub max_lifetime: Option<Lifetime>,
            /// How far clocks may differ when its own tokens are verified; 0 where absent.
            pub leeway_seconds: Option<u64>,
            /// Custom claims that every token carries.
            #[serde(default)]
            pub claims: JsonMembers,
            /// Its rate limits, in place of the common ones.
            #[serde(default)]
            pub limits: Limits,
            $($(#[$field_doc])* pub $field: $type,)*
        }

        impl $name {
            pub(super) fn common(&self) -> Common<'_> {
                Common {
                    issuer: &self.issuer,
                    key: &self.key,
                    limits: self.limits,
                    audience: &self.audience,
                    token_type: self.token_type.as_deref(),
                    lifetime: self.lifetime,
                    max_lifetime: self.max_lifetime,
                    leeway_seconds: self.leeway_seconds,
                    claims: &self.claims,
                }
            }
        }
    };
}

section! {
    /// Mercoa's entity tokens.
    Mercoa {
        /// For how long after its first issue a token can be renewed with itself; 30 days where absent.
        renewal: Option<Lifetime>,
    }
}

section! {
    /// Monite's access tokens: opaque, for a day, where nothing else is said.
    Monite {
        /// What access tokens look like.
        #[serde(default)]
        access_tokens: AccessTokens,
        /// Whether a request without `x-monite-version` is refused; true where absent.
        version_required: Option<bool>,
    }
}

section! {
    /// Ledger Enterprise's sessions.
    Ledger {
        /// The secret that refresh tokens are derived from, at least 32 bytes, as text.
        session_secret: Option<SecretText>,
        /// A file that holds that secret.
        session_secret_file: Option<String>,
        /// An environment variable that holds that secret.
        session_secret_env: Option<String>,
        /// A new secret at each start, for demonstrations.
        #[serde(default)]
        session_secret_generate: bool,
        /// How long a session lives without a refresh; 30 minutes where absent.
        session_idle: Option<Lifetime>,
        /// How long a session lives at all; a day where absent.
        session_absolute: Option<Lifetime>,
        /// For how many seconds a refresh token is answered again with the same successor; 10 where absent.
        refresh_grace_seconds: Option<u64>,
        /// The SHA-256 of the key that `X-Ledger-API-Key` must carry; any where absent.
        #[serde(default, deserialize_with = "optional_hash")]
        api_key_sha256: Option<SecretHash>,
        /// The workspace that `X-Ledger-Workspace` must name, if it is sent; any where absent.
        workspace: Option<String>,
    }
}

section! {
    /// Merge's links.
    Merge {
        /// The secret that public and account tokens are derived from, at least 32 bytes, as text.
        session_secret: Option<SecretText>,
        /// A file that holds that secret.
        session_secret_file: Option<String>,
        /// An environment variable that holds that secret.
        session_secret_env: Option<String>,
        /// A new secret at each start, for demonstrations.
        #[serde(default)]
        session_secret_generate: bool,
        /// How long a redeemed link's public token lives; one hour where absent.
        public_token_lifetime: Option<Lifetime>,
        /// For how many seconds the same redeemer gets the same answer again; 10 where absent.
        redeem_window_seconds: Option<u64>,
        /// Where the world reaches `/magic-link/{token}`: a URL without that path; the server's `public_url` where absent.
        magic_link_base: Option<String>,
        /// The ids that `linked_destination_id` may name.
        #[serde(default)]
        linked_destinations: Vec<String>,
        /// The ids that `credential_id` may name.
        #[serde(default)]
        credentials: Vec<String>,
    }
}

/// What access tokens look like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccessTokens {
    /// Opaque handles, which only the issuer can look up.
    #[default]
    Opaque,
    /// JWTs, which anybody with the public key can verify.
    Jwt,
}

/// Where a section's session secret comes from.
#[derive(Clone, Copy, Debug)]
pub struct SessionSecret<'a> {
    pub(super) text: Option<&'a SecretText>,
    pub(super) file: Option<&'a str>,
    pub(super) env: Option<&'a str>,
    pub(super) generate: bool,
}

impl Common<'_> {
    /// The policy that all sections begin with.
    pub(super) fn policy(&self, defaults: Limits) -> Result<Policy> {
        let mut policy = Policy::new(self.issuer);
        for audience in &self.audience.0 {
            policy = policy.audience(audience.clone());
        }
        if let Some(typ) = self.token_type {
            policy = policy.token_type(typ);
        }
        if let Some(lifetime) = self.lifetime {
            policy = policy.lifetime(lifetime);
        }
        if let Some(lifetime) = self.max_lifetime {
            policy = policy.max_lifetime(lifetime);
        }
        if let Some(seconds) = self.leeway_seconds {
            policy = policy.leeway_seconds(seconds);
        }
        for (name, value) in self.claims {
            policy = policy.fixed_claim(name.clone(), value.as_str());
        }
        self.limits.apply(defaults, policy)
    }
}

impl Mercoa {
    pub(super) fn policy(&self, defaults: Limits) -> Result<Policy> {
        let policy = self.common().policy(defaults)?;
        Ok(match self.renewal {
            Some(renewal) => policy.renewal(renewal),
            None => policy,
        })
    }
}

impl Monite {
    pub(super) fn policy(&self, defaults: Limits) -> Result<Policy> {
        let policy = self.common().policy(defaults)?.access_format(match self.access_tokens {
            AccessTokens::Opaque => AccessFormat::Opaque,
            AccessTokens::Jwt => AccessFormat::Jwt,
        });
        Ok(policy.lifetime(self.lifetime.unwrap_or(Lifetime::DAY)))
    }
}

impl Ledger {
    pub(super) fn policy(&self, defaults: Limits) -> Result<Policy> {
        let mut policy = self.common().policy(defaults)?;
        (policy.session_idle, policy.session_absolute) = (self.session_idle, self.session_absolute);
        if let Some(seconds) = self.refresh_grace_seconds {
            policy = policy.refresh_grace_seconds(seconds);
        }
        Ok(policy)
    }

    pub(super) fn secret(&self) -> SessionSecret<'_> {
        SessionSecret {
            text: self.session_secret.as_ref(),
            file: self.session_secret_file.as_deref(),
            env: self.session_secret_env.as_deref(),
            generate: self.session_secret_generate,
        }
    }
}

impl Merge {
    pub(super) fn policy(&self, defaults: Limits) -> Result<Policy> {
        let mut policy = self.common().policy(defaults)?;
        if let Some(lifetime) = self.public_token_lifetime {
            policy = policy.public_token_lifetime(lifetime);
        }
        if let Some(seconds) = self.redeem_window_seconds {
            policy = policy.redeem_window_seconds(seconds);
        }
        Ok(policy)
    }

    pub(super) fn secret(&self) -> SessionSecret<'_> {
        SessionSecret {
            text: self.session_secret.as_ref(),
            file: self.session_secret_file.as_deref(),
            env: self.session_secret_env.as_deref(),
            generate: self.session_secret_generate,
        }
    }

    /// The two lists of ids as UUIDs.
    pub(super) fn ids(&self) -> Result<(Vec<uuid::Uuid>, Vec<uuid::Uuid>)> {
        Ok((
            uuids("linked_destinations", &self.linked_destinations)?,
            uuids("credentials", &self.credentials)?,
        ))
    }
}

fn uuids(field: &'static str, texts: &[String]) -> Result<Vec<uuid::Uuid>> {
    let parse = |text: &String| {
        uuid::Uuid::try_parse(text).map_err(|_| {
            Error::new(ErrorCode::PolicyInvalid).at(field).because(format!("{} is not a UUID", shown(text)))
        })
    };
    texts.iter().map(parse).collect()
}

fn optional_hash<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<SecretHash>, D::Error> {
    Ok(Option::<Hash>::deserialize(deserializer)?.map(|hash| hash.0))
}
