//! What went wrong, in a struct that the caller owns.

use std::ffi::c_char;

use tokenmint::Error;

/// Where an error is written: a struct of the caller's, of a fixed size, which nobody frees. `NULL` may stand in its
/// place.
#[repr(C)]
#[derive(Debug)]
pub struct tokenmint_error {
    /// The status that the function returned too, one of `TOKENMINT_...`.
    pub status: i32,
    /// Whole seconds until a retry can succeed; 0 where that is not known.
    pub retry_after_seconds: u32,
    /// The field, claim or argument at fault, ended by a NUL; empty where the whole input is. Cut where it is longer.
    pub field: [c_char; 120],
    /// What was found and what is needed, for people, ended by a NUL. Cut where it is longer. Never a token or a secret.
    pub message: [c_char; 512],
}

impl From<&Error> for tokenmint_error {
    fn from(error: &Error) -> Self {
        let after = error.retry_after().map_or(0, |retry| retry.after_seconds);
        tokenmint_error {
            status: error.code().number(),
            retry_after_seconds: u32::try_from(after).unwrap_or(u32::MAX),
            field: text(error.field().unwrap_or_default()),
            message: text(error.message()),
        }
    }
}

/// A text with its NUL, cut between two characters where it does not fit.
fn text<const N: usize>(text: &str) -> [c_char; N] {
    let mut end = text.len().min(N.saturating_sub(1));
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let mut out = [0; N];
    for (to, from) in out.iter_mut().zip(text.bytes().take(end)) {
        *to = from as c_char;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::CStr;
    use tokenmint::{ErrorCode, Retry};

    fn read(text: &[c_char]) -> &str {
        let bytes: &[u8] = zerocopy(text);
        CStr::from_bytes_until_nul(bytes).unwrap().to_str().unwrap()
    }

    fn zerocopy(text: &[c_char]) -> &[u8] {
        // SAFETY: `c_char` and `u8` have the same size and alignment, and every bit pattern is good for both.
        unsafe { std::slice::from_raw_parts(text.as_ptr().cast(), text.len()) }
    }

    #[test]
    fn texts_end_in_time_and_between_characters() {
        let long = "ü".repeat(400);
        let retry = Retry { after_seconds: u64::MAX, limit: 1 };
        let error = Error::new(ErrorCode::RateLimited).at(long.clone()).because(long).retry(retry);
        let error = tokenmint_error::from(&error);
        assert_eq!((error.status, error.retry_after_seconds), (407, u32::MAX));
        assert_eq!(read(&error.field), "ü".repeat(59));
        assert_eq!(read(&error.message), "ü".repeat(255));
    }

    #[test]
    fn a_code_without_detail_has_its_text() {
        let error = tokenmint_error::from(&Error::new(ErrorCode::TokenExpired));
        assert_eq!((read(&error.field), read(&error.message)), ("", "the token has expired"));
    }
}
