//! Signatures of every algorithm: the right one, and what is close to it.

use anyhow::Result;
use serde_json::{Value, json};

use super::rfc;
use super::tokens::{PAYLOAD, ed, encode, oct, rs, seal_with, secret};
use super::{Cases, Given};

const GOOD: &str = "RFC 7515 section 5.2: the signature is the key's";
const EXACT: &str = "one signature has one form: its length is fixed and every bit counts";

pub(super) fn add(cases: &mut Cases) -> Result<()> {
    let header = |alg: &str| format!(r#"{{"alg":"{alg}","typ":"JWT"}}"#);
    let mut tokens: Vec<(&str, Value, String)> = Vec::new();
    for alg in ["HS256", "HS384", "HS512"] {
        let token = seal_with(alg, &secret(alg), &encode(header(alg)), &encode(PAYLOAD));
        tokens.push((alg, oct(alg), token));
    }
    for alg in ["RS256", "RS384", "RS512"] {
        tokens.push((alg, rfc::key("rsa2048")?, rs(alg, &header(alg), PAYLOAD)?));
    }
    for alg in ["PS256", "PS384", "PS512"] {
        tokens.push((alg, rfc::key("rsa2048")?, rfc::signed(alg)?));
    }
    for (alg, curve) in [("ES256", "P-256"), ("ES384", "P-384"), ("ES512", "P-521")] {
        tokens.push((alg, rfc::key(curve)?, rfc::signed(alg)?));
    }
    tokens.push(("EdDSA", rfc::key("Ed25519")?, ed(&header("EdDSA"), PAYLOAD)?));
    for (alg, key, token) in &tokens {
        let given = |token: String| Given::new(token).key(key.clone()).allow(json!([alg]));
        cases.valid(&format!("signature/{alg}"), GOOD, given(token.clone()));
        let (input, signature) = token.rsplit_once('.').unwrap_or_default();
        let bytes = base64_simd::URL_SAFE_NO_PAD.decode_to_vec(signature)?;
        let bit = |at: usize, bit: u8| {
            let mut bytes = bytes.clone();
            bytes[at] ^= bit;
            bytes
        };
        let middle = bytes.len() / 2;
        for (name, changed) in [
            ("first-bit", bit(0, 0x80)),
            ("middle-bit", bit(middle, 1)),
            ("last-bit", bit(bytes.len() - 1, 1)),
            ("cut", bytes[..bytes.len() - 1].to_vec()),
            ("half", bytes[..middle].to_vec()),
            ("zero-behind", [bytes.as_slice(), &[0]].concat()),
            ("zero-before", [&[0], bytes.as_slice()].concat()),
            ("twice", bytes.repeat(2)),
            ("zeros", vec![0; bytes.len()]),
            ("ones", vec![0xff; bytes.len()]),
            ("empty", Vec::new()),
        ] {
            let token = format!("{input}.{}", encode(changed));
            cases.invalid(&format!("signature/{alg}-{name}"), EXACT, "signature_invalid", given(token));
        }
        let other = PAYLOAD.replace("app", "apq");
        let (head, _) = input.split_once('.').unwrap_or_default();
        let token = format!("{head}.{}.{signature}", encode(other));
        cases.invalid(&format!("signature/{alg}-other-payload"), GOOD, "signature_invalid", given(token));
    }
    let one = "RFC 7518 section 3.4: R and S in full length, not DER, not stripped";
    for (name, alg, curve) in [
        ("ES256-der", "ES256", "P-256"),
        ("ES384-der", "ES384", "P-384"),
        ("ES512-der", "ES512", "P-521"),
        ("ES256-stripped-zero", "ES256", "P-256"),
    ] {
        let given = Given::new(rfc::signed(name)?).key(rfc::key(curve)?).allow(json!([alg]));
        cases.invalid(&format!("signature/{name}"), one, "signature_invalid", given);
    }
    let given =
        Given::new(rfc::signed("ES256-leading-zero")?).key(rfc::key("P-256")?).allow(json!(["ES256"]));
    cases.valid("signature/ES256-leading-zero", one, given);
    let salt = "RFC 7518 section 3.5: the salt is as long as the hash";
    for alg in ["PS256", "PS384", "PS512"] {
        for length in ["0", "20", "max"] {
            let name = format!("{alg}-salt-{length}");
            let given = Given::new(rfc::signed(&name)?).key(rfc::key("rsa2048")?).allow(json!([alg]));
            cases.invalid(&format!("signature/{name}"), salt, "signature_invalid", given);
        }
    }
    let curve = "a point of its curve, with full-length coordinates";
    let es256 = rfc::signed("ES256")?;
    let mut other = rfc::key("P-256")?;
    other["y"] = encode([1; 32]).into();
    let mut short = rfc::key("P-256")?;
    short["x"] = encode([1; 31]).into();
    let mut wrong = rfc::key("P-256")?;
    wrong["crv"] = "P-384".into();
    let mut unknown = rfc::key("P-256")?;
    unknown["crv"] = "P-257".into();
    let zero = json!({ "kty": "EC", "crv": "P-256", "x": encode([0; 32]), "y": encode([0; 32]) });
    for (name, key, code) in [
        ("off", other, "key_malformed"),
        ("short", short, "key_malformed"),
        ("other-curve", wrong, "key_malformed"),
        ("unknown-curve", unknown, "key_unsupported"),
        ("zero", zero, "key_malformed"),
        ("no-y", json!({ "kty": "EC", "crv": "P-256", "x": encode([1; 32]) }), "key_malformed"),
    ] {
        let given = Given::new(es256.clone()).key(key).allow(json!(["ES256"]));
        cases.invalid(&format!("key/ec-{name}"), curve, code, given);
    }
    Ok(())
}
