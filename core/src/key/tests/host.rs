//! Keys of a build in which the host computes.

use super::*;
use crate::{Claims, Command, Context, Issuer, Lifetime, Policy, Reply, Step, UnixTime, Verifier};

fn jwk(alg: Algorithm, pem: &str) -> String {
    let jwk = Key::jwk_of_pem(Some("k1"), Some(alg), pem).unwrap();
    String::from_utf8(jwk.expose().to_vec()).unwrap()
}

const PAIRS: [(Algorithm, &str, &str); 4] = [
    (Algorithm::PS384, pem!("rsa2048"), pem!("rsa2048.pub")),
    (Algorithm::ES256, pem!("p256"), pem!("p256.pub")),
    (Algorithm::ES384, pem!("p384"), pem!("p384.pub")),
    (Algorithm::ES512, pem!("p521"), pem!("p521.pub")),
];

#[test]
fn a_key_goes_by_its_public_numbers() {
    for (alg, private, public) in PAIRS {
        let private = Key::from_jwk(&jwk(alg, private)).unwrap();
        let public = Key::from_jwk(&jwk(alg, public)).unwrap();
        assert!(private.can_sign() && !public.can_sign(), "{alg}");
        assert_eq!(private.public_jwk(), public.public_jwk());
        let name = private.host_name().unwrap();
        assert_eq!(Some(name), public.host_name());
        // RFC 7638 section 3: what the thumbprint is the hash of.
        let hash = crate::encoding::base64url(&crate::encoding::sha256(name.as_bytes()));
        assert_eq!(private.thumbprint(), Some(hash));
        assert_eq!(code(private.sign(b"message", &mut Vec::new())), ErrorCode::KeyCannotSign);
    }
}

/// RFC 7518 section 6.3.2: the host finds the primes.
#[test]
fn a_private_rsa_key_may_tell_d_alone() {
    let whole = jwk(Algorithm::RS256, pem!("rsa2048"));
    let least = format!("{}}}", &whole[..whole.find(r#","p":"#).unwrap()]);
    let key = Key::from_jwk(&least).unwrap();
    assert!(key.can_sign());
    assert_eq!(key.thumbprint(), Key::from_jwk(&whole).unwrap().thumbprint());
    let some = least.replace(r#""d":"#, r#""p":"AQAB","d":"#);
    assert_eq!(code(Key::from_jwk(&some)), ErrorCode::KeyMalformed);
    let zero = format!(r#"{},"d":"AA"}}"#, &whole[..whole.find(r#","d":"#).unwrap()]);
    assert_eq!(code(Key::from_jwk(&zero)), ErrorCode::KeyMalformed);
}

#[test]
fn a_file_that_tells_no_public_half_becomes_half_a_jwk() {
    for (alg, pem) in [(Algorithm::EdDSA, pem!("ed25519")), (Algorithm::ES256, pem!("p256.nopub"))] {
        assert_eq!(code(Key::from_pem(None, None, pem)), ErrorCode::KeyUnsupported);
        let jwk = jwk(alg, pem);
        assert!(jwk.contains(r#""d":""#) && !jwk.contains(r#""x":""#), "{alg}");
    }
}

#[test]
fn numbers_are_judged_without_a_back_end() {
    let good = jwk(Algorithm::ES256, pem!("p256"));
    let x = good.find(r#""x":""#).unwrap() + 5;
    let mut off_the_curve = good.clone();
    let digit = if &good[x..=x] == "A" { "B" } else { "A" };
    off_the_curve.replace_range(x..=x, digit);
    let error = Key::from_jwk(&off_the_curve).unwrap_err();
    assert_eq!((error.code(), error.field()), (ErrorCode::KeyMalformed, Some("x")));
    let d = good.find(r#""d":""#).unwrap() + 5;
    let mut too_large = good.clone();
    too_large.replace_range(d..d + 43, &format!("{}8", "_".repeat(42)));
    let error = Key::from_jwk(&too_large).unwrap_err();
    assert_eq!((error.code(), error.field()), (ErrorCode::KeyMalformed, Some("d")));
}

#[test]
fn the_host_is_asked_to_sign_and_to_verify() {
    let keys =
        |pem| KeySet::builder().key(Key::from_jwk(&jwk(Algorithm::ES256, pem)).unwrap()).unwrap().build();
    let private = keys(pem!("p256")).unwrap();
    let name = private.signing_key().unwrap().host_name().unwrap().to_owned();
    let issuer = Issuer::new(private, Policy::new("https://issuer.example").audience("app")).unwrap();
    let context = Context::new(UnixTime::from_seconds(1_700_000_000), [7; 32]);
    assert_eq!(code(issuer.mint(&Claims::new(), Lifetime::HOUR, &context)), ErrorCode::KeyCannotSign);

    let mut task = issuer.mint_task(&Claims::new(), Lifetime::HOUR, &context);
    let Step::Need(Command::Sign { kid, algorithm, message }) = task.step(None) else {
        panic!("no question")
    };
    assert_eq!((kid.as_str(), algorithm), (name.as_str(), Algorithm::ES256));
    let Step::Done(minted) = task.step(Some(Ok(Reply::Signed(vec![1; 64])))) else { panic!("no end") };
    let token = minted.result.unwrap();

    let verifier =
        Verifier::new(keys(pem!("p256.pub")).unwrap()).issuer("https://issuer.example").audience("app");
    assert_eq!(code(verifier.verify(&token, context.now())), ErrorCode::PolicyInvalid);
    for (valid, outcome) in [(true, None), (false, Some(ErrorCode::SignatureInvalid))] {
        let mut task = verifier.verify_task(&token, context.now());
        let Step::Need(asked) = task.step(None) else { panic!("no question") };
        let wanted = Command::VerifySignature {
            kid: name.clone(),
            algorithm: Algorithm::ES256,
            message: message.clone(),
            signature: vec![1; 64],
        };
        assert_eq!(asked, wanted);
        let Step::Done(verified) = task.step(Some(Ok(Reply::Verified(valid)))) else { panic!("no end") };
        assert_eq!(verified.result.err().map(|error| error.code()), outcome);
    }

    let mut explained = verifier.explain_task(&token, context.now());
    assert!(matches!(explained.step(None), Step::Need(Command::VerifySignature { .. })));
    let Step::Done(explained) = explained.step(Some(Ok(Reply::Verified(true)))) else { panic!("no end") };
    assert!(explained.result.unwrap().is_accepted());
    let mut jws = verifier.verify_jws_task(&token);
    assert!(matches!(jws.step(None), Step::Need(Command::VerifySignature { .. })));
    let Step::Done(jws) = jws.step(Some(Ok(Reply::Verified(true)))) else { panic!("no end") };
    assert!(jws.result.unwrap().payload().starts_with(b"{"));
}

#[test]
fn what_cannot_be_a_signature_is_not_asked_about() {
    let key = Key::from_jwk(&jwk(Algorithm::RS256, pem!("rsa2048.pub"))).unwrap();
    assert!(!key.may_be_signature(&[1; 255]) && !key.may_be_signature(&[0xff; 256]));
    assert!(key.may_be_signature(&[1; 256]));
    let held = Key::held_by_host("kms", Algorithm::RS256, Some(key)).unwrap();
    assert_eq!(held.host_name(), Some("kms"));
    assert!(held.asks_host() && !held.may_be_signature(&[0xff; 256]));
}
