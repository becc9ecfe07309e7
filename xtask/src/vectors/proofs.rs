//! `proofs.json`: what arrives one after the other at a resource: proofs, and certificates.
//!
//! As in `verify.json`, everything is written and signed by AWS-LC, the verdicts are written by hand from the rules, and the
//! verifier is asked only whether it agrees.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, bail, ensure};
use aws_lc_rs::digest::{SHA256, digest};
use serde_json::{Value, json};
use tokenmint::config::VerifierConfig;
use tokenmint::{Error, KeySet, ProofWindow, UnixTime, Verifier};

use super::verify::tokens::{ed, encode};
use super::{Generated, pretty};

const ABOUT: &str = "At a resource (RFC 9449 section 7, RFC 8705 section 3): `verifier` and `jwks` are its configuration and its \
    keys. The steps of a case are requests that arrive one after the other, and share a window of `window` proofs, 10 where it is \
    left out: `token`, and `proof` for `method` and `url`, or `certificate_sha256` in hexadecimal. With `claims` the token is \
    taken, else it fails with `error`. What a proof must say is in dpop.json. Verdicts are written by hand from the rules. Keys are test keys.";

const NOW: i64 = 1_700_000_000;
const URL: &str = "https://api.example.com/things";
/// core/tests-data/keys/ed25519.pem: who signs tokens here, and the key of the usual proof.
const ED: &str = r#"{"crv":"Ed25519","kty":"OKP","x":"panz-gEYrwSasPSgIswiO_gsq-V2ky6nnhPa1CQnvz4"}"#;
/// Of core/tests-data/keys/p256.pem.
const P256: &str = "15o-NYjeqD4MYk8XCnrNqpOnY6yu7_KAVmeE8gjCB0A";
/// A proof of that key for its token: signatures of ECDSA are random, so it was made once, by node:crypto.
const BY_P256: &str = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwiY3J2IjoiUC0yNTYiLCJ4IjoiT3c3RUEwTU1meElCNUFuWFhrOE92OHRuVGNndHVGQjlEVkNCY1RFT3FXayIsInkiOiIwWFl2WDFvVTk0THlxbURReEdsMXVHejhlSUJnLTIzaVV1RmcxakxjSUdRIn19.eyJqdGkiOiJqMSIsImh0bSI6IkdFVCIsImh0dSI6Imh0dHBzOi8vYXBpLmV4YW1wbGUuY29tL3RoaW5ncyIsImlhdCI6MTcwMDAwMDAwMCwiYXRoIjoicmpvRi1qcGkxdnFjTy1GdWRqT29LcVdzRFZZbzg2bUMwOFRGQm02RzE2SSJ9.IyD2OE1K54Cg92xRHjXUz707MoxKVb2dcDefCmEIqD8A5kqWm9kWACOMAzdLsyXYt9E8evkIzCeBZ8MMtXjJyQ";

pub(super) fn generate() -> Result<Vec<Generated>> {
    let config = json!({ "issuer": "https://issuer.example", "audience": "app" });
    let mut key: Value = serde_json::from_str(ED)?;
    key["kid"] = "issuer".into();
    key["alg"] = "EdDSA".into();
    let jwks = json!({ "keys": [key] });
    let keys = KeySet::from_jwks(&jwks.to_string())?;
    let verifier = VerifierConfig::from_json(&config.to_string())?.build(keys)?;
    let cases = cases()?;
    let mut ids = BTreeSet::new();
    let mut wrong = Vec::new();
    for case in &cases {
        ensure!(ids.insert(case["id"].to_string()), "{} stands twice", case["id"]);
        wrong.extend(disagreements(&verifier, case)?);
    }
    if !wrong.is_empty() {
        bail!("the verifier disagrees with {} steps:\n{}", wrong.len(), wrong.join("\n"));
    }
    let file = json!({ "about": ABOUT, "verifier": config, "jwks": jwks, "cases": cases });
    Ok(vec![Generated { path: "bindings-tests/vectors/proofs.json", content: pretty(&file) }])
}

/// What the verifier says otherwise.
fn disagreements(verifier: &Verifier, case: &Value) -> Result<Vec<String>> {
    let most = case["window"].as_u64().map_or(Ok(10), usize::try_from)?;
    let mut window = ProofWindow::new(most);
    let mut wrong = Vec::new();
    for step in case["steps"].as_array().context("steps")? {
        let verdict = verdict(verifier, &mut window, step)?;
        let found = verdict.as_ref().map_or_else(|error| error.code().name(), |_| "taken");
        let expected = step["error"].as_str().unwrap_or("taken");
        if found != expected {
            wrong.push(format!("{}: {found} instead of {expected}: {:?}", case["id"], verdict.err()));
        } else if let Ok(claims) = verdict {
            ensure!(claims == step["claims"], "{}: other claims", case["id"]);
        }
    }
    Ok(wrong)
}

fn verdict(verifier: &Verifier, window: &mut ProofWindow, step: &Value) -> Result<Result<Value, Error>> {
    let text = |name: &str| step[name].as_str().with_context(|| format!("`{name}` is a text"));
    let token = text("token")?;
    let now = UnixTime::from_seconds(step["now"].as_i64().context("`now` is whole seconds")?);
    if let Ok(hash) = text("certificate_sha256") {
        let hash = bytes(hash)?;
        return Ok(verifier
            .verify_with_certificate(token, &hash, now)
            .and_then(|verified| verified.claims()));
    }
    let bound = verifier.verify_bound(token, text("proof")?, text("method")?, text("url")?, now);
    Ok(bound.and_then(|bound| {
        window.admit(&bound.proof, now)?;
        bound.verified.claims()
    }))
}

fn bytes(hexadecimal: &str) -> Result<[u8; 32]> {
    let mut bytes = [0; 32];
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(hexadecimal.get(index * 2..index * 2 + 2).context("64 digits")?, 16)?;
    }
    Ok(bytes)
}

/// A case of requests that come one after the other.
fn case(id: &str, rule: &str, steps: Vec<Value>) -> Value {
    json!({ "id": id, "rule": rule, "steps": steps })
}

/// A request that is taken, with the claims of its token.
fn taken(mut step: Value) -> Result<Value> {
    let payload = step["token"].as_str().and_then(|token| token.split('.').nth(1)).context("a payload")?;
    step["claims"] = serde_json::from_slice(&base64_simd::URL_SAFE_NO_PAD.decode_to_vec(payload)?)?;
    Ok(step)
}

/// A request that is refused.
fn refused(mut step: Value, error: &str) -> Value {
    step["error"] = error.into();
    step
}

/// A request with the usual method, address and time.
fn request(token: &str, proof: &str) -> Value {
    json!({ "now": NOW, "token": token, "proof": proof, "method": "GET", "url": URL })
}

fn sha256(bytes: &[u8]) -> Vec<u8> {
    digest(&SHA256, bytes).as_ref().to_vec()
}

/// A token with this `cnf`, or without one.
fn token(cnf: &Value) -> Result<String> {
    let mut claims = json!({ "iss": "https://issuer.example", "aud": "app", "exp": NOW + 3600, "sub": "u1" });
    if !cnf.is_null() {
        claims["cnf"] = cnf.clone();
    }
    ed(r#"{"alg":"EdDSA","typ":"JWT","kid":"issuer"}"#, &claims.to_string())
}

/// A proof of the usual key for a token.
fn proof(token: &str, id: &str, made: i64) -> Result<String> {
    let claims =
        json!({ "jti": id, "htm": "GET", "htu": URL, "iat": made, "ath": encode(sha256(token.as_bytes())) });
    ed(&format!(r#"{{"typ":"dpop+jwt","alg":"EdDSA","jwk":{ED}}}"#), &claims.to_string())
}

/// A request with another method.
fn elsewhere(mut step: Value) -> Value {
    step["method"] = "POST".into();
    step
}

fn cases() -> Result<Vec<Value>> {
    // RFC 7638 section 3: the members that are required, in order, without blanks.
    let own = token(&json!({ "jkt": encode(sha256(ED.as_bytes())) }))?;
    let usual = proof(&own, "j1", NOW)?;
    let by_p256 = token(&json!({ "jkt": P256 }))?;
    let mut cases = vec![
        case(
            "twice",
            "RFC 9449 section 11.1: a proof is taken once",
            vec![taken(request(&own, &usual))?, refused(request(&own, &usual), "invalid_dpop_proof")],
        ),
        case(
            "one that is refused is not taken",
            "RFC 9449 section 11.1",
            vec![
                refused(elsewhere(request(&own, &usual)), "invalid_dpop_proof"),
                taken(request(&own, &usual))?,
            ],
        ),
        case(
            "by ES256",
            "RFC 9449 section 4.2",
            vec![
                taken(request(&by_p256, BY_P256))?,
                refused(request(&by_p256, BY_P256), "invalid_dpop_proof"),
            ],
        ),
        case(
            "an id that another key had",
            "RFC 9449 section 11.1: ids are a key's own",
            vec![taken(request(&by_p256, BY_P256))?, taken(request(&own, &usual))?],
        ),
    ];
    cases.extend(windows(&own)?);
    cases.extend(certificates(&own)?);
    Ok(cases)
}

/// How long proofs are remembered, and how many.
fn windows(own: &str) -> Result<Vec<Value>> {
    let at = |proof: &str, now: i64| {
        let mut step = request(own, proof);
        step["now"] = now.into();
        step
    };
    let made = |id: &str, iat: i64| proof(own, id, iat);
    let (ahead, second, third) = (made("a", NOW + 60)?, made("b", NOW)?, made("c", NOW)?);
    let late = made("d", NOW + 200)?;
    let mut full = case(
        "a full window",
        "RFC 9449 section 11.1: nothing is forgotten too early",
        vec![
            taken(at(&made("a", NOW)?, NOW))?,
            taken(at(&second, NOW))?,
            refused(at(&third, NOW), "rate_limited"),
            taken(at(&late, NOW + 200))?,
        ],
    );
    full["window"] = 2.into();
    Ok(vec![
        case(
            "a proof from ahead is remembered as long as it is good",
            "RFC 9449 section 11.1",
            vec![
                taken(at(&ahead, NOW))?,
                refused(at(&ahead, NOW + 119), "invalid_dpop_proof"),
                refused(at(&ahead, NOW + 121), "invalid_dpop_proof"),
            ],
        ),
        case(
            "proofs with ids of their own",
            "RFC 9449 section 11.1",
            vec![taken(at(&second, NOW))?, taken(at(&third, NOW))?],
        ),
        full,
    ])
}

/// Tokens that are bound to a certificate.
fn certificates(own: &str) -> Result<Vec<Value>> {
    let bound = token(&json!({ "x5t#S256": encode([7; 32]) }))?;
    let free = token(&Value::Null)?;
    let at = |token: &str, byte: u8| json!({ "now": NOW, "token": token, "certificate_sha256": format!("{byte:02x}").repeat(32) });
    let rule = "RFC 8705 section 3: the certificate is the token's";
    Ok(vec![
        case("a certificate", rule, vec![taken(at(&bound, 7))?]),
        case("another certificate", rule, vec![refused(at(&bound, 8), "binding_mismatch")]),
        case("a bearer's token beside a certificate", rule, vec![refused(at(&free, 7), "binding_mismatch")]),
        case("a token of a key beside a certificate", rule, vec![refused(at(own, 7), "binding_mismatch")]),
    ])
}
