//! The fields of a link token request: rows 4.1 to 4.34.

use serde_json::{Value, json};

use super::world::{CREDENTIAL, DESTINATION, LINK_TOKEN, World, with};

const REQUIRED_TEXTS: [&str; 3] =
    ["end_user_email_address", "end_user_organization_name", "end_user_origin_id"];

#[track_caller]
fn accepts(row: &str, extra: Value) {
    let answer = World::new().create(extra.clone());
    assert_eq!(answer.status, 200, "{row} {extra}: {}", answer.text);
}

/// Refuses with this field as the only wrong one, in a list of texts.
#[track_caller]
fn refuses(row: &str, field: &str, extra: Value) {
    let answer = World::new().create(extra.clone());
    assert_eq!(answer.wrong(), [field], "{row} {extra}");
    let texts = answer.json()[field].clone();
    assert!(texts.as_array().is_some_and(|texts| texts.len() == 1 && texts[0].is_string()), "{row} {texts}");
    assert!(!answer.text.contains("expired"), "{row} {texts}");
}

#[test]
fn row_4_1_the_required_fields_are_enough() {
    let answer = World::new().create(json!({}));
    assert_eq!(answer.status, 200);
    let json = answer.json();
    assert_eq!(json.as_object().unwrap().keys().collect::<Vec<_>>(), ["link_token"]);
    // The seed's example has 40 characters of base64url.
    let token = answer.text_of("link_token");
    assert_eq!(token.len(), 40);
    assert!(token.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'));
}

#[test]
fn row_4_2_missing_fields_are_named() {
    for field in REQUIRED_TEXTS.into_iter().chain(["categories"]) {
        refuses("4.2", field, json!({ format!("-{field}"): null }));
    }
    let all = World::new().post(LINK_TOKEN, &json!({}));
    assert_eq!(
        all.wrong(),
        ["categories", "end_user_email_address", "end_user_organization_name", "end_user_origin_id"]
    );
}

#[test]
fn several_wrong_fields_are_all_told() {
    let answer = World::new().create(json!({
        "end_user_origin_id": "",
        "categories": ["bogus"],
        "integration": "nobody",
        "link_expiry_mins": 29,
        "language": "fr",
        "common_models": [{}],
    }));
    let expected =
        ["categories", "common_models", "end_user_origin_id", "integration", "language", "link_expiry_mins"];
    assert_eq!(answer.wrong(), expected);
}

#[test]
fn row_4_3_to_4_6_lengths_are_counted_in_characters() {
    for field in REQUIRED_TEXTS {
        let of = |text: String| json!({ field: text });
        refuses("4.3", field, of(String::new()));
        accepts("4.3", of("x".into()));
        accepts("4.3", of("x".repeat(100)));
        refuses("4.3", field, of("x".repeat(101)));
        for unit in ["é", "€", "😀"] {
            accepts("4.4", of(unit.repeat(100)));
            refuses("4.4", field, of(unit.repeat(101)));
        }
        refuses("4.5", field, of("e\u{301}".repeat(100)));
        accepts("4.5", of("e\u{301}".repeat(50)));
        for value in [json!(null), json!(12345), json!(["x"]), json!(true), json!({})] {
            refuses("4.6", field, json!({ field: value }));
        }
        for blank in [" ", "\t", "\u{a0}\u{3000}\n"] {
            refuses("4.7", field, of(blank.into()));
        }
        accepts("4.7", of(" x ".into()));
    }
    accepts("4.8", json!({ "end_user_email_address": "not-an-address" }));
}

#[test]
fn row_4_9_to_4_13_categories() {
    for value in [json!(null), json!("hris"), json!(["bogus"]), json!(["HRIS"]), json!([1]), json!([null])] {
        refuses("4.9", "categories", json!({ "categories": value }));
    }
    refuses("4.9", "categories", json!({ "categories": ["hris", "bogus"] }));
    refuses("4.10", "categories", json!({ "categories": [] }));
    for name in ["hris", "ats", "accounting", "ticketing", "crm", "mktg", "filestorage", "knowledgebase"] {
        accepts("4.11", json!({ "categories": [name] }));
    }
    for name in ["chat", "email", "calendar"] {
        accepts("4.12", json!({ "categories": [name] }));
    }
    accepts("4.13", json!({ "categories": ["ats", "ats"] }));
    accepts("4.13", json!({ "categories": ["crm"] }));
}

#[test]
fn row_4_14_path_categories() {
    let world = World::new();
    for name in [
        "hris",
        "ats",
        "accounting",
        "ticketing",
        "crm",
        "filestorage",
        "knowledgebase",
        "chat",
        "email",
        "calendar",
        "mktg",
    ] {
        assert_eq!(world.post(&format!("/api/{name}/v1/link-token"), &with(json!({}))).status, 200, "{name}");
    }
    for name in ["bogus", "HRIS", "integrations", ""] {
        world.post(&format!("/api/{name}/v1/link-token"), &with(json!({}))).assert_detail(404);
    }
}

#[test]
fn row_4_15_and_4_16_integrations() {
    accepts("4.15", json!({ "integration": null }));
    refuses("4.15", "integration", json!({ "integration": "" }));
    refuses("4.15", "integration", json!({ "integration": 7 }));
    let answer = World::new().create(json!({ "integration": "bamboohr" }));
    assert_eq!(answer.text_of("integration_name"), "BambooHR");
    assert!(answer.json().get("magic_link_url").is_none());
    refuses("4.16", "integration", json!({ "integration": "nobody" }));
    refuses("4.16", "integration", json!({ "integration": "BambooHR" }));
    // Nobody could redeem such a link.
    refuses("4.16", "integration", json!({ "integration": "bamboohr", "categories": ["crm"] }));
}

#[test]
fn row_4_18_to_4_20_expiry_and_magic_links() {
    let of = |minutes: i64, magic: Value| json!({ "link_expiry_mins": minutes, "should_create_magic_link_url": magic });
    let field = "link_expiry_mins";
    refuses("4.18", field, json!({ "link_expiry_mins": 29 }));
    accepts("4.18", json!({ "link_expiry_mins": 30 }));
    accepts("4.18", json!({ "link_expiry_mins": 720 }));
    for minutes in [721, 10_080, 10_081] {
        refuses("4.19", field, json!({ "link_expiry_mins": minutes }));
        refuses("4.19", field, of(minutes, json!(false)));
        refuses("4.19", field, of(minutes, json!(null)));
    }
    for minutes in [30, 720, 721, 10_080] {
        accepts("4.20", of(minutes, json!(true)));
    }
    for minutes in [29, 10_081] {
        refuses("4.20", field, of(minutes, json!(true)));
    }
    // Only the flag is wrong: what it would have meant is not known.
    refuses("4.24", "should_create_magic_link_url", of(10_080, json!("true")));
}

#[test]
fn row_4_21_and_4_22_expiry_is_a_whole_number() {
    let world = World::new();
    let of = |text: &str| {
        let body = with(json!({})).to_string().replacen('{', &format!("{{\"link_expiry_mins\":{text},"), 1);
        world.post_text(LINK_TOKEN, &body)
    };
    for text in [
        "null",
        "0",
        "-30",
        "30.5",
        "\"30\"",
        "true",
        "9223372036854775808",
        "1e400",
        "[30]",
        "{}",
        "30.00000000000000001",
    ] {
        assert_eq!(of(text).wrong(), ["link_expiry_mins"], "{text}");
    }
    for text in ["30", "30.0", "1e2", "3.0E1", "720.00"] {
        assert_eq!(of(text).status, 200, "{text}");
    }
}

#[test]
fn row_4_23_to_4_25_flags() {
    let world = World::new();
    let created = world.create(json!({ "should_create_magic_link_url": true }));
    let expected = format!("https://link.example.com/magic-link/{}", created.text_of("link_token"));
    assert_eq!(created.text_of("magic_link_url"), expected, "4.23");
    for value in [json!(false), json!(null)] {
        let created = world.create(json!({ "should_create_magic_link_url": value }));
        assert!(created.json().get("magic_link_url").is_none(), "4.23");
    }
    for value in [json!("true"), json!(1), json!([])] {
        refuses("4.24", "should_create_magic_link_url", json!({ "should_create_magic_link_url": value }));
    }
    for flag in ["hide_admin_magic_link", "are_syncs_disabled", "ekm_enabled"] {
        for value in [json!(true), json!(false), json!(null)] {
            accepts("4.25", json!({ flag: value }));
        }
        refuses("4.25", flag, json!({ flag: "true" }));
    }
}

#[test]
fn row_4_26_common_models() {
    let good = json!({ "model_id": "hris.Employee", "enabled_actions": ["READ", "WRITE"], "disabled_fields": ["ssn"] });
    for value in [json!(null), json!([]), json!([good]), json!([good, good])] {
        accepts("4.26", json!({ "common_models": value }));
    }
    let nested = |models: Value| {
        let answer = World::new().create(json!({ "common_models": models }));
        assert_eq!(answer.wrong(), ["common_models"], "4.26");
        answer.json()["common_models"].clone()
    };
    for field in ["model_id", "enabled_actions", "disabled_fields"] {
        let mut bad = good.clone();
        bad.as_object_mut().unwrap().remove(field);
        let found = nested(json!([good, bad]));
        assert_eq!(found[0], json!({}), "a good item has no texts");
        assert_eq!(found[1].as_object().unwrap().keys().collect::<Vec<_>>(), [field]);
        assert!(found[1][field][0].is_string());
    }
    for action in ["DELETE", "read"] {
        let found = nested(
            json!([{ "model_id": "hris.Employee", "enabled_actions": [action], "disabled_fields": [] }]),
        );
        assert!(found[0]["enabled_actions"][0].is_string());
    }
    assert!(nested(json!(["hris.Employee"]))[0]["non_field_errors"][0].is_string());
    refuses("4.26", "common_models", json!({ "common_models": {} }));
}

#[test]
fn row_4_27_and_4_28_scopes() {
    let name = "category_common_model_scopes";
    let good = json!({
        "model_name": "Employee",
        "model_permissions": { "READ": { "is_enabled": true }, "WRITE": {} },
        "field_permissions": { "enabled_fields": ["avatar"], "disabled_fields": [] },
    });
    for value in
        [json!(null), json!({}), json!({ "hris": null }), json!({ "hris": [] }), json!({ "hris": [good] })]
    {
        accepts("4.27", json!({ name: value }));
    }
    accepts("4.28", json!({ name: { "anything": [good] } }));
    refuses("4.27", name, json!({ name: [good] }));
    let nested = |scope: Value| {
        let answer = World::new().create(json!({ name: { "hris": [scope] } }));
        assert_eq!(answer.wrong(), [name], "4.27");
        answer.json()[name]["hris"][0].clone()
    };
    assert!(nested(json!({}))["model_name"][0].is_string());
    let wrong = json!({ "model_name": "E", "model_permissions": { "READ": { "is_enabled": "x" } } });
    assert!(nested(wrong)["model_permissions"]["READ"]["is_enabled"][0].is_string());
    let wrong = json!({ "model_name": "E", "field_permissions": { "enabled_fields": "x" } });
    assert!(nested(wrong)["field_permissions"]["enabled_fields"][0].is_string());
}

#[test]
fn row_4_29_to_4_31_choices_and_maps() {
    for value in [json!("en"), json!("de"), json!(null)] {
        accepts("4.29", json!({ "language": value }));
    }
    for value in ["fr", "EN", "de-DE", ""] {
        refuses("4.29", "language", json!({ "language": value }));
    }
    let name = "integration_specific_config";
    for value in [json!(null), json!({}), json!({ "a": { "b": [1, { "c": null }] } })] {
        accepts("4.30", json!({ name: value }));
    }
    for value in [json!([]), json!("text"), json!(1)] {
        refuses("4.30", name, json!({ name: value }));
    }
    let body =
        with(json!({})).to_string().replacen('{', "{\"integration_specific_config\":{\"a\":1e999},", 1);
    assert_eq!(World::new().post_text(LINK_TOKEN, &body).wrong(), [name], "4.30: a number beyond any float");
    let name = "completed_account_initial_screen";
    for value in [json!("SELECTIVE_SYNC"), json!(null)] {
        accepts("4.31", json!({ name: value }));
    }
    for value in ["selective_sync", "X", ""] {
        refuses("4.31", name, json!({ name: value }));
    }
}

#[test]
fn row_4_32_to_4_34_uuids() {
    let unknown = "33333333-3333-4333-8333-333333333333";
    for (name, known) in [("linked_destination_id", DESTINATION), ("credential_id", CREDENTIAL)] {
        accepts("4.32 and 4.34, on hris", json!({ name: known.to_string() }));
        accepts("4.32", json!({ name: known.to_string().to_uppercase() }));
        accepts("4.32", json!({ name: null }));
        for value in ["nope", "", &known.to_string()[..35], &known.simple().to_string()] {
            refuses("4.32", name, json!({ name: value }));
        }
        refuses("4.33", name, json!({ name: unknown }));
    }
}
