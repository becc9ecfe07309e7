//! The page behind a magic link.

use http::Method;
use serde_json::json;
use sha2::Digest;
use tokenmint::dialect::merge::{Merge, MergeOptions};
use tokenmint::endpoint::Endpoint;
use tokenmint::{ErrorCode, Issuer, KeySet};

use super::world::{Answer, World, policy};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

fn get(world: &World, link: &str) -> Answer {
    world.call(Method::GET, &format!("/magic-link/{link}"), &[], b"")
}

fn press(world: &World, link: &str, form: &str) -> Answer {
    world.call(Method::POST, &format!("/magic-link/{link}"), &[FORM], form.as_bytes())
}

/// The value of the hidden field that tells one visit from another.
fn key_in(page: &Answer) -> String {
    let rest = page.text.split("name=\"key\" value=\"").nth(1).unwrap();
    rest.split('"').next().unwrap().to_owned()
}

/// The public token on the page that says it is done.
fn public_token_in(page: &Answer) -> String {
    let rest = page.text.split("<code>").nth(1).unwrap_or_else(|| panic!("{}", page.text));
    rest.split('<').next().unwrap().to_owned()
}

#[track_caller]
fn assert_page(answer: &Answer, status: u16) {
    assert_eq!(answer.status, status, "{}", answer.text);
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("referrer-policy"), "no-referrer");
    assert_eq!(answer.header("x-robots-tag"), "noindex");
    let policy = answer.header("content-security-policy");
    for rule in ["default-src 'none'", "style-src 'sha256-", "form-action 'self'", "frame-ancestors 'none'"] {
        assert!(policy.contains(rule), "{policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    // The hash is that of the one style on the page (CSP Level 3 section 6.7.3.3).
    if let Some(style) = answer.text.split("<style>").nth(1) {
        let digest = sha2::Sha256::digest(style.split("</style>").next().unwrap());
        let hash = base64_simd::STANDARD.encode_to_string(digest);
        assert!(policy.contains(&format!("'sha256-{hash}'")), "{policy}");
    }
}

#[test]
fn a_look_never_consumes_and_the_button_does_once() {
    let world = World::new();
    let link = world.link(json!({ "integration": "bamboohr", "should_create_magic_link_url": true }));
    for _ in 0..3 {
        let page = get(&world, &link);
        assert_page(&page, 200);
        assert!(page.text.contains("<form method=\"post\">") && page.text.contains("<button>"));
        assert!(page.text.contains("BambooHR") && page.text.contains("Test Organization"));
        assert!(!page.text.contains("<script") && !page.text.contains("<select"));
        let head = world.call(Method::HEAD, &format!("/magic-link/{link}"), &[], b"");
        assert_page(&head, 200);
        assert!(head.text.is_empty());
    }
    let key = key_in(&get(&world, &link));
    let done = press(&world, &link, &format!("key={key}"));
    assert_page(&done, 200);
    assert_eq!(world.exchange("hris", &public_token_in(&done), None).status, 200);

    // A second press on the same page is a retry; a press on another page is not.
    let again = press(&world, &link, &format!("key={key}"));
    assert_eq!(public_token_in(&again), public_token_in(&done));
    for form in ["key=other", ""] {
        let used = press(&world, &link, form);
        assert_page(&used, 410);
        assert!(used.text.contains("used") && !used.text.contains("expired"));
    }
    let used = get(&world, &link);
    assert_page(&used, 410);
    assert!(used.text.contains("used") && !used.text.contains("expired"));
}

#[test]
fn the_integration_can_be_chosen_without_javascript() {
    let world = World::new();
    let link = world.link(json!({ "categories": ["hris"] }));
    let page = get(&world, &link);
    assert!(page.text.contains("<select name=\"integration\" required>"));
    assert!(page.text.contains("<option value=\"bamboohr\">BambooHR</option>"));
    assert!(page.text.contains("<option value=\"lever\">Lever &lt;&amp;&quot;&#39;&gt;</option>"));
    assert!(!page.text.contains("slack"), "it is in no category of the link");
    for form in ["key=a", "key=a&integration=", "key=a&integration=nobody", "key=a&integration=slack"] {
        let page = press(&world, &link, form);
        assert_page(&page, 400);
        assert!(page.text.contains("<select"), "the choice is offered again");
    }
    assert_page(&press(&world, &link, "integration=lever&key=a"), 200);

    let nothing = get(&world, &world.link(json!({ "categories": ["calendar"] })));
    assert_page(&nothing, 200);
    assert!(!nothing.text.contains("<button"));
}

#[test]
fn text_from_outside_is_escaped() {
    let world = World::new();
    let link = world.link(json!({ "end_user_organization_name": "<script>alert('1')</script>\"&{}" }));
    let page = get(&world, &link);
    assert!(!page.text.contains("<script"));
    assert!(page.text.contains("&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&quot;&amp;{}"));
    let page = get(&world, "%3Cscript%3E");
    assert!(page.status == 404 && !page.text.contains("<script"));
}

#[test]
fn the_language_is_the_links() {
    let world = World::new();
    let link = world.link(json!({ "language": "de", "integration": "bamboohr" }));
    let page = get(&world, &link);
    assert!(page.text.contains("<html lang=\"de\">") && page.text.contains("Verknüpfen"));
    let done = press(&world, &link, "key=a&language=de");
    assert!(done.text.contains("<html lang=\"de\">") && done.text.contains("Fertig"));
    assert!(get(&world, &world.link(json!({}))).text.contains("<html lang=\"en\">"));
}

#[test]
fn unknown_and_over_links_say_so() {
    let world = World::new();
    for token in ["x", "", &"a".repeat(40)] {
        assert_page(&get(&world, token), 404);
        assert_page(&press(&world, token, "key=a"), 404);
        let head = world.call(Method::HEAD, &format!("/magic-link/{token}"), &[], b"");
        assert!(head.status == 404 && head.text.is_empty());
        assert!(!get(&world, token).text.contains("expired"));
    }
    let link = world.link(json!({}));
    world.at(1800);
    for page in [get(&world, &link), press(&world, &link, "integration=bamboohr&key=a")] {
        assert_page(&page, 410);
        assert!(page.text.contains("expired"), "the one place for that word");
    }
}

#[test]
fn other_methods_and_bodies_are_refused_with_a_page() {
    let world = World::new();
    let link = world.link(json!({ "integration": "bamboohr" }));
    let path = format!("/magic-link/{link}");
    for method in [Method::PUT, Method::DELETE, Method::OPTIONS] {
        let page = world.call(method, &path, &[], b"");
        assert_page(&page, 405);
        assert_eq!(page.header("allow"), "GET, HEAD, POST");
    }
    let json = [("content-type", "application/json")];
    assert_page(&world.call(Method::POST, &path, &json, b"{}"), 415);
    assert_page(&press(&world, &link, "key=%zz"), 400);
    assert_page(&get(&world, &link), 200);
}

#[test]
fn the_base_of_magic_links_must_be_a_url() {
    let build = |base: &str| {
        let keys = KeySet::builder().hmac("k1", [7; 32].as_slice()).unwrap().build().unwrap();
        let options = MergeOptions { magic_link_base: base.into(), ..MergeOptions::default() };
        Endpoint::builder().dialect(Merge::new(Issuer::new(keys, policy()).unwrap(), options)).build()
    };
    for base in ["http://127.0.0.1:8080", "https://link.example.com", "https://example.com/links/"] {
        assert!(build(base).is_ok(), "{base}");
    }
    for base in ["", "link.example.com", "/links", "ftp://x", "https://x?y=1", "https://x/#y", "https://"] {
        assert_eq!(build(base).unwrap_err().code(), ErrorCode::PolicyInvalid, "{base}");
    }
}
