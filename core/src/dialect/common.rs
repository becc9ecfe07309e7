//! What the dialects share: the public keys, and introspection (RFC 7662).

use http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_LENGTH};
use http::{Method, StatusCode};

use super::call::Call;
use super::rejection::{Rejection, method_not_allowed};
use super::request::{Request, credentials};
use super::response::{Response, json, json_text, set};
use crate::error::{Error, ErrorCode, Result};
use crate::flow::access_token::AccessTokenType;
use crate::flow::active_token::ActiveToken;
use crate::flow::client::{ClientProof, Demand};
use crate::issuer::Issuer;
use crate::json::{Object, ToJson, push_string};
use crate::key::quoted;
use crate::secret::Secret;
use crate::token::confirmation::{CNF, Confirmation};

/// How long a key set may be kept, in seconds; and so the document of the endpoint.
pub(crate) const JWKS_MAX_AGE: u32 = 300;

/// What the endpoint itself answers; no dialect has these paths.
pub(super) const PATHS: [&str; 3] = ["/.well-known/jwks.json", "/introspect", "/openapi.json"];

/// What all issuers of an endpoint have in common.
pub(super) struct Common<'a> {
    /// In the order in which their dialects were added.
    pub(super) issuers: Vec<&'a Issuer>,
    pub(super) public_keys: &'a str,
    pub(super) openapi: &'a str,
}

impl Common<'_> {
    pub(super) async fn answer(&self, call: &Call) -> Result<Response, Rejection> {
        let method = call.request().method();
        match call.request().segments().as_slice() {
            [".well-known", "jwks.json"] if matches!(*method, Method::GET | Method::HEAD) => {
                Ok(public(self.public_keys, method))
            }
            ["openapi.json"] if matches!(*method, Method::GET | Method::HEAD) => {
                Ok(public(self.openapi, method))
            }
            [".well-known", "jwks.json"] | ["openapi.json"] => Err(method_not_allowed("GET, HEAD")),
            ["introspect"] if method == Method::POST => introspect(&self.issuers, call).await,
            ["introspect"] => Err(method_not_allowed("POST")),
            _ => Err(ErrorCode::RouteNotFound.into()),
        }
    }
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

/// What everybody may read, and keep for a while.
fn public(text: &str, method: &Method) -> Response {
    let mut response = json(StatusCode::OK, ());
    set(&mut response, CACHE_CONTROL, &format!("public, max-age={JWKS_MAX_AGE}"));
    // RFC 9110 section 9.3.2: the headers of a GET, and no content.
    set(&mut response, CONTENT_LENGTH, &text.len().to_string());
    *response.body_mut() = if *method == Method::HEAD { Vec::new() } else { text.into() };
    response
}

/// What introspection tells of any other token: nothing.
const INACTIVE: &[u8] = br#"{"active":false}"#;

/// RFC 7662 section 2.1: the caller must be known, or anybody could try tokens. It learns of its own tokens only.
async fn introspect(issuers: &[&Issuer], call: &Call) -> Result<Response, Rejection> {
    let caller = Caller::read(call.request())?;
    // The directory is the store's, whichever issuer asks; the first one's limits count.
    let Some(first) = issuers.first() else { return Err(ErrorCode::RouteNotFound.into()) };
    let mut flow = call.flow(first);
    let owner = match &caller {
        Caller::Client(proof) => flow.proven(proof, Demand::default()).await?.id,
        Caller::ApiKey(bearer) => flow.bearer_key(bearer, None).await?.organization,
    };
    let form = call.request().form()?;
    // RFC 7662 section 2.1: a hint may be ignored, here as any other parameter.
    let token = form.required("token")?;
    for issuer in issuers {
        match call.flow(issuer).check(token).await {
            Ok(active) if active.client.as_ref() == Some(&owner) => {
                return Ok(json_text(StatusCode::OK, introspection(Some(&active), &issuer.policy().issuer)?));
            }
            Err(error) if error.code().http_status() >= 500 => return Err(error.into()),
            _ => {}
        }
    }
    Ok(json_text(StatusCode::OK, introspection(None, "")?))
}

/// What introspection tells of a token that the caller may know of, or of any other.
pub(super) fn introspection(token: Option<&ActiveToken>, issuer: &str) -> Result<Vec<u8>, Error> {
    match token {
        Some(token) => described(token, issuer),
        None => Ok(INACTIVE.to_vec()),
    }
}

/// What introspection tells of a token that stands (RFC 7662 section 2.2): what it knows itself, and then the token's
/// claims, of which none may take the place of these.
fn described(token: &ActiveToken, issuer: &str) -> Result<Vec<u8>, Error> {
    let claims =
        Object::of_token(token.claims.as_bytes()).map_err(|_| Error::new(ErrorCode::StoreCorrupt))?;
    // RFC 9449 section 6.2: that of a token that is bound to a key MUST say so.
    let token_type = AccessTokenType::of(&Confirmation::read(claims.get(CNF)).unwrap_or_default());
    let mut body = Vec::with_capacity(token.claims.len() + 256);
    body.extend_from_slice(b"{\"active\":true");
    let own: [(&str, Option<&dyn ToJson>); 8] = [
        ("scope", as_json(&token.scope)),
        ("client_id", as_json(&token.client)),
        ("token_type", Some(&token_type)),
        ("exp", as_json(&token.expires_at)),
        ("iat", as_json(&token.issued_at)),
        ("sub", as_json(&token.subject)),
        ("iss", Some(&issuer)),
        ("jti", as_json(&token.id)),
    ];
    for (name, value) in &own {
        if let Some(value) = value {
            push_name(&mut body, name);
            value.write_json(&mut body);
        }
    }
    for (name, value) in claims.iter() {
        if name != "active" && own.iter().all(|(known, _)| *known != name) {
            push_name(&mut body, name);
            body.extend_from_slice(value.as_bytes());
        }
    }
    body.push(b'}');
    Ok(body)
}

fn as_json<T: ToJson>(value: &Option<T>) -> Option<&dyn ToJson> {
    value.as_ref().map(|value| value as &dyn ToJson)
}

/// Begins one more member of an object.
fn push_name(body: &mut Vec<u8>, name: &str) {
    body.push(b',');
    push_string(body, name);
    body.push(b':');
}

/// Who asks: a client by HTTP Basic (RFC 6749 section 2.3.1), or an organization by its API key.
enum Caller {
    Client(ClientProof),
    ApiKey(Secret),
}

impl Caller {
    fn read(request: &Request) -> Result<Self> {
        let Some(header) = request.headers().get(AUTHORIZATION) else {
            return Err(Error::new(ErrorCode::InvalidClient)
                .because("send Authorization: Basic, or Bearer with an API key"));
        };
        let (scheme, _) = credentials(header.to_str().unwrap_or_default());
        let twice = request.headers().get_all(AUTHORIZATION).iter().count() > 1;
        if scheme.eq_ignore_ascii_case("bearer") && !twice {
            return Ok(Caller::ApiKey(request.bearer()?));
        }
        request.basic().map(Caller::Client)
    }
}
