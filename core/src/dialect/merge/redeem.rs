//! `POST /api/link-token/redeem`: what the link's own front end calls. The link token is the credential.

use http::StatusCode;

use super::super::fields::{text, text_of};
use super::super::rejection::Rejection;
use super::super::request::Request;
use super::super::response::{Response, Value, json_object};
use super::link::RedeemRequest;
use super::{fields, redeemer};
use crate::flow::Flow;

pub(super) async fn handle(flow: &mut Flow, request: &Request) -> Result<Response, Rejection> {
    let mut fields = fields(request)?;
    let link_token = fields.required("link_token", text);
    let integration = fields.nullable("integration", text_of(1, usize::MAX));
    let problems = fields.into_problems();
    let (Some(link_token), true) = (link_token, problems.is_empty()) else {
        return Err(Rejection::Fields(problems));
    };
    let redemption = RedeemRequest { link_token, integration, redeemer: redeemer(request) };
    let public = flow.redeem_link(&redemption).await?;
    Ok(json_object(StatusCode::OK, &[("public_token", Value::Text(&public.public_token))]))
}
