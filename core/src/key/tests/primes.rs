//! RSA keys as JWKs that tell `n`, `e` and `d` alone (RFC 7518 section 6.3.2).

use serde_json::Value;

use super::*;

/// The whole JWK of a file.
fn whole(pem: &str) -> Value {
    let jwk = Key::jwk_of_pem(Some("k"), Some(Algorithm::RS256), pem).unwrap();
    serde_json::from_slice(jwk.expose()).unwrap()
}

/// The JWK with these members only.
fn only(jwk: &Value, names: &[&str]) -> Value {
    let members = jwk.as_object().unwrap().iter().filter(|(name, _)| names.contains(&name.as_str()));
    members.map(|(name, value)| (name.clone(), value.clone())).collect::<serde_json::Map<_, _>>().into()
}

const LEAST: [&str; 6] = ["kty", "alg", "kid", "n", "e", "d"];

#[test]
fn all_numbers_are_found() {
    // The private exponents of these are of both kinds: modulo (p - 1)(q - 1), and modulo lcm(p - 1, q - 1), which for the
    // first one is a thirtieth of that.
    for pem in [pem!("rsa2048"), pem!("rsa2048.e3"), pem!("rsa3000")] {
        let jwk = whole(pem);
        let number = |name: &str| crate::encoding::from_base64url(jwk[name].as_str().unwrap()).unwrap();
        let found = super::super::primes::find(&number("n"), &number("e"), &number("d")).unwrap();
        let material::RsaPrimes { p, q, dp, dq, qi } = &found;
        for (name, found) in [("p", p), ("q", q), ("dp", dp), ("dq", dq), ("qi", qi)] {
            assert_eq!(**found, number(name), "{name}");
        }
    }
}

#[test]
fn a_key_of_d_alone_is_the_same_key() {
    for pem in [pem!("rsa2048"), pem!("rsa2048.e3"), pem!("rsa3000")] {
        let jwk = whole(pem);
        let least = Key::from_jwk(&only(&jwk, &LEAST).to_string()).unwrap();
        let full = Key::from_jwk(&jwk.to_string()).unwrap();
        assert!(least.can_sign());
        assert_eq!(least.thumbprint(), full.thumbprint());
        if computes(Algorithm::RS256) {
            assert_eq!(sign(&least, b"message"), sign(&full, b"message"));
        }
    }
}

#[test]
fn what_does_not_belong_together_is_told() {
    let (jwk, other) = (whole(pem!("rsa2048")), whole(pem!("rsa2048.e3")));
    for (name, value) in [
        ("d", other["d"].clone()),
        ("d", "AQAB".into()),
        ("d", "AQ".into()),
        ("d", "AA".into()),
        ("d", "".into()),
        ("d", jwk["n"].clone()),
        ("d", format!("AQAB{}", jwk["n"].as_str().unwrap()).into()),
        ("e", "Aw".into()),
    ] {
        let mut wrong = only(&jwk, &LEAST);
        wrong[name] = value.clone();
        let error = Key::from_jwk(&wrong.to_string()).unwrap_err();
        assert_eq!((error.code(), error.field()), (ErrorCode::KeyMalformed, Some("d")), "{value}: {error}");
    }
    // All of the others, or none.
    for kept in ["p", "q", "dp", "dq", "qi"] {
        let some = only(&jwk, &[LEAST.as_slice(), &[kept]].concat());
        let error = Key::from_jwk(&some.to_string()).unwrap_err();
        assert_eq!(error.code(), ErrorCode::KeyMalformed, "{kept}");
        assert!(error.message().contains("lacks this member"), "{error}");
    }
    // A weak modulus is told as such, before anything is sought.
    let mut weak = only(&jwk, &LEAST);
    weak["n"] = "AQAB".into();
    assert_eq!(code(Key::from_jwk(&weak.to_string())), ErrorCode::KeyWeak);
}
