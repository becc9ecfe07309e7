//! The back end in pure Rust.
//!
//! It draws no randomness from the system. ECDSA nonces are those of RFC 6979, and RSA blinding and PSS salts come
//! from a generator whose seed is a hash of the private exponent and the message: unpredictable to everyone else,
//! and the same signature for the same message.

use ed25519_dalek::Verifier as _;
use p256::ecdsa::signature::Signer as _;
use rsa::rand_core::{CryptoRng, RngCore};
use rsa::sha2::digest::const_oid::AssociatedOid;
use rsa::sha2::digest::{Digest, DynDigest};
use rsa::sha2::{Sha256, Sha384, Sha512};
use rsa::traits::PrivateKeyParts;
use rsa::{BigUint, Pkcs1v15Sign, Pss, RsaPrivateKey, RsaPublicKey};
use zeroize::Zeroizing;

use super::Algorithm;
use super::curve::Curve;
use super::material::RsaPrivate;
use crate::entropy::Entropy;

pub(super) const COMPUTES: bool = true;

/// The largest modulus; larger ones were refused before.
const MAX_BITS: usize = 8192;

pub(super) enum Verifier {
    Rsa(RsaScheme, Box<RsaPublicKey>),
    P256(Box<p256::ecdsa::VerifyingKey>),
    P384(Box<p384::ecdsa::VerifyingKey>),
    P521(Box<p521::ecdsa::VerifyingKey>),
    Ed25519(Box<ed25519_dalek::VerifyingKey>),
}

impl Verifier {
    pub(super) fn rsa(alg: Algorithm, n: &[u8], e: &[u8]) -> Option<Self> {
        let key =
            RsaPublicKey::new_with_max_size(BigUint::from_bytes_be(n), BigUint::from_bytes_be(e), MAX_BITS);
        Some(Verifier::Rsa(RsaScheme::of(alg)?, Box::new(key.ok()?)))
    }

    pub(super) fn ec(curve: Curve, point: &[u8]) -> Option<Self> {
        Some(match curve {
            Curve::P256 => Verifier::P256(Box::new(p256::ecdsa::VerifyingKey::from_sec1_bytes(point).ok()?)),
            Curve::P384 => Verifier::P384(Box::new(p384::ecdsa::VerifyingKey::from_sec1_bytes(point).ok()?)),
            Curve::P521 => Verifier::P521(Box::new(p521::ecdsa::VerifyingKey::from_sec1_bytes(point).ok()?)),
        })
    }

    pub(super) fn ed25519(point: &[u8; 32]) -> Option<Self> {
        Some(Verifier::Ed25519(Box::new(ed25519_dalek::VerifyingKey::from_bytes(point).ok()?)))
    }

    pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        fn ecdsa<S>(signature: &[u8], key: &impl p256::ecdsa::signature::Verifier<S>, message: &[u8]) -> bool
        where
            S: for<'a> TryFrom<&'a [u8]>,
        {
            S::try_from(signature).is_ok_and(|signature| key.verify(message, &signature).is_ok())
        }
        match self {
            Verifier::Rsa(scheme, key) => scheme.verify(key, message, signature),
            Verifier::P256(key) => ecdsa::<p256::ecdsa::Signature>(signature, &**key, message),
            Verifier::P384(key) => ecdsa::<p384::ecdsa::Signature>(signature, &**key, message),
            Verifier::P521(key) => ecdsa::<p521::ecdsa::Signature>(signature, &**key, message),
            // Not `verify_strict`: what it adds is a check of the key, which was made at import, and one of R,
            // which AWS-LC does not make.
            Verifier::Ed25519(key) => ed25519_dalek::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify(message, &signature).is_ok()),
        }
    }
}

pub(super) enum Signer {
    Rsa(Box<RsaSigner>),
    P256(Box<p256::ecdsa::SigningKey>),
    P384(Box<p384::ecdsa::SigningKey>),
    P521(Box<p521::ecdsa::SigningKey>),
    Ed25519(Box<ed25519_dalek::SigningKey>),
}

impl Signer {
    pub(super) fn rsa(alg: Algorithm, n: &[u8], e: &[u8], private: &RsaPrivate) -> Option<Self> {
        let number = |bytes: &[u8]| BigUint::from_bytes_be(bytes);
        let primes = private.primes.as_ref()?;
        let key = RsaPrivateKey::from_components(
            number(n),
            number(e),
            number(&private.d),
            vec![number(&primes.p), number(&primes.q)],
        )
        .ok()?;
        // The library computes these by itself; a key file that says otherwise is refused, as AWS-LC does.
        let same = key.dp() == Some(&number(&primes.dp))
            && key.dq() == Some(&number(&primes.dq))
            && key.crt_coefficient() == Some(number(&primes.qi));
        let secret = Zeroizing::new(crate::encoding::sha256(&private.d));
        same.then(|| RsaScheme::of(alg))
            .flatten()
            .map(|scheme| Signer::Rsa(Box::new(RsaSigner { scheme, key, secret })))
    }

    /// The signer of a full-length scalar, and its public point.
    pub(super) fn ec(curve: Curve, scalar: &[u8]) -> Option<(Self, Option<Vec<u8>>)> {
        Some(match curve {
            Curve::P256 => {
                let key = p256::ecdsa::SigningKey::from_slice(scalar).ok()?;
                let point = key.verifying_key().to_sec1_point(false).as_bytes().to_vec();
                (Signer::P256(Box::new(key)), Some(point))
            }
            Curve::P384 => {
                let key = p384::ecdsa::SigningKey::from_slice(scalar).ok()?;
                let point = key.verifying_key().to_sec1_point(false).as_bytes().to_vec();
                (Signer::P384(Box::new(key)), Some(point))
            }
            Curve::P521 => {
                let key = p521::ecdsa::SigningKey::from_slice(scalar).ok()?;
                let point = key.verifying_key().to_sec1_point(false).as_bytes().to_vec();
                (Signer::P521(Box::new(key)), Some(point))
            }
        })
    }

    pub(super) fn ed25519(seed: &[u8; 32]) -> Option<(Self, Option<[u8; 32]>)> {
        let key = ed25519_dalek::SigningKey::from_bytes(seed);
        let point = key.verifying_key().to_bytes();
        Some((Signer::Ed25519(Box::new(key)), Some(point)))
    }

    pub(super) fn sign(&self, message: &[u8], _: usize, out: &mut Vec<u8>) -> Option<()> {
        match self {
            Signer::Rsa(signer) => out.extend_from_slice(&signer.sign(message)?),
            Signer::P256(key) => {
                let signature: p256::ecdsa::Signature = key.try_sign(message).ok()?;
                out.extend_from_slice(&signature.to_bytes());
            }
            Signer::P384(key) => {
                let signature: p384::ecdsa::Signature = key.try_sign(message).ok()?;
                out.extend_from_slice(&signature.to_bytes());
            }
            Signer::P521(key) => {
                let signature: p521::ecdsa::Signature = key.try_sign(message).ok()?;
                out.extend_from_slice(&signature.to_bytes());
            }
            Signer::Ed25519(key) => out.extend_from_slice(&key.try_sign(message).ok()?.to_bytes()),
        }
        Some(())
    }
}

pub(super) struct RsaSigner {
    scheme: RsaScheme,
    key: RsaPrivateKey,
    secret: Zeroizing<[u8; 32]>,
}

impl RsaSigner {
    fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        let mut seed = <Sha256 as Digest>::new();
        Digest::update(&mut seed, b"tokenmint rsa blinding");
        Digest::update(&mut seed, *self.secret);
        Digest::update(&mut seed, message);
        let mut random = Random(Entropy::new(seed.finalize().into()));
        let RsaScheme { pss, hash } = self.scheme;
        match hash {
            Hash::Sha256 => sign_rsa::<Sha256>(pss, &self.key, message, &mut random),
            Hash::Sha384 => sign_rsa::<Sha384>(pss, &self.key, message, &mut random),
            Hash::Sha512 => sign_rsa::<Sha512>(pss, &self.key, message, &mut random),
        }
    }
}

fn sign_rsa<H>(pss: bool, key: &RsaPrivateKey, message: &[u8], random: &mut Random) -> Option<Vec<u8>>
where
    H: Digest + DynDigest + AssociatedOid + Send + Sync + 'static,
{
    let hashed = <H as Digest>::digest(message);
    if pss {
        key.sign_with_rng(random, Pss::new_blinded::<H>(), &hashed).ok()
    } else {
        key.sign_with_rng(random, Pkcs1v15Sign::new::<H>(), &hashed).ok()
    }
}

fn verify_rsa<H>(pss: bool, key: &RsaPublicKey, message: &[u8], signature: &[u8]) -> bool
where
    H: Digest + DynDigest + AssociatedOid + Send + Sync + 'static,
{
    let hashed = <H as Digest>::digest(message);
    if pss {
        key.verify(Pss::new::<H>(), &hashed, signature).is_ok()
    } else {
        key.verify(Pkcs1v15Sign::new::<H>(), &hashed, signature).is_ok()
    }
}

#[derive(Clone, Copy)]
pub(super) struct RsaScheme {
    pss: bool,
    hash: Hash,
}

#[derive(Clone, Copy)]
enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

impl RsaScheme {
    fn of(alg: Algorithm) -> Option<Self> {
        let (pss, hash) = match alg {
            Algorithm::RS256 => (false, Hash::Sha256),
            Algorithm::RS384 => (false, Hash::Sha384),
            Algorithm::RS512 => (false, Hash::Sha512),
            Algorithm::PS256 => (true, Hash::Sha256),
            Algorithm::PS384 => (true, Hash::Sha384),
            Algorithm::PS512 => (true, Hash::Sha512),
            _ => return None,
        };
        Some(RsaScheme { pss, hash })
    }

    fn verify(self, key: &RsaPublicKey, message: &[u8], signature: &[u8]) -> bool {
        match self.hash {
            Hash::Sha256 => verify_rsa::<Sha256>(self.pss, key, message, signature),
            Hash::Sha384 => verify_rsa::<Sha384>(self.pss, key, message, signature),
            Hash::Sha512 => verify_rsa::<Sha512>(self.pss, key, message, signature),
        }
    }
}

/// The crate's own generator in the shape that the `rsa` crate asks for.
struct Random(Entropy);

impl RngCore for Random {
    fn next_u32(&mut self) -> u32 {
        u32::from_le_bytes(self.0.bytes())
    }

    fn next_u64(&mut self) -> u64 {
        u64::from_le_bytes(self.0.bytes())
    }

    fn fill_bytes(&mut self, out: &mut [u8]) {
        self.0.fill(out);
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), rsa::rand_core::Error> {
        self.0.fill(out);
        Ok(())
    }
}

// Its seed is a hash of a secret, and its blocks are SHA-256.
impl CryptoRng for Random {}
