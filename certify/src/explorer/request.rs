//! One of several requests at the same time: a flow whose commands wait for their turn.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use tokenmint::{AsyncStore, Command, ErrorCode, Reply, Store, StoreError, Task};

/// What a request answered: a text that identifies the success, or the code of the refusal.
pub type Answer = Result<String, ErrorCode>;

/// A flow under way.
pub struct Request {
    flow: Pin<Box<dyn Future<Output = Answer> + Send>>,
    turn: Turn,
    state: State,
}

#[expect(clippy::large_enum_variant, reason = "one for each request that is explored")]
pub(super) enum State {
    Asking(Command),
    Answered(Answer),
    Crashed,
}

impl Request {
    /// A flow of the core; `show` names what it gave.
    ///
    /// ```
    /// use tokenmint::{Context, Issuer, KeySet, MemoryStore, Policy, UnixTime};
    /// use tokenmint_certify::explorer::Request;
    /// let keys = KeySet::builder().hmac("k1", [7; 32].as_slice())?.build()?;
    /// let issuer = Issuer::new(keys, Policy::new("https://api.example.com"))?;
    /// let context = Context::new(UnixTime::from_seconds(1_700_000_000), [7; 32]);
    /// let request = Request::of(issuer.revoke_all(&context), |()| "revoked".into());
    /// assert_eq!(request.run(&MemoryStore::new()), Ok("revoked".into()));
    /// # Ok::<(), tokenmint::Error>(())
    /// ```
    pub fn of<T: Send + 'static>(task: Task<T>, show: impl FnOnce(T) -> String + Send + 'static) -> Self {
        Request::new(|store| async move {
            task.run_async(&store).await.result.map(show).map_err(|error| error.code())
        })
    }

    /// A flow that is written by hand. It may await the store that it is given, and nothing else.
    pub fn new<F>(flow: impl FnOnce(Turn) -> F) -> Self
    where
        F: Future<Output = Answer> + Send + 'static,
    {
        let turn = Turn::default();
        let flow = Box::pin(flow(turn.clone()));
        let mut request = Request { flow, turn, state: State::Crashed };
        request.go_on();
        request
    }

    /// Runs it to its end without any other at the same time.
    pub fn run<S: Store + ?Sized>(mut self, store: &S) -> Answer {
        loop {
            match self.state {
                State::Asking(command) => {
                    self.state = State::Crashed;
                    self.reply(store.execute(command));
                }
                State::Answered(answer) => return answer,
                State::Crashed => return Err(ErrorCode::Internal),
            }
        }
    }

    pub(super) fn asks(&self) -> Option<&Command> {
        match &self.state {
            State::Asking(command) => Some(command),
            _ => None,
        }
    }

    pub(super) fn reply(&mut self, reply: Result<Reply, StoreError>) {
        self.turn.slot().reply = Some(reply);
        self.go_on();
    }

    pub(super) fn crash(&mut self) {
        self.state = State::Crashed;
    }

    /// `None` where it crashed.
    pub(super) fn answer(self) -> Option<Answer> {
        match self.state {
            State::Answered(answer) => Some(answer),
            _ => None,
        }
    }

    fn go_on(&mut self) {
        self.state = match self.flow.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(answer) => State::Answered(answer),
            // A flow that waits for anything else never goes on.
            Poll::Pending => self.turn.slot().command.take().map_or(State::Crashed, State::Asking),
        };
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request").field("asks", &self.asks().is_some()).finish_non_exhaustive()
    }
}

/// The store as a [`Request`] sees it: what it asks for is carried out when its turn has come.
#[derive(Clone, Debug, Default)]
pub struct Turn(Arc<Mutex<Slot>>);

#[derive(Debug, Default)]
struct Slot {
    command: Option<Command>,
    reply: Option<Result<Reply, StoreError>>,
}

impl Turn {
    fn slot(&self) -> MutexGuard<'_, Slot> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AsyncStore for Turn {
    async fn execute(&self, command: Command) -> Result<Reply, StoreError> {
        self.slot().command = Some(command);
        std::future::poll_fn(|_| self.slot().reply.take().map_or(Poll::Pending, Poll::Ready)).await
    }
}
