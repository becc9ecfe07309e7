//! Client secrets and API keys: drawn, hashed, compared.

use std::ffi::{c_char, c_void};
use std::mem::MaybeUninit;

use tokenmint::{Entropy, Error, ErrorCode, SecretHash};

use crate::arguments::{bytes, given_seed, place, text, tokenmint_seed};
use crate::bytes::tokenmint_bytes;
use crate::error::tokenmint_error;
use crate::guard::guard;

/// Draws a secret of 256 bits, 43 characters of base64url, and gives it with its hash: the secret goes to the client, the
/// hash into the store or the configuration.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tokenmint_credential_generate(
    seed: Option<&tokenmint_seed>,
    secret: Option<&mut MaybeUninit<tokenmint_bytes>>,
    hash: Option<&mut MaybeUninit<tokenmint_bytes>>,
    error: Option<&mut MaybeUninit<tokenmint_error>>,
) -> i32 {
    guard(error, || {
        let (secret_out, hash_out) = (place(secret, "secret")?, place(hash, "hash")?);
        let (secret, hash) = SecretHash::generate(&mut Entropy::new(given_seed(seed)?));
        secret_out.write(secret.expose().into());
        hash_out.write(hash.to_string().into());
        Ok(())
    })
}

/// The hash of a secret that was drawn elsewhere: its SHA-256 in base64url. Only for secrets that nobody can guess, with
/// at least 122 random bits; not for passwords.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tokenmint_credential_hash(
    secret: *const c_void,
    secret_length: usize,
    hash: Option<&mut MaybeUninit<tokenmint_bytes>>,
    error: Option<&mut MaybeUninit<tokenmint_error>>,
) -> i32 {
    guard(error, || {
        let out = place(hash, "hash")?;
        // SAFETY: the caller keeps the header's contract.
        let secret = unsafe { bytes(secret, secret_length, "secret")? };
        out.write(SecretHash::of(secret).to_string().into());
        Ok(())
    })
}

/// Whether `hash` is that of `secret`, in constant time: 0, or `invalid_client`.
///
/// Fails with `invalid_request` for a text that is no hash, too.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tokenmint_credential_verify(
    hash: *const c_char,
    hash_length: usize,
    secret: *const c_void,
    secret_length: usize,
    error: Option<&mut MaybeUninit<tokenmint_error>>,
) -> i32 {
    guard(error, || {
        // SAFETY: the caller keeps the header's contract.
        let (hash, secret) =
            unsafe { (text(hash, hash_length, "hash")?, bytes(secret, secret_length, "secret")?) };
        if SecretHash::parse(hash)?.matches(secret) {
            return Ok(());
        }
        Err(Error::new(ErrorCode::InvalidClient))
    })
}
