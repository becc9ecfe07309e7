//! Sessions, and whether a token still stands.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::table::{Hidden, Nothing, Seconds, operations};
use crate::describe::{Shape, described, shapes};
use crate::flow::{access, token_pair};
use crate::time::UnixTime;

operations! {
    "Sessions":

    /// Exchanges a refresh token for the next pair (RFC 6749 section 6).
    /// Presented again within the grace, a refresh token gives the same answer; later, it ends the session, for somebody
    /// else has it too. With `client`, the session must be that client's.
    refresh(RefreshRequest) -> TokenPair, [InvalidGrant, RateLimited, PolicyInvalid]
        |issuer, input, context| match &input.client {
            Some(client) => issuer.refresh_as(&input.refresh_token, client, context),
            None => issuer.refresh(&input.refresh_token, context),
        };
    /// Says what an access token stands for, if it is good now: verified, and not revoked.
    check(CheckRequest) -> ActiveToken, [TokenRevoked] + verification
        |issuer, input, context| issuer.check(&input.token, context);
    /// Ends a session, and the tokens that it gave.
    revoke_session(SessionId) -> Nothing, []
        |issuer, input, context| issuer.revoke_session(&input.session, context);
}

described! {
    /// Asks for the successor of a refresh token.
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    pub(crate) struct RefreshRequest {
        /// The refresh token.
        refresh_token: String,
        /// The client that presents it, where it has proved who it is.
        client: Option<String>,
    }

    /// Asks whether a token is good.
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    pub(crate) struct CheckRequest {
        /// The access token.
        token: String,
    }

    /// Names a session.
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    pub(crate) struct SessionId {
        /// The session's id.
        session: String,
    }

    /// An access token, and the refresh token for the next pair.
    #[derive(Serialize)]
    pub(crate) struct TokenPair {
        /// The access token, to be sent as a bearer.
        access_token: Hidden,
        /// How long the access token lives.
        expires_in: Seconds,
        /// The refresh token: good for one exchange.
        refresh_token: Hidden,
        /// How long the refresh token lives if it is not used.
        refresh_expires_in: Seconds,
        /// The id of the session, by which it can be ended; `sid` in the access token.
        session: String,
    }

    /// What a token that is good now says.
    #[derive(Serialize)]
    pub(crate) struct ActiveToken {
        /// The client or organization that it was issued to.
        client: Option<String>,
        /// Whom it is about.
        subject: Option<String>,
        /// Its scope.
        scope: Option<String>,
        /// Its id.
        id: Option<String>,
        /// When it was issued.
        issued_at: Option<UnixTime>,
        /// When it ends.
        expires_at: Option<UnixTime>,
        /// Whom it is for: all that `aud` names.
        audience: Vec<String>,
        /// The verified claims; of an opaque token, those that a JWT in its place would have.
        claims: VerifiedClaims,
    }
}

/// Claims as they stand in their token.
#[derive(Serialize)]
#[serde(transparent)]
pub(crate) struct VerifiedClaims(Option<Box<RawValue>>);

shapes! {
    VerifiedClaims: Shape::Json;
}

impl From<token_pair::TokenPair> for TokenPair {
    fn from(pair: token_pair::TokenPair) -> Self {
        TokenPair {
            access_token: pair.access_token.into(),
            expires_in: pair.expires_in.into(),
            refresh_token: pair.refresh_token.into(),
            refresh_expires_in: pair.refresh_expires_in.into(),
            session: pair.session,
        }
    }
}

impl From<access::ActiveToken> for ActiveToken {
    fn from(token: access::ActiveToken) -> Self {
        let access::ActiveToken { client, subject, scope, id, issued_at, expires_at, audience, claims } =
            token;
        // They were verified as JSON.
        let claims = VerifiedClaims(RawValue::from_string(claims).ok());
        ActiveToken { client, subject, scope, id, issued_at, expires_at, audience, claims }
    }
}
