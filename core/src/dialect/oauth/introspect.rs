//! `POST /oauth/introspect` (RFC 7662): what a token stands for, as JSON.

use super::client;
use crate::dialect::call::Call;
use crate::dialect::common;
use crate::dialect::rejection::Rejection;
use crate::dialect::response::Response;
use crate::issuer::Issuer;

pub(super) async fn answer(issuer: &Issuer, call: &Call) -> Result<Response, Rejection> {
    let form = call.request().form()?;
    let caller = client::read(call.request(), &form)?;
    form.optional("token_type_hint")?;
    let token = call.flow(issuer).introspect_by(&caller, form.required("token")?).await?;
    Ok(common::introspected(token.as_ref(), &issuer.policy().issuer)?)
}
