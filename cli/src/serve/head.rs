//! What a request's head must be before anything else is looked at: where a proxy in front and this server could read
//! two different requests out of it, it is refused.

use hyper::header::{HOST, TRANSFER_ENCODING};
use hyper::http::request::Parts;
use hyper::http::uri::Authority;
use hyper::{HeaderMap, Version};
use tokenmint::{Error, ErrorCode, Result};

/// What hyper leaves to its user. It refuses by itself: a last coding other than `chunked`, any coding in HTTP/1.0, and
/// lengths that differ. Of a length beside `chunked` it takes `chunked`, and closes (RFC 9112 section 6.3).
pub(crate) fn check(parts: &Parts) -> Result<()> {
    check_host(&parts.headers, parts.version)?;
    check_coding(&parts.headers)
}

/// RFC 9112 section 3.2: a server MUST respond with 400 where the header is absent, there twice, or invalid. HTTP/1.0 has
/// none.
fn check_host(headers: &HeaderMap, version: Version) -> Result<()> {
    let mut hosts = headers.get_all(HOST).iter();
    let reason = match (hosts.next(), hosts.next()) {
        (Some(host), None) if is_host(host.as_bytes()) => return Ok(()),
        (None, _) if version < Version::HTTP_11 => return Ok(()),
        (Some(_), None) => "the header is no host with an optional port",
        (None, _) => "the header is required",
        (Some(_), Some(_)) => "the header is there twice",
    };
    Err(Error::new(ErrorCode::InvalidRequest).at("Host").because(reason))
}

/// RFC 9110 section 7.2: `uri-host [ ":" port ]`, which may be empty. A comma is what joins two headers, and in no name.
fn is_host(value: &[u8]) -> bool {
    if value.contains(&b',') {
        return false;
    }
    let Ok(authority) = Authority::try_from(value) else { return value.is_empty() };
    let port = authority.as_str().strip_prefix(authority.host());
    port.is_some_and(|port| {
        port.is_empty()
            || port.strip_prefix(':').is_some_and(|port| port.bytes().all(|byte| byte.is_ascii_digit()))
    })
}

/// RFC 9112 section 6.1: a coding that is not understood is refused. `chunked` is all that is understood, once.
fn check_coding(headers: &HeaderMap) -> Result<()> {
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    match (codings.next(), codings.next()) {
        (None, _) => Ok(()),
        (Some(coding), None) if coding.as_bytes().eq_ignore_ascii_case(b"chunked") => Ok(()),
        _ => Err(Error::new(ErrorCode::InvalidRequest)
            .at("Transfer-Encoding")
            .because("chunked is the only coding that is understood, and once")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(version: Version, headers: &[(&str, &str)]) -> Option<String> {
        let mut request = hyper::Request::builder().version(version);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let error = check(&request.body(()).unwrap().into_parts().0).err()?;
        assert_eq!(error.code(), ErrorCode::InvalidRequest);
        error.field().map(str::to_owned)
    }

    #[test]
    fn a_request_names_one_host() {
        let host = |hosts: &[&str]| {
            let headers: Vec<_> = hosts.iter().map(|host| ("host", *host)).collect();
            refused(Version::HTTP_11, &headers)
        };
        for right in [
            "x",
            "api.example.com",
            "api.example.com:8080",
            "127.0.0.1:1",
            "[::1]",
            "[::1]:8080",
            "x:",
            "a_b",
            "",
        ] {
            assert_eq!(host(&[right]), None, "{right:?}");
        }
        for wrong in [
            "a b",
            "user@host",
            "host:port",
            "host:1:2",
            "host/path",
            "http://host",
            "a,b",
            "::1",
            "[::1",
            "host?x",
            "a\u{e9}",
        ] {
            assert_eq!(host(&[wrong]).as_deref(), Some("Host"), "{wrong:?}");
        }
        for wrong in [&[] as &[&str], &["x", "x"], &["x", "y"]] {
            assert_eq!(host(wrong).as_deref(), Some("Host"), "{wrong:?}");
        }
        assert_eq!(refused(Version::HTTP_10, &[]), None);
        assert_eq!(refused(Version::HTTP_10, &[("host", "x"), ("host", "x")]).as_deref(), Some("Host"));
    }

    #[test]
    fn chunked_is_the_only_coding() {
        let coding = |values: &[&str]| {
            let mut headers = vec![("host", "x")];
            headers.extend(values.iter().map(|value| ("transfer-encoding", *value)));
            refused(Version::HTTP_11, &headers)
        };
        for right in [&[] as &[&str], &["chunked"], &["Chunked"]] {
            assert_eq!(coding(right), None, "{right:?}");
        }
        for wrong in [
            &["gzip, chunked"] as &[&str],
            &["chunked, chunked"],
            &["chunked", "chunked"],
            &["gzip", "chunked"],
            &["chunked", "gzip"],
            &["gzip"],
            &["identity"],
            &["chunked;x=y"],
            &[""],
        ] {
            assert_eq!(coding(wrong).as_deref(), Some("Transfer-Encoding"), "{wrong:?}");
        }
    }
}
