//! Merge: links (seed 3).

use serde_json::{Value, json};

use super::*;

fn details() -> Value {
    json!({
        "end_user_email_address": "example@gmail.com", "end_user_organization_name": "Test Organization",
        "end_user_origin_id": "12345", "categories": ["hris", "ats"],
    })
}

fn link(server: &Server, body: &Value) -> Value {
    let body = post(server, "/api/hris/v1/link-token", body).bearer(MERGE_KEY).send().json(200);
    text(&body["link_token"]);
    body
}

fn redeem(server: &Server, body: &Value) -> Answer {
    post(server, "/api/link-token/redeem", body).send()
}

/// Seed 3's request, and the fields of its answer that are asked for.
#[test]
fn a_link_token() {
    let server = Server::demo();
    link(&server, &details());
    let mut body = details();
    body["integration"] = "lever".into();
    assert_eq!(link(&server, &body)["integration_name"], "Lever");
    for category in ["ats", "accounting", "ticketing", "crm", "mktg", "filestorage"] {
        let path = format!("/api/{category}/v1/link-token");
        text(&post(&server, &path, &details()).bearer(MERGE_KEY).send().json(200)["link_token"]);
    }
}

#[test]
fn from_the_link_to_the_account_token() {
    let server = Server::demo();
    let link = link(&server, &details())["link_token"].clone();
    let redeemed = redeem(&server, &json!({ "link_token": link, "integration": "bamboohr" })).json(200);
    let public = text(&redeemed["public_token"]);
    // It dies after a single use.
    let again = redeem(&server, &json!({ "link_token": link, "integration": "lever" }));
    assert!((400..500).contains(&again.status), "{again:?}");

    let exchange = |path: &str| server.request("GET", path).bearer(MERGE_KEY).send();
    let path = format!("/api/hris/v1/account-token/{public}");
    let account = exchange(&path).json(200);
    assert_eq!(account["integration"]["name"], "BambooHR");
    text(&account["id"]);
    let old = text(&account["account_token"]);

    let regenerate = |token: &str| {
        let request = server.request("POST", "/api/hris/v1/account-token/regenerate");
        request.bearer(MERGE_KEY).header("X-Account-Token", token).send()
    };
    let new = regenerate(&old).json(200);
    assert_eq!(new["linked_account_id"], account["id"]);
    assert_ne!(text(&new["account_token"]), old);
    let unknown = exchange("/api/hris/v1/account-token/unknown");
    assert!(matches!(unknown.status, 400 | 404), "{unknown:?}");
}

#[test]
fn looking_at_a_magic_link_does_not_use_it_up() {
    let server = Server::demo();
    let mut body = details();
    body["integration"] = "lever".into();
    body["should_create_magic_link_url"] = true.into();
    body["link_expiry_mins"] = 10_080.into();
    let link = link(&server, &body);
    let url = text(&link["magic_link_url"]);
    let path = url.strip_prefix(&server.base).unwrap_or_else(|| panic!("{url} is not at {}", server.base));
    for method in ["GET", "HEAD", "GET"] {
        let page = server.request(method, path).send();
        assert_eq!(page.status, 200, "{page:?}");
        assert!(page.header("content-type").unwrap().starts_with("text/html"));
        assert!(page.header("cache-control").unwrap().contains("no-store"));
    }
    text(&redeem(&server, &json!({ "link_token": link["link_token"] })).json(200)["public_token"]);
}

#[test]
fn what_is_wrong_is_named() {
    let server = Server::demo();
    let ask = |body: &Value| post(&server, "/api/hris/v1/link-token", body);
    text(&ask(&details()).send().json(401)["detail"]);
    text(&ask(&details()).bearer("wrong").send().json(401)["detail"]);
    let all = ask(&json!({})).bearer(MERGE_KEY).send().json(400);
    for field in details().as_object().unwrap().keys() {
        text(&all[field][0]);
    }
    for (field, value) in [
        ("end_user_origin_id", json!("")),
        ("categories", json!(["bogus"])),
        ("language", json!("fr")),
        ("link_expiry_mins", json!(721)),
        ("integration", json!("unknown")),
    ] {
        let mut body = details();
        body[field] = value;
        // A list inside a list may be told by item.
        assert!(ask(&body).bearer(MERGE_KEY).send().json(400).get(field).is_some(), "{field}");
    }
    assert_eq!(post(&server, "/api/bogus/v1/link-token", &details()).bearer(MERGE_KEY).send().status, 404);
    assert!((400..500).contains(&redeem(&server, &json!({ "link_token": "unknown" })).status));
}
