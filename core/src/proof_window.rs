//! Which DPoP proofs a process has seen, for as long as they could be presented again.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use crate::error::{Error, ErrorCode, Result, Retry};
use crate::time::UnixTime;
use crate::token::dpop::{DpopProof, replayed};

/// The memory of one process for DPoP proofs (RFC 9449 section 11.1): each is taken once. It is shared between threads by
/// reference. Several processes behind one URL need [`DpopProof::once`], which asks a store.
///
/// It never forgets a proof that could be presented again: where it is full, further ones are refused.
///
/// ```
/// # #[cfg(feature = "aws-lc")] {
/// use tokenmint::*;
/// # let proof = concat!(
/// #     "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0Rs",
/// #     "cEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2",
/// #     "In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2Vu",
/// #     "IiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZ",
/// #     "T3Lg",
/// # );
/// let (url, now) = ("https://server.example.com/token", UnixTime::from_seconds(1_562_262_618));
/// let proof = DpopProof::verify(proof, &DpopPolicy::new(), "POST", url, now)?;
/// let window = ProofWindow::new(100_000);
/// window.admit(&proof, now)?;
/// let again = window.admit(&proof, now).unwrap_err();
/// assert_eq!((again.code(), again.field()), (ErrorCode::InvalidDpopProof, Some("jti")));
/// # }
/// # Ok::<(), tokenmint::Error>(())
/// ```
#[derive(Debug)]
pub struct ProofWindow {
    most: usize,
    /// Ordered by when they can be forgotten.
    seen: Mutex<BTreeSet<(UnixTime, String)>>,
}

impl ProofWindow {
    /// A window of so many proofs at a time, some 100 bytes each: as many as come in twice the age that proofs may have.
    pub fn new(most: usize) -> Self {
        ProofWindow { most, seen: Mutex::default() }
    }

    /// Takes a proof, once.
    ///
    /// # Errors
    /// `invalid_dpop_proof` at `jti` for one that was taken before; `rate_limited` where the window is full.
    pub fn admit(&self, proof: &DpopProof, now: UnixTime) -> Result<()> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        *seen = seen.split_off(&(now, String::new()));
        let entry = (proof.replayable_until(), proof.replay_key().to_owned());
        if seen.contains(&entry) {
            return Err(replayed());
        }
        if seen.len() >= self.most {
            let free = seen.first().map_or(1, |(until, _)| until.seconds() - now.seconds() + 1);
            let retry = Retry { after_seconds: u64::try_from(free).unwrap_or(1).max(1), limit: 0 };
            let text = format!("{} proofs are remembered, and no more", self.most);
            return Err(Error::new(ErrorCode::RateLimited).because(text).retry(retry));
        }
        seen.insert(entry);
        Ok(())
    }
}
