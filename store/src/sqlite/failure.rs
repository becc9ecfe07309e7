//! What an error of SQLite means for a command.

use rusqlite::{Error, ErrorCode};
use tokenmint::StoreError;

/// The reason of a failed read, or of a write before it was committed. It is logged: no key and no value is in it.
pub(super) fn reason(doing: &'static str, error: &Error) -> StoreError {
    tracing::warn!(target: "tokenmint::store", %error, doing, "SQLite failed");
    match error {
        Error::SqliteFailure(failure, _) => match failure.code {
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => StoreError::Corrupt,
            ErrorCode::TooBig => StoreError::TooLarge,
            _ => StoreError::Unavailable,
        },
        // All others are about what a row holds: another type, or another length.
        _ => StoreError::Corrupt,
    }
}

/// The reason of a failed `COMMIT`, once the transaction was rolled back.
///
/// Where there was no lock or no room, nothing was committed. After any other failure the log may hold the whole
/// transaction, and who recovers it after a crash would find it done.
pub(super) fn of_commit(error: &Error, rolled_back: bool) -> StoreError {
    tracing::warn!(target: "tokenmint::store", %error, rolled_back, "SQLite failed to commit");
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DiskFull) if rolled_back => StoreError::Unavailable,
        _ => StoreError::Unknown,
    }
}

/// A column that does not hold what this crate writes.
pub(super) fn malformed() -> Error {
    Error::from(rusqlite::types::FromSqlError::InvalidType)
}

/// Whether another connection holds a lock that is needed.
pub(super) fn is_busy(error: &Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::ffi;

    #[test]
    fn a_command_is_told_whether_it_may_have_been_done() {
        let error = |code| Error::SqliteFailure(ffi::Error::new(code), None);
        for (code, before, at_commit) in [
            (ffi::SQLITE_BUSY, StoreError::Unavailable, StoreError::Unavailable),
            (ffi::SQLITE_FULL, StoreError::Unavailable, StoreError::Unavailable),
            (ffi::SQLITE_READONLY, StoreError::Unavailable, StoreError::Unknown),
            (ffi::SQLITE_IOERR_FSYNC, StoreError::Unavailable, StoreError::Unknown),
            (ffi::SQLITE_CORRUPT, StoreError::Corrupt, StoreError::Unknown),
            (ffi::SQLITE_NOTADB, StoreError::Corrupt, StoreError::Unknown),
        ] {
            assert_eq!(reason("testing", &error(code)), before, "{code}");
            assert_eq!(of_commit(&error(code), true), at_commit, "{code}");
            assert_eq!(of_commit(&error(code), false), StoreError::Unknown, "{code}");
        }
        assert_eq!(reason("testing", &malformed()), StoreError::Corrupt);
    }
}
