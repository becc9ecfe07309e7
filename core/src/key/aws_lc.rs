//! The back end on AWS-LC.
//!
//! AWS-LC draws its own randomness for RSA blinding, PSS salts and ECDSA nonces: the one place where bytes come from
//! elsewhere than the host. Nothing that is decided depends on them, and they never leave but inside a signature.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa;
use aws_lc_rs::signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair, ParsedPublicKey};

use super::Algorithm;
use super::curve::Curve;
use super::der;
use super::material::{RsaPrimes, RsaPrivate};

pub(super) const COMPUTES: bool = true;

pub(super) struct Verifier(ParsedPublicKey);

impl Verifier {
    pub(super) fn rsa(alg: Algorithm, n: &[u8], e: &[u8]) -> Option<Self> {
        let parameters = match alg {
            Algorithm::RS256 => &signature::RSA_PKCS1_2048_8192_SHA256,
            Algorithm::RS384 => &signature::RSA_PKCS1_2048_8192_SHA384,
            Algorithm::RS512 => &signature::RSA_PKCS1_2048_8192_SHA512,
            // The salt is as long as the hash, and no other length is accepted.
            Algorithm::PS256 => &signature::RSA_PSS_2048_8192_SHA256,
            Algorithm::PS384 => &signature::RSA_PSS_2048_8192_SHA384,
            Algorithm::PS512 => &signature::RSA_PSS_2048_8192_SHA512,
            _ => return None,
        };
        rsa::PublicKeyComponents { n, e }.to_parsed_public_key(parameters).ok().map(Verifier)
    }

    pub(super) fn ec(curve: Curve, point: &[u8]) -> Option<Self> {
        let algorithm = match curve {
            Curve::P256 => &signature::ECDSA_P256_SHA256_FIXED,
            Curve::P384 => &signature::ECDSA_P384_SHA384_FIXED,
            Curve::P521 => &signature::ECDSA_P521_SHA512_FIXED,
        };
        ParsedPublicKey::new(algorithm, point).ok().map(Verifier)
    }

    pub(super) fn ed25519(point: &[u8; 32]) -> Option<Self> {
        ParsedPublicKey::new(&signature::ED25519, point).ok().map(Verifier)
    }

    pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        self.0.verify_sig(message, signature).is_ok()
    }
}

pub(super) enum Signer {
    Rsa { pair: rsa::KeyPair, encoding: &'static signature::RsaSignatureEncoding },
    Ec(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl Signer {
    pub(super) fn rsa(alg: Algorithm, n: &[u8], e: &[u8], private: &RsaPrivate) -> Option<Self> {
        let encoding = match alg {
            Algorithm::RS256 => &signature::RSA_PKCS1_SHA256,
            Algorithm::RS384 => &signature::RSA_PKCS1_SHA384,
            Algorithm::RS512 => &signature::RSA_PKCS1_SHA512,
            Algorithm::PS256 => &signature::RSA_PSS_SHA256,
            Algorithm::PS384 => &signature::RSA_PSS_SHA384,
            Algorithm::PS512 => &signature::RSA_PSS_SHA512,
            _ => return None,
        };
        let RsaPrivate { d, primes } = private;
        let RsaPrimes { p, q, dp, dq, qi } = primes.as_ref()?;
        let pair = rsa::KeyPair::from_components(&rsa::KeyPairComponents {
            public_key: rsa::PublicKeyComponents { n, e },
            d: d.as_slice(),
            p: p.as_slice(),
            q: q.as_slice(),
            dP: dp.as_slice(),
            dQ: dq.as_slice(),
            qInv: qi.as_slice(),
        });
        Some(Signer::Rsa { pair: pair.ok()?, encoding })
    }

    /// The signer of a full-length scalar, and its public point.
    pub(super) fn ec(curve: Curve, scalar: &[u8]) -> Option<(Self, Option<Vec<u8>>)> {
        let algorithm = match curve {
            Curve::P256 => &signature::ECDSA_P256_SHA256_FIXED_SIGNING,
            Curve::P384 => &signature::ECDSA_P384_SHA384_FIXED_SIGNING,
            Curve::P521 => &signature::ECDSA_P521_SHA512_FIXED_SIGNING,
        };
        // The one entry that derives the public point takes DER.
        let pair =
            EcdsaKeyPair::from_private_key_der(algorithm, &der::ec_private_key(curve, scalar)?).ok()?;
        let point = pair.public_key().as_ref().to_vec();
        Some((Signer::Ec(pair), Some(point)))
    }

    pub(super) fn ed25519(seed: &[u8; 32]) -> Option<(Self, Option<[u8; 32]>)> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).ok()?;
        let point = pair.public_key().as_ref().try_into().ok()?;
        Some((Signer::Ed25519(pair), Some(point)))
    }

    pub(super) fn sign(&self, message: &[u8], len: usize, out: &mut Vec<u8>) -> Option<()> {
        match self {
            Signer::Rsa { pair, encoding } => {
                let start = out.len();
                out.resize(start + len, 0);
                pair.sign(*encoding, &SystemRandom::new(), message, out.get_mut(start..)?).ok()
            }
            Signer::Ec(pair) => {
                out.extend_from_slice(pair.sign(&SystemRandom::new(), message).ok()?.as_ref());
                Some(())
            }
            Signer::Ed25519(pair) => {
                out.extend_from_slice(pair.try_sign(message).ok()?.as_ref());
                Some(())
            }
        }
    }
}
