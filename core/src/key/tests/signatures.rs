//! Signing and verifying on the active back end.

use super::*;

#[test]
fn what_is_signed_verifies_and_nothing_else() {
    let message = b"the signing input of a token";
    for key in signing_keys() {
        let alg = key.algorithm();
        let mut out = b"before".to_vec();
        key.sign(message, &mut out).unwrap();
        let signature = out.strip_prefix(b"before").unwrap();
        assert_eq!(signature.len(), key.signature_len(), "{alg}");
        assert!(key.verify(message, signature), "{alg}");
        let public = key.public_jwk().map(|jwk| Key::from_jwk(&jwk).unwrap());
        if let Some(public) = &public {
            assert!(public.verify(message, signature), "{alg}");
            assert!(!public.can_sign());
            assert_eq!(public.thumbprint(), key.thumbprint());
            assert_eq!(public.kid(), Some("k1"));
        }
        let verifier = public.unwrap_or(key);
        for bit in (0..signature.len() * 8).step_by(if signature.len() > 100 { 61 } else { 7 }) {
            let mut changed = signature.to_vec();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(!verifier.verify(message, &changed), "{alg}: bit {bit} of the signature");
        }
        for bit in (0..message.len() * 8).step_by(29) {
            let mut changed = message.to_vec();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(!verifier.verify(&changed, signature), "{alg}: bit {bit} of the message");
        }
    }
}

#[test]
fn signatures_have_one_length() {
    for key in signing_keys() {
        let signature = sign(&key, b"message");
        for wrong in [
            vec![],
            signature[..signature.len() - 1].to_vec(),
            signature[1..].to_vec(),
            [signature.as_slice(), &[0]].concat(),
            [&[0], signature.as_slice()].concat(),
            vec![0; signature.len()],
            vec![0xff; signature.len()],
        ] {
            assert!(!key.verify(b"message", &wrong), "{}: {} bytes", key.algorithm(), wrong.len());
        }
    }
}

/// RFC 8017 section 5.2.2: s + n is no signature although (s + n)^e = s^e. 2^2048 bounds s + n only for some keys
/// and signatures, so one is looked for.
#[cfg(any(feature = "aws-lc", feature = "rustcrypto"))]
#[test]
fn an_rsa_signature_is_below_the_modulus() {
    for alg in [Algorithm::RS256, Algorithm::PS256] {
        let key = signing_key(alg);
        let Prepared::Asymmetric(pair) = &key.inner.prepared else { panic!() };
        let material::Public::Rsa { n, .. } = &pair.public else { panic!() };
        let mut found = false;
        for attempt in 0..64_u8 {
            let signature = sign(&key, &[attempt]);
            let mut sum = vec![0; n.len()];
            let mut carry = 0;
            for at in (0..n.len()).rev() {
                let total = u16::from(signature[at]) + u16::from(n[at]) + carry;
                sum[at] = total as u8;
                carry = total >> 8;
            }
            if carry == 0 {
                found = true;
                assert!(!key.verify(&[attempt], &sum), "{alg}");
            }
        }
        assert!(found, "no signature is small enough; take another test key");
    }
}

/// RFC 8032 section 5.1.7: S is below the order.
#[cfg(any(feature = "aws-lc", feature = "rustcrypto"))]
#[test]
fn an_ed25519_signature_is_reduced() {
    const ORDER: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let key = signing_key(Algorithm::EdDSA);
    let mut signature = sign(&key, b"message");
    let mut carry = 0;
    for (byte, order) in signature[32..].iter_mut().zip(ORDER) {
        let total = u16::from(*byte) + u16::from(order) + carry;
        *byte = total as u8;
        carry = total >> 8;
    }
    assert!(!key.verify(b"message", &signature));
}

/// r and s are in 1..n (FIPS 186-5 section 6.4.2 step 1).
#[cfg(any(feature = "aws-lc", feature = "rustcrypto"))]
#[test]
fn an_ecdsa_signature_is_in_range() {
    for alg in [Algorithm::ES256, Algorithm::ES384, Algorithm::ES512] {
        let key = signing_key(alg);
        let signature = sign(&key, b"message");
        let half = signature.len() / 2;
        for range in [0..half, half..2 * half] {
            let mut zero = signature.clone();
            zero[range].fill(0);
            assert!(!key.verify(b"message", &zero), "{alg}");
        }
    }
}

#[test]
fn a_key_of_another_algorithm_does_not_verify() {
    let keys = signing_keys();
    for signer in &keys {
        let signature = sign(signer, b"message");
        // EdDSA and Ed25519 are two names of one algorithm.
        let other = |key: &&Key| {
            !key.algorithm().covers(signer.algorithm()) && !signer.algorithm().covers(key.algorithm())
        };
        for verifier in keys.iter().filter(other) {
            assert!(!verifier.verify(b"message", &signature), "{signer:?} {verifier:?}");
        }
    }
}

/// RFC 7518 section 3.5: the salt is as long as the hash, and MGF1 uses the same hash. Signatures of "message" by
/// openssl with the test key.
#[cfg(any(feature = "aws-lc", feature = "rustcrypto"))]
#[test]
fn pss_has_one_salt_length_and_one_hash() {
    let key = signing_key(Algorithm::PS256);
    let verifies = |signature| key.verify(b"message", &crate::encoding::from_base64url(signature).unwrap());
    assert!(
        verifies(
            "M16R4pCj61UEYCs9Uz_9PzUt30PBaEboDrtEOHUIL2nNr3mZhaEeuX30NZbEXE2YbnkKEKNBd-Q2oweAaAwxUc3OWmePPopA3smOALqluyKkEXRrtIVk_1rWoTA8gIfch20Kmtj4o6jZy0c_t9HXNlWoQR-vsF99WJ1oEHOcg8uxC0iB8sIyxcfEcF4DMXimHqYIKv--B0DNDYzqWx-0ZhOSbE28PSrx3KbvaJgJfEw4ofWl15OcBT3JV1OOL4JL6N82ecMLgvJtuAzgg2W0qy7EB-Qfkfd-B1TbHkZl1ndCwDpY4Rd9EO5_zgW5Ywc-eUx3l6EQQykTEun3FeMUSQ"
        ),
        "salt of 32"
    );
    assert!(
        !verifies(
            "je1xfxWCiNEVkl_uCXWIOZAI_aA01S3rHeqA5_LFAbdYTI8Ln3LosijJLtj1ml9hvdzYgYz0nNdvcB_c-reVRegUv0XmO3uWHDWA63jd5uGzlaID6c3xGHWjZA8yyOEx19heFQcB-PnankgNV5NVuZWi_ibLI40j7ATNsOhuLCQz2Yw8qUlaKfh4xK2WB4WWtZc47jFQfFe-Efqb4ePqvl1FigLogPMS_dBSlrwaNGmFGJ9MC5khbgd2t1ea-Co7UmC3rosN0f0VtDFkV8RW2JKPRieQLBFFsQZItNfTmtYv2nNDFeFZiaemqjqvwodzMnVZ3tFo0pSR8ahzGWSE2g"
        ),
        "salt of 0"
    );
    assert!(
        !verifies(
            "kF1h3FK7jaqDjmbfxA9-RXd0p5sk9xSf7FIuG2Jb2Y_hbdnBBXnnZmPYihVZxtD3I6zfmL9ZABebis3BgczrWcLhRlfAtr0DDbSfv3IgKuO_2GJwStFt9uCetp0voOjkwqn1ykp_wl3TLtqDDdSVJF8a1cPxe0M0hsGzBKL8W7oazpn8wwGpBPifYc7zbpJL1Laur7gxcaeHQb2aIX_eQjLQgqnsGPhWCmtOLvOfuFHz2z7w5K1h58ZdUoak6gQthQn3bCkgzgQBOQnqnooStvHOSYP8ZqEqrq6HlvaEpbLpsCp5xATCVFBrSPzwjMQ3e-0ZL6a2Ijsp4jM3WA6txA"
        ),
        "salt of 20"
    );
    assert!(
        !verifies(
            "MWsr6-L4WkQY5soVuVvjM39UCo3XBOWawahN6P6KDrgCqJePEvlejHVbq2lNXKaFcmxPMVaqu44w09l5cC_kyWmRO5EQasLVJ6E0YM671RcT9q94a-WTYLyMvZs207XxvgK3BkI2kBgZscRirJmCRMLOa7qEqUxPk0HRt1wW0FbG3zvk5HtxFOS763uit33oHzVM1dkvMl1gKtIbGZu9d1btOzHWcyTjinA6lbKc5Ew4J_qBWBFcU6r-lX_WAxGO4G2dbZKb4vtoP-d0BVnBImLNqd_L1yehruS8bIxtiL4v79mlScSw4vFHFGZpMAlEN4qv8aMg_mRoGHDnzYxplw"
        ),
        "salt of 222"
    );
    assert!(
        !verifies(
            "XRDJEdcmUB_LJp3N_ZcU3YgJxZQgsB3uWS7vrLBokNRjksc84xzQMjZHUg8Ga7dpSYYNxaVK-qCMXhdO6QUGgYOHLEJaaWKvkiiG8ZfBUt7uOubaS8isNlx06evIbEO_dFaNKVBb4vezE4iHa71Gc3SZSINHE3iP3ImTHQEtFEcfOv8nA1aeTs-KHRRJL0FjDW1ZrdPt6vKPtMKxf5ENUK5aRvIQBDTmFkrr32jXku9b1IVhW_WyB5uuMhE0necAwVYJbwhzlpXDssZKqufGrZw6_NxGfKeK9kn2M5MsLMTCwICm8VK4LLNWrCrZ2IYyndxjoXjpI13SMf_CVDiE0w"
        ),
        "MGF1 with SHA-1"
    );
}

#[cfg(any(feature = "aws-lc", feature = "rustcrypto"))]
#[test]
fn deterministic_algorithms_repeat_themselves() {
    for alg in [Algorithm::RS256, Algorithm::EdDSA] {
        let key = signing_key(alg);
        assert_eq!(sign(&key, b"message"), sign(&key, b"message"), "{alg}");
    }
}

#[test]
fn generated_keys_sign_are_kept_and_repeat() {
    for alg in Algorithm::ALL.iter().copied() {
        let made = Key::generate_jwk(Some("g1"), alg, &mut Entropy::new([3; 32]));
        let rsa = alg.family() == Family::Rsa;
        if rsa || !computes(alg) {
            assert_eq!(code(made.map(|_| ())), ErrorCode::KeyUnsupported, "{alg}");
            assert_eq!(code(Key::generate(None, alg, &mut Entropy::new([3; 32]))), ErrorCode::KeyUnsupported);
            continue;
        }
        let jwk = made.unwrap();
        let again = Key::generate_jwk(Some("g1"), alg, &mut Entropy::new([3; 32])).unwrap();
        assert!(jwk.matches(again.expose()), "{alg}");
        let key = Key::from_jwk(std::str::from_utf8(jwk.expose()).unwrap()).unwrap();
        assert_eq!((key.kid(), key.algorithm()), (Some("g1"), alg));
        let direct = Key::generate(Some("g1"), alg, &mut Entropy::new([3; 32])).unwrap();
        assert!(direct.verify(b"message", &sign(&key, b"message")), "{alg}");
        let other = Key::generate(Some("g1"), alg, &mut Entropy::new([4; 32])).unwrap();
        assert!(!other.verify(b"message", &sign(&key, b"message")), "{alg}");
    }
}

#[test]
fn keys_may_be_shared_between_threads() {
    fn shared<T: Send + Sync + Clone + 'static>() {}
    shared::<Key>();
    shared::<KeySet>();
}
