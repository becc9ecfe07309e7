//! Driving a task by hand: what a store answers is the test's to say, and a task may be left half done.

use tokenmint::*;

/// Drives a task to its end, with each command answered by a function.
pub(crate) fn drive<T: 'static>(
    mut task: Task<T>,
    mut answer: impl FnMut(Command) -> Result<Reply, StoreError>,
) -> Outcome<T> {
    let mut reply = None;
    loop {
        match task.step(reply.take()) {
            Step::Need(command) => reply = Some(answer(command)),
            Step::Done(outcome) => return outcome,
            Step::Spent => panic!("the task was driven on after its end"),
        }
    }
}

/// Drives a task until so many writes are done. Dropped then, it is a process that died there.
pub(crate) fn drive_to_write<T: 'static>(task: &mut Task<T>, store: &impl Store, writes: usize) {
    let (mut reply, mut done) = (None, 0);
    while done < writes {
        match task.step(reply.take()) {
            Step::Need(command) => {
                done += usize::from(matches!(command, Command::Cas { .. }));
                reply = Some(store.execute(command));
            }
            _ => panic!("the task ended before its write number {writes}"),
        }
    }
    // The reply is given, so the task waits for its next command.
    drop(task.step(reply));
}
