//! What a link token is afterwards: rows 4.17 and 4.35 to 4.40.

use http::Method;
use serde_json::json;
use tokenmint::Lifetime;
use tokenmint::dialect::merge::LinkView;

use super::world::{KEY, LINK_TOKEN, NOW, World, policy, with};

fn ends_after(world: &World, extra: serde_json::Value) -> bool {
    let minutes = extra.get("link_expiry_mins").and_then(serde_json::Value::as_i64).unwrap_or(30);
    let link = world.at(0).link(extra.clone());
    let in_time = world.at(minutes * 60 - 1).call(Method::GET, &format!("/magic-link/{link}"), &[], b"");
    let too_late = world.at(minutes * 60).call(Method::GET, &format!("/magic-link/{link}"), &[], b"");
    in_time.status == 200 && too_late.status == 410
}

#[test]
fn row_4_17_and_4_37_a_link_ends_to_the_second() {
    let world = World::new();
    assert!(ends_after(&world, json!({})), "4.17: 30 minutes by default");
    assert!(ends_after(&world, json!({ "link_expiry_mins": 720 })));
    assert!(ends_after(&world, json!({ "link_expiry_mins": 10080, "should_create_magic_link_url": true })));

    let (first, second) = (world.at(0).link(json!({})), world.link(json!({})));
    assert_eq!(world.at(30 * 60 - 1).redeem(&first, Some("bamboohr"), None).status, 200);
    world.at(30 * 60).redeem(&second, Some("bamboohr"), None).assert_detail(400);
}

#[test]
fn row_4_17_the_policy_may_allow_less() {
    let world = World::with(policy().max_lifetime(Lifetime::HOUR));
    assert_eq!(world.create(json!({ "link_expiry_mins": 60 })).status, 200);
    assert_eq!(world.create(json!({ "link_expiry_mins": 61 })).wrong(), ["link_expiry_mins"]);
}

#[test]
fn the_front_end_finds_what_it_needs() {
    let world = World::new();
    let link = world.link(json!({
        "end_user_origin_id": "u 1",
        "categories": ["ats", "hris", "ats"],
        "integration": "lever",
        "language": "de",
        "are_syncs_disabled": true,
        "common_models": null,
        "integration_specific_config": { "domain": "example" },
        "unknown": 1,
    }));
    let keys = tokenmint::KeySet::builder().hmac("k1", [7; 32].as_slice()).unwrap().build().unwrap();
    let issuer = tokenmint::Issuer::new(keys, policy()).unwrap();
    let LinkView { details, expires_at } =
        issuer.peek_link(&link, &world.context()).run(&world.store).result.unwrap();
    assert_eq!(expires_at.seconds(), NOW + 1800);
    assert_eq!(details.origin_id, "u 1");
    assert_eq!(details.end_user_email, "example@gmail.com");
    assert_eq!(details.end_user_organization, "Test Organization");
    assert_eq!(details.categories, ["ats", "hris"]);
    assert_eq!(details.integration.as_deref(), Some("lever"));
    let settings = json!({
        "language": "de",
        "are_syncs_disabled": true,
        "integration_specific_config": { "domain": "example" },
    });
    assert_eq!(serde_json::to_value(details.settings).unwrap(), settings);
}

#[test]
fn row_4_35_an_origin_id_seen_before_is_a_relink() {
    let world = World::new();
    let account = |origin_id: &str, integration: &str| {
        let public = world.public_token(origin_id, integration);
        let answer = world.exchange("hris", &public, None);
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer
    };
    let first = account("u1", "bamboohr");
    let again = account("u1", "lever");
    assert_eq!(first.text_of("id"), again.text_of("id"));
    assert_eq!(first.text_of("account_token"), again.text_of("account_token"));
    assert_eq!(again.json()["integration"]["slug"], "lever");
    assert_ne!(account("u2", "bamboohr").text_of("id"), first.text_of("id"));
    let other_name = json!({ "end_user_origin_id": "u1", "end_user_organization_name": "Another" });
    assert_eq!(world.create(other_name).status, 200);
}

#[test]
fn row_4_36_a_link_token_is_good_once() {
    let world = World::new();
    let link = world.link(json!({ "integration": "bamboohr" }));
    assert_eq!(world.redeem(&link, None, None).status, 200);
    world.redeem(&link, None, None).assert_detail(400);
}

#[test]
fn row_4_38_to_4_40_headers_and_status() {
    let world = World::new();
    let body = with(json!({})).to_string();
    let wrong = [("authorization", "Bearer wrong")];
    world.call(Method::POST, LINK_TOKEN, &wrong, body.as_bytes()).assert_detail(401);
    // Whoever has no key learns nothing about fields.
    world.call(Method::POST, LINK_TOKEN, &wrong, b"{}").assert_detail(401);
    let bearer = format!("Bearer {KEY}");
    let headers = [("authorization", bearer.as_str()), ("x-account-token", "anything")];
    let answer = world.call(Method::POST, LINK_TOKEN, &headers, body.as_bytes());
    assert_eq!(answer.status, 200, "4.39 and 4.40");
}
