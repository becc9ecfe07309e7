//! Minting and verifying through the public interface: what a user relies on.

use proptest::prelude::*;
use tokenmint::*;

use crate::signed::signed;

const NOW: UnixTime = UnixTime::from_seconds(1_700_000_000);

fn context() -> Context {
    Context::new(NOW, [7; 32])
}

fn keys() -> KeySet {
    KeySet::builder().hmac("k1", [7; 32].as_slice()).unwrap().build().unwrap()
}

fn issuer() -> Issuer {
    Issuer::new(keys(), Policy::new("https://issuer.example").audience("app")).unwrap()
}

fn at(seconds: i64) -> UnixTime {
    UnixTime::from_seconds(NOW.seconds() + seconds)
}

fn mint(claims: &Claims) -> String {
    issuer().mint(claims, Lifetime::HOUR, &context()).unwrap()
}

const HEADER: &str = r#"{"alg":"HS256","typ":"JWT","kid":"k1"}"#;

fn payload(extra: &str) -> Vec<u8> {
    format!(r#"{{"iss":"https://issuer.example","aud":"app","exp":1700003600{extra}}}"#).into_bytes()
}

fn code(token: &str) -> Result<(), ErrorCode> {
    issuer().verifier().verify(token, NOW).map(drop).map_err(|error| error.code())
}

#[test]
fn the_exact_bytes_of_a_token() {
    let claims = Claims::new()
        .subject("ent_1")
        .id("id-1")
        .set("pages", ["a", "b"])
        .set_json("big", "18446744073709551616");
    let verified = issuer().verifier().verify(&mint(&claims), NOW).unwrap();
    assert_eq!(
        verified.json(),
        r#"{"iss":"https://issuer.example","sub":"ent_1","aud":"app","iat":1700000000,"exp":1700003600,"jti":"id-1","pages":["a","b"],"big":18446744073709551616}"#
    );
    assert_eq!((verified.key_id(), verified.algorithm()), (Some("k1"), Algorithm::HS256));
    assert_eq!(mint(&claims), mint(&claims), "the same input and context give the same bytes");
    assert!(mint(&claims).starts_with("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6ImsxIn0."));
}

#[test]
fn registered_claims_are_reserved() {
    for name in REGISTERED {
        let error = issuer().mint(&Claims::new().set(name, 1), Lifetime::HOUR, &context()).unwrap_err();
        assert_eq!((error.code(), error.field()), (ErrorCode::ClaimReserved, Some(name)));
        let members = format!(r#"{{"a":1,"{name}":1}}"#);
        let error = issuer().mint_json(&Claims::new(), &members, Lifetime::HOUR, &context()).unwrap_err();
        assert_eq!((error.code(), error.field()), (ErrorCode::ClaimReserved, Some(name)));
    }
    // Another spelling of the same name is the same name; another case is another name.
    let json = |text: &str| issuer().mint_json(&Claims::new(), text, Lifetime::HOUR, &context());
    assert_eq!(json(r#"{"\u0065xp":1}"#).unwrap_err().code(), ErrorCode::ClaimReserved);
    assert!(json(r#"{"EXP":1}"#).is_ok());
    for (text, expected) in [
        ("[]", ErrorCode::ClaimsNotObject),
        ("7", ErrorCode::ClaimsNotObject),
        (r#"{"a":1,"a":2}"#, ErrorCode::ClaimDuplicate),
        (r#"{"a":1"#, ErrorCode::ClaimsNotJson),
        (r#"{"a":1}}"#, ErrorCode::ClaimsNotJson),
        (r#"{"a":1},"exp":9"#, ErrorCode::ClaimsNotJson),
        ("", ErrorCode::ClaimsNotJson),
    ] {
        assert_eq!(json(text).unwrap_err().code(), expected, "{text}");
    }
    let twice = issuer().mint_json(&Claims::new().set("a", 1), r#"{"a":2}"#, Lifetime::HOUR, &context());
    assert_eq!(twice.unwrap_err().code(), ErrorCode::ClaimDuplicate);
}

#[test]
fn custom_claims_keep_every_integer() {
    #[derive(serde::Serialize, serde::Deserialize, Debug, PartialEq)]
    struct Widget {
        low: i64,
        high: u64,
        nested: std::collections::BTreeMap<String, Option<bool>>,
    }
    let widget = Widget {
        low: i64::MIN,
        high: u64::MAX,
        nested: [("ü\"\\\n".to_owned(), None)].into_iter().collect(),
    };
    let token = issuer().mint_with(&Claims::new(), &widget, Lifetime::HOUR, &context()).unwrap();
    let verified = issuer().verifier().verify(&token, NOW).unwrap();
    assert_eq!(verified.claims::<Widget>().unwrap(), widget);
    assert_eq!(verified.claim_json("high"), Some("18446744073709551615"));
    assert_eq!(verified.claim::<String>("low").unwrap_err().code(), ErrorCode::ClaimsShape);
    assert_eq!(verified.claim::<String>("absent").unwrap(), None);
    let empty = issuer().mint_json(&Claims::new(), " { } ", Lifetime::HOUR, &context()).unwrap();
    assert!(issuer().verifier().verify(&empty, NOW).is_ok());
}

#[test]
fn time_is_judged_exactly() {
    let token = mint(&Claims::new().not_before(at(10)));
    let verify = |leeway, seconds| {
        let verifier = issuer().verifier().leeway_seconds(leeway);
        verifier.verify(&token, at(seconds)).map(drop).map_err(|error| error.code())
    };
    // exp is now + 3600: valid until the second before; nbf is now + 10: valid from that second.
    assert_eq!(verify(0, 3599), Ok(()));
    assert_eq!(verify(0, 3600), Err(ErrorCode::TokenExpired));
    assert_eq!(verify(5, 3604), Ok(()));
    assert_eq!(verify(5, 3605), Err(ErrorCode::TokenExpired));
    assert_eq!(verify(0, 9), Err(ErrorCode::TokenNotYetValid));
    assert_eq!(verify(0, 10), Ok(()));
    assert_eq!(verify(5, 4), Err(ErrorCode::TokenNotYetValid));
    assert_eq!(verify(5, 5), Ok(()));
    assert_eq!(verify(u64::MAX, i64::from(i32::MAX)), Ok(()), "no leeway overflows");

    let fraction = |exp: &str| {
        let payload = format!(r#"{{"iss":"https://issuer.example","aud":"app","exp":{exp}}}"#);
        code(&signed(HEADER, payload.as_bytes()))
    };
    assert_eq!(fraction("1700000000.5"), Ok(()));
    assert_eq!(fraction("1.7000000005e9"), Ok(()));
    assert_eq!(fraction("1700000000"), Err(ErrorCode::TokenExpired));
    for exp in ["0", "-1", "-1e300"] {
        assert_eq!(fraction(exp), Err(ErrorCode::TokenExpired), "{exp} is a time");
    }
    for exp in ["9223372036854775808", "1e300"] {
        assert_eq!(fraction(exp), Ok(()), "{exp} is a time");
    }
    for exp in ["\"1700003600\"", "true", "[]", "{}", "null", "1e999"] {
        assert_eq!(fraction(exp), Err(ErrorCode::ClaimInvalid), "{exp}");
    }
}

#[test]
fn what_is_expected_must_be_there_and_equal() {
    let verifier = || Verifier::new(keys()).issuer("https://issuer.example").audience("app");
    let judge = |verifier: Verifier, payload: &str| {
        verifier.verify(&signed(HEADER, payload.as_bytes()), NOW).map(drop).map_err(|error| error.code())
    };
    let good = r#"{"iss":"https://issuer.example","aud":["x","app"],"exp":1700003600,"sub":"s"}"#;
    assert_eq!(judge(verifier().subject("s"), good), Ok(()));
    for (payload, expected) in [
        (r#"{"aud":"app","exp":1700003600}"#, ErrorCode::ClaimMissing),
        (r#"{"iss":"https://issuer.example","exp":1700003600}"#, ErrorCode::ClaimMissing),
        (r#"{"iss":"https://issuer.example","aud":"app"}"#, ErrorCode::ClaimMissing),
        (r#"{"iss":["https://issuer.example"],"aud":"app","exp":1700003600}"#, ErrorCode::ClaimInvalid),
        (r#"{"iss":null,"aud":"app","exp":1700003600}"#, ErrorCode::ClaimInvalid),
        (r#"{"iss":"https://issuer.example","aud":7,"exp":1700003600}"#, ErrorCode::ClaimInvalid),
        (r#"{"iss":"https://issuer.example","aud":["app",7],"exp":1700003600}"#, ErrorCode::ClaimInvalid),
        (r#"{"iss":"https://issuer.example","aud":[],"exp":1700003600}"#, ErrorCode::AudienceMismatch),
        (r#"{"iss":"https://issuer.example","aud":"APP","exp":1700003600}"#, ErrorCode::AudienceMismatch),
        (r#"{"iss":"https://issuer.example/","aud":"app","exp":1700003600}"#, ErrorCode::IssuerMismatch),
        (
            r#"{"iss":"https://issuer.example","aud":"app","exp":1700003600,"iat":"x"}"#,
            ErrorCode::ClaimInvalid,
        ),
        (r#"{"iss":"https://issuer.example","aud":"app","exp":1700003600,"jti":7}"#, ErrorCode::ClaimInvalid),
        (
            r#"{"iss":"https://issuer.example","aud":"app","exp":1700003600,"Exp":1}"#,
            ErrorCode::SubjectMismatch,
        ),
    ] {
        if expected == ErrorCode::SubjectMismatch {
            assert_eq!(judge(verifier(), payload), Ok(()), "names compare byte for byte");
            assert_eq!(judge(verifier().subject("s"), payload), Err(ErrorCode::ClaimMissing));
            assert_eq!(judge(verifier().subject("t"), good), Err(expected));
        } else {
            assert_eq!(judge(verifier(), payload), Err(expected), "{payload}");
        }
    }
    // Each requirement has its own named way out.
    assert_eq!(judge(Verifier::new(keys()).any_issuer().any_audience().without_expiry(), "{}"), Ok(()));
}

#[test]
fn a_verifier_that_cannot_work_says_so() {
    let token = mint(&Claims::new());
    for (verifier, field) in [
        (Verifier::new(keys()).audience("app"), "iss"),
        (Verifier::new(keys()).issuer("i"), "aud"),
        (issuer().verifier().audience(""), "aud"),
        (issuer().verifier().algorithms(&[]), "alg"),
    ] {
        let error = verifier.verify(&token, NOW).unwrap_err();
        assert_eq!((error.code(), error.field()), (ErrorCode::PolicyInvalid, Some(field)));
    }
}

#[test]
fn headers_are_judged_before_anything_else() {
    let header = |text: &str| code(&signed(text, &payload("")));
    assert_eq!(header(HEADER), Ok(()));
    assert_eq!(header(r#"{"typ":"jwt","alg":"HS256"}"#), Ok(()), "typ ignores case, kid may be absent");
    assert_eq!(header(r#"{"typ":"application/jwt","alg":"HS256"}"#), Ok(()));
    for (text, expected) in [
        (r#"{"alg":"none","typ":"JWT"}"#, ErrorCode::AlgorithmNotAllowed),
        (r#"{"alg":"hs256","typ":"JWT"}"#, ErrorCode::AlgorithmNotAllowed),
        (r#"{"alg":"HS512","typ":"JWT"}"#, ErrorCode::AlgorithmNotAllowed),
        (r#"{"alg":"HS256","typ":"JWT","kid":"other"}"#, ErrorCode::KeyNotFound),
        (r#"{"alg":"HS256","typ":"JWT","kid":7}"#, ErrorCode::HeaderMalformed),
        (r#"{"alg":"HS256","alg":"HS256","typ":"JWT"}"#, ErrorCode::HeaderMalformed),
        (r#"{"alg":"HS256","typ":"JWT","crit":["exp"],"exp":1}"#, ErrorCode::HeaderCritical),
        (r#"{"alg":"HS256","typ":"JWT","crit":[]}"#, ErrorCode::HeaderCritical),
        (r#"{"alg":"HS256","typ":"JWT","b64":false}"#, ErrorCode::HeaderUnsupported),
        (r#"{"alg":"HS256","typ":"JWT","zip":"DEF"}"#, ErrorCode::HeaderUnsupported),
        (r#"{"alg":"HS256"}"#, ErrorCode::TypeMismatch),
        (r#"{"alg":"HS256","typ":"at+jwt"}"#, ErrorCode::TypeMismatch),
        (r#"{"typ":"JWT"}"#, ErrorCode::HeaderMalformed),
        (r#"["alg"]"#, ErrorCode::HeaderMalformed),
    ] {
        assert_eq!(header(text), Err(expected), "{text}");
    }
    // A key in the header is never followed: the signature must be by a key of the set.
    let own = r#"{"alg":"HS256","typ":"JWT","jwk":{"kty":"oct","k":"AAAA"}}"#;
    assert_eq!(header(own), Ok(()));
}

#[test]
fn framing_and_payload_are_strict() {
    let token = mint(&Claims::new());
    for (text, expected) in [
        (String::new(), ErrorCode::TokenMalformed),
        ("a.b".into(), ErrorCode::TokenMalformed),
        (format!("{token}."), ErrorCode::TokenMalformed),
        (format!("Bearer {token}"), ErrorCode::TokenEncoding),
        (format!(" {token}"), ErrorCode::TokenEncoding),
        (format!("{token} "), ErrorCode::TokenEncoding),
        (format!("{token}="), ErrorCode::TokenEncoding),
        (format!("{token}\n"), ErrorCode::TokenEncoding),
        ("x".repeat(MAX_TOKEN + 1), ErrorCode::TokenTooLarge),
    ] {
        assert_eq!(code(&text), Err(expected), "{text:.40}");
    }
    for (text, cause) in [
        (format!("Bearer {token}"), "begins with \"Bearer \""),
        ("bearer a1b2".into(), "begins with \"Bearer \""),
        (format!("{token}\n"), "line breaks around"),
        (format!("\"{token}\""), "quotation marks"),
        (format!("{token}="), "no padding"),
    ] {
        let error = issuer().verifier().verify(&text, NOW).unwrap_err().to_string();
        assert!(error.contains(cause), "{error}");
    }
    for payload in [
        &b"[]"[..],
        b"7",
        b"",
        b"\xef\xbb\xbf{}",
        br#"{"exp":NaN}"#,
        br#"{"a":1,"a":1}"#,
        b"{\"a\":\"\xff\"}",
        br#"{"a":"\ud800"}"#,
        b"{\x00}",
    ] {
        assert_eq!(code(&signed(HEADER, payload)), Err(ErrorCode::PayloadMalformed), "{payload:?}");
    }
    let deep = format!(r#","a":{}{}"#, "[".repeat(64), "]".repeat(64));
    assert_eq!(code(&signed(HEADER, &payload(&deep))), Err(ErrorCode::PayloadMalformed));
    // A bad signature is found before a bad payload: nothing is parsed that was not signed.
    let mut forged = signed(HEADER, b"not json");
    forged.replace_range(forged.len() - 5..forged.len() - 4, if forged.ends_with('A') { "B" } else { "A" });
    assert_eq!(code(&forged), Err(ErrorCode::SignatureInvalid));
}

#[test]
fn a_token_that_is_too_large_is_not_minted() {
    let claims = Claims::new().set("a", "x".repeat(MAX_TOKEN));
    let error = issuer().mint(&claims, Lifetime::HOUR, &context()).unwrap_err();
    assert_eq!(error.code(), ErrorCode::ClaimsTooLarge);
    let policy = Policy::new("i").max_lifetime(Lifetime::HOUR);
    let error =
        Issuer::new(keys(), policy).unwrap().mint(&Claims::new(), Lifetime::DAY, &context()).unwrap_err();
    assert_eq!(error.code(), ErrorCode::LifetimeTooLong);
}

#[test]
fn secrets_are_in_no_debug_text() {
    let secret = "correct horse battery staple, 32 bytes or more";
    let keys = KeySet::builder().hmac("k1", secret).unwrap().build().unwrap();
    let policy = Policy::new("i").session_secret(secret);
    let issuer = Issuer::new(keys, policy).unwrap();
    let context = Context::new(NOW, *b"seed seed seed seed seed seed 32");
    let entropy = context.entropy();
    let proof = ClientProof::new("c", secret);
    let hash = SecretHash::of(secret.as_bytes());
    let credentials = Credentials::new(hash);
    let texts = [
        format!("{issuer:?}{:?}{:?}", issuer.verifier(), issuer.policy()),
        format!("{context:?}{entropy:?}{proof:?}{:?}", Secret::from(secret)),
        format!("{hash:?}{credentials:?}"),
    ];
    for text in texts {
        for hidden in ["correct", "horse", "seed seed", &hash.to_string(), "[99, 111"] {
            assert!(!text.contains(hidden), "{hidden} in {text}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_minted_verifies_and_comes_back(
        subject in "\\PC{0,20}",
        name in "[a-z]{4,8}",
        text in any::<String>(),
        number in any::<i64>(),
        seconds in 1_u64..100_000_000,
    ) {
        let claims = Claims::new().subject(subject.clone()).set(name.clone(), (&text, number));
        let token = issuer().mint(&claims, Lifetime::from_seconds(seconds).unwrap(), &context()).unwrap();
        let verified = issuer().verifier().verify(&token, NOW).unwrap();
        prop_assert_eq!(verified.subject(), Some(subject));
        prop_assert_eq!(verified.claim::<(String, i64)>(&name).unwrap(), Some((text, number)));
        prop_assert_eq!(verified.expires_at().unwrap().seconds(), NOW.seconds() + i64::try_from(seconds).unwrap());
    }

    #[test]
    fn any_change_of_one_bit_fails(position in any::<prop::sample::Index>(), bit in 0_u32..8) {
        let token = mint(&Claims::new().subject("s"));
        let mut bytes = token.clone().into_bytes();
        let at = position.index(bytes.len());
        bytes[at] ^= 1 << bit;
        if let Ok(text) = String::from_utf8(bytes) {
            prop_assert!(code(&text).is_err(), "{}", text);
        }
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,60}") {
        prop_assert!(code(&text).is_err());
        let parts = format!("{text}.{text}.{text}");
        prop_assert!(code(&parts).is_err());
    }
}
