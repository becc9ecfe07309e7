//! Ledger Enterprise: sessions (seed 2).

use serde_json::{Value, json};

use super::*;

fn credentials() -> Value {
    json!({ "api_key_id": API_KEY, "api_key_secret": API_KEY_SECRET })
}

/// Seed 2: the five fields.
fn pair(answer: &Answer) -> Value {
    let body = answer.json(200);
    assert_eq!((&body["expires_in"], &body["token_type"]), (&300.into(), &"Bearer".into()));
    for field in ["access_token", "refresh_token", "session_state"] {
        text(&body[field]);
    }
    body
}

#[test]
fn a_session_with_and_without_its_headers() {
    let server = Server::demo();
    pair(&post(&server, "/auth/token", &credentials()).send());
    pair(&post(&server, "/auth/token", &credentials()).header("X-Ledger-API-Key", "YOUR_API_KEY").send());
    let with = post(&server, "/auth/token", &credentials()).header("X-Ledger-Workspace", "minivault").send();
    let body = pair(&with);
    // The access token verifies with the published key alone.
    let keys = tokenmint::KeySet::from_jwks(&server.get("/.well-known/jwks.json").body).unwrap();
    let token = text(&body["access_token"]);
    let seconds = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let now = tokenmint::UnixTime::from_seconds(i64::try_from(seconds).unwrap());
    let verifier = tokenmint::Verifier::new(keys).issuer("https://tokenmint.example/ledger").any_audience();
    verifier.verify(&token, now).unwrap();
    assert_eq!(header(&token)["alg"], "RS256");
    let claims = claims(&token);
    assert_eq!(lives(&claims), 300);
    assert_eq!((&claims["sid"], &claims["session_state"]), (&body["session_state"], &body["session_state"]));
    assert_eq!((&claims["typ"], &claims["workspace"]), (&"Bearer".into(), &"minivault".into()));
}

#[test]
fn refresh_rotates_within_the_session() {
    let server = Server::demo();
    let first = pair(&post(&server, "/auth/token", &credentials()).send());
    let refresh = |body: &Value| {
        post(&server, "/auth/token/refresh", &json!({ "refresh_token": body["refresh_token"] })).send()
    };
    let second = pair(&refresh(&first));
    assert_eq!(second["session_state"], first["session_state"]);
    assert_ne!(second["refresh_token"], first["refresh_token"]);
    // A lost answer can be asked for again; a token from before that ends the session for whoever holds it.
    assert_eq!(pair(&refresh(&first))["refresh_token"], second["refresh_token"]);
    let third = pair(&refresh(&second));
    refresh(&first).json(401);
    refresh(&third).json(401);
}

#[test]
fn what_is_wrong_is_a_401_or_400() {
    let server = Server::demo();
    let refused = |path: &str, body: Value, allowed: &[u16]| {
        let answer = post(&server, path, &body).send();
        assert!(allowed.contains(&answer.status), "{answer:?}");
        let body = answer.json(answer.status);
        assert!(body["message"].is_string() && body["name"].is_string(), "{body}");
        assert_eq!(body["status_code"], answer.status);
    };
    refused("/auth/token", json!({ "api_key_id": API_KEY, "api_key_secret": "wrong" }), &[401]);
    refused("/auth/token", json!({ "api_key_id": "wrong", "api_key_secret": API_KEY_SECRET }), &[401]);
    refused("/auth/token", json!({ "apiKeyId": API_KEY }), &[400, 401]);
    refused("/auth/token/refresh", json!({ "refresh_token": "garbage" }), &[401]);
    refused("/auth/token/refresh", json!({}), &[400, 401]);
}
