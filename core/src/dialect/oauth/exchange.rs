//! Token exchange (RFC 8693): an access token for less, or for another who acts.

use super::grant::{Tokens, audience, scope};
use crate::dialect::call::Call;
use crate::dialect::rejection::Rejection;
use crate::dialect::request::Form;
use crate::dialect::response::Response;
use crate::error::{Error, ErrorCode, Result};
use crate::flow::client::{ClientProof, Demand};
use crate::flow::holder::Holder;
use crate::flow::narrow::Narrow;
use crate::issuer::Issuer;
use crate::record::client::Permission;

/// The types of tokens (RFC 8693 section 3) that are taken and given.
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";

pub(super) async fn answer(
    issuer: &Issuer,
    call: &Call,
    client: ClientProof,
    holder: Holder,
    form: &Form<'_>,
) -> Result<Response, Rejection> {
    let subject_token = form.required("subject_token")?;
    kind(form.required("subject_token_type")?, "subject_token_type", subject_token)?;
    // It is of the same kind as the one that it is narrowed from.
    let wanted = form.optional("requested_token_type")?.unwrap_or(ACCESS_TOKEN);
    kind(wanted, "requested_token_type", subject_token)?;
    let request = Narrow {
        scope: scope(form)?,
        audience: audience(form)?,
        actor_token: actor_token(form)?,
        holder: Some(holder),
        ..Narrow::new(subject_token)
    };
    let demand = Demand::told(Permission::TokenExchange);
    let token = call.flow(issuer).narrow_by(&client, demand, request).await;
    let token = token.map_err(|error| about(error, form))?;
    // For a trusted issuer's it is as the policy says.
    let issued = if token.access_token.contains('.') { wanted } else { ACCESS_TOKEN };
    let tokens = Tokens::new(&token.access_token, token.token_type, token.expires_in);
    let tokens = Tokens { issued_token_type: Some(issued), ..tokens };
    Ok(Tokens { scope: token.scope.as_deref(), ..tokens }.answer())
}

fn actor_token(form: &Form<'_>) -> Result<Option<String>> {
    let Some(token) = form.optional("actor_token")? else {
        // RFC 8693 section 2.1: without an actor's token its type MUST NOT be there.
        return match form.optional("actor_token_type")? {
            Some(_) => form.required("actor_token").map(|_| None),
            None => Ok(None),
        };
    };
    kind(form.required("actor_token_type")?, "actor_token_type", token)?;
    Ok(Some(token.to_owned()))
}

/// Refuses a type that a token is not of.
fn kind(named: &str, parameter: &'static str, token: &str) -> Result<()> {
    match named {
        ACCESS_TOKEN => Ok(()),
        JWT if token.contains('.') => Ok(()),
        _ => {
            let error = Error::new(ErrorCode::InvalidRequest).at(parameter);
            Err(error.because("tokens are of the types access_token and, where they are JWTs, jwt"))
        }
    }
}

/// RFC 8693 section 2.2.2: a token that is not valid, or not acceptable, is `invalid_request`.
fn about(error: Error, form: &Form<'_>) -> Error {
    let code = error.code();
    let parameter = match error.field() {
        Some("actor_token") => "actor_token",
        Some("client_id") => "client_id",
        _ => "subject_token",
    };
    match code {
        // Of a trusted issuer's token nobody can say now whether it is valid.
        _ if code.http_status() >= 500 => error,
        // It is about the request, and neither of the tokens.
        ErrorCode::InvalidDpopProof => error,
        ErrorCode::StoreRegressed
        | ErrorCode::FieldInvalid
        | ErrorCode::Forbidden
        | ErrorCode::InvalidGrant => invalid(parameter, &error),
        _ if (300..400).contains(&code.number()) => invalid(parameter, &error),
        _ => super::grant::about_target(error, form),
    }
}

fn invalid(parameter: &'static str, error: &Error) -> Error {
    Error::new(ErrorCode::InvalidRequest).at(parameter).because(error.message().to_owned())
}
