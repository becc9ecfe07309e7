//! Ledger Enterprise's dialect: an API key for an access and a refresh token, and a refresh token for the next pair.
//!
//! Contract 3; what the contract leaves open is decided in `docs/endpoints.md`.

pub(crate) mod operations;
pub(super) mod section;
mod session;

pub use session::ClientConditions;

use http::header::HeaderName;
use http::{HeaderMap, Method, StatusCode};

use super::fields::text;
use super::rejection::{Rejection, method_not_allowed};
use super::request::Request;
use super::response::{Response, Value, json_object, set, status, with_error_headers};
use super::{Answer, Call, Demonstration, Dialect, Start, Wing};
use crate::credential::SecretHash;
use crate::error::{Error, ErrorCode, Result};
use crate::flow::Flow;
use crate::flow::client::{ClientProof, Demand};
use crate::flow::refresh::Refresh;
use crate::flow::token_pair::TokenPair;
use crate::issuer::Issuer;
use crate::policy::{AccessFormat, Policy, SessionLifetimes};
use crate::record::client::Permission;
use crate::time::Lifetime;

/// What the Ledger endpoints ask of a request's headers.
///
/// ```
/// use tokenmint::{Entropy, SecretHash, dialect::ledger::LedgerOptions};
/// let (api_key, hash) = SecretHash::generate(&mut Entropy::new([7; 32]));
/// let options = LedgerOptions { api_key: Some(hash), workspace: Some("acme".into()) };
/// # drop((api_key, options));
/// ```
#[derive(Clone, Debug, Default)]
pub struct LedgerOptions {
    /// The hash of the value that `X-Ledger-API-Key` must have; not looked at where absent.
    pub api_key: Option<SecretHash>,
    /// The one workspace: a request that names another in `X-Ledger-Workspace` is refused. Not looked at where absent.
    pub workspace: Option<String>,
}

/// Adds the claims of this system's access tokens to a policy: the session's id also as `session_state`, and
/// `typ: "Bearer"` (contract 3.1). `scope` is there anyway; `workspace` and the like are claims of the client. Where the
/// policy does not say it, an access token lives 5 minutes, a session 30 minutes without a refresh and a day at all.
///
/// ```
/// use tokenmint::{Policy, dialect::ledger::ledger_policy};
/// let policy = ledger_policy(Policy::new("https://api.example.com"));
/// # drop(policy);
/// # Ok::<(), tokenmint::Error>(())
/// ```
#[must_use]
pub fn ledger_policy(policy: Policy) -> Policy {
    let SessionLifetimes { access, idle, absolute } = policy.session_or(SessionLifetimes {
        access: Lifetime::minutes(5),
        idle: Lifetime::minutes(30),
        absolute: Lifetime::DAY,
    });
    let policy = policy.lifetime(access).session_lifetimes(idle, absolute);
    policy.session_claim("session_state").fixed_claim("typ", r#""Bearer""#)
}

/// Too many requests are a 420 here, not a 429 (contract 3.1).
const RATE_LIMITED: u16 = 420;

/// Ledger Enterprise's sessions.
#[derive(Clone, Debug)]
pub struct Ledger {
    issuer: Issuer,
    options: LedgerOptions,
}

impl Ledger {
    /// Serves the sessions of an issuer, whose policy [`ledger_policy`] has seen.
    pub fn new(issuer: Issuer, options: LedgerOptions) -> Self {
        Ledger { issuer, options }
    }
}

/// What it is known by.
pub(super) const WING: Wing = Wing { paths: &["/auth"], refuse: reject };

/// What shows it at work.
pub(super) const DEMONSTRATION: Option<Demonstration> = Some(Demonstration {
    name: "ledger",
    start: Start { config: include_str!("start.toml"), steps: include_str!("start.sh") },
    config: include_str!("demo.toml"),
    tokens: include_str!("demo.sh"),
    introspection: "",
    end: None,
});

impl Dialect for Ledger {
    fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    fn paths(&self) -> &[&str] {
        WING.paths
    }

    fn check(&self) -> Result<()> {
        self.issuer.check_session_secret()?;
        if self.issuer.policy().access_format != AccessFormat::Jwt {
            return Err(Error::new(ErrorCode::PolicyInvalid)
                .at("access_format")
                .because("Ledger's access tokens are JWTs (contract 3.1); its policy has opaque ones"));
        }
        Ok(())
    }

    fn answer<'a>(&'a self, call: &'a Call) -> Answer<'a> {
        Box::pin(async move { handle(&mut call.flow(&self.issuer), &self.options, call.request()).await })
    }

    fn openapi(&self) -> Option<&str> {
        Some(include_str!("openapi.json"))
    }

    fn refuse(&self, rejection: Rejection) -> Response {
        reject(rejection)
    }
}

async fn handle(flow: &mut Flow, options: &LedgerOptions, request: &Request) -> Result<Response, Rejection> {
    match request.segments().as_slice() {
        ["auth", "token"] if request.method == Method::POST => token(flow, options, request).await,
        ["auth", "token", "refresh"] if request.method == Method::POST => {
            refresh(flow, options, request).await
        }
        ["auth", "token"] | ["auth", "token", "refresh"] => Err(method_not_allowed("POST")),
        _ => Err(ErrorCode::RouteNotFound.into()),
    }
}

fn reject(rejection: Rejection) -> Response {
    let error = rejection.into_error();
    let status = match error.code() {
        ErrorCode::InvalidGrant => StatusCode::UNAUTHORIZED,
        ErrorCode::RateLimited => StatusCode::from_u16(RATE_LIMITED).unwrap_or(StatusCode::TOO_MANY_REQUESTS),
        _ => status(&error),
    };
    let message = match error.code() {
        // One text for all: which header, which half of the key, or which end of a session is nobody's business.
        _ if status == StatusCode::UNAUTHORIZED => ErrorCode::InvalidClient.text().to_owned(),
        // Its detail is the list of methods, which stands in `Allow`.
        code @ ErrorCode::MethodNotAllowed => code.text().to_owned(),
        _ => error.to_string(),
    };
    let name = if status.as_u16() == RATE_LIMITED {
        "Rate Limited"
    } else {
        status.canonical_reason().unwrap_or("Error")
    };
    let members = [
        ("name", Value::Text(name)),
        ("message", Value::Text(&message)),
        ("status_code", Value::Number(status.as_u16().into())),
    ];
    with_limit_headers(with_error_headers(json_object(status, &members), &error), &error)
}

async fn token(flow: &mut Flow, options: &LedgerOptions, request: &Request) -> Result<Response, Rejection> {
    let client = request.read(|fields| {
        let id = fields.required("api_key_id", text);
        let secret = fields.required("api_key_secret", text);
        Some(ClientProof::new(id?, secret?))
    })?;
    let stated = Stated::read(&request.headers, options);
    let demand =
        Demand { name: stated.user.as_deref(), unmet: !stated.acceptable, ..Permission::Sessions.into() };
    Ok(pair(flow.open_session(&client, demand).await?))
}

async fn refresh(flow: &mut Flow, options: &LedgerOptions, request: &Request) -> Result<Response, Rejection> {
    let token = request.read(|fields| fields.required("refresh_token", text))?;
    let stated = Stated::read(&request.headers, options);
    if !stated.acceptable {
        // As for a token that nobody made, the store is not asked.
        return flow.refuse("", ErrorCode::InvalidGrant.into()).map_err(Rejection::from);
    }
    Ok(pair(flow.refresh(&Refresh::new(token).stating(stated.user)).await?))
}

fn pair(pair: TokenPair) -> Response {
    let members = [
        ("access_token", Value::Text(&pair.access_token)),
        ("expires_in", Value::Number(pair.expires_in.seconds())),
        ("refresh_token", Value::Text(&pair.refresh_token)),
        ("session_state", Value::Text(&pair.session)),
        ("token_type", Value::Text("Bearer")),
    ];
    json_object(StatusCode::OK, &members)
}

/// What the headers state.
struct Stated {
    /// Whether key and workspace are as configured.
    acceptable: bool,
    /// The name of the API user.
    user: Option<String>,
}

impl Stated {
    fn read(headers: &HeaderMap, options: &LedgerOptions) -> Self {
        let key = Stated::value(headers, "x-ledger-api-key");
        let workspace = Stated::value(headers, "x-ledger-workspace");
        let user = Stated::value(headers, "x-ledger-api-user");
        let right_key = match &options.api_key {
            // The hash is taken and compared whether there is a header or not.
            Some(hash) => hash.matches(key.as_ref().ok().copied().flatten().unwrap_or_default()),
            None => true,
        };
        let right_workspace = match (&options.workspace, workspace) {
            (Some(known), Ok(Some(found))) => known.as_bytes() == found,
            (Some(_), Err(_)) => false,
            _ => true,
        };
        // A name that is stated twice is none; one that is not text is nobody's.
        let acceptable = right_key && right_workspace && user.is_ok();
        let user = user.ok().flatten().map(|user| String::from_utf8_lossy(user).into_owned());
        Stated { acceptable, user }
    }

    /// The value of a header; an error where it is there twice.
    fn value<'h>(headers: &'h HeaderMap, name: &str) -> Result<Option<&'h [u8]>, ()> {
        let mut values = headers.get_all(name).iter();
        match (values.next(), values.next()) {
            (value, None) => Ok(value.map(http::HeaderValue::as_bytes)),
            _ => Err(()),
        }
    }
}

/// The limit's headers (contract 3.1): the burst that it admits, that nothing is left of it, and in how many seconds
/// a request can succeed again.
fn with_limit_headers(mut response: Response, error: &Error) -> Response {
    if let Some(retry) = error.retry_after().filter(|_| error.code() == ErrorCode::RateLimited) {
        for (name, value) in [
            ("x-ratelimit-limit", retry.limit),
            ("x-ratelimit-remaining", 0),
            ("x-ratelimit-reset", retry.after_seconds),
        ] {
            set(&mut response, HeaderName::from_static(name), &value.to_string());
        }
    }
    response
}
