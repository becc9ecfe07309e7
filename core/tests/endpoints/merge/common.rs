//! Rows 0.1 to 0.16: what the four dialects have in common, as Merge renders it.

use http::Method;
use serde_json::json;
use tokenmint::{Command, Lifetime, MemoryStore, Permission, Rate, Reply, Store, StoreError};

use super::world::{KEY, LINK_TOKEN, World, policy, with};

fn with_headers(world: &World, headers: &[(&str, &str)]) -> super::world::Answer {
    world.call(Method::POST, LINK_TOKEN, headers, with(json!({})).to_string().as_bytes())
}

#[test]
fn row_0_1_to_0_4_authorization() {
    let world = World::new();
    world.add_key("may-do-other-things", "org_3", Permission::Sessions);
    let refused = |row: &str, headers: &[(&str, &str)]| {
        let answer = with_headers(&world, headers);
        answer.assert_detail(401);
        assert_eq!(answer.header("www-authenticate"), "Bearer", "{row}");
    };
    refused("0.1", &[]);
    for value in ["Basic a2V5", "Bearer", "Bearer ", "Bearer  "] {
        refused("0.2", &[("authorization", value)]);
    }
    for scheme in ["bearer", "BEARER", "Bearer"] {
        let value = format!("{scheme} {KEY}");
        assert_eq!(with_headers(&world, &[("authorization", &value)]).status, 200, "0.3 {scheme}");
    }
    let wrong_last = format!("Bearer {}X", &KEY[..KEY.len() - 1]);
    let prefix = format!("Bearer {}", &KEY[..KEY.len() - 1]);
    let blank = format!("Bearer {KEY} ");
    for value in [wrong_last, prefix, blank, format!("Bearer {KEY}x")] {
        refused("0.4", &[("authorization", &value)]);
    }
    refused("a key without this permission", &[("authorization", "Bearer may-do-other-things")]);
}

#[test]
fn row_0_5_and_0_15_what_is_no_json_object() {
    let world = World::new();
    for body in ["x", "{", "{\"categories\":", "[]", "\"text\"", "null", "1"] {
        world.post_text(LINK_TOKEN, body).assert_detail(400);
    }
    let bearer = format!("Bearer {KEY}");
    let headers = [("authorization", bearer.as_str())];
    world.call(Method::POST, LINK_TOKEN, &headers, b"{\"end_user_origin_id\":\"\xff\"}").assert_detail(400);
}

#[test]
fn row_0_6_and_0_7_an_empty_body_lacks_every_required_field() {
    let world = World::new();
    let required =
        ["categories", "end_user_email_address", "end_user_organization_name", "end_user_origin_id"];
    assert_eq!(world.post_text(LINK_TOKEN, "").wrong(), required);
    assert_eq!(world.post_text(LINK_TOKEN, " \n").wrong(), required);
    let bearer = format!("Bearer {KEY}");
    let answer = world.call(Method::POST, LINK_TOKEN, &[("authorization", &bearer)], b"");
    assert_eq!(answer.wrong(), required, "0.7: without a Content-Type");
}

#[test]
fn row_0_8_and_0_9_media_types() {
    let world = World::new();
    let bearer = format!("Bearer {KEY}");
    let of = |media_type: &str| {
        with_headers(&world, &[("authorization", bearer.as_str()), ("content-type", media_type)])
    };
    for good in ["application/json; charset=utf-8", "application/json", "Application/JSON"] {
        assert_eq!(of(good).status, 200, "0.8 {good}");
    }
    for bad in ["text/plain", "application/x-www-form-urlencoded", ""] {
        of(bad).assert_detail(415);
    }
    assert_eq!(with_headers(&world, &[("authorization", bearer.as_str())]).status, 200, "none is taken");
}

#[test]
fn row_0_10_and_0_11_other_members() {
    let world = World::new();
    assert_eq!(world.create(json!({ "unknown": 1, "link_expiry": null })).status, 200, "0.10");
    let twice = with(json!({})).to_string().replacen('{', "{\"categories\":[\"ats\"],", 1);
    world.post_text(LINK_TOKEN, &twice).assert_detail(400);
}

#[test]
fn row_0_12_methods() {
    let world = World::new();
    for (path, method, allow) in [
        (LINK_TOKEN, Method::GET, "POST"),
        (LINK_TOKEN, Method::PUT, "POST"),
        ("/api/link-token/redeem", Method::GET, "POST"),
        ("/api/hris/v1/account-token/x", Method::POST, "GET"),
        ("/api/hris/v1/account-token/x", Method::HEAD, "GET"),
        ("/api/hris/v1/account-token/regenerate", Method::DELETE, "GET, POST"),
    ] {
        // Route, then method, then the credential: none is needed to learn this.
        let answer = world.call(method, path, &[], b"");
        answer.assert_detail(405);
        assert_eq!(answer.header("allow"), allow, "{path}");
    }
}

#[test]
fn row_0_13_paths_are_exact() {
    let world = World::new();
    for path in [
        "/api/hris/v1/link-token/",
        "/api/hris/v1/link-token/x",
        "/api/hris/v1/account-token/",
        "/api/hris/v1/account-token",
        "/api//v1/link-token",
        "/api/hris/v2/link-token",
        "/api/link-token/redeem/",
        "/api",
        "/magic-link",
        "/magic-link/a/b",
    ] {
        world.post(path, &with(json!({}))).assert_detail(404);
    }
}

#[test]
fn row_0_14_large_and_deep_bodies() {
    let world = World::new();
    world.post_text(LINK_TOKEN, &" ".repeat(64 * 1024 + 1)).assert_detail(413);
    let deep = with(json!({})).to_string().replacen(
        '{',
        &format!("{{\"integration_specific_config\":{}{},", "[".repeat(20_000), "]".repeat(20_000)),
        1,
    );
    world.post_text(LINK_TOKEN, &deep).assert_detail(400);
    // The largest settings that are kept still fit one record.
    let config = |bytes: usize| json!({ "integration_specific_config": { "a": "x".repeat(bytes) } });
    assert_eq!(world.create(config(48 * 1024 - 100)).status, 200);
    world.create(config(48 * 1024)).assert_detail(413);
    let names = vec!["hris"; 8000];
    assert_eq!(world.create(json!({ "categories": names })).status, 200, "each category is kept once");
}

#[test]
fn row_0_16_every_answer_is_json_that_no_cache_keeps() {
    let world = World::new();
    let answers = [
        world.create(json!({})),
        world.create(json!({ "language": "fr" })),
        world.call(Method::POST, LINK_TOKEN, &[], b""),
        world.call(Method::GET, LINK_TOKEN, &[], b""),
        world.post("/api/bogus/v1/link-token", &json!({})),
        world.redeem("x", None, None),
    ];
    for answer in answers {
        assert_eq!(answer.header("content-type"), "application/json", "{}", answer.text);
        assert_eq!(answer.header("cache-control"), "no-store", "{}", answer.text);
    }
}

/// A store that cannot answer.
struct Away;

impl Store for Away {
    fn execute(&self, _: Command) -> Result<Reply, StoreError> {
        Err(StoreError::Unavailable)
    }
}

#[test]
fn row_4_41_limits_and_outages_say_when_to_come_back() {
    let world = World::with(policy().client_rate(Rate::new(1, Lifetime::MINUTE, 3).unwrap()));
    let tokens: Vec<String> = (0..3).map(|_| world.link(json!({}))).collect();
    assert!(tokens[0] != tokens[1] && tokens[1] != tokens[2], "a repeated request makes another link");
    let limited = world.create(json!({}));
    limited.assert_detail(429);
    assert_eq!(limited.header("retry-after"), "60");
    assert_eq!(world.at(60).create(json!({})).status, 200);

    let bearer = format!("Bearer {KEY}");
    let headers = [("authorization", bearer.as_str())];
    let body = with(json!({})).to_string();
    let away = world.call_on(&Away, Method::POST, LINK_TOKEN, &headers, body.as_bytes());
    away.assert_detail(503);
    assert_eq!(away.header("retry-after"), "1");
    let full = MemoryStore::with_capacity(0);
    let link = "a".repeat(40);
    let page = world.call_on(&Away, Method::GET, &format!("/magic-link/{link}"), &[], b"");
    assert_eq!((page.status, page.header("retry-after")), (503, "1"));
    let unknown = world.call_on(&full, Method::GET, &format!("/magic-link/{link}"), &[], b"");
    assert_eq!(unknown.status, 404);
}
