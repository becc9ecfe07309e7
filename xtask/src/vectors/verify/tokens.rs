//! Tokens, written and signed without the library that is to judge them.

use anyhow::{Result, anyhow};
use aws_lc_rs::{hmac, rand::SystemRandom, rsa, signature};
use serde_json::{Value, json};

pub(in crate::vectors) const ISSUER: &str = "https://issuer.example";
pub(in crate::vectors) const HEADER: &str = r#"{"alg":"HS256","typ":"JWT"}"#;
pub(in crate::vectors) const PAYLOAD: &str =
    r#"{"iss":"https://issuer.example","aud":"app","exp":1700003600}"#;

/// The secret of all HMAC keys: as many bytes as the hash has.
pub(in crate::vectors) fn secret(alg: &str) -> Vec<u8> {
    vec![
        7;
        match alg {
            "HS384" => 48,
            "HS512" => 64,
            _ => 32,
        }
    ]
}

/// The symmetric key for an algorithm, which it does not name.
pub(in crate::vectors) fn oct(alg: &str) -> Value {
    json!({ "kty": "oct", "k": encode(secret(alg)) })
}

pub(in crate::vectors) fn encode(bytes: impl AsRef<[u8]>) -> String {
    base64_simd::URL_SAFE_NO_PAD.encode_to_string(bytes.as_ref())
}

/// Two segments, whatever they hold, and the MAC over them.
pub(in crate::vectors) fn seal_with(alg: &str, secret: &[u8], header: &str, payload: &str) -> String {
    let algorithm = match alg {
        "HS384" => hmac::HMAC_SHA384,
        "HS512" => hmac::HMAC_SHA512,
        _ => hmac::HMAC_SHA256,
    };
    let input = format!("{header}.{payload}");
    let tag = hmac::sign(&hmac::Key::new(algorithm, secret), input.as_bytes());
    format!("{input}.{}", encode(tag))
}

pub(in crate::vectors) fn seal(header: &str, payload: &str) -> String {
    seal_with("HS256", &secret("HS256"), header, payload)
}

/// A token with this header and this payload, rightly signed with HS256.
pub(in crate::vectors) fn hs256(header: impl AsRef<[u8]>, payload: impl AsRef<[u8]>) -> String {
    seal(&encode(header), &encode(payload))
}

/// The usual claims, with more members behind them.
pub(in crate::vectors) fn with(extra: &str) -> String {
    hs256(HEADER, format!(r#"{},{extra}}}"#, PAYLOAD.trim_end_matches('}')))
}

/// A token signed with a key of core/tests-data/keys.
pub(in crate::vectors) fn rs(alg: &str, header: &str, payload: &str) -> Result<String> {
    let pem = include_str!("../../../../core/tests-data/keys/rsa2048.pem");
    let key = rsa::KeyPair::from_pkcs8(&der(pem)?).map_err(|error| anyhow!("{error}"))?;
    let input = format!("{}.{}", encode(header), encode(payload));
    let padding: &dyn signature::RsaEncoding = match alg {
        "RS384" => &signature::RSA_PKCS1_SHA384,
        "RS512" => &signature::RSA_PKCS1_SHA512,
        _ => &signature::RSA_PKCS1_SHA256,
    };
    let mut made = vec![0; key.public_modulus_len()];
    // PKCS #1 v1.5 signatures do not depend on the randomness, which only blinds.
    key.sign(padding, &SystemRandom::new(), input.as_bytes(), &mut made)?;
    Ok(format!("{input}.{}", encode(made)))
}

/// A token signed with core/tests-data/keys/ed25519.pem.
pub(in crate::vectors) fn ed(header: &str, payload: &str) -> Result<String> {
    let pem = include_str!("../../../../core/tests-data/keys/ed25519.pem");
    let key = signature::Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der(pem)?)
        .map_err(|error| anyhow!("{error}"))?;
    let input = format!("{}.{}", encode(header), encode(payload));
    let made = key.sign(input.as_bytes());
    Ok(format!("{input}.{}", encode(made)))
}

fn der(pem: &str) -> Result<Vec<u8>> {
    let base64: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    Ok(base64_simd::STANDARD.decode_to_vec(base64)?)
}
