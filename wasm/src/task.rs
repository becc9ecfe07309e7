//! Tasks: flows under way, of which the host carries out the commands.

use tokenmint::{Command, Error, Event, Outcome, Reply, Step};
use wasm_bindgen::prelude::wasm_bindgen;
use zeroize::Zeroizing;

use crate::error::{Result, internal};
use crate::keys::json;
use crate::store::MemoryStore;

/// A flow under way, and then its outcome.
#[wasm_bindgen]
pub struct Task(State);

enum State {
    UnderWay(Box<tokenmint::Task<Vec<u8>>>),
    Finished { result: Result<Zeroizing<Vec<u8>>, Error>, events: Vec<Event> },
}

impl Task {
    pub(crate) fn new(task: tokenmint::Task<Vec<u8>>) -> Self {
        Task(State::UnderWay(Box::new(task)))
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
