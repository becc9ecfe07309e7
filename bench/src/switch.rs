//! Both back ends of jsonwebtoken in one process: it takes one provider for good, so this one asks a flag.

use std::sync::atomic::{AtomicBool, Ordering};

use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, aws_lc, rust_crypto};
use jsonwebtoken::errors::Result;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};

static RUST_CRYPTO: AtomicBool = AtomicBool::new(false);
static PROVIDER: std::sync::OnceLock<CryptoProvider> = std::sync::OnceLock::new();

/// Which back end the next calls use.
#[derive(Clone, Copy)]
pub(crate) enum BackEnd {
    AwsLc,
    RustCrypto,
}

impl BackEnd {
    pub(crate) fn select(self) {
        RUST_CRYPTO.store(matches!(self, BackEnd::RustCrypto), Ordering::Relaxed);
    }
}

pub(crate) fn install() {
    let provider = PROVIDER.get_or_init(|| CryptoProvider {
        signer_factory: signer,
        verifier_factory: verifier,
        key_utils: aws_lc::DEFAULT_PROVIDER.key_utils.clone(),
    });
    // It fails only where one is installed already, which is then this one.
    let _ = provider.install_default();
}

fn chosen() -> &'static CryptoProvider {
    if RUST_CRYPTO.load(Ordering::Relaxed) {
        &rust_crypto::DEFAULT_PROVIDER
    } else {
        &aws_lc::DEFAULT_PROVIDER
    }
}

fn signer(algorithm: &Algorithm, key: &EncodingKey) -> Result<Box<dyn JwtSigner>> {
    (chosen().signer_factory)(algorithm, key)
}

fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>> {
    (chosen().verifier_factory)(algorithm, key)
}
