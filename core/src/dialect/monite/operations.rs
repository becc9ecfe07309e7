//! Access tokens for a client's users.

use crate::describe::described;
use crate::flow::client::ClientProof;
use crate::surface::machines::AccessToken;
use crate::surface::table::operations;
use crate::values::SecretText;

operations! {
    "Access tokens for users":

    /// Gives a client an access token for a user of its organization.
    entity_user(EntityUserRequest) -> AccessToken, [InvalidClient, NotFound, RateLimited, InvalidDpopProof]
        |issuer, input, context| {
            let (proof, user) = input.parts();
            issuer.entity_user(proof, &user, context)
        };
}

described! {
    /// Asks for an access token for a user.
    #[json(read)]
    pub(crate) struct EntityUserRequest {
        /// The client's id.
        client_id: String,
        /// One of its secrets.
        client_secret: SecretText,
        /// The user's id.
        user: String,
    }
}

impl EntityUserRequest {
    fn parts(self) -> (ClientProof, String) {
        (ClientProof::new(self.client_id, self.client_secret.0), self.user)
    }
}
