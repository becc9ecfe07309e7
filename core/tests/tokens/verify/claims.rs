//! Claims that others write: times as far away as numbers go, and nesting.

use super::*;

fn verifier() -> Verifier {
    Verifier::new(keys(7)).issuer(ISSUER).audience("app")
}

fn token(claims: &str) -> String {
    signed(r#"{"alg":"HS256","typ":"JWT"}"#, format!(r#"{{"iss":"{ISSUER}",{claims}}}"#).as_bytes())
}

fn verify(claims: &str) -> Result<Verified> {
    let token = token(claims);
    let verdict = verifier().verify(&token, NOW);
    let explanation = verifier().explain(&token, NOW);
    assert_eq!(explanation.error(), verdict.as_ref().err());
    assert!(explanation.to_string().lines().all(|line| line.len() < 300), "{explanation}");
    verdict
}

#[test]
fn any_finite_number_is_a_time() {
    let (first, last) = (-62_135_596_800, UnixTime::MAX.seconds());
    for (exp, told) in [
        ("1700003600.75", 1_700_003_600),
        ("1700003600000", last),
        ("253402300800", last),
        ("18446744073709551616", last),
        ("1e300", last),
    ] {
        let verified = verify(&format!(r#""aud":"app","exp":{exp}"#)).unwrap();
        assert_eq!(verified.expires_at().unwrap().seconds(), told, "{exp}");
        assert_eq!(verified.claim_json("exp"), Some(exp), "handed out as it stands");
    }
    for (iat, told) in [("-1.5", -2), ("-1e300", first), ("-9223372036854775809", first), ("1e300", last)] {
        let verified = verify(&format!(r#""aud":"app","exp":1800000000,"iat":{iat}"#)).unwrap();
        assert_eq!(verified.issued_at().unwrap().seconds(), told, "{iat}");
    }
    for (claims, code) in [
        (r#""exp":-1"#, ErrorCode::TokenExpired),
        (r#""exp":-1e300"#, ErrorCode::TokenExpired),
        (r#""exp":1800000000,"nbf":1700000000000"#, ErrorCode::TokenNotYetValid),
        (r#""exp":1800000000,"nbf":1.7976931348623157e308"#, ErrorCode::TokenNotYetValid),
        (r#""exp":1e400"#, ErrorCode::ClaimInvalid),
        (r#""exp":"1800000000""#, ErrorCode::ClaimInvalid),
    ] {
        let error = verify(&format!(r#""aud":"app",{claims}"#)).unwrap_err();
        assert_eq!(error.code(), code, "{claims}");
    }
    let explanation = verifier().explain(&token(r#""aud":"app","exp":1800000000,"nbf":1700000000000"#), NOW);
    assert!(explanation.to_string().contains("milliseconds"), "{explanation}");
}

#[test]
fn the_largest_ages_and_leeways_are_only_compared() {
    let extreme = verifier().max_age(Lifetime::MAX).leeway_seconds(u64::MAX);
    for now in [i64::MIN, -1, 0, NOW.seconds(), i64::MAX] {
        for number in ["-1.7976931348623157e308", "-1", "0", "5e-324", "1.7976931348623157e308"] {
            let token = token(&format!(r#""aud":"app","exp":{number},"nbf":{number},"iat":{number}"#));
            let now = UnixTime::from_seconds(now);
            let verdict = extreme.verify(&token, now).map(drop);
            assert_eq!(extreme.explain(&token, now).error(), verdict.as_ref().err());
        }
    }
}

#[test]
fn a_token_may_be_used_in_the_second_of_its_nbf() {
    let nbf = |nbf: &str| verify(&format!(r#""aud":"app","exp":1800000000,"nbf":{nbf}"#)).map(drop);
    assert_eq!(nbf("1700000000.999"), Ok(()));
    assert_eq!(nbf("1700000001").unwrap_err().code(), ErrorCode::TokenNotYetValid);
    assert_eq!(nbf("1700000001.5").unwrap_err().code(), ErrorCode::TokenNotYetValid);
}

#[test]
fn a_list_of_audiences_is_read_to_its_end_at_any_depth() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    for depth in [1, 31, 32, 61] {
        let claims = format!(r#""exp":1800000000,"aud":["app",{}]"#, nested(depth));
        assert_eq!(verify(&claims).unwrap_err().code(), ErrorCode::ClaimInvalid, "{depth}");
    }
}

#[test]
fn sixty_four_levels_are_read_and_thirty_two_are_minted() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let claims = |depth: usize| format!(r#""aud":"app","exp":1800000000,"a":{}"#, nested(depth - 1));
    assert!(verify(&claims(64)).is_ok());
    assert_eq!(verify(&claims(65)).unwrap_err().code(), ErrorCode::PayloadMalformed);
    assert!(tokenmint::unverified::decode(&token(&claims(64))).is_ok());
    let by_issuer = Verifier::for_issuers([(ISSUER, keys(7))]).audience("app");
    assert!(by_issuer.verify(&token(&claims(64)), NOW).is_ok());
    let value: serde_json::Value = verify(&claims(64)).unwrap().claims().unwrap();
    assert!(value["a"].is_array());
    let issuer = Issuer::new(keys(7), Policy::new(ISSUER).audience("app")).unwrap();
    let mint = |depth: usize| {
        let custom = format!(r#"{{"a":{}}}"#, nested(depth - 1));
        issuer.mint_json(&Claims::new(), &custom, Lifetime::HOUR, &Context::new(NOW, [1; 32]))
    };
    assert!(mint(32).is_ok());
    let error = mint(33).unwrap_err();
    assert_eq!(error.code(), ErrorCode::ClaimsNotJson);
    assert!(error.to_string().contains("32 levels"), "{error}");
}
