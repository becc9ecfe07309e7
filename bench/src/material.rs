//! The keys: one for everyone, of each algorithm.

use anyhow::Result;
use aws_lc_rs::encoding::AsBigEndian;
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa;
use aws_lc_rs::signature::{self, EcdsaKeyPair, Ed25519KeyPair};
use tokenmint::{Algorithm, Issuer, Key, Verifier};

use crate::work::{self, SECRET};

/// One key for everyone.
pub(crate) struct Material {
    pub(crate) algorithm: Algorithm,
    /// PKCS#8; the raw secret for HS256.
    pub(crate) private: Vec<u8>,
    /// The EC scalar or Ed25519 seed.
    pub(crate) scalar: Vec<u8>,
    pub(crate) key: Key,
}

impl Material {
    pub(crate) fn new(algorithm: Algorithm) -> Result<Self> {
        let (private, scalar) = match algorithm {
            Algorithm::HS256 => (SECRET.to_vec(), Vec::new()),
            Algorithm::RS256 => {
                let pair = rsa::KeyPair::generate(rsa::KeySize::Rsa2048)?;
                (AsDer::<aws_lc_rs::encoding::Pkcs8V1Der<'_>>::as_der(&pair)?.as_ref().to_vec(), Vec::new())
            }
            Algorithm::ES256 => {
                let pair = EcdsaKeyPair::generate(&signature::ECDSA_P256_SHA256_FIXED_SIGNING)?;
                let scalar: aws_lc_rs::encoding::EcPrivateKeyBin<'_> = pair.private_key().as_be_bytes()?;
                (pair.to_pkcs8v1()?.as_ref().to_vec(), scalar.as_ref().to_vec())
            }
            _ => {
                let seed = SECRET;
                (Ed25519KeyPair::from_seed_unchecked(&seed)?.to_pkcs8v1()?.as_ref().to_vec(), seed.to_vec())
            }
        };
        let key = match algorithm {
            Algorithm::HS256 => Key::hmac(None, algorithm, private.clone())?,
            _ => Key::from_pem(None, Some(algorithm), &pem(&private))?,
        };
        Ok(Material { algorithm, private, scalar, key })
    }

    pub(crate) fn pem(&self) -> String {
        pem(&self.private)
    }

    pub(crate) fn issuer(&self) -> Result<Issuer> {
        work::issuer(self.key.clone())
    }

    pub(crate) fn verifier(&self) -> Result<Verifier> {
        Ok(self.issuer()?.verifier().audience(work::AUDIENCE))
    }
}

fn pem(der: &[u8]) -> String {
    let text = base64_simd::STANDARD.encode_to_string(der);
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).filter_map(|line| std::str::from_utf8(line).ok()).collect();
    format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n"))
}
