//! How a command fails: a text for people, a code for programs, and the exit code.

use std::fmt::Display;
use std::io::Write;
use std::process::ExitCode;

use tokenmint::Error;

use crate::visible::shown;

/// The result of a command.
pub(crate) type Result<T, E = Failure> = std::result::Result<T, E>;

/// The exit codes; `docs/cli.md` describes them. clap itself leaves with 2, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// What was to be judged was judged, and refused.
    Refused = 1,
    /// The arguments are wrong.
    Usage = 2,
    /// The configuration or a key cannot work.
    Config = 3,
    /// A file, a socket or the system failed.
    Runtime = 4,
}

/// Why a command failed.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    code: &'static str,
    field: Option<String>,
    text: String,
}

impl Failure {
    /// Wrong arguments.
    pub(crate) fn usage(text: impl Into<String>) -> Self {
        Failure { exit: Exit::Usage, code: "usage", field: None, text: text.into() }
    }

    /// What was to be judged was judged, and refused.
    pub(crate) fn refused(text: impl Into<String>) -> Self {
        Failure { exit: Exit::Refused, code: "refused", field: None, text: text.into() }
    }

    /// A configuration that cannot work.
    pub(crate) fn config(text: impl Into<String>) -> Self {
        Failure { exit: Exit::Config, code: "config", field: None, text: text.into() }
    }

    /// The system failed while `doing` something.
    pub(crate) fn runtime(doing: impl Display, error: impl Display) -> Self {
        Failure { exit: Exit::Runtime, code: "runtime", field: None, text: format!("{doing}: {error}") }
    }

    /// An error of the core, with the exit code that it has here.
    pub(crate) fn of(exit: Exit, error: &Error) -> Self {
        let field = error.field().map(str::to_owned);
        Failure { exit, code: error.code().name(), field, text: error.message().to_owned() }
    }

    /// Writes it to standard error: a line, or a JSON object.
    pub(crate) fn print(&self, json: bool) {
        let Failure { code, field, text, .. } = self;
        let line = match (json, field) {
            (true, Some(field)) => {
                serde_json::json!({ "error": code, "field": field, "message": text }).to_string()
            }
            (true, None) => serde_json::json!({ "error": code, "message": text }).to_string(),
            (false, _) if matches!(*code, "usage" | "refused" | "config" | "runtime") => {
                format!("tokenmint: {text}")
            }
            (false, Some(field)) => format!("tokenmint: {code}: {field}: {text}"),
            (false, None) => format!("tokenmint: {code}: {text}"),
        };
        // Where standard error is gone, nobody is left to tell.
        let _ = writeln!(std::io::stderr(), "{}", shown(&line));
    }

    /// What went wrong, for people.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.exit as u8)
    }
}

/// By the table of codes: 1xx is what the caller asked for, 2xx a key or the configuration, 3xx a token.
impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let exit = match error.code().number() {
            100..=199 => Exit::Usage,
            200..=299 => Exit::Config,
            300..=399 => Exit::Refused,
            _ => Exit::Runtime,
        };
        Failure::of(exit, &error)
    }
}

/// Writes a line to standard output; see [`shown`].
pub(crate) fn print(line: impl Display) -> Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", shown(&line.to_string()))
        .and_then(|()| out.flush())
        .map_err(|error| Failure::runtime("standard output", error))
}
