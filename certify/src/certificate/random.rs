//! Randomness that a seed repeats.

use std::hash::{BuildHasher, RandomState};

use tokenmint::Version;

use super::verdict::{Verdict, failed};

/// SplitMix64: small, and random enough to mix a workload.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Random(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`; 0 where that is 0.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next().checked_rem(end).unwrap_or(0)
    }

    /// A generator of its own, for a task of its own.
    pub(crate) fn fork(&mut self) -> Random {
        Random(self.next())
    }

    pub(crate) fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        for chunk in bytes.chunks_mut(8) {
            let next = self.next().to_le_bytes();
            chunk.iter_mut().zip(next).for_each(|(byte, next)| *byte = next);
        }
        bytes
    }

    pub(crate) fn version(&mut self) -> Verdict<Version> {
        version(&self.bytes::<16>())
    }
}

/// A version from 8 to 16 bytes.
pub(crate) fn version(bytes: &[u8]) -> Verdict<Version> {
    Version::new(bytes).ok_or_else(|| failed("the test made no version"))
}

/// A number that no run before has had: keys must not meet those of an earlier run with the same seed.
pub(crate) fn fresh() -> u64 {
    RandomState::new().hash_one(std::process::id())
}
