//! The URL of a store, taken apart.
//!
//! Parameters that every store has are read here; what else stands in the query is the driver's.

use std::borrow::Cow;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokenmint::{Durability, Error, ErrorCode, Result};
use url::Url;

/// How long a command may take where the URL does not say.
const TIMEOUT: Duration = Duration::from_secs(3);

/// What a URL says. Its debug text shows the kind only: the rest may hold a password.
pub(crate) struct Target {
    pub(crate) kind: StoreKind,
    /// How long a command may take, waiting for a connection included.
    pub(crate) timeout: Duration,
    /// The file with the key that values are sealed with.
    pub(crate) sealing_key_file: Option<PathBuf>,
    /// How long acknowledged writes last, as the operator says, where the store cannot be asked.
    pub(crate) durability: Option<Durability>,
    /// How many connections at most.
    pub(crate) connections: Option<u32>,
    /// After how many replicas a write of Redis counts as done.
    pub(crate) wait_replicas: u32,
}

/// Which store.
#[derive(PartialEq, Eq)]
pub(crate) enum StoreKind {
    Memory,
    Sqlite(PathBuf),
    /// The URL without this crate's own parameters.
    Postgres(Url),
    /// The URL without this crate's own parameters.
    Redis(Url),
}

impl Target {
    /// Reads a URL; `env:NAME` is read from the environment first.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        match text.strip_prefix("env:") {
            Some(name) => {
                let value = std::env::var(name).map_err(|_| {
                    invalid("url", format!("the environment has no readable variable {name:?}"))
                })?;
                if value.starts_with("env:") {
                    return Err(invalid("url", "a variable holds the URL itself, not another env:"));
                }
                Self::direct(value.trim())
            }
            None => Self::direct(text),
        }
    }

    /// A file of SQLite, whatever its name.
    pub(crate) fn file(path: &Path) -> Self {
        Self::of(StoreKind::Sqlite(path.to_owned()))
    }

    /// Lets relative paths begin at a folder.
    pub(crate) fn beside(mut self, folder: &Path) -> Self {
        if let StoreKind::Sqlite(path) = &mut self.kind {
            *path = folder.join(&path);
        }
        self.sealing_key_file = self.sealing_key_file.map(|path| folder.join(path));
        self
    }

    fn of(kind: StoreKind) -> Self {
        Target {
            kind,
            timeout: TIMEOUT,
            sealing_key_file: None,
            durability: None,
            connections: None,
            wait_replicas: 0,
        }
    }

    fn direct(text: &str) -> Result<Self> {
        // The text may hold a password, so no error repeats it.
        let (scheme, rest) = text.split_once(':').ok_or_else(|| unknown(""))?;
        // Valkey speaks as Redis does.
        let (scheme, text) = match scheme {
            "valkey" => ("redis", Cow::Owned(format!("redis:{rest}"))),
            "valkeys" => ("rediss", Cow::Owned(format!("rediss:{rest}"))),
            _ => (scheme, Cow::Borrowed(text)),
        };
        let mut target = Self::of(StoreKind::Memory);
        match scheme {
            "memory" | "sqlite" => {
                let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
                for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
                    if !target.take(scheme, &name, &value)? {
                        return Err(unknown_parameter(scheme, &name));
                    }
                }
                if scheme == "sqlite" {
                    target.kind = StoreKind::Sqlite(sqlite_path(path)?);
                } else if !path.is_empty() {
                    return Err(invalid("url", "memory: has no path"));
                }
            }
            "postgres" | "postgresql" | "redis" | "rediss" => {
                let mut url = Url::parse(&text).map_err(|_| {
                    // What the parser says may stand behind a password that holds a `/` or a `#`.
                    invalid(
                        "url",
                        format!(
                            "not a URL such as {scheme}://user:password@host:port/name; special characters \
                         in a password are written as %XX"
                        ),
                    )
                })?;
                let mut rest = Vec::new();
                for (name, value) in url.query_pairs() {
                    if !target.take(scheme, &name, &value)? {
                        rest.push((name.into_owned(), value.into_owned()));
                    }
                }
                set_parameters(&mut url, &rest);
                target.kind = if scheme.starts_with("redis") {
                    StoreKind::Redis(url)
                } else {
                    StoreKind::Postgres(url)
                };
            }
            _ => return Err(unknown(scheme)),
        }
        Ok(target)
    }

    /// Takes a parameter; whether it is one of this crate's for this kind of store.
    fn take(&mut self, scheme: &str, name: &str, value: &str) -> Result<bool> {
        let redis = scheme.starts_with("redis");
        match name {
            "timeout_ms" => self.timeout = Duration::from_millis(number(name, value, 1, 600_000)?.into()),
            "sealing_key_file" => self.sealing_key_file = Some(PathBuf::from(value)),
            "connections" if matches!(scheme, "postgres" | "postgresql" | "sqlite") => {
                self.connections = Some(number(name, value, 1, 1000)?);
            }
            "wait_replicas" if redis => self.wait_replicas = number(name, value, 0, 100)?,
            "durability" if redis => {
                self.durability = Some(match value {
                    "process" => Durability::Process,
                    "disk" => Durability::Disk,
                    "replicated" => Durability::Replicated,
                    _ => return Err(invalid(name, "one of process, disk, replicated")),
                });
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            StoreKind::Memory => "Target(memory)",
            StoreKind::Sqlite(_) => "Target(sqlite)",
            StoreKind::Postgres(_) => "Target(postgres)",
            StoreKind::Redis(_) => "Target(redis)",
        })
    }
}

/// `sqlite:tokens.db`, `sqlite:/var/lib/tokens.db` and `sqlite:///var/lib/tokens.db` are paths as they stand.
fn sqlite_path(path: &str) -> Result<PathBuf> {
    let path = path.strip_prefix("//").unwrap_or(path);
    if path.is_empty() || path == ":memory:" {
        return Err(invalid("url", "sqlite: needs the path of a file; in memory there is memory:"));
    }
    Ok(Path::new(path).to_owned())
}

/// Leaves a URL with these parameters only.
pub(crate) fn set_parameters(url: &mut Url, parameters: &[(impl AsRef<str>, impl AsRef<str>)]) {
    url.set_query(None);
    if !parameters.is_empty() {
        url.query_pairs_mut().extend_pairs(parameters);
    }
}

fn number(name: &str, value: &str, least: u32, most: u32) -> Result<u32> {
    let found = value.parse().ok().filter(|found| (least..=most).contains(found));
    found.ok_or_else(|| invalid(name, format!("a whole number from {least} to {most}")))
}

fn unknown(scheme: &str) -> Error {
    const KNOWN: &str = "a store's URL begins with memory:, sqlite:, postgres://, redis://, rediss://, valkey://, valkeys:// or env:";
    let why = match scheme.split_once('+') {
        Some((name @ ("postgresql" | "postgres"), _)) => {
            format!("; what stands behind \"{name}+\" is for SQLAlchemy: leave it out")
        }
        _ => match scheme {
            "jdbc" => "; leave \"jdbc:\" out".to_owned(),
            "file" => "; a file of SQLite is sqlite:PATH".to_owned(),
            "mysql" | "mariadb" | "mongodb" | "sqlserver" => format!("; there is no driver for {scheme}"),
            _ => String::new(),
        },
    };
    invalid("url", format!("{KNOWN}{why}"))
}

/// A parameter that a driver does not know, with what it is where another program's URL has it.
pub(crate) fn unknown_parameter(store: &str, name: &str) -> Error {
    let why = match (store, name) {
        ("postgres", "connection_limit") => "; it is Prisma's: here it is connections",
        ("postgres", "pool_timeout" | "socket_timeout") => {
            "; it is Prisma's: here it is timeout_ms, in milliseconds"
        }
        ("postgres", "schema") => "; it is Prisma's: here it is options=-c%20search_path=NAME",
        ("postgres", "pgbouncer" | "statement_cache_size") => "; leave it out: a pooler is noticed by itself",
        ("postgres", "sslaccept" | "sslidentity" | "sslpassword") => {
            "; it is Prisma's: with sslmode=require a certificate is always verified, by sslrootcert=FILE or the \
             system's roots"
        }
        ("postgres", "sslcert" | "sslkey") => "; certificates of clients cannot be used",
        ("postgres", "supa" | "workaround" | "pool_mode") => "; it is a provider's: leave it out",
        ("redis", "ssl" | "tls" | "ssl_cert_reqs") => {
            "; rediss:// is with TLS, redis:// without; a certificate is always verified"
        }
        ("redis", "family" | "db") => "; a database's number is the path, as in redis://host:6379/2",
        _ => "",
    };
    // A name is what somebody wrote into an address; a password has no place there, and is not repeated in full.
    let name: String = name.chars().take(40).collect();
    invalid("url", format!("{store} has no parameter {name:?}{why}"))
}

/// What can never work.
pub(crate) fn invalid(field: &str, reason: impl Into<Cow<'static, str>>) -> Error {
    Error::new(ErrorCode::PolicyInvalid).at(field.to_owned()).because(reason)
}

/// What does not work now.
pub(crate) fn unavailable(reason: impl Into<Cow<'static, str>>) -> Error {
    Error::new(ErrorCode::StoreUnavailable).because(reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_url() {
        let kind = |text| Target::parse(text).unwrap().kind;
        assert!(kind("memory:") == StoreKind::Memory);
        for (text, path) in [
            ("sqlite:tokens.db", "tokens.db"),
            ("sqlite:/var/t.db?timeout_ms=5", "/var/t.db"),
            ("sqlite:///var/t.db", "/var/t.db"),
        ] {
            assert!(kind(text) == StoreKind::Sqlite(path.into()), "{text}");
        }
        let StoreKind::Postgres(url) = kind("postgres://u:p@h:5433/d?sslmode=require&connections=3") else {
            panic!("another kind")
        };
        assert_eq!(url.as_str(), "postgres://u:p@h:5433/d?sslmode=require");
        let StoreKind::Redis(url) = kind("redis://:p@h/2?wait_replicas=1") else { panic!("another kind") };
        assert_eq!(url.as_str(), "redis://:p@h/2");
        let StoreKind::Redis(url) = kind("valkeys://:p@h/2") else { panic!("another kind") };
        assert_eq!(url.as_str(), "rediss://:p@h/2");
    }

    #[test]
    fn a_file_has_any_name_and_a_relative_one_begins_at_its_folder() {
        let path = |target: Target| match target.kind {
            StoreKind::Sqlite(path) => path,
            _ => panic!("another kind"),
        };
        for name in ["a?timeout_ms=1", "//a", ":memory:", "a%20b"] {
            assert_eq!(path(Target::file(Path::new(name))), Path::new(name));
        }
        let beside = |text: &str| Target::parse(text).unwrap().beside(Path::new("/etc/a?b"));
        assert_eq!(path(beside("sqlite:tokens.db?timeout_ms=5")), Path::new("/etc/a?b/tokens.db"));
        assert_eq!(path(beside("sqlite:/var/tokens.db")), Path::new("/var/tokens.db"));
        let target = beside("redis://h?sealing_key_file=key.hex");
        assert_eq!(target.sealing_key_file.as_deref(), Some(Path::new("/etc/a?b/key.hex")));
    }

    #[test]
    fn what_belongs_to_another_program_is_told_with_what_it_is_here() {
        for (text, cause) in [
            ("postgresql+psycopg2://u:hunter2@h/d", "SQLAlchemy"),
            ("jdbc:postgresql://h/d?password=hunter2", "leave \"jdbc:\" out"),
            ("mysql://u:hunter2@h/d", "no driver for mysql"),
            ("file:./dev.db", "sqlite:PATH"),
        ] {
            let shown = Target::parse(text).unwrap_err().to_string();
            assert!(shown.contains(cause) && !shown.contains("hunter2"), "{text}: {shown}");
        }
    }

    #[test]
    fn what_cannot_work_is_named_and_no_password_is_repeated() {
        for (text, field) in [
            ("", "url"),
            ("mysql://u:hunter2@h/d", "url"),
            ("sqlite:", "url"),
            ("sqlite::memory:", "url"),
            ("sqlite:a?colour=hunter", "url"),
            ("memory:?wait_replicas=1", "url"),
            ("postgres://u:hunter2@h:port/d", "url"),
            ("postgres://u:hunter2@h/d?timeout_ms=0", "timeout_ms"),
            ("redis://:hunter2@h/?durability=much", "durability"),
            ("env:TOKENMINT_NO_SUCH_VARIABLE", "url"),
        ] {
            let error = Target::parse(text).unwrap_err();
            assert_eq!((error.code(), error.field()), (ErrorCode::PolicyInvalid, Some(field)), "{text}");
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
        let target = Target::parse("redis://:hunter2@h").unwrap();
        assert_eq!(format!("{target:?}"), "Target(redis)");
    }
}
