//! `GET /api/{category}/v1/account-token/{public_token}` and its sibling: rows 4.50 to 4.55.

use http::Method;
use serde_json::json;

use super::world::{Answer, KEY, OTHER_KEY, World};

#[test]
fn row_4_50_a_public_token_becomes_an_account_token() {
    let world = World::new();
    let answer = world.exchange("hris", &world.public_token("u1", "lever"), None);
    assert_eq!(answer.status, 200, "{}", answer.text);
    let json = answer.json();
    assert_eq!(answer.members(), ["account_token", "id", "integration"]);
    assert!(uuid::Uuid::parse_str(&answer.text_of("id")).is_ok());
    let integration = json!({ "name": "Lever <&\"'>", "slug": "lever", "categories": ["ats", "hris"] });
    assert_eq!(json["integration"], integration);
    assert_eq!(answer.header("cache-control"), "no-store");

    // Older SDKs fail on a category that is not in their enumeration.
    let link = world.link(json!({ "categories": ["chat"], "integration": "slack" }));
    let public = world.redeem(&link, None, None).text_of("public_token");
    let answer = world.exchange("chat", &public, None);
    assert_eq!(answer.json()["integration"]["categories"], json!(["ticketing"]));
}

#[test]
fn row_4_51_and_4_52_whatever_is_wrong_there_is_one_answer() {
    let world = World::new();
    let fresh = || world.public_token("u1", "bamboohr");
    let used = fresh();
    assert_eq!(world.exchange("hris", &used, None).status, 200);
    let (other, over) = (fresh(), fresh());
    let mut typo = fresh();
    typo.replace_range(5..6, if &typo[5..6] == "A" { "B" } else { "A" });

    let unknown = world.exchange("hris", "unknown", None);
    unknown.assert_detail(404);
    let one = |answer: Answer| assert_eq!((answer.status, &answer.text), (404, &unknown.text));
    one(world.exchange("hris", &used, None));
    one(world.exchange("hris", &typo, None));
    one(world.exchange("crm", &other, None));
    one(world.exchange("ats", &other, None));
    one(world.exchange_by(OTHER_KEY, "hris", &other, None));
    assert_eq!(world.at(3599).exchange("hris", &other, None).status, 200, "none of these used it up");
    one(world.at(3600).exchange("hris", &over, None));
}

#[test]
fn row_4_52_a_link_of_two_categories_gives_one_account_token() {
    let world = World::new();
    let public = world.public_token("u1", "lever");
    assert_eq!(world.exchange("ats", &public, None).status, 200);
    world.exchange("hris", &public, None).assert_detail(404);
}

#[test]
fn row_4_53_percent_signs_are_decoded() {
    let world = World::new();
    let public = world.public_token("u1", "bamboohr");
    let encoded: String = public.bytes().map(|byte| format!("%{byte:02X}")).collect();
    assert_eq!(world.exchange("hris", &encoded, None).status, 200);
    world.exchange("hris", "%zz", None).assert_detail(404);
}

#[test]
fn row_4_54_wrong_key() {
    let world = World::new();
    let public = world.public_token("u1", "bamboohr");
    world.exchange_by("wrong", "hris", &public, None).assert_detail(401);
    world.call(Method::GET, &format!("/api/hris/v1/account-token/{public}"), &[], b"").assert_detail(401);
    assert_eq!(world.exchange("hris", &public, None).status, 200, "nobody else used it up");
}

#[test]
fn the_same_idempotency_key_gets_the_same_account_token() {
    let world = World::new();
    let public = world.public_token("u1", "bamboohr");
    let first = world.exchange("hris", &public, Some("key 1"));
    assert_eq!(first.status, 200);
    let again = world.at(10).exchange("hris", &public, Some("key 1"));
    assert_eq!((again.status, again.text), (200, first.text));
    world.exchange("hris", &public, Some("key 2")).assert_detail(404);
    world.at(11).exchange("hris", &public, Some("key 1")).assert_detail(404);
}

fn regenerate(world: &World, bearer: &str, category: &str, token: Option<&str>) -> Answer {
    let bearer = format!("Bearer {bearer}");
    let mut headers = vec![("authorization", bearer.as_str())];
    headers.extend(token.map(|token| ("x-account-token", token)));
    world.call(Method::POST, &format!("/api/{category}/v1/account-token/regenerate"), &headers, b"")
}

#[test]
fn row_4_55_regenerate_is_a_public_token_for_a_get_and_the_sibling_for_a_post() {
    let world = World::new();
    world.exchange("hris", "regenerate", None).assert_detail(404);

    let account = world.exchange("hris", &world.public_token("u1", "bamboohr"), None);
    let old = account.text_of("account_token");
    let answer = regenerate(&world, KEY, "hris", Some(&old));
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.members(), ["account_token", "linked_account_id"]);
    assert_eq!(answer.text_of("linked_account_id"), account.text_of("id"));
    let new = answer.text_of("account_token");
    assert_ne!(new, old);

    // Its answer may have been lost: the old one gets the same successor for a while, and is then dead.
    assert_eq!(regenerate(world.at(10), KEY, "hris", Some(&old)).text_of("account_token"), new);
    regenerate(world.at(11), KEY, "hris", Some(&old)).assert_detail(401);
    assert_eq!(regenerate(&world, KEY, "hris", Some(&new)).status, 200);
}

#[test]
fn regenerate_needs_the_key_and_the_token_of_one_account() {
    let world = World::new();
    let token = world.exchange("hris", &world.public_token("u1", "bamboohr"), None).text_of("account_token");
    regenerate(&world, KEY, "hris", None).assert_detail(401);
    regenerate(&world, KEY, "hris", Some("")).assert_detail(401);
    regenerate(&world, KEY, "hris", Some(&token[1..])).assert_detail(401);
    regenerate(&world, KEY, "ats", Some(&token)).assert_detail(401);
    regenerate(&world, OTHER_KEY, "hris", Some(&token)).assert_detail(401);
    regenerate(&world, "wrong", "hris", Some(&token)).assert_detail(401);
    regenerate(&world, "wrong", "hris", None).assert_detail(401);
    assert_eq!(regenerate(&world, KEY, "hris", Some(&token)).status, 200);
}

fn delete(world: &World, bearer: &str, category: &str, token: Option<&str>) -> Answer {
    let bearer = format!("Bearer {bearer}");
    let mut headers = vec![("authorization", bearer.as_str())];
    headers.extend(token.map(|token| ("x-account-token", token)));
    world.call(Method::POST, &format!("/api/{category}/v1/delete-account"), &headers, b"")
}

#[test]
fn an_account_is_deleted_with_its_token() {
    let world = World::new();
    let account = world.exchange("hris", &world.public_token("u1", "bamboohr"), None);
    let token = account.text_of("account_token");
    delete(&world, KEY, "hris", None).assert_detail(401);
    delete(&world, "wrong", "hris", Some(&token)).assert_detail(401);
    delete(&world, OTHER_KEY, "hris", Some(&token)).assert_detail(401);
    delete(&world, KEY, "ats", Some(&token)).assert_detail(401);
    let answer = world.call(Method::GET, "/api/hris/v1/delete-account", &[], b"");
    assert_eq!((answer.status, answer.header("allow")), (405, "POST"));

    for at in [0, 3599] {
        let answer = delete(world.at(at), KEY, "hris", Some(&token));
        assert_eq!((answer.status, answer.text.as_str()), (200, ""));
        assert_eq!(answer.header("cache-control"), "no-store");
    }
    regenerate(&world, KEY, "hris", Some(&token)).assert_detail(401);

    let again = world.exchange("hris", &world.public_token("u1", "bamboohr"), None);
    assert_eq!(again.text_of("id"), account.text_of("id"));
    assert_ne!(again.text_of("account_token"), token);
    delete(&world, KEY, "hris", Some(&token)).assert_detail(401);
}
