//! The one way in: no panic leaves, and every failure is written down where the caller asked for it.

use std::mem::MaybeUninit;
use std::panic::{AssertUnwindSafe, catch_unwind};

use tokenmint::{Error, ErrorCode, Result};

use crate::error::tokenmint_error;

#[cfg(panic = "abort")]
compile_error!("the C ABI turns panics into statuses; build it with panic = \"unwind\"");

/// Runs the body of an export: 0 where it succeeds, or else the error's number, and the error where one is wanted.
pub(crate) fn guard(
    error: Option<&mut MaybeUninit<tokenmint_error>>,
    body: impl FnOnce() -> Result<()>,
) -> i32 {
    let found = match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(())) => return 0,
        Ok(Err(found)) => found,
        Err(payload) => {
            // Dropping what was thrown could throw again.
            std::mem::forget(payload);
            Error::new(ErrorCode::Internal)
        }
    };
    if let Some(error) = error {
        error.write(tokenmint_error::from(&found));
    }
    found.code().number()
}

/// Runs the body of an export that has no status to return: `otherwise` where it panics.
pub(crate) fn guard_value<T>(otherwise: T, body: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|payload| {
        std::mem::forget(payload);
        otherwise
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An export like every other, which panics.
    extern "C" fn panics(error: Option<&mut MaybeUninit<tokenmint_error>>) -> i32 {
        guard(error, || panic!("on purpose"))
    }

    extern "C" fn panics_without_a_status() -> u32 {
        guard_value(7, || panic!("on purpose"))
    }

    #[test]
    fn a_panic_becomes_a_status() {
        let mut error = MaybeUninit::zeroed();
        assert_eq!(panics(Some(&mut error)), ErrorCode::Internal.number());
        // SAFETY: every bit pattern is an error's, so zeros are.
        assert_eq!(unsafe { error.assume_init() }.status, ErrorCode::Internal.number());
        assert_eq!(panics(None), ErrorCode::Internal.number());
        assert_eq!(panics_without_a_status(), 7);
    }

    #[test]
    fn success_leaves_the_error_alone() {
        let mut error = MaybeUninit::zeroed();
        assert_eq!(guard(Some(&mut error), || Ok(())), 0);
        // SAFETY: every bit pattern is an error's, so zeros are.
        assert_eq!(unsafe { error.assume_init() }.status, 0);
    }
}
