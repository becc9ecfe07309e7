//! `POST /oauth/token` (RFC 6749 section 3.2): a grant for tokens.

use http::StatusCode;

use super::client;
use crate::dialect::call::Call;
use crate::dialect::rejection::Rejection;
use crate::dialect::request::Form;
use crate::dialect::response::{Response, Value, json_object};
use crate::error::{Error, ErrorCode, Result};
use crate::flow::access_token::AccessToken;
use crate::flow::client::{ClientProof, Demand};
use crate::flow::client_credentials::ClientCredentials;
use crate::issuer::Issuer;
use crate::record::client::Permission;

pub(super) const CLIENT_CREDENTIALS: &str = "client_credentials";

pub(super) async fn answer(issuer: &Issuer, call: &Call) -> Result<Response, Rejection> {
    let form = call.request().form()?;
    match form.required("grant_type")? {
        CLIENT_CREDENTIALS => {
            let client = client::read(call.request(), &form)?;
            client_credentials(issuer, call, client, &form).await
        }
        _ => Err(Error::new(ErrorCode::UnsupportedGrantType).at("grant_type").into()),
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
    Ok(access(&token.map_err(|error| about_target(error, form))?))
}

/// What a grant asks for (RFC 6749 section 3.3).
fn scope(form: &Form) -> Result<Option<String>> {
    Ok(form.optional("scope")?.map(str::to_owned))
}

/// Whom the token shall be for: `resource`, which names it by a URI (RFC 8707 section 2), and `audience`, which names it by
/// whatever name it has (RFC 8693 section 2.1). Both may be there more than once.
fn audience(form: &Form) -> Result<Vec<String>> {
    // RFC 8707 section 2: an absolute URI, which MUST NOT include a fragment.
    let is_uri =
        |text: &str| text.parse::<http::Uri>().is_ok_and(|uri| uri.scheme().is_some()) && !text.contains('#');
    if form.values("resource").any(|resource| !resource.is_empty() && !is_uri(resource)) {
        let error = Error::new(ErrorCode::InvalidTarget).at("resource");
        return Err(error.because("a resource is an absolute URI without a fragment"));
    }
    let named = form.values("resource").chain(form.values("audience"));
    Ok(named.filter(|name| !name.is_empty()).map(str::to_owned).collect())
}

/// Names the parameter that named a target.
fn about_target(error: Error, form: &Form) -> Error {
    match error.code() {
        ErrorCode::InvalidTarget if form.values("resource").next().is_some() => error.at("resource"),
        _ => error,
    }
}

/// An access token alone (RFC 6749 section 5.1).
fn access(token: &AccessToken) -> Response {
    let mut members = vec![
        ("access_token", Value::Text(&token.access_token)),
        ("token_type", Value::Text("Bearer")),
        ("expires_in", Value::Number(token.expires_in.seconds())),
    ];
    members.extend(token.scope.as_deref().map(|scope| ("scope", Value::Text(scope))));
    json_object(StatusCode::OK, &members)
}
