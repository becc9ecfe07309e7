//! What a wing reads from a configuration, and what it makes of it.

use std::collections::BTreeSet;

use super::endpoint::EndpointBuilder;
use crate::error::{Error, ErrorCode, Result};
use crate::issuer::Issuer;
use crate::json::{FromJson, JsonMembers};
use crate::policy::Policy;
use crate::secret::Secret;
use crate::store::MemoryStore;
use crate::task::Task;
use crate::time::{Context, Lifetime, UnixTime};
use crate::values::{Limits, OneOrMany, RateLimit, SecretText, StatusPolicyConfig, shown};

/// The sections of a wing. [`sections!`] declares them.
pub(crate) trait Sections {
    /// Their names, in the order in which they are told.
    const NAMES: &'static [&'static str];

    /// The section of one of the names.
    fn place(&mut self, name: &str) -> Option<&mut dyn FromJson>;
}

/// What becomes of the sections of a wing.
pub(crate) trait Assemble: Sections {
    /// Serves what there is a section for.
    fn serve(&self, parts: &mut dyn Parts, endpoint: EndpointBuilder) -> Result<EndpointBuilder> {
        let _ = parts;
        Ok(endpoint)
    }

    /// Creates the records that the sections hold.
    fn create(&self, records: &MemoryStore) -> Result<()> {
        let _ = records;
        Ok(())
    }
}

/// What the rest of a configuration has for a section.
pub(crate) trait Parts {
    /// The rate limits of a section that sets none of its own.
    fn limits(&self) -> Limits;

    /// The address that clients use, and the issuer of a section that names none.
    fn public_url(&self) -> Option<&str>;

    /// The issuer of a section: with this policy, and with the keys that the section names.
    fn issuer(&self, common: &Common<'_>, policy: Policy) -> Result<Issuer>;

    /// The contents of a file.
    fn file(&mut self, path: &str) -> Result<Secret>;

    /// The value of an environment variable.
    fn env(&mut self, name: &str) -> Result<Secret>;

    /// Refuses keys at a URL, where the host fetches none.
    fn keys_at(&mut self, url: &str) -> Result<()>;

    /// A section's session secret, where it says where it comes from.
    fn session_secret(&mut self, given: &SessionSecret<'_>) -> Result<Option<Secret>>;
}

/// Declares the sections of a wing, or of a configuration: fields that read themselves, and are as by default where the
/// section is left out. A field behind `and` is none.
macro_rules! sections {
    ($(#[$doc:meta])* $vis:vis struct $name:ident { $($(#[$field_doc:meta])* $field_vis:vis $field:ident: $type:ty,)+ } $(and $rest:ident: $rest_type:ty)?) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default)]
        $vis struct $name {
            $($(#[$field_doc])* $field_vis $field: $type,)+
            $($rest: $rest_type,)?
        }

        impl $crate::dialect::section::Sections for $name {
            const NAMES: &'static [&'static str] = &[$(stringify!($field)),+];

            fn place(&mut self, name: &str) -> Option<&mut dyn $crate::json::FromJson> {
                match name {
                    $(stringify!($field) => Some(&mut self.$field),)+
                    _ => None,
                }
            }
        }
    };
}

/// What every section says about its issuer.
pub(crate) struct Common<'a> {
    pub(crate) issuer: Option<&'a str>,
    pub(crate) key: &'a OneOrMany,
    pub(crate) limits: Limits,
    pub(crate) max_lifetime: Option<Lifetime>,
    pub(crate) audience: &'a OneOrMany,
    pub(crate) token_type: Option<&'a str>,
    pub(crate) lifetime: Option<Lifetime>,
    pub(crate) leeway_seconds: Option<u64>,
    pub(crate) claims: &'a JsonMembers,
    pub(crate) status_lists: Option<&'a StatusPolicyConfig>,
}

/// Declares the section of a dialect: what every one has, and what is its own; `and session_secret` where its tokens are
/// derived from one.
macro_rules! section {
    ($(#[doc = $says:literal])* $name:ident and session_secret { $($own:tt)* }) => {
        $crate::dialect::section::section! {
            $(#[doc = $says])*
            $name {
                /// The secret that its tokens are derived from, at least 32 bytes, as text.
                session_secret: Option<$crate::values::SecretText>,
                /// A file that holds that secret.
                session_secret_file: Option<String>,
                /// An environment variable that holds that secret.
                session_secret_env: Option<String>,
                /// A new secret at each start, for demonstrations.
                #[json(default)]
                session_secret_generate: bool,
                $($own)*
            }
        }

        impl $name {
            /// Where the section says that its session secret is.
            fn session_secret_source(&self) -> $crate::dialect::section::SessionSecret<'_> {
                $crate::dialect::section::SessionSecret {
                    text: self.session_secret.as_ref(),
                    file: self.session_secret_file.as_deref(),
                    env: self.session_secret_env.as_deref(),
                    generate: self.session_secret_generate,
                }
            }
        }
    };
    ($(#[doc = $says:literal])* $name:ident { $($own:tt)* }) => {
        $crate::json::object! {
            $(#[doc = $says])*
            #[derive(Clone, Debug)]
            #[json(read)]
            pub(crate) struct $name {
                /// The issuer's name, usually its URL: `iss` in its tokens. The server's `public_url` where absent.
                pub(crate) issuer: Option<String>,
                /// The `kid` of the key that signs; in a list, the keys after it verify only: tokens outlive a change.
                pub(crate) key: $crate::values::OneOrMany,
                /// The audience of its tokens.
                #[json(default)]
                pub(crate) audience: $crate::values::OneOrMany,
                /// The header's `typ`; `JWT` where absent.
                pub(crate) token_type: Option<String>,
                /// How long its tokens live.
                pub(crate) lifetime: Option<$crate::time::Lifetime>,
                /// The longest life that a request may ask for.
                pub(crate) max_lifetime: Option<$crate::time::Lifetime>,
                /// How far clocks may differ when its own tokens are verified; 0 where absent.
                pub(crate) leeway_seconds: Option<u64>,
                /// Custom claims that every token carries.
                #[json(default)]
                pub(crate) claims: $crate::json::JsonMembers,
                /// Status lists, in which every JWT of its flows has a place; none where absent.
                pub(crate) status_lists: Option<$crate::values::StatusPolicyConfig>,
                /// Its rate limits, in place of the common ones.
                #[json(default)]
                pub(crate) limits: $crate::values::Limits,
                $($own)*
            }
        }

        impl $name {
            pub(crate) fn common(&self) -> $crate::dialect::section::Common<'_> {
                $crate::dialect::section::Common {
                    issuer: self.issuer.as_deref(),
                    key: &self.key,
                    limits: self.limits,
                    audience: &self.audience,
                    token_type: self.token_type.as_deref(),
                    lifetime: self.lifetime,
                    max_lifetime: self.max_lifetime,
                    leeway_seconds: self.leeway_seconds,
                    claims: &self.claims,
                    status_lists: self.status_lists.as_ref(),
                }
            }
        }
    };
}

pub(crate) use {section, sections};

/// Where a section's session secret comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SessionSecret<'a> {
    pub(crate) text: Option<&'a SecretText>,
    pub(crate) file: Option<&'a str>,
    pub(crate) env: Option<&'a str>,
    pub(crate) generate: bool,
}

impl Common<'_> {
    /// The policy that all sections begin with.
    pub(crate) fn policy(&self, parts: &dyn Parts) -> Result<Policy> {
        let issuer = self.issuer.or(parts.public_url()).ok_or_else(|| {
            Error::new(ErrorCode::PolicyInvalid)
                .at("issuer")
                .because("give it, or the server's public_url, which it is where it is left out")
        })?;
        let mut policy = Policy::new(issuer);
        policy.status_lists = self.status_lists.map(|lists| lists.policy(issuer));
        policy.audience.clone_from(&self.audience.0);
        policy.lifetime = self.lifetime;
        policy.max_lifetime = self.max_lifetime.unwrap_or(policy.max_lifetime);
        policy.leeway = self.leeway_seconds.unwrap_or(policy.leeway);
        if let Some(typ) = self.token_type {
            typ.clone_into(&mut policy.token_type);
        }
        for (name, value) in self.claims {
            policy.fixed_claims.push((name.clone().into(), value.as_str().to_owned()));
        }
        let (limits, common) = (self.limits, parts.limits());
        let rate = |limit: Option<RateLimit>, field| limit.map(|limit| limit.rate(field)).transpose();
        policy.client_rate = rate(limits.client.or(common.client), "limits.client")?;
        policy.failure_rate = rate(limits.failures.or(common.failures), "limits.failures")?;
        Ok(policy)
    }
}

/// The policy with the session secret of a section that cannot do without one.
pub(crate) fn with_session_secret(
    policy: Policy,
    given: &SessionSecret<'_>,
    parts: &mut dyn Parts,
) -> Result<Policy> {
    match parts.session_secret(given)? {
        Some(secret) => Ok(policy.session_secret(secret)),
        None => Err(Error::new(ErrorCode::PolicyInvalid).at("session_secret").because(
            "this dialect needs session_secret_file, session_secret_env, session_secret, or session_secret_generate",
        )),
    }
}

/// Refuses a record of a section that is found by the same name as one before. For each record: by which fields it is
/// found, and by which texts in each.
pub(crate) fn no_twins<'a>(
    section: &str,
    records: impl Iterator<Item = Vec<(&'static str, Vec<&'a str>)>>,
) -> Result<()> {
    let mut seen = BTreeSet::new();
    for (at, names) in records.enumerate() {
        for (field, name) in names {
            let last = name.last().copied().unwrap_or_default();
            if !seen.insert((field, name)) {
                return Err(Error::new(ErrorCode::AlreadyExists)
                    .at(format!("{section}[{at}].{field}"))
                    .because(format!("{} is there already", shown(last))));
            }
        }
    }
    Ok(())
}

/// Creates a record of a configuration. Nobody sees its version, so nothing about it needs to be random.
pub(crate) fn create(records: &MemoryStore, task: impl FnOnce(&Context) -> Task<()>) -> Result<()> {
    task(&Context::new(UnixTime::from_seconds(0), [0; 32])).run(records).result
}
