//! No key byte in any `Debug` or error text.

use super::*;
use crate::encoding::{base64url, hex};

#[test]
fn debug_shows_no_key() {
    let secret: Vec<u8> = (0..32).map(|at: u8| at.wrapping_mul(37).wrapping_add(201)).collect();
    let key = Key::hmac(Some("k1"), Algorithm::HS256, secret.clone()).unwrap();
    let mut texts = vec![format!("{key:?} {key:#?}")];
    let builder = KeySet::builder().key(key).unwrap();
    texts.push(format!("{builder:?} {builder:#?}"));
    let set = builder.build().unwrap();
    texts.push(format!("{set:?} {set:#?} {}", set.public_jwks()));
    texts.push(format!("{:?}", Key::hmac(None, Algorithm::HS512, secret.clone()).unwrap_err()));
    let jwk = format!(r#"{{"kty":"oct","kid":"j","alg":"HS384","k":"{}"}}"#, base64url(&secret));
    texts.push(format!("{:?}", Key::from_jwk(&jwk).unwrap_err()));
    texts.push(format!("{:?}", Key::from_jwk(&jwk.replace("HS384", "RS256")).unwrap_err()));
    texts.push(format!("{:?}", KeySet::from_jwks(&format!(r#"{{"keys":[{jwk}]}}"#)).unwrap()));
    texts.push(format!(
        "{:?}",
        Key::generate_jwk(None, Algorithm::HS256, &mut Entropy::new([1; 32])).unwrap()
    ));
    for text in &texts {
        assert_clean(text, &secret);
    }

    #[cfg(any(feature = "aws-lc", feature = "rustcrypto"))]
    for (file, alg) in [(pem!("p256"), Algorithm::ES256), (pem!("ed25519"), Algorithm::EdDSA)] {
        let (_, der) = pem_rfc7468::decode_vec(file.as_bytes()).unwrap();
        let scalar = if alg == Algorithm::ES256 { &der[36..68] } else { &der[16..48] };
        let key = Key::from_pem(Some("k1"), Some(alg), file).unwrap();
        let set = KeySet::builder().key(key.clone()).unwrap().build().unwrap();
        assert_clean(&format!("{key:?} {key:#?} {set:?} {}", set.public_jwks()), scalar);
        let error = Key::from_pem(None, Some(Algorithm::RS256), file).unwrap_err();
        assert_clean(&format!("{error:?}"), scalar);
        let cut = &file.replace("-----END", "A-----END");
        assert_clean(&format!("{:?}", Key::from_pem(None, Some(alg), cut).unwrap_err()), scalar);
    }
}

/// Looks for any four bytes of the secret in a row: hexadecimal, base64 of all three alignments, decimal list.
fn assert_clean(text: &str, secret: &[u8]) {
    let lower = text.to_lowercase();
    for window in secret.windows(4) {
        assert!(!lower.contains(&hex(window)), "{text}");
        let list: Vec<_> = window.iter().map(u8::to_string).collect();
        assert!(!text.contains(&list.join(", ")), "{text}");
    }
    for start in 0..3 {
        let encoded = base64url(&secret[start..]);
        for at in 0..encoded.len() - 8 {
            let piece = &encoded[at..at + 8];
            assert!(!text.replace('+', "-").replace('/', "_").contains(piece), "{text}");
        }
    }
}
