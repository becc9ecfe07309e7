//! What a JWK says about itself binds; one bad key does not spoil a set.

use super::*;

const K: &str = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";

fn oct(members: &str) -> String {
    format!(r#"{{"kty":"oct","k":"{K}"{members}}}"#)
}

#[test]
fn symmetric_keys() {
    let key = Key::from_jwk(&oct(r#","alg":"HS256","kid":"a","ext":true,"x-own":{"a":[1]}"#)).unwrap();
    assert_eq!((key.kid(), key.algorithm(), key.can_sign()), (Some("a"), Algorithm::HS256, true));
    assert_eq!((key.public_jwk(), key.thumbprint()), (None, None));
    for (members, expected, field) in [
        ("", ErrorCode::KeyMalformed, Some("alg")),
        (r#","alg":"HS999""#, ErrorCode::KeyUnsupported, Some("alg")),
        (r#","alg":"none""#, ErrorCode::KeyUnsupported, Some("alg")),
        (r#","alg":"hs256""#, ErrorCode::KeyUnsupported, Some("alg")),
        (r#","alg":256"#, ErrorCode::KeyMalformed, Some("alg")),
        (r#","alg":null"#, ErrorCode::KeyMalformed, Some("alg")),
        (r#","alg":"RS256""#, ErrorCode::KeyUsage, Some("alg")),
        (r#","alg":"HS256","use":"enc""#, ErrorCode::KeyUsage, Some("use")),
        (r#","alg":"HS256","use":"SIG""#, ErrorCode::KeyUsage, Some("use")),
        (r#","alg":"HS256","use":["sig"]"#, ErrorCode::KeyMalformed, Some("use")),
        (r#","alg":"HS256","key_ops":"sign""#, ErrorCode::KeyMalformed, Some("key_ops")),
        (r#","alg":"HS256","key_ops":[]"#, ErrorCode::KeyUsage, Some("key_ops")),
        (r#","alg":"HS256","key_ops":["encrypt"]"#, ErrorCode::KeyUsage, Some("key_ops")),
        (r#","alg":"HS256","key_ops":["sign","sign"]"#, ErrorCode::KeyMalformed, Some("key_ops")),
        (r#","alg":"HS256","key_ops":["sign",1]"#, ErrorCode::KeyMalformed, Some("key_ops")),
        (r#","alg":"HS256","kid":1"#, ErrorCode::KeyMalformed, Some("kid")),
        (r#","alg":"HS256","kty":"oct""#, ErrorCode::KeyMalformed, None),
        (r#","alg":"HS256","x":{"a":1,"a":1}"#, ErrorCode::KeyMalformed, None),
    ] {
        let error = Key::from_jwk(&oct(members)).unwrap_err();
        assert_eq!((error.code(), error.field()), (expected, field), "{members}: {error}");
    }
    for text in
        ["", "[]", "null", "{}", r#"{"kty":"oct","alg":"HS256"}"#, r#"{"kty":7}"#, "{\"kty\":\"oct\"} x"]
    {
        assert_eq!(code(Key::from_jwk(text)), ErrorCode::KeyMalformed, "{text}");
    }
    let padded = oct(r#","alg":"HS256""#).replace("CAow", "CAow=");
    assert_eq!(code(Key::from_jwk(&padded)), ErrorCode::KeyMalformed);
    assert_eq!(code(Key::from_jwk(r#"{"kty":"oct","alg":"HS256","k":""}"#)), ErrorCode::KeyWeak);
    assert_eq!(code(Key::from_jwk(r#"{"kty":"oct","alg":"HS256","k":"c2hvcnQ"}"#)), ErrorCode::KeyWeak);
    assert_eq!(
        code(Key::from_jwk(r#"{"kty":"oct2","alg":"HS256","k":"c2hvcnQ"}"#)),
        ErrorCode::KeyUnsupported
    );
}

#[test]
fn the_algorithm_of_a_jwk_wins_over_the_one_asked_for() {
    assert!(Key::from_jwk_as(Algorithm::HS384, &oct("")).is_ok());
    assert!(Key::from_jwk_as(Algorithm::HS384, &oct(r#","alg":"HS384""#)).is_ok());
    assert_eq!(code(Key::from_jwk_as(Algorithm::HS384, &oct(r#","alg":"HS256""#))), ErrorCode::KeyUsage);
    assert_eq!(code(Key::from_jwk_as(Algorithm::ES256, &oct(r#","alg":"HS256""#))), ErrorCode::KeyUsage);
}

#[test]
fn operations_bind_each_for_itself() {
    let both = Key::from_jwk(&oct(r#","alg":"HS256","key_ops":["verify","sign"]"#)).unwrap();
    let signs = Key::from_jwk(&oct(r#","alg":"HS256","key_ops":["sign"]"#)).unwrap();
    let verifies = Key::from_jwk(&oct(r#","alg":"HS256","key_ops":["verify"]"#)).unwrap();
    let signature = sign(&signs, b"message");
    assert_eq!(signature, sign(&both, b"message"));
    assert!(both.verify(b"message", &signature) && verifies.verify(b"message", &signature));
    assert!(!signs.verify(b"message", &signature) && !signs.can_verify());
    assert!(!verifies.can_sign());
    assert_eq!(code(verifies.sign(b"message", &mut Vec::new())), ErrorCode::KeyCannotSign);
}

#[cfg(any(feature = "aws-lc", feature = "rustcrypto"))]
mod pairs {
    use super::*;

    const X: &str = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
    const Y: &str = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";
    const D: &str = "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI";
    const ED_X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    const ED_D: &str = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";

    fn ec(members: &str) -> String {
        format!(r#"{{"kty":"EC","crv":"P-256","x":"{X}","y":"{Y}"{members}}}"#)
    }

    fn okp(members: &str) -> String {
        format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{ED_X}"{members}}}"#)
    }

    #[test]
    fn operations_of_pairs() {
        let private = format!(r#","d":"{D}","key_ops":["sign"]"#);
        let key = Key::from_jwk(&ec(&private)).unwrap();
        assert!(key.can_sign() && key.can_verify());
        let key = Key::from_jwk(&ec(&private.replace("sign", "verify"))).unwrap();
        assert!(!key.can_sign() && key.can_verify());
        assert!(Key::from_jwk(&ec(r#","key_ops":["verify"],"use":"sig""#)).is_ok());
        assert_eq!(code(Key::from_jwk(&ec(r#","key_ops":["sign"]"#))), ErrorCode::KeyUsage);
        assert_eq!(code(Key::from_jwk(&ec(r#","key_ops":["deriveKey"]"#))), ErrorCode::KeyUsage);
        for purpose in ["enc", "x509-svid", "SIG"] {
            assert_eq!(code(Key::from_jwk(&ec(&format!(r#","use":"{purpose}""#)))), ErrorCode::KeyUsage);
        }
        assert!(Key::from_jwk(&ec(r#","use":"jwt-svid""#)).is_ok());
    }

    #[test]
    fn curves_bind() {
        assert_eq!(Key::from_jwk(&ec("")).unwrap().algorithm(), Algorithm::ES256);
        assert_eq!(code(Key::from_jwk(&ec(r#","alg":"ES384""#))), ErrorCode::KeyUsage);
        assert_eq!(code(Key::from_jwk(&ec(r#","alg":"ES521""#))), ErrorCode::KeyUnsupported);
        assert_eq!(code(Key::from_jwk(&ec(r#","alg":"RS256""#))), ErrorCode::KeyUsage);
        assert_eq!(code(Key::from_jwk(&ec(r#","alg":"HS256""#))), ErrorCode::KeyUsage);
        assert_eq!(code(Key::from_jwk_as(Algorithm::HS256, &ec(""))), ErrorCode::KeyUsage);
        assert_eq!(code(Key::from_jwk(&ec("").replace("P-256", "P-384"))), ErrorCode::KeyMalformed);
        assert_eq!(code(Key::from_jwk(&ec("").replace("P-256", "secp256k1"))), ErrorCode::KeyUnsupported);
        assert_eq!(code(Key::from_jwk(&ec("").replace("\"crv\"", "\"curve\""))), ErrorCode::KeyMalformed);
        for other in ["Ed448", "X25519", "ed25519"] {
            assert_eq!(code(Key::from_jwk(&okp("").replace("Ed25519", other))), ErrorCode::KeyUnsupported);
        }
    }

    #[test]
    fn points_are_whole_and_on_the_curve() {
        // One byte short, one long, one changed; and all of them in the sum of x and y.
        for x in [
            "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVA",
            "AH_NzidwznRdQYPL7m_bS3tYBzM1e-nvE7rPbjx70VRF",
            "",
            "e83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        ] {
            assert_eq!(code(Key::from_jwk(&ec("").replace(X, x))), ErrorCode::KeyMalformed, "{x}");
        }
        let zero = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        assert_eq!(code(Key::from_jwk(&ec("").replace(X, zero).replace(Y, zero))), ErrorCode::KeyMalformed);
        // The field's prime itself is not a coordinate.
        let prime = "_____wAAAAEAAAAAAAAAAAAAAAD_______________8";
        assert_eq!(code(Key::from_jwk(&ec("").replace(X, prime))), ErrorCode::KeyMalformed);

        assert_eq!(code(Key::from_jwk(&okp("").replace(ED_X, zero))), ErrorCode::KeyWeak);
        let identity = "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        assert_eq!(code(Key::from_jwk(&okp("").replace(ED_X, identity))), ErrorCode::KeyWeak);
        let off_the_curve = "AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        assert_eq!(code(Key::from_jwk(&okp("").replace(ED_X, off_the_curve))), ErrorCode::KeyMalformed);
        assert_eq!(code(Key::from_jwk(&okp("").replace(ED_X, "11qY"))), ErrorCode::KeyMalformed);
    }

    #[test]
    fn halves_belong_together() {
        assert!(Key::from_jwk(&ec(&format!(r#","d":"{D}""#))).unwrap().can_sign());
        assert_eq!(code(Key::from_jwk(&ec(&format!(r#","d":"{ED_D}""#)))), ErrorCode::KeyMalformed);
        assert_eq!(code(Key::from_jwk(&ec(r#","d":"AQ""#))), ErrorCode::KeyMalformed);
        assert_eq!(code(Key::from_jwk(&ec(r#","d":7"#))), ErrorCode::KeyMalformed);
        assert!(Key::from_jwk(&okp(&format!(r#","d":"{ED_D}""#))).unwrap().can_sign());
        assert_eq!(code(Key::from_jwk(&okp(&format!(r#","d":"{D}""#)))), ErrorCode::KeyMalformed);
        assert_eq!(code(Key::from_jwk(&okp(r#","d":"AQ""#))), ErrorCode::KeyMalformed);
    }

    #[test]
    fn rsa_numbers() {
        let n = "_".repeat(342);
        let rsa = |n: &str, e: &str, more: &str| {
            format!(r#"{{"kty":"RSA","alg":"RS256","n":"{n}","e":"{e}"{more}}}"#)
        };
        // 2048 one bits in base64url: 341 times 6 and the last two, padded with zeros.
        let n = format!("{}w", &n[..341]);
        assert!(Key::from_jwk(&rsa(&n, "AQAB", "")).is_ok());
        for (jwk, expected) in [
            (rsa(&n, "AQ", ""), ErrorCode::KeyWeak),
            (rsa(&n, "AQAA", ""), ErrorCode::KeyWeak),
            (rsa(&n, "AAEAAQ", ""), ErrorCode::KeyMalformed),
            (rsa(&n, "", ""), ErrorCode::KeyMalformed),
            (rsa(&n[..172], "AQAB", ""), ErrorCode::KeyWeak),
            (rsa(&n, "AQAB", r#","oth":[]"#), ErrorCode::KeyUnsupported),
            (rsa(&n, "AQAB", r#","p":"AQ""#), ErrorCode::KeyMalformed),
            (rsa(&n, "AQAB", r#","d":"AQ""#), ErrorCode::KeyMalformed),
        ] {
            assert_eq!(code(Key::from_jwk(&jwk)), expected, "{jwk}");
        }
        let without_alg = rsa(&n, "AQAB", "").replace(r#""alg":"RS256","#, "");
        assert_eq!(code(Key::from_jwk(&without_alg)), ErrorCode::KeyMalformed);
        let named = Key::from_jwk_as(Algorithm::PS384, &without_alg).unwrap();
        assert_eq!(named.algorithm(), Algorithm::PS384);
    }

    #[test]
    fn sets_publish_public_halves_only() {
        let set = KeySet::builder()
            .hmac("h", vec![9; 32])
            .unwrap()
            .key(Key::from_jwk(&ec(&format!(r#","d":"{D}","kid":"e""#))).unwrap())
            .unwrap()
            .key(Key::from_jwk(&okp("")).unwrap())
            .unwrap()
            .build()
            .unwrap();
        assert_eq!(
            set.public_jwks(),
            format!(
                r#"{{"keys":[{{"kty":"EC","use":"sig","alg":"ES256","kid":"e","crv":"P-256","x":"{X}","y":"{Y}"}},{{"kty":"OKP","use":"sig","alg":"EdDSA","crv":"Ed25519","x":"{ED_X}"}}]}}"#
            )
        );
        let back = KeySet::from_jwks(&set.public_jwks()).unwrap();
        assert_eq!((back.keys().len(), back.skipped().len()), (2, 0));
        assert_eq!(back.public_jwks(), set.public_jwks());
        assert!(back.signing_key().is_none());
        assert!(back.key("e").is_some() && back.key("h").is_none());
    }

    /// A kid is a foreign text: it is written as JSON.
    #[test]
    fn ids_are_escaped() {
        let kid = "a\"b\\\n\u{1}é";
        let key = Key::from_jwk(&okp("")).unwrap().with_kid(Some(kid));
        assert_eq!(Key::from_jwk(&key.public_jwk().unwrap()).unwrap().kid(), Some(kid));
    }
}

#[test]
fn one_bad_key_does_not_spoil_the_set() {
    let set = KeySet::from_jwks_as(
        &[Algorithm::ES256, Algorithm::HS384],
        &format!(
            r#"{{"other":1,"keys":[
                {{"kty":"oct","alg":"HS256","kid":"weak","k":"c2hvcnQ"}},
                {{"kty":"oct","alg":"HS256","kid":"a","k":"{K}"}},
                {{"kty":"oct","alg":"HS256","kid":"a","k":"{K}"}},
                {{"kty":"oct","alg":"HS256","kid":"twice","k":"{K}","k":"{K}"}},
                {{"kty":"oct","alg":"HS256","k":"{K}"}},
                {{"kty":"oct","kid":"default","k":"{K}"}},
                {{"kty":"new","kid":"unknown"}},
                {{"kty":"oct","alg":"HS256","kid":"enc","use":"enc","k":"{K}"}},
                7,
                {{"kty":"oct","alg":"HS256","kid":"last","k":"{K}"}}
            ]}}"#
        ),
    )
    .unwrap();
    let kids: Vec<_> = set.keys().map(Key::kid).collect();
    assert_eq!(kids, [Some("a"), None, Some("default"), Some("last")]);
    assert_eq!(set.key("default").unwrap().algorithm(), Algorithm::HS384);
    let skipped: Vec<_> = set.skipped().iter().map(|(kid, error)| (kid.as_deref(), error.code())).collect();
    assert_eq!(
        skipped,
        [
            (Some("weak"), ErrorCode::KeyWeak),
            (Some("a"), ErrorCode::KeyDuplicate),
            (None, ErrorCode::KeyMalformed),
            (Some("unknown"), ErrorCode::KeyUnsupported),
            (Some("enc"), ErrorCode::KeyUsage),
            (None, ErrorCode::KeyMalformed),
        ]
    );
    for text in [
        "",
        "[]",
        "{}",
        r#"{"keys":{}}"#,
        r#"{"keys":[]} x"#,
        r#"{"keys":[],"keys":[]}"#,
        "\u{feff}{\"keys\":[]}",
    ] {
        assert_eq!(code(KeySet::from_jwks(text)), ErrorCode::KeyMalformed, "{text}");
    }
    assert_eq!(KeySet::from_jwks(r#"{"keys":[]}"#).unwrap().keys().len(), 0);
}

#[test]
fn sets_refuse_duplicates_and_nothing() {
    let set = KeySet::builder().hmac("a", vec![1; 32]).unwrap();
    assert_eq!(code(set.hmac("a", vec![2; 32])), ErrorCode::KeyDuplicate);
    assert_eq!(code(KeySet::builder().build()), ErrorCode::KeyMissing);
    assert_eq!(code(KeySet::builder().hmac("a", "short")), ErrorCode::KeyWeak);
    // Any number of keys without an id.
    let nameless = || Key::hmac(None, Algorithm::HS256, vec![1; 32]).unwrap();
    let set = KeySet::builder().key(nameless()).unwrap().key(nameless()).unwrap().build().unwrap();
    assert_eq!(set.keys().len(), 2);
    assert!(set.key("").is_none());
}
