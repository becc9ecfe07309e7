//! A flow as a value that asks for storage.

use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use tokenmint::{Command, Event, Outcome, Reply, Step, Store, StoreError};

use crate::database::Database;
use crate::errors::{Result, unpicklable};
use crate::store::{MemoryStore, command_to_python, reply_from_python};
use crate::values;

/// A flow under way. It does nothing until it is driven.
#[pyclass(frozen, module = "tokenmint._tokenmint")]
pub(crate) struct Task(Mutex<State>);

enum State {
    Running(Box<dyn Drive>),
    /// `None` when the result was taken.
    Done {
        result: Option<tokenmint::Result<Box<dyn Finish>>>,
        events: Vec<Event>,
    },
    /// Only while another state takes its place.
    Changing,
}

type Answer = std::result::Result<Reply, StoreError>;

/// A task of the core, whatever its result is.
trait Drive: Send {
    fn step(&mut self, reply: Option<Answer>) -> Step<Box<dyn Finish>>;
    fn run(self: Box<Self>, store: &dyn Store) -> Outcome<Box<dyn Finish>>;
}

/// The result of a task on its way to Python.
trait Finish: Send {
    fn finish<'py>(self: Box<Self>, py: Python<'py>) -> Result<Bound<'py, PyAny>>;
}

type Convert<T> = for<'py> fn(Python<'py>, T) -> Result<Bound<'py, PyAny>>;

struct Of<T>(tokenmint::Task<T>, Convert<T>);

struct Found<T>(T, Convert<T>);

impl<T: Send + 'static> Drive for Of<T> {
    fn step(&mut self, reply: Option<Answer>) -> Step<Box<dyn Finish>> {
        match self.0.step(reply) {
            Step::Need(command) => Step::Need(command),
            Step::Done(outcome) => Step::Done(found(outcome, self.1)),
            Step::Spent => Step::Spent,
        }
    }

    fn run(self: Box<Self>, store: &dyn Store) -> Outcome<Box<dyn Finish>> {
        let Of(task, convert) = *self;
        found(task.run(store), convert)
    }
}

impl<T: Send> Finish for Found<T> {
    fn finish<'py>(self: Box<Self>, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        (self.1)(py, self.0)
    }
}

fn found<T: Send + 'static>(outcome: Outcome<T>, convert: Convert<T>) -> Outcome<Box<dyn Finish>> {
    let result = outcome.result.map(|value| Box::new(Found(value, convert)) as Box<dyn Finish>);
    Outcome { result, events: outcome.events }
}

impl Task {
    pub(crate) fn new<T: Send + 'static>(task: tokenmint::Task<T>, convert: Convert<T>) -> Self {
        Task(Mutex::new(State::Running(Box::new(Of(task, convert)))))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[pymethods]
impl Task {
    /// Goes on, with the reply to the command that was asked for; None when it is finished.
    #[pyo3(signature = (reply))]
    fn step<'py>(
        &self,
        py: Python<'py>,
        reply: Option<&Bound<'py, PyAny>>,
    ) -> Result<Option<Bound<'py, PyAny>>> {
        let reply = reply.map(reply_from_python).transpose()?;
        // Flows sign: other threads run meanwhile.
        match py.detach(|| self.advance(reply)) {
            Some(command) => Ok(Some(command_to_python(py, command)?)),
            None => Ok(None),
        }
    }

    /// Drives the task to its end on one of this package's stores, while other threads run.
    fn run(&self, py: Python<'_>, store: Own<'_>) -> Result<()> {
        match store {
            Own::Memory(store) => {
                let store = &store.get().0;
                py.detach(|| self.drive(store));
            }
            Own::Database(store) => {
                let store = store.get().opened()?;
                // Whoever lets go last closes it: not while Python waits.
                py.detach(move || self.drive(&*store));
            }
        }
        Ok(())
    }

    /// The result, once; or the exception that says why there is none.
    fn result<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        let result = match &mut *self.state() {
            State::Done { result, .. } => result.take(),
            _ => {
                return Err(PyRuntimeError::new_err(
                    "the task is not finished: drive it with run, run_async or step",
                )
                .into());
            }
        };
        match result {
            Some(result) => result?.finish(py),
            None => Err(PyRuntimeError::new_err("the task's result was taken before").into()),
        }
    }

    /// What happened, as dicts; none before the end.
    fn events<'py>(&self, py: Python<'py>) -> Result<Vec<Bound<'py, PyAny>>> {
        let events = match &*self.state() {
            State::Done { events, .. } => events.clone(),
            _ => Vec::new(),
        };
        let text = |event| serde_json::to_string(event).unwrap_or_default();
        events.iter().map(|event| values::parse(py, &text(event))).collect()
    }

    fn __reduce__(&self) -> Result<()> {
        unpicklable("Task")
    }
}

/// A store that needs no Python to answer.
#[derive(FromPyObject)]
enum Own<'py> {
    Memory(Bound<'py, MemoryStore>),
    Database(Bound<'py, Database>),
}

impl Task {
    fn drive(&self, store: &dyn Store) {
        let mut state = self.state();
        *state = match std::mem::replace(&mut *state, State::Changing) {
            State::Running(task) => State::done(task.run(store)),
            other => other,
        };
    }

    fn advance(&self, reply: Option<Answer>) -> Option<Command> {
        let mut state = self.state();
        let State::Running(task) = &mut *state else { return None };
        match task.step(reply) {
            Step::Need(command) => Some(command),
            Step::Done(outcome) => {
                *state = State::done(outcome);
                None
            }
            Step::Spent => None,
        }
    }
}

impl State {
    fn done(outcome: Outcome<Box<dyn Finish>>) -> Self {
        State::Done { result: Some(outcome.result), events: outcome.events }
    }
}
