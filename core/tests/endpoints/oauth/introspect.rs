//! Introspection (RFC 7662).

use serde_json::json;

use super::*;
use crate::host::START;

const INTROSPECT: &str = "/oauth/introspect";

fn introspect(host: &Host, token: &str) -> Answer {
    post_as(host, INTROSPECT, &basic(CLIENT, SECRET), &format!("token={token}"))
}

#[track_caller]
fn inactive(answer: &Answer) {
    // Section 2.2: nothing else is said.
    assert_eq!((answer.status, &answer.body), (200, &json!({ "active": false })));
}

#[test]
fn rfc_7662_section_2_2_a_token_that_stands() {
    for format in [AccessFormat::Jwt, AccessFormat::Opaque] {
        let policy = policy().access_format(format);
        let host = host_with(policy.clone());
        let pair = session(&host, policy, CLIENT);
        let answer = introspect(&host, &pair.access_token);
        let expected = json!({
            "active": true, "scope": "read write", "client_id": CLIENT, "token_type": "Bearer",
            "exp": START + 900, "iat": START, "sub": "user_1", "iss": ISSUER, "jti": answer.body["jti"],
            "aud": answer.body["aud"], "sid": pair.session, "epoch": 0,
        });
        assert_eq!((answer.status, &answer.body), (200, &expected));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        // For whichever audience: the issuer knows its own.
        let own = ask(&host, "grant_type=client_credentials&resource=https://files.example.com");
        assert_eq!(introspect(&host, &own.text("access_token")).body["aud"], "https://files.example.com");
        host.run(issuer(super::policy()).revoke_session(&pair.session, &host.context()));
        inactive(&introspect(&host, &pair.access_token));
    }
}

#[test]
fn rfc_7662_section_2_2_whatever_does_not_stand_is_inactive() {
    let host = host();
    let pair = session(&host, policy(), CLIENT);
    for token in ["garbage", "a.b.c", &"a".repeat(41), &pair.refresh_token] {
        inactive(&introspect(&host, token));
    }
    host.wait(900);
    inactive(&introspect(&host, &pair.access_token));
}

#[test]
fn rfc_7662_section_4_a_caller_learns_of_its_own_tokens_only() {
    let host = host();
    let theirs = session(&host, policy(), OTHER);
    inactive(&introspect(&host, &theirs.access_token));
    // A resource server, registered by the name it has in `aud`, learns of the tokens that are for it.
    let server = client(API, "the-secret-of-the-api");
    host.run(directory::create_client(server, &host.context()));
    let authorization = basic("https%3A%2F%2Fapi.example.com", "the-secret-of-the-api");
    let form = format!("token={}", theirs.access_token);
    assert_eq!(post_as(&host, INTROSPECT, &authorization, &form).body["client_id"], OTHER);
    let files = ask(&host, "grant_type=client_credentials&resource=https://files.example.com");
    let form = format!("token={}", files.text("access_token"));
    inactive(&post_as(&host, INTROSPECT, &authorization, &form));
}

#[test]
fn rfc_7662_section_2_1_the_caller_proves_itself() {
    let host = host();
    let form = "token=x";
    refused(&post_as(&host, INTROSPECT, &basic(CLIENT, "wrong"), form), 401, "invalid_client");
    refused(&host.send(request("POST", INTROSPECT, &[FORM], form)), 401, "invalid_client");
    // A public client proves nothing: it could try the tokens of others in its name.
    let public = format!("{form}&client_id={PUBLIC}");
    refused(&host.send(request("POST", INTROSPECT, &[FORM], public)), 401, "invalid_client");
    let posted = format!("{form}&client_id={IDLE}&client_secret={IDLE_SECRET}");
    inactive(&host.send(request("POST", INTROSPECT, &[FORM], posted)));
    refused_at(&post_as(&host, INTROSPECT, &basic(CLIENT, SECRET), ""), "invalid_request", "token");
    refused(&host.send(request("GET", INTROSPECT, &[], "")), 405, "invalid_request");
}
