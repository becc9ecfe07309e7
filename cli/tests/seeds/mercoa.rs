//! Mercoa: tokens for entities, users and groups (seed 0).

use serde_json::{Value, json};

use super::*;

fn token(server: &Server, path: &str, body: &Value) -> String {
    let token = post(server, path, body).bearer(MERCOA_KEY).send().json(200);
    text(&token)
}

/// Seed 0: the answer is one JSON string that holds a JWT with HS256.
#[test]
fn the_four_kinds_of_token() {
    let server = Server::demo();
    let body = json!({ "expiresIn": "1h" });
    for (path, named) in [
        (format!("/entity/{ENTITY}/token"), vec![("entityId", ENTITY)]),
        ("/entity/MY-DB-ENTITY-1/token".to_owned(), vec![("entityId", ENTITY)]),
        (format!("/entity/{ENTITY}/user/{USER}/token"), vec![("entityId", ENTITY), ("userId", USER)]),
        (format!("/entity/{ENTITY}/user/{FOREIGN_USER}/token"), vec![("entityId", ENTITY), ("userId", USER)]),
        (format!("/entityGroup/{GROUP}/token"), vec![("entityGroupId", GROUP)]),
        (
            format!("/entityGroup/{GROUP}/user/{FOREIGN_USER}/token"),
            vec![("entityGroupId", GROUP), ("userId", USER)],
        ),
    ] {
        let token = token(&server, &path, &body);
        assert_eq!((&header(&token)["alg"], &header(&token)["typ"]), (&"HS256".into(), &"JWT".into()));
        let claims = claims(&token);
        assert_eq!(lives(&claims), 3600, "{path}");
        assert_eq!(claims["organizationId"], "org_demo", "{path}");
        assert!(claims["options"].is_object(), "{path}: {claims}");
        for (name, value) in named {
            assert_eq!(claims[name], value, "{path}: {claims}");
        }
    }
}

#[test]
fn no_body_means_all_defaults_and_options_come_back() {
    let server = Server::demo();
    let path = format!("/entity/{ENTITY}/token");
    let empty = server.request("POST", &path).bearer(MERCOA_KEY).send();
    assert_eq!(lives(&claims(&text(&empty.json(200)))), 3600);
    for (expires_in, seconds) in [("12hr", 43_200), ("7 days", 604_800), ("3600", 3600), ("1y", 31_557_600)] {
        let token = token(&server, &path, &json!({ "expiresIn": expires_in }));
        assert_eq!(lives(&claims(&token)), seconds, "{expires_in}");
    }
    let options = json!({
        "invoice": { "status": ["DRAFT", "NEW"], "lineItems": "OPTIONAL", "recurring": true },
        "pages": { "paymentMethods": true }, "style": { "primaryColor": "#1A73E8" },
        "vendors": { "network": "entity", "disableCreation": false },
        "entity": { "enableMercoaPayments": true }, "sessionId": "session_123",
    });
    let claims = claims(&token(&server, &path, &options));
    for (name, value) in options.as_object().unwrap() {
        assert_eq!(claims["options"][name], *value, "{claims}");
    }
}

#[test]
fn what_is_wrong_is_named() {
    let server = Server::demo();
    let path = format!("/entity/{ENTITY}/token");
    let ask = |path: &str, body: Value| post(&server, path, &body);
    let error = |answer: Answer, status: u16, name: &str| {
        let body = answer.json(status);
        assert_eq!(body["errorName"], name);
        text(&body["content"])
    };
    error(ask(&path, json!({})).send(), 401, "Unauthorized");
    error(ask(&path, json!({})).bearer("wrong").send(), 401, "Unauthorized");
    // Its permission is links only; a 403 is listed, too.
    let other = ask(&path, json!({})).bearer(MERGE_KEY).send();
    assert!(matches!(other.status, 401 | 403), "{other:?}");
    error(ask("/entity/ent_unknown/token", json!({})).bearer(MERCOA_KEY).send(), 404, "NotFound");
    for (body, field) in [
        (json!({ "expiresIn": "soon" }), "expiresIn"),
        (json!({ "invoice": {} }), "invoice.status"),
        (json!({ "style": {} }), "style.primaryColor"),
        (json!({ "vendors": { "network": "ALL" } }), "vendors.network"),
    ] {
        let content = error(ask(&path, body).bearer(MERCOA_KEY).send(), 400, "BadRequest");
        assert!(content.contains(field), "{content}");
    }
}

#[test]
fn a_session_and_then_all_tokens_end() {
    let server = Server::demo();
    let path = format!("/entity/{ENTITY}/token");
    let plain = token(&server, &path, &json!({}));
    let session = token(&server, &path, &json!({ "sessionId": "session_123" }));
    assert!(is_active(&server, MERCOA_KEY, &plain) && is_active(&server, MERCOA_KEY, &session));
    let end = |body: Option<Value>| {
        let request = server.request("POST", "/organization/invalidateTokens").bearer(MERCOA_KEY);
        let answer = match body {
            Some(body) => request.json(&body).send(),
            None => request.send(),
        };
        // No body of a success is used; any 2xx is one.
        assert!((200..300).contains(&answer.status), "{answer:?}");
    };
    end(Some(json!({ "sessionId": ["session_123"] })));
    assert!(is_active(&server, MERCOA_KEY, &plain) && !is_active(&server, MERCOA_KEY, &session));
    end(None);
    assert!(!is_active(&server, MERCOA_KEY, &plain));
    // The API key lives on, and so does what it makes from now on.
    assert!(is_active(&server, MERCOA_KEY, &token(&server, &path, &json!({}))));
}
