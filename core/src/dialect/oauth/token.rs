//! `POST /oauth/token` (RFC 6749 section 3.2): a grant for tokens.

use http::StatusCode;
use http::header::PRAGMA;

use super::{client, exchange};
use crate::dialect::call::Call;
use crate::dialect::rejection::Rejection;
use crate::dialect::request::Form;
use crate::dialect::response::{Response, Value, json_object, set};
use crate::error::{Error, ErrorCode, Result};
use crate::flow::accept_assertion::AcceptAssertion;
use crate::flow::client::{ClientProof, Demand};
use crate::flow::client_credentials::ClientCredentials;
use crate::flow::refresh::Refresh;
use crate::issuer::Issuer;
use crate::record::client::Permission;
use crate::time::Lifetime;

const CLIENT_CREDENTIALS: &str = "client_credentials";
const REFRESH_TOKEN: &str = "refresh_token";
const TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// The grants of an issuer.
pub(super) fn grants(issuer: &Issuer) -> Vec<&'static str> {
    let refresh = issuer.check_session_secret().is_ok();
    let bearer = !issuer.policy().trusted_issuers.is_empty();
    let all =
        [(CLIENT_CREDENTIALS, true), (REFRESH_TOKEN, refresh), (TOKEN_EXCHANGE, true), (JWT_BEARER, bearer)];
    all.into_iter().filter_map(|(grant, served)| served.then_some(grant)).collect()
}

pub(super) async fn answer(issuer: &Issuer, call: &Call) -> Result<Response, Rejection> {
    let form = call.request().form()?;
    let grant = form.required("grant_type")?;
    if !grants(issuer).contains(&grant) {
        return Err(Error::new(ErrorCode::UnsupportedGrantType).at("grant_type").into());
    }
    if grant == JWT_BEARER {
        return jwt_bearer(issuer, call, &form).await;
    }
    let client = client::read(call.request(), &form)?;
    match grant {
        REFRESH_TOKEN => refresh(issuer, call, client, &form).await,
        TOKEN_EXCHANGE => exchange::answer(issuer, call, client, &form).await,
        _ => client_credentials(issuer, call, client, &form).await,
    }
}

/// RFC 6749 section 4.4.
async fn client_credentials(
    issuer: &Issuer,
    call: &Call,
    client: ClientProof,
    form: &Form,
) -> Result<Response, Rejection> {
    let request = ClientCredentials { client, scope: scope(form)?, audience: audience(form)? };
    let demand = Demand::told(Permission::ClientCredentials);
    let token = call.flow(issuer).client_credentials(&request, demand).await;
    let token = token.map_err(|error| about_target(error, form))?;
    let tokens = Tokens::new(&token.access_token, token.expires_in);
    Ok(Tokens { scope: token.scope.as_deref(), ..tokens }.answer())
}

/// RFC 6749 section 6.
async fn refresh(
    issuer: &Issuer,
    call: &Call,
    client: ClientProof,
    form: &Form,
) -> Result<Response, Rejection> {
    let token = form.required("refresh_token")?;
    let request = Refresh { scope: scope(form)?, audience: audience(form)?, ..Refresh::new(token) };
    let demand = Demand::told(Permission::RefreshToken);
    let pair = call.flow(issuer).refresh_by(&client, demand, &request).await;
    let pair = pair.map_err(|error| about_target(error, form))?;
    let tokens = Tokens::new(&pair.access_token, pair.expires_in);
    let refresh = Some((&*pair.refresh_token, pair.refresh_expires_in));
    Ok(Tokens { scope: pair.scope.as_deref(), refresh, ..tokens }.answer())
}

/// RFC 7523 section 2.1. Section 3.1: a client need not prove itself; one that does is judged.
async fn jwt_bearer(issuer: &Issuer, call: &Call, form: &Form) -> Result<Response, Rejection> {
    let assertion = form.required("assertion")?;
    let client = client::present(call.request(), form)?;
    let (scope, audience) = (scope(form)?, audience(form)?);
    let request = AcceptAssertion { client, scope, audience, ..AcceptAssertion::new(assertion) };
    let token = call.flow(issuer).accept_assertion(&request).await;
    let token = token.map_err(|error| about_target(error, form))?;
    let tokens = Tokens::new(&token.access_token, token.expires_in);
    Ok(Tokens { scope: token.scope.as_deref(), ..tokens }.answer())
}

/// What a grant asks for (RFC 6749 section 3.3).
pub(super) fn scope(form: &Form) -> Result<Option<String>> {
    Ok(form.optional("scope")?.map(str::to_owned))
}

/// Whom the token shall be for: `resource`, which names it by a URI (RFC 8707 section 2), and `audience`, which names it by
/// whatever name it has (RFC 8693 section 2.1). Both may be there more than once.
pub(super) fn audience(form: &Form) -> Result<Vec<String>> {
    // RFC 8707 section 2.
    if form.values("resource").any(|resource| !resource.is_empty() && !is_absolute_uri(resource)) {
        let error = Error::new(ErrorCode::InvalidTarget).at("resource");
        return Err(error.because("a resource is an absolute URI without a fragment"));
    }
    let named = form.values("resource").chain(form.values("audience")).filter(|name| !name.is_empty());
    Ok(named.fold(Vec::new(), |mut named, name| {
        if !named.iter().any(|known| known == name) {
            named.push(name.to_owned());
        }
        named
    }))
}

/// RFC 3986 section 4.3: a scheme with something behind it, and no fragment.
fn is_absolute_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let of_scheme = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(of_scheme)
        && !rest.is_empty()
        && rest.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#')
}

/// Names the parameter that named a target.
pub(super) fn about_target(error: Error, form: &Form) -> Error {
    match error.code() {
        ErrorCode::InvalidTarget if form.values("resource").next().is_some() => error.at("resource"),
        _ => error,
    }
}

/// What a grant gives (RFC 6749 section 5.1).
pub(super) struct Tokens<'a> {
    pub(super) access_token: &'a str,
    pub(super) expires_in: Lifetime,
    /// RFC 8693 section 2.2.1.
    pub(super) issued_token_type: Option<&'a str>,
    pub(super) scope: Option<&'a str>,
    pub(super) refresh: Option<(&'a str, Lifetime)>,
}

impl<'a> Tokens<'a> {
    /// An access token alone.
    pub(super) fn new(access_token: &'a str, expires_in: Lifetime) -> Self {
        Tokens { access_token, expires_in, issued_token_type: None, scope: None, refresh: None }
    }

    pub(super) fn answer(&self) -> Response {
        let mut members = vec![
            ("access_token", Value::Text(self.access_token)),
            ("token_type", Value::Text("Bearer")),
            ("expires_in", Value::Number(self.expires_in.seconds())),
        ];
        members.extend(self.scope.map(|scope| ("scope", Value::Text(scope))));
        if let Some((token, expires_in)) = self.refresh {
            members.push(("refresh_token", Value::Text(token)));
            members.push(("refresh_expires_in", Value::Number(expires_in.seconds())));
        }
        members.extend(self.issued_token_type.map(|kind| ("issued_token_type", Value::Text(kind))));
        let mut response = json_object(StatusCode::OK, &members);
        // RFC 6749 section 5.1 wants it beside `Cache-Control`.
        set(&mut response, PRAGMA, "no-cache");
        response
    }
}
