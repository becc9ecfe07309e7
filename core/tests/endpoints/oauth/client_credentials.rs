//! Tokens for a client itself (RFC 6749 section 4.4), for those that it names (RFC 8707).

use serde_json::json;

use super::*;
use crate::host::START;

const GRANT: &str = "grant_type=client_credentials";

#[test]
fn rfc_6749_section_5_1_the_answer() {
    let host = host();
    let answer = ask(&host, GRANT);
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    // Section 5.1: no cache keeps it.
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("pragma"), Some("no-cache"));
    let token = answer.text("access_token");
    // Section 4.4.3: no refresh token.
    let expected = json!({
        "access_token": token, "token_type": "Bearer", "expires_in": 3600, "scope": "read write",
    });
    assert_eq!(answer.body, expected);
    assert_eq!(answer.kinds(), [EventKind::TokenIssued]);
}

#[test]
fn rfc_9068_section_2_the_access_token() {
    let token = ask(&host(), GRANT).text("access_token");
    // Section 2.1.
    assert_eq!(unverified::decode(&token).unwrap().header().token_type().as_deref(), Some("at+jwt"));
    let claims = claims(&token);
    // Section 2.2, and 2.2.3 for the scope.
    let expected = json!({
        "iss": ISSUER, "sub": CLIENT, "client_id": CLIENT, "aud": [API, "https://files.example.com"],
        "iat": START, "exp": START + 3600, "jti": claims["jti"], "scope": "read write", "epoch": 0,
    });
    assert_eq!(claims, expected);
    assert_eq!(claims["jti"].as_str().unwrap().len(), 36);
    assert!(issuer(policy()).verifier().verify(&token, UnixTime::from_seconds(START)).is_ok());
}

#[test]
fn rfc_6749_section_2_3_1_secrets_in_the_header_or_in_the_body() {
    let host = host();
    assert_eq!(post(&host, &format!("{GRANT}&client_id={CLIENT}&client_secret={SECRET}")).status, 200);
    assert_eq!(ask(&host, GRANT).status, 200);
    // The id may be told beside the header, if it is the same.
    assert_eq!(ask(&host, &format!("{GRANT}&client_id={CLIENT}")).status, 200);
    let other = ask(&host, &format!("{GRANT}&client_id={IDLE}"));
    refused(&other, 401, "invalid_client");
    // In the URL nothing counts.
    let path = format!("{TOKEN}?client_id={CLIENT}&client_secret={SECRET}");
    refused(&host.send(request("POST", &path, &[FORM], GRANT)), 401, "invalid_client");
    refused(&host.send(request("POST", &format!("{path}&{GRANT}"), &[FORM], "")), 400, "invalid_request");
}

#[test]
fn rfc_6749_section_3_3_scopes_only_narrow() {
    let host = host();
    let scoped = |scope: &str| ask(&host, &format!("{GRANT}&scope={scope}"));
    let answer = scoped("read");
    assert_eq!((answer.status, &answer.body["scope"]), (200, &json!("read")));
    assert_eq!(claims(&answer.text("access_token"))["scope"], "read");
    // Section 3.2: a parameter without a value counts as left out.
    assert_eq!(scoped("").body["scope"], "read write");
    for more in ["admin", "read+admin", "Read", "read++write", "%22read%22"] {
        refused_at(&scoped(more), "invalid_scope", "scope");
    }
}

#[test]
fn rfc_8707_section_2_tokens_are_for_the_resources_that_are_named() {
    let host = host();
    let files = "https://files.example.com";
    for (named, audience) in [
        (format!("resource={API}"), json!(API)),
        (format!("resource={files}"), json!(files)),
        (format!("resource={files}&resource={API}"), json!([files, API])),
        (format!("audience={API}"), json!(API)),
        // Named twice, it is named once.
        (format!("resource={API}&audience={API}&resource={API}"), json!(API)),
    ] {
        let answer = ask(&host, &format!("{GRANT}&{named}"));
        assert_eq!(answer.status, 200, "{named} {:?}", answer.body);
        assert_eq!(claims(&answer.text("access_token"))["aud"], audience, "{named}");
    }
    for (wrong, parameter) in [
        ("resource=https://other.example.com", "resource"),
        ("resource=https://api.example.com/", "resource"),
        ("resource=https://api.example.com&resource=https://other.example.com", "resource"),
        // Absolute, and not the client's; none; one with a fragment.
        ("resource=urn:example:other", "resource"),
        ("resource=api", "resource"),
        ("resource=1:api", "resource"),
        ("resource=https:", "resource"),
        ("resource=/api", "resource"),
        ("resource=https://api.example.com%23top", "resource"),
        ("audience=other", "audience"),
    ] {
        refused_at(&ask(&host, &format!("{GRANT}&{wrong}")), "invalid_target", parameter);
    }
}

#[test]
fn rfc_8707_section_2_a_resource_is_any_absolute_uri() {
    let host = host_with(policy().audience("urn:example:api"));
    let named = format!("{GRANT}&resource=urn:example:api");
    let answer = post_as(&host, TOKEN, &basic(OTHER, OTHER_SECRET), &named);
    assert_eq!(claims(&answer.text("access_token"))["aud"], "urn:example:api");
    // Refused for what it is, not for whose it is.
    for (resource, found) in [("urn:example:other", "not for all"), ("example", "an absolute URI")] {
        let answer =
            post_as(&host, TOKEN, &basic(OTHER, OTHER_SECRET), &format!("{GRANT}&resource={resource}"));
        assert!(answer.text("error_description").contains(found), "{:?}", answer.body);
    }
}

#[test]
fn opaque_tokens_by_policy() {
    let host = host_with(policy().access_format(AccessFormat::Opaque));
    let answer = ask(&host, GRANT);
    let token = answer.text("access_token");
    assert!(!token.contains('.') && token.len() == 41, "{token}");
    let issuer = issuer(policy().access_format(AccessFormat::Opaque));
    assert_eq!(host.run(issuer.check(&token, &host.context())).scope.as_deref(), Some("read write"));
}
