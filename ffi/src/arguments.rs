//! C's arguments, taken apart: texts, bytes, times, seeds, and the places of results.

use std::ffi::{c_char, c_void};
use std::mem::MaybeUninit;

use tokenmint::{Algorithm, Context, Error, ErrorCode, Lifetime, Result, UnixTime};

/// 32 bytes from a cryptographic random generator, used for one call only.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tokenmint_seed {
    /// The bytes.
    pub bytes: [u8; 32],
}

/// A time in microseconds before March 1973 is one in seconds or milliseconds by mistake: an expired token would pass.
const EARLIEST_US: u64 = 100_000_000_000_000;

/// A text that must be there; it may be empty.
///
/// # Safety
/// As [`bytes`].
pub(crate) unsafe fn text<'a>(data: *const c_char, length: usize, name: &'static str) -> Result<&'a str> {
    // SAFETY: the caller's promise.
    let found = unsafe { bytes(data.cast(), length, name)? };
    std::str::from_utf8(found)
        .map_err(|_| Error::new(ErrorCode::FieldInvalid).at(name).because("the text is not UTF-8"))
}

/// A token: one that is not text is refused as such.
///
/// # Safety
/// As [`bytes`].
pub(crate) unsafe fn token<'a>(data: *const c_char, length: usize) -> Result<&'a str> {
    // SAFETY: the caller's promise.
    let found = unsafe { bytes(data.cast(), length, "token")? };
    std::str::from_utf8(found).map_err(|_| Error::new(ErrorCode::TokenEncoding))
}

/// A text that may be left out, by NULL.
///
/// # Safety
/// As [`bytes`].
pub(crate) unsafe fn optional<'a>(
    data: *const c_char,
    length: usize,
    name: &'static str,
) -> Result<Option<&'a str>> {
    if data.is_null() && length == 0 {
        return Ok(None);
    }
    // SAFETY: the caller's promise.
    unsafe { text(data, length, name) }.map(Some)
}

/// An algorithm that may be left out, by NULL.
///
/// # Safety
/// As [`bytes`].
pub(crate) unsafe fn algorithm(data: *const c_char, length: usize) -> Result<Option<Algorithm>> {
    // SAFETY: the caller's promise.
    unsafe { optional(data, length, "alg")? }.map(str::parse).transpose()
}

/// Bytes that must be there; there may be none.
///
/// # Errors
/// `field_required` for NULL, `field_invalid` for a length that no object has.
///
/// # Safety
/// `data` is NULL, or points to `length` bytes that nobody changes during the call.
pub(crate) unsafe fn bytes<'a>(data: *const c_void, length: usize, name: &'static str) -> Result<&'a [u8]> {
    if data.is_null() {
        return Err(Error::new(ErrorCode::FieldRequired).at(name).because("the pointer is NULL"));
    }
    if isize::try_from(length).is_err() {
        return Err(Error::new(ErrorCode::FieldInvalid).at(name).because("the length is negative"));
    }
    // SAFETY: it is not NULL, and the caller's promise is that `length` bytes are there.
    Ok(unsafe { std::slice::from_raw_parts(data.cast(), length) })
}

/// The place of a result.
///
/// # Errors
/// `field_required` for NULL.
pub(crate) fn place<'a, T>(
    place: Option<&'a mut MaybeUninit<T>>,
    name: &'static str,
) -> Result<&'a mut MaybeUninit<T>> {
    place.ok_or_else(|| {
        Error::new(ErrorCode::FieldRequired).at(name).because("the place of the result is NULL")
    })
}

/// A time in seconds.
///
/// # Errors
/// `time_invalid` before 1970 and after 9999, which is what milliseconds and microseconds look like.
pub(crate) fn seconds(now: i64, name: &'static str) -> Result<UnixTime> {
    let time = UnixTime::from_seconds(now);
    if now < 0 || time > UnixTime::MAX {
        return Err(Error::new(ErrorCode::TimeInvalid)
            .at(name)
            .because(format!("{now} is not a time in whole seconds between 1970 and 9999")));
    }
    Ok(time)
}

/// Time in seconds and seed.
pub(crate) fn context_of_seconds(now: i64, seed: Option<&tokenmint_seed>) -> Result<Context> {
    Ok(Context::new(seconds(now, "now_seconds")?, given_seed(seed)?))
}

/// Time in microseconds and seed.
pub(crate) fn context_of_micros(now: i64, seed: Option<&tokenmint_seed>) -> Result<Context> {
    Ok(Context::at_micros(micros(now)?, given_seed(seed)?))
}

/// A time in microseconds.
///
/// # Errors
/// `time_invalid` before 1973, which is what seconds and milliseconds look like.
pub(crate) fn micros(now: i64) -> Result<u64> {
    u64::try_from(now).ok().filter(|micros| *micros >= EARLIEST_US).ok_or_else(|| {
        Error::new(ErrorCode::TimeInvalid)
            .at("now_us")
            .because(format!("{now} is not a time in microseconds since 1970, later than 1973"))
    })
}

/// The seed.
pub(crate) fn given_seed(seed: Option<&tokenmint_seed>) -> Result<[u8; 32]> {
    seed.map(|seed| seed.bytes).ok_or_else(|| {
        Error::new(ErrorCode::FieldRequired).at("seed").because("expected 32 random bytes, found NULL")
    })
}

/// A lifetime's text.
///
/// # Safety
/// As [`bytes`].
pub(crate) unsafe fn lifetime(data: *const c_char, length: usize) -> Result<Lifetime> {
    // SAFETY: the caller's promise.
    unsafe { text(data, length, "lifetime")? }.parse()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_in_another_unit_is_refused() {
        let seed = tokenmint_seed { bytes: [1; 32] };
        let now = 1_700_000_000;
        for (seconds, micros) in [(now * 1000, now), (now * 1_000_000, now * 1000), (-1, -1), (i64::MAX, 0)] {
            for refused in [context_of_seconds(seconds, Some(&seed)), context_of_micros(micros, Some(&seed))]
            {
                assert_eq!(refused.unwrap_err().code(), ErrorCode::TimeInvalid);
            }
        }
        let context = context_of_micros(now * 1_000_000 + 7, Some(&seed)).unwrap();
        assert_eq!(context.now(), context_of_seconds(now, Some(&seed)).unwrap().now());
        assert_eq!(context.now_micros(), 1_700_000_000_000_007);
    }

    #[test]
    fn null_is_no_text_and_an_empty_text_is_one() {
        // SAFETY: NULL is allowed, and the other pointers are good for their lengths.
        unsafe {
            assert_eq!(text(std::ptr::null(), 0, "x").unwrap_err().code(), ErrorCode::FieldRequired);
            assert_eq!(optional(std::ptr::null(), 0, "x").unwrap(), None);
            assert_eq!(optional(std::ptr::null(), 1, "x").unwrap_err().code(), ErrorCode::FieldRequired);
            assert_eq!(optional(c"".as_ptr(), 0, "x").unwrap(), Some(""));
            assert_eq!(text(c"\xff".as_ptr(), 1, "x").unwrap_err().code(), ErrorCode::FieldInvalid);
            assert_eq!(token(c"\xff".as_ptr(), 1).unwrap_err().code(), ErrorCode::TokenEncoding);
            assert_eq!(text(c"".as_ptr(), usize::MAX, "x").unwrap_err().code(), ErrorCode::FieldInvalid);
        }
    }
}
