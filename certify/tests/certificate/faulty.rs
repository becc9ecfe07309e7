//! A store with a server that suffers every fault that a rig can make, and tells the truth about it, or not.

use std::process;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokenmint::{AsyncStore, Command, Durability, MemoryStore, Reply, Result, Store, StoreError};
use tokenmint_certify::{Connection, Fault, Rig};

/// What the server does wrong when something happens to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lie {
    Nothing,
    /// It forgets what it acknowledged when it is killed.
    Forgets,
    /// It says that a write whose answer was cut was certainly not done.
    CutIsUnavailable,
    /// It does not answer at all while it is silent.
    NoDeadline,
    /// It acknowledges writes that a full disk does not take.
    FullIsDone,
    /// It says nothing of a wrong set-up.
    DoctorIsBlind,
}

pub(crate) struct Server {
    store: Mutex<Arc<MemoryStore>>,
    fault: Mutex<Option<Fault>>,
    lie: Lie,
}

impl AsyncStore for Server {
    async fn execute(&self, command: Command) -> Result<Reply, StoreError> {
        let (store, fault) = (Arc::clone(&self.store.lock().unwrap()), *self.fault.lock().unwrap());
        let reads = matches!(command, Command::Load { .. });
        let lost = Err(if reads { StoreError::Unavailable } else { StoreError::Unknown });
        match fault {
            None | Some(Fault::Misconfigure | Fault::PreviousSchema) => store.execute(command),
            Some(Fault::Full) if reads => store.execute(command),
            Some(Fault::Full) if self.lie == Lie::FullIsDone => Ok(Reply::Done),
            Some(Fault::CutBeforeRequest | Fault::Full | Fault::ExhaustPool) => Err(StoreError::Unavailable),
            Some(Fault::CutBeforeReply | Fault::CutInReply) => {
                let _ = store.execute(command);
                if self.lie == Lie::CutIsUnavailable { Err(StoreError::Unavailable) } else { lost }
            }
            Some(Fault::Hang) if self.lie == Lie::NoDeadline => std::future::pending().await,
            Some(Fault::Hang) => {
                tokio::time::sleep(Duration::from_millis(50)).await;
                lost
            }
            Some(_) => lost,
        }
    }

    fn durability(&self) -> Durability {
        Durability::Replicated
    }
}

/// The rig of a [`Server`].
pub(crate) struct FaultyRig {
    server: Arc<Server>,
    /// Makes the worker, where there is one.
    pub(crate) worker: Option<Box<dyn Fn() -> process::Command + Send + Sync>>,
}

impl FaultyRig {
    pub(crate) fn new(lie: Lie) -> Self {
        let server = Server { store: Mutex::default(), fault: Mutex::default(), lie };
        FaultyRig { server: Arc::new(server), worker: None }
    }

    pub(crate) fn server(&self) -> Arc<Server> {
        Arc::clone(&self.server)
    }
}

impl Rig for FaultyRig {
    type Store = Connection<Server>;

    fn name(&self) -> String {
        "faulty".into()
    }

    async fn open(&self) -> Result<Connection<Server>> {
        Ok(Connection::new(self.server()))
    }

    fn worker(&self) -> Option<process::Command> {
        self.worker.as_ref().map(|worker| worker())
    }

    async fn inject(&self, fault: Fault) -> Option<Result<(), String>> {
        *self.server.fault.lock().unwrap() = Some(fault);
        if matches!(fault, Fault::KillServer | Fault::FailOver) {
            tokio::time::sleep(Duration::from_millis(20)).await;
            if self.server.lie == Lie::Forgets {
                *self.server.store.lock().unwrap() = Arc::new(MemoryStore::new());
            }
            *self.server.fault.lock().unwrap() = None;
        }
        Some(Ok(()))
    }

    async fn heal(&self) {
        *self.server.fault.lock().unwrap() = None;
    }

    async fn doctor(&self) -> Option<Vec<String>> {
        let misconfigured = *self.server.fault.lock().unwrap() == Some(Fault::Misconfigure);
        let bad = misconfigured && self.server.lie != Lie::DoctorIsBlind;
        Some(if bad { vec!["eviction".to_owned()] } else { Vec::new() })
    }
}
