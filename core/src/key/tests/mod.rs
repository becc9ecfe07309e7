#[cfg(all(feature = "host", not(any(feature = "aws-lc", feature = "rustcrypto"))))]
mod host;
mod import;
mod jwk_rules;
mod oracle;
#[cfg(feature = "primes")]
mod primes;
mod rfc;
mod secrecy;
mod signatures;
mod spelling;
mod wycheproof;

use super::*;

/// Test keys, not secret.
macro_rules! pem {
    ($name:literal) => {
        include_str!(concat!("../../../tests-data/keys/", $name, ".pem"))
    };
}
pub(super) use pem;

/// One key that signs for each algorithm with which this build computes.
fn signing_keys() -> Vec<Key> {
    Algorithm::ALL.iter().filter(|alg| computes(**alg)).map(|alg| signing_key(*alg)).collect()
}

fn computes(alg: Algorithm) -> bool {
    alg.is_hmac() || asymmetric::COMPUTES
}

fn signing_key(alg: Algorithm) -> Key {
    match alg {
        Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512 => {
            Key::hmac(Some("k1"), alg, vec![0xa7; alg.hash_len()]).unwrap()
        }
        Algorithm::ES256 => Key::from_pem(Some("k1"), Some(alg), pem!("p256")).unwrap(),
        Algorithm::ES384 => Key::from_pem(Some("k1"), Some(alg), pem!("p384")).unwrap(),
        Algorithm::ES512 => Key::from_pem(Some("k1"), Some(alg), pem!("p521")).unwrap(),
        Algorithm::EdDSA | Algorithm::Ed25519 => {
            Key::from_pem(Some("k1"), Some(alg), pem!("ed25519")).unwrap()
        }
        _ => Key::from_pem(Some("k1"), Some(alg), pem!("rsa2048")).unwrap(),
    }
}

fn sign(key: &Key, message: &[u8]) -> Vec<u8> {
    let mut signature = Vec::new();
    key.sign(message, &mut signature).unwrap();
    signature
}

fn code<T: fmt::Debug>(result: Result<T>) -> ErrorCode {
    result.unwrap_err().code()
}
