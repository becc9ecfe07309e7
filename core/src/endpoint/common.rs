//! What the dialects share: the public keys, and introspection (RFC 7662).

use http::header::CACHE_CONTROL;
use http::{Method, StatusCode};
use serde::Serialize;

use super::exchange::{Rejection, Request, Response, json, set, status, with_error_headers};
use super::{Endpoint, method_not_allowed};
use crate::encoding::from_base64;
use crate::error::{Error, ErrorCode, Result};
use crate::flow::Flow;
use crate::flow::access::ActiveToken;
use crate::flow::client_credentials::ClientProof;
use crate::secret::Secret;
use crate::task::Io;
use crate::time::{Context, UnixTime};

/// How long a key set may be kept, in seconds.
const JWKS_MAX_AGE: u32 = 300;

pub(super) async fn handle(
    endpoint: &Endpoint,
    request: &Request,
    context: &Context,
    io: Io,
) -> Result<Response, Rejection> {
    match request.segments().as_slice() {
        [".well-known", "jwks.json"] if matches!(request.method, Method::GET | Method::HEAD) => {
            Ok(jwks(endpoint))
        }
        [".well-known", "jwks.json"] => Err(method_not_allowed("GET, HEAD")),
        ["introspect"] if request.method == Method::POST => introspect(endpoint, request, context, io).await,
        ["introspect"] => Err(method_not_allowed("POST")),
        _ => Err(ErrorCode::RouteNotFound.into()),
    }
}

pub(super) fn reject(rejection: Rejection) -> Response {
    let error = rejection.into_error();
    let body =
        serde_json::json!({ "error": error.code().oauth_error(), "error_description": error.to_string() });
    with_error_headers(json(status(&error), body), &error)
}

fn jwks(endpoint: &Endpoint) -> Response {
    let mut keys: Vec<String> = Vec::new();
    for key in endpoint.issuers().flat_map(|issuer| issuer.keys().keys()) {
        // Dialects may share an issuer; a key is listed once.
        if let Some(jwk) = key.public_jwk().filter(|jwk| !keys.contains(jwk)) {
            keys.push(jwk);
        }
    }
    let mut response = json(StatusCode::OK, ());
    *response.body_mut() = format!(r#"{{"keys":[{}]}}"#, keys.join(",")).into_bytes();
    set(&mut response, CACHE_CONTROL, &format!("public, max-age={JWKS_MAX_AGE}"));
    response
}

/// OAuth's error body (RFC 6749 section 5.2).
#[derive(Serialize)]
struct OAuthError {
    error: &'static str,
    error_description: String,
}

/// What introspection tells of any other token: nothing.
#[derive(Serialize)]
struct Inactive {
    active: bool,
}

/// What introspection tells of a token that stands (RFC 7662 section 2.2).
#[derive(Serialize)]
struct Active {
    active: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<String>,
    token_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<UnixTime>,
    #[serde(skip_serializing_if = "Option::is_none")]
    iat: Option<UnixTime>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<String>,
    iss: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    jti: Option<String>,
}

/// RFC 7662 section 2.1: the caller must be known, or anybody could try tokens. It learns of its own tokens only.
async fn introspect(
    endpoint: &Endpoint,
    request: &Request,
    context: &Context,
    io: Io,
) -> Result<Response, Rejection> {
    let caller = Caller::read(request)?;
    let form = request.form()?;
    let token = form.iter().find(|(name, _)| name == "token").map(|(_, value)| value.as_str());
    // The directory is the store's, whichever issuer asks; the first one's limits count.
    let Some(first) = endpoint.issuers().next() else { return Err(ErrorCode::RouteNotFound.into()) };
    let mut flow = Flow::new(first.clone(), context, io.clone());
    let owner = match &caller {
        Caller::Client(proof) => flow.is_client(proof).await?,
        Caller::ApiKey(bearer) => flow.bearer_key(bearer, None).await?.organization,
    };
    let Some(token) = token else {
        return Err(Error::new(ErrorCode::FieldRequired)
            .at("token")
            .because("this field is required")
            .into());
    };
    for issuer in endpoint.issuers() {
        let flow = Flow::new(issuer.clone(), context, io.clone());
        match flow.check(token).await {
            Ok(active) if active.client.as_ref() == Some(&owner) => {
                return Ok(json(StatusCode::OK, Active::new(active, &issuer.policy().issuer)));
            }
            Err(error) if error.code().http_status() >= 500 => return Err(error.into()),
            _ => {}
        }
    }
    Ok(json(StatusCode::OK, Inactive { active: false }))
}

impl Active {
    fn new(token: ActiveToken, issuer: &str) -> Self {
        let ActiveToken { client, subject, scope, id, issued_at, expires_at } = token;
        Active {
            active: true,
            scope,
            client_id: client,
            token_type: "Bearer",
            exp: expires_at,
            iat: issued_at,
            sub: subject,
            iss: issuer.to_owned(),
            jti: id,
        }
    }
}

/// Who asks: a client by HTTP Basic (RFC 6749 section 2.3.1), or an organization by its API key.
enum Caller {
    Client(ClientProof),
    ApiKey(Secret),
}

impl Caller {
    fn read(request: &Request) -> Result<Self> {
        let header = request.header("authorization").unwrap_or_default();
        let (scheme, credential) = header.split_once(' ').unwrap_or((header, ""));
        if !scheme.eq_ignore_ascii_case("basic") {
            return Ok(Caller::ApiKey(request.bearer()?));
        }
        let refused = || {
            Error::new(ErrorCode::InvalidClient).because("the Authorization header is not Basic credentials")
        };
        let decoded =
            from_base64(credential).and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(refused)?;
        let (id, secret) = decoded.split_once(':').ok_or_else(refused)?;
        Ok(Caller::Client(ClientProof::new(id, secret)))
    }
}
