//! What the suite needs of a store, and what it may use where it is there.

use std::future::Future;
use std::process;
use std::sync::Arc;

use tokenmint::{AsyncStore, Command, Durability, Reply, Result, Store, StoreError};

/// A store under test. What has a default is an ability that not every store has; a test that needs it is skipped.
pub trait Rig: Send + Sync {
    /// A connection to the store.
    type Store: AsyncStore + 'static;

    /// The store's name in the certificate. No password belongs here.
    fn name(&self) -> String;

    /// Opens another connection to the same data.
    ///
    /// # Errors
    /// Whatever keeps it from being opened; every test fails with it.
    fn open(&self) -> impl Future<Output = Result<Self::Store>> + Send;

    /// A program that carries out commands on the same data, as [`serve_lines`](super::serve_lines) does, in a process
    /// of its own: it will be killed in the middle of its work.
    fn worker(&self) -> Option<process::Command> {
        None
    }

    /// Does something bad to the store, and returns when it is done; `None` where this rig cannot do it.
    ///
    /// Faults that last do so until [`Rig::heal`].
    fn inject(&self, fault: Fault) -> impl Future<Output = Option<Result<(), String>>> + Send {
        let _ = fault;
        async { None }
    }

    /// Ends every fault, and returns when the store can be used again.
    fn heal(&self) -> impl Future<Output = ()> + Send {
        async {}
    }

    /// What the store's doctor finds to be at fault, by the name of what was looked at; `None` where it has none.
    fn doctor(&self) -> impl Future<Output = Option<Vec<String>>> + Send {
        async { None }
    }
}

/// Something bad that happens to a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// The server is killed at once, without any warning, and started again.
    KillServer,
    /// A primary is killed and its replica takes over.
    FailOver,
    /// Lasts: the connection breaks before a request reaches the server.
    CutBeforeRequest,
    /// Lasts: the server carries the request out, and the connection breaks before the answer.
    CutBeforeReply,
    /// Lasts: the connection breaks within the answer.
    CutInReply,
    /// Lasts: the server, or the way to it, is silent, and connections stay.
    Hang,
    /// Lasts: the disk is full, or can be read only.
    Full,
    /// Lasts: somebody else has all connections.
    ExhaustPool,
    /// Lasts: the store is set up such that it will lose what it acknowledged.
    Misconfigure,
    /// The data are as the release before wrote them; entries stay.
    PreviousSchema,
}

/// A store in this process, made before: every connection is the same store.
///
/// ```
/// # #[tokio::main] async fn main() {
/// use tokenmint::MemoryStore;
/// use tokenmint_certify::{Blocking, InProcess, Options, certify};
/// let rig = InProcess::new("mine", Blocking::new(MemoryStore::new()));
/// let certificate = certify(&rig, &Options::new(42).quick().only("basics")).await;
/// assert!(certificate.passed(), "{}", certificate.to_tap());
/// # }
/// ```
#[derive(Debug)]
pub struct InProcess<S> {
    name: String,
    store: Connection<S>,
}

impl<S: AsyncStore + 'static> InProcess<S> {
    /// A rig for this store.
    pub fn new(name: impl Into<String>, store: S) -> Self {
        InProcess { name: name.into(), store: Connection(Arc::new(store)) }
    }
}

impl<S: AsyncStore + 'static> Rig for InProcess<S> {
    type Store = Connection<S>;

    fn name(&self) -> String {
        self.name.clone()
    }

    async fn open(&self) -> Result<Connection<S>> {
        Ok(self.store.clone())
    }
}

/// A store that others use too.
#[derive(Debug)]
pub struct Connection<S>(Arc<S>);

impl<S> Connection<S> {
    /// A connection to this store.
    pub fn new(store: Arc<S>) -> Self {
        Connection(store)
    }
}

impl<S> Clone for Connection<S> {
    fn clone(&self) -> Self {
        Connection(Arc::clone(&self.0))
    }
}

impl<S: AsyncStore> AsyncStore for Connection<S> {
    fn execute(&self, command: Command) -> impl Future<Output = Result<Reply, StoreError>> + Send {
        self.0.execute(command)
    }

    fn durability(&self) -> Durability {
        self.0.durability()
    }
}

/// A [`Store`] that blocks, on threads of its own: its commands race as those of a real host do.
#[derive(Debug)]
pub struct Blocking<S>(Arc<S>);

impl<S: Store + 'static> Blocking<S> {
    /// A store whose commands may block.
    pub fn new(store: S) -> Self {
        Blocking(Arc::new(store))
    }
}

impl<S: Store + 'static> AsyncStore for Blocking<S> {
    async fn execute(&self, command: Command) -> Result<Reply, StoreError> {
        let store = Arc::clone(&self.0);
        // Whoever panics may have done anything before.
        tokio::task::spawn_blocking(move || store.execute(command)).await.unwrap_or(Err(StoreError::Unknown))
    }

    fn durability(&self) -> Durability {
        self.0.durability()
    }
}
