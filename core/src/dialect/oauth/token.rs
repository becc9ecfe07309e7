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
use crate::flow::holder::Holder;
use crate::flow::refresh::Refresh;
use crate::issuer::Issuer;
use crate::record::client::Permission;

/// The header of a proof (RFC 9449 section 4.1).
const DPOP: &str = "DPoP";

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
    let holder = match issuer.policy().dpop {
        Some(_) => Box::pin(holder(issuer, call)).await?,
        None => Holder::default(),
    };
    if grant == JWT_BEARER {
        return Box::pin(jwt_bearer(issuer, call, holder, &form)).await;
    }
    let client = client::read(call.request(), &form)?;
    match grant {
        REFRESH_TOKEN => refresh(issuer, call, client, holder, &form).await,
        // What it needs in between is more than for the others, and not a part of theirs.
        TOKEN_EXCHANGE => Box::pin(exchange::answer(issuer, call, client, holder, &form)).await,
        _ => client_credentials(issuer, call, client, holder, &form).await,
    }
}

/// Who asks, by the key of which there is a proof (RFC 9449 section 5).
async fn holder(issuer: &Issuer, call: &Call) -> Result<Holder> {
    let refused = |text| Error::new(ErrorCode::InvalidDpopProof).at(DPOP).because(text);
    let request = call.request();
    let mut proofs = request.headers().get_all(DPOP).iter();
    let proof = match (proofs.next(), proofs.next()) {
        (None, _) => None,
        (Some(proof), None) => Some(proof.to_str().map_err(|_| refused("the header is not text"))?),
        // RFC 9449 section 4.3 (1).
        _ => return Err(refused("the request has two headers of this name")),
    };
    let url = issuer.policy().token_endpoint.as_deref().unwrap_or_default();
    call.flow(issuer).holder(proof, request.method().as_str(), url).await
}

/// RFC 6749 section 4.4.
async fn client_credentials(
    issuer: &Issuer,
    call: &Call,
    client: ClientProof,
    holder: Holder,
    form: &Form<'_>,
) -> Result<Response, Rejection> {
    let request = ClientCredentials { client, scope: scope(form)?, audience: audience(form)?, holder };
    let demand = Demand::told(Permission::ClientCredentials);
    let token = call.flow(issuer).client_credentials(&request, demand).await;
    let token = token.map_err(|error| about_target(error, form))?;
    let tokens = Tokens::new(&token.access_token, token.token_type, token.expires_in);
    Ok(Tokens { scope: token.scope.as_deref(), ..tokens }.answer())
}

/// RFC 6749 section 6.
async fn refresh(
    issuer: &Issuer,
    call: &Call,
    client: ClientProof,
    holder: Holder,
    form: &Form<'_>,
) -> Result<Response, Rejection> {
    let token = form.required("refresh_token")?;
    let request = Refresh { scope: scope(form)?, audience: audience(form)?, holder, ..Refresh::new(token) };
    let demand = Demand::told(Permission::RefreshToken);
    let pair = call.flow(issuer).refresh_by(&client, demand, &request).await;
    let pair = pair.map_err(|error| about_target(error, form))?;
    let tokens = Tokens::new(&pair.access_token, pair.token_type, pair.expires_in);
    let refresh = Some((&*pair.refresh_token, pair.refresh_expires_in));
    Ok(Tokens { scope: pair.scope.as_deref(), refresh, ..tokens }.answer())
}

/// RFC 7523 section 2.1. Section 3.1: a client need not prove itself; one that does is judged.
async fn jwt_bearer(
    issuer: &Issuer,
    call: &Call,
    holder: Holder,
    form: &Form<'_>,
) -> Result<Response, Rejection> {
    let assertion = form.required("assertion")?;
    let client = client::present(call.request(), form)?;
    let (scope, audience) = (scope(form)?, audience(form)?);
    let request = AcceptAssertion { client, scope, audience, holder, ..AcceptAssertion::new(assertion) };
    let token = call.flow(issuer).accept_assertion(&request).await;
    let token = token.map_err(|error| about_target(error, form))?;
    let tokens = Tokens::new(&token.access_token, token.token_type, token.expires_in);
    Ok(Tokens { scope: token.scope.as_deref(), ..tokens }.answer())
}
