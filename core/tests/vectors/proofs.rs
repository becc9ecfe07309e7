//! `bindings-tests/vectors/proofs.json` through the public interface.

use serde_json::Value;
use tokenmint::config::VerifierConfig;
use tokenmint::{Algorithm, KeySet, ProofWindow, Result, UnixTime, Verifier};

#[test]
fn every_step_has_its_verdict() {
    if !Algorithm::EdDSA.is_supported() {
        return;
    }
    let text = include_str!("../../../bindings-tests/vectors/proofs.json");
    let file: Value = serde_json::from_str(text).unwrap();
    let keys = KeySet::from_jwks(&file["jwks"].to_string()).unwrap();
    let verifier = VerifierConfig::from_json(&file["verifier"].to_string()).unwrap().build(keys).unwrap();
    for case in file["cases"].as_array().unwrap() {
        let mut window = ProofWindow::new(case["window"].as_u64().map_or(10, |most| most as usize));
        for (number, step) in case["steps"].as_array().unwrap().iter().enumerate() {
            let place = format!("{}, step {number}", case["id"]);
            match verdict(&verifier, &mut window, step) {
                Ok(claims) => assert_eq!(claims, step["claims"], "{place}"),
                Err(error) => assert_eq!(error.code().name(), step["error"], "{place}: {error}"),
            }
        }
    }
}

fn verdict(verifier: &Verifier, window: &mut ProofWindow, step: &Value) -> Result<Value> {
    let text = |name: &str| step[name].as_str().unwrap();
    let (token, now) = (text("token"), UnixTime::from_seconds(step["now"].as_i64().unwrap()));
    if let Some(hash) = step["certificate_sha256"].as_str() {
        let byte = |at: usize| u8::from_str_radix(&hash[at * 2..at * 2 + 2], 16).unwrap();
        return verifier.verify_with_certificate(token, &std::array::from_fn(byte), now)?.claims();
    }
    let bound = verifier.verify_bound(token, text("proof"), text("method"), text("url"), now)?;
    window.admit(&bound.proof, now)?;
    bound.verified.claims()
}
