//! The standard's own dialect: a token endpoint for any OAuth client (RFC 6749), and what stands beside it.
//!
//! Which clause is kept how, and what is decided where the standards leave a choice: `docs/oauth.md`.

mod client;
mod metadata;
pub(crate) mod operations;
mod refusal;
pub(super) mod section;
mod token;

use http::Method;

use super::rejection::{Rejection, method_not_allowed};
use super::response::Response;
use super::{Answer, Call, Demonstration, Dialect, Wing};
use crate::error::{Error, ErrorCode, Result};
use crate::issuer::Issuer;
use metadata::{METADATA, Metadata};

/// Where the endpoints are, in case that the issuer's name does not say it.
///
/// ```
/// use tokenmint::dialect::oauth::OAuthOptions;
/// let options = OAuthOptions { public_url: Some("https://tokens.example.com".into()) };
/// # drop(options);
/// ```
#[derive(Clone, Debug, Default)]
pub struct OAuthOptions {
    /// The address that clients use: the metadata's URLs begin with it. The issuer's name where absent.
    pub public_url: Option<String>,
}

/// OAuth's token endpoint, and its metadata.
#[derive(Clone, Debug)]
pub struct OAuth {
    issuer: Issuer,
    metadata: Metadata,
}

impl OAuth {
    /// Serves the tokens of an issuer, whose name is a URL and whose policy has an audience.
    ///
    /// ```
    /// use tokenmint::*;
    /// use tokenmint::dialect::oauth::{OAuth, OAuthOptions};
    /// use tokenmint::directory::{self, Client};
    /// use tokenmint::endpoint::Endpoint;
    /// let keys = KeySet::builder().hmac("k1", [7; 32].as_slice())?.build()?;
    /// let issuer = Issuer::new(keys, Policy::new("https://id.example.com").audience("https://api.example.com"))?;
    /// let endpoint = Endpoint::builder().dialect(OAuth::new(issuer, OAuthOptions::default())).build()?;
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
    pub fn new(issuer: Issuer, options: OAuthOptions) -> Self {
        let metadata = Metadata::new(&issuer, &options);
        OAuth { issuer, metadata }
    }
}

/// What it is known by.
pub(super) const WING: Wing = Wing {
    paths: &["/oauth", METADATA],
    refuse: refusal::refuse,
    demonstration: Some(Demonstration {
        config: include_str!("demo.toml"),
        tokens: include_str!("demo.sh"),
        introspection: "",
        end: None,
    }),
};

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
        Ok(())
    }

    fn answer<'a>(&'a self, call: &'a Call) -> Answer<'a> {
        Box::pin(async move {
            let answered = self.handle(call).await;
            answered.or_else(|rejection| Ok(refusal::refuse_to(call.request(), rejection)))
        })
    }

    fn refuse(&self, rejection: Rejection) -> Response {
        refusal::refuse(rejection)
    }
}

impl OAuth {
    async fn handle(&self, call: &Call) -> Result<Response, Rejection> {
        let request = call.request();
        match (request.segments().as_slice(), request.method()) {
            (["oauth", "token"], &Method::POST) => token::answer(&self.issuer, call).await,
            (["oauth", "token"], _) => Err(method_not_allowed("POST")),
            ([".well-known", _, inserted @ ..], method) if self.metadata.is_at(inserted) => match *method {
                Method::GET | Method::HEAD => Ok(self.metadata.answer(request)),
                _ => Err(method_not_allowed("GET, HEAD")),
            },
            _ => Err(ErrorCode::RouteNotFound.into()),
        }
    }
}
