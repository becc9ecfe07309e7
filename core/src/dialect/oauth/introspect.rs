//! `POST /oauth/introspect` (RFC 7662): what a token stands for, as JSON, or as a JWT for whoever wants one (RFC 9701).

use http::StatusCode;
use http::header::{ACCEPT, CONTENT_TYPE};

use super::client;
use crate::dialect::call::Call;
use crate::dialect::common;
use crate::dialect::rejection::Rejection;
use crate::dialect::request::Request;
use crate::dialect::response::{Response, json_text, set};
use crate::issuer::Issuer;

const JWT: &str = "application/token-introspection+jwt";

pub(super) async fn answer(issuer: &Issuer, call: &Call) -> Result<Response, Rejection> {
    let form = call.request().form()?;
    let caller = client::read(call.request(), &form)?;
    form.optional("token_type_hint")?;
    let mut flow = call.flow(issuer);
    let token = flow.introspect_by(&caller, form.required("token")?).await?;
    let told = common::introspection(token.as_ref(), &issuer.policy().issuer)?;
    if algorithm(issuer).is_none() || !wants_jwt(call.request()) {
        return Ok(json_text(StatusCode::OK, told));
    }
    let jwt = flow.introspection_jwt(&caller.id, &told).await?;
    let mut response = json_text(StatusCode::OK, jwt.into_bytes());
    set(&mut response, CONTENT_TYPE, JWT);
    Ok(response)
}

/// What a JWT is signed by; none where only the issuer could check it.
pub(super) fn algorithm(issuer: &Issuer) -> Option<&'static str> {
    let key = issuer.keys().signing_key().filter(|key| !key.algorithm().is_hmac());
    key.map(|key| key.algorithm().name())
}

/// Whether a JWT is accepted, and JSON not more (RFC 9110 section 12.5.1). Whoever takes anything gets JSON.
fn wants_jwt(request: &Request) -> bool {
    let accepted = request.headers().get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let weights = accepted.flat_map(|value| value.split(',')).map(|range| {
        let mut parts = range.split(';').map(str::trim);
        let media = parts.next().unwrap_or_default();
        let weight = parts.find_map(|part| part.strip_prefix("q=")).map_or(Ok(1.0), str::parse::<f32>);
        (media, weight.unwrap_or(0.0))
    });
    let weights: Vec<_> = weights.collect();
    let weight = |media: &str| {
        weights.iter().find(|(range, _)| range.eq_ignore_ascii_case(media)).map_or(0.0, |(_, weight)| *weight)
    };
    let (jwt, json) = (weight(JWT), weight("application/json"));
    jwt > 0.0 && jwt >= json
}
