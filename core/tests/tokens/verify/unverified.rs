use super::*;
use tokenmint::unverified;

#[test]
fn nothing_is_checked_but_the_form() {
    let token = signed(
        r#"{"alg":"none","kid":"k","crit":["x"]}"#,
        br#"{"iss":7,"exp":1,"big":18446744073709551615}"#,
    );
    let seen = unverified::decode(&token).unwrap();
    assert_eq!(seen.header().algorithm().as_deref(), Some("none"));
    assert_eq!(seen.header().key_id().as_deref(), Some("k"));
    assert_eq!((seen.issuer(), seen.claim_json("big")), (None, Some("18446744073709551615")));
    let opaque = signed(r#"{"alg":"HS256"}"#, b"opaque");
    assert_eq!(unverified::decode(&opaque).unwrap_err().code(), ErrorCode::PayloadMalformed);
    assert!(unverified::decode_header(&opaque).is_ok());
    let twice = signed(r#"{"alg":"a","alg":"b"}"#, b"{}");
    assert_eq!(unverified::decode_header(&twice).unwrap_err().code(), ErrorCode::HeaderMalformed);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 64, failure_persistence: None, ..Default::default() })]
    #[test]
    fn no_text_panics(text in "\\PC{0,60}") {
        let verifier = Verifier::new(keys(7)).any_issuer().any_audience();
        for token in [text.clone(), format!("{text}.{text}.{text}"), signed(&text, text.as_bytes())] {
            let _ = (unverified::decode(&token), unverified::decode_header(&token), verifier.verify_jws(&token));
            let explanation = verifier.explain(&token, NOW);
            let verdict = verifier.verify(&token, NOW).err();
            proptest::prop_assert_eq!(explanation.error(), verdict.as_ref());
        }
    }
}
