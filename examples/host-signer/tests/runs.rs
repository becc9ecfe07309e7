//! The example runs, and what it prints is a token that somebody else can verify with the keys that it prints.

use std::process::Command;

use tokenmint::{Algorithm, KeySet, Verifier};

#[test]
fn the_example_mints_a_token_that_its_public_key_verifies() {
    let output = Command::new(env!("CARGO_BIN_EXE_host-signer")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let [token, claims, jwks] = text.lines().collect::<Vec<_>>().try_into().unwrap();

    let keys = KeySet::from_jwks(jwks).unwrap();
    assert!(keys.signing_key().is_none(), "only the public half left the signer");
    let issued_at = serde_json::from_str::<serde_json::Value>(claims).unwrap()["iat"].as_i64().unwrap();
    let verifier = Verifier::new(keys).issuer("https://api.example.com").audience("app");
    let verified = verifier.verify(token, tokenmint::UnixTime::from_seconds(issued_at)).unwrap();
    assert_eq!((verified.json(), verified.algorithm()), (claims, Algorithm::ES256));
    assert_eq!(verified.subject().as_deref(), Some("ent_1"));
}
