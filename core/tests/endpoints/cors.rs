//! What an endpoint answers to pages of other origins, as browsers ask (the Fetch standard, "CORS protocol").

use http::{HeaderMap, Method, Request, StatusCode, header};
use tokenmint::dialect::{Answer, Call, Dialect, Response, response};
use tokenmint::endpoint::Endpoint;
use tokenmint::*;

use crate::host::request;

const PAGE: &str = "https://app.example.com";

/// A dialect whose answers are not the same to all: it would say so itself.
#[derive(Debug)]
struct Varying(Issuer);

impl Dialect for Varying {
    fn issuer(&self) -> &Issuer {
        &self.0
    }

    fn paths(&self) -> &[&str] {
        &["/varying", "/.well-known/varying"]
    }

    fn answer<'a>(&'a self, call: &'a Call) -> Answer<'a> {
        Box::pin(async move {
            // No dialect sees a preflight.
            assert!(!call.request().headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD));
            let mut answer = response::empty(StatusCode::OK);
            answer.headers_mut().insert(header::VARY, "Accept".parse().unwrap());
            Ok(answer)
        })
    }
}

fn endpoint(origins: &[&str]) -> Endpoint {
    let keys = KeySet::builder().hmac("k1", [7; 32].as_slice()).unwrap().build().unwrap();
    let issuer = Issuer::new(keys, Policy::new("https://api.example.com")).unwrap();
    let origins: Vec<config::Origin> = origins.iter().map(|origin| origin.parse().unwrap()).collect();
    Endpoint::builder().dialect(Varying(issuer)).cors_origins(&origins).build().unwrap()
}

fn send(endpoint: &Endpoint, request: Request<Vec<u8>>) -> Response {
    let context = Context::new(UnixTime::from_seconds(1_700_000_000), [1; 32]);
    endpoint.handle(request, &context).run(&MemoryStore::new()).result.unwrap()
}

/// All that says something of other origins.
fn said(response: &Response) -> Vec<(String, String)> {
    let mut said: Vec<_> = response
        .headers()
        .iter()
        .filter(|(name, _)| **name == header::VARY || name.as_str().starts_with("access-control-"))
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    said.sort();
    said
}

fn pairs(wanted: &[(&str, &str)]) -> Vec<(String, String)> {
    wanted.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn a_page_of_a_listed_origin_may_read_every_answer_and_no_other_page_may() {
    let listing = endpoint(&["http://localhost:5173", PAGE]);
    let own = ("vary", "Accept, Origin");
    let allowed = [("access-control-allow-origin", PAGE), ("access-control-expose-headers", "Retry-After")];
    for (origin, wanted) in [
        (Some(PAGE), pairs(&[allowed[0], allowed[1], own])),
        (Some("https://app.example.com.evil.example"), pairs(&[own])),
        (Some("null"), pairs(&[own])),
        (None, pairs(&[own])),
    ] {
        let headers: Vec<_> = origin.map(|origin| ("origin", origin)).into_iter().collect();
        assert_eq!(said(&send(&listing, request("POST", "/varying", &headers, "{}"))), wanted, "{origin:?}");
        // Nobody's path, and a request that did not arrive whole.
        let wanted: Vec<_> =
            wanted.into_iter().map(|(name, value)| (name, value.replace("Accept, ", ""))).collect();
        assert_eq!(said(&send(&listing, request("GET", "/nothing", &headers, ""))), wanted, "{origin:?}");
        let torn = request("POST", "/varying", &headers, "");
        let refused = listing.refuse("/varying", torn.headers(), ErrorCode::BodyTimeout.into());
        assert_eq!((refused.status().as_u16(), said(&refused)), (408, wanted), "{origin:?}");
    }
    let closed = endpoint(&[]);
    let answer = send(&closed, request("POST", "/varying", &[("origin", PAGE)], "{}"));
    assert_eq!(said(&answer), pairs(&[("vary", "Accept")]));
}

#[test]
fn what_is_well_known_is_for_pages_of_any_origin() {
    for endpoint in [endpoint(&[]), endpoint(&[PAGE])] {
        for path in ["/.well-known/jwks.json", "/.well-known/varying"] {
            for origin in ["https://partner.example", PAGE, "null"] {
                let answer = send(&endpoint, request("GET", path, &[("origin", origin)], ""));
                let wanted = ("access-control-allow-origin".to_owned(), "*".to_owned());
                assert_eq!((answer.status().as_u16(), &said(&answer)[0]), (200, &wanted), "{path}");
            }
        }
        let refused = endpoint.refuse("/.well-known/x", &HeaderMap::new(), ErrorCode::BodyTimeout.into());
        assert_eq!(refused.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*");
    }
}

#[test]
fn a_preflight_is_answered_and_no_dialect_sees_it() {
    let listing = endpoint(&[PAGE]);
    let asks = |path: &str, origin: &str| {
        let headers = [
            ("origin", origin),
            ("access-control-request-method", "PUT"),
            ("access-control-request-headers", "authorization,x-own"),
        ];
        send(&listing, request("OPTIONS", path, &headers, ""))
    };
    let answer = asks("/varying", PAGE);
    assert_eq!((answer.status(), answer.body().as_slice()), (StatusCode::NO_CONTENT, b"".as_slice()));
    let wanted = [
        ("access-control-allow-headers", "authorization,x-own"),
        ("access-control-allow-methods", "PUT"),
        ("access-control-allow-origin", PAGE),
        ("access-control-max-age", "7200"),
        ("vary", "Origin"),
    ];
    assert_eq!(said(&answer), pairs(&wanted));
    let other = asks("/varying", "https://evil.example");
    assert_eq!((other.status(), said(&other)), (StatusCode::NO_CONTENT, pairs(&[("vary", "Origin")])));
    let anybody = asks("/.well-known/jwks.json", "https://evil.example");
    assert_eq!(anybody.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*");

    // What asks for nothing is a request like any other.
    for (method, headers) in [
        (Method::OPTIONS, vec![("origin", PAGE)]),
        (Method::POST, vec![("origin", PAGE)]),
        (Method::OPTIONS, vec![]),
    ] {
        let answer = send(&listing, request(method.as_str(), "/varying", &headers, ""));
        assert_eq!(answer.status(), StatusCode::OK, "{method} {headers:?}");
    }
}
