//! Tasks: flows under way, of which the host carries out the commands.

use std::cell::RefCell;

use tokenmint::{Command, Error, Event, Outcome, Reply, Step};
use wasm_bindgen::prelude::wasm_bindgen;
use zeroize::Zeroizing;

use crate::error::{Result, internal};
use crate::exchange::{self, Answer};
use crate::keys::json;
#[cfg(feature = "issue")]
use crate::store::MemoryStore;

/// A flow under way, and then its outcome.
#[wasm_bindgen]
pub struct Task(State);

enum State {
    UnderWay(tokenmint::Task<Vec<u8>>),
    Finished { result: Result<Zeroizing<Vec<u8>>, Error>, events: Vec<Event> },
}

impl Task {
    pub(crate) fn new(task: tokenmint::Task<Vec<u8>>) -> Self {
        Task(State::UnderWay(task))
    }

    /// Goes on; `None` where it is finished.
    fn step(&mut self, reply: Option<Result<Reply, tokenmint::StoreError>>) -> Option<Command> {
        let State::UnderWay(task) = &mut self.0 else { return None };
        let outcome = match task.step(reply) {
            Step::Need(command) => return Some(command),
            Step::Done(outcome) => outcome,
            Step::Spent => Outcome { result: Err(internal("the task is spent")), events: Vec::new() },
        };
        self.0 = State::Finished { result: outcome.result.map(Zeroizing::new), events: outcome.events };
        None
    }

    fn read(reply: Option<&str>) -> Result<Option<Result<Reply, tokenmint::StoreError>>> {
        Ok(reply.map(Reply::from_json).transpose()?)
    }
}

#[wasm_bindgen]
impl Task {
    /// Goes on: the next command as JSON, or nothing where it is finished. `reply` is the answer to the one before, as
    /// JSON; without it, the same command comes again.
    pub fn advance(&mut self, reply: Option<String>) -> Result<Option<String>> {
        Ok(self.step(Self::read(reply.as_deref())?).map(|command| command.to_json()))
    }

    /// As `advance`, on a store of this module: only commands for the host's keys come out.
    #[cfg(feature = "issue")]
    pub fn advance_on(&mut self, store: &MemoryStore, reply: Option<String>) -> Result<Option<String>> {
        let mut reply = Self::read(reply.as_deref())?;
        loop {
            match self.step(reply.take()) {
                Some(command @ (Command::Sign { .. } | Command::VerifySignature { .. })) => {
                    return Ok(Some(command.to_json()));
                }
                Some(command) => reply = Some(tokenmint::Store::execute(&store.0, command)),
                None => return Ok(None),
            }
        }
    }

    /// The result, a text.
    pub fn result(&self) -> Result<String> {
        match &self.0 {
            State::Finished { result, .. } => {
                let bytes = result.as_ref().map_err(Clone::clone)?;
                String::from_utf8(bytes.to_vec()).map_err(|_| internal("a result is a text").into())
            }
            State::UnderWay(_) => Err(internal("the task is not finished").into()),
        }
    }

    /// What happened: a JSON array.
    pub fn events(&self) -> Result<String> {
        match &self.0 {
            State::Finished { events, .. } => json(events),
            State::UnderWay(_) => Err(internal("the task is not finished").into()),
        }
    }
}

/// A task that asks for nothing but the host's keys, and is answered at once.
pub(crate) struct Question<T>(tokenmint::Task<T>);

impl<T: AsRef<[u8]> + 'static> Question<T> {
    pub(crate) fn new(task: tokenmint::Task<T>) -> Self {
        Question(task)
    }

    /// Goes on: leaves the result, or the next question, which then is pending.
    pub(crate) fn go_on(mut self, reply: Option<Reply>, pending: &RefCell<Option<Self>>) -> i32 {
        match self.0.step(reply.map(Ok)) {
            Step::Done(Outcome { result, .. }) => match result {
                Ok(result) => exchange::leave(Ok(Answer::Bytes(result.as_ref()))),
                Err(error) => exchange::leave(Err(error.into())),
            },
            Step::Need(command) => {
                pending.replace(Some(self));
                exchange::leave(match &command {
                    Command::Sign { kid, algorithm, message } => {
                        Ok(Answer::Ask { algorithm: algorithm.name(), key: kid, message })
                    }
                    // The message and the signature stand in the token, which the host has.
                    Command::VerifySignature { kid, algorithm, .. } => {
                        Ok(Answer::Ask { algorithm: algorithm.name(), key: kid, message: &[] })
                    }
                    _ => Err(internal("a store was asked for").into()),
                })
            }
            Step::Spent => exchange::leave(Err(internal("the task is spent").into())),
        }
    }
}
