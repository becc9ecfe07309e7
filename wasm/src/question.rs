//! What is asked of the host's keys by a call of [`crate::exchange`], and the answers.
//!
//! The question waits here where the host answers at once. Where it answers later, and other calls may come in between, it is
//! put aside.

use std::cell::RefCell;

use tokenmint::{Command, Outcome, Reply, Step, Task};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::error::{Result, internal};
use crate::exchange::{self, Answer};

thread_local! {
    static WAITING: RefCell<Option<Question>> = RefCell::default();
}

/// A call under way, which waits for what the host says.
#[wasm_bindgen]
pub struct Question(Task<Vec<u8>>);

#[wasm_bindgen]
impl Question {
    /// Takes the question of the last call, so that another can be made.
    pub fn put_aside() -> Result<Question> {
        WAITING.take().ok_or_else(|| not_asked().into())
    }

    /// The question is the last call's again.
    pub fn take_up(self) {
        WAITING.set(Some(self));
    }
}

/// Goes on with what the host says about the signature.
#[wasm_bindgen]
pub fn answer_verified(valid: bool) -> i32 {
    go_on(Ok(Reply::Verified(valid)))
}

/// Goes on with the host's signature, which stands in the input.
#[cfg(feature = "mint")]
#[wasm_bindgen]
pub fn answer_signed(length: u32) -> i32 {
    go_on(exchange::read(0, length, |signature| Reply::Signed(signature.to_vec())))
}

fn go_on(reply: Result<Reply>) -> i32 {
    match (WAITING.take(), reply) {
        (Some(Question(task)), Ok(reply)) => drive(task, Some(reply)),
        (None, _) => exchange::leave(Err(not_asked().into())),
        (_, Err(error)) => exchange::leave(Err(error)),
    }
}

/// Begins a task that asks for nothing but the host's keys: leaves its result, or the first question.
pub(crate) fn begin(task: Task<Vec<u8>>) -> i32 {
    drive(task, None)
}

fn drive(mut task: Task<Vec<u8>>, reply: Option<Reply>) -> i32 {
    match task.step(reply.map(Ok)) {
        Step::Done(Outcome { result: Ok(result), .. }) => exchange::leave(Ok(Answer::Bytes(&result))),
        Step::Done(Outcome { result: Err(error), .. }) => exchange::leave(Err(error.into())),
        Step::Need(command) => {
            WAITING.set(Some(Question(task)));
            exchange::leave(match &command {
                Command::Sign { kid, algorithm, message } => {
                    Ok(Answer::Ask { algorithm: algorithm.name(), key: kid, message })
                }
                // The signature stands in the text that begins with the message, which the host has.
                Command::VerifySignature { kid, algorithm, message, .. } => {
                    Ok(Answer::Ask { algorithm: algorithm.name(), key: kid, message })
                }
                _ => Err(internal("a store was asked for").into()),
            })
        }
        Step::Spent => exchange::leave(Err(internal("the task is spent").into())),
    }
}

/// The error of a call that continues one that never was.
fn not_asked() -> tokenmint::Error {
    internal("nothing was asked")
}
