//! How a record of the directory is created and changed.

use crate::error::{Error, ErrorCode, Result};
use crate::event::{Event, EventKind};
use crate::json::FromJson;
use crate::record::{Change, Decision, Lasting, Records, decode};
use crate::store::RecordKey;
use crate::task::{Io, Task};
use crate::time::Context;

/// What the flows of the directory have at hand.
pub(crate) struct Directory {
    io: Io,
    pub(crate) records: Records,
}

/// A task for a flow of the directory, which belongs to no issuer.
pub(crate) fn task<T, F>(context: &Context, flow: impl FnOnce(Directory) -> F) -> Task<T>
where
    T: 'static,
    F: Future<Output = Result<T>> + Send + 'static,
{
    Task::new(|io| flow(Directory { io: io.clone(), records: Records::new(io, context) }))
}

impl Directory {
    /// Creates a record; the very same one is no error.
    pub(crate) async fn create<T>(
        &mut self,
        key: &RecordKey,
        record: &T,
        what: &'static str,
        name: &str,
    ) -> Result<()>
    where
        T: Lasting + FromJson + PartialEq,
    {
        match self.records.insert(key, record.draft()?).await? {
            Change::Done => {
                self.changed(name);
                Ok(())
            }
            Change::Conflict(Some(entry)) if decode::<T>(&entry)? == *record => Ok(()),
            Change::Conflict(_) => Err(exists(what, name)),
        }
    }

    /// Changes a record that must be there.
    pub(crate) async fn change<T>(
        &mut self,
        key: &RecordKey,
        what: &'static str,
        name: &str,
        edit: impl Fn(&mut T) -> Result<()> + Send,
    ) -> Result<()>
    where
        T: Lasting + FromJson,
    {
        (self.records)
            .update(key.clone(), |found: Option<T>| {
                let Some(mut record) = found else {
                    let missing = format!("there is no {what} {name:?}");
                    return Err(Error::new(ErrorCode::NotFound).because(missing));
                };
                edit(&mut record)?;
                Ok(Decision::Write(record.draft()?, ()))
            })
            .await?;
        self.changed(name);
        Ok(())
    }

    fn changed(&self, name: &str) {
        self.io.emit(Event::new(EventKind::DirectoryChanged).id(name));
    }
}

pub(crate) fn exists(what: &'static str, name: &str) -> Error {
    Error::new(ErrorCode::AlreadyExists).because(format!("the {what} {name:?} is there already"))
}
