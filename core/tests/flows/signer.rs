//! Others who sign: clients and trusted issuers, with keys of their own and whatever header and payload.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    self, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair, RsaEncoding, RsaKeyPair,
};

pub(crate) struct Signer {
    pub(crate) alg: &'static str,
    pub(crate) kid: &'static str,
    pair: Pair,
}

enum Pair {
    Ed25519(Ed25519KeyPair),
    Ec(EcdsaKeyPair),
    Rsa(RsaKeyPair, &'static dyn RsaEncoding),
}

pub(crate) const ALGORITHMS: [&str; 10] =
    ["EdDSA", "ES256", "ES384", "ES512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512"];

impl Signer {
    pub(crate) fn new(alg: &'static str, kid: &'static str) -> Self {
        let ec =
            |algorithm: &'static EcdsaSigningAlgorithm| Pair::Ec(EcdsaKeyPair::generate(algorithm).unwrap());
        let rsa = |padding| Pair::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).unwrap(), padding);
        let pair = match alg {
            "EdDSA" => Pair::Ed25519(Ed25519KeyPair::generate().unwrap()),
            "ES256" => ec(&signature::ECDSA_P256_SHA256_FIXED_SIGNING),
            "ES384" => ec(&signature::ECDSA_P384_SHA384_FIXED_SIGNING),
            "ES512" => ec(&signature::ECDSA_P521_SHA512_FIXED_SIGNING),
            "RS256" => rsa(&signature::RSA_PKCS1_SHA256),
            "RS384" => rsa(&signature::RSA_PKCS1_SHA384),
            "RS512" => rsa(&signature::RSA_PKCS1_SHA512),
            "PS256" => rsa(&signature::RSA_PSS_SHA256),
            "PS384" => rsa(&signature::RSA_PSS_SHA384),
            "PS512" => rsa(&signature::RSA_PSS_SHA512),
            other => panic!("{other}"),
        };
        Signer { alg, kid, pair }
    }

    /// The public key as a JWK.
    pub(crate) fn jwk(&self) -> String {
        let (alg, kid) = (self.alg, self.kid);
        let members = match &self.pair {
            Pair::Ed25519(pair) => {
                format!(r#""kty":"OKP","crv":"Ed25519","x":"{}""#, base64url(pair.public_key().as_ref()))
            }
            Pair::Ec(pair) => {
                let point = &pair.public_key().as_ref()[1..];
                let (x, y) = point.split_at(point.len() / 2);
                let crv = ["P-256", "P-384", "P-521"][(x.len() - 32) / 16];
                format!(r#""kty":"EC","crv":"{crv}","x":"{}","y":"{}""#, base64url(x), base64url(y))
            }
            Pair::Rsa(pair, _) => {
                // RFC 8017 appendix A.1.1: of a sequence the modulus, of 257 bytes with its sign, and the exponent 65537.
                let n = &pair.public_key().as_ref()[9..9 + 256];
                format!(r#""kty":"RSA","n":"{}","e":"AQAB""#, base64url(n))
            }
        };
        format!(r#"{{{members},"alg":"{alg}","kid":"{kid}"}}"#)
    }

    /// A token with this payload and the header that goes with the key.
    pub(crate) fn token(&self, payload: &str) -> String {
        self.token_as(&format!(r#"{{"alg":"{}","kid":"{}","typ":"JWT"}}"#, self.alg, self.kid), payload)
    }

    /// A token with any header.
    pub(crate) fn token_as(&self, header: &str, payload: &str) -> String {
        let input = format!("{}.{}", base64url(header.as_bytes()), base64url(payload.as_bytes()));
        let signature = self.sign(input.as_bytes());
        format!("{input}.{}", base64url(&signature))
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        match &self.pair {
            Pair::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
            Pair::Ec(pair) => pair.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec(),
            Pair::Rsa(pair, padding) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(*padding, &SystemRandom::new(), message, &mut signature).unwrap();
                signature
            }
        }
    }
}

/// A JWK Set of these signers' public keys.
pub(crate) fn jwks(signers: &[&Signer]) -> String {
    let keys: Vec<String> = signers.iter().map(|signer| signer.jwk()).collect();
    format!(r#"{{"keys":[{}]}}"#, keys.join(","))
}

/// Also for tests of crates that have no encoder.
pub(crate) fn base64url(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let digits = bytes.chunks(3).flat_map(|chunk| {
        let number = (0..3).fold(0, |number, at| number << 8 | usize::from(*chunk.get(at).unwrap_or(&0)));
        (0..=chunk.len()).map(move |at| char::from(DIGITS[number >> (18 - 6 * at) & 63]))
    });
    digits.collect()
}
