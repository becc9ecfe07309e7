//! `POST /oauth/revoke` (RFC 7009): a refresh token with its session, or an access token alone.

use http::StatusCode;

use super::client;
use crate::dialect::call::Call;
use crate::dialect::rejection::Rejection;
use crate::dialect::response::{Response, json_text};
use crate::issuer::Issuer;

pub(super) async fn answer(issuer: &Issuer, call: &Call) -> Result<Response, Rejection> {
    let form = call.request().form()?;
    let client = client::read(call.request(), &form)?;
    // RFC 7009 section 2.1: a hint may be ignored; what kind of token it is, the token says.
    form.optional("token_type_hint")?;
    call.flow(issuer).revoke_by(&client, form.required("token")?).await?;
    // RFC 7009 section 2.2: 200 whatever there was to revoke, and the body means nothing.
    Ok(json_text(StatusCode::OK, b"{}".to_vec()))
}
