//! Token sources: a client's tokens, kept in a store.

use std::ffi::c_char;
use std::mem::MaybeUninit;

use tokenmint::source;

use crate::arguments::{context_of_micros, place, text, tokenmint_seed};
use crate::error::tokenmint_error;
use crate::guard::guard;
use crate::task::tokenmint_task;

/// A step of a token source by its name, with JSON in and out, as a task: `keep_tokens`, `next_token`, `take_answer` or
/// `forget_tokens`. `docs/token-source.md` says what each takes and gives. It needs no issuer.
///
/// `input`: a JSON object with the step's members; one that is not known is an error.
///
/// What is wrong with the input shows in `tokenmint_task_result`, as the step's own errors do: `sign_in_required`,
/// `token_endpoint_unavailable`, `token_endpoint_refused`.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tokenmint_source_operation(
    operation: *const c_char,
    operation_length: usize,
    input: *const c_char,
    input_length: usize,
    now_us: i64,
    seed: Option<&tokenmint_seed>,
    task: Option<&mut MaybeUninit<*mut tokenmint_task>>,
    error: Option<&mut MaybeUninit<tokenmint_error>>,
) -> i32 {
    guard(error, || {
        let out = place(task, "task")?;
        // SAFETY: the caller keeps the header's contract.
        let (operation, input) =
            unsafe { (text(operation, operation_length, "operation")?, text(input, input_length, "input")?) };
        let step = source::operation(operation, input, &context_of_micros(now_us, seed)?);
        out.write(tokenmint_task::new(step.map(|output| Ok(output.into_bytes()))));
        Ok(())
    })
}
