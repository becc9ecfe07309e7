//! Who asks at the token endpoint, and how it proves itself (RFC 6749 section 2.3).

use http::header::AUTHORIZATION;

use crate::dialect::request::{Form, Request};
use crate::error::{Error, ErrorCode};
use crate::flow::client::ClientProof;

/// The client of a request, by one of the ways to prove itself.
pub(super) fn read(request: &Request, form: &Form) -> Result<ClientProof, Error> {
    let id = form.optional("client_id")?;
    let secret = form.optional("client_secret")?;
    // RFC 6749 section 2.3: a client MUST NOT use more than one method in each request.
    let one =
        |others: bool| match others {
            true => Err(Error::new(ErrorCode::InvalidRequest)
                .because("the client proves itself in more than one way")),
            false => Ok(()),
        };
    if request.headers().contains_key(AUTHORIZATION) {
        one(secret.is_some())?;
        let proof = request.basic()?;
        return match id {
            Some(id) if id != proof.id => Err(another_client()),
            _ => Ok(proof),
        };
    }
    match (id, secret) {
        (Some(id), Some(secret)) => Ok(ClientProof::new(id, secret)),
        (None, Some(_)) => Err(form.required("client_id").err().unwrap_or_else(none)),
        _ => Err(none()),
    }
}

/// RFC 6749 section 5.2: no client authentication is included.
fn none() -> Error {
    Error::new(ErrorCode::InvalidClient).because("the request does not say which client asks")
}

fn another_client() -> Error {
    Error::new(ErrorCode::InvalidClient).at("client_id").because("it is not the client that proves itself")
}
