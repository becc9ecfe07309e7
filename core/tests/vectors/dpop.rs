//! `bindings-tests/vectors/dpop.json` through the public interface.

use serde_json::{Value, json};
use tokenmint::config::VerifierConfig;
use tokenmint::{Algorithm, Key, KeySet, UnixTime};

#[test]
fn every_proof_has_its_verdict() {
    let text = include_str!("../../../bindings-tests/vectors/dpop.json");
    let file: Value = serde_json::from_str(text).unwrap();
    if !Algorithm::EdDSA.is_supported() {
        return;
    }
    let key = Key::from_jwk(&file["issuer"]["key"].to_string()).unwrap();
    let keys = KeySet::builder().key(key).unwrap().build().unwrap();
    for case in file["cases"].as_array().unwrap() {
        let mut config = file["verifier"].clone();
        if !case["dpop"].is_null() {
            config["dpop"] = case["dpop"].clone();
        }
        let verifier = VerifierConfig::from_json(&config.to_string()).unwrap().build(keys.clone()).unwrap();
        let [token, proof, method, url] =
            ["token", "proof", "method", "url"].map(|name| case[name].as_str().unwrap());
        let now = UnixTime::from_seconds(case["now"].as_i64().unwrap());
        let found = match verifier.verify_bound(token, proof, method, url, now) {
            Ok(bound) => {
                let proof = bound.proof;
                let mut output = json!({
                    "jkt": proof.thumbprint(),
                    "replay_key": proof.replay_key(),
                    "replayable_until": proof.replayable_until().seconds(),
                });
                if let Some(nonce) = proof.nonce() {
                    output["nonce"] = nonce.into();
                }
                json!({ "output": output })
            }
            Err(error) => json!({ "error": error.code().name(), "field": error.field().unwrap_or_default() }),
        };
        for name in ["output", "error", "field"] {
            assert_eq!(found[name], case[name], "{}: {found}", case["id"]);
        }
        // Whoever demands proofs takes none of these tokens without.
        if case["error"].is_null() {
            assert!(verifier.verify(token, now).is_err(), "{}", case["id"]);
        }
    }
}
