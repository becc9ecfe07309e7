//! The record that says that a store's values are sealed, and with which key: without it the wrong key, or none, would
//! be noticed by the first who needs a value.

use tokenmint::{Command, Entry, Expect, Index, RecordKey, Reply, Result, StoreError, Version, Write};

use crate::driver::{Cursor, Page};
use crate::seal::Seal;
use crate::target::invalid;

const FIELD: &str = "sealing_key_file";

/// Its key; the flows' own have another form.
const KEY: &[u8] = b"tokenmint/sealed";

/// The last millisecond of the year 9999.
const LAST_MS: u64 = 253_402_300_799_999;

/// How many records are read at once to find the first.
const PAGE: u32 = 100;

/// A store as it is beneath its seal.
pub(crate) trait Beneath {
    /// The driver's answer, in time.
    fn answer(&self, command: Command) -> impl Future<Output = Result<Reply, StoreError>> + Send;

    /// As [`Driver::page`](crate::driver::Driver::page), without the mark.
    fn page_as_stored(
        &self,
        after: Option<Cursor>,
        limit: u32,
    ) -> impl Future<Output = Result<Page, StoreError>> + Send;
}

/// Whether this is the key of the mark, which is no record of a flow.
pub(crate) fn is_mark(key: &RecordKey) -> bool {
    key.as_bytes() == KEY
}

/// Compares what a store was sealed with and what it was opened with, and marks it where it is new.
///
/// # Errors
/// `policy_invalid` at `sealing_key_file` where a key is missing, or is not the one, or finds values that are not sealed.
pub(crate) async fn check(database: &impl Beneath, seal: Option<&Seal>) -> Result<()> {
    let Some(key) = RecordKey::new(KEY) else { return Ok(()) };
    let found = match database.answer(Command::Load { keys: vec![key.clone()] }).await {
        Ok(Reply::Loaded { mut entries, .. }) => entries.pop().flatten(),
        // A store that cannot be read now can be opened, so that a doctor may look at it.
        _ => return Ok(()),
    };
    match (found, seal) {
        (None, None) => Ok(()),
        (Some(_), None) => Err(invalid(
            FIELD,
            "the values in this store are sealed: say where their key is, by sealing_key_file=FILE in the URL",
        )),
        (Some(mark), Some(seal)) => {
            judge(seal, &key, &mark)?;
            if seal.seals_as(&mark) {
                return Ok(());
            }
            // The keys have changed; the old one will be dropped one day.
            write(database, seal, key, Expect::Version(mark.version)).await
        }
        (None, Some(seal)) => {
            // Whatever keeps it from being read, a store is not marked that may hold something else.
            let Ok(first) = first(database).await else { return Ok(()) };
            if first.is_some_and(|(key, entry)| seal.open(&key, &mut entry.clone()).is_err()) {
                return Err(invalid(
                    FIELD,
                    "this store has values that no key in this file has sealed; those that are not sealed are sealed by \
                     a copy into a new store: tokenmint store copy",
                ));
            }
            write(database, seal, key, Expect::Absent).await
        }
    }
}

fn judge(seal: &Seal, key: &RecordKey, mark: &Entry) -> Result<()> {
    let opened = seal.open(key, &mut mark.clone());
    opened.map_err(|_| invalid(FIELD, "this store was sealed with another key: none in this file opens it"))
}

async fn first(database: &impl Beneath) -> Result<Option<(RecordKey, Entry)>, StoreError> {
    let mut after = None;
    loop {
        let page = database.page_as_stored(after, PAGE).await?;
        if let Some(first) = page.entries.into_iter().next() {
            return Ok(Some(first));
        }
        let Some(next) = page.next else { return Ok(None) };
        after = Some(next);
    }
}

async fn write(database: &impl Beneath, seal: &Seal, key: RecordKey, expect: Expect) -> Result<()> {
    let Some(version) = Version::new(KEY) else { return Ok(()) };
    let mut mark = Entry { version, value: Vec::new(), expires_at_ms: LAST_MS, index: Index::default() };
    if seal.seal(&key, &mut mark).is_err() {
        return Ok(());
    }
    let marked = Command::Cas { key: key.clone(), expect, write: Write::Put(mark) };
    match database.answer(marked).await {
        // Another was quicker.
        Ok(Reply::Conflict(Some(mark))) => judge(seal, &key, &mark),
        // What takes no writes now is marked by whoever opens it next.
        _ => Ok(()),
    }
}
