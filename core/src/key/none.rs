//! No back end: HMAC only. Every constructor refuses, so no value of these types exists.

use super::Algorithm;
use super::curve::Curve;
use super::material::RsaPrivate;

pub(super) const COMPUTES: bool = false;

/// What no value has.
enum Never {}

pub(super) struct Verifier(Never);

impl Verifier {
    pub(super) fn rsa(_: Algorithm, _: &[u8], _: &[u8]) -> Option<Self> {
        None
    }

    pub(super) fn ec(_: Curve, _: &[u8]) -> Option<Self> {
        None
    }

    pub(super) fn ed25519(_: &[u8; 32]) -> Option<Self> {
        None
    }

    pub(super) fn verify(&self, _: &[u8], _: &[u8]) -> bool {
        match self.0 {}
    }
}

pub(super) struct Signer(Never);

impl Signer {
    pub(super) fn rsa(_: Algorithm, _: &[u8], _: &[u8], _: &RsaPrivate) -> Option<Self> {
        None
    }

    pub(super) fn ec(_: Curve, _: &[u8]) -> Option<(Self, Option<Vec<u8>>)> {
        None
    }

    pub(super) fn ed25519(_: &[u8; 32]) -> Option<(Self, Option<[u8; 32]>)> {
        None
    }

    pub(super) fn sign(&self, _: &[u8], _: usize, _: &mut Vec<u8>) -> Option<()> {
        match self.0 {}
    }
}
