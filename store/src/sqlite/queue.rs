//! What waits for a thread of the store.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use tokenmint::StoreError;

/// How many may wait. More would only wait longer than their callers do.
const MOST: usize = 4096;

/// A bounded queue for any number of threads on both sides.
pub(super) struct Queue<T> {
    state: Mutex<State<T>>,
    filled: Condvar,
}

struct State<T> {
    waiting: VecDeque<T>,
    closed: bool,
}

impl<T> Queue<T> {
    /// Adds one, without waiting; `Unavailable` where the queue is full or closed.
    pub(super) fn push(&self, job: T) -> Result<(), StoreError> {
        let mut state = self.lock();
        if state.closed || state.waiting.len() >= MOST {
            return Err(StoreError::Unavailable);
        }
        state.waiting.push_back(job);
        drop(state);
        self.filled.notify_one();
        Ok(())
    }

    /// Waits until there is something to take; false once the queue is closed.
    pub(super) fn wait(&self) -> bool {
        let state = self.lock();
        let waited = self.filled.wait_while(state, |state| !state.closed && state.waiting.is_empty());
        !waited.unwrap_or_else(PoisonError::into_inner).closed
    }

    /// Takes at most so many, without waiting.
    pub(super) fn take(&self, most: usize) -> Vec<T> {
        let mut state = self.lock();
        let taken = most.min(state.waiting.len());
        state.waiting.drain(..taken).collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lock().waiting.is_empty()
    }

    /// Lets go of all that waits, and of the threads.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        self.filled.notify_all();
        drop(waiting);
    }

    // Nothing that runs under the lock can leave the queue half changed.
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Queue { state: Mutex::new(State { waiting: VecDeque::new(), closed: false }), filled: Condvar::new() }
    }
}

/// Closes the queue when its thread ends for whatever reason, so that nobody waits for a thread that is gone.
pub(super) struct Served<'a, T>(pub(super) &'a Queue<T>);

impl<T> Drop for Served<'_, T> {
    fn drop(&mut self) {
        self.0.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_bounded_keeps_the_order_and_ends() {
        let queue = Queue::default();
        for job in 0..MOST {
            queue.push(job).unwrap();
        }
        assert_eq!(queue.push(MOST), Err(StoreError::Unavailable));
        assert!(queue.wait());
        assert_eq!(queue.take(2), [0, 1]);
        queue.push(MOST).unwrap();
        assert_eq!(queue.take(MOST * 2).last(), Some(&MOST));
        assert!(queue.is_empty());

        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| queue.wait());
            drop(Served(&queue));
            assert!(!waiting.join().unwrap());
        });
        assert_eq!(queue.push(0), Err(StoreError::Unavailable));
    }
}
