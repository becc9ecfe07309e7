//! The host's own functions as the back end: what a key is, is judged here; what it signs, the host says.

use super::Algorithm;
use super::curve::Curve;
use super::material::RsaPrivate;
use super::nist;

pub(super) const COMPUTES: bool = false;

/// The judgement of a public half.
pub(super) struct Verifier(());

impl Verifier {
    pub(super) fn rsa(_: Algorithm, _: &[u8], _: &[u8]) -> Option<Self> {
        Some(Verifier(()))
    }

    pub(super) fn ec(curve: Curve, point: &[u8]) -> Option<Self> {
        nist::is_on_curve(curve, point).then_some(Verifier(()))
    }

    pub(super) fn ed25519(_: &[u8; 32]) -> Option<Self> {
        Some(Verifier(()))
    }

    /// The host was to be asked.
    pub(super) fn verify(&self, _: &[u8], _: &[u8]) -> bool {
        false
    }
}

/// That there is a private half, whose public half the host knows.
pub(super) struct Signer(());

impl Signer {
    pub(super) fn rsa(_: Algorithm, _: &[u8], _: &[u8], _: &RsaPrivate) -> Option<Self> {
        Some(Signer(()))
    }

    pub(super) fn ec(curve: Curve, scalar: &[u8]) -> Option<(Self, Option<Vec<u8>>)> {
        nist::is_scalar(curve, scalar).then_some((Signer(()), None))
    }

    pub(super) fn ed25519(_: &[u8; 32]) -> Option<(Self, Option<[u8; 32]>)> {
        Some((Signer(()), None))
    }

    /// The host was to be asked.
    pub(super) fn sign(&self, _: &[u8], _: usize, _: &mut Vec<u8>) -> Option<()> {
        None
    }
}
