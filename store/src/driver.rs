//! What a kind of store is to this crate.

use std::future::Future;
use std::ops::ControlFlow;

use tokenmint::{Command, Durability, Entry, RecordKey, Reply, Result, StoreError};

use crate::doctor::Finding;
use crate::target::Target;

/// A kind of store.
///
/// Sizes and times are checked before a driver sees a command, and its deadline is kept by whoever calls it: a driver's
/// future may be dropped at every await.
pub(crate) trait Driver: Sized + Send + Sync {
    /// Connects, and makes or migrates the schema.
    ///
    /// # Errors
    /// `store_unavailable` where it cannot be reached now, `policy_invalid` at `url` or one of its parameters for what
    /// can never work; neither repeats a password.
    fn open(target: &Target) -> impl Future<Output = Result<Self>> + Send;

    /// Carries out one command.
    fn execute(&self, command: Command) -> impl Future<Output = Result<Reply, StoreError>> + Send;

    /// Carries out a command on this thread, which may be blocked, where that is quicker; else gives it back.
    fn execute_here(&self, command: Command) -> ControlFlow<Result<Reply, StoreError>, Command> {
        ControlFlow::Continue(command)
    }

    /// How long an acknowledged write lasts, as the store was found to be set up.
    fn durability(&self) -> Durability;

    /// Looks for a wrong set-up. The store's clock is compared by the caller.
    ///
    /// # Errors
    /// As [`Driver::open`].
    fn examine(&self) -> impl Future<Output = Result<Vec<Finding>>> + Send;

    /// The store's own clock, in milliseconds since 1970, where it has one.
    fn now_ms(&self) -> impl Future<Output = Result<Option<u64>, StoreError>> + Send;

    /// A part of all that is stored, to be copied; `after` is what the part before gave as `next`.
    fn page(
        &self,
        after: Option<Cursor>,
        limit: u32,
    ) -> impl Future<Output = Result<Page, StoreError>> + Send;

    /// Writes limits as they were read by [`Driver::page`]; one that is there and later stays.
    fn put_cells(&self, cells: Vec<(RecordKey, u64)>) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// About how many entries and limits there are, for a progress bar.
    fn count(&self) -> impl Future<Output = Result<u64, StoreError>> + Send;
}

/// Where a driver goes on reading; its bytes mean something to that driver only.
pub(crate) type Cursor = Vec<u8>;

/// A part of all that is stored.
#[derive(Debug, Default)]
pub(crate) struct Page {
    pub(crate) entries: Vec<(RecordKey, Entry)>,
    /// The limits, with their theoretical arrival times in microseconds.
    pub(crate) cells: Vec<(RecordKey, u64)>,
    /// `None` at the end.
    pub(crate) next: Option<Cursor>,
}
