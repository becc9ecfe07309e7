//! Monite: access tokens and their revocation (seed 1).

use serde_json::{Value, json};

use super::*;

fn ask(server: &Server, path: &str, body: &Value) -> Request {
    post(server, path, body).header("x-monite-version", "2024-05-25")
}

fn credentials(grant: &str) -> Value {
    json!({ "client_id": CLIENT, "client_secret": CLIENT_SECRET, "grant_type": grant })
}

/// Seed 1: three fields, an opaque token, a day.
fn token(server: &Server, body: &Value) -> String {
    let body = ask(server, "/v1/auth/token", body).send().json(200);
    assert_eq!((&body["expires_in"], &body["token_type"]), (&86_400.into(), &"Bearer".into()));
    text(&body["access_token"])
}

#[test]
fn both_grants() {
    let server = Server::demo();
    let partner = token(&server, &credentials("client_credentials"));
    let mut body = credentials("entity_user");
    body["entity_user_id"] = ENTITY_USER.into();
    let user = token(&server, &body);
    assert!(!partner.contains('.') && !user.contains('.') && partner != user);
}

#[test]
fn what_is_wrong_is_named() {
    let server = Server::demo();
    let wrong = |body: Value| ask(&server, "/v1/auth/token", &body).send();
    let mut secret = credentials("client_credentials");
    secret["client_secret"] = "wrong".into();
    text(&wrong(secret).json(400)["error"]["message"]);
    let mut unknown = credentials("entity_user");
    unknown["entity_user_id"] = CLIENT.into();
    text(&wrong(unknown).json(400)["error"]["message"]);
    for (body, field) in [
        (json!({ "client_id": "x", "client_secret": "y", "grant_type": "client_credentials" }), "client_id"),
        (credentials("password"), "grant_type"),
    ] {
        let detail = wrong(body).json(422)["detail"].clone();
        assert_eq!(detail[0]["loc"], json!(["body", field]));
        assert!(detail[0]["msg"].is_string() && detail[0]["type"].is_string());
    }
    let versionless = post(&server, "/v1/auth/token", &credentials("client_credentials")).send();
    assert_eq!(versionless.json(422)["detail"][0]["loc"], json!(["header", "x-monite-version"]));
}

#[test]
fn a_revoked_token_is_dead_at_once() {
    let server = Server::demo();
    let token = token(&server, &credentials("client_credentials"));
    let pair = base64_simd::STANDARD.encode_to_string(format!("{CLIENT}:{CLIENT_SECRET}"));
    let active = || {
        let request = server.request("POST", "/introspect").form(&format!("token={token}"));
        request.header("Authorization", &format!("Basic {pair}")).send().json(200)
    };
    let alive = active();
    assert_eq!((&alive["active"], &alive["client_id"]), (&true.into(), &CLIENT.into()));
    let body = json!({ "client_id": CLIENT, "client_secret": CLIENT_SECRET, "token": token });
    ask(&server, "/v1/auth/revoke", &body).send().json(401);
    let answer = ask(&server, "/v1/auth/revoke", &body).bearer(&token).send();
    text(&answer.json(200)["message"]);
    assert_eq!(active(), json!({ "active": false }));
}
