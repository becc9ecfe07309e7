//! Keys of two halves: the judgement of their strength, and the prepared form.
//!
//! The numbers are judged here, before a back end sees them, so that both back ends give the same verdicts.

use zeroize::Zeroizing;

use super::curve::Curve;
use super::material::{Material, Public, RsaPrivate};
use super::{Algorithm, backend, ed25519, malformed, rsa, thumbprint};
use crate::error::{Error, ErrorCode, Result};

/// The length of an Ed25519 signature in bytes (RFC 8032 section 5.1.6).
pub(super) const ED25519_SIGNATURE_LEN: usize = 64;

/// Whether it computes signatures itself; otherwise the host is asked for them.
pub(super) const COMPUTES: bool = backend::COMPUTES;

/// A judged and prepared key; with a private half, it can sign as well.
pub(super) struct Asymmetric {
    pub(super) public: Public,
    verifier: backend::Verifier,
    signer: Option<backend::Signer>,
    /// By what the host knows it, where that is what signs and verifies.
    host_name: Option<String>,
}

impl Asymmetric {
    /// Judges and prepares a key.
    ///
    /// # Errors
    /// `key_usage` where the key is not of the kind that `alg` needs, `key_unsupported`, `key_malformed`, `key_weak`.
    pub(super) fn prepare(alg: Algorithm, material: Material) -> Result<Self> {
        if alg.family() != material.family() {
            return Err(super::wrong_family(alg, material.family()));
        }
        supported(alg)?;
        match material {
            Material::Rsa { n, e, private } => Self::prepare_rsa(alg, n, e, private),
            Material::Ec { curve, point, scalar } => Self::prepare_ec(curve, point, scalar),
            Material::Ed25519 { point, seed } => Self::prepare_ed25519(point, seed),
        }
    }

    fn prepare_rsa(alg: Algorithm, n: Vec<u8>, e: Vec<u8>, private: Option<RsaPrivate>) -> Result<Self> {
        rsa::judge(&n, &e)?;
        let verifier = backend::Verifier::rsa(alg, &n, &e)
            .ok_or_else(|| malformed("n", "the numbers are not an RSA public key"))?;
        let signer = match private {
            None => None,
            Some(mut private) => {
                rsa::complete(&n, &e, &mut private)?;
                rsa::judge_private(&n, &private)?;
                Some(backend::Signer::rsa(alg, &n, &e, &private).ok_or_else(|| {
                    malformed("d", "the private numbers d, p, q, dp, dq and qi do not belong to this modulus")
                })?)
            }
        };
        Ok(Self::new(Public::Rsa { n, e }, verifier, signer))
    }

    fn prepare_ec(curve: Curve, point: Option<Vec<u8>>, scalar: Option<Zeroizing<Vec<u8>>>) -> Result<Self> {
        let (signer, derived) = match scalar {
            None => (None, None),
            Some(scalar) => {
                // RFC 7518 section 6.2.2.1: the length of "d" MUST be that of the order, zeros included.
                if scalar.len() != curve.field_len() {
                    return Err(wrong_len("d", curve, scalar.len()));
                }
                let (signer, point) = backend::Signer::ec(curve, &scalar).ok_or_else(|| {
                    malformed("d", format!("the private number is not in the range of {}", curve.name()))
                })?;
                (Some(signer), point)
            }
        };
        let point = agreed(point, derived)?;
        let coordinates = point.len().saturating_sub(1);
        match point.first() {
            Some(4) if coordinates == 2 * curve.field_len() => {}
            Some(2 | 3) if coordinates == curve.field_len() => {
                return Err(Error::new(ErrorCode::KeyUnsupported).because(
                    "the public point is compressed; write it uncompressed (openssl ec -conv_form uncompressed)",
                ));
            }
            _ => return Err(wrong_len("x", curve, coordinates / 2)),
        }
        let verifier = backend::Verifier::ec(curve, &point)
            .ok_or_else(|| malformed("x", format!("the point (x, y) is not on {}", curve.name())))?;
        Ok(Self::new(Public::Ec { curve, point }, verifier, signer))
    }

    fn prepare_ed25519(point: Option<Vec<u8>>, seed: Option<Zeroizing<Vec<u8>>>) -> Result<Self> {
        let (signer, derived) = match seed {
            None => (None, None),
            Some(seed) => {
                let seed: Zeroizing<[u8; 32]> = Zeroizing::new(
                    seed.as_slice().try_into().map_err(|_| ed25519::wrong_len("d", seed.len()))?,
                );
                let (signer, point) =
                    backend::Signer::ed25519(&seed).ok_or(Error::new(ErrorCode::Internal))?;
                (Some(signer), point.map(|point| point.to_vec()))
            }
        };
        let point = agreed(point, derived)?;
        let point: [u8; 32] =
            point.as_slice().try_into().map_err(|_| ed25519::wrong_len("x", point.len()))?;
        ed25519::judge(&point)?;
        let verifier = backend::Verifier::ed25519(&point)
            .ok_or_else(|| malformed("x", "the bytes are not an Ed25519 public key"))?;
        Ok(Self::new(Public::Ed25519 { point }, verifier, signer))
    }

    fn new(public: Public, verifier: backend::Verifier, signer: Option<backend::Signer>) -> Self {
        let host_name = (!COMPUTES).then(|| thumbprint::canonical(&public));
        Asymmetric { public, verifier, signer, host_name }
    }

    pub(super) fn can_sign(&self) -> bool {
        self.signer.is_some()
    }

    /// The name by which the host is asked, in a build whose back end computes nothing.
    pub(super) fn host_name(&self) -> Option<&str> {
        self.host_name.as_deref()
    }

    /// Appends the signature of `message`.
    pub(super) fn sign(&self, message: &[u8], out: &mut Vec<u8>) -> Result<()> {
        let signer = self.signer.as_ref().ok_or(Error::new(ErrorCode::KeyCannotSign))?;
        let before = out.len();
        signer
            .sign(message, self.signature_len(), out)
            .filter(|()| out.len() == before + self.signature_len())
            .ok_or_else(|| Error::new(ErrorCode::Internal).because("the signature could not be made"))
    }

    pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        self.may_be_signature(signature) && self.verifier.verify(message, signature)
    }

    pub(super) fn may_be_signature(&self, signature: &[u8]) -> bool {
        // RFC 8017 section 8.2.2, RFC 7518 section 3.4, RFC 8032 section 5.1.7: a signature has one length.
        if signature.len() != self.signature_len() {
            return false;
        }
        // RFC 8017 section 5.2.2: a signature representative is below the modulus. Not every back end looks.
        match &self.public {
            Public::Rsa { n, .. } => signature < n.as_slice(),
            Public::Ec { .. } | Public::Ed25519 { .. } => true,
        }
    }

    pub(super) fn signature_len(&self) -> usize {
        match &self.public {
            Public::Rsa { n, .. } => n.len(),
            Public::Ec { curve, .. } => 2 * curve.field_len(),
            Public::Ed25519 { .. } => ED25519_SIGNATURE_LEN,
        }
    }
}

/// Whether this build can use `alg`.
///
/// # Errors
/// `key_unsupported` naming the algorithm.
pub(super) fn supported(alg: Algorithm) -> Result<()> {
    if alg.is_supported() {
        return Ok(());
    }
    Err(Error::new(ErrorCode::KeyUnsupported).at("alg").because(format!(
        "this build has no {alg}: build tokenmint with the feature \"aws-lc\", \"rustcrypto\" or \"host\""
    )))
}

/// The public half: as given, as derived from the private half, or both if they agree.
fn agreed(given: Option<Vec<u8>>, derived: Option<Vec<u8>>) -> Result<Vec<u8>> {
    match (given, derived) {
        (Some(given), Some(derived)) if given != derived => {
            Err(malformed("d", "the private and the public half do not belong together"))
        }
        (Some(point), _) | (None, Some(point)) => Ok(point),
        (None, None) => Err(Error::new(ErrorCode::KeyUnsupported).at("x").because(
            "the key does not tell its public half, which this build cannot compute; write it with its public half",
        )),
    }
}

fn wrong_len(field: &'static str, curve: Curve, found: usize) -> Error {
    malformed(
        field,
        format!(
            "{} needs exactly {} bytes, leading zeros included; found {found}",
            curve.name(),
            curve.field_len()
        ),
    )
}
