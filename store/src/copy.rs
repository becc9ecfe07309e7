//! One store copied into another.

use tokenmint::{AsyncStore, Command, Error, ErrorCode, Expect, RecordKey, Reply, Result, StoreError, Write};

use crate::database::Database;
use crate::target::invalid;

/// How many records are read at once.
const PAGE: u32 = 500;
/// How many are written at the same time.
const WRITERS: usize = 32;

/// How far a copy is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Copied {
    /// Records that were written.
    pub records: u64,
    /// Limits that were written.
    pub limits: u64,
    /// Records that were there already, the same to the version.
    pub present: u64,
    /// About how many there are in all.
    pub total: u64,
}

impl Copied {
    /// How many are done.
    pub fn done(&self) -> u64 {
        self.records + self.limits + self.present
    }
}

/// Copies every record, with its version, expiry and index, and every limit. What is in `to` already is left, so a copy
/// that was interrupted is begun again and goes on; nobody may write to either store meanwhile.
///
/// # Errors
/// `store_unavailable` and the store's others; `already_exists` where `to` holds another record under the same key,
/// which is left as it is; `policy_invalid` for a store in memory, which has nothing to read.
pub async fn copy(from: &Database, to: &Database, mut progress: impl FnMut(&Copied)) -> Result<Copied> {
    if !from.can_be_read() {
        return Err(invalid("from", "a store in memory has nothing that could be copied"));
    }
    let mut copied = Copied { total: from.count().await.map_err(failed)?, ..Copied::default() };
    let mut after = None;
    loop {
        progress(&copied);
        let page = from.page(after, PAGE).await.map_err(failed)?;
        let mut entries = page.entries.into_iter();
        loop {
            let writes: Vec<_> =
                entries.by_ref().take(WRITERS).map(|(key, entry)| insert(to, key, entry)).collect();
            if writes.is_empty() {
                break;
            }
            for outcome in futures_util::future::join_all(writes).await {
                match outcome? {
                    true => copied.records += 1,
                    false => copied.present += 1,
                }
            }
            progress(&copied);
        }
        copied.limits += page.cells.len() as u64;
        to.put_cells(page.cells).await.map_err(failed)?;
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    progress(&copied);
    Ok(copied)
}

/// Whether the record was written, and not there already.
async fn insert(to: &Database, key: RecordKey, entry: tokenmint::Entry) -> Result<bool> {
    let (version, expires_at_ms) = (entry.version, entry.expires_at_ms);
    let command = Command::Cas { key, expect: Expect::Absent, write: Write::Put(entry) };
    // A lost answer is asked for again: whoever finds this version there wrote it.
    for _ in 0..3 {
        match to.execute(command.clone()).await {
            Ok(Reply::Done) => return Ok(true),
            Ok(Reply::Conflict(Some(found)))
                if found.version == version && found.expires_at_ms == expires_at_ms =>
            {
                return Ok(false);
            }
            Ok(Reply::Conflict(Some(_))) => {
                return Err(Error::new(ErrorCode::AlreadyExists)
                    .at("to")
                    .because("the store holds another record under the same key; nothing was overwritten"));
            }
            Err(StoreError::Unknown) => {}
            Ok(_) => return Err(failed(StoreError::Corrupt)),
            Err(error) => return Err(failed(error)),
        }
    }
    Err(failed(StoreError::Unknown))
}

fn failed(error: StoreError) -> Error {
    Error::new(error.into())
}
