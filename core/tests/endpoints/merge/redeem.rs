//! `POST /api/link-token/redeem`.

use serde_json::json;

use super::world::World;

#[test]
fn the_integration_is_the_links_own_or_a_choice_within_its_categories() {
    let world = World::new();
    let open = || world.link(json!({ "categories": ["hris"] }));
    let wrong = |link: &str, integration: Option<&str>| {
        let answer = world.redeem(link, integration, None);
        assert_eq!(answer.wrong(), ["integration"], "{integration:?}");
        assert!(answer.json()["integration"][0].is_string());
        // A wrong choice does not use the link up.
        assert_eq!(world.redeem(link, Some("bamboohr"), None).status, 200);
    };
    for integration in [None, Some(""), Some("nobody"), Some("slack")] {
        wrong(&open(), integration);
    }
    let own = || world.link(json!({ "integration": "bamboohr" }));
    wrong(&own(), Some("lever"));
    assert_eq!(world.redeem(&own(), None, None).status, 200);
    assert_eq!(world.redeem(&own(), Some("bamboohr"), None).status, 200);
}

#[test]
fn fields_are_checked() {
    let world = World::new();
    let post = |body: serde_json::Value| world.post("/api/link-token/redeem", &body);
    assert_eq!(post(json!({})).wrong(), ["link_token"]);
    assert_eq!(post(json!({ "link_token": 1, "integration": 2 })).wrong(), ["integration", "link_token"]);
    assert_eq!(world.post_text("/api/link-token/redeem", "").wrong(), ["link_token"]);
    let link = world.link(json!({ "integration": "bamboohr" }));
    assert_eq!(post(json!({ "link_token": link, "integration": null })).status, 200, "null is none");
}

#[test]
fn an_unknown_link_is_not_found_and_a_used_one_is_refused() {
    let world = World::new();
    for token in ["", "x", &"a".repeat(40), &"é".repeat(20)] {
        world.redeem(token, Some("bamboohr"), None).assert_detail(404);
    }
    let link = world.link(json!({}));
    assert_eq!(world.redeem(&link, Some("bamboohr"), None).status, 200);
    for integration in [None, Some("bamboohr"), Some("nobody")] {
        // That it was used comes before what is wrong with the choice.
        world.redeem(&link, integration, None).assert_detail(400);
    }
}

#[test]
fn the_same_idempotency_key_gets_the_same_answer_within_the_window() {
    let world = World::new();
    let link = world.link(json!({}));
    let first = world.redeem(&link, Some("bamboohr"), Some("key 1"));
    assert_eq!(first.status, 200);
    let again = world.at(10).redeem(&link, Some("bamboohr"), Some("key 1"));
    assert_eq!((again.status, again.text), (200, first.text));
    world.redeem(&link, Some("bamboohr"), Some("key 2")).assert_detail(400);
    world.redeem(&link, Some("lever"), Some("key 1")).assert_detail(400);
    world.redeem(&link, Some("bamboohr"), None).assert_detail(400);
    world.at(11).redeem(&link, Some("bamboohr"), Some("key 1")).assert_detail(400);

    let link = world.link(json!({}));
    assert_eq!(world.redeem(&link, Some("bamboohr"), Some("")).status, 200);
    world.redeem(&link, Some("bamboohr"), Some("")).assert_detail(400);
}
