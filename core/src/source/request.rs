//! The request that a host sends to a token endpoint (RFC 6749 sections 4.4.2 and 6).

use std::fmt;

use crate::encoding::base64;
use crate::json::object;

/// A request for tokens: `POST` to the URL, with the body as it is. A redirect is not followed.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenRequest {
    /// The token endpoint.
    pub url: String,
    /// The value of `Authorization`, where the client proves itself by it.
    pub authorization: Option<String>,
    /// The body, of the media type [`TokenRequest::MEDIA_TYPE`].
    pub body: String,
    /// After how many milliseconds it is sent: 0 but for one that is sent again.
    pub after_ms: u64,
    /// For how many milliseconds its answer is waited for: behind that, others ask.
    pub within_ms: u64,
    /// What the answer is given back with.
    pub attempt: Attempt,
}

impl TokenRequest {
    /// The value of `Content-Type`.
    pub const MEDIA_TYPE: &str = "application/x-www-form-urlencoded";
}

object! {
    /// Which request an answer belongs to. It holds no secret.
    #[derive(Clone, Debug, PartialEq, Eq)]
    #[json(read, write)]
    pub struct Attempt {
        /// The claim under which it was asked.
        pub(crate) claim: String,
        /// The tokens with which it was asked.
        pub(crate) pair: String,
        /// When, in microseconds since 1970.
        pub(crate) asked_us: u64,
    }
}

/// Fields as a form (`application/x-www-form-urlencoded`, as the URL Standard writes it).
pub(crate) fn form<'a>(fields: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut out = String::new();
    for (name, value) in fields {
        if !out.is_empty() {
            out.push('&');
        }
        encode(&mut out, name);
        out.push('=');
        encode(&mut out, value);
    }
    out
}

/// The value of `Authorization` for a client with a secret: each is encoded as in a form (RFC 6749 section 2.3.1).
pub(crate) fn basic(id: &str, secret: &str) -> String {
    let mut pair = String::new();
    encode(&mut pair, id);
    pair.push(':');
    encode(&mut pair, secret);
    format!("Basic {}", base64(pair.as_bytes()))
}

fn encode(out: &mut String, text: &str) {
    for byte in text.bytes() {
        match byte {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'*' | b'-' | b'.' | b'_' => out.push(byte.into()),
            b' ' => out.push('+'),
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
}

impl fmt::Debug for TokenRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenRequest")
            .field("url", &self.url)
            .field("after_ms", &self.after_ms)
            .field("within_ms", &self.within_ms)
            .field("attempt", &self.attempt)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_written_as_the_url_standard_says() {
        let fields = [("a b", "c&d=e"), ("scope", "r w:x/*-._~"), ("name", "Zoë")];
        assert_eq!(form(fields.into_iter()), "a+b=c%26d%3De&scope=r+w%3Ax%2F*-._%7E&name=Zo%C3%AB");
    }

    #[test]
    fn a_client_with_a_colon_in_its_secret_is_understood() {
        // RFC 6749 section 2.3.1's own client.
        assert_eq!(
            basic("s6BhdRkqt3", "7Fjfp0ZBr1KtDRbnfVdmIw"),
            "Basic czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3"
        );
        let text = basic("a:b", "c d");
        let decoded = crate::encoding::from_base64(text.strip_prefix("Basic ").unwrap()).unwrap();
        assert_eq!(decoded, b"a%3Ab:c+d");
    }
}
