//! How a record of the directory is created and changed.

use crate::error::{Error, ErrorCode, Result};
use crate::event::{Event, EventKind};
use crate::json::FromJson;
use crate::record::client::{Client, client_key};
use crate::record::journal::{Ended, EndedKind, journals_key, told};
use crate::record::{Change, Decision, Lasting, Records, Update, decode};
use crate::store::RecordKey;
use crate::task::{Io, Task};
use crate::time::{Context, UnixTime};

/// What the flows of the directory have at hand.
pub(crate) struct Directory {
    io: Io,
    pub(crate) records: Records,
    now: UnixTime,
}

/// A task for a flow of the directory, which belongs to no issuer.
pub(crate) fn task<T, F>(context: &Context, flow: impl FnOnce(Directory) -> F) -> Task<T>
where
    T: 'static,
    F: Future<Output = Result<T>> + Send + 'static,
{
    Task::new(|io| flow(Directory { io: io.clone(), records: Records::new(io, context), now: context.now() }))
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
                let mut record = found.ok_or_else(|| missing(what, name))?;
                edit(&mut record)?;
                Ok(Decision::Write(record.draft()?, ()))
            })
            .await?;
        self.changed(name);
        Ok(())
    }

    /// As [`Directory::change`], of a client: the issuers that have it so are told first what may be about to end.
    pub(crate) async fn change_client(
        &mut self,
        id: &str,
        edit: impl Fn(&mut Client) -> Result<()> + Send,
    ) -> Result<()> {
        let key = client_key(id);
        let [found, journals] = self.records.load([key.clone(), journals_key()]).await?;
        let (mut update, issuers) = (Update::new(key, found), told(journals.as_ref())?);
        loop {
            let before: Client = update.found()?.ok_or_else(|| missing("client", id))?;
            let mut client = before.clone();
            edit(&mut client)?;
            let replaces = update.replaces();
            for ended in ended(&before, &client, self.now) {
                let ended = Ended { replaces, ..ended };
                for issuer in &issuers {
                    self.records.announce(issuer, &ended).await?;
                }
            }
            if self.records.write(&mut update, client.draft()?).await? {
                self.changed(id);
                return Ok(());
            }
        }
    }

    fn changed(&self, name: &str) {
        self.io.emit(Event::new(EventKind::DirectoryChanged).id(name));
    }
}

pub(crate) fn exists(what: &'static str, name: &str) -> Error {
    Error::new(ErrorCode::AlreadyExists).because(format!("the {what} {name:?} is there already"))
}

fn missing(what: &'static str, name: &str) -> Error {
    Error::new(ErrorCode::NotFound).because(format!("there is no {what} {name:?}"))
}

/// What may be about to end with the change of a client, or to begin again.
fn ended(before: &Client, client: &Client, now: UnixTime) -> Vec<Ended> {
    let ended = |kind, before| Ended { client: Some(client.id.clone()), before, ..Ended::new(kind, now) };
    let mut all = Vec::new();
    match (before.disabled, client.disabled) {
        (false, true) => all.push(ended(EndedKind::ClientDisabled, None)),
        (true, false) => all.push(ended(EndedKind::ClientEnabled, None)),
        _ => {}
    }
    if before.proof() != client.proof() {
        all.push(ended(EndedKind::ClientSecret, Some(before.proof())));
    }
    if before.token_claims() != client.token_claims() {
        all.push(ended(EndedKind::ClientClaims, Some(before.token_claims())));
    }
    all
}
