//! Keys: which one a token may be checked with, and which are refused at import.

use anyhow::Result;
use serde_json::{Value, json};

use super::rfc;
use super::tokens::{HEADER, PAYLOAD, ed, encode, hs256, oct, rs, seal_with, secret};
use super::{Cases, Given};

const WEAK: &str = "RFC 7518 section 3.2: an HMAC key is at least as long as the hash";
const BIND: &str = "RFC 7517 section 4: what a JWK says about itself binds";
const KID: &str = "a kid names the key; where there is none, keys that fit are tried";
const SHARED: &str =
    "RFC 7517 section 4.5: keys that share a kid are told apart by kty and alg; then each is tried";
const TRIED: &str = "no more than eight keys are tried with one token";
const CONFUSION: &str = "RFC 8725 section 3.1: alg is the key's, never the token's";
const NAMES: &str = "RFC 9864 section 2.2: Ed25519 is the fully specified name; names are compared exactly";

pub(super) fn add(cases: &mut Cases) -> Result<()> {
    for (alg, length) in [("HS256", 32), ("HS384", 48), ("HS512", 64)] {
        let header = encode(format!(r#"{{"alg":"{alg}","typ":"JWT"}}"#));
        for (name, length, code) in [
            ("exact", length, ""),
            ("longer", length + 1, ""),
            ("block", 200, ""),
            ("short", length - 1, "key_weak"),
            ("one", 1, "key_weak"),
            ("empty", 0, "key_weak"),
        ] {
            let secret = vec![9; length];
            let key = json!({ "kty": "oct", "k": encode(&secret) });
            let token = seal_with(alg, &secret, &header, &encode(PAYLOAD));
            let given = Given::new(token).key(key).allow(json!([alg]));
            cases.judge(&format!("key/{alg}-{name}"), WEAK, code, given);
        }
    }
    let public = include_str!("../../../../core/tests-data/keys/rsa2048.pub.pem");
    let jwk = rfc::key("rsa2048")?.to_string();
    for (name, secret) in [("pem", public), ("jwk", &jwk)] {
        let token = seal_with("HS256", secret.as_bytes(), &encode(HEADER), &encode(PAYLOAD));
        let key = json!({ "kty": "oct", "alg": "HS256", "k": encode(secret) });
        cases.invalid(&format!("key/HS256-{name}"), CONFUSION, "key_usage", Given::new(token).key(key));
    }
    let good = hs256(HEADER, PAYLOAD);
    let member = |name: &str, value: Value| {
        let mut key = oct("HS256");
        key[name] = value;
        key
    };
    for (name, key, code) in [
        ("alg-same", member("alg", json!("HS256")), ""),
        ("alg-other", member("alg", json!("HS384")), "key_weak"),
        ("alg-unknown", member("alg", json!("A256GCM")), "key_unsupported"),
        ("alg-number", member("alg", json!(256)), "key_malformed"),
        ("alg-of-other-kind", member("alg", json!("RS256")), "key_usage"),
        ("use-sig", member("use", json!("sig")), ""),
        ("use-enc", member("use", json!("enc")), "key_usage"),
        ("use-other", member("use", json!("SIG")), "key_usage"),
        ("use-number", member("use", json!(1)), "key_malformed"),
        ("ops-verify", member("key_ops", json!(["verify"])), ""),
        ("ops-both", member("key_ops", json!(["sign", "verify"])), ""),
        ("ops-sign", member("key_ops", json!(["sign"])), "key_mismatch"),
        ("ops-encrypt", member("key_ops", json!(["encrypt"])), "key_usage"),
        ("ops-empty", member("key_ops", json!([])), "key_usage"),
        ("ops-twice", member("key_ops", json!(["verify", "verify"])), "key_malformed"),
        ("ops-string", member("key_ops", json!("verify")), "key_malformed"),
        ("kty-absent", json!({ "k": encode([7; 32]) }), "key_malformed"),
        ("kty-unknown", member("kty", json!("OCT")), "key_unsupported"),
        ("k-absent", json!({ "kty": "oct" }), "key_malformed"),
        ("k-padded", member("k", json!(format!("{}=", encode([7; 32])))), "key_malformed"),
        ("k-number", member("k", json!(7)), "key_malformed"),
        ("unknown-member", member("x-note", json!({ "a": 1 })), ""),
        ("kid", member("kid", json!("k1")), ""),
    ] {
        cases.judge(&format!("jwk/{name}"), BIND, code, Given::new(good.clone()).key(key));
    }
    sets(cases);
    shared_ids(cases)?;
    confusion(cases)?;
    okp(cases)
}

fn sets(cases: &mut Cases) {
    let key =
        |kid: &str, byte: u8| json!({ "kty": "oct", "alg": "HS256", "kid": kid, "k": encode([byte; 32]) });
    let (ours, other) = (key("k1", 7), key("k2", 8));
    let nameless = || json!({ "kty": "oct", "alg": "HS256", "k": encode([7; 32]) });
    let broken = json!({ "kty": "oct", "alg": "HS256", "kid": "k3", "k": "!" });
    let weak = json!({ "kty": "oct", "alg": "HS256", "kid": "k1", "k": "c2hvcnQ" });
    let with_kid = |kid: &str| hs256(format!(r#"{{"alg":"HS256","typ":"JWT","kid":"{kid}"}}"#), PAYLOAD);
    let none = hs256(HEADER, PAYLOAD);
    for (name, keys, token, code) in [
        ("named", json!([other, ours]), with_kid("k1"), ""),
        ("names-the-other", json!([other, ours]), with_kid("k2"), "signature_invalid"),
        ("names-unknown", json!([other, ours]), with_kid("k9"), "key_not_found"),
        ("names-other-case", json!([other, ours]), with_kid("K1"), "key_not_found"),
        ("names-path", json!([other, ours]), with_kid("../../dev/null"), "key_not_found"),
        ("names-sql", json!([other, ours]), with_kid("k1' OR '1'='1"), "key_not_found"),
        ("no-kid", json!([other, ours]), none.clone(), ""),
        ("no-kid-none-fits", json!([other]), none.clone(), "signature_invalid"),
        ("nameless-key", json!([other, nameless()]), with_kid("k9"), ""),
        ("broken-beside", json!([broken, ours]), with_kid("k1"), ""),
        ("broken-named", json!([broken, ours]), with_kid("k3"), "key_not_found"),
        ("weak-alone", json!([weak]), with_kid("k1"), "key_weak"),
        ("not-an-object-beside", json!([7, ours]), with_kid("k1"), ""),
        ("empty", json!([]), none.clone(), "key_not_found"),
    ] {
        cases.judge(&format!("jwks/{name}"), KID, code, Given::new(token).jwks(keys));
    }
    cases.invalid("jwks/no-key-at-all", KID, "key_not_found", Given::new(none).no_key());
}

/// Keys of one id, in either order.
fn shared_ids(cases: &mut Cases) -> Result<()> {
    let header = |alg: &str| format!(r#"{{"alg":"{alg}","typ":"JWT","kid":"k1"}}"#);
    let rsa = |alg: &str| -> Result<Value> {
        let mut key = rfc::key("rsa2048")?;
        key["kid"] = "k1".into();
        key["alg"] = alg.into();
        Ok(key)
    };
    let mut ed25519 = rfc::key("Ed25519")?;
    ed25519["kid"] = "k1".into();
    let hs256 = |byte: u8| json!({ "kty": "oct", "alg": "HS256", "kid": "k1", "k": encode([byte; 32]) });
    let mut encryption = rsa("RS256")?;
    encryption["use"] = "enc".into();
    let of_rsa = |alg: &str| rs(alg, &header(alg), PAYLOAD);
    let of_ed25519 = ed(&header("EdDSA"), PAYLOAD)?;
    let of_secret = super::tokens::hs256(header("HS256"), PAYLOAD);
    let three = [rsa("RS256")?, rsa("RS384")?, rsa("RS512")?];
    let nine = |ours: usize| (0..9).map(|at| hs256(if at == ours { 7 } else { 100 + at as u8 })).collect();
    for (name, keys, token, code) in [
        ("three-algs-first", three.to_vec(), of_rsa("RS256")?, ""),
        ("three-algs-second", three.to_vec(), of_rsa("RS384")?, ""),
        ("three-algs-third", three.to_vec(), of_rsa("RS512")?, ""),
        ("two-kty-first", vec![rsa("RS256")?, ed25519.clone()], of_rsa("RS256")?, ""),
        ("two-kty-second", vec![rsa("RS256")?, ed25519.clone()], of_ed25519.clone(), ""),
        ("none-for-alg", vec![rsa("RS256")?, ed25519.clone(), hs256(7)], of_rsa("RS512")?, "key_mismatch"),
        ("secret-beside-rsa", vec![rsa("RS256")?, hs256(7)], of_secret.clone(), ""),
        ("same-alg", vec![hs256(8), hs256(9), hs256(7)], of_secret.clone(), ""),
        ("same-alg-none-fits", vec![hs256(8), hs256(9)], of_secret.clone(), "signature_invalid"),
        ("same-key-twice", vec![hs256(7), hs256(7)], of_secret.clone(), ""),
        ("for-encryption-beside", vec![encryption, rsa("RS256")?], of_rsa("RS256")?, ""),
        ("the-eighth", nine(7), of_secret.clone(), ""),
        ("the-ninth", nine(8), of_secret.clone(), "signature_invalid"),
    ] {
        let allowed = json!(["RS256", "RS384", "RS512", "EdDSA", "HS256"]);
        for (order, keys) in [("", keys.clone()), ("-reversed", keys.into_iter().rev().collect())] {
            // Behind the eighth nothing is tried, so there the order counts.
            let code = if name.ends_with("th") && !order.is_empty() { "" } else { code };
            let given = Given::new(token.clone()).jwks(json!(keys)).allow(allowed.clone());
            cases.judge(&format!("jwks/shared-id-{name}{order}"), SHARED, code, given);
        }
    }
    // A token without an id is tried with as many keys.
    let named = |at: usize, byte: u8| json!({ "kty": "oct", "alg": "HS256", "kid": format!("k{at}"), "k": encode([byte; 32]) });
    for (name, ours, code) in [("eighth", 7, ""), ("ninth", 8, "signature_invalid")] {
        let keys: Vec<Value> =
            (0..10).map(|at| named(at, if at == ours { 7 } else { 100 + at as u8 })).collect();
        let given = Given::new(super::tokens::hs256(HEADER, PAYLOAD)).jwks(json!(keys));
        cases.judge(&format!("jwks/no-kid-the-{name}"), TRIED, code, given);
    }
    Ok(())
}

fn confusion(cases: &mut Cases) -> Result<()> {
    let rsa = rfc::key("rsa2048")?;
    let allowed = json!(["HS256", "RS256"]);
    let header = r#"{"alg":"RS256","typ":"JWT"}"#;
    let good = rs("RS256", header, PAYLOAD)?;
    cases.valid(
        "confusion/rs256",
        CONFUSION,
        Given::new(good.clone()).key(rsa.clone()).allow(allowed.clone()),
    );
    // The public key, as everyone can have it, taken for a shared secret.
    let n = rsa["n"].as_str().unwrap_or_default();
    let text = include_str!("../../../../core/tests-data/keys/rsa2048.pub.pem");
    for (name, secret) in [
        ("pem", text.as_bytes().to_vec()),
        ("pem-trimmed", text.trim_end().as_bytes().to_vec()),
        ("modulus", base64_simd::URL_SAFE_NO_PAD.decode_to_vec(n)?),
        ("jwk", rsa.to_string().into_bytes()),
        ("empty", Vec::new()),
    ] {
        let token = seal_with("HS256", &secret, &encode(HEADER), &encode(PAYLOAD));
        let given = Given::new(token).key(rsa.clone()).allow(allowed.clone());
        cases.invalid(&format!("confusion/hs256-by-{name}"), CONFUSION, "key_mismatch", given);
    }
    let only = |alg: &str| Given::new(good.clone()).key(rsa.clone()).allow(json!([alg]));
    cases.invalid("confusion/not-allowed", CONFUSION, "algorithm_not_allowed", only("PS256"));
    cases.invalid("confusion/other-hash", CONFUSION, "algorithm_not_allowed", only("RS512"));
    let mut bound = rsa.clone();
    bound["alg"] = "PS256".into();
    let given = Given::new(good.clone()).key(bound).allow(json!(["RS256", "PS256"]));
    cases.invalid("confusion/bound-to-ps256", CONFUSION, "key_mismatch", given);
    cases.valid(
        "confusion/two-families",
        "an allow list may name several families",
        Given::new(good.clone()).jwks(json!([oct("HS256"), rsa])).allow(allowed),
    );
    for (name, key) in [("ec", "P-256"), ("okp", "Ed25519")] {
        let given = Given::new(good.clone()).key(rfc::key(key)?).allow(json!(["RS256", "ES256", "EdDSA"]));
        cases.invalid(&format!("confusion/rs256-with-{name}"), CONFUSION, "key_mismatch", given);
    }
    // RFC 7518 section 3.3: 2048 bits or more.
    let weak = Given::new(good.clone()).key(rfc::key("rsa1024")?).allow(json!(["RS256"]));
    cases.invalid("key/rsa-1024", "RFC 7518 section 3.3: RSA keys have 2048 bits or more", "key_weak", weak);
    for (name, e, code) in
        [("one", "AQ", "key_weak"), ("even", "Ag", "key_weak"), ("zero", "AA", "key_malformed")]
    {
        let mut key = rfc::key("rsa2048")?;
        key["e"] = e.into();
        let given = Given::new(good.clone()).key(key).allow(json!(["RS256"]));
        cases.invalid(&format!("key/rsa-exponent-{name}"), "a sane public exponent", code, given);
    }
    let hs =
        seal_with("HS384", &secret("HS384"), &encode(r#"{"alg":"HS384","typ":"JWT"}"#), &encode(PAYLOAD));
    let mut key = oct("HS384");
    let given = Given::new(hs.clone()).key(key.clone()).allow(json!(["HS256", "HS384"]));
    cases.valid("confusion/hs384", CONFUSION, given);
    key["alg"] = "HS256".into();
    let given = Given::new(hs).key(key).allow(json!(["HS256", "HS384"]));
    cases.invalid("confusion/hs384-bound-to-hs256", CONFUSION, "key_mismatch", given);
    Ok(())
}

fn okp(cases: &mut Cases) -> Result<()> {
    let old = ed(r#"{"alg":"EdDSA","typ":"JWT"}"#, PAYLOAD)?;
    let new = ed(r#"{"alg":"Ed25519","typ":"JWT"}"#, PAYLOAD)?;
    let named = |alg: &str| -> Result<Value> {
        let mut key = rfc::key("Ed25519")?;
        key["alg"] = alg.into();
        Ok(key)
    };
    let plain = rfc::key("Ed25519")?;
    for (name, token, key, allowed, code) in [
        ("old", &old, plain.clone(), json!(["EdDSA"]), ""),
        ("new", &new, plain.clone(), json!(["Ed25519"]), ""),
        ("both-old", &old, plain.clone(), json!(["EdDSA", "Ed25519"]), ""),
        ("both-new", &new, plain.clone(), json!(["EdDSA", "Ed25519"]), ""),
        ("new-not-allowed", &new, plain.clone(), json!(["EdDSA"]), "algorithm_not_allowed"),
        ("old-not-allowed", &old, plain.clone(), json!(["Ed25519"]), "algorithm_not_allowed"),
        ("bound-new", &new, named("Ed25519")?, json!(["EdDSA", "Ed25519"]), ""),
        ("bound-new-says-old", &old, named("Ed25519")?, json!(["EdDSA", "Ed25519"]), "key_mismatch"),
        ("bound-old-says-new", &new, named("EdDSA")?, json!(["EdDSA", "Ed25519"]), ""),
    ] {
        let given = Given::new(token.clone()).key(key).allow(allowed);
        cases.judge(&format!("okp/name-{name}"), NAMES, code, given);
    }
    let point = |bytes: [u8; 32]| json!({ "kty": "OKP", "crv": "Ed25519", "x": encode(bytes) });
    let mut one = [0; 32];
    one[0] = 1;
    let mut beyond = [0xff; 32];
    beyond[31] = 0x7f;
    let mut off = [0; 32];
    off[0] = 2;
    let rule = "RFC 8032 section 5.1.3: a canonical point of the curve, and not of small order";
    for (name, key, code) in [
        ("order-1", point(one), "key_weak"),
        ("order-4", point([0; 32]), "key_weak"),
        ("not-canonical", point(beyond), "key_malformed"),
        ("not-on-the-curve", point(off), "key_malformed"),
        ("short", json!({ "kty": "OKP", "crv": "Ed25519", "x": encode([1; 31]) }), "key_malformed"),
        ("long", json!({ "kty": "OKP", "crv": "Ed25519", "x": encode([1; 33]) }), "key_malformed"),
        ("x25519", json!({ "kty": "OKP", "crv": "X25519", "x": encode([1; 32]) }), "key_unsupported"),
    ] {
        let given = Given::new(old.clone()).key(key).allow(json!(["EdDSA"]));
        cases.invalid(&format!("okp/{name}"), rule, code, given);
    }
    Ok(())
}
