//! One configuration for every host: the bindings read it as JSON, the command as TOML that becomes JSON.
//!
//! The types are strict: a field that is not known is an error that names it, never a typing mistake without effect.
//! Lifetimes are texts as in [`crate::expires_in`]. The core reads no files and no environment: what a configuration
//! only points to is fetched by the host's [`Secrets`].
//!
//! ```
//! use tokenmint::*;
//! use tokenmint::config::{Config, InlineOnly};
//! let config = Config::from_json(r#"{
//!     "keys": [{ "kid": "k1", "secret": "a secret of at least thirty-two bytes" }],
//!     "mercoa": { "issuer": "https://api.example.com", "key": "k1", "lifetime": "1h" },
//!     "api_keys": [{ "key_sha256": "UHaA1Gr841RM0e51xKLSZvOCQ3La05rKF3jfY6TgOCo",
//!                    "organization": "org_1", "permissions": ["entity_tokens"] }],
//!     "entities": [{ "id": "ent_1", "organization": "org_1" }]
//! }"#)?;
//! let service = config.build(&mut InlineOnly)?;
//!
//! let (store, context) = (MemoryStore::new(), Context::new(UnixTime::from_seconds(1_700_000_000), [7; 32]));
//! service.prepare_store(&context).run(&store).result?;
//! let request = http::Request::get("/.well-known/jwks.json").body(Vec::new()).unwrap();
//! assert_eq!(service.endpoint.handle(request, &context).run(&store).result?.status(), 200);
//!
//! let error = Config::from_json(r#"{ "mercoa": { "issuer": "i", "key": "k1", "lifetme": "1h" } }"#).unwrap_err();
//! assert_eq!(error.field(), Some("mercoa.lifetme"));
//! assert!(error.message().starts_with("this field is not known; known are issuer, key, "), "{error}");
//! # Ok::<(), Error>(())
//! ```

mod admin;
mod build;
mod directory;
mod issuer;
mod keys;
mod remote;
mod status_lists;

pub use admin::{Admin, AdminKey, OperationName};
pub use build::Service;
pub use directory::{ApiKey, Client};
pub use issuer::{IssuerConfig, VerifierConfig};
pub use keys::{InlineOnly, KeySource, Secrets};
pub use remote::RemoteConfig;
pub use status_lists::StatusListsConfig;

pub use crate::dialect::event_receivers::EventReceiverConfig;
pub use crate::dialect::trusted_issuers::{AssertionRuleConfig, ClaimTexts, TrustedIssuerConfig};
pub use crate::values::{Hashes, Limits, OneOrMany, Origin, RateLimit, SecretText, StatusPolicyConfig};

use crate::dialect::WingSections;
use crate::dialect::section::{Sections, sections};
use crate::error::{ErrorCode, Result};
use crate::json::{self, FromJson, Json, Misfit, object};
use crate::store::Durability;
use crate::surface::table::joined;
use crate::time::Lifetime;

sections! {
    /// All that a host needs to serve the endpoints. [`Config::build`] makes them.
    ///
    /// Beside the fields here there are the sections of the dialects, and of what they share: `docs/cli.md` has them
    /// all.
    pub struct Config {
        /// Where the host listens, and under which address it is known.
        pub server: Server,
        /// Where the records are kept, and how long they must last.
        pub store: Store,
        /// Where the host serves the operations themselves, and who may call them; nowhere where absent.
        pub admin: Option<Admin>,
        /// The rate limits of every dialect that sets none of its own.
        pub limits: Limits,
        /// The keys that the dialects sign with, each named by its `kid`.
        pub keys: Vec<KeySource>,
        /// Clients with an id and a secret.
        pub clients: Vec<Client>,
        /// Bearer API keys.
        pub api_keys: Vec<ApiKey>,
    } and wings: WingSections
}

/// All sections, in the order in which they are told.
const SECTIONS: &[&str] =
    &joined::<{ Config::NAMES.len() + WingSections::NAMES.len() }>(&[Config::NAMES, WingSections::NAMES]);

impl FromJson for Config {
    fn blank() -> Self {
        Config::default()
    }

    fn read_json(&mut self, json: Json<'_>) -> std::result::Result<(), Misfit> {
        json.members(&mut |name, section| {
            let place = match self.place(name) {
                Some(place) => place,
                None => self.wings.place(name).ok_or_else(|| Misfit::none_of(name, SECTIONS))?,
            };
            place.read_json(section).map_err(|misfit| misfit.within(name))
        })
    }
}

object! {
    /// Where the host listens, under which address it is known, and whom it lets in. `public_url` and `cors_origins` matter to
    /// the core; the rest is the host's.
    #[derive(Clone, Debug, Default)]
    #[json(read)]
    pub struct Server {
        /// The address to listen at; `127.0.0.1` where absent.
        pub host: Option<String>,
        /// The port to listen at; 8080 where absent, any free one for 0.
        pub port: Option<u16>,
        /// The address that clients use, for example `https://tokens.example.com`; magic links begin with it.
        pub public_url: Option<String>,
        /// How long a connection may wait for its next request: longer than a proxy in front keeps its own; 75 s where absent.
        pub keep_alive: Option<Lifetime>,
        /// How many connections one address may have, 0 for any number; 1024 where absent.
        pub connections_per_address: Option<u32>,
        /// How long it goes on as before when it is asked to end, and says meanwhile that it is not ready; no time where absent.
        pub drain_delay: Option<Lifetime>,
        /// The addresses and networks of the proxies that are believed when they say who sent a request; none where absent.
        #[json(default)]
        pub trusted_proxies: Vec<String>,
        /// The origins whose pages may call the dialects; none where absent. Public keys are for pages of any origin.
        #[json(default)]
        pub cors_origins: Vec<Origin>,
    }
}

object! {
    /// Where the records are kept. Only `durability` matters to the core; the rest is the host's.
    #[derive(Clone, Debug, Default)]
    #[json(read)]
    pub struct Store {
        /// The store's URL, such as `sqlite:tokens.db`, or `env:NAME` for a variable that holds it; `memory:` where absent.
        pub url: Option<String>,
        /// How long an acknowledged write must last: `process` (the default), `disk` or `replicated`. A store that declares
        /// less is refused at the start.
        #[json(default)]
        pub durability: Durability,
    }
}

impl Config {
    /// Reads a configuration from JSON.
    ///
    /// # Errors
    /// `policy_invalid` at the path of the field that is not known, missing or of the wrong type.
    pub fn from_json(text: &str) -> Result<Self> {
        json::read_as(ErrorCode::PolicyInvalid, text)
    }
}

/// Applies what was given.
fn with<B, T>(built: B, given: Option<T>, set: impl FnOnce(B, T) -> B) -> B {
    match given {
        Some(value) => set(built, value),
        None => built,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(json: &str) -> String {
        Config::from_json(json).unwrap_err().to_string()
    }

    #[test]
    fn a_secret_in_the_wrong_place_is_not_quoted() {
        for json in [
            r#"{"keys":"correct horse, expected battery staple"}"#,
            r#"{"server":{"port":"correct horse"}}"#,
            r#"{"keys":[{"kid":"k","generate":"correct horse"}]}"#,
        ] {
            assert!(!reason(json).contains("horse"), "{}", reason(json));
        }
        assert_eq!(
            reason(r#"{"server":{"port":"x"}}"#),
            "server.port: must be a whole number from 0 to 65535, found a string"
        );
    }

    #[test]
    fn an_error_names_the_path_and_what_is_needed() {
        for (json, said) in [
            (r#"{"mercoa":{"issuer":"i"}}"#, "mercoa.key: this field is required"),
            (r#"{"clients":[{"id":7}]}"#, "clients[0].id: must be a string, found a number"),
            (
                r#"{"server":{"prot":1}}"#,
                "server.prot: this field is not known; known are host, port, public_url",
            ),
            (r#"{"server":{"port":70000}}"#, "server.port: must be a whole number from 0 to 65535"),
            (
                r#"{"server":{"port":1.5}}"#,
                "server.port: must be a whole number from 0 to 65535, found a number with",
            ),
            (r#"{"server":[]}"#, "server: must be an object, found a list"),
            (
                r#"{"store":{"durability":"much"}}"#,
                "store.durability: must be one of: process, disk, replicated",
            ),
            (r#"{"server":{},"server":{}}"#, "server: this field is there twice"),
            (r#"{"server":{}"#, "not valid JSON at byte 12"),
            ("[]", "must be an object, found a list"),
        ] {
            assert!(reason(json).starts_with(said), "{json}: {}", reason(json));
        }
    }

    #[test]
    fn the_sections_of_every_wing_are_known_beside_the_common_ones() {
        let text = reason(r#"{"mercao":{}}"#);
        let known = "server, store, admin, limits, keys, clients, api_keys, oauth, mercoa, monite, ledger, merge, integrations, \
                     entities, groups, users";
        assert_eq!(text, format!("mercao: this field is not known; known are {known}"));
        for section in SECTIONS {
            let twice = format!(r#"{{"{section}":{{}},"{section}":{{}}}}"#);
            assert_eq!(reason(&twice), format!("{section}: this field is there twice"));
        }
    }

    #[test]
    fn names_stay_on_one_line_and_short() {
        let text = reason(r#"{"serve\nTE KEY-----":1}"#);
        assert!(
            text.starts_with(r"serve\nTE KEY-----: this field is not known; known are server, "),
            "{text}"
        );
        let text = reason(&format!(r#"{{"{}":1}}"#, "x".repeat(5000)));
        assert!(
            text.starts_with("a field with a name of 5000 characters is not known; known are "),
            "{text}"
        );
    }
}
