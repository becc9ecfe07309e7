//! What the dialects share: the public keys, and introspection (RFC 7662).

use http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_LENGTH, WWW_AUTHENTICATE};
use http::{Method, StatusCode};
use serde::Serialize;

use super::endpoint::{Dialects, method_not_allowed};
use super::request::{
    Rejection, Request, Response, credentials, decode_form, json, json_text, set, status, with_error_headers,
};
use crate::encoding::from_base64;
use crate::error::{Error, ErrorCode, Result};
use crate::flow::Flow;
use crate::flow::access::ActiveToken;
use crate::flow::client::ClientProof;
use crate::issuer::Issuer;
use crate::json::{Object, push_string};
use crate::key::quoted;
use crate::secret::Secret;
use crate::task::Io;
use crate::time::{Context, UnixTime};

/// How long a key set may be kept, in seconds.
pub(crate) const JWKS_MAX_AGE: u32 = 300;

pub(super) async fn handle(
    dialects: &Dialects,
    request: &Request,
    context: &Context,
    io: Io,
) -> Result<Response, Rejection> {
    match request.segments().as_slice() {
        [".well-known", "jwks.json"] if matches!(request.method, Method::GET | Method::HEAD) => {
            Ok(jwks(&dialects.public_keys, &request.method))
        }
        [".well-known", "jwks.json"] => Err(method_not_allowed("GET, HEAD")),
        ["introspect"] if request.method == Method::POST => introspect(dialects, request, context, io).await,
        ["introspect"] => Err(method_not_allowed("POST")),
        _ => Err(ErrorCode::RouteNotFound.into()),
    }
}

pub(super) fn reject(rejection: Rejection) -> Response {
    let error = rejection.into_error();
    let description = match error.code() {
        // Its detail is the list of methods, which stands in `Allow`.
        code @ ErrorCode::MethodNotAllowed => code.text().to_owned(),
        _ => error.to_string(),
    };
    let body = OAuthError { error: error.code().oauth_error(), error_description: description };
    let mut response = with_error_headers(json(status(&error), body), &error);
    match error.code() {
        // RFC 6749 section 5.2: the challenge MUST be of the scheme that the client used. One that used none is told of
        // the scheme for clients.
        ErrorCode::InvalidClient => {
            set(&mut response, WWW_AUTHENTICATE, r#"Basic realm="tokenmint", charset="UTF-8""#);
        }
        // RFC 7662 section 2.3 leads to RFC 6750 section 3.
        ErrorCode::Unauthenticated => {
            set(&mut response, WWW_AUTHENTICATE, r#"Bearer realm="tokenmint", error="invalid_token""#);
        }
        _ => {}
    }
    response
}

/// The public keys of all issuers as one JSON Web Key Set.
///
/// RFC 7517 section 4.5: different keys SHOULD have different ids. A verifier that finds two takes the wrong one.
pub(super) fn public_keys<'a>(issuers: impl Iterator<Item = &'a Issuer>) -> Result<String> {
    let mut listed: Vec<(&str, String)> = Vec::new();
    for key in issuers.flat_map(|issuer| issuer.keys().keys()) {
        let Some(jwk) = key.public_jwk() else { continue };
        let id = key.kid().unwrap_or_default();
        // Dialects may share a key; it is listed once.
        if listed.iter().any(|(_, known)| *known == jwk) {
            continue;
        }
        if !id.is_empty() && listed.iter().any(|(known, _)| *known == id) {
            return Err(Error::new(ErrorCode::KeyDuplicate).at("kid").because(format!(
                "the endpoint would publish different public keys with the id {}",
                quoted(id)
            )));
        }
        listed.push((id, jwk));
    }
    let jwks: Vec<String> = listed.into_iter().map(|(_, jwk)| jwk).collect();
    Ok(format!(r#"{{"keys":[{}]}}"#, jwks.join(",")))
}

fn jwks(public_keys: &str, method: &Method) -> Response {
    let mut response = json(StatusCode::OK, ());
    set(&mut response, CACHE_CONTROL, &format!("public, max-age={JWKS_MAX_AGE}"));
    // RFC 9110 section 9.3.2: the headers of a GET, and no content.
    set(&mut response, CONTENT_LENGTH, &public_keys.len().to_string());
    *response.body_mut() = if *method == Method::HEAD { Vec::new() } else { public_keys.into() };
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

/// RFC 7662 section 2.1: the caller must be known, or anybody could try tokens. It learns of its own tokens only.
async fn introspect(
    dialects: &Dialects,
    request: &Request,
    context: &Context,
    io: Io,
) -> Result<Response, Rejection> {
    let caller = Caller::read(request)?;
    // The directory is the store's, whichever issuer asks; the first one's limits count.
    let Some(first) = dialects.issuers().next() else { return Err(ErrorCode::RouteNotFound.into()) };
    let mut flow = Flow::new(first.clone(), context, io.clone());
    let owner = match &caller {
        Caller::Client(proof) => flow.is_client(proof).await?,
        Caller::ApiKey(bearer) => flow.bearer_key(bearer, None).await?.organization,
    };
    let form = request.form()?;
    let token = only(&form, "token")?;
    // RFC 7662 section 2.1: a hint may be ignored, here as any other parameter.
    for issuer in dialects.issuers() {
        let flow = Flow::new(issuer.clone(), context, io.clone());
        match flow.check(token).await {
            Ok(active) if active.client.as_ref() == Some(&owner) => {
                return Ok(described(&active, &issuer.policy().issuer)?);
            }
            Err(error) if error.code().http_status() >= 500 => return Err(error.into()),
            _ => {}
        }
    }
    Ok(json(StatusCode::OK, Inactive { active: false }))
}

/// The one value of a parameter. RFC 6749 section 3.2: parameters MUST NOT be included more than once, and one without
/// a value counts as left out.
fn only<'a>(form: &'a [(String, String)], name: &'static str) -> Result<&'a str> {
    let mut values = form.iter().filter(|(found, _)| found == name).map(|(_, value)| value.as_str());
    match (values.next(), values.next()) {
        (None | Some(""), None) => {
            Err(Error::new(ErrorCode::FieldRequired).at(name).because("this parameter is required"))
        }
        (Some(value), None) => Ok(value),
        _ => Err(Error::new(ErrorCode::FieldInvalid).at(name).because("this parameter is there twice")),
    }
}

/// What introspection tells of a token that stands (RFC 7662 section 2.2): what it knows itself, and then the token's
/// claims, of which none may take the place of these.
fn described(token: &ActiveToken, issuer: &str) -> Result<Response, Error> {
    let mut body = b"{\"active\":true".to_vec();
    let mut member = |name: &str, value: &[u8]| {
        body.push(b',');
        push_string(&mut body, name);
        body.push(b':');
        body.extend_from_slice(value);
    };
    let text = |value: &str| {
        let mut json = Vec::new();
        push_string(&mut json, value);
        json
    };
    let time = |value: UnixTime| value.to_string().into_bytes();
    let own = [
        ("scope", token.scope.as_deref().map(text)),
        ("client_id", token.client.as_deref().map(text)),
        ("token_type", Some(text("Bearer"))),
        ("exp", token.expires_at.map(time)),
        ("iat", token.issued_at.map(time)),
        ("sub", token.subject.as_deref().map(text)),
        ("iss", Some(text(issuer))),
        ("jti", token.id.as_deref().map(text)),
    ];
    for (name, value) in &own {
        if let Some(value) = value {
            member(name, value);
        }
    }
    let claims =
        Object::of_token(token.claims.as_bytes()).map_err(|_| Error::new(ErrorCode::StoreCorrupt))?;
    for (name, value) in claims.iter() {
        if name != "active" && own.iter().all(|(known, _)| *known != name) {
            member(name, value.as_bytes());
        }
    }
    body.push(b'}');
    Ok(json_text(StatusCode::OK, body))
}

/// Who asks: a client by HTTP Basic (RFC 6749 section 2.3.1), or an organization by its API key.
enum Caller {
    Client(ClientProof),
    ApiKey(Secret),
}

impl Caller {
    fn read(request: &Request) -> Result<Self> {
        let refused = |text: &'static str| Error::new(ErrorCode::InvalidClient).because(text);
        let mut headers = request.headers.get_all(AUTHORIZATION).iter();
        let header = match (headers.next(), headers.next()) {
            (Some(header), None) => header.to_str().unwrap_or_default(),
            (None, _) => return Err(refused("send Authorization: Basic, or Bearer with an API key")),
            _ => return Err(refused("the request has two Authorization headers")),
        };
        let (scheme, credential) = credentials(header);
        if scheme.eq_ignore_ascii_case("bearer") {
            return Ok(Caller::ApiKey(request.bearer()?));
        }
        let proof = if scheme.eq_ignore_ascii_case("basic") { Caller::basic(credential) } else { None };
        proof.map(Caller::Client).ok_or_else(|| refused("the Authorization header is not Basic credentials"))
    }

    /// RFC 6749 section 2.3.1: id and secret are each encoded as in a form before they become user name and password.
    fn basic(credential: &str) -> Option<ClientProof> {
        let decoded = String::from_utf8(from_base64(credential)?).ok()?;
        let (id, secret) = decoded.split_once(':')?;
        Some(ClientProof::new(decode_form(id)?, decode_form(secret)?))
    }
}
