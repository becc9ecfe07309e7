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

/// Refuses a scope with a word that the allowed one does not have.
pub(crate) fn check_within(scope: &str, allowed: &str) -> Result<()> {
    check(scope)?;
    if words(scope).all(|word| words(allowed).any(|known| known == word)) {
        return Ok(());
    }
    Err(refused("a word of the scope is not among those that are allowed"))
}

/// What is granted of a scope: what is asked for, and all of it where nothing is.
pub(crate) fn granted(asked: Option<&str>, most: Option<&str>) -> Result<Option<String>> {
    let Some(asked) = asked.filter(|asked| !asked.is_empty()) else {
        return Ok(named(most.map(str::to_owned)));
    };
    check_within(asked, most.unwrap_or_default())?;
    Ok(Some(asked.to_owned()))
}

/// A scope where it allows something by name: one that is empty is as good as none.
pub(crate) fn named(scope: Option<String>) -> Option<String> {
    scope.filter(|scope| !scope.is_empty())
}

/// The words of a scope that another has, too.
pub(crate) fn common(scope: &str, other: &str) -> String {
    let both: Vec<&str> = words(scope).filter(|word| words(other).any(|known| known == *word)).collect();
    both.join(" ")
}

fn words(scope: &str) -> impl Iterator<Item = &str> {
    scope.split(' ').filter(|word| !word.is_empty())
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

    #[test]
    fn a_scope_is_within_another_word_by_word() {
        for (scope, allowed) in [("", ""), ("", "read"), ("write read", "read write"), ("read read", "read")]
        {
            assert!(check_within(scope, allowed).is_ok(), "{scope:?} in {allowed:?}");
        }
        for (scope, allowed) in [("read", ""), ("read write", "read"), ("rea", "read"), ("read", "Read")] {
            assert!(check_within(scope, allowed).is_err(), "{scope:?} in {allowed:?}");
        }
    }
}
