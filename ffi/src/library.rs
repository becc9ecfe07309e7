//! The library itself: versions, names of statuses, and what the system knows.

use std::ffi::{CString, c_char};
use std::mem::MaybeUninit;
use std::sync::OnceLock;
use std::time::SystemTime;

use tokenmint::{Error, ErrorCode};

use crate::TOKENMINT_ABI_VERSION;
use crate::arguments::tokenmint_seed;
use crate::error::tokenmint_error;
use crate::guard::{guard, guard_value};

/// The number of the interface that the library has; the header that a program was compiled with has
/// `TOKENMINT_ABI_VERSION`. Where the two differ, the program must not go on.
#[unsafe(no_mangle)]
pub extern "C" fn tokenmint_abi_version() -> u32 {
    guard_value(0, || TOKENMINT_ABI_VERSION)
}

/// The library's version, for example `0.1.0`: a text that is never freed.
#[unsafe(no_mangle)]
pub extern "C" fn tokenmint_version() -> *const c_char {
    guard_value(c"".as_ptr(), || concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast())
}

/// The stable name of a status, for example `token_expired`; `ok` for 0, `unknown` for a number that is none. A text
/// that is never freed.
#[unsafe(no_mangle)]
pub extern "C" fn tokenmint_status_name(status: i32) -> *const c_char {
    static NAMES: OnceLock<Vec<CString>> = OnceLock::new();
    guard_value(c"unknown".as_ptr(), || {
        if status == 0 {
            return c"ok".as_ptr();
        }
        let names = NAMES.get_or_init(|| {
            ErrorCode::ALL.iter().map(|code| CString::new(code.name()).unwrap_or_default()).collect()
        });
        let found = ErrorCode::ALL.binary_search_by_key(&status, |code| code.number());
        found.ok().and_then(|at| names.get(at)).map_or(c"unknown".as_ptr(), |name| name.as_ptr())
    })
}

/// Reads the system's clock and randomness: the two values that every operation is given. A program that has its own
/// needs this function for nothing.
///
/// `now_us`: microseconds since 1970; `now_us / 1000000` is what is called `now_seconds` elsewhere. `seed`: 32 random
/// bytes, for one call only. Either may be NULL where it is not wanted.
///
/// Fails with `internal` where the system has no clock or no randomness.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn tokenmint_system_context(
    now_us: Option<&mut MaybeUninit<i64>>,
    seed: Option<&mut MaybeUninit<tokenmint_seed>>,
    error: Option<&mut MaybeUninit<tokenmint_error>>,
) -> i32 {
    guard(error, || {
        let lacking = |what| Error::new(ErrorCode::Internal).because(what);
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let now = since.ok().and_then(|since| i64::try_from(since.as_micros()).ok());
        let now = now.ok_or_else(|| lacking("the system's clock stands before 1970"))?;
        if let Some(seed) = seed {
            let mut drawn = tokenmint_seed { bytes: [0; 32] };
            getrandom::fill(&mut drawn.bytes).map_err(|_| lacking("the system gives no random bytes"))?;
            seed.write(drawn);
        }
        if let Some(now_us) = now_us {
            now_us.write(now);
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::CStr;

    fn name(status: i32) -> &'static str {
        // SAFETY: the text is static.
        unsafe { CStr::from_ptr(tokenmint_status_name(status)) }.to_str().unwrap()
    }

    #[test]
    fn every_status_has_its_name() {
        for code in ErrorCode::ALL {
            assert_eq!(name(code.number()), code.name());
        }
        assert_eq!((name(0), name(1), name(-1)), ("ok", "unknown", "unknown"));
    }

    #[test]
    fn the_system_has_a_clock_and_randomness() {
        let (mut now, mut seeds) = (MaybeUninit::uninit(), [MaybeUninit::uninit(); 2]);
        let [first, second] = &mut seeds;
        assert_eq!(tokenmint_system_context(Some(&mut now), Some(first), None), 0);
        assert_eq!(tokenmint_system_context(None, Some(second), None), 0);
        // SAFETY: both calls succeeded, so these were written.
        let (now, first, second) = unsafe { (now.assume_init(), first.assume_init(), second.assume_init()) };
        assert!(now > 1_700_000_000_000_000, "{now}");
        assert_ne!(first.bytes, second.bytes);
    }
}
