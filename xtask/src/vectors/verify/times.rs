//! `exp`, `nbf`, `iat`: exact boundaries, fractions, leeway and what is no time.

use serde_json::{Value, json};

use super::tokens::{HEADER, hs256};
use super::{Cases, Given};

const EXP: &str = "RFC 7519 section 4.1.4: valid iff now < exp + leeway";
const NBF: &str =
    "RFC 7519 section 4.1.5: valid iff now + leeway >= nbf, in whole seconds, as the clock has no others";
const IAT: &str = "max_age: now - iat <= max_age + leeway; iat is then required";
const DATE: &str = "RFC 7519 section 2: a NumericDate is a finite JSON number, and no more is asked of it";

pub(super) fn add(cases: &mut Cases) {
    for (name, exp, leeway, code) in [
        ("one-before", "1700000001", 0, ""),
        ("at", "1700000000", 0, "token_expired"),
        ("one-after", "1699999999", 0, "token_expired"),
        ("half-before", "1700000000.5", 0, ""),
        ("a-little-before", "1700000000.000001", 0, ""),
        ("half-after", "1699999999.5", 0, "token_expired"),
        ("exponent", "1.700000001e9", 0, ""),
        ("exponent-at", "17e8", 0, "token_expired"),
        ("leeway-last", "1699999941", 60, ""),
        ("leeway-over", "1699999940", 60, "token_expired"),
        ("leeway-half", "1699999940.5", 60, ""),
        ("zero", "0", 0, "token_expired"),
        ("minus-zero", "-0", 0, "token_expired"),
        ("zero-leeway", "0", 1_700_000_001_u64, ""),
        ("last-second", "253402300799", 0, ""),
        ("leeway-largest", "1", u64::MAX, ""),
    ] {
        let given = Given::new(claims(&format!(r#","exp":{exp}"#))).opt("leeway", json!(leeway));
        cases.judge(&format!("exp/{name}"), EXP, code, given);
    }
    for (name, nbf, leeway, code) in [
        ("at", "1700000000", 0, ""),
        ("before", "1699999999", 0, ""),
        ("one-after", "1700000001", 0, "token_not_yet_valid"),
        ("half-after", "1700000000.5", 0, ""),
        ("a-little-below-one-after", "1700000000.999999", 0, ""),
        ("one-and-a-half-after", "1700000001.5", 0, "token_not_yet_valid"),
        ("half-before", "1699999999.5", 0, ""),
        ("leeway-last", "1700000060", 60, ""),
        ("leeway-over", "1700000061", 60, "token_not_yet_valid"),
        ("leeway-half", "1700000060.5", 60, ""),
        ("leeway-one-and-a-half", "1700000061.5", 60, "token_not_yet_valid"),
        ("zero", "0", 0, ""),
        ("last-second", "253402300799", 0, "token_not_yet_valid"),
        ("leeway-largest", "253402300799", u64::MAX, ""),
    ] {
        let given = Given::new(claims(&format!(r#","exp":1800000000,"nbf":{nbf}"#)));
        cases.judge(&format!("nbf/{name}"), NBF, code, given.opt("leeway", json!(leeway)));
    }
    for (name, iat, max_age, leeway, code) in [
        ("not-asked", r#","iat":1"#, Value::Null, 0, ""),
        ("ahead", r#","iat":1700000300"#, Value::Null, 0, ""),
        ("absent-not-asked", "", Value::Null, 0, ""),
        ("absent", "", json!(60), 0, "claim_missing"),
        ("last", r#","iat":1699999940"#, json!(60), 0, ""),
        ("over", r#","iat":1699999939"#, json!(60), 0, "token_too_old"),
        ("over-by-half", r#","iat":1699999939.5"#, json!(60), 0, "token_too_old"),
        ("leeway-last", r#","iat":1699999930"#, json!(60), 10, ""),
        ("leeway-over", r#","iat":1699999929"#, json!(60), 10, "token_too_old"),
        ("ahead-asked", r#","iat":1700000001"#, json!(60), 0, ""),
        ("zero", r#","iat":0"#, json!(60), 0, "token_too_old"),
    ] {
        let given = Given::new(claims(&format!(r#","exp":1800000000{iat}"#)));
        let given = given.opt("max_age", max_age).opt("leeway", json!(leeway));
        cases.judge(&format!("iat/{name}"), IAT, code, given);
    }
    for name in ["exp", "nbf", "iat"] {
        for (kind, value) in [
            ("string", r#""1700003600""#),
            ("iso", r#""2030-01-01T00:00:00Z""#),
            ("true", "true"),
            ("null", "null"),
            ("list", "[1700003600]"),
            ("object", "{}"),
            ("empty-string", r#""""#),
            ("1e999", "1e999"),
            ("minus-1e999", "-1e999"),
        ] {
            let exp = if name == "exp" { "" } else { r#","exp":1800000000"# };
            let token = claims(&format!(r#"{exp},"{name}":{value}"#));
            // Wrong whether it is required or not: a malformed claim is not an absent one.
            let given = Given::new(token).opt("required", json!([]));
            cases.invalid(&format!("{name}/{kind}"), DATE, "claim_invalid", given);
        }
    }
    for (kind, value, future) in [
        ("negative", "-1", false),
        ("negative-fraction", "-0.5", false),
        ("minus-2-63", "-9223372036854775809", false),
        ("minus-1e300", "-1e300", false),
        ("smallest", "5e-324", false),
        ("year-10000", "253402300800", true),
        ("milliseconds", "1700003600000", true),
        ("microseconds", "1700003600000000", true),
        ("2-63", "9223372036854775808", true),
        ("2-64", "18446744073709551616", true),
        ("1e300", "1e300", true),
        ("largest", "1.7976931348623157e308", true),
    ] {
        let exp = Given::new(claims(&format!(r#","exp":{value}"#)));
        cases.verdict(&format!("exp/{kind}"), DATE, if future { "" } else { "token_expired" }, exp);
        let with = |name: &str| Given::new(claims(&format!(r#","exp":1800000000,"{name}":{value}"#)));
        let code = if future { "token_not_yet_valid" } else { "" };
        cases.verdict(&format!("nbf/{kind}"), DATE, code, with("nbf"));
        cases.verdict(&format!("iat/{kind}"), DATE, "", with("iat"));
        let code = if future { "" } else { "token_too_old" };
        cases.verdict(&format!("iat/{kind}-asked"), IAT, code, with("iat").opt("max_age", json!(60)));
    }
    let absent = Given::new(claims(""));
    cases.invalid("exp/absent", EXP, "claim_missing", absent.clone());
    cases.valid("exp/absent-not-required", EXP, absent.opt("required", json!([])));
    let upper = Given::new(claims(r#","Exp":1800000000"#));
    cases.invalid("exp/other-case", EXP, "claim_missing", upper);
}

fn claims(extra: &str) -> String {
    hs256(HEADER, format!(r#"{{"iss":"https://issuer.example","aud":"app"{extra}}}"#))
}
