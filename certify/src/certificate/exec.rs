//! A store behind a program that speaks JSON lines, in any language.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ffi::OsString;
use std::process::{self, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokenmint::{
    AsyncStore, Command, Durability, Error, ErrorCode, MAX_VALUE, Reply, Result, StoreError, Write,
};
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, ChildStdin, ChildStdout};
use tokio::sync::{OnceCell, mpsc, oneshot};

use super::lines::{Lines, read_answer, request_line};
use super::rig::Rig;

/// How many requests may wait to be read by the program.
const QUEUE: usize = 256;

/// How many requests may be without an answer.
const MAX_OPEN: usize = 65_536;

/// An [`AsyncStore`] that asks a program: a request a line on its standard input, an answer a line on its standard
/// output, many under way at the same time. Its standard error is this process's.
///
/// A program that ends, answers what is no answer, or answers what was not asked, is not asked again. What was under
/// way then, and what is not answered in time, is [`StoreError::Unknown`] for a write and
/// [`StoreError::Unavailable`] for a read. The program is killed when the last clone is dropped.
#[derive(Clone, Debug)]
pub struct ExecStore {
    shared: Arc<Shared>,
    requests: mpsc::Sender<String>,
    deadline: Duration,
    durability: Durability,
}

#[derive(Debug)]
struct Shared {
    child: Mutex<Child>,
    next: AtomicU64,
    open: Mutex<Open>,
}

/// Who waits for what.
#[derive(Debug, Default)]
struct Open {
    /// The program is not asked any more.
    broken: bool,
    waiting: HashMap<u64, oneshot::Sender<Result<Reply, StoreError>>>,
}

impl ExecStore {
    /// Starts a program. Call it within a tokio runtime.
    ///
    /// # Errors
    /// `store_unavailable` where it cannot be started.
    pub fn start(program: process::Command, deadline: Duration) -> Result<Self> {
        let mut command = tokio::process::Command::from(program);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command
            .spawn()
            .map_err(|error| not_started(format!("the program cannot be started: {error}")))?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(not_started("the program has no standard input and output"));
        };
        let (requests, queue) = mpsc::channel(QUEUE);
        let shared =
            Arc::new(Shared { child: Mutex::new(child), next: AtomicU64::new(0), open: Mutex::default() });
        tokio::spawn(write(stdin, queue));
        tokio::spawn(read(stdout, Arc::downgrade(&shared)));
        Ok(ExecStore { shared, requests, deadline, durability: Durability::Process })
    }

    /// The same, declaring how long acknowledged writes last.
    #[must_use]
    pub fn declaring(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// Kills the program at once, as a crash would.
    pub(crate) fn kill(&self) {
        // One that has ended already is dead enough.
        let _ = lock(&self.shared.child).start_kill();
    }

    async fn ask(&self, command: Command) -> Result<Reply, StoreError> {
        // No program need know how to say that it was not even read.
        if let Command::Cas { write: Write::Put(entry), .. } = &command
            && entry.value.len() > MAX_VALUE
        {
            return Err(StoreError::TooLarge);
        }
        let lost = lost(&command);
        let id = self.shared.next.fetch_add(1, Ordering::Relaxed);
        let line = request_line(id, &command).ok_or(StoreError::Unavailable)?;
        let answer = self.shared.wait_for(id)?;
        // Until it is in the queue nothing was done; afterwards nobody can say.
        let timeout = tokio::time::Instant::now() + self.deadline;
        match tokio::time::timeout_at(timeout, self.requests.send(line)).await {
            Ok(Ok(())) => {}
            _ => {
                lock(&self.shared.open).waiting.remove(&id);
                return Err(StoreError::Unavailable);
            }
        }
        match tokio::time::timeout_at(timeout, answer).await {
            Ok(Ok(reply)) => reply,
            _ => Err(lost),
        }
    }
}

impl AsyncStore for ExecStore {
    async fn execute(&self, command: Command) -> Result<Reply, StoreError> {
        self.ask(command).await
    }

    fn durability(&self) -> Durability {
        self.durability
    }
}

impl Shared {
    fn wait_for(&self, id: u64) -> Result<oneshot::Receiver<Result<Reply, StoreError>>, StoreError> {
        let (sender, receiver) = oneshot::channel();
        let mut open = lock(&self.open);
        if open.broken || open.waiting.len() >= MAX_OPEN {
            return Err(StoreError::Unavailable);
        }
        open.waiting.insert(id, sender);
        Ok(receiver)
    }

    /// Ends all that waits.
    fn give_up(&self) {
        let mut open = lock(&self.open);
        open.broken = true;
        open.waiting.clear();
    }
}

/// What is said of a command whose answer was lost.
fn lost(command: &Command) -> StoreError {
    match command {
        Command::Load { .. } | Command::List { .. } => StoreError::Unavailable,
        _ => StoreError::Unknown,
    }
}

async fn write(mut stdin: ChildStdin, mut queue: mpsc::Receiver<String>) {
    while let Some(line) = queue.recv().await {
        if stdin.write_all(line.as_bytes()).await.is_err() || stdin.flush().await.is_err() {
            // Whoever waits is told by the end of the output.
            return;
        }
    }
}

async fn read(stdout: ChildStdout, shared: std::sync::Weak<Shared>) {
    let mut lines = Lines::new(stdout);
    while let Ok(Some(line)) = lines.next().await {
        let Some(shared) = shared.upgrade() else { return };
        let answered =
            read_answer(&line).and_then(|(id, reply)| Some((lock(&shared.open).waiting.remove(&id)?, reply)));
        // Whoever does not wait any more does not mind.
        let Some((waiting, reply)) = answered else {
            tracing::warn!(target: "tokenmint::store", "the program answered what is no answer to any request");
            break;
        };
        let _ = waiting.send(reply);
    }
    if let Some(shared) = shared.upgrade() {
        shared.give_up();
    }
}

// Nothing under a lock can leave it half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The rig of a store behind a program that speaks JSON lines: each connection is a process of its own.
#[derive(Debug)]
pub struct ExecRig {
    program: OsString,
    arguments: Vec<OsString>,
    deadline: Duration,
    durability: Durability,
    /// The one process, where there is only one.
    alone: Option<OnceCell<ExecStore>>,
}

impl ExecRig {
    /// A rig for this program.
    pub fn new<A: Into<OsString>>(
        program: impl Into<OsString>,
        arguments: impl IntoIterator<Item = A>,
    ) -> Self {
        ExecRig {
            program: program.into(),
            arguments: arguments.into_iter().map(A::into).collect(),
            deadline: Duration::from_secs(3),
            durability: Durability::Process,
            alone: None,
        }
    }

    /// The same, for a program that keeps its data to itself: one process serves all connections, and tests that need
    /// two are skipped.
    #[must_use]
    pub fn alone(mut self) -> Self {
        self.alone = Some(OnceCell::new());
        self
    }

    /// The same, declaring how long acknowledged writes last.
    #[must_use]
    pub fn declaring(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// The same, with another time for an answer than three seconds.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    fn command(&self) -> process::Command {
        let mut command = process::Command::new(&self.program);
        command.args(&self.arguments);
        command
    }

    fn start(&self) -> Result<ExecStore> {
        if self.program.is_empty() {
            return Err(Error::new(ErrorCode::PolicyInvalid).at("program").because("no program is named"));
        }
        Ok(ExecStore::start(self.command(), self.deadline)?.declaring(self.durability))
    }
}

impl Rig for ExecRig {
    type Store = ExecStore;

    fn name(&self) -> String {
        self.program.to_string_lossy().into_owned()
    }

    async fn open(&self) -> Result<ExecStore> {
        match &self.alone {
            Some(cell) => cell.get_or_try_init(|| async { self.start() }).await.cloned(),
            None => self.start(),
        }
    }

    fn worker(&self) -> Option<process::Command> {
        self.alone.is_none().then(|| self.command())
    }
}

fn not_started(reason: impl Into<Cow<'static, str>>) -> Error {
    Error::new(ErrorCode::StoreUnavailable).because(reason)
}
