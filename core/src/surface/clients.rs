//! Who may ask: clients with an id and a secret.

use serde::Deserialize;

use super::secrets::{hashes, one};
use super::table::{Nothing, operations};
use crate::config::{Hashes, SecretText};
use crate::credential::SecretHash;
use crate::describe::described;
use crate::error::{ErrorCode, Result};
use crate::flow::directory::{self, Permission};
use crate::json::JsonMembers;

operations! {
    "Clients":

    /// Adds a client, with its secret or the SHA-256 of it; the same client again is no error.
    create_client(Client) -> Nothing, [AlreadyExists]
        |_issuer, input, context| directory::create_client(input.client()?, context);
    /// Ends a client and its tokens.
    disable_client(Id) -> Nothing, [NotFound]
        |_issuer, input, context| directory::disable_client(&input.id, context);
    /// Adds a second secret: both are live until the older one is retired.
    add_client_secret(ClientSecret) -> Nothing, [NotFound, AlreadyExists]
        |_issuer, input, context| {
            let (id, hash) = input.parts()?;
            directory::add_client_secret(&id, hash, context)
        };
    /// Retires the older of two secrets.
    retire_client_secret(Id) -> Nothing, [NotFound]
        |_issuer, input, context| directory::retire_client_secret(&input.id, context);
}

described! {
    /// A client: an id, and a secret to prove it, or one or two hashes of it.
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    pub(crate) struct Client {
        /// Its id.
        id: String,
        /// The organization that it acts for.
        organization: String,
        /// Its secret, of which only the hash is stored.
        secret: Option<SecretText>,
        /// The SHA-256 of its secret in base64url; two while it changes over.
        secret_sha256: Option<Hashes>,
        /// What it may do.
        permissions: Vec<Permission>,
        /// The `sub` of its session tokens, where that is not its id.
        subject: Option<String>,
        /// What it must state when it opens a session.
        name: Option<String>,
        /// Custom claims of its session tokens.
        #[serde(default)]
        claims: JsonMembers,
    }

    /// Names a record by its id.
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    pub(crate) struct Id {
        /// Its id.
        id: String,
    }

    /// A further secret of a client: itself, or the hash of it.
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    pub(crate) struct ClientSecret {
        /// The client's id.
        id: String,
        /// The secret, of which only the hash is stored.
        secret: Option<SecretText>,
        /// The SHA-256 of the secret in base64url.
        secret_sha256: Option<Hashes>,
    }
}

impl Client {
    fn client(self) -> Result<directory::Client> {
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
    fn parts(self) -> Result<(String, SecretHash)> {
        Ok((self.id, one(hashes(self.secret, self.secret_sha256, ["secret", "secret_sha256"])?)?))
    }
}
