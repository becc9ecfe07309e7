//! What the grants of `POST /oauth/token` have in common: whom and what they ask for, and what they give.

use http::StatusCode;
use http::header::{HeaderValue, PRAGMA};

use crate::dialect::request::Form;
use crate::dialect::response::{Response, Value, json_object};
use crate::error::{Error, ErrorCode, Result};
use crate::flow::access_token::AccessTokenType;
use crate::time::Lifetime;

/// What a grant asks for (RFC 6749 section 3.3).
pub(super) fn scope(form: &Form<'_>) -> Result<Option<String>> {
    Ok(form.optional("scope")?.map(str::to_owned))
}

/// Whom the token shall be for: `resource`, which names it by a URI (RFC 8707 section 2), and `audience`, which names it by
/// whatever name it has (RFC 8693 section 2.1). Both may be there more than once.
pub(super) fn audience(form: &Form<'_>) -> Result<Vec<String>> {
    // RFC 8707 section 2.
    if form.values("resource").any(|resource| !resource.is_empty() && !is_absolute_uri(resource)) {
        let error = Error::new(ErrorCode::InvalidTarget).at("resource");
        return Err(error.because("a resource is an absolute URI without a fragment"));
    }
    let named = form.values("resource").chain(form.values("audience")).filter(|name| !name.is_empty());
    Ok(named.fold(Vec::new(), |mut named, name| {
        if !named.iter().any(|known| known == name) {
            named.push(name.to_owned());
        }
        named
    }))
}

/// RFC 3986 section 4.3: a scheme with something behind it, and no fragment.
fn is_absolute_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let of_scheme = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(of_scheme)
        && !rest.is_empty()
        && rest.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#')
}

/// Names the parameter that named a target.
pub(super) fn about_target(error: Error, form: &Form<'_>) -> Error {
    match error.code() {
        ErrorCode::InvalidTarget if form.values("resource").next().is_some() => error.at("resource"),
        _ => error,
    }
}

/// What a grant gives (RFC 6749 section 5.1).
pub(super) struct Tokens<'a> {
    pub(super) access_token: &'a str,
    pub(super) token_type: AccessTokenType,
    pub(super) expires_in: Lifetime,
    /// RFC 8693 section 2.2.1.
    pub(super) issued_token_type: Option<&'a str>,
    pub(super) scope: Option<&'a str>,
    pub(super) refresh: Option<(&'a str, Lifetime)>,
}

impl<'a> Tokens<'a> {
    /// An access token alone.
    pub(super) fn new(access_token: &'a str, token_type: AccessTokenType, expires_in: Lifetime) -> Self {
        Tokens { access_token, token_type, expires_in, issued_token_type: None, scope: None, refresh: None }
    }

    pub(super) fn answer(&self) -> Response {
        let (refresh_token, refresh_expires_in) = match self.refresh {
            Some((token, expires_in)) => (Value::Text(token), Value::Number(expires_in.seconds())),
            None => (Value::Nothing, Value::Nothing),
        };
        let members = [
            ("access_token", Value::Text(self.access_token)),
            // RFC 9449 section 5: a token that is bound says so.
            ("token_type", Value::Json(&self.token_type)),
            ("expires_in", Value::Number(self.expires_in.seconds())),
            ("scope", self.scope.into()),
            ("refresh_token", refresh_token),
            ("refresh_expires_in", refresh_expires_in),
            ("issued_token_type", self.issued_token_type.into()),
        ];
        let mut response = json_object(StatusCode::OK, &members);
        // RFC 6749 section 5.1 wants it beside `Cache-Control`.
        response.headers_mut().insert(PRAGMA, HeaderValue::from_static("no-cache"));
        response
    }
}
