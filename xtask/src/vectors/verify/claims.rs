//! `iss`, `aud`, `sub`, `jti` and required claims: there, of the right type, and equal.

use serde_json::{Value, json};

use super::tokens::{HEADER, PAYLOAD, hs256, with};
use super::{Cases, Given};

const ISS: &str = "RFC 8725 section 3.8: an expected issuer is there, a string, and equal";
const AUD: &str = "RFC 8725 section 3.9: aud is a string or a list of strings, and one is expected";
const SUB: &str = "an expected subject is there, a string, and equal";
const REQUIRED: &str = "a required claim is there and not null";

pub(super) fn add(cases: &mut Cases) {
    for (name, iss, code) in [
        ("equal", r#""https://issuer.example""#, ""),
        ("escaped", r#""https:\/\/issuer.example""#, ""),
        ("slash", r#""https://issuer.example/""#, "issuer_mismatch"),
        ("upper", r#""HTTPS://issuer.example""#, "issuer_mismatch"),
        ("longer", r#""https://issuer.example.evil""#, "issuer_mismatch"),
        ("shorter", r#""https://issuer.exampl""#, "issuer_mismatch"),
        ("blank", r#"" https://issuer.example""#, "issuer_mismatch"),
        ("nul", r#""https://issuer.example\u0000""#, "issuer_mismatch"),
        ("empty", r#""""#, "issuer_mismatch"),
        ("list", r#"["https://issuer.example"]"#, "claim_invalid"),
        ("object", r#"{"https://issuer.example":1}"#, "claim_invalid"),
        ("number", "7", "claim_invalid"),
        ("true", "true", "claim_invalid"),
        ("null", "null", "claim_invalid"),
    ] {
        let token = hs256(HEADER, format!(r#"{{"iss":{iss},"aud":"app","exp":1700003600}}"#));
        cases.judge(&format!("iss/{name}"), ISS, code, Given::new(token.clone()));
        // Of the wrong type is wrong even where no issuer is expected.
        let code = if code == "claim_invalid" { code } else { "" };
        let given = Given::new(token).opt("iss", Value::Null);
        cases.judge(&format!("iss/{name}-not-asked"), ISS, code, given);
    }
    let absent = Given::new(hs256(HEADER, r#"{"aud":"app","exp":1700003600}"#));
    cases.invalid("iss/absent", ISS, "claim_missing", absent.clone());
    cases.valid("iss/absent-not-asked", ISS, absent.opt("iss", Value::Null));
    for (name, aud, expected, code) in [
        ("equal", r#""app""#, json!("app"), ""),
        ("list-of-one", r#"["app"]"#, json!("app"), ""),
        ("list-last", r#"["x","y","app"]"#, json!("app"), ""),
        ("one-of-expected", r#""app""#, json!(["other", "app"]), ""),
        ("lists-meet", r#"["x","app"]"#, json!(["other", "app"]), ""),
        ("other", r#""other""#, json!("app"), "audience_mismatch"),
        ("upper", r#""APP""#, json!("app"), "audience_mismatch"),
        ("longer", r#""apps""#, json!("app"), "audience_mismatch"),
        ("comma", r#""x,app""#, json!("app"), "audience_mismatch"),
        ("empty", r#""""#, json!("app"), "audience_mismatch"),
        ("empty-list", "[]", json!("app"), "audience_mismatch"),
        ("list-others", r#"["x","y"]"#, json!(["a", "b"]), "audience_mismatch"),
        ("number", "7", json!("app"), "claim_invalid"),
        ("null", "null", json!("app"), "claim_invalid"),
        ("true", "true", json!("app"), "claim_invalid"),
        ("object", r#"{"app":true}"#, json!("app"), "claim_invalid"),
        ("list-with-number", r#"["app",7]"#, json!("app"), "claim_invalid"),
        ("list-with-null", r#"["app",null]"#, json!("app"), "claim_invalid"),
        ("list-in-list", r#"[["app"]]"#, json!("app"), "claim_invalid"),
        ("number-not-asked", "7", Value::Null, "claim_invalid"),
        ("other-not-asked", r#""other""#, Value::Null, ""),
    ] {
        let token =
            hs256(HEADER, format!(r#"{{"iss":"https://issuer.example","aud":{aud},"exp":1700003600}}"#));
        cases.judge(&format!("aud/{name}"), AUD, code, Given::new(token).opt("aud", expected));
    }
    let absent = Given::new(hs256(HEADER, r#"{"iss":"https://issuer.example","exp":1700003600}"#));
    cases.invalid("aud/absent", AUD, "claim_missing", absent.clone());
    cases.valid("aud/absent-not-asked", AUD, absent.opt("aud", Value::Null));
    for (name, sub, expected, code) in [
        ("equal", r#""ent_1""#, json!("ent_1"), ""),
        ("unicode", r#""\u00fc""#, json!("ü"), ""),
        ("other-form", r#""u\u0308""#, json!("ü"), "subject_mismatch"),
        ("other", r#""ent_2""#, json!("ent_1"), "subject_mismatch"),
        ("upper", r#""ENT_1""#, json!("ent_1"), "subject_mismatch"),
        ("empty", r#""""#, json!("ent_1"), "subject_mismatch"),
        ("number", "1", json!("1"), "claim_invalid"),
        ("list", r#"["ent_1"]"#, json!("ent_1"), "claim_invalid"),
        ("null", "null", json!("ent_1"), "claim_invalid"),
        ("number-not-asked", "1", Value::Null, "claim_invalid"),
        ("other-not-asked", r#""ent_2""#, Value::Null, ""),
    ] {
        let given = Given::new(with(&format!(r#""sub":{sub}"#))).opt("sub", expected);
        cases.judge(&format!("sub/{name}"), SUB, code, given);
    }
    let absent = Given::new(hs256(HEADER, PAYLOAD)).opt("sub", json!("ent_1"));
    cases.invalid("sub/absent", SUB, "claim_missing", absent);
    for (name, jti, code) in
        [("string", r#""id""#, ""), ("number", "7", "claim_invalid"), ("null", "null", "claim_invalid")]
    {
        let given = Given::new(with(&format!(r#""jti":{jti}"#)));
        cases.judge(&format!("jti/{name}"), "RFC 7519 section 4.1.7: jti is a string", code, given);
    }
    for (name, member, code) in [
        ("there", r#""tenant":"t""#, ""),
        ("false", r#""tenant":false"#, ""),
        ("zero", r#""tenant":0"#, ""),
        ("empty", r#""tenant":"""#, ""),
        ("null", r#""tenant":null"#, "claim_invalid"),
        ("absent", r#""x":1"#, "claim_missing"),
        ("other-case", r#""Tenant":"t""#, "claim_missing"),
        ("inside", r#""x":{"tenant":"t"}"#, "claim_missing"),
    ] {
        let given = Given::new(with(member)).opt("required", json!(["exp", "tenant"]));
        cases.judge(&format!("required/{name}"), REQUIRED, code, given);
    }
    // What a verifier is told must be able to work.
    let rule = "an empty expectation is a configuration error";
    let good = Given::new(hs256(HEADER, PAYLOAD));
    for (name, given) in [
        ("iss", good.clone().opt("iss", json!(""))),
        ("aud", good.clone().opt("aud", json!(""))),
        ("sub", good.clone().opt("sub", json!(""))),
        ("typ", good.clone().opt("typ", json!(""))),
        ("algs", good.allow(json!([]))),
    ] {
        cases.invalid(&format!("config/empty-{name}"), rule, "policy_invalid", given);
    }
}
