//! `POST /oauth/token` (RFC 6749 section 3.2): a grant for tokens.

use super::grant::{Tokens, about_target, audience, scope};
use super::{client, exchange};
use crate::dialect::call::Call;
use crate::dialect::rejection::Rejection;
use crate::dialect::request::Form;
use crate::dialect::response::Response;
use crate::error::{Error, ErrorCode, Result};
use crate::flow::accept_assertion::AcceptAssertion;
use crate::flow::client::{ClientProof, Demand};
use crate::flow::client_credentials::ClientCredentials;
use crate::flow::refresh::Refresh;
use crate::issuer::Issuer;
use crate::record::client::Permission;

const CLIENT_CREDENTIALS: &str = "client_credentials";
const REFRESH_TOKEN: &str = "refresh_token";
const TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// The grants of an issuer.
pub(super) fn grants(issuer: &Issuer) -> impl Iterator<Item = &'static str> {
    let refresh = issuer.check_session_secret().is_ok();
    let bearer = !issuer.policy().trusted_issuers.is_empty();
    let all =
        [(CLIENT_CREDENTIALS, true), (REFRESH_TOKEN, refresh), (TOKEN_EXCHANGE, true), (JWT_BEARER, bearer)];
    all.into_iter().filter_map(|(grant, served)| served.then_some(grant))
}

pub(super) async fn answer(issuer: &Issuer, call: &Call) -> Result<Response, Rejection> {
    let form = call.request().form()?;
    let grant = form.required("grant_type")?;
    if !grants(issuer).any(|served| served == grant) {
        return Err(Error::new(ErrorCode::UnsupportedGrantType).at("grant_type").into());
    }
    if grant == JWT_BEARER {
        return Box::pin(jwt_bearer(issuer, call, &form)).await;
    }
    let client = client::read(call.request(), &form)?;
    match grant {
        REFRESH_TOKEN => refresh(issuer, call, client, &form).await,
        // What it needs in between is more than for the others, and not a part of theirs.
        TOKEN_EXCHANGE => Box::pin(exchange::answer(issuer, call, client, &form)).await,
        _ => client_credentials(issuer, call, client, &form).await,
    }
}

/// RFC 6749 section 4.4.
async fn client_credentials(
    issuer: &Issuer,
    call: &Call,
    client: ClientProof,
    form: &Form<'_>,
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
    form: &Form<'_>,
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
async fn jwt_bearer(issuer: &Issuer, call: &Call, form: &Form<'_>) -> Result<Response, Rejection> {
    let assertion = form.required("assertion")?;
    let client = client::present(call.request(), form)?;
    let (scope, audience) = (scope(form)?, audience(form)?);
    let request = AcceptAssertion { client, scope, audience, ..AcceptAssertion::new(assertion) };
    let token = call.flow(issuer).accept_assertion(&request).await;
    let token = token.map_err(|error| about_target(error, form))?;
    let tokens = Tokens::new(&token.access_token, token.expires_in);
    Ok(Tokens { scope: token.scope.as_deref(), ..tokens }.answer())
}
