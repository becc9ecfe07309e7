//! The one loop around a decisive write: load, decide, write; and where another was first, decide anew on what is there
//! now.

use super::{Change, Draft, Pending, Records, Stored, busy, decode_some};
use crate::encoding::sha256;
use crate::error::Result;
use crate::json::FromJson;
use crate::store::RecordKey;

/// How often a flow decides anew when others change its record at the same time.
const MAX_ROUNDS: usize = 4;

/// What becomes of a record, and the flow's answer once that is so.
pub(crate) enum Decision<R> {
    /// It is written.
    Write(Draft, R),
    /// It is removed.
    Delete(R),
    /// It stays as it is.
    Leave(R),
}

/// A record under change: what is there now, and how often others were first.
///
/// [`Records::update`] is enough where the record alone decides. Where a decision asks for more, such as a signature, the
/// flow goes round by itself:
///
/// ```text
/// let mut update = records.open(key).await?;
/// loop {
///     let session: Option<Session> = update.found()?;
///     // decide, and then:
///     if records.write(&mut update, draft).await? {
///         return Ok(answer);
///     }
/// }
/// ```
pub(crate) struct Update {
    key: RecordKey,
    found: Option<Stored>,
    rounds: usize,
}

impl Update {
    /// The change of a record that was read, or was not there.
    pub(crate) fn new(key: RecordKey, found: Option<Stored>) -> Self {
        Update { key, found, rounds: 0 }
    }

    /// What is there now.
    pub(crate) fn found<T: FromJson>(&self) -> Result<Option<T>> {
        decode_some(self.found.as_ref())
    }

    /// Which record it is that is replaced, as a number: another one after each write.
    pub(crate) fn replaces(&self) -> Option<u64> {
        let version = self.found.as_ref()?.version.as_bytes();
        sha256(version).first_chunk().map(|first| u64::from_be_bytes(*first))
    }

    /// Whether the change was done; where it was not, this is there now, to be decided about anew.
    fn follows(&mut self, change: Change) -> Result<bool> {
        match change {
            Change::Done => Ok(true),
            Change::Conflict(entry) => {
                self.found = entry;
                self.rounds += 1;
                if self.rounds < MAX_ROUNDS { Ok(false) } else { Err(busy()) }
            }
        }
    }
}

impl Records {
    /// Reads a record, and changes it as `decide` says of what is there: once more for each time that another was first.
    pub(crate) async fn update<T: FromJson, R>(
        &mut self,
        key: RecordKey,
        mut decide: impl FnMut(Option<T>) -> Result<Decision<R>>,
    ) -> Result<R> {
        let mut update = self.open(key).await?;
        loop {
            let (done, answer) = match decide(update.found()?)? {
                Decision::Write(draft, answer) => (self.write(&mut update, draft).await?, answer),
                Decision::Delete(answer) => (self.remove(&mut update).await?, answer),
                Decision::Leave(answer) => (true, answer),
            };
            if done {
                return Ok(answer);
            }
        }
    }

    /// Reads a record that is to be changed.
    pub(crate) async fn open(&self, key: RecordKey) -> Result<Update> {
        let [found] = self.load([key.clone()]).await?;
        Ok(Update::new(key, found))
    }

    /// Writes the record; `false` where another was first. `store_busy` where others always are.
    pub(crate) async fn write(&mut self, update: &mut Update, draft: Draft) -> Result<bool> {
        let write = self.prepare(update, draft);
        self.commit(update, write).await
    }

    /// Removes the record, as [`Records::write`] writes it.
    pub(crate) async fn remove(&mut self, update: &mut Update) -> Result<bool> {
        let Some(entry) = &update.found else { return Ok(true) };
        let change = self.delete(&update.key, entry).await?;
        update.follows(change)
    }

    /// The write of the record, for [`Records::commit`]: what must be there before it is made in between.
    pub(crate) fn prepare(&mut self, update: &Update, draft: Draft) -> Pending {
        self.pending(&update.key, update.found.as_ref(), draft)
    }

    /// Does a write, as [`Records::write`].
    pub(crate) async fn commit(&mut self, update: &mut Update, write: Pending) -> Result<bool> {
        let change = self.execute(write).await?;
        update.follows(change)
    }
}
