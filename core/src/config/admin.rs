//! The section of the admin API: who may call which operations, and where.

use core::net::SocketAddr;

use crate::credential::SecretHash;
use crate::dialect::section::no_twins;
use crate::error::{Error, ErrorCode, Result};
use crate::json::{FromJson, Json, Misfit, object};
use crate::values::shown;
use crate::{dialect, surface};

object! {
    /// Where a host serves the operations themselves, and who may call them. The core reads it, and does nothing with it.
    #[derive(Clone, Debug)]
    #[json(read)]
    pub struct Admin {
        /// The address and the port to listen at, such as `127.0.0.1:8081`; any free port for 0. Never those of the dialects.
        pub listen: SocketAddr,
        /// Who may call.
        pub keys: Vec<AdminKey>,
    }
}

object! {
    /// A key for the admin API.
    #[derive(Clone, Debug)]
    #[json(read)]
    pub struct AdminKey {
        /// Its id: what the log says of a call.
        pub id: String,
        /// The SHA-256 of the key, as `tokenmint credentials create --kind admin` prints it.
        pub key_sha256: SecretHash,
        /// The operations that it may call, and `events` where it may look on; all of it where absent.
        pub operations: Option<Vec<OperationName>>,
    }
}

/// The name of an operation that there is, or of what else a host shows to those with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OperationName(&'static str);

/// What a host shows beside the operations: the events of its log.
const SHOWN: [&str; 1] = ["events"];

impl OperationName {
    /// The name.
    pub fn as_str(&self) -> &'static str {
        self.0
    }
}

impl FromJson for OperationName {
    fn blank() -> Self {
        OperationName("")
    }

    fn read_json(&mut self, json: Json<'_>) -> Result<(), Misfit> {
        let name = json.string("a string")?;
        let known = surface::NAMES.iter().chain(dialect::NAMES).chain(&SHOWN).find(|known| **known == name);
        self.0 = known.ok_or_else(|| {
            Misfit::because(format!("{} is no operation; docs/operations.md has them all", shown(&name)))
        })?;
        Ok(())
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

impl FromJson for SocketAddr {
    fn blank() -> Self {
        SocketAddr::from(([0; 4], 0))
    }

    fn read_json(&mut self, json: Json<'_>) -> Result<(), Misfit> {
        let reason = "must be an IP address and a port, such as 127.0.0.1:8081";
        *self = json.string("a string")?.parse().map_err(|_| Misfit::because(reason))?;
        Ok(())
    }
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
