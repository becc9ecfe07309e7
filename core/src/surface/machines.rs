//! Tokens for machines.

use super::secrets::invalid;
use super::table::{Hidden, Seconds, operations};
use crate::describe::described;
use crate::error::Result;
use crate::flow::accept_assertion::AcceptAssertion;
use crate::flow::access_token::{self, AccessTokenType};
use crate::flow::client::ClientProof;
use crate::flow::client_credentials::ClientCredentials;
use crate::flow::holder::Holder;
use crate::values::SecretText;

operations! {
    "Tokens for machines":

    /// Gives a client an access token for itself (RFC 6749 section 4.4): for all that it has, or for less.
    client_credentials(ClientCredentialsRequest) -> AccessToken,
        [InvalidClient, RateLimited, InvalidScope, InvalidTarget, InvalidDpopProof]
        |issuer, input, context| issuer.client_credentials(input, context);
    /// Gives an access token for a token of a trusted issuer (RFC 7523 section 2.1), as the rule of the policy says that it
    /// meets. Each is good once, unless the policy says otherwise.
    accept_assertion(AcceptAssertionRequest) -> AccessToken,
        [InvalidGrant, InvalidClient, RateLimited, InvalidScope, InvalidTarget, InvalidDpopProof]
        |issuer, input, context| issuer.accept_assertion(input.request()?, context);
}

described! {
    /// Asks for an access token for a client itself.
    #[json(read)]
    pub(crate) struct ClientCredentialsRequest {
        /// The client's id.
        client_id: String,
        /// One of its secrets.
        client_secret: SecretText,
        /// What the token shall allow, of the client's scope; all of it where it is left out.
        scope: Option<String>,
        /// Whom the token shall be for, of the client's audience; all of it where it is left out.
        audience: Option<Vec<String>>,
        /// The thumbprint of the key that the token is bound to, of which the host has checked a DPoP proof.
        jkt: Option<String>,
        /// The SHA-256 in base64url of the certificate that the token is bound to (RFC 8705).
        certificate_sha256: Option<String>,
    }

    /// Asks for an access token for a token of a trusted issuer.
    #[json(read)]
    pub(crate) struct AcceptAssertionRequest {
        /// The token of the trusted issuer.
        assertion: SecretText,
        /// The client that presents it, which gets the token as its own; none is needed.
        client_id: Option<String>,
        /// One of the client's secrets; none for a public client.
        client_secret: Option<SecretText>,
        /// What the token shall allow, of what the rule gives; all of it where it is left out.
        scope: Option<String>,
        /// Whom the token shall be for, of those whom the rule gives; all of them where it is left out.
        audience: Option<Vec<String>>,
        /// The thumbprint of the key that the token is bound to, of which the host has checked a DPoP proof.
        jkt: Option<String>,
        /// The SHA-256 in base64url of the certificate that the token is bound to (RFC 8705).
        certificate_sha256: Option<String>,
    }

    /// An access token (RFC 6749 section 5.1).
    #[json(write)]
    pub(crate) struct AccessToken {
        /// The token.
        access_token: Hidden,
        /// How it is sent.
        token_type: AccessTokenType,
        /// How long it lives.
        expires_in: Seconds,
        /// What it allows, where it allows something by name.
        #[json(omit)]
        scope: Option<String>,
    }
}

impl From<ClientCredentialsRequest> for ClientCredentials {
    fn from(input: ClientCredentialsRequest) -> Self {
        let ClientCredentialsRequest { client_id, client_secret, scope, audience, .. } = input;
        let (client, audience) = (ClientProof::new(client_id, client_secret.0), audience.unwrap_or_default());
        let holder = Holder::answered_for(input.jkt, input.certificate_sha256);
        ClientCredentials { client, scope, audience, holder }
    }
}

impl AcceptAssertionRequest {
    fn request(self) -> Result<AcceptAssertion> {
        let AcceptAssertionRequest { assertion, client_id, client_secret, scope, audience, .. } = self;
        let holder = Holder::answered_for(self.jkt, self.certificate_sha256);
        let client = match (client_id, client_secret) {
            (Some(id), Some(secret)) => Some(ClientProof::new(id, secret.0)),
            (Some(id), None) => Some(ClientProof::public(id)),
            (None, Some(_)) => return Err(invalid("client_id", "a secret is a client's; say whose it is")),
            (None, None) => None,
        };
        let audience = audience.unwrap_or_default();
        Ok(AcceptAssertion { assertion: assertion.0, client, scope, audience, holder })
    }
}

impl From<access_token::AccessToken> for AccessToken {
    fn from(token: access_token::AccessToken) -> Self {
        let access_token::AccessToken { access_token, token_type, expires_in, scope } = token;
        let (access_token, expires_in) = (access_token.into(), expires_in.into());
        AccessToken { access_token, token_type, expires_in, scope }
    }
}
