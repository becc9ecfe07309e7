//! Whom a token is for (RFC 8707).

use crate::error::{Error, ErrorCode, Result};

/// Of those whom a token may be for, the ones that are asked for, and all where nobody is. Nobody of its own stands for the
/// policy's.
pub(super) fn granted<'a>(asked: &'a [String], own: &'a [String], policy: &[String]) -> Result<&'a [String]> {
    if asked.is_empty() {
        return Ok(own);
    }
    let all = if own.is_empty() { policy } else { own };
    match asked.iter().all(|one| all.contains(one)) {
        true => Ok(asked),
        false => Err(Error::new(ErrorCode::InvalidTarget)
            .at("audience")
            .because("the tokens are not for all of this audience")),
    }
}
