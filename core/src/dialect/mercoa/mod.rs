//! Mercoa: entity tokens, and their end (contract section 1).

use super::fields::{Fault, Fields, Json, ProblemKind, boolean, list_of, one_of, text, text_of, wrong_type};
use super::rejection::{Rejection, method_not_allowed};
use super::request::Request;
use super::response::{Response, json_object, json_of, json_string, status, with_error_headers};
use super::{Answer, Call, Demonstration, Dialect, Start, Wing};
use crate::error::ErrorCode;
use crate::expires_in;
use crate::flow::Flow;
use crate::issuer::Issuer;
use crate::json::object;
use crate::time::Lifetime;
use http::{Method, StatusCode};

mod entity_options;
mod entity_token;
pub(crate) mod operations;
pub(super) mod section;

pub use entity_options::{
    EntityFeatures, EntityOptions, InvoiceOptions, InvoiceStatus, LineItems, PageOptions, StyleOptions,
    VendorNetwork, VendorOptions,
};
pub use entity_token::{EntityTarget, EntityTokenRequest};

/// How many sessions can be ended by one request: each is a record of its own.
const MAX_SESSIONS: usize = 100;

/// Mercoa's entity tokens.
///
/// ```
/// use tokenmint::dialect::mercoa::Mercoa;
/// use tokenmint::endpoint::Endpoint;
/// use tokenmint::*;
/// let keys = KeySet::builder().hmac("k1", [7; 32].as_slice())?.build()?;
/// let issuer = Issuer::new(keys, Policy::new("https://api.example.com"))?;
/// let endpoint = Endpoint::builder().dialect(Mercoa::new(issuer)).build()?;
/// # drop(endpoint);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Mercoa(Issuer);

impl Mercoa {
    /// Serves the entity tokens of an issuer.
    pub fn new(issuer: Issuer) -> Self {
        Mercoa(issuer)
    }
}

/// What it is known by.
pub(super) const WING: Wing = Wing { paths: &["/entity", "/entityGroup", "/organization"], refuse: reject };

/// What shows it at work.
pub(super) const DEMONSTRATION: Option<Demonstration> = Some(Demonstration {
    name: "mercoa",
    start: Start { config: include_str!("start.toml"), steps: include_str!("start.sh") },
    config: include_str!("demo.toml"),
    tokens: include_str!("demo.sh"),
    introspection: include_str!("demo_introspection.sh"),
    end: Some(("a session of Mercoa's, all of Mercoa's", include_str!("demo_end.sh"))),
});

impl Dialect for Mercoa {
    fn issuer(&self) -> &Issuer {
        &self.0
    }

    fn paths(&self) -> &[&str] {
        WING.paths
    }

    fn answer<'a>(&'a self, call: &'a Call) -> Answer<'a> {
        Box::pin(async move { handle(&mut call.flow(&self.0), call.request()).await })
    }

    fn openapi(&self) -> Option<&str> {
        Some(include_str!("openapi.json"))
    }

    fn refuse(&self, rejection: Rejection) -> Response {
        reject(rejection)
    }
}

// The order is fixed: path, method, bearer, body. Nobody learns from a body's errors without a credential.
async fn handle(flow: &mut Flow, request: &Request) -> Result<Response, Rejection> {
    let operation = Operation::of(&request.segments()).ok_or(ErrorCode::RouteNotFound)?;
    if request.method != Method::POST {
        return Err(method_not_allowed("POST"));
    }
    let caller = flow.caller(&request.bearer()?).await?;
    match operation {
        Operation::Token(target) => {
            let longest = flow.issuer.policy().max_lifetime;
            let (lifetime, options) = read(request, |fields| token_options(fields, longest))?;
            let token = flow.entity_token(caller, target, lifetime, options).await?;
            Ok(json_string(StatusCode::OK, &token))
        }
        Operation::InvalidateTokens => {
            // Nothing means everything here (row 1.50), so it has to be said.
            request.check_empty_is_meant(
                "nothing was done; to end all tokens of the organization send {}, or Content-Length: 0",
            )?;
            let sessions = read(request, sessions)?;
            flow.invalidate_tokens(caller, sessions).await?;
            Ok(json_object(StatusCode::OK, &[]))
        }
    }
}

/// Mercoa's error body (contract 1.5): the field at fault has no other place than the text.
fn reject(rejection: Rejection) -> Response {
    object! {
        #[json(write)]
        struct Body {
            #[json(name = "errorName")]
            error_name: &'static str,
            content: String,
        }
    }
    let error = rejection.into_error();
    let status = status(&error);
    let content = match error.code() {
        // Whatever the store or the host did wrong is for the operator, not for the caller.
        code if code.http_status() >= 500 => code.text().to_owned(),
        _ => error.to_string(),
    };
    with_error_headers(json_of(status, &Body { error_name: error_name(status), content }), &error)
}

/// What a path asks for.
enum Operation {
    Token(EntityTarget),
    InvalidateTokens,
}

impl Operation {
    fn of(path: &[&str]) -> Option<Self> {
        // An empty id is nobody's (row 1.33).
        if path.iter().any(|segment| segment.is_empty()) {
            return None;
        }
        let target = match *path {
            ["entity", id, "token"] => EntityTarget::Entity(id.to_owned()),
            ["entity", id, "user", user, "token"] => EntityTarget::EntityUser(id.to_owned(), user.to_owned()),
            ["entityGroup", id, "token"] => EntityTarget::Group(id.to_owned()),
            ["entityGroup", id, "user", user, "token"] => {
                EntityTarget::GroupUser(id.to_owned(), user.to_owned())
            }
            ["organization", "invalidateTokens"] => return Some(Operation::InvalidateTokens),
            _ => return None,
        };
        Some(Operation::Token(target))
    }
}

/// The documented name of a status. A status that is not documented has its own name of RFC 9110: the SDKs take the
/// status from a name that they know, and would report another one.
fn error_name(status: StatusCode) -> &'static str {
    match status.as_u16() {
        400 => "BadRequest",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "NotFound",
        405 => "MethodNotAllowed",
        408 => "RequestTimeout",
        409 => "Conflict",
        411 => "LengthRequired",
        413 => "ContentTooLarge",
        415 => "UnsupportedMediaType",
        429 => "TooManyRequests",
        502 => "BadGateway",
        503 => "ServiceUnavailable",
        _ => "InternalServerError",
    }
}

/// Reads the body's fields. No body at all is as good as no field (row 1.1): one SDK sends it so.
fn read<T: Default>(request: &Request, read: impl FnOnce(&mut Fields<'_>) -> T) -> Result<T, Rejection> {
    if request.body.is_empty() {
        return Ok(T::default());
    }
    let mut fields = request.fields()?;
    let value = read(&mut fields);
    let problems = fields.into_problems();
    if problems.is_empty() { Ok(value) } else { Err(Rejection::Fields(problems)) }
}

/// The fields of a token request (contract 1.3).
fn token_options(fields: &mut Fields<'_>, longest: Lifetime) -> (Option<Lifetime>, EntityOptions) {
    let (lifetime, expires_in) = fields.nullable("expiresIn", |value| lifetime(value, longest)).unzip();
    let options = EntityOptions {
        expires_in,
        invoice: fields.nested("invoice", invoice).flatten(),
        pages: fields.nested("pages", pages),
        style: fields.nested("style", style).flatten(),
        vendors: fields.nested("vendors", vendors).flatten(),
        entity: fields.nested("entity", entity),
        // An empty name would be one session for everybody who forgot to name one (row 1.26).
        session_id: fields.nullable("sessionId", text_of(1, usize::MAX)),
    };
    (lifetime, options)
}

/// A lifetime, and the text that asks for the same one again: a renewal sends it as a text.
fn lifetime(value: Json<'_>, longest: Lifetime) -> Result<(Lifetime, String), Fault> {
    let (lifetime, asked) = match value {
        Json::Text(asked) => (expires_in::parse(&asked), Some(asked.into_owned())),
        // Not documented, but it can mean nothing else (row 1.7).
        Json::Number(number) => (expires_in::from_json(number), None),
        other => return Err(wrong_type("a text such as \"1h\"", &other)),
    };
    let lifetime = lifetime
        .and_then(|lifetime| lifetime.at_most(longest))
        .map_err(|error| (ProblemKind::Format, error.message().to_owned()))?;
    let asked = asked.unwrap_or_else(|| lifetime.seconds().to_string());
    Ok((lifetime, asked))
}

fn invoice(fields: &mut Fields<'_>) -> Option<InvoiceOptions> {
    let status = fields.required("status", list_of(one_of(InvoiceStatus::NAMES, InvoiceStatus::parse)));
    let line_items = fields.nullable("lineItems", one_of(LineItems::NAMES, LineItems::parse));
    let recurring = fields.nullable("recurring", boolean);
    Some(InvoiceOptions { status: status?, line_items, recurring })
}

fn pages(fields: &mut Fields<'_>) -> PageOptions {
    PageOptions {
        payment_methods: fields.nullable("paymentMethods", boolean),
        representatives: fields.nullable("representatives", boolean),
        notifications: fields.nullable("notifications", boolean),
        counterparties: fields.nullable("counterparties", boolean),
        approvals: fields.nullable("approvals", boolean),
        email_log: fields.nullable("emailLog", boolean),
    }
}

fn style(fields: &mut Fields<'_>) -> Option<StyleOptions> {
    Some(StyleOptions { primary_color: fields.required("primaryColor", text)? })
}

fn vendors(fields: &mut Fields<'_>) -> Option<VendorOptions> {
    let network = fields.required("network", one_of(VendorNetwork::NAMES, VendorNetwork::parse));
    let disable_creation = fields.nullable("disableCreation", boolean);
    Some(VendorOptions { network: network?, disable_creation })
}

fn entity(fields: &mut Fields<'_>) -> EntityFeatures {
    EntityFeatures { enable_mercoa_payments: fields.nullable("enableMercoaPayments", boolean) }
}

/// The sessions to be ended; `None` for all tokens of the organization.
fn sessions(fields: &mut Fields<'_>) -> Option<Vec<String>> {
    fields.nullable("sessionId", |value| {
        let names = list_of(text_of(1, usize::MAX))(value)?;
        match names.len() {
            // Whoever filtered a list down to nothing meant nothing, surely not everything (row 1.52).
            0 => Err((ProblemKind::Range, "must not be empty; leave it out to end all tokens".to_owned())),
            1..=MAX_SESSIONS => Ok(names),
            found => {
                Err((ProblemKind::Range, format!("must have at most {MAX_SESSIONS} items, found {found}")))
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    fn rejected(error: Error) -> (u16, serde_json::Value) {
        let response = reject(error.into());
        (response.status().as_u16(), serde_json::from_slice(response.body()).unwrap())
    }

    /// Row 1.43 and the statuses that no request of a test can bring about.
    #[test]
    fn every_code_has_a_status_and_a_name() {
        for code in ErrorCode::ALL {
            let (status, body) = rejected(Error::new(*code));
            // A fault of the configuration is the server's.
            let expected = if (200..300).contains(&code.number()) { 500 } else { code.http_status() };
            assert_eq!(status, expected, "{code:?}");
            assert!(body["errorName"] != "InternalServerError" || status == 500, "{code:?}");
        }
        assert_eq!(rejected(ErrorCode::AlreadyExists.into()).1["errorName"], "Conflict");
    }

    #[test]
    fn what_went_wrong_inside_stays_inside() {
        let error = Error::new(ErrorCode::Internal).because("the pool at db.example.com is closed");
        let body = serde_json::json!({
            "errorName": "InternalServerError", "content": "an internal rule was broken; please report it"
        });
        assert_eq!(rejected(error), (500, body));
    }
}
