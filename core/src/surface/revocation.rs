//! Revocation of much at once, and the store behind it.

use super::table::{Nothing, operations};
use crate::describe::described;

operations! {
    "Revocation":

    /// Revokes one token of a client (RFC 7009); one that is not known, or not its own, changes nothing.
    revoke_token(RevokeTokenRequest) -> Nothing, []
        |issuer, input, context| issuer.revoke_token(&input.token, &input.client_id, context);
    /// Revokes every token, session, API key and single-use token about a subject that was made until now.
    revoke_subject(Subject) -> Nothing, []
        |issuer, input, context| issuer.revoke_subject(&input.subject, context);
    /// Revokes every token of a client that was issued until now.
    revoke_client(ClientId) -> Nothing, []
        |issuer, input, context| issuer.revoke_client(&input.client_id, context);
    /// Revokes every token, session, API key and single-use token of this issuer that was made until now.
    revoke_all(Nothing) -> Nothing, []
        |issuer, _input, context| issuer.revoke_all(context);
    /// Makes a store ready for this issuer: to be run at each start, before the other operations, and now and then.
    /// A store that was wiped has lost what was revoked, so every token from before is refused from then on. A store that
    /// knows the issuer stays as it is. The `prepare` of an endpoint does it for the endpoint's issuers.
    adopt_store(Nothing) -> Nothing, []
        |issuer, _input, context| issuer.adopt_store(context);
}

described! {
    /// Names a token, and the client that revokes it.
    #[json(read)]
    pub(crate) struct RevokeTokenRequest {
        /// The access token.
        token: String,
        /// The id of the client, which has proved who it is.
        client_id: String,
    }

    /// Names a subject.
    #[json(read)]
    pub(crate) struct Subject {
        /// The subject: `sub` of its tokens.
        subject: String,
    }

    /// Names a client.
    #[json(read)]
    pub(crate) struct ClientId {
        /// The client's id.
        client_id: String,
    }
}
