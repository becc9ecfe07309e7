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

#[test]
fn rfc_9701_section_5_the_answer_as_a_jwt() {
    let Ok(key) = Key::generate(Some("ec"), Algorithm::ES256, &mut Entropy::new([3; 32])) else { return };
    let keys = KeySet::builder().key(key).unwrap().build().unwrap();
    let issuer = Issuer::new(keys.clone(), policy()).unwrap();
    let endpoint = Endpoint::builder().dialect(OAuth::new(issuer.clone())).build().unwrap();
    let host = host();
    let request_of = |token: &str, accept: &str| {
        let authorization = basic(CLIENT, SECRET);
        let headers = [FORM, ("authorization", &*authorization), ("accept", accept)];
        let request = request("POST", INTROSPECT, &headers, format!("token={token}"));
        let response = endpoint.handle(request, &host.context()).run(&host.store).result.unwrap();
        assert_eq!(
            (response.status().as_u16(), &response.headers()["cache-control"]),
            (200, &"no-store".parse().unwrap())
        );
        let kind = response.headers()["content-type"].to_str().unwrap().to_owned();
        (kind, String::from_utf8(response.into_body()).unwrap())
    };
    let asked = StartSession::new("user_1").client(CLIENT).scope("read");
    let pair = host.run(issuer.start_session(asked, &host.context()));
    let (_, plain) = request_of(&pair.access_token, "application/json");
    let wanted = "application/token-introspection+jwt";
    for (token, told) in [(&*pair.access_token, &*plain), ("garbage", r#"{"active":false}"#)] {
        let (kind, jwt) = request_of(token, wanted);
        assert_eq!(kind, wanted);
        let jws = Verifier::new(keys.clone()).token_type("token-introspection+jwt").verify_jws(&jwt).unwrap();
        let told: Value = serde_json::from_str(told).unwrap();
        // For the caller; neither `sub` nor `exp`, that nobody takes it for an access token.
        let expected = json!({ "iss": ISSUER, "aud": CLIENT, "iat": START, "token_introspection": told });
        assert_eq!(serde_json::from_slice::<Value>(jws.payload()).unwrap(), expected);
        assert!(issuer.verifier().verify(&jwt, host.now()).is_err());
    }
    for (accept, is_jwt) in [
        ("application/json, application/token-introspection+jwt", true),
        ("Application/Token-Introspection+JWT;q=0.5", true),
        ("application/json;q=0.9, application/token-introspection+jwt;q=0.5", false),
        ("application/token-introspection+jwt;q=0", false),
        ("*/*", false),
        ("application/jwt", false),
    ] {
        let (kind, _) = request_of(&pair.access_token, accept);
        assert_eq!(kind == wanted, is_jwt, "{accept}");
    }
    let metadata = request("GET", "/.well-known/oauth-authorization-server", &[], "");
    let response = endpoint.handle(metadata, &host.context()).run(&host.store).result.unwrap();
    let metadata: Value = serde_json::from_slice(response.body()).unwrap();
    assert_eq!(metadata["introspection_signing_alg_values_supported"], json!(["ES256"]));
}

#[test]
fn rfc_9701_a_jwt_that_nobody_could_check_is_not_made() {
    let host = host();
    let authorization = basic(CLIENT, SECRET);
    let accept = ("accept", "application/token-introspection+jwt");
    let headers = [FORM, ("authorization", &*authorization), accept];
    inactive(&host.send(request("POST", INTROSPECT, &headers, "token=x")));
}
