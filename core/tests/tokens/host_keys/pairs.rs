//! Pairs of which only the public half is here.

use super::vault::Vault;
use super::*;

// RFC 7515 appendix A.2.
const RSA: &str = include_str!("../../../tests-data/keys/rfc7515_a2.json");

type Fault = fn(Vec<u8>) -> Vec<u8>;

fn public_half(key: &Key) -> Key {
    Key::from_jwk(&key.public_jwk().unwrap()).unwrap()
}

fn pairs() -> Vec<Key> {
    let mut keys = vec![
        Key::from_jwk_as(Algorithm::RS256, RSA).unwrap(),
        Key::from_jwk_as(Algorithm::PS256, RSA).unwrap(),
    ];
    for (number, algorithm) in
        [Algorithm::ES256, Algorithm::ES384, Algorithm::ES512, Algorithm::EdDSA].into_iter().enumerate()
    {
        let seed = [number as u8 + 1; 32];
        keys.push(Key::generate(None, algorithm, &mut Entropy::new(seed)).unwrap());
    }
    keys.into_iter().map(|key| key.with_kid(Some("k1"))).collect()
}

#[test]
fn every_algorithm_is_minted_by_the_host_and_verified_here() {
    for private in pairs() {
        let algorithm = private.algorithm();
        let key = Key::held_by_host("k1", algorithm, Some(public_half(&private))).unwrap();
        let (here, elsewhere) = (issuer(private.clone()), issuer(key));
        let host = WithSigner::new(MemoryStore::new(), Vault::new(private.clone()));
        let (token, asked) = watch(mint(&elsewhere), &host);
        let token = token.unwrap();
        assert!(matches!(asked.as_slice(), [Command::Sign { .. }]), "{algorithm}: {asked:?}");

        // Verified by a key that knows nothing of hosts, and by the held one without a question.
        assert_eq!(here.verifier().verify(&token, NOW).unwrap().algorithm(), algorithm);
        assert_eq!(elsewhere.verifier().verify(&token, NOW).unwrap().key_id(), Some("k1"));
        assert!(matches!(elsewhere.verifier().verify_task(&token, NOW).step(None), Step::Done(_)));
        // The same but for a signature that is random.
        let local = here.mint(&claims(), Lifetime::HOUR, &context()).unwrap();
        assert_eq!(local.rsplit_once('.').unwrap().0, token.rsplit_once('.').unwrap().0);
        if matches!(algorithm, Algorithm::RS256 | Algorithm::EdDSA) {
            assert_eq!(local, token);
        }
        assert_eq!(elsewhere.public_jwks(), here.public_jwks());
        assert_eq!(elsewhere.keys().key("k1").unwrap().thumbprint(), private.thumbprint());
        let error = elsewhere.mint(&claims(), Lifetime::HOUR, &context()).unwrap_err();
        assert_eq!(error.code(), ErrorCode::KeyCannotSign);
    }
}

#[test]
fn every_algorithm_without_its_public_half() {
    for private in pairs() {
        let algorithm = private.algorithm();
        let issuer = issuer(Key::held_by_host("k1", algorithm, None).unwrap());
        let host = WithSigner::new(MemoryStore::new(), Vault::new(private));
        let token = mint(&issuer).run(&host).result.unwrap();
        issuer.verifier().verify_task(&token, NOW).run(&host).result.unwrap();
        assert_eq!(issuer.public_jwks(), r#"{"keys":[]}"#);
        let (input, signature) = token.rsplit_once('.').unwrap();
        let first = if signature.starts_with('A') { "B" } else { "A" };
        let forged = format!("{input}.{first}{}", &signature[1..]);
        let error = issuer.verifier().verify_task(&forged, NOW).run(&host).result.unwrap_err();
        assert_eq!(error.code(), ErrorCode::SignatureInvalid, "{algorithm}");
    }
}

#[test]
fn a_signature_that_the_public_half_does_not_verify_never_becomes_a_token() {
    for private in pairs() {
        let algorithm = private.algorithm();
        let key = Key::held_by_host("k1", algorithm, Some(public_half(&private))).unwrap();
        let issuer = issuer(key);
        let keys = KeySet::builder().key(private).unwrap().build().unwrap();
        let sign = |message: &[u8]| keys.sign("k1", algorithm, message).unwrap();
        let faults: [(&str, Fault); 7] = [
            ("one bit", |mut signature| {
                signature[9] ^= 1;
                signature
            }),
            ("zeros", |signature| vec![0; signature.len()]),
            ("ones", |signature| vec![0xff; signature.len()]),
            ("none", |_| Vec::new()),
            ("short", |mut signature| {
                signature.pop();
                signature
            }),
            ("long", |mut signature| {
                signature.push(0);
                signature
            }),
            ("zero in front", |signature| [&[0], signature.as_slice()].concat()),
        ];
        for (name, fault) in faults {
            let mut task = mint(&issuer);
            let Step::Need(Command::Sign { message, .. }) = task.step(None) else { panic!() };
            let Step::Done(outcome) = task.step(Some(Ok(Reply::Signed(fault(sign(&message)))))) else {
                panic!()
            };
            let error = outcome.result.unwrap_err();
            assert_eq!(error.code(), ErrorCode::Internal, "{algorithm}, {name}");
        }
        // The signature of another message, as from a signer that mixes up its callers.
        let mut task = mint(&issuer);
        assert!(matches!(task.step(None), Step::Need(_)));
        let Step::Done(outcome) = task.step(Some(Ok(Reply::Signed(sign(b"another"))))) else { panic!() };
        assert_eq!(outcome.result.unwrap_err().code(), ErrorCode::Internal, "{algorithm}");
    }
}

#[test]
fn what_does_not_belong_together_is_refused() {
    let private = Key::generate(Some("k1"), Algorithm::ES256, &mut Entropy::new([1; 32])).unwrap();
    let public = public_half(&private);
    let code = |alg, key| Key::held_by_host("k1", alg, Some(key)).unwrap_err().code();
    assert_eq!(code(Algorithm::ES384, public.clone()), ErrorCode::KeyUsage);
    assert_eq!(code(Algorithm::ES256, private), ErrorCode::KeyUsage, "it would be at hand after all");
    let held = Key::held_by_host("k1", Algorithm::ES256, Some(public)).unwrap();
    assert_eq!(code(Algorithm::ES256, held), ErrorCode::KeyUsage);
    let error = Key::held_by_host("", Algorithm::ES256, None).unwrap_err();
    assert_eq!((error.code(), error.field()), (ErrorCode::KeyMalformed, Some("kid")));
}

#[test]
fn the_host_keeps_its_own_name_for_a_key() {
    let private = Key::generate(Some("arn:key/1"), Algorithm::EdDSA, &mut Entropy::new([1; 32])).unwrap();
    let public = public_half(&private);
    let key = Key::held_by_host("arn:key/1", Algorithm::EdDSA, Some(public)).unwrap();
    let issuer = issuer(key.with_kid(Some("2023-11")));
    let host = WithSigner::new(MemoryStore::new(), Vault::new(private));
    let (token, asked) = watch(mint(&issuer), &host);
    assert!(matches!(asked.as_slice(), [Command::Sign { kid, .. }] if kid == "arn:key/1"), "{asked:?}");
    assert_eq!(issuer.verifier().verify(&token.unwrap(), NOW).unwrap().key_id(), Some("2023-11"));
    assert!(issuer.public_jwks().contains(r#""kid":"2023-11""#));
}
