//! From a configuration to what serves.

use std::collections::BTreeMap;

use super::Config;
use super::directory::create_records;
use super::keys::{Keys, Secrets, session_secret};
use crate::dialect::endpoint::{Endpoint, EndpointBuilder};
use crate::dialect::section::{Common, Parts, SessionSecret};
use crate::error::{Error, ErrorCode, Result};
use crate::issuer::Issuer;
use crate::key::KeySet;
use crate::policy::Policy;
use crate::secret::Secret;
use crate::store::MemoryStore;
use crate::task::Task;
use crate::time::Context;
use crate::values::{Limits, shown};

/// What a configuration becomes.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Service {
    /// Answers requests. It holds the configuration's clients, keys, entities and users itself, so a change of the
    /// configuration is a change when it is built again, whatever store there is.
    pub endpoint: Endpoint,
}

impl Service {
    /// Prepares the store: [`Issuer::adopt_store`] for each issuer. A host does this before the first request, and again
    /// now and then, for a store that may be wiped while it is in use.
    ///
    /// # Errors
    /// The store's; `policy_invalid` at `durability` for one that promises less than the policy needs.
    pub fn prepare_store(&self, context: &Context) -> Task<()> {
        let (endpoint, context) = (self.endpoint.clone(), context.clone());
        let needs = endpoint.durability();
        let task = Task::new(|io| async move {
            for issuer in endpoint.issuers() {
                issuer.adopt_store(&context).within(&io).await?;
            }
            Ok(())
        });
        task.needing(needs)
    }

    /// Ends every token, session and link of every issuer that was made before now, as [`Issuer::revoke_all`] does: for a
    /// store that was restored from a backup, whose revocations, rotations and redemptions since then are lost.
    ///
    /// # Errors
    /// The store's.
    pub fn revoke_all(&self, context: &Context) -> Task<()> {
        let (endpoint, context) = (self.endpoint.clone(), context.clone());
        Task::new(|io| async move {
            for issuer in endpoint.issuers() {
                issuer.revoke_all(&context).within(&io).await?;
            }
            Ok(())
        })
    }
}

impl Config {
    /// Makes the endpoint and the directory's records.
    ///
    /// # Errors
    /// `policy_invalid`, the codes of keys, `already_exists` and `claim_reserved`. The error's field is the path to
    /// what is wrong, for example `keys[0].pem_file`.
    pub fn build(&self, secrets: &mut dyn Secrets) -> Result<Service> {
        self.build_with(secrets, |endpoint| endpoint)
    }

    /// As [`Config::build`], with what `more` adds to the endpoint: dialects of your own. The configuration's clients and
    /// keys are there for them.
    ///
    /// # Errors
    /// As [`Config::build`], and those of [`EndpointBuilder::build`].
    pub fn build_with(
        &self,
        secrets: &mut dyn Secrets,
        more: impl FnOnce(EndpointBuilder) -> EndpointBuilder,
    ) -> Result<Service> {
        let keys = self.keys(secrets)?;
        self.check_public_url()?;
        if let Some(admin) = &self.admin {
            admin.check()?;
        }
        let rings = keys.values().filter_map(|keys| keys.ring.clone()).collect();
        let mut assembly = Assembly { config: self, keys, secrets: &mut *secrets };
        let endpoint = Endpoint::builder().cors_origins(&self.server.cors_origins).rings(rings);
        let endpoint = more(self.wings.serve(&mut assembly, endpoint)?);
        let records = MemoryStore::new();
        create_records(self, secrets, &records)?;
        self.wings.create(&records)?;
        Ok(Service { endpoint: endpoint.directory(records).build()? })
    }

    fn keys(&self, secrets: &mut dyn Secrets) -> Result<BTreeMap<&str, Keys>> {
        let mut keys = BTreeMap::new();
        for (at, source) in self.keys.iter().enumerate() {
            let read = source.keys(secrets).map_err(|error| error.within(&format!("keys[{at}]")))?;
            if keys.insert(source.kid.as_str(), read).is_some() {
                return Err(Error::new(ErrorCode::KeyDuplicate)
                    .at(format!("keys[{at}].kid"))
                    .because(format!("two keys have the id {}", shown(&source.kid))));
            }
        }
        Ok(keys)
    }

    fn check_public_url(&self) -> Result<()> {
        match &self.server.public_url {
            Some(url) if !(url.starts_with("https://") || url.starts_with("http://")) => {
                Err(Error::new(ErrorCode::PolicyInvalid)
                    .at("server.public_url")
                    .because("it is no URL; it begins with https:// or http://"))
            }
            _ => Ok(()),
        }
    }
}

/// A configuration on its way to an endpoint.
struct Assembly<'a> {
    config: &'a Config,
    /// By their `kid`.
    keys: BTreeMap<&'a str, Keys>,
    secrets: &'a mut dyn Secrets,
}

impl Parts for Assembly<'_> {
    fn limits(&self) -> Limits {
        self.config.limits
    }

    fn public_url(&self) -> Option<&str> {
        self.config.server.public_url.as_deref()
    }

    fn issuer(&self, common: &Common<'_>, policy: Policy) -> Result<Issuer> {
        let mut policy = policy.durability(self.config.store.durability);
        let mut set = KeySet::builder();
        for kid in &common.key.0 {
            let named = self.keys.get(kid.as_str()).ok_or_else(|| {
                let known: Vec<String> = self.keys.keys().map(|kid| shown(kid)).collect();
                let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                Error::new(ErrorCode::KeyMissing)
                    .at("key")
                    .because(format!("[[keys]] has no key {}; it has {known}", shown(kid)))
            })?;
            for key in &named.keys {
                set = set.key(key.clone())?;
            }
            match (named.longest, common.max_lifetime) {
                (Some(longest), Some(given)) if given > longest => {
                    return Err(Error::new(ErrorCode::PolicyInvalid).at("max_lifetime").because(format!(
                        "the ring {} drops a key when the tokens of its token_lifetime_seconds, {}, have ended",
                        shown(kid),
                        longest.seconds()
                    )));
                }
                (Some(longest), _) => policy.max_lifetime = policy.max_lifetime.min(longest),
                (None, _) => {}
            }
        }
        Issuer::new(set.build().map_err(|error| error.within("key"))?, policy)
    }

    fn file(&mut self, path: &str) -> Result<Secret> {
        self.secrets.file(path)
    }

    fn env(&mut self, name: &str) -> Result<Secret> {
        self.secrets.env(name)
    }

    fn keys_at(&mut self, url: &str) -> Result<()> {
        self.secrets.keys_at(url)
    }

    fn session_secret(&mut self, given: &SessionSecret<'_>) -> Result<Option<Secret>> {
        session_secret(given, self.secrets)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::InlineOnly;
    #[cfg(any(feature = "aws-lc", feature = "rustcrypto"))]
    use crate::{Algorithm, Entropy, Key, KeyRing, RotationRules, UnixTime};

    const SECRET: &str = "a secret of at least thirty-two bytes";

    fn error_of(config: serde_json::Value) -> String {
        let config = Config::from_json(&config.to_string()).unwrap();
        config.build(&mut InlineOnly).unwrap_err().to_string()
    }

    #[test]
    fn an_error_names_the_place() {
        let key = serde_json::json!([{ "kid": "k1", "secret": SECRET }]);
        let mercoa = serde_json::json!({ "issuer": "i", "key": "k1" });
        let ledger = serde_json::json!({ "issuer": "i", "key": "k1" });
        let user = serde_json::json!({ "id": "u", "organization": "o", "entity": "e" });
        let entity = serde_json::json!({ "id": "e", "organization": "o" });
        let integration =
            |categories: &[&str]| serde_json::json!({ "slug": "s", "name": "S", "categories": categories });
        let cases = [
            (serde_json::json!({}), "an endpoint serves at least one dialect"),
            (serde_json::json!({ "keys": [{ "kid": "k1" }] }), "keys[0]: the key \"k1\" comes from nowhere"),
            (
                serde_json::json!({ "keys": [{ "kid": "k1", "secret": SECRET, "pem_file": "p" }] }),
                "keys[0]: the key \"k1\" comes from one place; found secret and pem_file",
            ),
            (
                serde_json::json!({ "keys": [{ "kid": "k1", "secret_file": "p" }] }),
                "keys[0].secret_file: this host reads no files",
            ),
            (serde_json::json!({ "keys": [{ "kid": "k1", "secret": "short" }] }), "keys[0].secret"),
            (serde_json::json!({ "mercoa": mercoa }), "mercoa.key: [[keys]] has no key \"k1\"; it has none"),
            (
                serde_json::json!({ "keys": key, "ledger": ledger }),
                "ledger.session_secret: this dialect needs",
            ),
            (
                serde_json::json!({ "keys": key, "mercoa": { "key": "k1" } }),
                "mercoa.issuer: give it, or the server's public_url",
            ),
            (
                serde_json::json!({ "keys": key, "mercoa": mercoa, "users": [user] }),
                "users[0].entity: [[entities]] has no \"e\" of the organization \"o\"",
            ),
            (
                serde_json::json!({ "keys": key, "mercoa": mercoa, "entities": [entity, entity] }),
                "entities[1].id: \"e\" is there already",
            ),
            (
                serde_json::json!({ "keys": key, "mercoa": mercoa, "server": { "public_url": "x" } }),
                "server.public_url",
            ),
            (
                serde_json::json!({ "keys": key, "mercoa": mercoa, "integrations": [integration(&["hris", "hr"])] }),
                "integrations[0].categories: one or more of hris, ats, accounting, ticketing, crm, mktg, filestorage, knowledgebase, chat, email, calendar; \"hr\" is none",
            ),
            (
                serde_json::json!({ "keys": key, "mercoa": mercoa, "integrations": [integration(&[])] }),
                "integrations[0].categories: one or more of hris",
            ),
        ];
        for (config, text) in cases {
            let error = error_of(config);
            assert!(error.starts_with(text), "{error}\nnot {text}");
        }
    }

    #[test]
    fn a_policy_that_cannot_work_is_told_with_its_section() {
        let config = serde_json::json!({
            "keys": [{ "kid": "k1", "secret": SECRET }],
            "mercoa": { "issuer": "i", "key": "k1", "lifetime": "2h", "max_lifetime": "1h" },
        });
        assert_eq!(error_of(config), "mercoa.lifetime: the default lifetime is over the maximum");
    }

    #[test]
    fn an_issuer_that_is_not_named_is_the_servers_address() {
        let config = serde_json::json!({
            "server": { "public_url": "https://id.example.com" },
            "keys": [{ "kid": "k1", "secret": SECRET }],
            "mercoa": { "key": "k1" },
            "oauth": { "issuer": "https://other.example.com", "key": "k1", "audience": "api" },
        });
        let config = Config::from_json(&config.to_string()).unwrap();
        let issuers = config.build(&mut InlineOnly).unwrap().endpoint.issuers();
        let names: Vec<_> = issuers.iter().map(|issuer| issuer.policy().issuer.as_str()).collect();
        assert_eq!(names, ["https://other.example.com", "https://id.example.com"]);
    }

    #[cfg(any(feature = "aws-lc", feature = "rustcrypto"))]
    #[test]
    fn a_key_can_be_held_by_the_host() {
        let held = |more: serde_json::Value| {
            let mut key = serde_json::json!({ "kid": "kms-1", "alg": "ES256", "held": true });
            key.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            serde_json::json!({ "keys": [key], "mercoa": { "issuer": "i", "key": "kms-1" } })
        };
        let private = Key::generate(None, Algorithm::ES256, &mut Entropy::new([7; 32])).unwrap();
        let public = private.public_jwk().unwrap();
        for (more, published) in
            [(serde_json::json!({}), false), (serde_json::json!({ "jwk": public }), true)]
        {
            let config = Config::from_json(&held(more).to_string()).unwrap();
            let endpoint = config.build(&mut InlineOnly).unwrap().endpoint;
            let issuer = endpoint.issuers().remove(0);
            let key = issuer.keys().signing_key().unwrap();
            assert!(key.is_held_by_host() && key.kid() == Some("kms-1"));
            assert_eq!(issuer.public_jwks().contains(r#""kid":"kms-1""#), published);
        }
        let jwk = Key::generate_jwk(None, Algorithm::ES256, &mut Entropy::new([7; 32])).unwrap();
        let jwk = String::from_utf8(jwk.expose().to_vec()).unwrap();
        for (more, text) in [
            (serde_json::json!({ "alg": null }), "keys[0].held: a key that the host holds needs an alg"),
            (
                serde_json::json!({ "secret": SECRET }),
                "keys[0].secret: the host holds the key; what can be given",
            ),
            (
                serde_json::json!({ "generate": true }),
                "keys[0].generate: the host holds the key; what can be given",
            ),
            (serde_json::json!({ "jwk": jwk }), "keys[0].jwk.public: the key can sign by itself"),
            (serde_json::json!({ "jwk": public, "alg": "ES384" }), "keys[0].jwk"),
        ] {
            let error = error_of(held(more));
            assert!(error.starts_with(text), "{error}\nnot {text}");
        }
    }

    #[cfg(any(feature = "aws-lc", feature = "rustcrypto"))]
    #[test]
    fn the_active_key_of_a_ring_signs_and_the_others_verify() {
        let start = UnixTime::from_seconds(1_700_000_000);
        let mut ring = KeyRing::new(RotationRules::default()).unwrap();
        for (seed, kid) in [(1, "a"), (2, "b")] {
            let key = Key::generate_jwk(Some(kid), Algorithm::ES256, &mut Entropy::new([seed; 32]));
            ring.announce(kid, Algorithm::ES256, key.unwrap(), start).unwrap();
        }
        ring.activate("b", ring.plan_early(start).earliest).unwrap();
        let ring = String::from_utf8(ring.to_json().unwrap().expose().to_vec()).unwrap();
        let build = |max_lifetime: Option<&str>| {
            let config = serde_json::json!({
                "keys": [{ "kid": "ring", "ring": ring }, { "kid": "k1", "secret": SECRET }],
                "mercoa": { "issuer": "i", "key": ["ring", "k1"], "max_lifetime": max_lifetime },
            });
            Config::from_json(&config.to_string()).unwrap().build(&mut InlineOnly)
        };
        let endpoint = build(None).unwrap().endpoint;
        let issuer = endpoint.issuers().remove(0);
        let kids: Vec<_> = issuer.keys().keys().filter_map(Key::kid).collect();
        assert_eq!(kids, ["b", "a", "k1"]);
        assert_eq!(issuer.keys().signing_key().and_then(Key::kid), Some("b"));
        // A ring drops a key when its tokens have ended: they live no longer than it knows.
        assert_eq!(issuer.policy().max_lifetime, "30d".parse().unwrap());
        assert!(build(Some("30d")).is_ok());
        assert_eq!(build(Some("31d")).unwrap_err().field(), Some("mercoa.max_lifetime"));
    }

    #[test]
    fn an_error_never_repeats_a_secret() {
        let config = serde_json::json!({ "keys": [{ "kid": "k1", "secret": "hunter2" }] });
        assert!(!error_of(config).contains("hunter2"));
        let pem = serde_json::json!({ "keys": [{ "kid": "k1", "pem": "hunter2" }] });
        assert!(!error_of(pem).contains("hunter2"));
    }
}
