//! `bindings-tests/vectors/verify.json` through the public interface, and every explanation beside its verdict.

use serde_json::Value;
use tokenmint::{Algorithm, CheckOutcome, UnixTime};

use crate::adapter;

#[test]
fn every_case_has_its_verdict_and_its_explanation() {
    let text = include_str!("../../../bindings-tests/vectors/verify.json");
    let file: Value = serde_json::from_str(text).unwrap();
    let cases = file["cases"].as_array().unwrap();
    assert!(cases.len() >= 300, "{}", cases.len());
    let mut judged = 0;
    for case in cases {
        let hmac = case["allowed_algs"]
            .as_array()
            .unwrap()
            .iter()
            .all(|alg| alg.as_str().unwrap().starts_with("HS"));
        if !hmac && !Algorithm::ES512.is_supported() {
            continue;
        }
        judged += 1;
        let id = &case["id"];
        let verdict = adapter::run(case);
        let found = verdict.as_ref().map_or_else(|error| error.code().name(), |_| "valid");
        assert_eq!(found, case["code"].as_str().unwrap_or("valid"), "{id}: {:?}", verdict.as_ref().err());
        if let (Ok(Some(verified)), Value::Object(_)) = (&verdict, &case["claims"]) {
            assert_eq!(verified.claims::<Value>().unwrap(), case["claims"], "{id}");
        }
        if case["mode"] == "jwt"
            && let Ok((verifier, token)) = adapter::prepare(case)
        {
            let now = UnixTime::from_seconds(case["opts"]["now"].as_i64().unwrap());
            let explanation = verifier.explain(&token, now);
            assert_eq!(
                explanation.error(),
                verifier.verify(&token, now).err().as_ref(),
                "{id}: {explanation}"
            );
            // In order: nothing is reached behind a failure before the claims.
            let outcomes: Vec<_> = explanation.checks().iter().map(|check| check.outcome).collect();
            assert_eq!(explanation.is_accepted(), !outcomes.contains(&CheckOutcome::Failed), "{id}");
            if let Some(at) = outcomes.iter().position(|outcome| *outcome == CheckOutcome::NotReached) {
                assert_eq!(outcomes.get(at - 1), Some(&CheckOutcome::Failed), "{id}: {explanation}");
                assert!(outcomes[at..].iter().all(|outcome| *outcome == CheckOutcome::NotReached), "{id}");
            }
            // Never the signature.
            let signature = token.rsplit('.').next().unwrap_or_default();
            if signature.len() > 40 {
                let written = format!("{explanation}{}", serde_json::to_string(&explanation).unwrap());
                assert!(!written.contains(signature), "{id}");
            }
        }
    }
    println!("{judged} of {} cases judged", cases.len());
}
