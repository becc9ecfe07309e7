//! The header: strict JSON, `crit`, extensions, algorithm, `kid` and `typ`.

use serde_json::json;

use super::tokens::{HEADER, PAYLOAD, hs256};
use super::{Cases, Given};

const JSON: &str = "RFC 7515 section 4: the header is one JSON object with unique names and an alg";
const CRIT: &str = "RFC 7515 section 4.1.11: what is critical and not implemented is refused";
const ALG: &str = "RFC 8725 section 3.1: only allowed algorithms, by their exact names";
const KEY: &str = "RFC 8725 section 3.10: keys and addresses in a header are never followed";
const TYP: &str = "RFC 8725 section 3.11: typ is compared without case, application/ may be left out";

pub(super) fn add(cases: &mut Cases) {
    let mut each = |group: &str, rule: &str, list: &[(&str, &str, &str)]| {
        for (name, header, code) in list {
            let given = Given::new(hs256(header, PAYLOAD));
            cases.judge(&format!("header/{group}-{name}"), rule, code, given);
        }
    };
    let bad = "header_malformed";
    each(
        "json",
        JSON,
        &[
            ("plain", HEADER, ""),
            ("blanks", " { \"alg\" : \"HS256\" ,\r\n\t\"typ\" : \"JWT\" } ", ""),
            ("escapes", r#"{"\u0061lg":"H\u0053256","typ":"JWT"}"#, ""),
            ("other-member", r#"{"alg":"HS256","typ":"JWT","x":[{"y":null}]}"#, ""),
            ("no-members", "{}", bad),
            ("array", r#"["HS256"]"#, bad),
            ("string", r#""HS256""#, bad),
            ("null", "null", bad),
            ("number", "1", bad),
            ("two-objects", r#"{"alg":"HS256","typ":"JWT"}{}"#, bad),
            ("text-behind", r#"{"alg":"HS256","typ":"JWT"}x"#, bad),
            ("bom", "\u{feff}{\"alg\":\"HS256\",\"typ\":\"JWT\"}", bad),
            ("comma-behind", r#"{"alg":"HS256","typ":"JWT",}"#, bad),
            ("comment", r#"{"alg":"HS256",/**/"typ":"JWT"}"#, bad),
            ("single-quotes", "{'alg':'HS256','typ':'JWT'}", bad),
            ("nul", "{\"alg\":\"HS256\",\"typ\":\"JWT\"}\0", bad),
            ("nan", r#"{"alg":"HS256","typ":"JWT","x":NaN}"#, bad),
            ("alg-twice", r#"{"alg":"none","alg":"HS256","typ":"JWT"}"#, bad),
            ("alg-twice-the-same", r#"{"alg":"HS256","alg":"HS256","typ":"JWT"}"#, bad),
            ("alg-twice-escaped", r#"{"alg":"HS256","\u0061lg":"none","typ":"JWT"}"#, bad),
            ("kid-twice", r#"{"alg":"HS256","kid":"a","kid":"b","typ":"JWT"}"#, bad),
            ("inner-twice", r#"{"alg":"HS256","typ":"JWT","x":{"a":1,"a":2}}"#, bad),
            ("lone-surrogate", r#"{"alg":"HS256","typ":"JWT","x":"\ud800"}"#, bad),
            ("control-character", "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"x\":\"\u{1}\"}", bad),
            ("no-alg", r#"{"typ":"JWT"}"#, bad),
            ("alg-null", r#"{"alg":null,"typ":"JWT"}"#, bad),
            ("alg-number", r#"{"alg":256,"typ":"JWT"}"#, bad),
            ("alg-list", r#"{"alg":["HS256"],"typ":"JWT"}"#, bad),
            ("alg-other-case", r#"{"ALG":"HS256","typ":"JWT"}"#, bad),
            ("kid-number", r#"{"alg":"HS256","typ":"JWT","kid":1}"#, bad),
            ("kid-null", r#"{"alg":"HS256","typ":"JWT","kid":null}"#, bad),
            ("typ-number", r#"{"alg":"HS256","typ":1}"#, bad),
            (
                "depth-64",
                &format!(r#"{{"alg":"HS256","typ":"JWT","x":{}{}}}"#, "[".repeat(63), "]".repeat(63)),
                "",
            ),
            (
                "depth-65",
                &format!(r#"{{"alg":"HS256","typ":"JWT","x":{}{}}}"#, "[".repeat(64), "]".repeat(64)),
                bad,
            ),
        ],
    );
    let utf8 = |header: &[u8]| Given::new(hs256(header, PAYLOAD));
    cases.invalid(
        "header/json-not-utf8",
        JSON,
        bad,
        utf8(b"{\"alg\":\"HS256\",\"typ\":\"JWT\",\"x\":\"\xff\"}"),
    );
    let utf16: Vec<u8> = HEADER.encode_utf16().flat_map(u16::to_le_bytes).collect();
    cases.invalid("header/json-utf16", JSON, bad, utf8(&utf16));
    let mut each = |group: &str, rule: &str, code: &str, list: &[(&str, &str)]| {
        for (name, member) in list {
            let header = format!(r#"{{"alg":"HS256","typ":"JWT",{member}}}"#);
            let id = format!("header/{group}-{name}");
            cases.judge(&id, rule, code, Given::new(hs256(&header, PAYLOAD)));
            cases.judge(&format!("{id}-jws"), rule, code, Given::new(hs256(&header, PAYLOAD)).jws());
        }
    };
    each(
        "crit",
        CRIT,
        "header_critical",
        &[
            ("unknown", r#""crit":["x"],"x":1"#),
            ("unknown-absent", r#""crit":["x"]"#),
            ("empty", r#""crit":[]"#),
            ("null", r#""crit":null"#),
            ("string", r#""crit":"exp""#),
            ("exp", r#""crit":["exp"],"exp":1700003600"#),
            ("alg", r#""crit":["alg"]"#),
            ("b64-true", r#""crit":["b64"],"b64":true"#),
            ("b64-false", r#""crit":["b64"],"b64":false"#),
            ("twice", r#""crit":["x","x"],"x":1"#),
            ("number", r#""crit":[1]"#),
        ],
    );
    each(
        "extension",
        "RFC 7797 section 7, RFC 8725 section 3.6",
        "header_unsupported",
        &[("b64-false", r#""b64":false"#), ("b64-text", r#""b64":"false""#), ("zip", r#""zip":"DEF""#)],
    );
    each(
        "ignored",
        KEY,
        "",
        &[
            ("jwk", r#""jwk":{"kty":"oct","k":"AAAA"}"#),
            ("jku", r#""jku":"https://evil.example/jwks.json""#),
            ("x5u", r#""x5u":"https://evil.example/cert.pem""#),
            ("x5c", r#""x5c":["AAAA"]"#),
            ("crit-other-case", r#""Crit":["x"]"#),
            ("cty", r#""cty":"json""#),
        ],
    );
    for alg in [
        "none", "None", "NONE", "nOnE", "hs256", "HS256 ", " HS256", "HS-256", "HS1", "", "HS384", "RS256",
        "ES256K", "A128GCM",
    ] {
        let given = Given::new(hs256(format!(r#"{{"alg":"{alg}","typ":"JWT"}}"#), PAYLOAD));
        cases.invalid(&format!("header/alg-{alg:?}").replace('"', "|"), ALG, "algorithm_not_allowed", given);
    }
    for (name, typ, expected, code) in [
        ("same", "\"JWT\"", "JWT", ""),
        ("lower", "\"jwt\"", "JWT", ""),
        ("application", "\"application/jwt\"", "JWT", ""),
        ("application-upper", "\"APPLICATION/JWT\"", "JWT", ""),
        ("at-jwt", "\"at+jwt\"", "at+jwt", ""),
        ("at-jwt-application", "\"application/at+jwt\"", "at+jwt", ""),
        ("expected-application", "\"at+jwt\"", "application/at+jwt", ""),
        ("other", "\"at+jwt\"", "JWT", "type_mismatch"),
        ("other-way", "\"JWT\"", "at+jwt", "type_mismatch"),
        ("blank", "\"JWT \"", "JWT", "type_mismatch"),
        ("text", "\"text/jwt\"", "JWT", "type_mismatch"),
        ("empty", "\"\"", "JWT", "type_mismatch"),
        ("application-only", "\"application/\"", "JWT", "type_mismatch"),
    ] {
        let given = Given::new(hs256(format!(r#"{{"alg":"HS256","typ":{typ}}}"#), PAYLOAD));
        cases.judge(&format!("header/typ-{name}"), TYP, code, given.opt("typ", json!(expected)));
    }
    let absent = Given::new(hs256(r#"{"alg":"HS256"}"#, PAYLOAD));
    cases.invalid("header/typ-absent", TYP, "type_mismatch", absent.clone());
    cases.valid("header/typ-not-asked", TYP, absent.opt("typ", json!(null)));
}
