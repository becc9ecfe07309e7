//! The keys of trusted issuers that stand at a URL: which of them a request needs, and what the host has fetched.

use super::endpoint::Endpoint;
use super::request::{MAX_BODY, Request};
use crate::error::{Error, ErrorCode, Result};
use crate::issuer::Issuer;
use crate::json::{self, Object};
use crate::remote::Resolution;
use crate::time::UnixTime;
use crate::token::unverified;
use crate::trusted_issuer::TrustedIssuer;

/// Where a token of a trusted issuer may stand in a form (RFC 7521 section 4.1, RFC 8693 section 2.1).
const FIELDS: [&str; 3] = ["assertion", "subject_token", "actor_token"];

/// Where one may stand in the input of an operation.
const MEMBERS: [&str; 3] = ["assertion", "token", "actor_token"];

impl Endpoint {
    /// The keys to fetch before this request is [handled](Endpoint::handle), where a token in it is of a trusted issuer whose
    /// keys stand at a URL ([`TrustedIssuer::at`](crate::TrustedIssuer::at)) and are not here: [`Resolution::Fetch`] for the
    /// first that asks, who reports to [`Endpoint::keys_fetched`] and asks again; [`Resolution::Wait`] for others meanwhile.
    ///
    /// A host that reads such a configuration says that it fetches, by
    /// [`Secrets::keys_at`](crate::config::Secrets::keys_at).
    ///
    /// ```
    /// use tokenmint::*;
    /// use tokenmint::config::{Config, Secrets};
    /// struct Host;
    /// impl Secrets for Host {
    ///     fn keys_at(&mut self, _: &str) -> Result<()> {
    ///         Ok(())
    ///     }
    /// }
    /// let config = Config::from_json(r#"{"oauth": {"issuer": "https://api.example.com", "key": "k1", "audience": "api",
    ///     "trusted_issuers": [{"issuer": "https://ci.example", "jwks_url": "https://ci.example/jwks",
    ///                          "rules": [{"claims": {"sub": "repo:org/*"}, "subject": "ci:{sub}"}]}]},
    ///     "keys": [{"kid": "k1", "secret": "a secret of at least thirty-two bytes"}]}"#)?;
    /// let endpoint = config.build(&mut Host)?.endpoint;
    /// let job = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJodHRwczovL2NpLmV4YW1wbGUifQ.AA"; // {"iss":"https://ci.example"}
    /// let request = http::Request::post("/oauth/token").header("Content-Type", "application/x-www-form-urlencoded");
    /// let request = request.body(format!("grant_type=x&assertion={job}").into_bytes()).unwrap();
    /// let now = UnixTime::from_seconds(1_700_000_000);
    /// let Some(Resolution::Fetch { url }) = endpoint.keys_wanted(&request, now) else { panic!() };
    /// assert_eq!(url, "https://ci.example/jwks");
    /// endpoint.keys_fetched(&url, Ok(br#"{"keys":[]}"#), None, now)?; // what the host read from there
    /// assert!(endpoint.keys_wanted(&request, now).is_none());
    /// # Ok::<(), Error>(())
    /// ```
    pub fn keys_wanted(&self, request: &http::Request<Vec<u8>>, now: UnixTime) -> Option<Resolution> {
        let issuer = self.issuer_at(request.uri().path())?;
        let fetches = issuer.policy().trusted_issuers.iter().any(TrustedIssuer::is_fetched);
        if !fetches || request.body().len() > MAX_BODY {
            return None;
        }
        let request = Request::new(request.clone())?;
        let form = request.form().ok()?;
        FIELDS.iter().flat_map(|name| form.values(name)).find_map(|token| wanted(issuer, token, now))
    }

    /// As [`Endpoint::keys_wanted`], of the input of an [operation](Endpoint::operation) that an issuer is to run.
    ///
    /// ```
    /// use tokenmint::*;
    /// use tokenmint::config::{Config, Secrets};
    /// struct Host;
    /// impl Secrets for Host {
    ///     fn keys_at(&mut self, _: &str) -> Result<()> {
    ///         Ok(())
    ///     }
    /// }
    /// let config = Config::from_json(r#"{"oauth": {"issuer": "https://api.example.com", "key": "k1", "audience": "api",
    ///     "trusted_issuers": [{"issuer": "https://ci.example", "jwks_url": "https://ci.example/jwks",
    ///                          "rules": [{"claims": {"sub": "repo:org/*"}, "subject": "ci:{sub}"}]}]},
    ///     "keys": [{"kid": "k1", "secret": "a secret of at least thirty-two bytes"}]}"#)?;
    /// let endpoint = config.build(&mut Host)?.endpoint;
    /// let job = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJodHRwczovL2NpLmV4YW1wbGUifQ.AA"; // {"iss":"https://ci.example"}
    /// let wanted = endpoint.keys_wanted_by(None, &format!(r#"{{"assertion":"{job}"}}"#), UnixTime::from_seconds(1_700_000_000));
    /// assert!(matches!(wanted, Some(Resolution::Fetch { url }) if url == "https://ci.example/jwks"));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn keys_wanted_by(&self, issuer: Option<&str>, input: &str, now: UnixTime) -> Option<Resolution> {
        let (issuer, input) = (self.issuer(issuer).ok()?, Object::parse(input).ok()?);
        let tokens = MEMBERS.iter().filter_map(|name| json::string(input.get(name)?));
        tokens.into_iter().find_map(|token| wanted(&issuer, &token, now))
    }

    /// Takes what a fetch of `url` brought, for every trusted issuer whose keys stand there, as
    /// [`RemoteKeySet::fetched`](crate::RemoteKeySet::fetched) does.
    ///
    /// # Errors
    /// As there.
    pub fn keys_fetched(
        &self,
        url: &str,
        answer: Result<&[u8]>,
        max_age: Option<u64>,
        now: UnixTime,
    ) -> Result<()> {
        let mut taken = Err(Error::new(ErrorCode::PolicyInvalid).at("url").because("no issuer has this URL"));
        for trusted in self.of_dialects().flat_map(|issuer| &issuer.policy().trusted_issuers) {
            if let Some(fetched) = trusted.fetched(url, answer.clone(), max_age, now) {
                taken = fetched.map(drop);
            }
        }
        taken
    }
}

/// What the host should do for a token of one of the issuer's trusted issuers.
fn wanted(issuer: &Issuer, token: &str, now: UnixTime) -> Option<Resolution> {
    let iss = unverified::decode(token).ok()?.issuer();
    issuer.policy().issuers_of(iss.as_deref()).find_map(|trusted| trusted.wanted_for(token, now))
}
