//! Stores that are opened by URL.

use std::sync::{Arc, PoisonError, RwLock};

use pyo3::prelude::*;
use tokenmint::{Command, Error, ErrorCode, Reply, SLACK_MS, Store as _, StoreError};
use tokenmint_store::BlockingDatabase;

use crate::errors::{Result, unpicklable};
use crate::host::Now;
use crate::store::{command_from_python, exception_of, reply_to_python};

/// How many entries one sweep forgets at most.
const SWEPT: u32 = 10_000;

/// A store that was opened by its URL.
#[pyclass(frozen, module = "tokenmint")]
pub(crate) struct Database {
    /// `None` when it was closed.
    open: RwLock<Option<Arc<BlockingDatabase>>>,
    durability: String,
}

/// Opens a store by its URL, while other threads run.
#[pyfunction]
#[pyo3(signature = (url, /))]
pub(crate) fn open_store(py: Python<'_>, url: &str) -> Result<Database> {
    let database = py.detach(|| BlockingDatabase::open(url))?;
    let durability = database.durability().to_string();
    Ok(Database { open: RwLock::new(Some(Arc::new(database))), durability })
}

#[pymethods]
impl Database {
    /// Carries out one command, while other threads run; a store of your own may be made around it.
    fn execute<'py>(&self, py: Python<'py>, command: &Bound<'py, PyAny>) -> Result<Bound<'py, PyAny>> {
        let command = command_from_python(command)?;
        match self.carry_out(py, command)? {
            Ok(reply) => reply_to_python(py, reply),
            Err(error) => Err(exception_of(py, error)),
        }
    }

    /// Forgets what expired long ago, a part at a time; how many entries that were.
    #[pyo3(signature = (*, now=None))]
    fn sweep(&self, py: Python<'_>, now: Option<&Bound<'_, PyAny>>) -> Result<u64> {
        let before_ms = (Now::of(now)?.micros() / 1000).saturating_sub(SLACK_MS);
        match self.carry_out(py, Command::Sweep { before_ms, limit: SWEPT })? {
            Ok(Reply::Removed(count)) => Ok(count),
            Ok(_) => Err(exception_of(py, StoreError::Corrupt)),
            Err(error) => Err(exception_of(py, error)),
        }
    }

    /// How long an acknowledged write lasts: "process", "disk" or "replicated".
    #[getter]
    fn durability(&self) -> &str {
        &self.durability
    }

    /// Closes it, after the commands that are under way; as often as it is called.
    fn close(&self) {
        self.open.write().unwrap_or_else(PoisonError::into_inner).take();
    }

    fn __enter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(&self, _exception: &Bound<'_, PyAny>) {
        self.close();
    }

    // The URL may hold a password.
    fn __repr__(&self) -> String {
        format!("Database(durability={:?})", self.durability)
    }

    fn __reduce__(&self) -> Result<()> {
        unpicklable("Database")
    }
}

impl Database {
    /// The store, which stays open for as long as this is held.
    pub(crate) fn opened(&self) -> Result<Arc<BlockingDatabase>> {
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        let database = open.clone().ok_or_else(|| Error::new(ErrorCode::ObjectDisposed).at("store"))?;
        database.check_process()?;
        Ok(database)
    }

    fn carry_out(&self, py: Python<'_>, command: Command) -> Result<std::result::Result<Reply, StoreError>> {
        let database = self.opened()?;
        // Whoever lets go last closes it: not while Python waits.
        Ok(py.detach(move || database.execute(command)))
    }
}
