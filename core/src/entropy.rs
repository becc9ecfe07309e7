//! Randomness as a value: a deterministic generator over a 32-byte seed that the host draws once per request.

use std::fmt;

use sha2::{Digest, Sha256};
use zeroize::Zeroize;

/// Random bytes derived from one seed: block `n` is SHA-256 of a fixed label, the seed and `n`.
///
/// The seed must come from a cryptographic random generator and be used for one request only. The same seed
/// gives the same bytes, which is what lets one vector file test every language.
#[derive(Clone)]
pub struct Entropy {
    seed: [u8; 32],
    block: [u8; 32],
    used: usize,
    counter: u64,
}

impl Entropy {
    /// A generator over `seed`.
    pub fn new(seed: [u8; 32]) -> Self {
        Entropy { seed, block: [0; 32], used: 32, counter: 0 }
    }

    /// Fills `out` with the next bytes.
    pub fn fill(&mut self, out: &mut [u8]) {
        for byte in out {
            if self.used >= self.block.len() {
                self.next_block();
            }
            *byte = self.block.get(self.used).copied().unwrap_or_default();
            self.used += 1;
        }
    }

    /// The next `N` bytes.
    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut out = [0; N];
        self.fill(&mut out);
        out
    }

    /// A random UUID (version 4).
    pub fn uuid(&mut self) -> uuid::Uuid {
        uuid::Builder::from_random_bytes(self.bytes()).into_uuid()
    }

    // Label, seed and counter are of fixed length and together fit one SHA-256 block.
    fn next_block(&mut self) {
        let mut hash = Sha256::new();
        hash.update(b"tokenmnt");
        hash.update(self.seed);
        hash.update(self.counter.to_be_bytes());
        self.block = hash.finalize().into();
        self.counter = self.counter.wrapping_add(1);
        self.used = 0;
    }
}

/// A seed that tells nothing about `seed`, nor about that of another number. The label is not the generator's.
pub(crate) fn part(seed: &[u8; 32], number: u64) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(b"tokenprt");
    hash.update(seed);
    hash.update(number.to_be_bytes());
    hash.finalize().into()
}

impl Drop for Entropy {
    fn drop(&mut self) {
        self.seed.zeroize();
        self.block.zeroize();
    }
}

impl fmt::Debug for Entropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Entropy(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_does_not_depend_on_how_it_is_cut() {
        let mut whole = Entropy::new([7; 32]);
        let expected: [u8; 100] = whole.bytes();
        let mut pieces = Entropy::new([7; 32]);
        let mut found = Vec::new();
        for size in [1, 31, 32, 3, 33] {
            let mut piece = vec![0; size];
            pieces.fill(&mut piece);
            found.extend(piece);
        }
        assert_eq!(found, expected);
    }

    #[test]
    fn the_parts_of_a_seed_differ_from_it_and_from_each_other() {
        let seed = [7; 32];
        let mut found =
            vec![seed, Entropy::new(seed).bytes(), part(&seed, 0), part(&seed, 1), part(&[8; 32], 0)];
        found.sort_unstable();
        found.dedup();
        assert_eq!(found.len(), 5);
    }

    #[test]
    fn another_seed_gives_other_bytes() {
        assert_ne!(Entropy::new([1; 32]).bytes::<32>(), Entropy::new([2; 32]).bytes::<32>());
    }
}
