//! The verification corpus, read in place where it is: 0 wrong accepts, 0 wrong rejects.

use serde_json::Value;
use tokenmint::Algorithm;

use crate::adapter;

#[test]
#[allow(clippy::disallowed_methods, reason = "the corpus is not part of the repository")]
fn the_corpus_has_no_wrong_verdict() {
    if !Algorithm::ES512.is_supported() {
        return println!("skipped: this build has HMAC only");
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/vectors/jws_rfc_wycheproof.json");
    let Ok(text) = std::fs::read_to_string(path) else {
        return println!("skipped: the corpus is not beside the repository");
    };
    let corpus: Value = serde_json::from_str(&text).unwrap();
    let cases = corpus["vectors"].as_array().unwrap();
    assert_eq!(corpus["count"].as_u64().unwrap() as usize, cases.len());
    let (mut accepts, mut rejects, mut wrong, mut reasons) = (0, 0, Vec::new(), Vec::new());
    for case in cases {
        let id = case["id"].as_str().unwrap();
        let verdict = adapter::run(case);
        if verdict.is_ok() {
            accepts += 1;
        } else {
            rejects += 1;
        }
        match (&verdict, case["expect"].as_str().unwrap()) {
            (Ok(_), "invalid") => wrong.push(format!("wrong accept: {id}")),
            (Err(error), "valid") => wrong.push(format!("wrong reject: {id}: {error:?}")),
            (Err(error), "invalid") => {
                let class = adapter::reason(error.code());
                let fits = |expected: &Value| {
                    expected == class || (expected == "key_mismatch" && class == "key_not_found")
                };
                let also = case["reason_also"].as_array().into_iter().flatten().any(fits);
                if !also && !fits(&case["reason"]) {
                    reasons.push(format!("{id}: {class} instead of {}: {error:?}", case["reason"]));
                }
            }
            _ => {}
        }
        if let (Ok(Some(verified)), Value::Object(expected)) = (&verdict, &case["claims"]) {
            assert_eq!(verified.claims::<Value>().unwrap(), Value::Object(expected.clone()), "{id}");
        }
    }
    println!("{} cases: {accepts} accepted, {rejects} refused", cases.len());
    assert!(wrong.is_empty(), "{} wrong verdicts:\n{}", wrong.len(), wrong.join("\n"));
    assert!(reasons.is_empty(), "{} other reasons:\n{}", reasons.len(), reasons.join("\n"));
}
