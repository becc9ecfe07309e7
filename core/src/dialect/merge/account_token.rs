//! `GET /api/{category}/v1/account-token/{public_token}`, and its siblings that replace the token (contract 4.2) and end
//! it with its account.

use super::super::rejection::Rejection;
use super::super::request::Request;
use super::super::response::{Response, empty, json_of};
use super::account::ExchangeRequest;
use super::redeemer;
use crate::error::{Error, ErrorCode};
use crate::flow::Flow;
use crate::json::object;
use crate::record::client::Permission;
use crate::secret::Secret;
use http::StatusCode;

/// The categories in the SDKs' enumeration of an integration's categories. Older SDKs fail on any other.
const KNOWN_TO_SDKS: [&str; 8] =
    ["hris", "ats", "accounting", "ticketing", "crm", "mktg", "filestorage", "knowledgebase"];

object! {
    /// The answer of the exchange (contract 4.2).
    #[json(write)]
    struct Retrieved<'a> {
        account_token: String,
        integration: Integration<'a>,
        id: String,
    }
}

object! {
    #[json(write)]
    struct Integration<'a> {
        name: &'a str,
        slug: &'a str,
        categories: Vec<&'a str>,
    }
}

object! {
    /// The answer of the replacement.
    #[json(write)]
    struct Regenerated {
        linked_account_id: String,
        account_token: String,
    }
}

pub(super) async fn retrieve(
    flow: &mut Flow,
    category: &str,
    public_token: &str,
    request: &Request,
) -> Result<Response, Rejection> {
    let exchange = ExchangeRequest {
        bearer: request.bearer()?,
        category: category.to_owned(),
        public_token: public_token.to_owned(),
        redeemer: redeemer(request),
    };
    let account = flow.exchange_public_token(&exchange).await?;
    let integration = account.integration;
    let categories: Vec<&str> = integration
        .categories
        .iter()
        .map(String::as_str)
        .filter(|category| KNOWN_TO_SDKS.contains(category))
        .collect();
    // No member beyond the contract's: the SDKs' models forbid others.
    let integration = Integration { name: &integration.name, slug: &integration.slug, categories };
    let body = Retrieved { account_token: account.account_token, integration, id: account.id.to_string() };
    Ok(json_of(StatusCode::OK, &body))
}

pub(super) async fn regenerate(
    flow: &mut Flow,
    category: &str,
    request: &Request,
) -> Result<Response, Rejection> {
    let (bearer, token) = presented(flow, request, "replaced").await?;
    let account = flow.regenerate(&bearer, category, token).await?;
    let body =
        Regenerated { linked_account_id: account.id.to_string(), account_token: account.account_token };
    Ok(json_of(StatusCode::OK, &body))
}

/// The vendor's SDKs read no body here.
pub(super) async fn delete(
    flow: &mut Flow,
    category: &str,
    request: &Request,
) -> Result<Response, Rejection> {
    let (bearer, token) = presented(flow, request, "deleted").await?;
    flow.delete_account(&bearer, category, token).await?;
    Ok(empty(StatusCode::OK))
}

/// The API key, and the account token beside it.
async fn presented<'a>(
    flow: &mut Flow,
    request: &'a Request,
    fate: &str,
) -> Result<(Secret, &'a str), Rejection> {
    let bearer = request.bearer()?;
    if let Some(token) = request.header("x-account-token") {
        return Ok((bearer, token));
    }
    // Whoever has no valid key learns of that first.
    flow.authenticate_bearer(&bearer, Permission::Links).await?;
    let text = format!("the X-Account-Token header is missing; send the account token that is to be {fate}");
    Err(Error::new(ErrorCode::Unauthenticated).at("X-Account-Token").because(text).into())
}
