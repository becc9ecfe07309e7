//! A value that many read at any time, and that is replaced now and then.

use std::sync::{PoisonError, RwLock, RwLockReadGuard, TryLockError};

/// Two copies of a value. A writer holds one of them at a time, so a reader finds the other free: it waits neither for a
/// writer nor for a reader that a writer waits for.
#[derive(Debug, Default)]
pub(super) struct Published<T> {
    copies: [RwLock<T>; 2],
}

impl<T> Published<T> {
    /// What stands there, or what stood there until now.
    #[inline]
    pub(super) fn read<R>(&self, read: impl FnOnce(&T) -> R) -> R {
        let [first, second] = &self.copies;
        // Both are taken only where a writer went from one to the other in between.
        let copy = free(first).or_else(|| free(second));
        read(&copy.unwrap_or_else(|| first.read().unwrap_or_else(PoisonError::into_inner)))
    }

    /// Changes both copies; the caller sees to it that nobody else does at the same time.
    pub(super) fn write(&self, change: impl Fn(&mut T)) {
        for copy in &self.copies {
            change(&mut copy.write().unwrap_or_else(PoisonError::into_inner));
        }
    }
}

#[inline]
fn free<T>(copy: &RwLock<T>) -> Option<RwLockReadGuard<'_, T>> {
    match copy.try_read() {
        Ok(guard) => Some(guard),
        // Nothing panics while a copy is held, and every state in between is whole.
        Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_waits_for_no_writer() {
        let value: Published<u8> = Published::default();
        value.write(|value| *value += 1);
        for held in &value.copies {
            let _writer = held.write().unwrap();
            assert_eq!(value.read(|value| *value), 1);
        }
    }
}
