//! Size, framing and base64url: a token has one spelling.

use serde_json::{Value, json};

use super::tokens::{HEADER, PAYLOAD, encode, hs256, seal};
use super::{Cases, Given};

const DOTS: &str = "RFC 7515 section 7.1: three parts, two dots, nothing else";
const BASE64: &str = "RFC 7515 section 2: base64url without padding, blanks or other characters";
const BITS: &str = "RFC 4648 section 3.5: trailing bits are zero, so a token has one spelling";
const SIZE: &str = "a token has at most 65536 bytes";

pub(super) fn add(cases: &mut Cases) {
    let good = hs256(HEADER, PAYLOAD);
    let (header, payload) = (encode(HEADER), encode(PAYLOAD));
    let signature = good.rsplit('.').next().unwrap_or_default().to_owned();
    cases.valid("framing/good", DOTS, Given::new(good.clone()));
    for (name, token) in [
        ("empty", String::new()),
        ("one-dot", ".".into()),
        ("no-dot", "abc".into()),
        ("two-parts", format!("{header}.{payload}")),
        ("four-parts", format!("{good}.")),
        ("dot-first", format!(".{good}")),
        ("five-parts", format!("{good}.a.b")),
        ("header-empty", seal("", &payload)),
        ("json-serialization", format!(r#"{{"payload":"{payload}"}}"#)),
        ("two-tokens", format!("{good}\n{good}")),
    ] {
        cases.invalid(&format!("framing/{name}"), DOTS, "token_malformed", Given::new(token));
    }
    for (name, token, code) in [
        ("two-dots-only", "..".to_owned(), "token_malformed"),
        ("signature-empty", format!("{header}.{payload}."), "signature_invalid"),
        ("payload-empty", seal(&header, ""), "payload_malformed"),
        ("payload-removed", format!("{header}..{signature}"), "signature_invalid"),
    ] {
        cases.invalid(&format!("framing/{name}"), DOTS, code, Given::new(token));
    }
    for (name, text) in
        [("bearer", "Bearer "), ("blank", " "), ("line", "\n"), ("bom", "\u{feff}"), ("quote", "\"")]
    {
        let id = format!("framing/before-{name}");
        cases.invalid(&id, BASE64, "token_encoding", Given::new(format!("{text}{good}")));
        let id = format!("framing/behind-{name}");
        cases.invalid(&id, BASE64, "token_encoding", Given::new(format!("{good}{text}")));
    }
    for (name, text) in [
        ("padding", "="),
        ("paddings", "=="),
        ("blank", " "),
        ("line", "\n"),
        ("return", "\r\n"),
        ("tab", "\t"),
        ("nul", "\0"),
        ("plus", "+"),
        ("slash", "/"),
        ("percent", "%3D"),
        ("letter", "é"),
        ("question", "?"),
    ] {
        // Signed as they stand, so that nothing but the spelling is wrong.
        for (part, token) in [
            ("header", seal(&format!("{header}{text}"), &payload)),
            ("payload", seal(&header, &format!("{payload}{text}"))),
            ("signature", format!("{header}.{payload}.{signature}{text}")),
        ] {
            let id = format!("base64/{part}-{name}");
            cases.invalid(&id, BASE64, "token_encoding", Given::new(token));
        }
    }
    bits(cases, &signature);
    sizes(cases);
}

fn bits(cases: &mut Cases, signature: &str) {
    // 28 and 62 bytes: one left over, two; the signature's 32 leave two.
    let (long_header, payload) = (r#"{"alg":"HS256","typ":"JWT" }"#, PAYLOAD.replace("app\"", "app\" "));
    let (header, payload) = (encode(long_header), encode(payload));
    cases.valid("base64/bits-zero", BITS, Given::new(seal(&header, &payload)));
    let next = |text: &str| {
        let mut bytes = text.as_bytes().to_vec();
        if let Some(last) = bytes.last_mut() {
            *last += 1; // the lowest bit of the last digit: A, E, I, ... are the zero ones
        }
        String::from_utf8_lossy(&bytes).into_owned()
    };
    for (part, token) in [
        ("header", seal(&next(&header), &payload)),
        ("payload", seal(&header, &next(&payload))),
        ("signature", format!("{}.{}.{}", encode(HEADER), encode(PAYLOAD), next(signature))),
    ] {
        cases.invalid(&format!("base64/bits-{part}"), BITS, "token_encoding", Given::new(token));
    }
    for (part, token) in [
        ("header", seal(&encode(&HEADER[..HEADER.len() - 1])[..33], &encode(PAYLOAD))),
        ("signature", format!("{}.{}.A", encode(HEADER), encode(PAYLOAD))),
    ] {
        cases.invalid(&format!("base64/one-digit-{part}"), BASE64, "token_encoding", Given::new(token));
    }
}

fn sizes(cases: &mut Cases) {
    for (name, length, code) in [
        ("largest", 65_536, ""),
        ("too-large", 65_537, "token_too_large"),
        ("huge", 1_000_000, "token_too_large"),
    ] {
        if let Some(token) = of_length(length) {
            cases.judge(&format!("framing/{name}"), SIZE, code, Given::new(token));
        }
    }
}

/// A good token of exactly so many bytes, as texts and how often they are repeated.
fn of_length(length: usize) -> Option<Value> {
    for (blanks, more) in (0..3).flat_map(|blanks| (0..4).map(move |more| (blanks, more))) {
        let header = encode(HEADER.replace(',', &format!(",{}", " ".repeat(blanks))));
        let mut head = format!("{},\"fill\":\"", PAYLOAD.trim_end_matches('}'));
        while head.len() % 3 != 0 {
            head.push('a');
        }
        let (head, tail) = (encode(head), encode(format!("{}\"}}", "a".repeat(more))));
        let others = header.len() + head.len() + tail.len() + 2 + 43;
        let fill = length.checked_sub(others)?;
        if fill.is_multiple_of(4) {
            let token = seal(&header, &format!("{head}{}{tail}", "YWFh".repeat(fill / 4)));
            let signature = token.rsplit('.').next()?;
            return Some(json!([
                [format!("{header}.{head}"), 1],
                ["YWFh", fill / 4],
                [format!("{tail}.{signature}"), 1]
            ]));
        }
    }
    None
}
