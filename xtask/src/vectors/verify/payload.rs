//! The payload: strict JSON, looked at only behind a good signature.

use super::tokens::{HEADER, PAYLOAD, hs256, with};
use super::{Cases, Given};

const JSON: &str = "RFC 7519 section 7.2: the payload is one JSON object in UTF-8 with unique names";
const ORDER: &str = "the signature is checked before the payload is read";

pub(super) fn add(cases: &mut Cases) {
    for (name, member) in [
        ("integers", r#""n":[9223372036854775807,-9223372036854775808,18446744073709551615,0,-0]"#),
        ("escapes", r#""n":"\u00fc\"\\\/\b\f\n\r\t\ud83d\ude00""#),
        ("unicode", r#""ü😀":"ü😀""#),
        ("inner", r#""a":{"a":1},"b":{"a":1}"#),
        ("other-case", r#""EXP":1,"Iss":7,"AUD":[]"#),
        ("empty-name", r#""":1"#),
        ("numbers", r#""n":[1e3,1E-3,0.5,-1.5e+2]"#),
    ] {
        cases.valid(&format!("payload/{name}"), JSON, Given::new(with(member)));
    }
    for (name, member) in [
        ("exp-twice", r#""exp":1"#),
        ("exp-twice-escaped", r#""\u0065xp":1"#),
        ("iss-twice", r#""iss":"x""#),
        ("twice", r#""a":1,"a":1"#),
        ("inner-twice", r#""a":[{"b":1,"b":2}]"#),
        ("nan", r#""a":NaN"#),
        ("infinity", r#""a":Infinity"#),
        ("minus-infinity", r#""a":-Infinity"#),
        ("leading-zero", r#""a":01"#),
        ("plus", r#""a":+1"#),
        ("point-first", r#""a":.5"#),
        ("point-last", r#""a":5."#),
        ("hex", r#""a":0x1"#),
        ("lone-surrogate", r#""a":"\ud800""#),
        ("low-surrogate", r#""a":"\udc00""#),
        ("bad-escape", r#""a":"\x41""#),
        ("control-character", "\"a\":\"\u{1f}\""),
        ("comment", r#""a":1/**/"#),
        ("undefined", r#""a":undefined"#),
        ("single-quotes", "'a':1"),
        ("no-quotes", "a:1"),
        ("no-colon", r#""a""#),
        ("comma", ""),
    ] {
        cases.invalid(&format!("payload/{name}"), JSON, "payload_malformed", Given::new(with(member)));
    }
    let nested = |depth: usize| with(&format!("\"a\":{}{}", "[".repeat(depth), "]".repeat(depth)));
    const DEPTH: &str = "nested at most 64 deep: twice as deep as what is minted";
    for (depth, code) in
        [(32, ""), (33, ""), (64, ""), (65, "payload_malformed"), (5000, "payload_malformed")]
    {
        cases.judge(&format!("payload/depth-{depth}"), DEPTH, code, Given::new(nested(depth - 1)));
    }
    let utf16 = |order: fn(u16) -> [u8; 2]| PAYLOAD.encode_utf16().flat_map(order).collect::<Vec<u8>>();
    for (name, payload) in [
        ("array", b"[]".to_vec()),
        ("string", br#""x""#.to_vec()),
        ("number", b"1".to_vec()),
        ("null", b"null".to_vec()),
        ("true", b"true".to_vec()),
        ("text", b"hello".to_vec()),
        ("bom", format!("\u{feff}{PAYLOAD}").into_bytes()),
        ("utf16-le", utf16(u16::to_le_bytes)),
        ("utf16-be", utf16(u16::to_be_bytes)),
        ("not-utf8", PAYLOAD.replace("app", "a").into_bytes().into_iter().chain([0xff]).collect()),
        ("overlong", b"{\"iss\":\"\xc0\xae\"}".to_vec()),
        ("surrogate-utf8", b"{\"iss\":\"\xed\xa0\x80\"}".to_vec()),
        ("cut", PAYLOAD.as_bytes()[..PAYLOAD.len() - 1].to_vec()),
        ("nul-behind", format!("{PAYLOAD}\0").into_bytes()),
        ("nul-before", format!("\0{PAYLOAD}").into_bytes()),
        ("two-objects", format!("{PAYLOAD}{{}}").into_bytes()),
        ("form-feed", format!("\u{c}{PAYLOAD}").into_bytes()),
        ("no-break-space", format!("\u{a0}{PAYLOAD}").into_bytes()),
    ] {
        let token = hs256(HEADER, &payload);
        cases.invalid(&format!("payload/{name}"), JSON, "payload_malformed", Given::new(token.clone()));
        cases.valid(
            &format!("payload/{name}-jws"),
            "a JWS may hold any bytes",
            Given::new(token.clone()).jws(),
        );
    }
    let forged = hs256(HEADER, "not json");
    let (input, _) = forged.rsplit_once('.').unwrap_or_default();
    let token = format!("{input}.{}", "A".repeat(43));
    cases.invalid("payload/forged", ORDER, "signature_invalid", Given::new(token));
}
