//! Refusals in the standard's words (RFC 6749 section 5.2).

use http::StatusCode;
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};

use crate::dialect::rejection::Rejection;
use crate::dialect::request::Request;
use crate::dialect::response::{OAuthError, Response, json_of, set, status, with_error_headers};
use crate::error::{Error, ErrorCode, description};

/// The refusal of a request that nobody has read.
pub(super) fn refuse(rejection: Rejection) -> Response {
    render(&rejection.into_error(), false)
}

/// The refusal of a request.
pub(super) fn refuse_to(request: &Request, rejection: Rejection) -> Response {
    render(&rejection.into_error(), request.headers().contains_key(AUTHORIZATION))
}

fn render(error: &Error, authorization: bool) -> Response {
    let body = OAuthError { error: error.code().oauth_error(), error_description: described(error) };
    let mut response = with_error_headers(json_of(status_of(error), &body), error);
    response.headers_mut().remove(WWW_AUTHENTICATE);
    // RFC 6749 section 5.2: a client that tried this header is told of its scheme. To one that sent its credentials in the
    // body a challenge says nothing, and some libraries show it in place of the error.
    if error.code() == ErrorCode::InvalidClient && authorization {
        set(&mut response, WWW_AUTHENTICATE, r#"Basic realm="tokenmint", charset="UTF-8""#);
    }
    // RFC 6750 section 3: whoever asks with a token, or with nothing.
    if error.code().oauth_error() == "invalid_token" {
        set(&mut response, WWW_AUTHENTICATE, r#"Bearer realm="tokenmint""#);
    }
    response
}

/// RFC 6749 section 5.2: 400, or 401 for a client that is not proven.
fn status_of(error: &Error) -> StatusCode {
    match error.code() {
        // RFC 9449 section 5 has the proof's error here, too.
        ErrorCode::MediaTypeUnsupported | ErrorCode::StoreRegressed | ErrorCode::InvalidDpopProof => {
            StatusCode::BAD_REQUEST
        }
        _ => status(error),
    }
}

fn described(error: &Error) -> String {
    match error.code() {
        // Its detail is the list of methods, which stands in `Allow`.
        code @ ErrorCode::MethodNotAllowed => description(code.text()),
        _ => description(&error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_has_the_characters_of_rfc_6749_section_5_2() {
        let error = Error::new(ErrorCode::InvalidRequest).because("\"a\\b\" in 'ü'\n");
        assert_eq!(described(&error), "'a?b' in '?'?");
    }
}
