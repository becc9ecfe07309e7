//! What a client may know of a token (RFC 7662).

use super::Flow;
use super::active_token::ActiveToken;
use super::client::{ClientProof, Demand};
use crate::error::Result;
use crate::json::push_string;

/// The header's `typ` of an introspection as a JWT (RFC 9701 section 5).
const INTROSPECTION_TYPE: &str = "token-introspection+jwt";

impl Flow {
    /// What a token stands for, where it stands and is the business of a client that proves itself: issued to it, or for it,
    /// which is then a resource server that is registered by the name it has in `aud`.
    ///
    /// # Errors
    /// `invalid_client`, also for a public one: RFC 7662 section 2.1, or anybody could try tokens; `rate_limited`; the store's.
    pub(crate) async fn introspect_by(
        &mut self,
        proof: &ClientProof,
        token: &str,
    ) -> Result<Option<ActiveToken>> {
        let client = self.proven(proof, Demand { unmet: proof.is_public(), ..Demand::default() }).await?;
        match self.check_for_anybody(token).await {
            Ok((hanging, _)) => {
                let token = hanging.token;
                let is_its = token.client.as_ref() == Some(&client.id) || token.audience.contains(&client.id);
                Ok(Some(token).filter(|_| is_its))
            }
            Err(error) if error.code().http_status() >= 500 => Err(error),
            Err(_) => Ok(None),
        }
    }

    /// What was told of a token as a JWT for whoever asked (RFC 9701 section 5). It says neither `sub` nor `exp` of its own, so
    /// that nobody takes it for an access token.
    pub(crate) async fn introspection_jwt(&self, caller: &str, introspection: &[u8]) -> Result<String> {
        let mut claims = b"{\"iss\":".to_vec();
        push_string(&mut claims, &self.issuer.policy().issuer);
        claims.extend_from_slice(b",\"aud\":");
        push_string(&mut claims, caller);
        claims.extend_from_slice(format!(",\"iat\":{},\"token_introspection\":", self.now()).as_bytes());
        claims.extend_from_slice(introspection);
        claims.push(b'}');
        self.issuer.sign_with_host(&self.io, INTROSPECTION_TYPE, claims).await
    }
}
