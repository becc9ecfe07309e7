//! Tokens for machines.

use serde::{Deserialize, Serialize};

use super::table::{Hidden, Seconds, operations};
use crate::describe::described;
use crate::flow::{access_token, client};
use crate::values::SecretText;

operations! {
    "Tokens for machines":

    /// Gives a client an access token for itself (RFC 6749 section 4.4).
    client_credentials(ClientProof) -> AccessToken, [InvalidClient, RateLimited]
        |issuer, proof, context| issuer.client_credentials(proof.into(), context);
}

described! {
    /// A client's id and secret (RFC 6749 section 2.3.1).
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    pub(crate) struct ClientProof {
        /// The client's id.
        pub(crate) client_id: String,
        /// One of its secrets.
        pub(crate) client_secret: SecretText,
    }

    /// An access token (RFC 6749 section 5.1).
    #[derive(Serialize)]
    pub(crate) struct AccessToken {
        /// The token, to be sent as a bearer.
        access_token: Hidden,
        /// How long it lives.
        expires_in: Seconds,
    }
}

impl From<ClientProof> for client::ClientProof {
    fn from(input: ClientProof) -> Self {
        client::ClientProof::new(input.client_id, input.client_secret.0)
    }
}

impl From<access_token::AccessToken> for AccessToken {
    fn from(token: access_token::AccessToken) -> Self {
        AccessToken { access_token: token.access_token.into(), expires_in: token.expires_in.into() }
    }
}
