//! The standard's own dialect: a token endpoint for any OAuth client (RFC 6749), and what stands beside it.
//!
//! Which clause is kept how, and what is decided where the standards leave a choice: `docs/oauth.md`.

mod client;
mod events;
mod exchange;
mod grant;
mod introspect;
mod metadata;
pub(crate) mod operations;
mod refusal;
mod revoke;
pub(super) mod section;
mod token;

use http::Method;
use http::header::HeaderName;

use super::rejection::{Rejection, method_not_allowed};
use super::response::{Response, set};
use super::{Answer, Call, Demonstration, Dialect, Start, Wing};
use crate::error::{Error, ErrorCode, Result};
use crate::issuer::Issuer;
use crate::policy::Policy;
use metadata::{METADATA, Metadata};

/// The path of the token endpoint.
const TOKEN: &str = "/oauth/token";

/// Adds what this dialect wants to a policy: the `typ` of RFC 9068, and, where the policy does not say it, the address of
/// the token endpoint, which is below the issuer's name then.
///
/// ```
/// use tokenmint::{Policy, dialect::oauth::oauth_policy};
/// let policy = oauth_policy(Policy::new("https://id.example.com").audience("https://api.example.com"));
/// # drop(policy);
/// ```
#[must_use]
pub fn oauth_policy(policy: Policy) -> Policy {
    let base = policy.issuer.trim_end_matches('/');
    let endpoint = policy.token_endpoint.clone().unwrap_or_else(|| format!("{base}{TOKEN}"));
    policy.token_type("at+jwt").token_endpoint(endpoint)
}

/// OAuth's token endpoint, and its metadata.
#[derive(Clone, Debug)]
pub struct OAuth {
    issuer: Issuer,
    metadata: Metadata,
}

impl OAuth {
    /// Serves the tokens of an issuer, whose policy [`oauth_policy`] has seen. Its name is a URL, and its policy has an
    /// audience. There are refresh tokens where the policy has a session secret.
    ///
    /// ```
    /// use tokenmint::*;
    /// use tokenmint::dialect::oauth::{OAuth, oauth_policy};
    /// use tokenmint::directory::{self, Client};
    /// use tokenmint::endpoint::Endpoint;
    /// let keys = KeySet::builder().hmac("k1", [7; 32].as_slice())?.build()?;
    /// let policy = Policy::new("https://id.example.com").audience("https://api.example.com");
    /// let endpoint = Endpoint::builder().dialect(OAuth::new(Issuer::new(keys, oauth_policy(policy))?)).build()?;
    ///
    /// let (store, context) = (MemoryStore::new(), Context::new(UnixTime::from_seconds(1_700_000_000), [1; 32]));
    /// let client = Client::new("c1", "org_1", SecretHash::of(b"a secret")).permission(Permission::ClientCredentials);
    /// directory::create_client(client, &context).run(&store).result?;
    ///
    /// let request = http::Request::post("/oauth/token")
    ///     .header("content-type", "application/x-www-form-urlencoded")
    ///     .body(b"grant_type=client_credentials&client_id=c1&client_secret=a+secret".to_vec())
    ///     .unwrap();
    /// let response = endpoint.handle(request, &context).run(&store).result?;
    /// assert_eq!(response.status(), 200);
    /// assert!(response.body().starts_with(br#"{"access_token":""#));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn new(issuer: Issuer) -> Self {
        let metadata = Metadata::new(&issuer);
        OAuth { issuer, metadata }
    }
}

/// What it is known by.
pub(super) const WING: Wing = Wing { paths: &["/oauth", METADATA], refuse: refusal::refuse };

/// What shows it at work.
pub(super) const DEMONSTRATION: Option<Demonstration> = Some(Demonstration {
    name: "oauth",
    start: Start { config: include_str!("start.toml"), steps: include_str!("start.sh") },
    config: include_str!("demo.toml"),
    tokens: include_str!("demo.sh"),
    introspection: "",
    end: None,
});

impl Dialect for OAuth {
    fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    fn paths(&self) -> &[&str] {
        WING.paths
    }

    fn check(&self) -> Result<()> {
        let invalid = |field, text| Err(Error::new(ErrorCode::PolicyInvalid).at(field).because(text));
        let policy = self.issuer.policy();
        // RFC 8414 section 2.
        if !metadata::is_url(&policy.issuer) {
            return invalid("issuer", "an issuer of OAuth is a URL without query and fragment");
        }
        // RFC 9068 section 2.2: `aud` is required.
        if policy.audience.is_empty() {
            return invalid("audience", "access tokens are for somebody: an API's name, usually its URL");
        }
        if !policy.token_endpoint.as_ref().is_some_and(|url| metadata::is_url(url) && url.ends_with(TOKEN)) {
            return invalid(
                "token_endpoint",
                "it is a URL that ends with /oauth/token; oauth_policy adds one",
            );
        }
        Ok(())
    }

    fn answer<'a>(&'a self, call: &'a Call) -> Answer<'a> {
        Box::pin(async move {
            let answered = self.handle(call).await;
            let answered = answered.unwrap_or_else(|rejection| refusal::refuse_to(call.request(), rejection));
            Ok(self.with_nonce(call, answered))
        })
    }

    fn openapi(&self) -> Option<&str> {
        Some(include_str!("openapi.json"))
    }

    fn refuse(&self, rejection: Rejection) -> Response {
        refusal::refuse(rejection)
    }
}

impl OAuth {
    /// RFC 9449 section 8.2: whoever has just the nonce of before is told of the one of now, and asks no second time.
    fn with_nonce(&self, call: &Call, mut response: Response) -> Response {
        if let ["oauth", "token"] = call.request().segments().as_slice()
            && let Some(nonce) = self.issuer.dpop_nonce(call.now())
        {
            set(&mut response, HeaderName::from_static("dpop-nonce"), &nonce);
        }
        response
    }

    async fn handle(&self, call: &Call) -> Result<Response, Rejection> {
        let request = call.request();
        match (request.segments().as_slice(), request.method()) {
            (["oauth", "token"], &Method::POST) => token::answer(&self.issuer, call).await,
            (["oauth", "revoke"], &Method::POST) => revoke::answer(&self.issuer, call).await,
            (["oauth", "introspect"], &Method::POST) => introspect::answer(&self.issuer, call).await,
            (["oauth", "events"], method) if events::is_served(&self.issuer) => match *method {
                Method::POST => Box::pin(events::answer(&self.issuer, call)).await,
                _ => Err(method_not_allowed("POST")),
            },
            (["oauth", "token" | "revoke" | "introspect"], _) => Err(method_not_allowed("POST")),
            ([".well-known", _, inserted @ ..], method) if self.metadata.is_at(inserted) => match *method {
                Method::GET | Method::HEAD => Ok(self.metadata.answer(request)),
                _ => Err(method_not_allowed("GET, HEAD")),
            },
            _ => Err(ErrorCode::RouteNotFound.into()),
        }
    }
}
