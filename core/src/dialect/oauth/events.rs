//! `POST /oauth/events` (RFC 8936): a receiver asks for its security events, and says what became of those before.

use std::collections::BTreeMap;

use http::StatusCode;
use http::header::AUTHORIZATION;

use crate::dialect::call::Call;
use crate::dialect::fields::{
    Fault, Json, ProblemKind, boolean, list_of, object as object_text, text, wrong_type,
};
use crate::dialect::rejection::Rejection;
use crate::dialect::request::Request;
use crate::dialect::response::{Response, json_of};
use crate::error::{Error, ErrorCode, Result};
use crate::flow::client::Demand;
use crate::flow::poll_events::{PollEvents, RefusedEvent};
use crate::issuer::Issuer;
use crate::json::{Object, object};

/// Whether anybody may ask.
pub(super) fn is_served(issuer: &Issuer) -> bool {
    issuer.policy().event_receivers.iter().any(|receiver| receiver.client.is_some())
}

pub(super) async fn answer(issuer: &Issuer, call: &Call) -> Result<Response, Rejection> {
    let client = client(issuer, call).await?;
    let receivers = &issuer.policy().event_receivers;
    let receiver = receivers.iter().find(|receiver| receiver.client.as_ref() == Some(&client));
    let receiver = receiver.ok_or_else(|| {
        Error::new(ErrorCode::Forbidden).because("the client is no receiver of security events")
    })?;
    let asked = asked(call.request(), &receiver.audience)?;
    let polled = call.flow(issuer).poll_events(&asked).await?;
    let sets = polled.sets.into_iter().map(|set| (set.id, set.token)).collect();
    Ok(json_of(StatusCode::OK, &Polled { sets, more_available: polled.more_available }))
}

object! {
    /// RFC 8936 section 2.3.
    #[json(write)]
    struct Polled {
        sets: BTreeMap<String, String>,
        #[json(name = "moreAvailable")]
        more_available: bool,
    }
}

/// The client that asks: by its secret, or by an access token of its own that is for this server (RFC 8936 section 3).
async fn client(issuer: &Issuer, call: &Call) -> Result<String> {
    let request = call.request();
    let header = request.header(AUTHORIZATION.as_str()).unwrap_or_default();
    if header.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("basic")) {
        let proof = request.basic()?;
        return Ok(call.flow(issuer).proven(&proof, Demand::default()).await?.id);
    }
    call.flow(issuer).client_itself(&request.bearer()?).await
}

/// RFC 8936 section 2.2. Nobody is kept waiting, whatever `returnImmediately` says: how long a poll is held is for the two to
/// agree on, and here it is not at all.
fn asked(request: &Request, receiver: &str) -> Result<PollEvents, Rejection> {
    request.read(|fields| {
        let max_events = fields.nullable("maxEvents", number);
        fields.nullable("returnImmediately", boolean);
        let ack = fields.nullable("ack", list_of(text)).unwrap_or_default();
        let refused = fields.nullable("setErrs", refused).unwrap_or_default();
        Some(PollEvents { receiver: receiver.to_owned(), max_events, ack, refused, holder: None })
    })
}

fn number(value: Json<'_>) -> Result<u32, Fault> {
    match value {
        // More than any answer has.
        Json::Number(text) => text
            .parse::<u64>()
            .map(|most| u32::try_from(most).unwrap_or(u32::MAX))
            .map_err(|_| (ProblemKind::Range, "must be a whole number, 0 or more".to_owned())),
        other => Err(wrong_type("a number", &other)),
    }
}

fn refused(value: Json<'_>) -> Result<Vec<RefusedEvent>, Fault> {
    let errors =
        Object::parse(object_text(value)?).map_err(|fault| (ProblemKind::Format, fault.to_string()))?;
    let read = |(id, error): (&str, &str)| {
        let error = Object::parse(object_text(Json::read(error))?)
            .map_err(|fault| (ProblemKind::Format, fault.to_string()))?;
        let err = error.get("err").map(|err| text(Json::read(err))).transpose()?;
        Ok(RefusedEvent { id: id.to_owned(), err: err.unwrap_or_default() })
    };
    errors.iter().map(read).collect()
}
