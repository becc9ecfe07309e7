//! Who may ask: clients with an id, and a secret or a key to prove it.

use super::secrets::{hashes, one};
use super::table::{Hidden, Nothing, operations};
use crate::credential::SecretHash;
use crate::describe::described;
use crate::error::Result;
use crate::flow::directory::{self, Permission};
use crate::flow::page::Page;
use crate::json::JsonMembers;
use crate::scope;
use crate::time::Lifetime;
use crate::values::{Hashes, SecretText};

operations! {
    "Clients":

    /// Adds a client, with its secret or the SHA-256 of it, with its public keys, or as a public one; the same client
    /// again is no error.
    create_client(Client) -> Nothing, [AlreadyExists, ClaimReserved, InvalidScope, FieldInvalid]
        |_issuer, input, context| directory::create_client(input.client()?, context);
    /// Changes what a client may do; what is left out stays. Tokens that were made before stay as they are.
    change_client(ChangeClientRequest) -> Nothing, [NotFound, ClaimReserved, InvalidScope, FieldInvalid]
        |_issuer, input, context| {
            let (id, change) = input.parts();
            directory::change_client(&id, change, context)
        };
    /// Lists the clients of the store, page by page; those of a configuration are not in it.
    list_clients(ListClientsRequest) -> ClientList, []
        |_issuer, input, context| directory::list_clients(input.into(), context);
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
    /// Makes a new secret for a client, to be shown once, while those before are good for a chosen time.
    /// Secrets that were replaced earlier keep their time; at most four are live beside the newest.
    rotate_client_secret(RotateClientSecretRequest) -> NewClientSecret, [NotFound, AlreadyExists]
        |_issuer, input, context| directory::rotate_client_secret(&input.id, input.keep_for, context);
}

described! {
    /// A client: an id, and to prove it a secret, one or two hashes of it, or keys; a public client proves nothing.
    #[json(read)]
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
        #[json(default)]
        claims: JsonMembers,
        /// What its own tokens may allow; none where it is left out.
        scope: Option<String>,
        /// Whom its own tokens may be for; the policy's audience where it is left out.
        audience: Option<Vec<String>>,
        /// Whether it can keep no secret, and says no more than who it is: an app, a page.
        #[json(default)]
        public: bool,
        /// A JWK Set of the public keys by which it proves itself: it signs assertions (`private_key_jwt`).
        #[json(default)]
        jwks: JsonMembers,
        /// Whether all its tokens are bound to a key, so that each of its requests needs a DPoP proof (RFC 9449).
        #[json(default)]
        dpop_bound_access_tokens: bool,
    }

    /// What of a client is to be changed.
    #[json(read)]
    pub(crate) struct ChangeClientRequest {
        /// The client's id.
        id: String,
        /// What it may do.
        permissions: Option<Vec<Permission>>,
        /// What its own tokens may allow; the empty text for nothing.
        scope: Option<String>,
        /// Whom its own tokens may be for; an empty list for the policy's audience.
        audience: Option<Vec<String>>,
        /// What it must state when it opens a session; the empty text for nothing.
        name: Option<String>,
        /// Custom claims of its session tokens: all of them.
        claims: Option<JsonMembers>,
        /// Whether it proves nothing. One that has a secret or keys cannot become public.
        public: Option<bool>,
        /// A JWK Set of the public keys by which it proves itself: all of them; the empty object for none.
        jwks: Option<JsonMembers>,
        /// Whether all its tokens are bound to a key, so that each of its requests needs a DPoP proof (RFC 9449).
        dpop_bound_access_tokens: Option<bool>,
        /// Whether it is refused. One that is taken back has its tokens again that have not ended.
        disabled: Option<bool>,
    }

    /// Asks for the clients of the store.
    #[json(read)]
    pub(crate) struct ListClientsRequest {
        /// Where to go on: `next` of the answer before.
        after: Option<String>,
        /// How many to look at, 1 to 100; 100 where it is left out.
        limit: Option<u32>,
    }

    /// Clients of the store.
    #[json(write)]
    pub(crate) struct ClientList {
        /// The clients, in no order that means anything.
        clients: Vec<ClientView>,
        /// Where to go on; not there at the end.
        #[json(omit)]
        next: Option<String>,
    }

    /// A client in a list: all but its secrets.
    #[json(write)]
    pub(crate) struct ClientView {
        /// Its id.
        id: String,
        /// The organization that it acts for.
        organization: String,
        /// What it may do.
        permissions: Vec<Permission>,
        /// The `sub` of its session tokens, where that is not its id.
        #[json(omit)]
        subject: Option<String>,
        /// What it must state when it opens a session.
        #[json(omit)]
        name: Option<String>,
        /// What its own tokens may allow.
        #[json(omit)]
        scope: Option<String>,
        /// Whom its own tokens may be for; the policy's audience where it is empty.
        audience: Vec<String>,
        /// Custom claims of its session tokens.
        claims: JsonMembers,
        /// Whether it proves nothing.
        public: bool,
        /// A JWK Set of the public keys by which it proves itself; the empty object where it has none.
        jwks: JsonMembers,
        /// Whether all its tokens are bound to a key, so that each of its requests needs a DPoP proof (RFC 9449).
        #[json(omit)]
        dpop_bound_access_tokens: bool,
        /// Whether it is refused.
        disabled: bool,
    }

    /// Asks for a new secret of a client.
    #[json(read)]
    pub(crate) struct RotateClientSecretRequest {
        /// The client's id.
        id: String,
        /// How long the secrets before stay good; they end at once where this is left out.
        keep_for: Option<Lifetime>,
    }

    /// A client's new secret.
    #[json(write)]
    pub(crate) struct NewClientSecret {
        /// The client's id.
        id: String,
        /// The secret. Nobody can look it up later.
        secret: Hidden,
    }

    /// Names a record by its id.
    #[json(read)]
    pub(crate) struct Id {
        /// Its id.
        id: String,
    }

    /// A further secret of a client: itself, or the hash of it.
    #[json(read)]
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
        let mut client = directory::Client::without_secret(self.id, self.organization);
        let proves_otherwise = self.public || !self.jwks.is_empty();
        if self.secret.is_some() || self.secret_sha256.is_some() || !proves_otherwise {
            for hash in hashes(self.secret, self.secret_sha256, ["secret", "secret_sha256"])? {
                client.secrets.add(hash)?;
            }
        }
        client.public = self.public;
        client.jwks = self.jwks;
        client.dpop_bound_access_tokens = self.dpop_bound_access_tokens;
        client.permissions = self.permissions;
        client.subject = self.subject;
        client.name = self.name;
        client.claims = self.claims;
        client.scope = scope::named(self.scope);
        client.audience = self.audience.unwrap_or_default();
        Ok(client)
    }
}

impl ChangeClientRequest {
    fn parts(self) -> (String, directory::ChangeClient) {
        let ChangeClientRequest { id, permissions, scope, audience, name, claims, public, jwks, .. } = self;
        let (dpop_bound_access_tokens, disabled) = (self.dpop_bound_access_tokens, self.disabled);
        let change = directory::ChangeClient {
            permissions,
            scope,
            audience,
            name,
            claims,
            public,
            jwks,
            dpop_bound_access_tokens,
            disabled,
        };
        (id, change)
    }
}

impl From<ListClientsRequest> for directory::ListClients {
    fn from(input: ListClientsRequest) -> Self {
        directory::ListClients { page: Page { after: input.after, limit: input.limit } }
    }
}

impl From<directory::ClientList> for ClientList {
    fn from(list: directory::ClientList) -> Self {
        let clients = list.clients.into_iter().map(|client| {
            let directory::ClientView { id, organization, permissions, subject, name, .. } = client;
            let directory::ClientView { scope, audience, claims, public, jwks, .. } = client;
            let directory::ClientView { dpop_bound_access_tokens, disabled, .. } = client;
            ClientView {
                id,
                organization,
                permissions,
                subject,
                name,
                scope,
                audience,
                claims,
                public,
                jwks,
                dpop_bound_access_tokens,
                disabled,
            }
        });
        ClientList { clients: clients.collect(), next: list.next }
    }
}

impl From<directory::NewClientSecret> for NewClientSecret {
    fn from(new: directory::NewClientSecret) -> Self {
        let secret = String::from_utf8_lossy(new.secret.expose()).into_owned();
        NewClientSecret { id: new.id, secret: secret.into() }
    }
}

impl ClientSecret {
    fn parts(self) -> Result<(String, SecretHash)> {
        Ok((self.id, one(hashes(self.secret, self.secret_sha256, ["secret", "secret_sha256"])?)?))
    }
}
