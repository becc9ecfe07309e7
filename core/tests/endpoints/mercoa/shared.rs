//! Rows 0.1-0.16, which all endpoints share, and the statuses beyond the documented ones.

use super::*;

const PATH: &str = "/entity/ent_1/token";

/// Rows 0.1, 0.2, 0.4.
#[test]
fn a_request_without_a_good_key_is_unauthorized() {
    let host = Host::new();
    let response = host.send(http::Request::post(PATH), "");
    refused(&response, 401, "Unauthorized", "no Authorization header");
    assert_eq!(response.headers()["www-authenticate"], "Bearer");
    let with = |value: &str| host.send(http::Request::post(PATH).header("Authorization", value), "");
    for value in ["Basic b3JnOmtleQ==", "Bearer", "Bearer ", "Bearer  ", KEY, ""] {
        refused(&with(value), 401, "Unauthorized", "");
    }
    let short = &KEY[..KEY.len() - 1];
    for key in [format!("{short}8"), short.to_owned(), format!("{KEY} "), format!("{KEY}9"), "a.b.c".into()] {
        refused(&with(&format!("Bearer {key}")), 401, "Unauthorized", "");
    }
}

/// Row 0.3.
#[test]
fn the_scheme_and_the_headers_name_may_be_in_any_case() {
    let host = Host::new();
    for (name, scheme) in [("authorization", "bearer"), ("AUTHORIZATION", "BEARER")] {
        token(&host.send(http::Request::post(PATH).header(name, format!("{scheme} {KEY}")), ""));
    }
}

/// Rows 0.5, 0.14, 0.15.
#[test]
fn a_body_that_is_no_json_object_is_a_bad_request() {
    let host = Host::new();
    for body in ["{", "nope", "{} {}", "[]", "\"x\"", "null", "1", " ", "{\"a\":1,}", "\u{feff}{}"] {
        refused(&host.post(PATH, KEY, body), 400, "BadRequest", "body");
    }
    refused(&host.post(PATH, KEY, b"{\"sessionId\":\"\xff\"}"), 400, "BadRequest", "UTF-8");
    let deep = format!("{{\"x\":{}1{}}}", "[".repeat(40), "]".repeat(40));
    refused(&host.post(PATH, KEY, deep), 400, "BadRequest", "deeper");
    refused(&host.post(PATH, KEY, "[".repeat(60_000)), 400, "BadRequest", "");
}

/// Rows 0.6, 0.7, 0.8, 0.9.
#[test]
fn the_media_type_matters_only_where_there_is_a_body() {
    let host = Host::new();
    let with =
        |media_type: &str, body: &str| host.send(post(PATH, KEY).header("Content-Type", media_type), body);
    token(&host.send(post(PATH, KEY), ""));
    token(&host.send(post(PATH, KEY), r#"{"expiresIn":"1h"}"#));
    for media_type in ["application/json; charset=utf-8", "Application/JSON"] {
        token(&with(media_type, "{}"));
    }
    for media_type in ["text/plain", "application/x-www-form-urlencoded", "application/xml"] {
        token(&with(media_type, ""));
        refused(&with(media_type, "{}"), 415, "UnsupportedMediaType", "application/json");
    }
}

/// Rows 0.10, 0.11.
#[test]
fn unknown_fields_are_ignored_and_duplicates_refused() {
    let host = Host::new();
    let claims = host.claims(r#"{"unknown":{"a":[1]},"pages":{"approvals":true,"more":1}}"#);
    assert_eq!(claims["options"], serde_json::json!({"pages": {"approvals": true}}));
    for body in
        [r#"{"expiresIn":"1h","expiresIn":"2h"}"#, r#"{"pages":{"approvals":true,"approvals":false}}"#]
    {
        refused(&host.post(PATH, KEY, body), 400, "BadRequest", "twice");
    }
}

/// Row 0.12: before the credential is looked at.
#[test]
fn other_methods_are_not_allowed() {
    let host = Host::new();
    for path in [PATH, "/entity/x/user/y/token", "/entityGroup/x/token", "/organization/invalidateTokens"] {
        for method in ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "BREW"] {
            let response = host.send(http::Request::builder().method(method).uri(path), "");
            refused(&response, 405, "MethodNotAllowed", "POST");
            assert_eq!(response.headers()["allow"], "POST");
        }
    }
}

/// Rows 0.13, 1.33: and other operations of the vendor are not here (row 1.43).
#[test]
fn other_paths_are_not_found() {
    let host = Host::new();
    for path in [
        "/entity/ent_1/token/",
        "/entity//token",
        "/entity/ent_1/user//token",
        "/entity//user/user_1/token",
        "/entityGroup//token",
        "/entityGroup/entg_1/user//token",
        "/entity/ent_1/Token",
        "/entity/ent_1",
        "/entity",
        "/entity/ent_1/onboarding",
        "/organization",
        "/organization/invalidateTokens/",
        "/entity/%ff/token",
        "/entity/%zz/token",
    ] {
        refused(&host.post(path, KEY, ""), 404, "NotFound", "");
    }
}

/// Row 0.14: and the largest body that is read.
#[test]
fn a_body_that_is_too_large_is_refused_unread() {
    let host = Host::new();
    let padded = |size: usize| format!("{{}}{}", " ".repeat(size - 2));
    token(&host.post(PATH, KEY, padded(64 * 1024)));
    refused(&host.post(PATH, KEY, padded(64 * 1024 + 1)), 413, "ContentTooLarge", "more than 65536");
}

/// A wrong key is told before a wrong body.
#[test]
fn the_key_is_judged_before_the_body() {
    let host = Host::new();
    refused(&host.post(PATH, "wrong", "nope"), 401, "Unauthorized", "");
    refused(&host.post("/organization/invalidateTokens", "wrong", "nope"), 401, "Unauthorized", "");
}

/// Row 1.42: a repeated call makes a token of its own; the SDK repeats on 429 and 503.
#[test]
fn limits_and_outages_say_when_to_come_back() {
    let rate = Rate::new(1, Lifetime::MINUTE, 3).unwrap();
    let host = Host::with(|policy| policy.client_rate(rate));
    let ids: Vec<_> = (0..3).map(|_| host.claims("{}")["jti"].clone()).collect();
    assert!(ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2]);
    let response = host.post(PATH, KEY, "{}");
    refused(&response, 429, "TooManyRequests", "60 s");
    assert_eq!(response.headers()["retry-after"], "60");

    struct Down;
    impl Store for Down {
        fn execute(&self, _: Command) -> std::result::Result<Reply, StoreError> {
            Err(StoreError::Unavailable)
        }
    }
    let request = post(PATH, KEY).body(Vec::new()).unwrap();
    let response = host.endpoint.handle(request, &host.context()).run(&Down).result.unwrap();
    refused(&response, 503, "ServiceUnavailable", "");
    assert_eq!(response.headers()["retry-after"], "1");
}
