//! The rig with which the stores that this crate opens are certified.

use std::ffi::OsString;
use std::fmt;
use std::process::Command;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use tokenmint::Result;
use tokenmint_certify::{Connection, Rig};

use crate::database::Database;
use crate::doctor::Severity;
use crate::target::{StoreKind, Target};

/// The rig of a store that [`Database`] opens by its URL.
///
/// ```
/// # #[tokio::main] async fn main() -> tokenmint::Result<()> {
/// use tokenmint_certify::{Options, certify};
/// use tokenmint_store::DatabaseRig;
/// let rig = DatabaseRig::new("memory:").await?;
/// let certificate = certify(&rig, &Options::new(42).quick().only("basics")).await;
/// assert!(certificate.passed(), "{}", certificate.to_tap());
/// # Ok(()) }
/// ```
pub struct DatabaseRig {
    url: String,
    name: &'static str,
    worker: Option<(OsString, Vec<OsString>)>,
    /// A store in memory is not there twice.
    memory: Option<Connection<Database>>,
}

impl DatabaseRig {
    /// A rig for the store of this URL, which may be `env:NAME`.
    ///
    /// # Errors
    /// As [`Database::open`].
    pub async fn new(url: impl Into<String>) -> Result<Self> {
        let url = url.into();
        let (name, memory) = match Target::parse(&url)?.kind {
            StoreKind::Memory => ("memory", Some(Connection::new(Arc::new(Database::open(&url).await?)))),
            StoreKind::Sqlite(_) => ("sqlite", None),
            StoreKind::Postgres(_) => ("postgres", None),
            StoreKind::Redis(_) => ("redis", None),
        };
        Ok(DatabaseRig { url, name, worker: None, memory })
    }

    /// The program of [`Rig::worker`], with its arguments; it must open the same store. Not for `memory:`.
    #[must_use]
    pub fn with_worker<A: Into<OsString>>(
        mut self,
        program: impl Into<OsString>,
        arguments: impl IntoIterator<Item = A>,
    ) -> Self {
        if self.memory.is_none() {
            self.worker = Some((program.into(), arguments.into_iter().map(A::into).collect()));
        }
        self
    }
}

impl Rig for DatabaseRig {
    type Store = Connection<Database>;

    fn name(&self) -> String {
        self.name.to_owned()
    }

    async fn open(&self) -> Result<Connection<Database>> {
        match &self.memory {
            Some(memory) => Ok(memory.clone()),
            None => Ok(Connection::new(Arc::new(Database::open(&self.url).await?))),
        }
    }

    fn worker(&self) -> Option<Command> {
        let (program, arguments) = self.worker.as_ref()?;
        let mut command = Command::new(program);
        command.args(arguments);
        Some(command)
    }

    async fn doctor(&self) -> Option<Vec<String>> {
        if self.memory.is_some() {
            return None;
        }
        let now_ms = SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_millis();
        let store = Database::open(&self.url).await.ok()?;
        let findings = store.doctor(u64::try_from(now_ms).ok()?).await.ok()?;
        let faults = findings.into_iter().filter(|finding| finding.severity == Severity::Fault);
        Some(faults.map(|finding| finding.check.to_owned()).collect())
    }
}

// The URL may hold a password.
impl fmt::Debug for DatabaseRig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DatabaseRig").field("name", &self.name).finish_non_exhaustive()
    }
}
