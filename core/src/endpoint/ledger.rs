//! stub
use super::exchange::{Rejection, Request, Response, json, status};
use crate::error::ErrorCode;
use crate::flow::Flow;

/// Options.
#[derive(Clone, Debug, Default)]
pub struct LedgerOptions {}

pub(super) async fn handle(
    _flow: &mut Flow,
    _options: &LedgerOptions,
    _request: &Request,
) -> Result<Response, Rejection> {
    Err(ErrorCode::RouteNotFound.into())
}

pub(super) fn reject(rejection: Rejection) -> Response {
    let error = rejection.into_error();
    json(status(&error), error.to_string())
}
