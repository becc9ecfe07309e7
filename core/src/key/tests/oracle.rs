//! Another implementation agrees: jsonwebtoken on its own, and cases of Wycheproof where they are at hand.

use jsonwebtoken::crypto;
use jsonwebtoken::{DecodingKey, EncodingKey};

use super::*;
use crate::encoding::{base64url, from_base64url};

#[test]
fn jsonwebtoken_agrees_on_hmac() {
    let secret: Vec<u8> = (0..64).collect();
    for (alg, theirs) in [
        (Algorithm::HS256, jsonwebtoken::Algorithm::HS256),
        (Algorithm::HS384, jsonwebtoken::Algorithm::HS384),
        (Algorithm::HS512, jsonwebtoken::Algorithm::HS512),
    ] {
        let key = Key::hmac(None, alg, secret.clone()).unwrap();
        let (signs, verifies) = (EncodingKey::from_secret(&secret), DecodingKey::from_secret(&secret));
        agree(&key, &signs.unwrap(), &verifies.unwrap(), theirs);
    }
}

#[cfg(any(feature = "aws-lc", feature = "rustcrypto"))]
#[test]
fn jsonwebtoken_agrees_on_pairs() {
    use jsonwebtoken::Algorithm as Theirs;
    for (alg, theirs) in [
        (Algorithm::RS256, Theirs::RS256),
        (Algorithm::RS384, Theirs::RS384),
        (Algorithm::RS512, Theirs::RS512),
        (Algorithm::PS256, Theirs::PS256),
        (Algorithm::PS384, Theirs::PS384),
        (Algorithm::PS512, Theirs::PS512),
    ] {
        let encoding = EncodingKey::from_rsa_pem(pem!("rsa2048").as_bytes()).unwrap();
        let decoding = DecodingKey::from_rsa_pem(pem!("rsa2048.pub").as_bytes()).unwrap();
        agree(&signing_key(alg), &encoding, &decoding, theirs);
    }
    for (alg, theirs, private, public) in [
        (Algorithm::ES256, Theirs::ES256, pem!("p256"), pem!("p256.pub")),
        (Algorithm::ES384, Theirs::ES384, pem!("p384"), pem!("p384.pub")),
    ] {
        let encoding = EncodingKey::from_ec_pem(private.as_bytes()).unwrap();
        let decoding = DecodingKey::from_ec_pem(public.as_bytes()).unwrap();
        agree(&signing_key(alg), &encoding, &decoding, theirs);
    }
    let encoding = EncodingKey::from_ed_pem(pem!("ed25519").as_bytes()).unwrap();
    let decoding = DecodingKey::from_ed_pem(pem!("ed25519.pub").as_bytes()).unwrap();
    agree(&signing_key(Algorithm::EdDSA), &encoding, &decoding, Theirs::EdDSA);
}

fn agree(key: &Key, encoding: &EncodingKey, decoding: &DecodingKey, theirs: jsonwebtoken::Algorithm) {
    for message in [&b""[..], b"message", &[0xff; 1000]] {
        let ours = base64url(&sign(key, message));
        assert!(crypto::verify(&ours, message, decoding, theirs).unwrap(), "{theirs:?}");
        let signature = from_base64url(&crypto::sign(message, encoding, theirs).unwrap()).unwrap();
        assert!(key.verify(message, &signature), "{theirs:?}");
    }
}

/// Signatures only; what a token says in its header is judged elsewhere.
#[cfg(any(feature = "aws-lc", feature = "rustcrypto"))]
#[allow(clippy::disallowed_methods)] // the cases are read in place
#[test]
fn wycheproof() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/vectors/jws_rfc_wycheproof.json");
    let Ok(text) = std::fs::read_to_string(path) else { return };
    let file: serde_json::Value = serde_json::from_str(&text).unwrap();
    let (mut valid, mut invalid) = (0, 0);
    for case in file["vectors"].as_array().unwrap() {
        let (Some(jwk), Some(token)) = (case.get("key"), case["token"].as_str()) else { continue };
        let Some(alg) = case["allowed_algs"][0].as_str().and_then(Algorithm::from_name) else { continue };
        let id = &case["id"];
        let Some((message, signature)) = token.rsplit_once('.') else { continue };
        let accepted = from_base64url(signature).is_some_and(|signature| {
            Key::from_jwk_as(alg, &jwk.to_string())
                .is_ok_and(|key| key.verify(message.as_bytes(), &signature))
        });
        match case["expect"].as_str() {
            Some("valid") => {
                assert!(accepted, "{id}");
                valid += 1;
            }
            Some("invalid")
                if matches!(case["reason"].as_str(), Some("bad_signature" | "weak_key" | "bad_key")) =>
            {
                assert!(!accepted, "{id}");
                invalid += 1;
            }
            _ => {}
        }
    }
    assert!(valid > 50 && invalid > 100, "{valid} {invalid}");
}
