//! Who may ask: clients and bearer API keys, and the records that they become.

use super::keys::Secrets;
use crate::credential::SecretHash;
use crate::dialect::section::{create, no_twins};
use crate::error::{Error, ErrorCode, Result};
use crate::flow::directory::{self, Permission};
use crate::flow::own_claims::check_custom;
use crate::json::{self, JsonMembers, object};
use crate::store::MemoryStore;
use crate::values::Hashes;

object! {
    /// A client with an id, and a secret or a key to prove it.
    #[derive(Clone, Debug)]
    #[json(read)]
    pub struct Client {
        /// Its id.
        pub id: String,
        /// The organization that it acts for.
        pub organization: String,
        /// The SHA-256 of its secret, as `tokenmint credentials create` prints it; two while it changes over. None for
        /// a client with keys, and for a public one.
        pub secret_sha256: Option<Hashes>,
        /// What it may do.
        pub permissions: Vec<Permission>,
        /// The `sub` of its tokens, where that is not its id.
        pub subject: Option<String>,
        /// A name that it may have to state.
        pub name: Option<String>,
        /// Custom claims of its session tokens.
        #[json(default)]
        pub claims: JsonMembers,
        /// What its own tokens may allow.
        pub scope: Option<String>,
        /// Whom its own tokens may be for; the policy's audience where it is empty.
        #[json(default)]
        pub audience: Vec<String>,
        /// Whether it can keep no secret, and says no more than who it is: an app, a page.
        #[json(default)]
        pub public: bool,
        /// A JWK Set of the public keys by which it proves itself: it signs assertions (`private_key_jwt`).
        #[json(default)]
        pub jwks: JsonMembers,
        /// A file that holds that JWK Set.
        pub jwks_file: Option<String>,
        /// Whether all its tokens are bound to a key, so that each of its requests needs a DPoP proof.
        #[json(default)]
        pub dpop_bound_access_tokens: bool,
    }
}

object! {
    /// A bearer API key.
    #[derive(Clone, Debug)]
    #[json(read)]
    pub struct ApiKey {
        /// The SHA-256 of the key, as `tokenmint credentials create --kind bearer` prints it.
        pub key_sha256: SecretHash,
        /// The organization that it acts for.
        pub organization: String,
        /// What it may do.
        pub permissions: Vec<Permission>,
    }
}

/// Creates the records of a configuration.
pub(super) fn create_records(
    config: &super::Config,
    secrets: &mut dyn Secrets,
    records: &MemoryStore,
) -> Result<()> {
    let mut clients = Vec::new();
    for (at, client) in config.clients.iter().enumerate() {
        clients.push(client.record(secrets).map_err(|error| error.within(&format!("clients[{at}]")))?);
    }
    no_twins("clients", config.clients.iter().map(|client| vec![("id", vec![&*client.id])]))?;
    let hashes: Vec<String> = config.api_keys.iter().map(|key| key.key_sha256.to_string()).collect();
    no_twins("api_keys", hashes.iter().map(|hash| vec![("key_sha256", vec![&**hash])]))?;
    for client in clients {
        create(records, |context| directory::create_client(client, context))?;
    }
    for ApiKey { key_sha256, organization, permissions } in config.api_keys.clone() {
        let key = directory::BearerKey { organization, permissions, disabled: false };
        create(records, |context| directory::create_bearer_key(key_sha256, key, context))?;
    }
    Ok(())
}

impl Client {
    fn record(&self, secrets: &mut dyn Secrets) -> Result<directory::Client> {
        let jwks = self.jwks(secrets)?;
        if self.secret_sha256.is_none() && jwks.is_empty() && !self.public {
            return Err(Error::new(ErrorCode::PolicyInvalid)
                .at("secret_sha256")
                .because("a client has a secret or keys, or is public"));
        }
        check_custom(&self.claims, &[]).map_err(|error| error.within("claims"))?;
        let mut client = directory::Client::without_secret(&self.id, &self.organization);
        for hash in self.secret_sha256.iter().flat_map(|hashes| &hashes.0) {
            client.secrets.add(*hash)?;
        }
        client.public = self.public;
        client.jwks = jwks;
        client.dpop_bound_access_tokens = self.dpop_bound_access_tokens;
        client.permissions.clone_from(&self.permissions);
        client.subject.clone_from(&self.subject);
        client.name.clone_from(&self.name);
        client.claims.clone_from(&self.claims);
        client.scope.clone_from(&self.scope);
        client.audience.clone_from(&self.audience);
        client.check()?;
        Ok(client)
    }

    /// Its keys, which stand here or in a file.
    fn jwks(&self, secrets: &mut dyn Secrets) -> Result<JsonMembers> {
        match &self.jwks_file {
            None => Ok(self.jwks.clone()),
            Some(_) if !self.jwks.is_empty() => Err(Error::new(ErrorCode::PolicyInvalid)
                .at("jwks_file")
                .because("the keys come from one place; found jwks and jwks_file")),
            Some(path) => {
                let text = secrets.file(path).map_err(|error| error.within("jwks_file"))?;
                let text = std::str::from_utf8(text.expose()).unwrap_or_default();
                json::read_as(ErrorCode::PolicyInvalid, text).map_err(|error| error.within("jwks_file"))
            }
        }
    }
}

#[cfg(all(test, any(feature = "aws-lc", feature = "rustcrypto", feature = "host")))]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::store::Store;
    use crate::{Command, Error, RecordKey, Reply};

    const JWKS: &str =
        r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

    struct Files;

    impl Secrets for Files {
        fn file(&mut self, path: &str) -> Result<crate::Secret> {
            Ok(if path == "keys.json" { JWKS } else { "no JSON" }.into())
        }
    }

    fn record(fields: &str) -> Result<directory::Client> {
        let config = format!(r#"{{"clients":[{{"id":"c1","organization":"o","permissions":[]{fields}}}]}}"#);
        let records = MemoryStore::new();
        create_records(&Config::from_json(&config)?, &mut Files, &records)?;
        let keys = vec![RecordKey::of("client", &["c1"])];
        match records.execute(Command::Load { keys }).unwrap() {
            Reply::Loaded { entries, .. } => crate::record::decode_value(&entries[0].as_ref().unwrap().value),
            _ => panic!("no reply to a load"),
        }
    }

    fn fault(fields: &str) -> (ErrorCode, String) {
        let error: Error = record(fields).unwrap_err();
        (error.code(), error.field().unwrap_or_default().to_owned())
    }

    #[test]
    fn a_client_proves_itself_by_a_secret_or_by_keys_or_not_at_all() {
        let jwks = serde_json::from_str(JWKS).unwrap();
        assert_eq!(record(&format!(r#","jwks":{JWKS}"#)).unwrap().jwks, jwks);
        assert_eq!(record(r#","jwks_file":"keys.json""#).unwrap().jwks, jwks);
        assert!(record(r#","public":true"#).unwrap().public);
        let at = |field: &str| (ErrorCode::PolicyInvalid, format!("clients[0].{field}"));
        assert_eq!(fault(""), at("secret_sha256"));
        assert_eq!(fault(r#","jwks_file":"other.json""#), at("jwks_file"));
        assert_eq!(fault(&format!(r#","jwks_file":"keys.json","jwks":{JWKS}"#)), at("jwks_file"));
        assert_eq!(fault(r#","jwks":{"keys":[]}"#), (ErrorCode::FieldInvalid, "clients[0].jwks".into()));
        assert_eq!(fault(&format!(r#","public":true,"jwks":{JWKS}"#)).1, "clients[0].public");
    }
}
