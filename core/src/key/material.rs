//! The numbers of keys: what JWK and key files are read into, and the public half that a judged key shows.

use zeroize::Zeroizing;

use super::algorithm::Family;
use super::curve::Curve;

/// The numbers of a key, as read and not yet judged.
pub(super) enum Material {
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
        private: Option<RsaPrivate>,
    },
    /// The point is uncompressed (SEC 1 section 2.3.3); it may be left out beside a scalar.
    Ec {
        curve: Curve,
        point: Option<Vec<u8>>,
        scalar: Option<Zeroizing<Vec<u8>>>,
    },
    /// The point may be left out beside a seed.
    Ed25519 {
        point: Option<Vec<u8>>,
        seed: Option<Zeroizing<Vec<u8>>>,
    },
}

/// The private numbers of a two-prime RSA key (RFC 8017 section 3.2), big-endian. A JWK may leave out all but `d`.
pub(super) struct RsaPrivate {
    pub(super) d: Zeroizing<Vec<u8>>,
    pub(super) primes: Option<RsaPrimes>,
}

/// The primes, and what is derived from them.
pub(super) struct RsaPrimes {
    pub(super) p: Zeroizing<Vec<u8>>,
    pub(super) q: Zeroizing<Vec<u8>>,
    pub(super) dp: Zeroizing<Vec<u8>>,
    pub(super) dq: Zeroizing<Vec<u8>>,
    pub(super) qi: Zeroizing<Vec<u8>>,
}

impl Material {
    pub(super) fn family(&self) -> Family {
        match self {
            Material::Rsa { .. } => Family::Rsa,
            Material::Ec { curve, .. } => Family::Ec(*curve),
            Material::Ed25519 { .. } => Family::Ed25519,
        }
    }
}

/// The public half, for JWK and thumbprint.
#[derive(PartialEq, Eq)]
pub(super) enum Public {
    Rsa { n: Vec<u8>, e: Vec<u8> },
    Ec { curve: Curve, point: Vec<u8> },
    Ed25519 { point: [u8; 32] },
}
