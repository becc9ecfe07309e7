//! A store opened by its URL: what every kind of store has in common.

use std::fmt;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use tokenmint::{
    AsyncStore, Command, Durability, MAX_SKEW_MS, MAX_VALUE, MemoryStore, RecordKey, Reply, Result, Store,
    StoreError, Write,
};

use crate::doctor::Finding;
use crate::driver::{Cursor, Driver, Page};
use crate::mark::{self, Beneath};
use crate::seal::Seal;
use crate::target::{StoreKind, Target};

/// A store that was opened by its URL, for asynchronous hosts.
///
/// A command takes at most as long as the URL's `timeout_ms`, 3 seconds unless it says otherwise. A read that takes
/// longer is [`StoreError::Unavailable`]; a write is [`StoreError::Unknown`], and the core reads back what became of it.
pub struct Database {
    driver: AnyDriver,
    timeout: Duration,
    seal: Option<Seal>,
}

enum AnyDriver {
    Memory(MemoryStore),
    #[cfg(feature = "sqlite")]
    Sqlite(crate::sqlite::Sqlite),
    #[cfg(feature = "postgres")]
    Postgres(crate::postgres::Postgres),
    #[cfg(feature = "redis")]
    Redis(crate::redis::Redis),
}

/// Does the same with whichever driver there is; memory has its own answer.
macro_rules! each {
    ($driver:expr, $memory:ident => $answer:expr, $name:ident => $same:expr) => {
        match $driver {
            AnyDriver::Memory($memory) => $answer,
            #[cfg(feature = "sqlite")]
            AnyDriver::Sqlite($name) => $same,
            #[cfg(feature = "postgres")]
            AnyDriver::Postgres($name) => $same,
            #[cfg(feature = "redis")]
            AnyDriver::Redis($name) => $same,
        }
    };
}

impl Database {
    /// Opens a store: connects, and makes or migrates its schema. Call it within a tokio runtime.
    ///
    /// # Errors
    /// `policy_invalid` at `url` or the parameter that cannot work, among them `sealing_key_file` where the values are
    /// sealed and the key is missing or another, or are not sealed; `store_unavailable` where it cannot be reached, or
    /// was written by a newer release.
    pub async fn open(url: &str) -> Result<Self> {
        Self::connect(Target::parse(url)?).await
    }

    /// Opens a store by its URL, with relative paths in it beginning at a folder, as in a configuration that lies there.
    /// What an `env:NAME` holds stays as it is.
    ///
    /// # Errors
    /// As [`Database::open`].
    pub async fn open_beside(url: &str, folder: &Path) -> Result<Self> {
        let target = Target::parse(url)?;
        let target = if url.starts_with("env:") { target } else { target.beside(folder) };
        Self::connect(target).await
    }

    /// Opens a file of SQLite by its path. In a URL a `?` begins parameters; here it is a part of a name.
    ///
    /// # Errors
    /// As [`Database::open`].
    pub async fn open_file(path: &Path) -> Result<Self> {
        Self::connect(Target::file(path)).await
    }

    async fn connect(target: Target) -> Result<Self> {
        let seal = target.sealing_key_file.as_deref().map(Seal::read).transpose()?;
        let driver = match &target.kind {
            StoreKind::Memory => AnyDriver::Memory(MemoryStore::new()),
            #[cfg(feature = "sqlite")]
            StoreKind::Sqlite(_) => AnyDriver::Sqlite(crate::sqlite::Sqlite::open(&target).await?),
            #[cfg(feature = "postgres")]
            StoreKind::Postgres(_) => AnyDriver::Postgres(crate::postgres::Postgres::open(&target).await?),
            #[cfg(feature = "redis")]
            StoreKind::Redis(_) => AnyDriver::Redis(crate::redis::Redis::open(&target).await?),
            #[cfg(not(all(feature = "sqlite", feature = "postgres", feature = "redis")))]
            _ => return Err(crate::target::invalid("url", "this build has no driver for this store")),
        };
        let database = Database { driver, timeout: target.timeout, seal };
        mark::check(&database, database.seal.as_ref()).await?;
        Ok(database)
    }

    /// Looks for what would lose acknowledged writes or not work: eviction, missing persistence, a network disk, a clock
    /// that is off. `now_ms` is the host's clock.
    ///
    /// # Errors
    /// `store_unavailable` where the store cannot be asked.
    pub async fn doctor(&self, now_ms: u64) -> Result<Vec<Finding>> {
        // First, since what follows takes its time and `now_ms` was read before.
        let store_ms = self.now_ms().await;
        let mut findings = each!(&self.driver,
            _store => vec![Finding::warning(
                "durability",
                "records end with the process",
                "for one machine use sqlite:PATH, for several postgres:// or redis://",
            )],
            driver => driver.examine().await?
        );
        findings.push(Finding::fine(
            "sealing",
            match &self.seal {
                Some(_) => "values are sealed",
                None => "values are not sealed",
            },
        ));
        if let Some(store_ms) = store_ms {
            let off = store_ms.abs_diff(now_ms);
            findings.push(if off > MAX_SKEW_MS {
                Finding::fault(
                    "clock",
                    format!("the store's clock and this machine's differ by {off} ms"),
                    "let NTP set the clocks of both",
                )
            } else {
                Finding::fine("clock", format!("within {MAX_SKEW_MS} ms of this machine's"))
            });
        }
        Ok(findings)
    }

    /// The store's own clock, in milliseconds since 1970, where it has one and can be asked.
    pub async fn now_ms(&self) -> Option<u64> {
        let asked = async {
            each!(&self.driver, _store => Ok::<_, StoreError>(None), driver => driver.now_ms().await)
        };
        tokio::time::timeout(self.timeout, asked).await.ok()?.ok()?
    }

    /// How long an acknowledged write lasts, as the store was found to be set up.
    pub fn durability(&self) -> Durability {
        each!(&self.driver, store => Store::durability(store), driver => driver.durability())
    }

    /// Whether all that is stored can be read page by page.
    pub(crate) fn can_be_read(&self) -> bool {
        !matches!(self.driver, AnyDriver::Memory(_))
    }

    /// As [`Driver::count`].
    pub(crate) async fn count(&self) -> Result<u64, StoreError> {
        each!(&self.driver, _store => Ok(0), driver => driver.count().await)
    }

    /// As [`Driver::page`], without the mark and with values unsealed.
    pub(crate) async fn page(&self, after: Option<Cursor>, limit: u32) -> Result<Page, StoreError> {
        let mut page = self.page_as_stored(after, limit).await?;
        if let Some(seal) = &self.seal {
            for (key, entry) in &mut page.entries {
                seal.open(key, entry)?;
            }
        }
        Ok(page)
    }

    /// As [`Driver::put_cells`]; a store in memory has no use for them.
    pub(crate) async fn put_cells(&self, cells: Vec<(RecordKey, u64)>) -> Result<(), StoreError> {
        each!(&self.driver, _store => Ok(()), driver => driver.put_cells(cells).await)
    }

    /// What is to be asked of the driver; a reply where it need not be asked.
    fn question(&self, mut command: Command) -> Result<ControlFlow<Reply, Question>, StoreError> {
        if let Some(reply) = admit(&mut command, self.seal.as_ref())? {
            return Ok(ControlFlow::Break(reply));
        }
        let sealed = match &command {
            _ if self.seal.is_none() => Vec::new(),
            Command::Load { keys } => keys.clone(),
            Command::Cas { key, .. } => vec![key.clone()],
            _ => Vec::new(),
        };
        Ok(ControlFlow::Continue(Question { command, sealed }))
    }

    /// Asks the driver, and unseals what it answers.
    pub(crate) async fn ask(&self, Question { command, sealed }: Question) -> Result<Reply, StoreError> {
        let reply = self.answer(command).await?;
        self.unsealed(&sealed, reply)
    }

    /// As [`AsyncStore::execute`] on a thread that may be blocked; `wait` asks what has no quicker way.
    pub(crate) fn execute_blocking(
        &self,
        command: Command,
        wait: impl FnOnce(Question) -> Result<Reply, StoreError>,
    ) -> Result<Reply, StoreError> {
        let Question { command, sealed } = match self.question(command)? {
            ControlFlow::Continue(question) => question,
            ControlFlow::Break(reply) => return Ok(reply),
        };
        let done = each!(&self.driver,
            store => ControlFlow::Break(Store::execute(store, command)),
            driver => driver.execute_here(command)
        );
        match done {
            ControlFlow::Break(reply) => self.unsealed(&sealed, reply?),
            ControlFlow::Continue(command) => wait(Question { command, sealed }),
        }
    }

    fn unsealed(&self, keys: &[RecordKey], reply: Reply) -> Result<Reply, StoreError> {
        match &self.seal {
            Some(seal) => seal.unsealed(keys, reply),
            None => Ok(reply),
        }
    }
}

impl Beneath for Database {
    async fn answer(&self, command: Command) -> Result<Reply, StoreError> {
        let late = match command {
            Command::Load { .. } | Command::List { .. } => StoreError::Unavailable,
            _ => StoreError::Unknown,
        };
        let asked = async {
            each!(&self.driver, store => Store::execute(store, command), driver => driver.execute(command).await)
        };
        let Ok(reply) = tokio::time::timeout(self.timeout, asked).await else {
            tracing::warn!(target: "tokenmint::store", timeout_ms = self.timeout.as_millis(), "no answer in time");
            return Err(late);
        };
        reply
    }

    async fn page_as_stored(&self, after: Option<Cursor>, limit: u32) -> Result<Page, StoreError> {
        let mut page = each!(&self.driver, _store => Ok::<_, StoreError>(Page::default()), driver => driver.page(after, limit).await)?;
        page.entries.retain(|(key, _)| !mark::is_mark(key));
        Ok(page)
    }
}

impl AsyncStore for Database {
    async fn execute(&self, command: Command) -> Result<Reply, StoreError> {
        match self.question(command)? {
            ControlFlow::Continue(question) => self.ask(question).await,
            ControlFlow::Break(reply) => Ok(reply),
        }
    }

    fn durability(&self) -> Durability {
        Database::durability(self)
    }
}

/// A command that was admitted.
pub(crate) struct Question {
    command: Command,
    /// The keys of the entries that may come back, where they are sealed.
    sealed: Vec<RecordKey>,
}

/// Checks what no store takes, and seals what is written. A reply where the store need not be asked.
fn admit(command: &mut Command, seal: Option<&Seal>) -> Result<Option<Reply>, StoreError> {
    match command {
        Command::Cas { key, write: Write::Put(entry), .. } => {
            if entry.value.len() > MAX_VALUE || i64::try_from(entry.expires_at_ms).is_err() {
                return Err(StoreError::TooLarge);
            }
            if let Some(seal) = seal {
                seal.seal(key, entry)?;
            }
            Ok(None)
        }
        // An insertion has no condition in SQL, so what no burst admits is denied here.
        Command::Throttle { interval_us, burst_us, cost, .. }
            if interval_us.saturating_mul(u64::from(*cost)) > *burst_us =>
        {
            Ok(Some(Reply::Denied { tat_us: 0 }))
        }
        // A store has no keys.
        Command::Sign { .. } | Command::VerifySignature { .. } => Err(StoreError::Unavailable),
        _ => Ok(None),
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match &self.driver {
            AnyDriver::Memory(_) => "memory",
            #[cfg(feature = "sqlite")]
            AnyDriver::Sqlite(_) => "sqlite",
            #[cfg(feature = "postgres")]
            AnyDriver::Postgres(_) => "postgres",
            #[cfg(feature = "redis")]
            AnyDriver::Redis(_) => "redis",
        };
        f.debug_struct("Database").field("kind", &kind).field("sealed", &self.seal.is_some()).finish()
    }
}
