//! PEM files and the strength of keys.

use super::*;

#[test]
fn short_secrets_are_weak() {
    for alg in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
        let needed = alg.hash_len();
        assert_eq!(code(Key::hmac(None, alg, vec![7; 0])), ErrorCode::KeyWeak);
        let error = Key::hmac(None, alg, vec![7; needed - 1]).unwrap_err();
        assert_eq!(error.code(), ErrorCode::KeyWeak);
        assert!(error.message().contains(&format!("{} bytes", needed - 1)), "{error}");
        assert!(error.message().contains(&format!("at least {needed}")), "{error}");
        assert!(Key::hmac(None, alg, vec![7; needed]).is_ok());
        assert!(Key::hmac(None, alg, vec![7; 1000]).is_ok());

        let short = Key::allow_short_hmac_key(None, alg, "x").unwrap();
        assert!(short.verify(b"message", &sign(&short, b"message")));
        assert_eq!(code(Key::allow_short_hmac_key(None, alg, "")), ErrorCode::KeyWeak);
    }
    assert_eq!(code(Key::hmac(None, Algorithm::RS256, vec![7; 64])), ErrorCode::KeyUsage);
}

#[cfg(not(feature = "key-files"))]
#[test]
fn without_a_back_end_pairs_are_unsupported() {
    let error = Key::from_pem(None, Some(Algorithm::RS256), pem!("rsa2048")).unwrap_err();
    assert_eq!(error.code(), ErrorCode::KeyUnsupported);
    assert!(error.message().contains("RS256"), "{error}");
    assert_eq!(code(Key::from_pem(None, None, pem!("p256"))), ErrorCode::KeyUnsupported);
    for jwk in [
        r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
        r#"{"kty":"EC","crv":"P-256","x":"","y":""}"#,
        r#"{"kty":"RSA","alg":"PS512","n":"","e":""}"#,
    ] {
        assert_eq!(code(Key::from_jwk(jwk)), ErrorCode::KeyUnsupported);
    }
}

#[cfg(any(feature = "aws-lc", feature = "rustcrypto"))]
mod pairs {
    use super::*;

    #[test]
    fn every_form_of_file_gives_the_same_key() {
        for (alg, files) in [
            (
                Algorithm::RS256,
                &[pem!("rsa2048"), pem!("rsa2048.pub"), pem!("rsa2048.pkcs1"), pem!("rsa2048.pkcs1.pub")][..],
            ),
            (Algorithm::ES256, &[pem!("p256"), pem!("p256.pub"), pem!("p256.sec1"), pem!("p256.nopub")]),
            (Algorithm::ES384, &[pem!("p384"), pem!("p384.pub")]),
            (Algorithm::ES512, &[pem!("p521"), pem!("p521.pub")]),
            (Algorithm::EdDSA, &[pem!("ed25519"), pem!("ed25519.pub")]),
        ] {
            let first = Key::from_pem(None, Some(alg), files[0]).unwrap();
            let signature = sign(&first, b"message");
            for file in files {
                let key = Key::from_pem(None, Some(alg), file).unwrap();
                assert_eq!(key.can_sign(), file.contains("PRIVATE"), "{alg}");
                assert_eq!(key.thumbprint(), first.thumbprint(), "{alg}");
                assert!(key.verify(b"message", &signature), "{alg}");
                if alg != Algorithm::RS256 {
                    assert_eq!(Key::from_pem(None, None, file).unwrap().algorithm(), alg);
                }
            }
        }
        let with_windows_lines = pem!("p256").replace('\n', "\r\n");
        assert!(Key::from_pem(None, None, &with_windows_lines).is_ok());
        assert!(Key::from_pem(None, None, &format!("\n{}\n\n", pem!("p256"))).is_ok());
        for odd in [pem!("rsa2048.e3"), pem!("rsa3000")] {
            let key = Key::from_pem(None, Some(Algorithm::PS256), odd).unwrap();
            assert!(key.verify(b"message", &sign(&key, b"message")));
        }
    }

    /// Each file with the public key that openssl shows for it.
    #[test]
    fn certificates_give_their_public_key() {
        for (alg, certificate, public) in [
            (Algorithm::EdDSA, pem!("certificate"), None),
            (Algorithm::RS256, pem!("certificate.rsa"), Some(pem!("rsa2048.pub"))),
            (Algorithm::ES256, pem!("certificate.v1"), Some(pem!("p256.pub"))),
        ] {
            let key = Key::from_pem(Some("k1"), Some(alg), certificate).unwrap();
            assert!(!key.can_sign(), "{alg}");
            if let Some(public) = public {
                let public = Key::from_pem(None, Some(alg), public).unwrap();
                assert_eq!(key.thumbprint(), public.thumbprint(), "{alg}");
            }
        }
        let chain = format!("{}{}", pem!("certificate.rsa"), pem!("certificate"));
        let error = Key::from_pem(None, Some(Algorithm::RS256), &chain).unwrap_err();
        assert!(error.to_string().contains("2 blocks"), "{error}");
    }

    #[test]
    fn der_shows_what_it_is() {
        for (alg, file) in [
            (Algorithm::RS256, pem!("rsa2048")),
            (Algorithm::RS256, pem!("rsa2048.pub")),
            (Algorithm::RS256, pem!("rsa2048.pkcs1")),
            (Algorithm::RS256, pem!("rsa2048.pkcs1.pub")),
            (Algorithm::RS256, pem!("certificate.rsa")),
            (Algorithm::ES256, pem!("p256")),
            (Algorithm::ES256, pem!("p256.pub")),
            (Algorithm::ES256, pem!("p256.sec1")),
            (Algorithm::ES256, pem!("certificate.v1")),
            (Algorithm::ES512, pem!("p521")),
            (Algorithm::EdDSA, pem!("ed25519")),
            (Algorithm::EdDSA, pem!("ed25519.pub")),
            (Algorithm::EdDSA, pem!("certificate")),
        ] {
            let block =
                file.split_once("-----END EC PARAMETERS-----").map_or(file, |(_, rest)| rest.trim_start());
            let (label, der) = pem_rfc7468::decode_vec(block.as_bytes()).unwrap();
            let key = Key::from_der(Some("k1"), Some(alg), &der).unwrap();
            let same = Key::from_pem(Some("k1"), Some(alg), file).unwrap();
            assert_eq!(key.thumbprint(), same.thumbprint(), "{label}");
            assert_eq!(key.can_sign(), label.ends_with("PRIVATE KEY"), "{label}");
            for len in 0..der.len() {
                let error = Key::from_der(None, Some(alg), &der[..len]).unwrap_err();
                assert_eq!(error.code(), ErrorCode::KeyMalformed, "{label} cut at {len}: {error}");
            }
            assert!(Key::from_der(None, Some(alg), &[der.as_slice(), &[0]].concat()).is_err(), "{label}");
        }
        for (bytes, code, hint) in [
            (&b""[..], ErrorCode::KeyMalformed, "not DER"),
            (b"\x30\x00", ErrorCode::KeyMalformed, "not DER"),
            (b"-----BEGIN PUBLIC KEY-----", ErrorCode::KeyMalformed, "PEM"),
            (b"\x30\x04\x30\x00\x04\x00", ErrorCode::KeyUnsupported, "encrypted"),
            (b"\x30\x04\x30\x00\x30\x00", ErrorCode::KeyMalformed, "CERTIFICATE"),
        ] {
            let error = Key::from_der(None, None, bytes).unwrap_err();
            assert_eq!((error.code(), error.field()), (code, Some("der")), "{error}");
            assert!(error.message().contains(hint), "{error}");
        }
    }

    /// RFC 4055 section 1.2: a key of that type serves no other padding; its parameters bind, too.
    #[test]
    fn keys_bound_to_pss() {
        let plain = Key::from_pem(None, Some(Algorithm::PS384), pem!("rsa-pss")).unwrap();
        assert!(plain.verify(b"message", &sign(&plain, b"message")));
        assert_eq!(code(Key::from_pem(None, Some(Algorithm::RS256), pem!("rsa-pss"))), ErrorCode::KeyUsage);
        let bound = Key::from_pem(None, None, pem!("rsa-pss.sha256")).unwrap();
        assert_eq!(bound.algorithm(), Algorithm::PS256);
        let public = Key::from_pem(None, None, pem!("rsa-pss.sha256.pub")).unwrap();
        assert!(public.verify(b"message", &sign(&bound, b"message")));
        let error = Key::from_pem(None, Some(Algorithm::PS512), pem!("rsa-pss.sha256")).unwrap_err();
        assert_eq!(error.code(), ErrorCode::KeyUsage);
        assert!(error.message().contains("PS256, not PS512"), "{error}");
    }

    #[test]
    fn a_secret_has_no_thumbprint_for_an_id() {
        let error =
            Key::hmac(None, Algorithm::HS256, vec![7; 32]).unwrap().with_thumbprint_kid().unwrap_err();
        assert_eq!(error.code(), ErrorCode::KeyUsage);
        let key = Key::from_pem(Some("old"), None, pem!("p256")).unwrap().with_thumbprint_kid().unwrap();
        assert_eq!(key.kid(), key.thumbprint().as_deref());
        assert!(key.can_sign());
    }

    /// RFC 8410 section 10.3, the version with the public key.
    #[test]
    fn pkcs8_version_2() {
        let key = Key::from_pem(
            None,
            None,
            "-----BEGIN PRIVATE KEY-----\n\
             MHICAQEwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n\
             oB8wHQYKKoZIhvcNAQkJFDEPDA1DdXJkbGUgQ2hhaXJzgSEAGb9ECWmEzf6FQbrB\n\
             Z9w7lshQhqowtrbLDFw4rXAxZuE=\n\
             -----END PRIVATE KEY-----\n",
        )
        .unwrap();
        assert!(key.can_sign());
        assert!(key.public_jwk().unwrap().contains(r#""x":"Gb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE""#));
    }

    #[test]
    fn files_that_are_refused() {
        for (file, expected, hint) in [
            (pem!("rsa1024"), ErrorCode::KeyWeak, "1024 bits"),
            (pem!("rsa2048"), ErrorCode::KeyMalformed, "RS256, RS384"),
            (pem!("rsa-pss"), ErrorCode::KeyMalformed, "PS256, PS384, PS512"),
            (pem!("rsa-pss.sha1"), ErrorCode::KeyUnsupported, "SHA-256"),
            (pem!("rsa-pss.mixed"), ErrorCode::KeyUnsupported, "MGF1"),
            (pem!("secp256k1"), ErrorCode::KeyUnsupported, "P-256"),
            (pem!("p256.explicit"), ErrorCode::KeyUnsupported, "curve"),
            (pem!("p256.compressed.pub"), ErrorCode::KeyUnsupported, "compressed"),
            (pem!("x25519"), ErrorCode::KeyUnsupported, "Ed25519"),
            (pem!("ed448"), ErrorCode::KeyUnsupported, "Ed25519"),
            (pem!("ed25519.encrypted"), ErrorCode::KeyUnsupported, "openssl pkey"),
            (pem!("certificate.encipherment"), ErrorCode::KeyUsage, "digitalSignature"),
            (
                "-----BEGIN PGP MESSAGE-----\nAAAA\n-----END PGP MESSAGE-----",
                ErrorCode::KeyUnsupported,
                "PGP",
            ),
            ("", ErrorCode::KeyMalformed, "PEM"),
            ("secret", ErrorCode::KeyMalformed, "PEM"),
            ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", ErrorCode::KeyMalformed, "DER"),
        ] {
            let alg = (expected == ErrorCode::KeyWeak).then_some(Algorithm::RS256);
            let error = Key::from_pem(None, alg, file).unwrap_err();
            assert_eq!(error.code(), expected, "{error}");
            assert!(error.to_string().contains(hint), "{error}");
        }
        assert_eq!(code(Key::from_pem(None, Some(Algorithm::ES256), pem!("p384"))), ErrorCode::KeyUsage);
        assert_eq!(code(Key::from_pem(None, Some(Algorithm::HS256), pem!("p256.pub"))), ErrorCode::KeyUsage);
        assert_eq!(code(Key::from_pem(None, Some(Algorithm::EdDSA), pem!("rsa2048"))), ErrorCode::KeyUsage);
        // Two blocks: which one is meant?
        let two = format!("{}{}", pem!("p256"), pem!("p384"));
        assert_eq!(code(Key::from_pem(None, None, &two)), ErrorCode::KeyMalformed);
    }

    /// Every truncation and every change of one byte: an error or a key, never a panic; a private half never with
    /// another public half.
    #[test]
    fn damaged_files() {
        use pem_rfc7468::LineEnding;
        for file in [
            pem!("p256"),
            pem!("ed25519"),
            pem!("p256.sec1"),
            pem!("p521.pub"),
            pem!("ed25519.pub"),
            pem!("certificate"),
        ] {
            let file =
                file.split_once("-----END EC PARAMETERS-----").map_or(file, |(_, rest)| rest.trim_start());
            let (label, der) = pem_rfc7468::decode_vec(file.as_bytes()).unwrap();
            let import = |der: &[u8]| {
                Key::from_pem(None, None, &pem_rfc7468::encode_string(label, LineEnding::LF, der).unwrap())
            };
            for len in 0..der.len() {
                assert!(import(&der[..len]).is_err(), "{label} cut at {len}");
            }
            assert!(import(&[der.as_slice(), &[0]].concat()).is_err());
            for at in 0..der.len() {
                let mut changed = der.clone();
                changed[at] ^= 0x01;
                if let Ok(key) = import(&changed)
                    && key.can_sign()
                {
                    assert!(key.verify(b"message", &sign(&key, b"message")), "{label} byte {at}");
                    assert!(file.contains("PRIVATE KEY") && label == "PRIVATE KEY", "{label} byte {at}");
                }
            }
        }
    }

    #[test]
    fn scalars_out_of_range() {
        let order: [&str; 3] = [
            "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
            "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973",
            "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409",
        ];
        for ((curve, alg), order) in curve::Curve::ALL
            .into_iter()
            .zip([Algorithm::ES256, Algorithm::ES384, Algorithm::ES512])
            .zip(order)
        {
            let order: Vec<u8> = (0..order.len() / 2)
                .map(|at| u8::from_str_radix(&order[2 * at..2 * at + 2], 16).unwrap())
                .collect();
            let import = |scalar: Vec<u8>| {
                let material = material::Material::Ec {
                    curve,
                    point: None,
                    scalar: Some(zeroize::Zeroizing::new(scalar)),
                };
                Asymmetric::prepare(alg, material).map(|_| ())
            };
            let mut one = vec![0; order.len()];
            one[order.len() - 1] = 1;
            let mut last = order.clone();
            *last.last_mut().unwrap() -= 1;
            let mut above = order.clone();
            *above.last_mut().unwrap() += 1;
            assert!(import(one).is_ok(), "{alg}");
            assert!(import(last).is_ok(), "{alg}");
            for bad in [vec![0; order.len()], order.clone(), above, vec![0xff; order.len()], vec![1], vec![]]
            {
                assert_eq!(code(import(bad)), ErrorCode::KeyMalformed, "{alg}");
            }
            assert_eq!(code(import([&[0], order.as_slice()].concat())), ErrorCode::KeyMalformed);
        }
    }
}
