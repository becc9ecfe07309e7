//! Tasks: flows under way, driven by a store or step by step.

use std::ffi::c_char;
use std::mem::MaybeUninit;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use tokenmint::{Error, ErrorCode, Event, Outcome, Reply, Result, Step, Store, StoreError, Task};
use zeroize::Zeroizing;

use crate::arguments::{optional, place};
use crate::bytes::tokenmint_bytes;
use crate::error::tokenmint_error;
use crate::guard::{guard, guard_value};
use crate::handle::{Handle, borrow, free, handles};
use crate::store::tokenmint_store;

/// A flow under way, and then its outcome. It does nothing until it is driven, by `tokenmint_task_run` or by
/// `tokenmint_task_step`.
pub struct tokenmint_task(Mutex<State>);

handles!(tokenmint_task b"tm task\0");

#[expect(clippy::large_enum_variant, reason = "it stands in the handle, which is on the heap")]
enum State {
    UnderWay(Task<Vec<u8>>),
    Finished(Finished),
}

struct Finished {
    result: Result<Zeroizing<Vec<u8>>>,
    events: Vec<Event>,
}

impl tokenmint_task {
    /// A task for C, whose result is bytes.
    pub(crate) fn new(task: Task<Vec<u8>>) -> *mut Self {
        tokenmint_task(Mutex::new(State::UnderWay(task))).into_handle()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Goes on; `None` where it is finished.
    fn step(&mut self, reply: Option<Result<Reply, StoreError>>) -> Option<tokenmint::Command> {
        let State::UnderWay(task) = self else { return None };
        let outcome = match task.step(reply) {
            Step::Need(command) => return Some(command),
            Step::Done(outcome) => outcome,
            Step::Spent => Outcome { result: Err(ErrorCode::Internal.into()), events: Vec::new() },
        };
        *self = State::of(outcome);
        None
    }

    /// Goes on to the end.
    fn run(&mut self, store: &dyn Store) {
        if let State::UnderWay(_) = self {
            // What stays where the store panics.
            let broken = Finished { result: Err(ErrorCode::Internal.into()), events: Vec::new() };
            if let State::UnderWay(task) = std::mem::replace(self, State::Finished(broken)) {
                *self = State::of(task.run(store));
            }
        }
    }

    fn of(outcome: Outcome<Vec<u8>>) -> Self {
        let Outcome { result, events } = outcome;
        State::Finished(Finished { result: result.map(Zeroizing::new), events })
    }

    fn finished(&self) -> Result<&Finished> {
        match self {
            State::Finished(finished) => Ok(finished),
            State::UnderWay(_) => {
                Err(Error::new(ErrorCode::FieldInvalid).at("task").because("the task is not finished"))
            }
        }
    }
}

/// Drives a task to its end on a store. 0 means that it is finished, not that it succeeded: `tokenmint_task_result` says
/// that. A task that was stepped before goes on where it is. A store that promises less than the policy's `durability` is
/// refused: the result is `policy_invalid` there.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tokenmint_task_run(
    task: *mut tokenmint_task,
    store: *const tokenmint_store,
    error: Option<&mut MaybeUninit<tokenmint_error>>,
) -> i32 {
    guard(error, || {
        // SAFETY: the caller keeps the header's contract.
        let (task, store) = unsafe { (borrow(task.cast_const(), "task")?, tokenmint_store::borrow(store)?) };
        task.state().run(store);
        Ok(())
    })
}

/// Goes on by one step, for callers that have their own storage or hold keys: `command` is what the task needs next, a
/// JSON object, or `data` in it is NULL where the task is finished.
///
/// `reply`: NULL and 0 at first, and then the answer to the command before, a JSON object; without one, the same command is
/// asked for again. `docs/c-abi.md` lists commands and replies.
///
/// Fails with `invalid_request` for a text that is no reply; the task then waits for one still.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tokenmint_task_step(
    task: *mut tokenmint_task,
    reply: *const c_char,
    reply_length: usize,
    command: Option<&mut MaybeUninit<tokenmint_bytes>>,
    error: Option<&mut MaybeUninit<tokenmint_error>>,
) -> i32 {
    guard(error, || {
        let out = place(command, "command")?;
        // SAFETY: the caller keeps the header's contract.
        let (task, reply) =
            unsafe { (borrow(task.cast_const(), "task")?, optional(reply, reply_length, "reply")?) };
        let reply = reply.map(Reply::from_json).transpose()?;
        let command = task.state().step(reply);
        out.write(command.map_or(tokenmint_bytes::NOTHING, |command| command.to_json().into()));
        Ok(())
    })
}

/// The result of a finished task, as often as it is asked for: what the function that made the task says.
///
/// Fails with the error of the flow; `field_invalid` at `task` where it is not finished.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tokenmint_task_result(
    task: *const tokenmint_task,
    result: Option<&mut MaybeUninit<tokenmint_bytes>>,
    error: Option<&mut MaybeUninit<tokenmint_error>>,
) -> i32 {
    guard(error, || {
        let out = place(result, "result")?;
        // SAFETY: the caller keeps the header's contract.
        let state = unsafe { borrow(task, "task")? }.state();
        let result = state.finished()?.result.as_ref();
        out.write(result.map_err(Clone::clone)?.as_slice().into());
        Ok(())
    })
}

/// What happened in a finished task, whether it succeeded or not: a JSON array of objects such as
/// `{"event":"token_issued","subject":"..."}`, with ids and fingerprints, never tokens or secrets. For the caller's log.
///
/// Fails with `field_invalid` at `task` where it is not finished.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tokenmint_task_events(
    task: *const tokenmint_task,
    events: Option<&mut MaybeUninit<tokenmint_bytes>>,
    error: Option<&mut MaybeUninit<tokenmint_error>>,
) -> i32 {
    guard(error, || {
        let out = place(events, "events")?;
        // SAFETY: the caller keeps the header's contract.
        let state = unsafe { borrow(task, "task")? }.state();
        out.write(json(&state.finished()?.events)?.into());
        Ok(())
    })
}

/// Frees a task, finished or not. What it has stored until then stays, which is always a whole state; one that was never
/// driven has done nothing, and says so nowhere.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tokenmint_task_free(task: *mut tokenmint_task) {
    // SAFETY: the caller keeps the header's contract.
    guard_value((), || unsafe { free(task) });
}

/// JSON text of what the core gives out, which can always be written.
pub(crate) fn json<T: Serialize + ?Sized>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|_| Error::new(ErrorCode::Internal))
}
