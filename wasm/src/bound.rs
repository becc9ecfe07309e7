//! Tokens that are bound to a key or to a certificate.

use std::sync::{Arc, Mutex, PoisonError};

use tokenmint::{Error, ErrorCode};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::exchange;
use crate::functions::time;
use crate::question;
use crate::verifier::{Verifier, claims};

/// The proofs that were taken: each is taken once.
#[wasm_bindgen]
pub struct ProofWindow(Arc<Mutex<tokenmint::ProofWindow>>);

#[wasm_bindgen]
impl ProofWindow {
    /// One that remembers at most so many.
    #[wasm_bindgen(constructor)]
    pub fn new(most: u32) -> ProofWindow {
        ProofWindow(Arc::new(Mutex::new(tokenmint::ProofWindow::new(most as usize))))
    }
}

#[wasm_bindgen]
impl Verifier {
    /// Verifies the token in the input and the proof for it; leaves what [`Verifier::verify`] leaves.
    pub fn verify_bound(
        &self,
        length: u32,
        proof: &str,
        method: &str,
        url: &str,
        window: &ProofWindow,
        now: f64,
    ) -> i32 {
        let (window, lists) = (Arc::clone(&window.0), self.lists.clone());
        let task = time(now).and_then(|now| {
            let verify = |token: &str| self.verifier.verify_bound_task(token, proof, method, url, now);
            let task = exchange::read_text(0, length, verify)?;
            Ok(task.map(move |bound| {
                let left = claims(lists.as_deref(), &bound.verified, now)?;
                // Whoever has to fetch a list first comes again with the same proof.
                if lists.is_none() || left.starts_with(b"V") {
                    window.lock().unwrap_or_else(PoisonError::into_inner).admit(&bound.proof, now)?;
                }
                Ok(left)
            }))
        });
        match task {
            Ok(task) => question::begin(task),
            Err(error) => exchange::leave(Err(error)),
        }
    }

    /// Verifies the token in the input, and that it is bound to a certificate with this hash; leaves the
    /// same.
    pub fn verify_with_certificate(&self, length: u32, sha256: &[u8], now: f64) -> i32 {
        let task = time(now).and_then(|now| {
            let hash = sha256.try_into().map_err(|_| {
                let found = format!("expected 32 bytes, found {}", sha256.len());
                Error::new(ErrorCode::FieldInvalid).at("sha256").because(found)
            })?;
            let verify = |token: &str| self.verifier.verify_with_certificate_task(token, hash, now);
            let (task, lists) = (exchange::read_text(0, length, verify)?, self.lists.clone());
            Ok(task.map(move |verified| claims(lists.as_deref(), &verified, now)))
        });
        match task {
            Ok(task) => question::begin(task),
            Err(error) => exchange::leave(Err(error)),
        }
    }
}
