//! Lifetimes: the texts of `expiresIn`.

use std::ffi::c_char;
use std::mem::MaybeUninit;

use tokenmint::{Lifetime, UnixTime, expires_in};

use crate::arguments::{place, text};
use crate::bytes::tokenmint_bytes;
use crate::error::tokenmint_error;
use crate::guard::guard;

/// Reads a lifetime such as `1h`, `90 minutes` or `3600` into whole seconds: digits alone are seconds, and with a unit the
/// grammar is that of npm's `ms`.
///
/// Fails with `lifetime_...`, each naming what is wrong.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tokenmint_lifetime_parse(
    lifetime: *const c_char,
    lifetime_length: usize,
    lifetime_seconds: Option<&mut MaybeUninit<u64>>,
    error: Option<&mut MaybeUninit<tokenmint_error>>,
) -> i32 {
    guard(error, || {
        let out = place(lifetime_seconds, "lifetime_seconds")?;
        // SAFETY: the caller keeps the header's contract.
        let given = unsafe { text(lifetime, lifetime_length, "lifetime")? };
        out.write(expires_in::parse(given)?.seconds());
        Ok(())
    })
}

/// Reads the JSON value of an `expiresIn`: a number is whole seconds, a text is as for `tokenmint_lifetime_parse`.
///
/// Fails with `lifetime_...`, each naming what is wrong.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tokenmint_lifetime_from_json(
    json: *const c_char,
    json_length: usize,
    lifetime_seconds: Option<&mut MaybeUninit<u64>>,
    error: Option<&mut MaybeUninit<tokenmint_error>>,
) -> i32 {
    guard(error, || {
        let out = place(lifetime_seconds, "lifetime_seconds")?;
        // SAFETY: the caller keeps the header's contract.
        let given = unsafe { text(json, json_length, "json")? };
        out.write(expires_in::from_json(given)?.seconds());
        Ok(())
    })
}

/// Writes whole seconds as the shortest lifetime text: 5400 becomes `90m`.
///
/// Fails with `lifetime_not_positive` for 0, `lifetime_overflow` over 1000 years.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tokenmint_lifetime_format(
    lifetime_seconds: u64,
    lifetime: Option<&mut MaybeUninit<tokenmint_bytes>>,
    error: Option<&mut MaybeUninit<tokenmint_error>>,
) -> i32 {
    guard(error, || {
        let out = place(lifetime, "lifetime")?;
        out.write(Lifetime::from_seconds(lifetime_seconds)?.to_string().into());
        Ok(())
    })
}

/// The `exp` that node-jsonwebtoken 9 gives a token of `iat_seconds` for the text of an `expiresIn`, in which digits
/// alone are milliseconds: for those who come from there.
///
/// Fails with `lifetime_...` where that library refuses the text.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tokenmint_lifetime_node_jsonwebtoken(
    lifetime: *const c_char,
    lifetime_length: usize,
    iat_seconds: i64,
    exp_seconds: Option<&mut MaybeUninit<i64>>,
    error: Option<&mut MaybeUninit<tokenmint_error>>,
) -> i32 {
    guard(error, || {
        let out = place(exp_seconds, "exp_seconds")?;
        // SAFETY: the caller keeps the header's contract.
        let given = unsafe { text(lifetime, lifetime_length, "lifetime")? };
        out.write(expires_in::node_jsonwebtoken(given, UnixTime::from_seconds(iat_seconds))?.seconds());
        Ok(())
    })
}
