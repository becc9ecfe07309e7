//! Keys that share an id, and tokens that name none: which keys are tried, and what is said where one is not.

use super::*;

fn hmac(kid: Option<&str>, alg: Algorithm, byte: u8) -> Key {
    Key::hmac(kid, alg, [byte; 64].as_slice()).unwrap()
}

fn set(keys: impl IntoIterator<Item = Key>) -> KeySet {
    keys.into_iter().try_fold(KeySet::builder(), KeySetBuilder::key).unwrap().build().unwrap()
}

fn mint_with(key: Key) -> String {
    let issuer = Issuer::new(set([key]), Policy::new(ISSUER).audience("app")).unwrap();
    issuer.mint(&Claims::new(), Lifetime::HOUR, &Context::new(NOW, [1; 32])).unwrap()
}

fn verify(keys: &KeySet, token: &str) -> Result<Algorithm> {
    let verifier = Verifier::new(keys.clone()).issuer(ISSUER).audience("app");
    let verdict = verifier.verify(token, NOW).map(|verified| verified.algorithm());
    assert_eq!(verifier.explain(token, NOW).error(), verdict.as_ref().err());
    verdict
}

#[test]
fn keys_of_one_id_are_told_apart_by_their_algorithms() {
    let of = |alg, byte| hmac(Some("k"), alg, byte);
    let (one, two) = (of(Algorithm::HS256, 7), of(Algorithm::HS512, 7));
    for keys in [set([one.clone(), two.clone()]), set([two.clone(), one.clone()])] {
        assert_eq!(verify(&keys, &mint_with(one.clone())), Ok(Algorithm::HS256));
        assert_eq!(verify(&keys, &mint_with(two.clone())), Ok(Algorithm::HS512));
        let error = verify(&keys, &mint_with(of(Algorithm::HS256, 8))).unwrap_err();
        assert_eq!(error.code(), ErrorCode::SignatureInvalid);
        // Each key keeps its own algorithm: allowing another one changes nothing.
        let verifier = Verifier::new(keys).issuer(ISSUER).audience("app").algorithms(Algorithm::ALL);
        let error = verifier.verify(&mint_with(of(Algorithm::HS384, 7)), NOW).unwrap_err();
        assert_eq!((error.code(), error.field()), (ErrorCode::KeyMismatch, Some("alg")));
        assert!(error.to_string().contains("HS256 and HS512, the token says HS384"), "{error}");
    }
}

#[test]
fn a_set_that_signs_for_others_takes_the_key_of_the_algorithm() {
    let keys = set([hmac(Some("k"), Algorithm::HS256, 1), hmac(Some("k"), Algorithm::HS512, 2)]);
    for (alg, len) in [(Algorithm::HS256, 32), (Algorithm::HS512, 64)] {
        let signature = Signer::sign(&keys, "k", alg, b"m").unwrap();
        assert_eq!(signature.len(), len);
        assert!(Signer::verify(&keys, "k", alg, b"m", &signature).unwrap());
    }
    assert!(Signer::sign(&keys, "k", Algorithm::HS384, b"m").is_err());
}

#[test]
fn a_set_of_ones_own_tells_its_keys_apart() {
    let first = set([hmac(Some("k"), Algorithm::HS256, 1), hmac(Some("j"), Algorithm::HS256, 2)]);
    let twin = || hmac(Some("k"), Algorithm::HS256, 3);
    let builder = || KeySet::builder().set(&first).unwrap();
    assert_eq!(builder().key(twin()).unwrap_err().code(), ErrorCode::KeyDuplicate);
    assert_eq!(builder().set(&set([twin()])).unwrap_err().code(), ErrorCode::KeyDuplicate);
    let more = builder().set(&set([hmac(Some("k"), Algorithm::HS384, 3)])).unwrap().build().unwrap();
    let found: Vec<_> = more.keys().map(|key| (key.kid().unwrap(), key.algorithm())).collect();
    assert_eq!(found, [("k", Algorithm::HS256), ("j", Algorithm::HS256), ("k", Algorithm::HS384)]);
    assert_eq!(more.key("k").unwrap().algorithm(), Algorithm::HS256, "the first");
}

#[test]
fn twins_that_others_publish_are_each_tried() {
    let jwk = |byte: u8| {
        let k = base64_simd::URL_SAFE_NO_PAD.encode_to_string([byte; 64]);
        format!(r#"{{"kty":"oct","alg":"HS256","kid":"k","k":"{k}"}}"#)
    };
    let jwks = |bytes: &[u8]| {
        let keys: Vec<_> = bytes.iter().map(|byte| jwk(*byte)).collect();
        KeySet::from_jwks(&format!(r#"{{"keys":[{}]}}"#, keys.join(","))).unwrap()
    };
    let token = mint_with(hmac(Some("k"), Algorithm::HS256, 7));
    assert!(verify(&jwks(&[1, 2, 7]), &token).is_ok());
    // The same one again is in nobody's way, and what would never be tried is told.
    let twice = jwks(&[1, 1, 1, 1, 1, 1, 1, 1, 7]);
    assert!(verify(&twice, &token).is_ok());
    assert_eq!((twice.keys().len(), twice.skipped().len()), (2, 7));
    let many = jwks(&[10, 11, 12, 13, 14, 15, 16, 17, 7]);
    assert_eq!(verify(&many, &token).unwrap_err().code(), ErrorCode::SignatureInvalid);
    let [(Some(kid), reason)] = many.skipped() else { panic!("{:?}", many.skipped()) };
    assert_eq!((kid.as_str(), reason.code()), ("k", ErrorCode::KeyDuplicate));
    // A set that was read stays as it is where another is added to it.
    let joined = KeySet::builder().set(&jwks(&[1, 7])).unwrap().hmac("j", [9; 32].as_slice()).unwrap();
    assert!(verify(&joined.build().unwrap(), &token).is_ok());
}

#[test]
fn an_error_says_where_not_every_key_was_tried() {
    let token = mint_with(hmac(None, Algorithm::HS256, 7));
    let keys = |others: u8| {
        let others = (0..others).map(|n| hmac(Some(&format!("k{n}")), Algorithm::HS256, 100 + n));
        set(others.chain([hmac(Some("ours"), Algorithm::HS256, 7)]))
    };
    assert!(verify(&keys(7), &token).is_ok());
    let error = verify(&keys(8), &token).unwrap_err();
    assert_eq!(error.code(), ErrorCode::SignatureInvalid);
    assert!(error.to_string().contains("none of the first 8 keys made it; 9 keys fit"), "{error}");
    // Keys for other algorithms are not among those that are tried.
    let others = (0..20).map(|n| hmac(Some(&format!("k{n}")), Algorithm::HS384, 100 + n));
    assert!(verify(&set(others.chain([hmac(Some("ours"), Algorithm::HS256, 7)])), &token).is_ok());
    let forged = verify(&keys(7), &mint_with(hmac(None, Algorithm::HS256, 8))).unwrap_err();
    assert!(!forged.to_string().contains("tried"), "{forged}");
}
