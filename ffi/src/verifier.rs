//! Verifiers: they accept or refuse tokens, and explain why.

use std::ffi::c_char;
use std::mem::MaybeUninit;

use tokenmint::config::VerifierConfig;
use tokenmint::{Verifier, unverified};

use crate::arguments::{place, seconds, text, token as read_token};
use crate::bytes::tokenmint_bytes;
use crate::error::tokenmint_error;
use crate::guard::{guard, guard_value};
use crate::handle::{Handle, borrow, free, handles};
use crate::keys::tokenmint_keys;
use crate::task::{json, tokenmint_task};

/// Keys and what is expected of a token. It never changes.
pub struct tokenmint_verifier(pub(crate) Verifier);

handles!(tokenmint_verifier b"tm vrfyr");

/// A verifier that trusts the tokens of `keys`.
///
/// `config`: what is expected, a JSON object such as `{"issuer":"https://api.example.com","audience":"app"}`;
/// `docs/operations.md` lists the fields. One that is not known is an error.
///
/// Fails with `policy_invalid`.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tokenmint_verifier_new(
    keys: *const tokenmint_keys,
    config: *const c_char,
    config_length: usize,
    verifier: Option<&mut MaybeUninit<*mut tokenmint_verifier>>,
    error: Option<&mut MaybeUninit<tokenmint_error>>,
) -> i32 {
    guard(error, || {
        let out = place(verifier, "verifier")?;
        // SAFETY: the caller keeps the header's contract.
        let (keys, config) = unsafe { (&borrow(keys, "keys")?.0, text(config, config_length, "config")?) };
        out.write(tokenmint_verifier(VerifierConfig::from_json(config)?.build(keys.clone())?).into_handle());
        Ok(())
    })
}

/// Frees a verifier.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tokenmint_verifier_free(verifier: *mut tokenmint_verifier) {
    // SAFETY: the caller keeps the header's contract.
    guard_value((), || unsafe { free(verifier) });
}

/// Verifies a token: form, algorithm, signature, then every claim. Only 0 means that it is good; then `claims` is the
/// JSON object that stands in it, byte for byte.
///
/// Fails with the code of the first check that says no, 300 to 319; `time_invalid`.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tokenmint_verify(
    verifier: *const tokenmint_verifier,
    token: *const c_char,
    token_length: usize,
    now_seconds: i64,
    claims: Option<&mut MaybeUninit<tokenmint_bytes>>,
    error: Option<&mut MaybeUninit<tokenmint_error>>,
) -> i32 {
    guard(error, || {
        let out = place(claims, "claims")?;
        // SAFETY: the caller keeps the header's contract.
        let (verifier, token) =
            unsafe { (&borrow(verifier, "verifier")?.0, read_token(token, token_length)?) };
        let verified = verifier.verify(token, seconds(now_seconds, "now_seconds")?)?;
        out.write(verified.json().into());
        Ok(())
    })
}

/// Verifies the signature over a compact JWS whose payload is any bytes (RFC 7515). Claims are not looked at, nor are
/// times: do not take the payload for claims.
///
/// Fails with 300 to 309 and 319.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tokenmint_verify_jws(
    verifier: *const tokenmint_verifier,
    token: *const c_char,
    token_length: usize,
    payload: Option<&mut MaybeUninit<tokenmint_bytes>>,
    error: Option<&mut MaybeUninit<tokenmint_error>>,
) -> i32 {
    guard(error, || {
        let out = place(payload, "payload")?;
        // SAFETY: the caller keeps the header's contract.
        let (verifier, token) =
            unsafe { (&borrow(verifier, "verifier")?.0, read_token(token, token_length)?) };
        out.write(tokenmint_bytes::new(verifier.verify_jws(token)?.into_payload()));
        Ok(())
    })
}

/// `tokenmint_verify` as a task, for keys that the caller holds without their public halves being here. Its result is
/// the claims.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tokenmint_verify_task(
    verifier: *const tokenmint_verifier,
    token: *const c_char,
    token_length: usize,
    now_seconds: i64,
    task: Option<&mut MaybeUninit<*mut tokenmint_task>>,
    error: Option<&mut MaybeUninit<tokenmint_error>>,
) -> i32 {
    guard(error, || {
        let out = place(task, "task")?;
        // SAFETY: the caller keeps the header's contract.
        let (verifier, token) =
            unsafe { (&borrow(verifier, "verifier")?.0, read_token(token, token_length)?) };
        let verifying = verifier.verify_task(token, seconds(now_seconds, "now_seconds")?);
        out.write(tokenmint_task::new(verifying.map(|verified| Ok(verified.json().into()))));
        Ok(())
    })
}

/// Explains the verdict of `tokenmint_verify`, check by check, without secrets: a JSON object with `accepted`, `error`
/// and the list `checks` of `{"name","outcome","seen","limit","error","hint"}`. Succeeds for a token that is refused.
///
/// Fails with `time_invalid`, `token_encoding` for a token that is not UTF-8.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tokenmint_explain(
    verifier: *const tokenmint_verifier,
    token: *const c_char,
    token_length: usize,
    now_seconds: i64,
    explanation: Option<&mut MaybeUninit<tokenmint_bytes>>,
    error: Option<&mut MaybeUninit<tokenmint_error>>,
) -> i32 {
    guard(error, || {
        let out = place(explanation, "explanation")?;
        // SAFETY: the caller keeps the header's contract.
        let (verifier, token) =
            unsafe { (&borrow(verifier, "verifier")?.0, read_token(token, token_length)?) };
        out.write(json(&verifier.explain(token, seconds(now_seconds, "now_seconds")?))?.into());
        Ok(())
    })
}

/// The header and the claims of a token that nobody has verified, as the JSON texts that stand in it: for logs, and to
/// choose a key. Anyone can write any token; decide nothing by what stands here.
///
/// `header` and `claims` may each be NULL where they are not wanted; without `claims`, the payload is not looked at.
///
/// Fails with `token_too_large`, `token_malformed`, `token_encoding`, `header_malformed`, `payload_malformed`.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tokenmint_decode_unverified(
    token: *const c_char,
    token_length: usize,
    header: Option<&mut MaybeUninit<tokenmint_bytes>>,
    claims: Option<&mut MaybeUninit<tokenmint_bytes>>,
    error: Option<&mut MaybeUninit<tokenmint_error>>,
) -> i32 {
    guard(error, || {
        // SAFETY: the caller keeps the header's contract.
        let token = unsafe { read_token(token, token_length)? };
        let seen = match claims {
            None => unverified::decode_header(token)?,
            Some(claims) => {
                let seen = unverified::decode(token)?;
                claims.write(seen.json().into());
                seen.header().clone()
            }
        };
        if let Some(header) = header {
            header.write(seen.json().into());
        }
        Ok(())
    })
}
