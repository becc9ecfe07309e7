//! JWK, JWK Sets and PEM.

use serde::Deserialize;
use serde_json::value::RawValue;
use tokenmint::{Algorithm, Claims, Context, Issuer, Key, KeySet, Lifetime, Policy, UnixTime};

use crate::judge_error;

const ALGORITHMS: [Algorithm; 13] = [
    Algorithm::HS256,
    Algorithm::HS384,
    Algorithm::HS512,
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::ES512,
    Algorithm::EdDSA,
];

/// One JWK, with the algorithm that it names and with every other.
pub fn jwk(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let plain = Key::from_jwk(text);
    match &plain {
        Ok(key) => judge_key(key),
        Err(error) => judge_error(error),
    }
    for alg in ALGORITHMS {
        match (Key::from_jwk_as(alg, text), &plain) {
            (Ok(key), Ok(same)) => assert_eq!(key.thumbprint(), same.thumbprint()),
            (Ok(key), Err(_)) => assert_eq!(key.algorithm(), alg),
            (Err(error), Ok(same)) => {
                assert_ne!(same.algorithm(), alg, "refused for its own algorithm: {error}");
            }
            (Err(error), Err(_)) => judge_error(&error),
        }
    }
}

/// A JWK Set: every key is used or listed with a reason, and what is published is read back.
pub fn jwks(data: &[u8]) {
    #[derive(Deserialize)]
    struct Jwks {
        keys: Vec<Box<RawValue>>,
    }
    let Ok(text) = std::str::from_utf8(data) else { return };
    let set = match KeySet::from_jwks(text) {
        Ok(set) => set,
        Err(error) => return judge_error(&error),
    };
    let plain: Jwks = serde_json::from_str(text).expect("an accepted set is one for serde_json");
    assert_eq!(set.keys().len() + set.skipped().len(), plain.keys.len());
    set.skipped().iter().for_each(|(_, error)| judge_error(error));
    let public = KeySet::from_jwks(&set.public_jwks()).expect("what is published is a set");
    let thumbprints = |set: &KeySet| set.keys().filter_map(Key::thumbprint).collect::<Vec<_>>();
    assert_eq!(thumbprints(&public), thumbprints(&set));
    assert!(public.skipped().is_empty() && public.keys().all(|key| !key.can_sign()));
    assert_eq!(public.keys().len(), public.keys().filter_map(Key::thumbprint).count());
}

/// A PEM block, for the algorithm that its kind of key has and for every other.
pub fn pem(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut kinds = 0;
    for alg in [None].into_iter().chain(ALGORITHMS.map(Some)) {
        match Key::from_pem(Some("k"), alg, text) {
            Ok(key) => {
                assert!(alg.is_none_or(|alg| alg == key.algorithm()));
                assert!(key.thumbprint().is_some(), "a shared secret came from PEM");
                if kinds == 0 {
                    judge_key(&key);
                }
                kinds += 1;
            }
            Err(error) => judge_error(&error),
        }
    }
    // One kind of key: its algorithm by name (Ed25519 has two) and by default, the three of PSS, or the six of RSA.
    assert!(matches!(kinds, 0..=3 | 6), "a key for {kinds} algorithms");
}

/// A key that was accepted works: its public half comes back, and verifies what the private half signs.
fn judge_key(key: &Key) {
    let text = format!("{key:?}");
    assert!(text.starts_with("Key {"));
    let public = key.public_jwk().map(|jwk| Key::from_jwk(&jwk).expect("the public half is read back"));
    if let Some(public) = &public {
        assert_eq!(public.thumbprint(), key.thumbprint());
        assert_eq!((public.kid(), public.algorithm()), (key.kid(), key.algorithm()));
        assert!(!public.can_sign());
    }
    if !key.can_sign() {
        return;
    }
    let set = |key: Key| KeySet::builder().key(key).and_then(|keys| keys.build()).expect("one key");
    let issuer = Issuer::new(set(key.clone()), Policy::new("i").audience("a")).expect("a key that can sign");
    let context = Context::new(UnixTime::from_seconds(1_700_000_000), [1; 32]);
    let token = match issuer.mint(&Claims::new(), Lifetime::HOUR, &context) {
        Ok(token) => token,
        // A key id may be as long as a token is allowed to be.
        Err(error) => return judge_error(&error),
    };
    if let Some(public) = public {
        let verifier = tokenmint::Verifier::new(set(public)).issuer("i").audience("a");
        verifier
            .verify(&token, context.now())
            .expect("the public half verifies what the private half signed");
    }
}
