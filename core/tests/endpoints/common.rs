//! What the dialects share: the public keys, introspection (RFC 7662), and paths that nobody has.

use serde_json::{Value, json};
use tokenmint::dialect::ledger::{Ledger, LedgerOptions, ledger_policy};
use tokenmint::dialect::mercoa::Mercoa;
use tokenmint::dialect::monite::{Monite, MoniteOptions};
use tokenmint::directory::{self, BearerKey, Client};
use tokenmint::endpoint::Endpoint;
use tokenmint::*;

use crate::host::{Answer, Host, START, request};

const CLIENT: &str = "eb959578-a74d-4ac3-8b25-bf0910027857";
const SECRET: &str = "14c84a34-282b-4fd8-8af6-86b5b5f2c212";
/// An id and a secret that HTTP Basic holds only when they are encoded first.
const ODD: &str = "client:one/é";
const ODD_SECRET: &str = "100% of + and : are here";
const API_KEY: &str = "organization-api-key";
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const INTROSPECT: &str = "/introspect";

// RFC 8037 appendix A.1 and A.2.
const ED25519: &str = r#"{"kty":"OKP","crv":"Ed25519","kid":"ed","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
    "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
const ED25519_X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

fn hmac(name: &str, format: AccessFormat) -> Issuer {
    let keys = KeySet::builder().hmac("k1", [7; 32].as_slice()).unwrap().build().unwrap();
    Issuer::new(keys, policy(name).access_format(format)).unwrap()
}

fn policy(name: &str) -> Policy {
    let policy = Policy::new(name).audience("api").session_secret([9; 32].as_slice());
    ledger_policy(policy.lifetime(Lifetime::HOUR))
}

fn ed25519(name: &str) -> Issuer {
    let keys = KeySet::builder().key(Key::from_jwk(ED25519).unwrap()).unwrap().build().unwrap();
    Issuer::new(keys, policy(name)).unwrap()
}

const LEDGER: &str = "https://ledger.example.com";
const MONITE: &str = "https://monite.example.com";

/// Monite with opaque tokens behind Ledger, whose issuer is asked first, on one store.
fn host_with(format: AccessFormat) -> Host {
    let monite = hmac(MONITE, format);
    // Mercoa's and Monite's issuers are asked before Ledger's; a second one of the same keys shows mix-ups.
    let endpoint = Endpoint::builder()
        .dialect(Mercoa::new(hmac("https://mercoa.example.com", AccessFormat::Jwt)))
        .dialect(Monite::new(monite, MoniteOptions::default()))
        .dialect(Ledger::new(hmac(LEDGER, AccessFormat::Jwt), LedgerOptions::default()))
        .build()
        .unwrap();
    let host = Host::new(endpoint);
    for (id, secret) in [(CLIENT, SECRET), (ODD, ODD_SECRET)] {
        let client = Client::new(id, "org", SecretHash::of(secret.as_bytes()))
            .permission(Permission::ClientCredentials)
            .permission(Permission::Sessions);
        host.keep_secret(secret);
        host.run(directory::create_client(client, &host.context()));
    }
    let key = BearerKey { organization: "org".into(), permissions: vec![], disabled: false };
    host.run(directory::create_bearer_key(&API_KEY.into(), key, &host.context()));
    host
}

fn host() -> Host {
    host_with(AccessFormat::Opaque)
}

/// Standard base64 with padding (RFC 4648 section 4), written out so that the test does not lean on the code.
pub(crate) fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let group = |chunk: &[u8]| -> String {
        let bits =
            (0..3).fold(0_usize, |bits, i| bits << 8 | usize::from(chunk.get(i).copied().unwrap_or(0)));
        let digit =
            |i: usize| if i <= chunk.len() { ALPHABET[bits >> (18 - 6 * i) & 63] as char } else { '=' };
        (0..4).map(digit).collect()
    };
    bytes.chunks(3).map(group).collect()
}

fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", base64(format!("{id}:{secret}").as_bytes()))
}

fn ask_as(host: &Host, authorization: &str, body: &str) -> Answer {
    host.send(request("POST", INTROSPECT, &[FORM, ("authorization", authorization)], body))
}

fn ask(host: &Host, token: &str) -> Answer {
    ask_as(host, &basic(CLIENT, SECRET), &format!("token={token}"))
}

fn issue(host: &Host) -> String {
    let body = json!({ "client_id": CLIENT, "client_secret": SECRET, "grant_type": "client_credentials" });
    let headers = [("x-monite-version", "2024-05-25")];
    host.send(request("POST", "/v1/auth/token", &headers, body.to_string())).text("access_token")
}

fn session(host: &Host) -> Answer {
    let body = json!({ "api_key_id": CLIENT, "api_key_secret": SECRET });
    host.send(request("POST", "/auth/token", &[], body.to_string()))
}

/// RFC 6749 section 5.2.
fn refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status, answer.text("error").as_str()), (status, code), "{:?}", answer.body);
    let description = answer.text("error_description");
    assert_eq!(answer.body.as_object().unwrap().len(), 2);
    // The characters that section 5.2 allows.
    let allowed = |c: char| matches!(c, ' ' | '!' | '#'..='[' | ']'..='~');
    assert!(!description.is_empty() && description.chars().all(allowed), "{description}");
}

#[track_caller]
fn inactive(answer: &Answer) {
    // RFC 7662 section 2.2: nothing else is said of a token that is not active.
    assert_eq!((answer.status, &answer.body), (200, &json!({ "active": false })));
}

#[test]
fn public_keys_are_served_and_secret_ones_are_not() {
    // A build without a back end has no public keys to serve.
    if !Algorithm::EdDSA.is_supported() {
        return;
    }
    let endpoint = Endpoint::builder()
        .dialect(Monite::new(ed25519(MONITE), MoniteOptions::default()))
        .dialect(Ledger::new(ed25519(LEDGER), LedgerOptions::default()))
        .dialect(Mercoa::new(hmac("https://mercoa.example.com", AccessFormat::Jwt)))
        .build()
        .unwrap();
    let host = Host::new(endpoint);
    let answer = host.send(request("GET", "/.well-known/jwks.json", &[], ""));
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("cache-control"), Some("public, max-age=300"));
    // The key that two issuers share is there once; the HMAC key is not there at all.
    let keys = answer.body["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 1);
    assert_eq!(
        (&keys[0]["x"], &keys[0]["kid"], &keys[0]["d"]),
        (&json!(ED25519_X), &json!("ed"), &Value::Null)
    );

    let length = answer.header("content-length").unwrap().to_owned();
    let head = host.send(request("HEAD", "/.well-known/jwks.json", &[], ""));
    assert_eq!(
        (head.status, head.header("content-length"), &head.body),
        (200, Some(length.as_str()), &Value::Null)
    );
    let post = host.send(request("POST", "/.well-known/jwks.json", &[], ""));
    assert_eq!(post.header("allow"), Some("GET, HEAD"));
    refused(&post, 405, "invalid_request");
}

#[test]
fn the_document_has_the_paths_of_what_is_served() {
    let host = host();
    let answer = host.send(request("GET", "/openapi.json", &[], ""));
    assert_eq!((answer.status, answer.header("cache-control")), (200, Some("public, max-age=300")));
    assert!(answer.body["openapi"].as_str().unwrap().starts_with("3.1."));
    let mut paths: Vec<&str> = answer.body["paths"].as_object().unwrap().keys().map(String::as_str).collect();
    paths.sort_unstable();
    let served = [
        "/.well-known/jwks.json",
        "/auth/token",
        "/auth/token/refresh",
        "/entity/{entityId}/token",
        "/entity/{entityId}/user/{userId}/token",
        "/entityGroup/{entityGroupId}/token",
        "/entityGroup/{entityGroupId}/user/{foreignId}/token",
        "/introspect",
        "/openapi.json",
        "/organization/invalidateTokens",
        "/v1/auth/revoke",
        "/v1/auth/token",
    ];
    assert_eq!(paths, served);
    // Whatever is referred to is there.
    let text = answer.body.to_string();
    for reference in text.split("\"$ref\":\"#").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        assert!(answer.body.pointer(reference).is_some(), "{reference}");
    }
    assert_eq!(host.send(request("HEAD", "/openapi.json", &[], "")).status, 200);
    refused(&host.send(request("POST", "/openapi.json", &[], "")), 405, "invalid_request");
}

#[test]
fn a_host_without_public_keys_has_an_empty_set() {
    assert_eq!(host().send(request("GET", "/.well-known/jwks.json", &[], "")).body, json!({ "keys": [] }));
}

#[test]
fn two_keys_of_one_id_are_refused_when_the_endpoint_is_built() {
    // A build without a back end has no public keys to serve.
    if !Algorithm::EdDSA.is_supported() {
        return;
    }
    let key = Key::generate(Some("ed"), Algorithm::EdDSA, &mut Entropy::new([3; 32])).unwrap();
    let other = Issuer::new(KeySet::builder().key(key).unwrap().build().unwrap(), policy(LEDGER)).unwrap();
    let built = Endpoint::builder()
        .dialect(Monite::new(ed25519(MONITE), MoniteOptions::default()))
        .dialect(Ledger::new(other, LedgerOptions::default()))
        .build();
    assert_eq!(built.unwrap_err().code(), ErrorCode::KeyDuplicate);
}

#[test]
fn a_token_that_stands_is_active() {
    for format in [AccessFormat::Opaque, AccessFormat::Jwt] {
        let host = host_with(format);
        let token = issue(&host);
        let answer = ask(&host, &token);
        assert_eq!((answer.status, answer.header("cache-control")), (200, Some("no-store")));
        let expected = json!({
            "active": true, "client_id": CLIENT, "sub": CLIENT, "iss": MONITE, "token_type": "Bearer",
            "iat": START, "exp": START + 3600, "jti": answer.body["jti"],
            "aud": "api", "epoch": 0, "typ": "Bearer",
        });
        assert_eq!(answer.body, expected);
        assert_eq!(answer.text("jti").len(), 36);
        host.wait(3599);
        assert_eq!(ask(&host, &token).body["active"], true);
        host.wait(1);
        inactive(&ask(&host, &token));
    }
}

#[test]
fn a_token_for_another_audience_is_inactive_and_no_claim_takes_the_place_of_a_member() {
    let host = host();
    let mint = |claims: Claims| {
        let claims = claims.subject("u1").set("client_id", CLIENT);
        let issuer = hmac(LEDGER, AccessFormat::Jwt);
        issuer.mint(&claims, Lifetime::HOUR, &host.context()).unwrap()
    };
    inactive(&ask(&host, &mint(Claims::new().audience("other"))));
    let audiences = json!(["other", "api"]);
    let both = Claims::new().audience("other").audience("api").set("active", false).set("token_type", "N_A");
    let answer = ask(&host, &mint(both.set("plan", json!({ "seats": 3 }))));
    assert_eq!(answer.body["aud"], audiences);
    assert_eq!(answer.body["plan"], json!({ "seats": 3 }));
    assert_eq!(
        (&answer.body["active"], &answer.body["token_type"]),
        (&json!(true), &json!("Bearer")),
        "{}",
        answer.body
    );
}

#[test]
fn a_session_token_says_its_issuer_and_scope() {
    let host = host();
    let answer = ask(&host, &session(&host).text("access_token"));
    assert_eq!((&answer.body["iss"], &answer.body["scope"]), (&json!(LEDGER), &json!("")));
}

#[test]
fn whatever_does_not_stand_is_inactive_and_no_more_is_said() {
    let host = host();
    let token = issue(&host);
    for other in ["garbage", "a.b.c", &"a".repeat(41), &token[..40], &session(&host).text("refresh_token")] {
        inactive(&ask(&host, other));
    }
    // Of a session that ended.
    let opened = session(&host);
    host.run(hmac(LEDGER, AccessFormat::Jwt).revoke_session(&opened.text("session_state"), &host.context()));
    inactive(&ask(&host, &opened.text("access_token")));
    // Of another client, by a client and by the key of the organization: none of their business.
    inactive(&ask_as(
        &host,
        &basic("client%3Aone%2F%C3%A9", "100%25+of+%2B+and+%3A+are+here"),
        &format!("token={token}"),
    ));
    inactive(&ask_as(&host, &format!("Bearer {API_KEY}"), &format!("token={token}")));
    assert_eq!(ask(&host, &token).body["active"], true);
}

#[test]
fn a_revoked_opaque_token_is_inactive_whichever_issuer_is_asked_first() {
    let host = host();
    let token = issue(&host);
    assert_eq!(ask(&host, &token).body["iss"], MONITE);
    host.run(hmac(MONITE, AccessFormat::Opaque).revoke_token(&token, CLIENT, &host.context()));
    inactive(&ask(&host, &token));
}

#[test]
fn callers_must_prove_themselves() {
    let host = host();
    let body = format!("token={}", issue(&host));
    let none = host.send(request("POST", INTROSPECT, &[FORM], body.clone()));
    refused(&none, 401, "invalid_client");
    let (id, off) = (CLIENT, "00000000-0000-4000-8000-000000000000");
    let padless = base64(format!("{id}:{SECRET}!").as_bytes()).trim_end_matches('=').to_owned();
    for authorization in [
        basic(id, "wrong"),
        basic(off, SECRET),
        basic(id, ""),
        basic("", ""),
        basic(id, "%zz"),
        "Basic".to_owned(),
        "Basic ".to_owned(),
        "Basic !!!".to_owned(),
        format!("Basic {padless}"),
        format!("Basic {}", base64(id.as_bytes())),
        format!("Basic {}", base64(b"\xff:\xff")),
        "Digest x".to_owned(),
    ] {
        let answer = ask_as(&host, &authorization, &body);
        refused(&answer, 401, "invalid_client");
        // RFC 6749 section 5.2: a challenge of the scheme that was used.
        assert!(answer.header("www-authenticate").unwrap().starts_with("Basic realm="), "{authorization}");
    }
    for authorization in
        ["Bearer", "Bearer  ", "Bearer wrong", "Bearer organization-api-ke", "Bearer organization-api-key "]
    {
        let answer = ask_as(&host, authorization, &body);
        refused(&answer, 401, "invalid_token");
        let challenge = answer.header("www-authenticate").unwrap();
        assert!(challenge.starts_with("Bearer ") && challenge.contains(r#"error="invalid_token""#));
    }
    let good = basic(id, SECRET);
    let twice = [FORM, ("authorization", good.as_str()), ("authorization", good.as_str())];
    refused(&host.send(request("POST", INTROSPECT, &twice, body.clone())), 401, "invalid_client");
    host.run(directory::disable_client(id, &host.context()));
    refused(&ask_as(&host, &good, &body), 401, "invalid_client");
}

#[test]
fn id_and_secret_are_encoded_inside_basic() {
    // RFC 6749 section 2.3.1; the scheme's case does not count.
    let host = host();
    let encoded = basic("client%3Aone%2F%C3%A9", "100%25+of+%2B+and+%3A+are+here");
    for authorization in [encoded.clone(), encoded.replace("Basic", "bASIC")] {
        inactive(&ask_as(&host, &authorization, "token=x"));
    }
    refused(&ask_as(&host, &basic(ODD, ODD_SECRET), "token=x"), 401, "invalid_client");
}

#[test]
fn the_parameters() {
    let host = host();
    let token = issue(&host);
    let good = basic(CLIENT, SECRET);
    let send = |body: &str| ask_as(&host, &good, body);
    for body in [
        format!("token={token}&token_type_hint=access_token"),
        format!("token_type_hint=refresh_token&token={token}&unknown=1"),
        format!("&token={token}&"),
        format!("%74oken={token}"),
    ] {
        assert_eq!(send(&body).body["active"], true, "{body}");
    }
    for body in ["", "token", "token=", "Token=x", "token_type_hint=access_token", "token=%zz", "token=%ff"] {
        refused(&send(body), 400, "invalid_request");
    }
    // RFC 6749 section 3.2: not more than once.
    refused(&send(&format!("token={token}&token=x")), 400, "invalid_request");
    let json = [("content-type", "application/json"), ("authorization", good.as_str())];
    refused(
        &host.send(request("POST", INTROSPECT, &json, format!(r#"{{"token":"{token}"}}"#))),
        415,
        "invalid_request",
    );
    let charset = [
        ("content-type", "application/x-www-form-urlencoded; charset=UTF-8"),
        ("authorization", good.as_str()),
    ];
    assert_eq!(
        host.send(request("POST", INTROSPECT, &charset, format!("token={token}"))).body["active"],
        true
    );
    let get =
        host.send(request("GET", &format!("/introspect?token={token}"), &[("authorization", &good)], ""));
    refused(&get, 405, "invalid_request"); // section 2.1: a token in a URL ends up in logs
    refused(&send(&format!("token={}", "a".repeat(endpoint::MAX_BODY))), 413, "invalid_request");
}

#[test]
fn introspection_has_the_limit_of_its_caller() {
    let rate = Rate::new(1, Lifetime::MINUTE, 2).unwrap();
    let keys = KeySet::builder().hmac("k1", [7; 32].as_slice()).unwrap().build().unwrap();
    let issuer = Issuer::new(keys, policy(MONITE).client_rate(rate)).unwrap();
    let host = Host::new(
        Endpoint::builder().dialect(Monite::new(issuer, MoniteOptions::default())).build().unwrap(),
    );
    host.run(directory::create_client(
        Client::new(CLIENT, "org", SecretHash::of(SECRET.as_bytes())),
        &host.context(),
    ));
    inactive(&ask(&host, "x"));
    inactive(&ask(&host, "x"));
    let answer = ask(&host, "x");
    refused(&answer, 429, "temporarily_unavailable");
    assert_eq!(answer.header("retry-after"), Some("60"));
}

#[test]
fn paths_that_nobody_has() {
    let host = host();
    for path in [
        "/",
        "/introspect/",
        "/introspect/x",
        "/.well-known",
        "/.well-known/openid-configuration",
        "/token",
        "/%ff",
    ] {
        for method in ["GET", "POST"] {
            refused(&host.send(request(method, path, &[], "")), 404, "invalid_request");
        }
    }
    let any = http::Request::builder().method("OPTIONS").uri("*").body(Vec::new()).unwrap();
    refused(&host.send(any), 404, "invalid_request");
}

#[test]
fn a_dialect_that_is_not_served_is_a_404_in_its_own_shape() {
    let ledger = Endpoint::builder()
        .dialect(Ledger::new(hmac(LEDGER, AccessFormat::Jwt), LedgerOptions::default()))
        .build()
        .unwrap();
    let answer = Host::new(ledger).send(request("POST", "/v1/auth/token", &[], "{}"));
    assert_eq!((answer.status, answer.body["error"]["message"].is_string()), (404, true));
    let monite = Endpoint::builder()
        .dialect(Monite::new(hmac(MONITE, AccessFormat::Jwt), MoniteOptions::default()))
        .build()
        .unwrap();
    let answer = Host::new(monite).send(request("POST", "/auth/token", &[], "{}"));
    assert_eq!((answer.status, &answer.body["status_code"]), (404, &json!(404)));
}

#[test]
fn an_endpoint_serves_something() {
    assert_eq!(Endpoint::builder().build().unwrap_err().code(), ErrorCode::PolicyInvalid);
}

#[test]
fn a_store_that_cannot_answer_is_a_503_in_every_shape() {
    struct Down;
    impl Store for Down {
        fn execute(&self, _: Command) -> Result<Reply, StoreError> {
            Err(StoreError::Unavailable)
        }
    }
    let endpoint = Endpoint::builder()
        .dialect(Monite::new(hmac(MONITE, AccessFormat::Jwt), MoniteOptions::default()))
        .dialect(Ledger::new(hmac(LEDGER, AccessFormat::Jwt), LedgerOptions::default()))
        .build()
        .unwrap();
    let context = Context::new(UnixTime::from_seconds(START), [1; 32]);
    let monite = json!({ "client_id": CLIENT, "client_secret": SECRET, "grant_type": "client_credentials" });
    let ledger = json!({ "api_key_id": CLIENT, "api_key_secret": SECRET });
    let good = basic(CLIENT, SECRET);
    for request in [
        request("POST", "/v1/auth/token", &[("x-monite-version", "2024-05-25")], monite.to_string()),
        request("POST", "/auth/token", &[], ledger.to_string()),
        request("POST", INTROSPECT, &[FORM, ("authorization", &good)], "token=x"),
    ] {
        let response = endpoint.handle(request, &context).run(&Down).result.unwrap();
        assert_eq!(
            (response.status().as_u16(), &response.headers()["retry-after"]),
            (503, &"1".parse().unwrap())
        );
    }
}
