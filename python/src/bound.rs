//! Proofs of possession that were taken.

use std::sync::{Mutex, PoisonError};

use pyo3::prelude::*;
use tokenmint::{DpopProof, UnixTime};

use crate::errors::{Result, unpicklable};

/// The proofs of possession that this process has taken, at most `most` of them: each is taken once (RFC 9449 section 11.1).
/// One that is full refuses further ones with `RateLimited`. For several processes, `Issuer.check_bound` remembers them in a
/// store.
#[pyclass(frozen, module = "tokenmint")]
pub(crate) struct ProofWindow(Mutex<tokenmint::ProofWindow>);

impl ProofWindow {
    /// Takes a proof, if it is new.
    pub(crate) fn admit(&self, proof: &DpopProof, now: UnixTime) -> tokenmint::Result<()> {
        // What is in it is whole after each call.
        self.0.lock().unwrap_or_else(PoisonError::into_inner).admit(proof, now)
    }
}

#[pymethods]
impl ProofWindow {
    #[new]
    #[pyo3(signature = (most=100_000))]
    fn new(most: usize) -> Self {
        ProofWindow(Mutex::new(tokenmint::ProofWindow::new(most)))
    }

    fn __reduce__(&self) -> Result<()> {
        unpicklable("ProofWindow")
    }
}
