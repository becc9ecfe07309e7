//! How a test ends.

use tokenmint::StoreError;

/// Why a test ended early.
#[derive(Debug)]
pub(crate) enum Stop {
    Failed(String),
    Skipped(String),
}

pub(crate) type Verdict<T = ()> = Result<T, Stop>;

/// Ends a test that saw something else than it must.
macro_rules! ensure {
    ($holds:expr, $($seen:tt)+) => {
        if !$holds {
            return Err($crate::certificate::verdict::failed(format!($($seen)+)));
        }
    };
}
pub(crate) use ensure;

pub(crate) fn failed(seen: impl Into<String>) -> Stop {
    Stop::Failed(seen.into())
}

pub(crate) fn skipped(reason: impl Into<String>) -> Stop {
    Stop::Skipped(reason.into())
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        failed(format!("a command failed: {error}"))
    }
}
