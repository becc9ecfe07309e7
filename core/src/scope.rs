//! Scopes: what a token allows, as words separated by single spaces (RFC 6749 section 3.3).

use crate::error::{Error, ErrorCode, Result};

/// Refuses a text that is not a scope. The empty text allows nothing.
pub(crate) fn check(scope: &str) -> Result<()> {
    let is_word = |word: &str| {
        !word.is_empty() && word.bytes().all(|byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e))
    };
    if scope.is_empty() || scope.split(' ').all(is_word) {
        return Ok(());
    }
    Err(refused(
        "a scope is words of visible ASCII characters, without \" and \\, with one space between them",
    ))
}

fn refused(text: &'static str) -> Error {
    Error::new(ErrorCode::InvalidScope).at("scope").because(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_words_with_one_space_between_them() {
        for scope in ["", "read", "read write", "a:b https://x/y!#[]^~"] {
            assert!(check(scope).is_ok(), "{scope:?}");
        }
        for scope in [" ", "read ", " read", "read  write", "read\twrite", "é", "a\"b", "a\\b", "\u{7f}"] {
            assert_eq!(check(scope).unwrap_err().code(), ErrorCode::InvalidScope, "{scope:?}");
        }
    }
}
