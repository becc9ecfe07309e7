//! An error of what a configuration builds, told of the place that it comes from.

use crate::error::Error;

/// The same error, told of the place in the configuration where it comes from.
pub(super) fn problem(place: &str, error: &Error) -> Error {
    let place = match error.field() {
        Some(field) => format!("{place}.{field}"),
        None => place.to_owned(),
    };
    Error::new(error.code()).at(place).because(error.message().to_owned())
}
