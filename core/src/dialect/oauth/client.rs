//! Who asks, and how it proves itself (RFC 6749 section 2.3).

use http::header::AUTHORIZATION;

use crate::dialect::request::{Form, Request};
use crate::error::{Error, ErrorCode};
use crate::flow::client::ClientProof;

/// RFC 7523 section 2.2.
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The client of a request, by one of the ways to prove itself.
pub(super) fn read(request: &Request, form: &Form<'_>) -> Result<ClientProof, Error> {
    // RFC 6749 section 5.2: no client authentication is included.
    present(request, form)?.ok_or_else(|| {
        Error::new(ErrorCode::InvalidClient).because("the request does not say which client asks")
    })
}

/// As [`read`], where none is needed.
pub(super) fn present(request: &Request, form: &Form<'_>) -> Result<Option<ClientProof>, Error> {
    let id = form.optional("client_id")?;
    let secret = form.optional("client_secret")?;
    let assertion = assertion(form)?;
    let header = request.headers().contains_key(AUTHORIZATION);
    // RFC 6749 section 2.3: a client MUST NOT use more than one method in each request.
    if [header, secret.is_some(), assertion.is_some()].into_iter().filter(|used| *used).count() > 1 {
        let error = Error::new(ErrorCode::InvalidRequest);
        return Err(error.because("the client proves itself in more than one way"));
    }
    let proof = match (secret, assertion, id) {
        _ if header => request.basic()?,
        (Some(secret), ..) => ClientProof::new(form.required("client_id")?, secret),
        (_, Some(jwt), _) => ClientProof::assertion(jwt),
        (.., Some(id)) => ClientProof::public(id),
        _ => return Ok(None),
    };
    // RFC 7521 section 4.2: it MUST identify the same client as the assertion does. So with the header.
    match id {
        Some(id) if id != proof.id => {
            let error = Error::new(ErrorCode::InvalidClient).at("client_id");
            Err(error.because("it is not the client that proves itself"))
        }
        _ => Ok(Some(proof)),
    }
}

/// A JWT by which the client proves itself (RFC 7523 section 2.2).
fn assertion<'a>(form: &'a Form<'_>) -> Result<Option<&'a str>, Error> {
    let assertion = form.optional("client_assertion")?;
    match (form.optional("client_assertion_type")?, assertion) {
        (None, None) | (Some(JWT_BEARER), Some(_)) => Ok(assertion),
        (None, Some(_)) => form.required("client_assertion_type").map(Some),
        (Some(_), None) => form.required("client_assertion").map(Some),
        (Some(_), Some(_)) => {
            let error = Error::new(ErrorCode::InvalidClient).at("client_assertion_type");
            Err(error.because(format!("it is {JWT_BEARER}")))
        }
    }
}
