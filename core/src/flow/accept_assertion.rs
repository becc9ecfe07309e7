//! A token of a trusted issuer for one of ours (RFC 7521 section 4.1, RFC 7523 section 2.1).

use super::access_token::{AccessToken, Grant};
use super::client::{ClientProof, Demand};
use super::holder::Holder;
use super::trusted::Trusted;
use super::{Flow, audience};
use crate::claims::Claims;
use crate::error::{Error, ErrorCode, Result};
use crate::issuer::Issuer;
use crate::record::client::{Client, client_key};
use crate::record::decode_some;
use crate::record::watermark::{self, Marks};
use crate::scope;
use crate::secret::Secret;
use crate::task::Task;
use crate::time::Context;

/// A token of a [trusted issuer](crate::TrustedIssuer), for one of ours.
#[derive(Clone, Debug)]
pub struct AcceptAssertion {
    pub(crate) assertion: Secret,
    pub(crate) client: Option<ClientProof>,
    pub(crate) scope: Option<String>,
    pub(crate) audience: Vec<String>,
    pub(crate) holder: Holder,
}

impl AcceptAssertion {
    /// For all that the rule gives which it meets.
    pub fn new(assertion: impl Into<String>) -> Self {
        let assertion = Secret::from(assertion.into());
        let (scope, audience) = (None, Vec::new());
        AcceptAssertion { assertion, client: None, scope, audience, holder: Holder::default() }
    }

    /// The client that presents it, which gets the token: as its own, within its scope. None is needed.
    #[must_use]
    pub fn client(mut self, client: ClientProof) -> Self {
        self.client = Some(client);
        self
    }

    /// What the token shall allow: of what the rule gives, some.
    #[must_use]
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scope = Some(scope.into());
        self
    }

    /// Whom the token shall be for, of those whom the rule gives; said again, one more.
    #[must_use]
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audience.push(audience.into());
        self
    }
}

impl Issuer {
    /// Gives an access token for a token of a trusted issuer, as the rule says which that meets. Each is good once.
    ///
    /// ```
    /// # #[cfg(feature = "aws-lc")] {
    /// use tokenmint::*;
    /// let context = |seed| Context::new(UnixTime::from_seconds(1_700_000_000), [seed; 32]);
    /// // The trusted issuer; here, of this crate as well.
    /// let key = Key::generate(Some("ci-1"), Algorithm::ES256, &mut Entropy::new([3; 32]))?;
    /// let ci = Issuer::new(KeySet::builder().key(key)?.build()?, Policy::new("https://ci.example"))?;
    /// let public = KeySet::from_jwks(&ci.public_jwks())?;
    ///
    /// let rule = AssertionRule::new("ci:{repository_id}").claim("sub", "repo:org/name:*").scope("deploy read");
    /// let trusted = TrustedIssuer::new(public).issuer("https://ci.example").rule(rule);
    /// let keys = KeySet::builder().hmac("k1", [7; 32].as_slice())?.build()?;
    /// let policy = Policy::new("https://api.example.com").audience("api").trusted_issuer(trusted);
    /// let (issuer, store) = (Issuer::new(keys, policy)?, MemoryStore::new());
    ///
    /// let claims = Claims::new().subject("repo:org/name:ref:refs/heads/main").audience("https://api.example.com");
    /// let job = ci.mint(&claims.set("repository_id", "1234"), Lifetime::MINUTE, &context(1))?;
    /// let request = AcceptAssertion::new(job).scope("deploy");
    /// let token = issuer.accept_assertion(request.clone(), &context(2)).run(&store).result?;
    /// let active = issuer.check(&token.access_token, &context(3)).run(&store).result?;
    /// assert_eq!((active.subject.as_deref(), active.scope.as_deref()), (Some("ci:1234"), Some("deploy")));
    /// let again = issuer.accept_assertion(request, &context(4)).run(&store).result.unwrap_err();
    /// assert_eq!((again.code(), again.field()), (ErrorCode::InvalidGrant, Some("assertion")));
    /// # }
    /// # Ok::<(), tokenmint::Error>(())
    /// ```
    ///
    /// # Errors
    /// `invalid_grant` at `assertion`, with the claim at fault; `invalid_client` for a client that does not prove itself;
    /// `invalid_scope` and `invalid_target` for more than the rule or the client has; `rate_limited`; `keys_unavailable`
    /// where the host has not fetched the issuer's keys; the store's.
    pub fn accept_assertion(&self, request: AcceptAssertion, context: &Context) -> Task<AccessToken> {
        self.task(context, |mut flow| async move { flow.accept_assertion(&request).await })
    }
}

impl Flow {
    pub(crate) async fn accept_assertion(&mut self, request: &AcceptAssertion) -> Result<AccessToken> {
        let client = match &request.client {
            Some(proof) => Some(self.proven(proof, Demand::default()).await?),
            None => None,
        };
        let known = client.clone();
        let asking = client.as_ref().map(|client| client.id.clone()).unwrap_or_default();
        let granted = self.grant(request, client).await;
        match granted {
            Ok((grant, mut trusted)) => {
                if let Err(error) = self.hold(&request.holder, known.as_ref()).await {
                    return self.refuse_own(&asking, error);
                }
                // The decisive write: whoever does it has the token.
                if let Err(error) = self.use_up_trusted(&mut trusted, "assertion").await {
                    return self.refuse_own(&asking, error);
                }
                self.access_token(grant).await
            }
            Err(error) => self.refuse_own(&asking, error),
        }
    }

    /// What a request gets, once its assertion is used up.
    pub(super) async fn grant(
        &mut self,
        request: &AcceptAssertion,
        client: Option<Client>,
    ) -> Result<(Grant, Trusted)> {
        let assertion = std::str::from_utf8(request.assertion.expose()).unwrap_or_default();
        let trusted = self.trusted(assertion, "assertion").await?;
        let scope = request.granted_scope(&trusted, client.as_ref())?;
        let policy = &self.issuer.policy().audience;
        let audience = audience::granted(&request.audience, &trusted.rule.audience, policy)?;
        let claims = audience.iter().fold(Claims::new(), Claims::audience);
        let subject = trusted.subject.clone();
        let (id, proved) = match client {
            // A public client was not counted yet.
            Some(client) => (client.id, !client.public),
            None => (trusted.rule.client.clone().unwrap_or_else(|| subject.clone()), false),
        };
        let [issuer, by_client, by_subject] = watermark::keys(&self.issuer.policy().issuer, &id, &subject);
        let keys = [client_key(&id), issuer, by_client, by_subject];
        let [known, issuer, by_client, by_subject] = self.records.load(keys).await?;
        if !proved {
            if decode_some::<Client>(known.as_ref())?.is_some_and(|client| client.disabled) {
                return Err(Error::new(ErrorCode::InvalidGrant)
                    .at("assertion")
                    .because("the client of its rule is disabled"));
            }
            self.admit(&id).await?;
        }
        let epoch = Marks::read([issuer, by_client, by_subject])?.epoch();
        let lifetime = self.issuer.policy().token_lifetime();
        let (client, session, bound) = (Some(id), None, request.holder.bound.clone());
        let sessions_epoch = 0;
        let grant = Grant { client, subject, scope, session, sessions_epoch, epoch, lifetime, claims, bound };
        Ok((grant, trusted))
    }

    /// As [`Flow::refuse`], but for a limit that has told its event, and for what is nobody's fault.
    fn refuse_own<T>(&self, client: &str, error: Error) -> Result<T> {
        match error.code() {
            ErrorCode::RateLimited => Err(error),
            code if code.http_status() >= 500 => Err(error),
            _ => self.refuse(client, error),
        }
    }
}

impl AcceptAssertion {
    /// The scope of the token: what is asked for, within what the rule gives and the client has.
    fn granted_scope(&self, trusted: &Trusted, client: Option<&Client>) -> Result<Option<String>> {
        let rule = trusted.rule.scope.as_deref().unwrap_or_default();
        let most = match client {
            Some(client) => scope::common(rule, client.scope.as_deref().unwrap_or_default()),
            None => rule.to_owned(),
        };
        scope::granted(self.scope.as_deref(), Some(&most))
    }
}
