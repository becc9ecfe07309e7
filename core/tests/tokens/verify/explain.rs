use super::*;

fn verifier() -> Verifier {
    Verifier::new(keys(7)).issuer(ISSUER).audience("app")
}

fn check<'a>(explanation: &'a Explanation, name: &str) -> &'a Check {
    explanation.checks().iter().find(|check| check.name == name).unwrap()
}

#[test]
fn a_good_token_passes_every_check_in_order() {
    let explanation = verifier().explain(&mint(7, ISSUER), NOW);
    assert!(explanation.is_accepted(), "{explanation}");
    let names: Vec<_> = explanation.checks().iter().map(|check| check.name).collect();
    assert_eq!(
        names,
        [
            "policy",
            "size",
            "framing",
            "header",
            "extensions",
            "algorithm",
            "key",
            "signature",
            "payload",
            "typ",
            "exp",
            "nbf",
            "iat",
            "iss",
            "aud",
            "sub",
            "jti",
            "required"
        ]
    );
    assert_eq!(check(&explanation, "exp").seen.as_deref(), Some("1700003600"));
    assert_eq!(check(&explanation, "sub").outcome, CheckOutcome::NotAsked);
    let json: serde_json::Value = serde_json::to_value(&explanation).unwrap();
    assert_eq!((&json["accepted"], &json["checks"][7]["outcome"]), (&true.into(), &"passed".into()));
}

#[test]
fn behind_a_good_signature_every_failure_shows_and_the_first_is_the_verdict() {
    let late = UnixTime::from_seconds(NOW.seconds() + 3605);
    let verifier = Verifier::new(keys(7)).issuer(ISSUER).audience("other");
    let explanation = verifier.explain(&mint(7, ISSUER), late);
    assert_eq!(explanation.error().unwrap().code(), ErrorCode::TokenExpired);
    assert_eq!(check(&explanation, "exp").hint.as_deref(), Some("expired 5 s ago"));
    assert_eq!(check(&explanation, "aud").outcome, CheckOutcome::Failed);
    assert!(explanation.to_string().starts_with("refused: token_expired: exp: "), "{explanation}");
}

#[test]
fn behind_a_bad_signature_no_claim_is_read() {
    let explanation = verifier().explain(&mint(8, ISSUER), NOW);
    assert_eq!(explanation.error().unwrap().code(), ErrorCode::SignatureInvalid);
    assert_eq!(check(&explanation, "key").outcome, CheckOutcome::Passed);
    assert_eq!(check(&explanation, "signature").outcome, CheckOutcome::Failed);
    for name in ["payload", "exp", "iss"] {
        let check = check(&explanation, name);
        assert_eq!((check.outcome, &check.seen), (CheckOutcome::NotReached, &None), "{name}");
    }
    let policy = Verifier::new(keys(7)).explain("", NOW);
    assert_eq!(check(&policy, "policy").outcome, CheckOutcome::Failed);
    let bearer = verifier().explain(&format!("Bearer {}", mint(7, ISSUER)), NOW);
    assert!(check(&bearer, "header").hint.as_ref().is_some_and(|hint| hint.contains("Bearer")));
}

#[test]
fn an_opaque_payload_needs_the_same_signature_and_no_claims() {
    let token = signed(r#"{"alg":"HS256","typ":"x"}"#, b"\xff any bytes");
    let plain = Verifier::new(keys(7));
    assert_eq!(plain.verify_jws(&token).unwrap().payload(), b"\xff any bytes");
    assert!(plain.clone().token_type("x").verify_jws(&token).is_ok());
    let code = |verifier: Verifier, token: &str| verifier.verify_jws(token).unwrap_err().code();
    assert_eq!(code(plain.clone().token_type("y"), &token), ErrorCode::TypeMismatch);
    assert_eq!(code(Verifier::new(keys(8)), &token), ErrorCode::SignatureInvalid);
    assert_eq!(code(plain.clone().algorithms(&[]), &token), ErrorCode::PolicyInvalid);
    assert_eq!(code(plain, &signed(r#"{"alg":"HS256","crit":["x"]}"#, b"")), ErrorCode::HeaderCritical);
}
