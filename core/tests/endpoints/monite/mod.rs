//! Monite's dialect, row by row: the numbers are those of the list of edge cases (sections 0 and 2).

mod revoke;

use serde_json::{Value, json};
use tokenmint::dialect::entities::{self, Entity, User};
use tokenmint::dialect::monite::{Monite, MoniteOptions};
use tokenmint::directory::{self, Client};
use tokenmint::endpoint::Endpoint;
use tokenmint::*;

use crate::host::{Answer, Host, request};

// The ids of the published example.
const CLIENT: &str = "eb959578-a74d-4ac3-8b25-bf0910027857";
const SECRET: &str = "14c84a34-282b-4fd8-8af6-86b5b5f2c212";
const OTHER: &str = "0b9a1f7e-93a8-4f8f-8a4e-3c7b1f0d5a11";
const OTHER_SECRET: &str = "other secret, not a uuid at all";
const USER: &str = "3f1c0a5e-6a3f-4f4b-9d3c-2b8a7c6d5e4f";
const USER_OFF: &str = "aaaaaaaa-6a3f-4f4b-9d3c-2b8a7c6d5e4f";
const USER_OF_DISABLED: &str = "bbbbbbbb-6a3f-4f4b-9d3c-2b8a7c6d5e4f";
const TOKEN: &str = "/v1/auth/token";
const REVOKE: &str = "/v1/auth/revoke";
const VERSION: (&str, &str) = ("x-monite-version", "2024-05-25");
const OLD: (&str, &str) = ("x-monite-version", "2023-09-01");
const JSON: (&str, &str) = ("content-type", "application/json");

fn policy() -> Policy {
    Policy::new("https://api.example.com").audience("monite").lifetime(Lifetime::DAY)
}

fn issuer(policy: Policy) -> Issuer {
    Issuer::new(KeySet::builder().hmac("k1", [7; 32].as_slice()).unwrap().build().unwrap(), policy).unwrap()
}

fn host_with(policy: Policy, options: MoniteOptions) -> Host {
    let host = Host::new(Endpoint::builder().dialect(Monite::new(issuer(policy), options)).build().unwrap());
    for (id, secret) in [(CLIENT, SECRET), (OTHER, OTHER_SECRET)] {
        host.keep_secret(secret);
        let client = Client::new(id, "org", SecretHash::of(secret.as_bytes()))
            .permission(Permission::ClientCredentials)
            .permission(Permission::EntityUser);
        host.run(directory::create_client(client, &host.context()));
    }
    for (id, entity, disabled) in
        [(USER, "ent_1", false), (USER_OFF, "ent_1", true), (USER_OF_DISABLED, "ent_off", false)]
    {
        let user = User {
            id: id.into(),
            foreign_id: None,
            organization: "org".into(),
            entity: Some(entity.into()),
            group: None,
            disabled,
        };
        host.run(entities::create_user(user, &host.context()));
    }
    let off = Entity { id: "ent_off".into(), foreign_id: None, organization: "org".into(), disabled: true };
    host.run(entities::create_entity(off, &host.context()));
    host
}

fn host() -> Host {
    host_with(policy(), MoniteOptions::default())
}

fn good() -> Value {
    json!({ "client_id": CLIENT, "client_secret": SECRET, "grant_type": "client_credentials" })
}

/// The good request with some fields replaced; null stands for null, `"<absent>"` for none.
fn with(changes: Value) -> Value {
    let mut body = good();
    for (name, value) in changes.as_object().unwrap() {
        if value == "<absent>" {
            body.as_object_mut().unwrap().remove(name);
        } else {
            body[name] = value.clone();
        }
    }
    body
}

fn token(host: &Host, body: &Value) -> Answer {
    host.send(request("POST", TOKEN, &[VERSION, JSON], body.to_string()))
}

fn token_at(host: &Host, version: (&str, &str), body: &Value) -> Answer {
    host.send(request("POST", TOKEN, &[version, JSON], body.to_string()))
}

fn raw(host: &Host, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Answer {
    host.send(request("POST", TOKEN, headers, body))
}

fn revoke(host: &Host, bearer: &str, body: &Value) -> Answer {
    let authorization = format!("Bearer {bearer}");
    let headers = [("authorization", authorization.as_str()), VERSION, JSON];
    host.send(request("POST", REVOKE, &headers, body.to_string()))
}

fn revocation(token: &str) -> Value {
    json!({ "client_id": CLIENT, "client_secret": SECRET, "token": token })
}

fn issue(host: &Host) -> String {
    let answer = token(host, &good());
    assert_eq!(answer.status, 200);
    answer.text("access_token")
}

/// `{"error": {"message": text}}` and nothing else. Row 2.16: never the word that makes the official kit fetch a new
/// token and hide the error.
fn refused(answer: &Answer, status: u16) -> String {
    assert_eq!(answer.status, status, "{:?}", answer.body);
    let message = answer.body["error"]["message"].as_str().unwrap().to_owned();
    assert_eq!(answer.body, json!({ "error": { "message": message } }));
    assert!(!message.is_empty() && !message.contains("expired"), "{message}");
    message
}

/// The places and codes of a 422, in their order; each has a text.
fn problems(answer: &Answer) -> Vec<(Value, String)> {
    assert_eq!(answer.status, 422, "{:?}", answer.body);
    assert_eq!(answer.body.as_object().unwrap().len(), 1);
    let detail = answer.body["detail"].as_array().unwrap();
    assert!(detail.iter().all(|one| one["msg"].as_str().is_some_and(|text| !text.is_empty())));
    assert!(detail.iter().all(|one| one.as_object().unwrap().len() == 3));
    detail.iter().map(|one| (one["loc"].clone(), one["type"].as_str().unwrap().to_owned())).collect()
}

fn one_problem(answer: &Answer, loc: Value, code: &str) {
    assert_eq!(problems(answer), [(loc, code.to_owned())]);
}

#[test]
fn row_0_04_secrets_that_are_nearly_right() {
    let host = host();
    for wrong in [
        format!("{}0", &SECRET[..35]),
        SECRET[..35].to_owned(),
        format!("{SECRET} "),
        format!(" {SECRET}"),
        SECRET.to_uppercase(),
        OTHER_SECRET.to_owned(),
    ] {
        refused(&token(&host, &with(json!({ "client_secret": wrong }))), 400);
    }
}

#[test]
fn row_0_05_bodies_that_are_no_json_object() {
    let host = host();
    for body in
        ["{", "not json", r#"{"client_id": "#, "[]", r#""text""#, "null", "1", "true", "{} {}", "{'a':1}"]
    {
        one_problem(&raw(&host, &[VERSION, JSON], body), json!(["body"]), "json_invalid");
    }
}

#[test]
fn row_0_06_and_0_07_an_empty_body() {
    let host = host();
    for body in ["", "  \r\n"] {
        one_problem(&raw(&host, &[VERSION, JSON], body), json!(["body"]), "json_invalid");
    }
    one_problem(&raw(&host, &[VERSION], ""), json!(["body"]), "json_invalid"); // 0.7: no type is not the problem
}

#[test]
fn row_0_08_and_0_09_media_types() {
    let host = host();
    let send = |value: &str| raw(&host, &[VERSION, ("content-type", value)], good().to_string());
    for value in ["application/json; charset=utf-8", "application/json;charset=UTF-8", "Application/JSON"] {
        assert_eq!(send(value).status, 200, "{value}"); // 0.8
    }
    assert_eq!(
        raw(&host, &[VERSION], good().to_string()).status,
        200,
        "a body without a type is taken for JSON"
    );
    for value in
        ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", "multipart/form-data", ""]
    {
        refused(&send(value), 415); // 0.9
    }
}

#[test]
fn row_0_10_and_2_17_order_and_extra_fields() {
    let host = host();
    let body = format!(
        r#"{{"zzz":{{"a":[1,2]}},"grant_type":"client_credentials","client_secret":"{SECRET}","client_id":"{CLIENT}"}}"#
    );
    assert_eq!(raw(&host, &[VERSION, JSON], body).status, 200);
    // As the official Python kit sends it for None.
    assert_eq!(token(&host, &with(json!({ "entity_user_id": null }))).status, 200);
}

#[test]
fn row_0_11_a_field_that_is_there_twice() {
    let host = host();
    let body = format!(
        r#"{{"client_id":"{CLIENT}","client_secret":"wrong","client_secret":"{SECRET}","grant_type":"client_credentials"}}"#
    );
    one_problem(&raw(&host, &[VERSION, JSON], body), json!(["body"]), "json_invalid");
    let nested = good().to_string().replacen('{', r#"{"x":{"a":1,"\u0061":2},"#, 1);
    one_problem(&raw(&host, &[VERSION, JSON], nested), json!(["body"]), "json_invalid");
}

#[test]
fn row_0_12_only_post() {
    let host = host();
    for path in [TOKEN, REVOKE] {
        for method in ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"] {
            let answer = host.send(request(method, path, &[VERSION], ""));
            refused(&answer, 405);
            assert_eq!(answer.header("allow"), Some("POST"));
        }
    }
}

#[test]
fn row_0_13_other_paths() {
    let host = host();
    for path in [
        "/v1/auth/token/",
        "/v1/auth//token",
        "/v1/auth",
        "/v1",
        "/v1/auth/Token",
        "/v1/auth/tokens",
        "/v1/%ff",
    ] {
        refused(&host.send(request("POST", path, &[VERSION, JSON], good().to_string())), 404);
    }
    assert_eq!(
        host.send(request("POST", "/v1/auth/token?x=1", &[VERSION, JSON], good().to_string())).status,
        200
    );
}

#[test]
fn row_0_14_large_and_deep_bodies() {
    let host = host();
    let padded = |length: usize| {
        let body = with(json!({ "pad": "" })).to_string();
        let pad = "a".repeat(length - body.len());
        body.replacen(r#""pad":"""#, &format!(r#""pad":"{pad}""#), 1)
    };
    let largest = endpoint::MAX_BODY;
    assert_eq!(raw(&host, &[VERSION, JSON], padded(largest)).status, 200);
    refused(&raw(&host, &[VERSION, JSON], padded(largest + 1)), 413);
    let deep = |depth: usize| {
        good().to_string().replacen('{', &format!(r#"{{"x":{}{},"#, "[".repeat(depth), "]".repeat(depth)), 1)
    };
    assert_eq!(raw(&host, &[VERSION, JSON], deep(31)).status, 200);
    for depth in [32, 30_000] {
        one_problem(&raw(&host, &[VERSION, JSON], deep(depth)), json!(["body"]), "json_invalid");
    }
}

#[test]
fn row_0_15_bytes_that_are_not_utf_8() {
    let host = host();
    for bytes in
        [b"{\"client_id\":\"\xff\"}".as_slice(), b"\xef\xbb\xbf{}", b"{\"client_id\":\"\xed\xa0\x80\"}"]
    {
        one_problem(&raw(&host, &[VERSION, JSON], bytes), json!(["body"]), "json_invalid");
    }
    one_problem(&raw(&host, &[VERSION, JSON], r#"{"client_id":"\ud800"}"#), json!(["body"]), "json_invalid");
}

#[test]
fn row_0_16_and_2_21_and_2_22_the_answer() {
    for format in [AccessFormat::Opaque, AccessFormat::Jwt] {
        let host = host_with(policy().access_format(format), MoniteOptions::default());
        let answer = token(&host, &good());
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("content-type"), Some("application/json")); // 2.21
        assert_eq!(answer.header("cache-control"), Some("no-store")); // 0.16
        let access_token = answer.text("access_token");
        // 2.22: an integer, and the one spelling of Bearer.
        let expected = json!({ "access_token": access_token, "expires_in": 86400, "token_type": "Bearer" });
        assert_eq!(answer.body, expected);
        if format == AccessFormat::Opaque {
            // As the published example: 41 characters of the base64url alphabet.
            assert_eq!(access_token.len(), 41);
            assert!(access_token.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
        } else {
            let claims = issuer(policy()).verifier().verify(&access_token, host.now()).unwrap();
            assert_eq!(claims.subject().as_deref(), Some(CLIENT));
            assert_eq!(claims.expires_at().unwrap().seconds() - claims.issued_at().unwrap().seconds(), 86400);
        }
        assert_eq!(answer.kinds(), [EventKind::TokenIssued]);
    }
}

#[test]
fn row_2_01_the_version_header_is_required_unless_the_host_says_otherwise() {
    let strict = host();
    let place = json!(["header", "x-monite-version"]);
    one_problem(&raw(&strict, &[JSON], good().to_string()), place.clone(), "missing");
    // With whatever is wrong with the body, at once.
    let both = raw(&strict, &[JSON], with(json!({ "client_id": "z" })).to_string());
    assert_eq!(
        problems(&both),
        [(place.clone(), "missing".to_owned()), (json!(["body", "client_id"]), "uuid_parsing".to_owned())]
    );
    let both = raw(&strict, &[JSON], "{");
    assert_eq!(
        problems(&both),
        [(place.clone(), "missing".to_owned()), (json!(["body"]), "json_invalid".to_owned())]
    );

    let lenient = host_with(policy(), MoniteOptions { version_required: false });
    assert_eq!(raw(&lenient, &[JSON], good().to_string()).status, 200);
    refused(&raw(&lenient, &[JSON], with(json!({ "client_secret": "x" })).to_string()), 400);
    one_problem(
        &raw(&lenient, &[JSON, ("x-monite-version", "abc")], good().to_string()),
        place,
        "date_parsing",
    );
}

#[test]
fn row_2_02_and_2_03_versions() {
    let host = host();
    for version in ["2024-05-25", "2023-09-01", "2023-06-04", "2024-01-31", "2024-02-29", "2031-12-31"] {
        assert_eq!(token_at(&host, ("x-monite-version", version), &good()).status, 200, "{version}"); // 2.2
    }
    for version in ["abc", "2024-13-40", "2023-02-29", "2024-5-25", "", "2024-05-25, 2024-05-25"] {
        let answer = token_at(&host, ("x-monite-version", version), &good());
        one_problem(&answer, json!(["header", "x-monite-version"]), "date_parsing"); // 2.3
    }
    let twice = raw(&host, &[VERSION, VERSION, JSON], good().to_string());
    one_problem(&twice, json!(["header", "x-monite-version"]), "date_parsing");
}

#[test]
fn row_2_04_client_ids() {
    let host = host();
    for (value, code) in [
        (json!("<absent>"), "missing"),
        (Value::Null, "string_type"),
        (json!(7), "string_type"),
        (json!([CLIENT]), "string_type"),
        (json!("not a uuid"), "uuid_parsing"),
        (json!(""), "uuid_parsing"),
    ] {
        let answer = token(&host, &with(json!({ "client_id": value })));
        one_problem(&answer, json!(["body", "client_id"]), code);
    }
}

#[test]
fn row_2_05_spellings_of_a_uuid() {
    let host = host();
    assert_eq!(token(&host, &with(json!({ "client_id": CLIENT.to_uppercase() }))).status, 200);
    let plain = CLIENT.replace('-', "");
    for value in [format!("{{{CLIENT}}}"), plain, format!("urn:uuid:{CLIENT}"), format!(" {CLIENT}")] {
        let answer = token(&host, &with(json!({ "client_id": value })));
        one_problem(&answer, json!(["body", "client_id"]), "uuid_parsing");
    }
    let upper = with(json!({ "grant_type": "entity_user", "entity_user_id": USER.to_uppercase() }));
    assert_eq!(token(&host, &upper).status, 200);
}

#[test]
fn row_2_06_and_2_07_client_secrets() {
    let host = host();
    for (value, code) in
        [(json!("<absent>"), "missing"), (Value::Null, "string_type"), (json!(1), "string_type")]
    {
        let answer = token(&host, &with(json!({ "client_secret": value })));
        one_problem(&answer, json!(["body", "client_secret"]), code);
    }
    refused(&token(&host, &with(json!({ "client_secret": "" }))), 400);
    // 2.7: any text can be a secret.
    assert_eq!(token(&host, &with(json!({ "client_id": OTHER, "client_secret": OTHER_SECRET }))).status, 200);
}

#[test]
fn row_2_08_and_2_09_grant_types() {
    let host = host();
    for (value, code) in [
        (json!("<absent>"), "missing"),
        (Value::Null, "string_type"),
        (json!(1), "string_type"),
        (json!("password"), "enum"),
        (json!("CLIENT_CREDENTIALS"), "enum"),
        (json!("refresh_token"), "enum"),
        (json!(""), "enum"),
    ] {
        let answer = token(&host, &with(json!({ "grant_type": value })));
        one_problem(&answer, json!(["body", "grant_type"]), code);
    }
}

#[test]
fn every_wrong_field_is_reported_at_once() {
    let host = host();
    let answer = raw(&host, &[VERSION, JSON], r#"{"client_id":1,"grant_type":"x","entity_user_id":[]}"#);
    let found: Vec<(Value, String)> = problems(&answer);
    let expected = [
        (json!(["body", "client_id"]), "string_type".to_owned()),
        (json!(["body", "client_secret"]), "missing".to_owned()),
        (json!(["body", "grant_type"]), "enum".to_owned()),
        (json!(["body", "entity_user_id"]), "string_type".to_owned()),
    ];
    assert_eq!(found, expected);
}

#[test]
fn row_2_10_to_2_12_entity_users() {
    let host = host_with(policy().access_format(AccessFormat::Jwt), MoniteOptions::default());
    let ask =
        |user: Value| token(&host, &with(json!({ "grant_type": "entity_user", "entity_user_id": user })));
    let place = json!(["body", "entity_user_id"]);
    for user in [json!("<absent>"), Value::Null] {
        one_problem(&ask(user), place.clone(), "missing"); // 2.10
    }
    for user in [json!("z"), json!(""), json!(&USER[1..])] {
        one_problem(&ask(user), place.clone(), "uuid_parsing"); // 2.11
    }
    one_problem(&ask(json!(5)), place, "string_type"); // 2.11
    let unknown = refused(&ask(json!("00000000-0000-4000-8000-000000000000")), 400); // 2.12
    // Whether a user is refused, or of a refused entity, is not told apart from unknown.
    assert_eq!(refused(&ask(json!(USER_OFF)), 400), unknown);
    assert_eq!(refused(&ask(json!(USER_OF_DISABLED)), 400), unknown);
    // No version lists a 404.
    let old = with(json!({ "grant_type": "entity_user", "entity_user_id": USER_OFF }));
    assert_eq!(refused(&token_at(&host, OLD, &old), 400), unknown);

    let answer = ask(json!(USER));
    let claims = issuer(policy()).verifier().verify(&answer.text("access_token"), host.now()).unwrap();
    assert_eq!(claims.subject().as_deref(), Some(USER));
    assert_eq!(claims.claim::<String>("entity_id").unwrap().as_deref(), Some("ent_1"));
    assert_eq!(claims.claim::<String>("client_id").unwrap().as_deref(), Some(CLIENT));
}

#[test]
fn row_2_13_and_2_14_a_user_without_need() {
    let host = host();
    let known = token(&host, &with(json!({ "entity_user_id": USER })));
    let unknown = token(&host, &with(json!({ "entity_user_id": OTHER })));
    for answer in [known, unknown] {
        assert_eq!(answer.status, 200); // 2.13
        assert_eq!(answer.events[0].subject.as_deref(), Some(CLIENT), "the token is the client's own");
    }
    let answer = token(&host, &with(json!({ "entity_user_id": "z" })));
    one_problem(&answer, json!(["body", "entity_user_id"]), "uuid_parsing"); // 2.14
}

#[test]
fn row_2_15_and_2_16_wrong_credentials() {
    let host = host();
    host.run(directory::disable_client(OTHER, &host.context()));
    let wrong = [
        with(json!({ "client_id": "00000000-0000-4000-8000-000000000000" })),
        with(json!({ "client_secret": "wrong" })),
        with(json!({ "client_id": OTHER, "client_secret": OTHER_SECRET })),
    ];
    for (version, status) in
        [("2024-05-25", 400), ("2025-01-01", 400), ("2024-05-24", 401), ("2023-09-01", 401)]
    {
        let texts: Vec<String> = wrong
            .iter()
            .map(|body| {
                let answer = token_at(&host, ("x-monite-version", version), body);
                assert_eq!(answer.kinds(), [EventKind::TokenRefused]);
                refused(&answer, status) // 2.16: refused() looks for the word
            })
            .collect();
        assert!(texts.iter().all(|text| *text == texts[0]), "{texts:?}");
    }
}

#[test]
fn row_2_18_a_form_is_not_taken() {
    let host = host();
    let form = format!("client_id={CLIENT}&client_secret={SECRET}&grant_type=client_credentials");
    refused(
        &raw(&host, &[VERSION, ("content-type", "application/x-www-form-urlencoded")], form.clone()),
        415,
    );
    one_problem(&raw(&host, &[VERSION], form), json!(["body"]), "json_invalid");
}

#[test]
fn row_2_19_an_authorization_header_is_ignored() {
    let host = host();
    for value in ["Bearer whatever", "Basic !", "", "Bearer"] {
        let headers = [
            VERSION,
            JSON,
            ("authorization", value),
            ("x-monite-entity-id", "ent"),
            ("accept", "application/json"),
        ];
        assert_eq!(raw(&host, &headers, good().to_string()).status, 200);
    }
}

#[test]
fn row_2_20_too_many_requests() {
    let rate = Rate::new(1, Lifetime::from_seconds(10).unwrap(), 2).unwrap();
    let host = host_with(policy().client_rate(rate), MoniteOptions::default());
    for version in [VERSION, OLD] {
        host.wait(1000);
        assert_eq!(
            [token_at(&host, version, &good()).status, token_at(&host, version, &good()).status],
            [200, 200]
        );
        let answer = token_at(&host, version, &good());
        refused(&answer, 429);
        assert_eq!(answer.header("retry-after"), Some("10"));
        assert_eq!(answer.kinds(), [EventKind::LimitHit]);
        host.wait(9);
        assert_eq!(token_at(&host, version, &good()).header("retry-after"), Some("1"));
        host.wait(1);
        assert_eq!(token_at(&host, version, &good()).status, 200);
    }
}
