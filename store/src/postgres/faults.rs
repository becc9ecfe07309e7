//! What a failure says about a command: certainly not done, or maybe.

use std::error::Error as _;

use tokenmint::{Error, StoreError};
use tokio_postgres::Error as PgError;
use tokio_postgres::error::Severity;

use crate::target::{invalid, unavailable};

/// How far a statement came.
#[derive(Debug)]
pub(super) enum Failure {
    /// There is no connection; without a cause, there was none in time.
    Unconnected(Option<PgError>),
    /// There is a server, and it only follows another.
    Replica,
    /// The statement was still being prepared.
    Unsent(PgError),
    /// The server has it.
    Sent(PgError),
}

impl Failure {
    fn cause(&self) -> Option<&PgError> {
        match self {
            Failure::Unconnected(cause) => cause.as_ref(),
            Failure::Replica => None,
            Failure::Unsent(cause) | Failure::Sent(cause) => Some(cause),
        }
    }

    /// The SQLSTATE; empty where it was not the server that failed.
    pub(super) fn code(&self) -> &str {
        self.cause().and_then(PgError::code).map_or("", |code| code.code())
    }

    /// The server undid the statement. An ERROR does; a FATAL or PANIC ends the session, perhaps after the commit, and
    /// 40003 and class 08 say that the outcome is not known.
    fn is_undone(&self) -> bool {
        let error = self.cause().and_then(PgError::as_db_error);
        let code = self.code();
        error.is_some_and(|error| error.parsed_severity() == Some(Severity::Error))
            && code != "40003"
            && !code.starts_with("08")
    }

    /// The server undid it because of others, and it may go through when it is repeated: a deadlock, or an isolation
    /// level above READ COMMITTED.
    pub(super) fn is_contention(&self) -> bool {
        matches!(self.code(), "40001" | "40P01")
    }

    /// The connection is of no use any more: broken, prepared for another schema, or to a server that has become a
    /// replica.
    pub(super) fn spoils_connection(&self) -> bool {
        !self.is_undone() || matches!(self.code(), "0A000" | "25006" | "26000" | "42P05")
    }

    /// Another connection may do better, and repeating the statement is safe.
    pub(super) fn asks_for_another(&self, changes: bool) -> bool {
        let safe = match self {
            Failure::Unconnected(_) | Failure::Replica => return false,
            Failure::Unsent(_) => true,
            Failure::Sent(_) => !changes || self.is_undone(),
        };
        safe && self.spoils_connection()
    }

    /// What it means for a command; `changes` where it writes.
    pub(super) fn outcome(&self, changes: bool) -> StoreError {
        tracing::warn!(target: "tokenmint::store", sqlstate = self.code(), "postgres: {}", self.kind());
        match self {
            _ if matches!(self.code(), "XX001" | "XX002") => StoreError::Corrupt,
            Failure::Sent(_) if changes && !self.is_undone() => StoreError::Unknown,
            _ => StoreError::Unavailable,
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Failure::Unconnected(None) => "no connection in time",
            Failure::Unconnected(Some(_)) => "no connection",
            Failure::Replica => "the server is a replica",
            Failure::Unsent(_) => "a statement could not be prepared",
            Failure::Sent(_) => "a statement failed",
        }
    }

    /// What it means for opening and examining a store. The texts of the client and the server repeat no password.
    pub(super) fn explained(&self) -> Error {
        if matches!(self, Failure::Replica) {
            return unavailable("the server is a replica; name the primary in the URL");
        }
        let Some(cause) = self.cause() else { return unavailable("the server did not answer in time") };
        match self.code() {
            "28P01" | "28000" => {
                let text = cause.as_db_error().map_or("", |error| error.message());
                return invalid(
                    "url",
                    format!("the server refuses this user, password or way to connect: {text}"),
                );
            }
            "3D000" => return invalid("url", "the server has no data base of this name"),
            "42501" => {
                return invalid(
                    "url",
                    "the role may not read or make the tables; open the store once as their owner",
                );
            }
            "25006" => return unavailable("the server is read-only, and the tables are still to be made"),
            "55P03" => return unavailable("another process holds the tables; try again"),
            _ => {}
        }
        if cause.source().is_some_and(|source| source.to_string() == "password missing") {
            return invalid("url", "the server asks for a password: in the URL or in PGPASSWORD");
        }
        let text = match cause.as_db_error() {
            Some(error) => format!("{} (SQLSTATE {})", error.message(), self.code()),
            None => match cause.source().map(ToString::to_string) {
                Some(source) if source.contains("UnknownIssuer") => {
                    format!("{cause}: {source}; sslrootcert names a file with the root of its certificate")
                }
                Some(source) => format!("{cause}: {source}"),
                None => cause.to_string(),
            },
        };
        unavailable(format!("the server cannot be used: {text}"))
    }
}
