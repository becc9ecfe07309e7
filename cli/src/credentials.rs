//! `tokenmint credentials create`.

use tokenmint::{Entropy, SecretHash};

use crate::args::{CreateCredentials, CredentialKind};
use crate::failure::{Failure, Result, print};
use crate::keys;

pub(crate) fn create(args: &CreateCredentials) -> Result<()> {
    let mut entropy = Entropy::new(keys::seed()?);
    let (secret, hash) = SecretHash::generate(&mut entropy);
    let secret = std::str::from_utf8(secret.expose())
        .map_err(|error| Failure::runtime("a new secret", error))?
        .to_owned();
    let id = match args.kind {
        CredentialKind::Client => Some(entropy.uuid().to_string()),
        // 16 bytes, as in the vendor's examples.
        CredentialKind::Session => Some(base64_simd::URL_SAFE_NO_PAD.encode_to_string(entropy.bytes::<16>())),
        CredentialKind::Bearer => None,
        // For the log, which tells one key from another by it.
        CredentialKind::Admin => Some(format!("admin-{}", &hash.to_string()[..6])),
    };
    let section = section(args, id.as_deref(), &hash);
    if args.json {
        return print(serde_json::json!({
            "kind": args.kind.name(),
            "id": id,
            "secret": secret,
            "secret_sha256": hash.to_string(),
            "toml": section,
        }));
    }
    let given = match (args.kind, &id) {
        (CredentialKind::Client, Some(id)) => format!("client_id      {id}\nclient_secret  {secret}"),
        (CredentialKind::Session, Some(id)) => format!("api_key_id      {id}\napi_key_secret  {secret}"),
        (CredentialKind::Admin, _) => format!("admin_key  {secret}"),
        _ => format!("api_key  {secret}"),
    };
    print(format_args!(
        "# For the client. The secret is shown this once; nothing keeps it.\n{given}\n\n# For the configuration.\n{}",
        section.trim_end()
    ))
}

/// The section of the configuration.
fn section(args: &CreateCredentials, id: Option<&str>, hash: &SecretHash) -> String {
    let organization = toml::Value::from(args.organization.as_str());
    match (args.kind, id) {
        (CredentialKind::Bearer, _) | (_, None) => format!(
            "[[api_keys]]\nkey_sha256 = \"{hash}\"\norganization = {organization}\n\
             permissions = [\"entity_tokens\", \"links\"]\n"
        ),
        (CredentialKind::Admin, Some(id)) => {
            format!("[[admin.keys]]\nid = {}\nkey_sha256 = \"{hash}\"\n", toml::Value::from(id))
        }
        (kind, Some(id)) => format!(
            "[[clients]]\nid = \"{id}\"\norganization = {organization}\nsecret_sha256 = [\"{hash}\"]\n\
             permissions = {}\n",
            match kind {
                CredentialKind::Session => "[\"sessions\"]",
                _ => "[\"client_credentials\", \"entity_user\"]",
            }
        ),
    }
}

impl CredentialKind {
    fn name(self) -> &'static str {
        match self {
            CredentialKind::Client => "client",
            CredentialKind::Session => "session",
            CredentialKind::Bearer => "bearer",
            CredentialKind::Admin => "admin",
        }
    }
}
