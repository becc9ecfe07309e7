//! A token of a trusted issuer for one of ours, with whoever acts (RFC 8693): what its rule gives, and no longer than it.

use super::Flow;
use super::accept_assertion::AcceptAssertion;
use super::access_token::AccessToken;
use super::narrow::{Narrow, NarrowedToken, not_its_own};
use super::own_claims::ACT;
use crate::error::{ErrorCode, Result, field_invalid};
use crate::json::Object;
use crate::policy::Policy;
use crate::record::client::{Client, client_key};
use crate::time::Lifetime;
use crate::token::unverified;

impl Policy {
    /// Whether a token is for the trusted issuers to answer for.
    fn is_anothers(&self, token: &str) -> bool {
        let seen = || unverified::decode(token).ok().map(|seen| seen.issuer());
        !self.trusted_issuers.is_empty() && seen().is_some_and(|issuer| issuer.as_ref() != Some(&self.issuer))
    }
}

impl Flow {
    pub(super) fn is_anothers(&self, token: &str) -> bool {
        self.issuer.policy().is_anothers(token)
    }

    pub(super) async fn narrow_trusted(
        &mut self,
        request: Narrow,
        admitted: Option<Client>,
        lifetime: Lifetime,
    ) -> Result<NarrowedToken> {
        if !request.claims.is_empty() {
            return Err(field_invalid("claims", "the token has no claims of this issuer"));
        }
        let asker = match &request.client {
            Some(id) => {
                let [known] = self.records.load([client_key(id)]).await?;
                Some(self.asking(id, known.as_ref(), admitted).await?)
            }
            None => None,
        };
        if let Some(client) = asker.as_ref().filter(|client| client.public) {
            return self.refuse(&client.id, not_its_own());
        }
        let asked = AcceptAssertion {
            assertion: request.token.as_str().into(),
            client: None,
            scope: request.scope.clone(),
            audience: request.audience.clone(),
            holder: request.holder.clone().unwrap_or_default(),
        };
        let granted = self.grant(&asked, asker.clone()).await;
        let (mut grant, mut trusted) = granted.map_err(|error| match error.field() {
            Some("assertion") => error.at("token"),
            _ => error,
        })?;
        let claims = trusted.verified.json().to_owned();
        let given = Object::of_token(claims.as_bytes()).map_err(|_| ErrorCode::ClaimsShape)?;
        // Those who acted have names there, which would be taken for names here.
        if given.get(ACT).is_some() {
            return Err(field_invalid("token", "somebody else acts with the token already"));
        }
        let mut actor = self.actor(&request, asker.as_ref(), asker.as_ref(), &given).await?;
        if let Some(actor) = &actor {
            grant.claims = grant.claims.set_json(ACT, actor.act(&given)?);
        }
        grant.lifetime = lifetime.min(self.left(trusted.verified.expires_at())?);
        self.hold(&asked.holder, asker.as_ref()).await?;
        self.use_up_actor(&mut actor).await?;
        self.use_up_trusted(&mut trusted, "token").await?;
        let token = self.access_token(grant).await?;
        let AccessToken { access_token, token_type, expires_in, scope } = token;
        Ok(NarrowedToken { access_token, token_type, expires_in, scope })
    }
}
