//! Rows 1.29-1.38: whose token it is, and what a token can get with itself.

use serde_json::json;

use super::*;

/// Rows 1.29, 1.31, 1.34.
#[test]
fn strangers_are_not_found() {
    let host = Host::new();
    for path in [
        "/entity/unknown/token",
        "/entity/ent_1/user/unknown/token",
        "/entity/unknown/user/user_1/token",
        "/entityGroup/unknown/token",
        "/entityGroup/entg_1/user/unknown/token",
        "/entity/ent_1/user/user_2/token",
        "/entity/ent_1/user/USER-2/token",
        "/entity/ent_1/user/user_3/token",
        "/entity/ent_9/token",
        "/entityGroup/ent_1/token",
        "/entity/entg_1/token",
        "/entityGroup/entg_1/user/USER-1/token",
        // A group knows its users by their foreign ids only.
        "/entityGroup/entg_1/user/user_3/token",
    ] {
        refused(&host.post(path, KEY, "{}"), 404, "NotFound", "no such entity");
    }
    // A good key of another organization sees that organization.
    refused(&host.post("/entity/ent_1/token", OTHER_KEY, "{}"), 404, "NotFound", "");
    assert_eq!(claims(&token(&host.post("/entity/ent_9/token", OTHER_KEY, "")))["organizationId"], "org_2");
}

/// Row 1.31: whoever is disabled, or belongs to somebody disabled, gets no token and renews none.
#[test]
fn the_disabled_are_not_found() {
    let host = Host::new();
    let old = host.token("{}");
    let of_user = token(&host.post("/entity/ent_1/user/user_1/token", KEY, "{}"));
    host.run(entities::disable_entity("org_1", "ent_1", &host.context()));
    host.run(entities::disable_user("org_1", "user_2", &host.context()));
    host.run(entities::disable_group("org_1", "entg_1", &host.context()));
    for path in [
        "/entity/ent_1/token",
        "/entity/MY-DB-ID-12345/token",
        "/entity/ent_1/user/user_1/token",
        "/entity/ent_2/user/USER-2/token",
        "/entityGroup/entg_1/token",
        "/entityGroup/entg_1/user/USER-3/token",
    ] {
        refused(&host.post(path, KEY, "{}"), 404, "NotFound", "");
    }
    refused(&host.post("/entity/ent_1/token", &old, "{}"), 403, "Forbidden", "");
    refused(&host.post("/entity/ent_1/user/user_1/token", &of_user, "{}"), 403, "Forbidden", "");
    token(&host.post("/entity/ent_2/token", KEY, "{}"));

    host.run(directory::disable_bearer_key(&Secret::from(KEY), &host.context()));
    refused(&host.post("/entity/ent_2/token", KEY, "{}"), 401, "Unauthorized", "");
}

/// Row 1.34: a key that may do other things only is no key here.
#[test]
fn a_key_without_the_permission_is_unauthorized() {
    let host = Host::new();
    let record =
        BearerKey { organization: "org_1".into(), permissions: vec![Permission::Links], disabled: false };
    host.run(directory::create_bearer_key(&Secret::from("links-only"), record, &host.context()));
    refused(&host.post("/entity/ent_1/token", "links-only", "{}"), 401, "Unauthorized", "");
}

/// Row 1.30: an id of one is the foreign id of another. The id wins among entities; a user of another entity hides
/// nobody.
#[test]
fn foreign_ids_that_look_like_ids() {
    let host = Host::new();
    host.entity("org_1", "ent_3", Some("ent_2"));
    assert_eq!(claims(&token(&host.post("/entity/ent_2/token", KEY, "")))["entityId"], "ent_2");
    host.user("user_4", "user_2", Some("ent_1"), None);
    host.user("user_5", "user_1", None, Some("entg_1"));
    for (path, user) in [
        ("/entity/ent_1/user/user_2/token", "user_4"),
        ("/entity/ent_2/user/user_2/token", "user_2"),
        ("/entityGroup/entg_1/user/user_1/token", "user_5"),
    ] {
        assert_eq!(claims(&token(&host.post(path, KEY, "")))["userId"], user, "{path}");
    }
}

/// Row 1.32.
#[test]
fn ids_are_decoded_segment_by_segment() {
    let host = Host::new();
    let found = token(&host.post("/entity/acme%2F42%20%C3%A9/token", KEY, "{}"));
    assert_eq!(claims(&found)["entityId"], "ent_2");
    refused(&host.post("/entity/acme/42%20%C3%A9/token", KEY, "{}"), 404, "NotFound", "");
}

const OPTIONS: &str = r#"{"expiresIn":"1h","invoice":{"status":["DRAFT","NEW"],"recurring":true},
    "pages":{"approvals":true,"emailLog":false},"vendors":{"network":"platform","disableCreation":true}}"#;

/// Row 1.35: the renewal of the React components: the token as bearer, its options again, 12 hours.
#[test]
fn a_token_renews_itself() {
    let host = Host::new();
    for path in ["/entity/ent_1/token", "/entity/ent_1/user/user_1/token", "/entityGroup/entg_1/token"] {
        host.at(0);
        let old = token(&host.post(path, KEY, OPTIONS));
        host.at(3599);
        let mut options = claims(&old)["options"].clone();
        options["expiresIn"] = json!("12hr");
        let renewed = token(&host.post(path, &old, options.to_string()));
        let (old, new) = (claims(&old), claims(&renewed));
        assert_eq!(new["options"], options, "{path}");
        assert_eq!((life(&new), new["iat"].as_i64()), (43_200, Some(START + 3599)));
        for name in ["organizationId", "entityId", "entityGroupId", "userId", "sub"] {
            assert_eq!(new.get(name), old.get(name), "{name}");
        }
        assert_ne!(new["jti"], old["jti"]);
        token(&host.post(path, &renewed, "{}"));
    }
}

/// Row 1.36.
#[test]
fn a_token_renews_nobody_else() {
    let host = Host::new();
    let of_entity = host.token("{}");
    let of_user = token(&host.post("/entity/ent_1/user/user_1/token", KEY, "{}"));
    let of_group = token(&host.post("/entityGroup/entg_1/token", KEY, "{}"));
    for (bearer, path) in [
        (&of_entity, "/entity/ent_2/token"),
        (&of_entity, "/entity/unknown/token"),
        (&of_entity, "/entity/ent_1/user/user_1/token"),
        (&of_user, "/entity/ent_1/token"),
        (&of_user, "/entity/ent_2/user/user_2/token"),
        (&of_group, "/entity/ent_1/token"),
        (&of_group, "/entityGroup/entg_1/user/USER-3/token"),
    ] {
        // The same text, whether there is such a target or not.
        refused(&host.post(path, bearer, "{}"), 403, "Forbidden", "for its own target only");
    }
}

/// Row 1.37.
#[test]
fn a_dead_token_renews_nothing() {
    let host = Host::new();
    let path = "/entity/ent_1/token";
    let expired = host.token(r#"{"expiresIn":"1m"}"#);
    host.at(59);
    token(&host.post(path, &expired, "{}"));
    host.at(60);
    refused(&host.post(path, &expired, "{}"), 401, "Unauthorized", "expired");

    let revoked = host.token("{}");
    host.run(host.issuer.revoke_token(&revoked, "org_1", &host.context()));
    refused(&host.post(path, &revoked, "{}"), 401, "Unauthorized", "");

    let mut forged = host.token("{}");
    let last = if forged.pop() == Some('A') { 'Q' } else { 'A' };
    forged.push(last);
    refused(&host.post(path, &forged, "{}"), 401, "Unauthorized", "");
}

/// Row 1.37: tokens of this issuer that are no entity tokens, and entity tokens of another issuer.
#[test]
fn another_kind_of_token_is_no_bearer() {
    let host = Host::new();
    let claims = Claims::new().subject("ent_1").set("organizationId", "org_1").set("entityId", "ent_1");
    let other = host.issuer.mint(&claims, Lifetime::HOUR, &host.context()).unwrap();
    refused(&host.post("/entity/ent_1/token", &other, "{}"), 401, "Unauthorized", "");

    let keys = KeySet::builder().hmac("k1", [8; 32].as_slice()).unwrap().build().unwrap();
    let stranger = Issuer::new(keys, Policy::new("https://api.example.com")).unwrap();
    let claims = claims.set("options", json!({}));
    let foreign = stranger.mint(&claims, Lifetime::HOUR, &host.context()).unwrap();
    refused(&host.post("/entity/ent_1/token", &foreign, "{}"), 401, "Unauthorized", "");
}

/// Row 1.38: what is left out stays, what is said may be narrower, and nothing becomes wider.
#[test]
fn a_renewal_keeps_or_narrows() {
    let host = Host::new();
    let path = "/entity/ent_1/token";
    let old = host.token(OPTIONS);
    let renewed = |body: &str| claims(&token(&host.post(path, &old, body)))["options"].clone();
    let mut expected: Value = serde_json::from_str(OPTIONS).unwrap();
    expected.as_object_mut().unwrap().remove("expiresIn");
    for body in ["", "{}", r#"{"pages":{},"vendors":{"network":"platform"}}"#] {
        assert_eq!(renewed(body), expected, "{body}");
    }
    let narrower = r#"{"invoice":{"status":["NEW"],"recurring":false},"pages":{"approvals":false}}"#;
    expected["invoice"] = json!({"status": ["NEW"], "recurring": false});
    expected["pages"] = json!({"approvals": false, "emailLog": false});
    assert_eq!(renewed(narrower), expected);

    for (body, name) in [
        (r#"{"invoice":{"status":["PAID"]}}"#, "invoice.status"),
        (r#"{"invoice":{"status":[],"lineItems":"REQUIRED"}}"#, "invoice.lineItems"),
        (r#"{"pages":{"emailLog":true}}"#, "pages.emailLog"),
        (r#"{"pages":{"paymentMethods":true}}"#, "pages.paymentMethods"),
        (r#"{"vendors":{"network":"all"}}"#, "vendors.network"),
        (r#"{"vendors":{"network":"platform","disableCreation":false}}"#, "vendors.disableCreation"),
        (r#"{"entity":{"enableMercoaPayments":true}}"#, "entity.enableMercoaPayments"),
        (r#"{"sessionId":"s1"}"#, "sessionId"),
    ] {
        refused(&host.post(path, &old, body), 403, "Forbidden", name);
    }
}

/// Row 1.38: the life may grow, up to 30 days after the API key was last asked.
#[test]
fn renewals_end_some_time_after_the_first_issue() {
    const DAYS_30: i64 = 30 * 86_400;
    let host = Host::new();
    let path = "/entity/ent_1/token";
    let first = host.token(r#"{"expiresIn":"60d"}"#);
    host.at(DAYS_30 - 7200);
    let renewed = token(&host.post(path, &first, r#"{"expiresIn":"1h"}"#));
    assert_eq!(life(&claims(&renewed)), 3600);
    host.at(DAYS_30 - 7200 + 1800);
    // A renewal of a renewal counts from the first issue.
    let last = token(&host.post(path, &renewed, r#"{"expiresIn":"12hr"}"#));
    assert_eq!(life(&claims(&last)), 5400);
    host.at(DAYS_30);
    assert!(host.stands(&first));
    refused(&host.post(path, &first, "{}"), 401, "Unauthorized", "ask with the API key");

    let host = Host::with(|policy| policy.max_lifetime(Lifetime::DAY));
    let old = host.token("{}");
    refused(&host.post(path, &old, r#"{"expiresIn":"2d"}"#), 400, "BadRequest", "expiresIn: ");
}
