//! Strict reading of the JSON that people and programs write: a member that is not known is an error that names it,
//! and no error repeats a value, which may be a secret in the wrong place.

use serde::de::DeserializeOwned;

use crate::error::{Error, ErrorCode, Result};

/// Reads a text, or says why not with this code.
pub(crate) fn read<T: DeserializeOwned>(json: &str, code: ErrorCode) -> Result<T> {
    serde_json::from_str(json).map_err(|error| Error::new(code).because(without_values(&error.to_string())))
}

/// serde's reason, without the text that stood where something else belongs: it may be a secret in the wrong place.
fn without_values(reason: &str) -> String {
    // What was expected and where is written by serde and by these types; what comes before it was in the input.
    let (found, expected) = reason.rsplit_once(", expected ").unwrap_or((reason, ""));
    let found = match found.split_once(": string \"") {
        Some((kind, _)) => format!("{kind}: a text"),
        None => quoted_name(found),
    };
    if expected.is_empty() { found } else { format!("{found}, expected {expected}") }
}

/// A name in serde's reason on one line, and cut where it is longer than any that exists.
fn quoted_name(found: &str) -> String {
    let mut parts = found.splitn(2, '`');
    let (kind, rest) = (parts.next().unwrap_or_default(), parts.next());
    let Some((name, end)) = rest.and_then(|rest| rest.rsplit_once('`')) else { return found.to_owned() };
    let short: String = name.chars().take(40).collect();
    let dots = if short.len() < name.len() { "..." } else { "" };
    format!("{kind}`{}{dots}`{end}", short.escape_debug())
}
