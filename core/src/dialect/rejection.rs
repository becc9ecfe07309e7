//! Why a request is refused.

use super::fields::Problem;
use crate::error::{Error, ErrorCode};

/// Why a request is refused: one error, or all that is wrong with its fields.
#[derive(Debug)]
pub enum Rejection {
    /// One error.
    Error(Error),
    /// The fields that are wrong, in the order in which they were looked at.
    Fields(Vec<Problem>),
}

impl From<Error> for Rejection {
    fn from(error: Error) -> Self {
        Rejection::Error(error)
    }
}

impl From<ErrorCode> for Rejection {
    fn from(code: ErrorCode) -> Self {
        Rejection::Error(code.into())
    }
}

impl Rejection {
    /// The rejection as one error: the first wrong field stands for all.
    pub fn into_error(self) -> Error {
        match self {
            Rejection::Error(error) => error,
            Rejection::Fields(problems) => {
                problems.first().map_or_else(|| ErrorCode::InvalidRequest.into(), Problem::error)
            }
        }
    }
}

/// The rejection of a method that a path does not have; `allow` names those that it has, as in the header `Allow`.
///
/// ```
/// let error = tokenmint::dialect::method_not_allowed("GET, HEAD").into_error();
/// assert_eq!((error.code().http_status(), error.message()), (405, "GET, HEAD"));
/// ```
pub fn method_not_allowed(allow: &'static str) -> Rejection {
    Error::new(ErrorCode::MethodNotAllowed).at("Allow").because(allow).into()
}
