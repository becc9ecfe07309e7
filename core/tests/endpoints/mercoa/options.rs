//! Rows 1.1-1.28 and 1.39-1.41: what can be asked for, and that the token says it.

use serde_json::json;

use super::*;

const PATH: &str = "/entity/ent_1/token";

#[track_caller]
fn bad(host: &Host, body: &str, about: &str) {
    refused(&host.post(PATH, KEY, body), 400, "BadRequest", about);
}

/// Rows 1.1, 1.2.
#[test]
fn nothing_asked_for_means_the_defaults() {
    let host = Host::new();
    let nulls = r#"{"expiresIn":null,"invoice":null,"pages":null,"style":null,"vendors":null,"entity":null,
        "sessionId":null}"#;
    for body in ["", "{}", r#"{"expiresIn":null}"#, nulls] {
        let claims = host.claims(body);
        assert_eq!(life(&claims), 3600, "{body}");
        assert_eq!(claims["options"], json!({}), "{body}");
        assert!(claims.get("sessionId").is_none());
    }
    let nulls = r#"{"invoice":{"status":[],"lineItems":null,"recurring":null},"pages":{"emailLog":null},
        "vendors":{"network":"all","disableCreation":null},"entity":{"enableMercoaPayments":null}}"#;
    let expected =
        json!({"invoice": {"status": []}, "pages": {}, "vendors": {"network": "all"}, "entity": {}});
    assert_eq!(host.claims(nulls)["options"], expected);
}

/// Rows 1.3-1.6: the text comes back as it was asked.
#[test]
fn lifetimes() {
    let host = Host::new();
    for (text, seconds) in [
        ("1h", 3600),
        ("12hr", 43_200),
        ("30d", 2_592_000),
        ("24h", 86_400),
        ("7 days", 604_800),
        ("7d", 604_800),
        ("90m", 5400),
        ("45s", 45),
        ("2w", 1_209_600),
        ("1y", 31_557_600),
        ("1H", 3600),
        ("1 h", 3600),
        ("1.5h", 5400),
        (".5h", 1800),
        ("3600", 3600),
        ("1000y", 31_557_600_000),
    ] {
        let claims = host.claims(&json!({ "expiresIn": text }).to_string());
        assert_eq!(life(&claims), seconds, "{text}");
        assert_eq!(claims["options"]["expiresIn"], text);
    }
}

/// Row 1.7: a number means seconds; the token says it as the text that means the same.
#[test]
fn a_lifetime_may_be_a_number_of_seconds() {
    let host = Host::new();
    for (number, seconds) in [("3600", 3600), ("3600.0", 3600), ("36e2", 3600), ("1", 1)] {
        let claims = host.claims(&format!(r#"{{"expiresIn":{number}}}"#));
        assert_eq!(life(&claims), seconds);
        assert_eq!(claims["options"]["expiresIn"], seconds.to_string());
    }
    for number in ["0", "-1", "1.5", "1e99", "99999999999999999999"] {
        bad(&host, &format!(r#"{{"expiresIn":{number}}}"#), "expiresIn: ");
    }
}

/// Rows 1.5, 1.8-1.11.
#[test]
fn what_is_no_lifetime_is_refused() {
    let host = Host::with(|policy| policy.max_lifetime(Lifetime::DAY));
    for text in [
        " 1h",
        "1h ",
        "",
        "soon",
        "h",
        "1x",
        "1h30m",
        "1h 30m",
        "１h",
        "0",
        "0s",
        "-1h",
        "0.4s",
        "500ms",
        "1e3s",
        "99999999999999999999y",
        "1001y",
        "25h",
        "+1h",
        "1.",
        "NaN",
    ] {
        bad(&host, &json!({ "expiresIn": text }).to_string(), "expiresIn: ");
    }
    bad(&host, &json!({ "expiresIn": format!("1{}h", " ".repeat(99)) }).to_string(), "expiresIn: ");
    bad(&host, r#"{"expiresIn":"25h"}"#, "maximum");
    for value in ["true", "[]", "{}", "[\"1h\"]"] {
        bad(&host, &format!(r#"{{"expiresIn":{value}}}"#), "expiresIn: must be");
    }
}

/// Rows 1.12-1.17.
#[test]
fn invoices() {
    let host = Host::new();
    let all = [
        "UNASSIGNED",
        "DRAFT",
        "NEW",
        "APPROVED",
        "SCHEDULED",
        "PENDING",
        "PAID",
        "ARCHIVED",
        "REFUSED",
        "CANCELED",
        "FAILED",
    ];
    for invoice in [
        json!({"status": []}),
        json!({"status": all}),
        json!({"status": ["NEW", "NEW"]}),
        json!({"status": ["NEW"], "lineItems": "OPTIONAL", "recurring": true}),
        json!({"status": ["NEW"], "lineItems": "REQUIRED", "recurring": false}),
        json!({"status": ["NEW"], "lineItems": "DISABLED"}),
    ] {
        assert_eq!(host.claims(&json!({ "invoice": invoice }).to_string())["options"]["invoice"], invoice);
    }
    for (invoice, about) in [
        (json!({}), "invoice.status: this field is required"),
        (json!({"recurring": true}), "invoice.status: this field is required"),
        (json!({"status": null}), "invoice.status: "),
        (json!({"status": ["BOGUS"]}), "invoice.status: "),
        (json!({"status": ["NEW", "draft"]}), "item 1 must be one of: UNASSIGNED, DRAFT"),
        (json!({"status": "DRAFT"}), "invoice.status: must be a list, found a string"),
        (json!({"status": [null]}), "invoice.status: "),
        (json!({"status": [], "lineItems": "optional"}), "invoice.lineItems: "),
        (json!({"status": [], "lineItems": 1}), "invoice.lineItems: "),
        (json!({"status": [], "recurring": "true"}), "invoice.recurring: must be true or false"),
    ] {
        bad(&host, &json!({ "invoice": invoice }).to_string(), about);
    }
}

/// Rows 1.18, 1.19, 1.24.
#[test]
fn switches() {
    let host = Host::new();
    let pages =
        ["paymentMethods", "representatives", "notifications", "counterparties", "approvals", "emailLog"];
    let names = pages.map(|page| ("pages", page)).into_iter().chain([("entity", "enableMercoaPayments")]);
    for (group, name) in names {
        for value in [true, false] {
            let options = json!({ group: { name: value } });
            assert_eq!(host.claims(&options.to_string())["options"], options);
        }
        for value in [json!("yes"), json!("true"), json!(1), json!([]), json!({})] {
            bad(&host, &json!({ group: { name: value } }).to_string(), &format!("{group}.{name}: "));
        }
    }
    assert_eq!(host.claims(r#"{"pages":{},"entity":{}}"#)["options"], json!({"pages": {}, "entity": {}}));
}

/// Rows 1.20-1.23.
#[test]
fn style_and_vendors() {
    let host = Host::new();
    for color in ["", "red", "#1A73E8", "#xyz", "\"\\\u{1}é"] {
        let options = json!({"style": {"primaryColor": color}});
        assert_eq!(host.claims(&options.to_string())["options"], options);
    }
    for network in ["all", "platform", "entity"] {
        for vendors in [json!({"network": network}), json!({"network": network, "disableCreation": true})] {
            let options = json!({ "vendors": vendors });
            assert_eq!(host.claims(&options.to_string())["options"], options);
        }
    }
    for (body, about) in [
        (r#"{"style":{}}"#, "style.primaryColor: this field is required"),
        (r#"{"style":{"primaryColor":null}}"#, "style.primaryColor: "),
        (r#"{"style":{"primaryColor":7}}"#, "style.primaryColor: "),
        (r#"{"vendors":{}}"#, "vendors.network: this field is required"),
        (r#"{"vendors":{"disableCreation":true}}"#, "vendors.network: this field is required"),
        (r#"{"vendors":{"network":"ALL"}}"#, "vendors.network: must be one of: all, platform, entity"),
        (r#"{"vendors":{"network":"none"}}"#, "vendors.network: "),
        (r#"{"vendors":{"network":"all","disableCreation":"no"}}"#, "vendors.disableCreation: "),
    ] {
        bad(&host, body, about);
    }
}

/// Rows 1.26, 1.28.
#[test]
fn groups_and_sessions_of_another_type() {
    let host = Host::new();
    for group in ["invoice", "pages", "style", "vendors", "entity"] {
        for value in [json!([]), json!("x"), json!(1), json!(true)] {
            bad(&host, &json!({ group: value }).to_string(), &format!("{group}: must be an object"));
        }
    }
    bad(&host, r#"{"sessionId":""}"#, "sessionId: must not be empty");
    bad(&host, r#"{"sessionId":7}"#, "sessionId: ");
    bad(&host, r#"{"sessionId":["s1"]}"#, "sessionId: ");
}

/// There is room for one problem: the first in the order of the contract.
#[test]
fn of_several_problems_the_first_is_told() {
    let host = Host::new();
    bad(&host, r#"{"sessionId":1,"pages":{"emailLog":1},"invoice":{}}"#, "invoice.status: ");
}

/// What fits no token is the caller's fault.
#[test]
fn options_that_are_too_long_for_a_token() {
    let host = Host::new();
    let body = json!({"style": {"primaryColor": "x".repeat(60_000)}}).to_string();
    bad(&host, &body, "the token would have");
}

/// Rows 1.39, 1.41: what the vendor's React components need, for all options at once (contract 5, row 1).
#[test]
fn the_claims_that_the_front_end_needs() {
    let host = Host::new();
    let body = json!({
        "expiresIn": "1h",
        "invoice": {"status": ["DRAFT", "NEW", "APPROVED"], "lineItems": "OPTIONAL", "recurring": true},
        "pages": {"paymentMethods": true, "representatives": true, "notifications": true,
            "counterparties": true, "approvals": true, "emailLog": true},
        "style": {"primaryColor": "#1A73E8"},
        "vendors": {"network": "entity", "disableCreation": false},
        "entity": {"enableMercoaPayments": true},
        "sessionId": "session_123"
    });
    let claims = host.claims(&body.to_string());
    assert_eq!(claims["organizationId"], "org_1");
    assert_eq!(claims["entityId"], "ent_1");
    assert_eq!(claims["entityForeignId"], "MY-DB-ID-12345");
    assert_eq!(claims["options"], body);
    assert_eq!(claims["sessionId"], "session_123");
    assert_eq!(claims["iat"].as_i64(), Some(START));
    assert_eq!(claims["exp"].as_i64(), Some(START + 3600));
    for absent in ["userId", "entityGroupId", "invoiceId", "counterpartyId"] {
        assert!(claims.get(absent).is_none(), "{absent}");
    }
}

/// Rows 1.30, 1.39, 1.40: the claims carry the ids, whichever id was given.
#[test]
fn each_kind_of_target_has_its_claims() {
    let host = Host::new();
    let names = ["entityId", "entityGroupId", "userId"];
    for (path, expected) in [
        ("/entity/ent_1/token", json!(["ent_1", null, null])),
        ("/entity/MY-DB-ID-12345/token", json!(["ent_1", null, null])),
        ("/entity/ent_1/user/user_1/token", json!(["ent_1", null, "user_1"])),
        ("/entity/MY-DB-ID-12345/user/USER-1/token", json!(["ent_1", null, "user_1"])),
        ("/entityGroup/entg_1/token", json!([null, "entg_1", null])),
        ("/entityGroup/GROUP-7/token", json!([null, "entg_1", null])),
        ("/entityGroup/entg_1/user/USER-3/token", json!([null, "entg_1", "user_3"])),
        ("/entityGroup/GROUP-7/user/USER-3/token", json!([null, "entg_1", "user_3"])),
    ] {
        let claims = claims(&token(&host.post(path, KEY, "{}")));
        assert_eq!(json!(names.map(|name| claims.get(name))), expected, "{path}");
        assert_eq!(claims["organizationId"], "org_1");
        assert_eq!(claims["options"], json!({}));
    }
}
