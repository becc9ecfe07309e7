//! Tokens that are bound to a key or to a certificate, as they arrive at a resource.

use std::ffi::{c_char, c_void};
use std::mem::MaybeUninit;
use std::sync::{Mutex, PoisonError};

use tokenmint::{Error, ErrorCode, ProofWindow};

use crate::arguments::{bytes, place, seconds, text, token as read_token};
use crate::bytes::tokenmint_bytes;
use crate::error::tokenmint_error;
use crate::guard::{guard, guard_value};
use crate::handle::{Handle, borrow, free, handles};
use crate::verifier::tokenmint_verifier;

/// The proofs that this process has taken: each is taken once.
pub struct tokenmint_proof_window(Mutex<ProofWindow>);

handles!(tokenmint_proof_window b"tm wndow");

/// A window for proofs of possession (RFC 9449 section 11.1) that remembers at most `most` of them, each as long as it could be
/// shown again.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tokenmint_proof_window_new(
    most: usize,
    window: Option<&mut MaybeUninit<*mut tokenmint_proof_window>>,
    error: Option<&mut MaybeUninit<tokenmint_error>>,
) -> i32 {
    guard(error, || {
        let out = place(window, "window")?;
        out.write(tokenmint_proof_window(Mutex::new(ProofWindow::new(most))).into_handle());
        Ok(())
    })
}

/// Frees a window, and forgets the proofs.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tokenmint_proof_window_free(window: *mut tokenmint_proof_window) {
    // SAFETY: the caller keeps the header's contract.
    guard_value((), || unsafe { free(window) });
}

/// Verifies a token that is bound to a key, as `tokenmint_verify` does, and the proof that came with it (RFC 9449 section 7.1):
/// of the token's key, for this token, this request and this time, and taken for the first time in `window`. Only 0 means that
/// all is good; then `claims` is the JSON object that stands in the token, byte for byte.
///
/// `token` is what follows `DPoP ` in the header `Authorization`, `proof` the header `DPoP`; `method` and `url` are those of the
/// request, as its sender wrote them.
///
/// Fails with the codes of `tokenmint_verify`; `invalid_dpop_proof`, `binding_mismatch`; `rate_limited` where the window is full.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tokenmint_verify_bound(
    verifier: *const tokenmint_verifier,
    window: *const tokenmint_proof_window,
    token: *const c_char,
    token_length: usize,
    proof: *const c_char,
    proof_length: usize,
    method: *const c_char,
    method_length: usize,
    url: *const c_char,
    url_length: usize,
    now_seconds: i64,
    claims: Option<&mut MaybeUninit<tokenmint_bytes>>,
    error: Option<&mut MaybeUninit<tokenmint_error>>,
) -> i32 {
    guard(error, || {
        let out = place(claims, "claims")?;
        // SAFETY: the caller keeps the header's contract.
        let (verifier, window, token) = unsafe {
            (&borrow(verifier, "verifier")?.0, &borrow(window, "window")?.0, read_token(token, token_length)?)
        };
        // SAFETY: the caller keeps the header's contract.
        let (proof, method, url) = unsafe {
            (
                text(proof, proof_length, "proof")?,
                text(method, method_length, "method")?,
                text(url, url_length, "url")?,
            )
        };
        let now = seconds(now_seconds, "now_seconds")?;
        let bound = verifier.verify_bound(token, proof, method, url, now)?;
        // What is in it is whole after each call.
        window.lock().unwrap_or_else(PoisonError::into_inner).admit(&bound.proof, now)?;
        out.write(bound.verified.json().into());
        Ok(())
    })
}

/// Verifies a token that is bound to a client's certificate, as `tokenmint_verify` does, and that it is bound to this one (RFC
/// 8705 section 3). `certificate_sha256`: 32 bytes, the hash of the certificate in DER with which the connection was made.
///
/// Fails with the codes of `tokenmint_verify`; `binding_mismatch`.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tokenmint_verify_with_certificate(
    verifier: *const tokenmint_verifier,
    token: *const c_char,
    token_length: usize,
    certificate_sha256: *const c_void,
    certificate_sha256_length: usize,
    now_seconds: i64,
    claims: Option<&mut MaybeUninit<tokenmint_bytes>>,
    error: Option<&mut MaybeUninit<tokenmint_error>>,
) -> i32 {
    guard(error, || {
        let out = place(claims, "claims")?;
        // SAFETY: the caller keeps the header's contract.
        let (verifier, token, hash) = unsafe {
            (
                &borrow(verifier, "verifier")?.0,
                read_token(token, token_length)?,
                bytes(certificate_sha256, certificate_sha256_length, "certificate_sha256")?,
            )
        };
        let hash: &[u8; 32] = hash.try_into().map_err(|_| {
            Error::new(ErrorCode::FieldInvalid)
                .at("certificate_sha256")
                .because(format!("expected 32 bytes, found {}", hash.len()))
        })?;
        let verified = verifier.verify_with_certificate(token, hash, seconds(now_seconds, "now_seconds")?)?;
        out.write(verified.json().into());
        Ok(())
    })
}
