//! Issuers: they mint, and their flows are tasks.

use std::ffi::c_char;
use std::mem::MaybeUninit;

use tokenmint::Issuer;
use tokenmint::config::IssuerConfig;

use crate::arguments::{
    context_of_micros, context_of_seconds, lifetime as read_lifetime, optional, place, text, tokenmint_seed,
};
use crate::bytes::tokenmint_bytes;
use crate::error::tokenmint_error;
use crate::guard::{guard, guard_value};
use crate::handle::{Handle, borrow, free, handles};
use crate::keys::tokenmint_keys;
use crate::task::tokenmint_task;

/// Keys and a policy: mints tokens and runs flows. It never changes.
pub struct tokenmint_issuer(pub(crate) Issuer);

handles!(tokenmint_issuer b"tmissuer");

/// An issuer that signs with the first key of `keys` that can.
///
/// `config`: its policy, a JSON object such as `{"issuer":"https://api.example.com","audience":"app"}`; `docs/operations.md`
/// lists the fields. One that is not known is an error.
///
/// Fails with `policy_invalid`, `key_missing`, `key_weak`.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tokenmint_issuer_new(
    keys: *const tokenmint_keys,
    config: *const c_char,
    config_length: usize,
    issuer: Option<&mut MaybeUninit<*mut tokenmint_issuer>>,
    error: Option<&mut MaybeUninit<tokenmint_error>>,
) -> i32 {
    guard(error, || {
        let out = place(issuer, "issuer")?;
        // SAFETY: the caller keeps the header's contract.
        let (keys, config) = unsafe { (&borrow(keys, "keys")?.0, text(config, config_length, "config")?) };
        out.write(tokenmint_issuer(IssuerConfig::from_json(config)?.build(keys.clone())?).into_handle());
        Ok(())
    })
}

/// Frees an issuer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tokenmint_issuer_free(issuer: *mut tokenmint_issuer) {
    // SAFETY: the caller keeps the header's contract.
    guard_value((), || unsafe { free(issuer) });
}

/// Mints a token (RFC 7519): the issuer adds `iss`, `iat`, `exp`, `aud` where the claims name none, and a random `jti`
/// where they have none.
///
/// `claims`: a JSON object; `sub`, `aud`, `nbf` and `jti` stand beside custom claims; NULL for none. `members`: custom
/// claims that were written before, as a JSON object that becomes part of the token byte for byte; NULL for none.
/// `lifetime`: a text such as `1h`.
///
/// Fails with `claim_...`, `claims_...`, `lifetime_...`, `time_invalid`; `key_cannot_sign` where the caller holds the key,
/// for which there is `tokenmint_mint_task`.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tokenmint_mint(
    issuer: *const tokenmint_issuer,
    claims: *const c_char,
    claims_length: usize,
    members: *const c_char,
    members_length: usize,
    lifetime: *const c_char,
    lifetime_length: usize,
    now_seconds: i64,
    seed: Option<&tokenmint_seed>,
    token: Option<&mut MaybeUninit<tokenmint_bytes>>,
    error: Option<&mut MaybeUninit<tokenmint_error>>,
) -> i32 {
    guard(error, || {
        let out = place(token, "token")?;
        // SAFETY: the caller keeps the header's contract.
        let (issuer, claims, members, lifetime) = unsafe {
            (
                &borrow(issuer, "issuer")?.0,
                optional(claims, claims_length, "claims")?.unwrap_or("{}"),
                optional(members, members_length, "members")?,
                read_lifetime(lifetime, lifetime_length)?,
            )
        };
        let context = context_of_seconds(now_seconds, seed)?;
        out.write(issuer.mint_claims(claims, members, lifetime, &context)?.into());
        Ok(())
    })
}

/// `tokenmint_mint` as a task, for keys that the caller holds. Its result is the token.
///
/// Fails as `tokenmint_mint` does; what is wrong with the claims shows in `tokenmint_task_result`.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tokenmint_mint_task(
    issuer: *const tokenmint_issuer,
    claims: *const c_char,
    claims_length: usize,
    members: *const c_char,
    members_length: usize,
    lifetime: *const c_char,
    lifetime_length: usize,
    now_seconds: i64,
    seed: Option<&tokenmint_seed>,
    task: Option<&mut MaybeUninit<*mut tokenmint_task>>,
    error: Option<&mut MaybeUninit<tokenmint_error>>,
) -> i32 {
    guard(error, || {
        let out = place(task, "task")?;
        // SAFETY: the caller keeps the header's contract.
        let (issuer, claims, members, lifetime) = unsafe {
            (
                &borrow(issuer, "issuer")?.0,
                optional(claims, claims_length, "claims")?.unwrap_or("{}"),
                optional(members, members_length, "members")?,
                read_lifetime(lifetime, lifetime_length)?,
            )
        };
        let context = context_of_seconds(now_seconds, seed)?;
        let minting = issuer.mint_claims_task(claims, members, lifetime, &context);
        out.write(tokenmint_task::new(minting.map(|token| Ok(token.into_bytes()))));
        Ok(())
    })
}

/// A flow by its name, with JSON in and out, as a task: `start_session`, `refresh`, `check`, `revoke_sessions` and the
/// others that `docs/operations.md` lists, each with what it takes and gives. Its result is the flow's output.
///
/// `input`: a JSON object with the flow's members; one that is not known is an error.
///
/// What is wrong with the input shows in `tokenmint_task_result`: `invalid_request` for what is no JSON object,
/// `field_required` or `field_invalid` with the path of the field, or the flow's own errors.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tokenmint_issuer_operation(
    issuer: *const tokenmint_issuer,
    operation: *const c_char,
    operation_length: usize,
    input: *const c_char,
    input_length: usize,
    now_us: i64,
    seed: Option<&tokenmint_seed>,
    task: Option<&mut MaybeUninit<*mut tokenmint_task>>,
    error: Option<&mut MaybeUninit<tokenmint_error>>,
) -> i32 {
    guard(error, || {
        let out = place(task, "task")?;
        // SAFETY: the caller keeps the header's contract.
        let (issuer, operation, input) = unsafe {
            (
                &borrow(issuer, "issuer")?.0,
                text(operation, operation_length, "operation")?,
                text(input, input_length, "input")?,
            )
        };
        let flow = issuer.operation(operation, input, &context_of_micros(now_us, seed)?);
        out.write(tokenmint_task::new(flow.map(|output| Ok(output.into_bytes()))));
        Ok(())
    })
}
