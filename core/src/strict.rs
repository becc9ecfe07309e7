//! Strict reading of the JSON that people and programs write: a member that is not known is an error that names it,
//! and no error repeats a value, which may be a secret in the wrong place.

use serde::de::DeserializeOwned;

use crate::error::{Error, ErrorCode, Result};

/// Reads a text, or says why not with this code.
pub(crate) fn read<T: DeserializeOwned>(json: &str, code: ErrorCode) -> Result<T> {
    serde_json::from_str(json).map_err(|error| Error::new(code).because(without_values(&error.to_string())))
}

/// serde's reason for a configuration that cannot be read, without the text that stood where something else belongs: it
/// may be a secret in the wrong place. For hosts that read a [`Config`](crate::config::Config) from another format than JSON.
///
/// ```
/// use tokenmint::config::without_values;
/// assert_eq!(without_values("invalid type: string \"hunter2\", expected u16"), "invalid type: a text, expected u16");
/// assert_eq!(without_values("unknown variant `hunter2`, expected `opaque`"), "unknown variant, expected `opaque`");
/// ```
pub fn without_values(reason: &str) -> String {
    // What was expected and where is written by serde and by these types; what comes before it was in the input.
    let (found, expected) = reason.rsplit_once(", expected ").unwrap_or((reason, ""));
    let found = match (found.split_once(": string \""), found.split_once(" `")) {
        (Some((kind, _)), _) => format!("{kind}: a text"),
        (_, Some((kind @ "unknown variant", _))) => kind.to_owned(),
        _ => quoted_name(found),
    };
    if expected.is_empty() { found } else { format!("{found}, expected {expected}") }
}

/// A name in serde's reason, on one line.
fn quoted_name(found: &str) -> String {
    let mut parts = found.splitn(2, '`');
    let (kind, rest) = (parts.next().unwrap_or_default(), parts.next());
    let Some((name, end)) = rest.and_then(|rest| rest.rsplit_once('`')) else { return found.to_owned() };
    match name.chars().count() {
        ..=LONGEST_SHOWN => format!("{kind}`{}`{end}", name.escape_debug()),
        length => format!("{kind}of {length} characters{end}"),
    }
}

/// How long a text of a configuration may be, in characters, to be repeated in an error. A longer one may be a secret
/// in the wrong place; no field has a longer name.
pub(crate) const LONGEST_SHOWN: usize = 24;
