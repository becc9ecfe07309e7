//! The section of the admin API: who may call which operations, and where.

use core::net::SocketAddr;

use serde::de::{self, Deserializer};
use serde::{Deserialize, Serialize};

use crate::credential::SecretHash;
use crate::dialect::section::no_twins;
use crate::error::{Error, ErrorCode, Result};
use crate::values::{Hash, shown};
use crate::{dialect, surface};

/// Where a host serves the operations themselves, and who may call them. The core reads it, and does nothing with it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Admin {
    /// The address and the port to listen at, such as `127.0.0.1:8081`; any free port for 0. Never those of the dialects.
    #[serde(deserialize_with = "listen")]
    pub listen: SocketAddr,
    /// Who may call.
    pub keys: Vec<AdminKey>,
}

/// A key for the admin API.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdminKey {
    /// Its id: what the log says of a call.
    pub id: String,
    /// The SHA-256 of the key, as `tokenmint credentials create --kind admin` prints it.
    #[serde(deserialize_with = "hash")]
    pub key_sha256: SecretHash,
    /// The operations that it may call; all where absent.
    pub operations: Option<Vec<OperationName>>,
}

/// The name of an operation that there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct OperationName(&'static str);

impl OperationName {
    /// The name.
    pub fn as_str(&self) -> &'static str {
        self.0
    }
}

impl<'de> Deserialize<'de> for OperationName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let known = surface::NAMES.iter().chain(dialect::NAMES).find(|known| **known == name);
        known.map(|known| OperationName(known)).ok_or_else(|| {
            de::Error::custom(format!("{} is no operation; docs/operations.md has them all", shown(&name)))
        })
    }
}

/// The longest id of a key, in bytes.
const LONGEST_ID: usize = 100;

impl Admin {
    /// Refuses keys that cannot be told apart.
    pub(super) fn check(&self) -> Result<()> {
        for (at, key) in self.keys.iter().enumerate() {
            if key.id.is_empty() || key.id.len() > LONGEST_ID || key.id.contains(char::is_control) {
                return Err(Error::new(ErrorCode::PolicyInvalid)
                    .at(format!("admin.keys[{at}].id"))
                    .because("an id is a text of 1 to 100 bytes on one line"));
            }
        }
        let hashes: Vec<String> = self.keys.iter().map(|key| key.key_sha256.to_string()).collect();
        let names = self.keys.iter().zip(&hashes);
        no_twins(
            "admin.keys",
            names.map(|(key, hash)| vec![("id", vec![&*key.id]), ("key_sha256", vec![hash])]),
        )
    }
}

fn listen<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(|_| de::Error::custom("must be an IP address and a port, such as 127.0.0.1:8081"))
}

fn hash<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SecretHash, D::Error> {
    Hash::deserialize(deserializer).map(|Hash(hash)| hash)
}

#[cfg(test)]
mod tests {
    use crate::config::{Config, InlineOnly};

    const HASH: &str = "UHaA1Gr841RM0e51xKLSZvOCQ3La05rKF3jfY6TgOCo";

    fn error_of(admin: &serde_json::Value) -> String {
        let config = serde_json::json!({
            "keys": [{ "kid": "k1", "secret": "a secret of at least thirty-two bytes" }],
            "mercoa": { "issuer": "i", "key": "k1" },
            "admin": admin,
        });
        let config = Config::from_json(&config.to_string());
        let built = config.and_then(|config| config.build(&mut InlineOnly));
        built.map(drop).expect_err(&admin.to_string()).to_string()
    }

    #[test]
    fn an_error_names_the_place() {
        let with = |key: serde_json::Value| {
            let mut full = serde_json::json!({ "id": "a", "key_sha256": HASH });
            full.as_object_mut().unwrap().extend(key.as_object().unwrap().clone());
            serde_json::json!({ "listen": "127.0.0.1:0", "keys": [{ "id": "b",
                "key_sha256": "aHaA1Gr841RM0e51xKLSZvOCQ3La05rKF3jfY6TgOCo" }, full] })
        };
        for (admin, said) in [
            (serde_json::json!({ "keys": [] }), "admin.listen: this field is required"),
            (
                serde_json::json!({ "listen": "localhost", "keys": [] }),
                "admin.listen: must be an IP address and a port",
            ),
            (with(serde_json::json!({ "key_sha256": "hunter2" })), "admin.keys[1].key_sha256: "),
            (
                with(serde_json::json!({ "operations": ["refresh", "mint"] })),
                "admin.keys[1].operations[1]: \"mint\" is no operation",
            ),
            (with(serde_json::json!({ "id": "b" })), "admin.keys[1].id: \"b\" is there already"),
            (
                with(serde_json::json!({ "id": "a\nb" })),
                "admin.keys[1].id: an id is a text of 1 to 100 bytes",
            ),
            (
                with(serde_json::json!({ "key_sha256": "aHaA1Gr841RM0e51xKLSZvOCQ3La05rKF3jfY6TgOCo" })),
                "admin.keys[1].key_sha256: ",
            ),
        ] {
            let error = error_of(&admin);
            assert!(error.starts_with(said) && !error.contains("hunter2"), "{error}\nnot {said}");
        }
    }
}
