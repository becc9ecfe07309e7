use super::*;

const A: &str = "https://a.example";
const B: &str = "https://b.example";

fn verifier() -> Verifier {
    Verifier::for_issuers([(A, keys(1)), (B, keys(2))]).audience("app")
}

fn code(token: &str) -> Result<(), ErrorCode> {
    verifier().verify(token, NOW).map(drop).map_err(|error| error.code())
}

#[test]
fn each_issuer_vouches_for_itself_only() {
    assert_eq!(code(&mint(1, A)), Ok(()));
    assert_eq!(code(&mint(2, B)), Ok(()));
    // Both keys are known, and both have the same id.
    assert_eq!(code(&mint(1, B)), Err(ErrorCode::SignatureInvalid));
    assert_eq!(code(&mint(2, A)), Err(ErrorCode::SignatureInvalid));
    assert_eq!(code(&mint(1, "https://c.example")), Err(ErrorCode::IssuerMismatch));
    assert_eq!(code(&mint(1, "https://a.example/")), Err(ErrorCode::IssuerMismatch));
}

#[test]
fn an_issuer_must_be_there_and_a_string() {
    let verifier = Verifier::for_issuers([(ISSUER, keys(7))]).any_audience();
    let judge = |payload: &str| {
        let token = signed(r#"{"alg":"HS256","typ":"JWT"}"#, payload.as_bytes());
        let verdict = verifier.verify(&token, NOW).map(drop);
        assert_eq!(verifier.explain(&token, NOW).error(), verdict.as_ref().err(), "{payload}");
        verdict.map_err(|error| error.code())
    };
    assert_eq!(judge(r#"{"iss":"https://issuer.example","exp":1700003600}"#), Ok(()));
    assert_eq!(judge(r#"{"exp":1700003600}"#), Err(ErrorCode::ClaimMissing));
    assert_eq!(judge(r#"{"iss":["https://issuer.example"]}"#), Err(ErrorCode::ClaimInvalid));
    assert_eq!(judge(r#"{"iss":"x","iss":"https://issuer.example"}"#), Err(ErrorCode::PayloadMalformed));
    assert_eq!(judge("7"), Err(ErrorCode::PayloadMalformed));
}

#[test]
fn a_list_of_issuers_that_cannot_work_says_so() {
    let none: [(&str, KeySet); 0] = [];
    for verifier in [
        Verifier::for_issuers(none),
        Verifier::for_issuers([("", keys(1))]),
        Verifier::for_issuers([(A, keys(1)), (A, keys(2))]),
    ] {
        let error = verifier.any_audience().verify(&mint(1, A), NOW).unwrap_err();
        assert_eq!((error.code(), error.field()), (ErrorCode::PolicyInvalid, Some("iss")));
    }
    // An issuer that is said later has no keys, and `any_issuer` opens no door.
    let token = mint(1, "https://c.example");
    for verifier in [verifier().issuer("https://c.example"), verifier().any_issuer()] {
        assert_eq!(verifier.verify(&token, NOW).unwrap_err().code(), ErrorCode::IssuerMismatch);
    }
}
