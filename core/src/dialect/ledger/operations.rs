//! Sessions of API-key clients.

use super::session::ClientConditions;
use crate::describe::described;
use crate::flow::client::ClientProof;
use crate::surface::sessions::TokenPair;
use crate::surface::table::operations;
use crate::values::SecretText;

operations! {
    "Sessions of API-key clients":

    /// Opens a session for an API key, which is an id and a secret.
    exchange_api_key(ExchangeApiKeyRequest) -> TokenPair, [InvalidClient, RateLimited, PolicyInvalid]
        |issuer, input, context| {
            let (proof, conditions) = input.parts();
            issuer.exchange_api_key(proof, conditions, context)
        };
}

described! {
    /// Asks for a session.
    #[json(read)]
    pub(crate) struct ExchangeApiKeyRequest {
        /// The client's id.
        client_id: String,
        /// One of its secrets.
        client_secret: SecretText,
        /// What the client must state, where it has a name.
        name: Option<String>,
    }
}

impl ExchangeApiKeyRequest {
    fn parts(self) -> (ClientProof, ClientConditions) {
        (ClientProof::new(self.client_id, self.client_secret.0), ClientConditions { name: self.name })
    }
}
