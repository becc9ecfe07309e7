//! A flow as a value that asks for storage: no runtime, no thread, no callback.
//!
//! A flow is an ordinary `async fn` that awaits only [`Io::execute`]. A [`Task`] polls it with a waker that does
//! nothing: each time the flow asks for a command, the task hands it to whoever drives it.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use crate::error::{Error, ErrorCode, Result};
use crate::event::Event;
use crate::store::{AsyncStore, Command, Durability, Entry, MemoryStore, Reply, Store, StoreError};

/// What a finished flow leaves: its result, and what happened on the way.
///
/// Events are there also when the result is an error: a refused token is one.
#[derive(Clone)]
pub struct Outcome<T> {
    /// What the caller asked for, or why not.
    pub result: Result<T>,
    /// What happened, for the host's log: ids and fingerprints, never tokens or secrets.
    pub events: Vec<Event>,
}

/// What a task wants next.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "each command is moved once; a box would be one allocation more"
)]
pub enum Step<T> {
    /// This command carried out, and its reply given to the next [`Task::step`].
    Need(Command),
    /// Nothing: it is finished.
    Done(Outcome<T>),
    /// Nothing: its outcome was taken before.
    Spent,
}

/// A flow under way. It does nothing until it is driven, in one of three ways: [`Task::run`], [`Task::run_async`],
/// or [`Task::step`] by a host that has its own storage.
///
/// Dropping a task leaves the store as its last command left it, which is always a whole state. The compiler warns of one
/// that is never driven:
///
/// ```compile_fail
/// #![deny(unused_must_use)]
/// # use tokenmint::{Context, Issuer};
/// fn end_all(issuer: &Issuer, context: &Context) {
///     issuer.revoke_all(context);
/// }
/// ```
///
/// ```
/// use tokenmint::*;
/// let keys = KeySet::builder().hmac("k1", [7; 32].as_slice())?.build()?;
/// let issuer = Issuer::new(keys, Policy::new("https://api.example.com"))?;
/// let context = Context::new(UnixTime::from_seconds(1_700_000_000), [7; 32]);
/// let store = MemoryStore::new();
///
/// let mut task = issuer.check("not a token", &context);
/// let mut reply = None;
/// let outcome = loop {
///     match task.step(reply.take()) {
///         Step::Need(command) => reply = Some(store.execute(command)),
///         Step::Done(outcome) => break outcome,
///         Step::Spent => unreachable!(),
///     }
/// };
/// assert_eq!(outcome.result.unwrap_err().code(), ErrorCode::HandleMalformed);
/// # Ok::<(), Error>(())
/// ```
#[must_use = "a task does nothing until it is driven"]
pub struct Task<T> {
    future: Option<Pin<Box<dyn Future<Output = Result<T>> + Send>>>,
    io: Io,
    asked: Option<Command>,
    /// How long acknowledged writes must last.
    needs: Durability,
}

impl<T: 'static> Task<T> {
    /// A task from an asynchronous block that asks for storage through the [`Io`] it is given.
    pub(crate) fn new<F>(flow: impl FnOnce(Io) -> F) -> Self
    where
        F: Future<Output = Result<T>> + Send + 'static,
    {
        let io = Io::default();
        Task { future: Some(Box::pin(flow(io.clone()))), io, asked: None, needs: Durability::Process }
    }

    /// The same task, for a store whose acknowledged writes last at least so long.
    pub(crate) fn needing(mut self, durability: Durability) -> Self {
        self.needs = durability;
        self
    }

    /// The same task with another result.
    ///
    /// ```
    /// use tokenmint::*;
    /// let keys = KeySet::builder().hmac("k1", [7; 32].as_slice())?.build()?;
    /// let issuer = Issuer::new(keys, Policy::new("https://api.example.com"))?;
    /// let context = Context::new(UnixTime::from_seconds(1_700_000_000), [7; 32]);
    /// let task = issuer.mint_task(&Claims::new(), Lifetime::HOUR, &context).map(|token| Ok(token.len()));
    /// assert!(task.run(&MemoryStore::new()).result? > 100);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn map<U: 'static>(mut self, then: impl FnOnce(T) -> Result<U> + Send + 'static) -> Task<U> {
        let io = self.io.clone();
        let future: Option<Pin<Box<dyn Future<Output = Result<U>> + Send>>> = match self.future.take() {
            Some(future) => Some(Box::pin(async move { then(future.await?) })),
            None => None,
        };
        Task { future, io, asked: self.asked, needs: self.needs }
    }

    /// Goes on: first with `None`, then with the reply to the command that was asked for.
    ///
    /// Without a reply while one is due, the same command is asked for again. A reply that was not asked for is
    /// ignored.
    pub fn step(&mut self, reply: Option<Result<Reply, StoreError>>) -> Step<T> {
        if let Some(asked) = &self.asked
            && reply.is_none()
        {
            return Step::Need(asked.clone());
        }
        self.advance(reply, true)
    }

    /// Drives the task to its end on a store that blocks or answers at once.
    ///
    /// A store that declares less than the policy's [`durability`](crate::Policy::durability) is `policy_invalid`.
    pub fn run<S: Store + ?Sized>(mut self, store: &S) -> Outcome<T> {
        if let Err(error) = self.admits(store.durability()) {
            return Outcome { result: Err(error), events: Vec::new() };
        }
        // A task that was stepped before goes on where it is.
        let mut reply = self.asked.take().map(|command| store.execute(command));
        loop {
            match self.advance(reply.take(), false) {
                Step::Need(command) => reply = Some(store.execute(command)),
                Step::Done(outcome) => return outcome,
                Step::Spent => {
                    return Outcome { result: Err(ErrorCode::Internal.into()), events: Vec::new() };
                }
            }
        }
    }

    /// Drives the task to its end on a store that answers later; as [`Task::run`].
    pub async fn run_async<S: AsyncStore + ?Sized>(mut self, store: &S) -> Outcome<T> {
        if let Err(error) = self.admits(store.durability()) {
            return Outcome { result: Err(error), events: Vec::new() };
        }
        let mut reply = match self.asked.take() {
            Some(command) => Some(store.execute(command).await),
            None => None,
        };
        loop {
            match self.advance(reply.take(), false) {
                Step::Need(command) => reply = Some(store.execute(command).await),
                Step::Done(outcome) => return outcome,
                Step::Spent => {
                    return Outcome { result: Err(ErrorCode::Internal.into()), events: Vec::new() };
                }
            }
        }
    }

    /// The task as a part of another: its commands and events are the other's.
    pub(crate) async fn within(mut self, io: &Io) -> Result<T> {
        let mut reply = None;
        loop {
            match self.advance(reply.take(), false) {
                Step::Need(command) => reply = Some(io.execute(command).await),
                Step::Done(outcome) => {
                    outcome.events.into_iter().for_each(|event| io.emit(event));
                    return outcome.result;
                }
                Step::Spent => return Err(ErrorCode::Internal.into()),
            }
        }
    }

    fn admits(&self, offered: Durability) -> Result<()> {
        let needs = self.needs;
        if offered >= needs {
            return Ok(());
        }
        Err(Error::new(ErrorCode::PolicyInvalid).at("durability").because(format!(
            "the policy needs a store that declares {needs}, and this one declares {offered}"
        )))
    }

    fn advance(&mut self, reply: Option<Result<Reply, StoreError>>, remember: bool) -> Step<T> {
        let Some(future) = self.future.as_mut() else { return Step::Spent };
        if let Some(reply) = reply {
            self.asked = None;
            self.io.slot().reply = Some(reply);
        }
        match future.as_mut().poll(&mut std::task::Context::from_waker(Waker::noop())) {
            Poll::Ready(result) => {
                self.future = None;
                Step::Done(Outcome { result, events: std::mem::take(&mut self.io.slot().events) })
            }
            Poll::Pending => match self.io.slot().command.take() {
                Some(command) => {
                    if remember {
                        self.asked = Some(command.clone());
                    }
                    Step::Need(command)
                }
                None => Step::Spent,
            },
        }
    }
}

impl<T> fmt::Debug for Task<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task").field("finished", &self.future.is_none()).finish_non_exhaustive()
    }
}

// What was asked for is often a token, in a type that cannot hide it.
impl<T> fmt::Debug for Outcome<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let result = self.result.as_ref().map(|_| format_args!(".."));
        f.debug_struct("Outcome").field("result", &result).field("events", &self.events).finish()
    }
}

/// The way out of a flow: commands to the store, and events to the host.
#[derive(Clone, Default)]
pub(crate) struct Io {
    slot: Arc<Mutex<Slot>>,
    /// Records of the configuration, which stand before whatever the store says.
    directory: Option<Arc<MemoryStore>>,
}

#[derive(Default)]
struct Slot {
    command: Option<Command>,
    /// Records of the configuration that stand before what the command's reply says, each with its place there.
    configured: Vec<(usize, Entry)>,
    reply: Option<Result<Reply, StoreError>>,
    events: Vec<Event>,
}

impl Io {
    /// The same way out, with records of the configuration.
    pub(crate) fn with_directory(self, directory: Option<Arc<MemoryStore>>) -> Self {
        Io { directory, ..self }
    }

    /// Asks for a command and waits for its reply. The only thing that a flow awaits.
    ///
    /// The command is given to the task at once: the future that waits has no copy of it.
    pub(crate) fn execute(&self, command: Command) -> Asked<'_> {
        // The store is asked for all, also where the configuration knows better: a command more or less would tell
        // whether a client is known.
        let mut slot = self.slot();
        slot.reply = None;
        slot.configured.clear();
        if let (Some(directory), Command::Load { keys }) = (&self.directory, &command) {
            let known = keys.iter().enumerate().map(|(at, key)| Some((at, directory.peek(key)?)));
            slot.configured.extend(known.flatten());
        }
        slot.command = Some(command);
        Asked { io: self, told: false }
    }

    /// Tells the host what happened.
    pub(crate) fn emit(&self, event: Event) {
        self.slot().events.push(event);
    }

    fn slot(&self) -> MutexGuard<'_, Slot> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A command that was asked for: waits for its reply.
pub(crate) struct Asked<'a> {
    io: &'a Io,
    /// Whether the task has been told that something is asked for.
    told: bool,
}

impl Future for Asked<'_> {
    type Output = Result<Reply, StoreError>;

    fn poll(mut self: Pin<&mut Self>, _: &mut std::task::Context<'_>) -> Poll<Self::Output> {
        if !self.told {
            self.told = true;
            return Poll::Pending;
        }
        let mut slot = self.io.slot();
        let Some(mut reply) = slot.reply.take() else { return Poll::Pending };
        if let Ok(Reply::Loaded { entries, .. }) = &mut reply {
            for (at, known) in slot.configured.drain(..) {
                if let Some(entry) = entries.get_mut(at) {
                    *entry = Some(known);
                }
            }
        }
        Poll::Ready(reply)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::RecordKey;

    fn load() -> Command {
        Command::Load { keys: vec![RecordKey::new(b"k").unwrap()] }
    }

    fn two_loads() -> Task<usize> {
        Task::new(|io| async move {
            let mut answers = 0;
            for _ in 0..2 {
                answers += usize::from(io.execute(load()).await.is_ok());
            }
            Ok(answers)
        })
    }

    #[test]
    fn runs_to_its_end() {
        assert_eq!(two_loads().run(&MemoryStore::new()).result.unwrap(), 2);
    }

    #[test]
    fn runs_on_from_a_step() {
        let mut task = two_loads();
        assert!(matches!(task.step(None), Step::Need(_)));
        assert_eq!(task.run(&MemoryStore::new()).result.unwrap(), 2);
    }

    #[test]
    fn steps_ask_again_until_they_are_answered() {
        let mut task = two_loads();
        assert!(matches!(task.step(None), Step::Need(command) if command == load()));
        assert!(matches!(task.step(None), Step::Need(command) if command == load()));
        assert!(matches!(task.step(Some(Err(StoreError::Unavailable))), Step::Need(_)));
        let last = task.step(Some(Ok(Reply::Done)));
        assert!(matches!(last, Step::Done(Outcome { result: Ok(1), .. })));
        assert!(matches!(task.step(None), Step::Spent));
        assert!(matches!(task.step(Some(Ok(Reply::Done))), Step::Spent));
    }
}
