//! Which paths are whose.

use super::common;
use crate::error::{Error, ErrorCode, Result};

/// Refuses paths that are none, and two of which one is the other or lies below it: a request is for one dialect.
pub(super) fn check_paths<'a>(paths: impl Iterator<Item = &'a str>) -> Result<()> {
    let refused = |text: String| Err(Error::new(ErrorCode::PolicyInvalid).at("paths").because(text));
    let mut taken = common::PATHS.to_vec();
    for path in paths {
        let mut segments = path.split('/');
        if segments.next() != Some("") || segments.any(str::is_empty) || path.contains(['%', '?', '#']) {
            return refused(format!("{path:?} is no path of a dialect; one is such as \"/devices\""));
        }
        if let Some(other) = taken.iter().find(|other| is_within(path, other) || is_within(other, path)) {
            return refused(format!(
                "{path:?} and {other:?} cannot both be served: a request is for one dialect"
            ));
        }
        taken.push(path);
    }
    Ok(())
}

/// Whether a path is another one, or lies below it.
pub(super) fn is_within(path: &str, other: &str) -> bool {
    path.strip_prefix(other).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
