//! Every record in the store, with its key; and the ways to read and write them. Lost answers are resolved here.

use crate::entropy::Entropy;
use crate::error::{Error, ErrorCode, Result, Retry};
use crate::event::{Event, EventKind};
use crate::json::{self, FromJson, ToJson};
use crate::policy::Rate;
use crate::store::{
    Command, Entry, Expect, Index, IndexValue, MAX_SKEW_MS, RecordKey, Reply, StoreError, Version, Write,
};
use crate::task::Io;
use crate::time::{Context, UnixTime};

pub(crate) mod access;
pub(crate) mod api_key;
pub(crate) mod assertion;
pub(crate) mod client;
pub(crate) mod journal;
pub(crate) mod named_session;
pub(crate) mod outbox;
pub(crate) mod revoked;
pub(crate) mod session;
pub(crate) mod sessions_mark;
pub(crate) mod single_use;
pub(crate) mod slot;
pub(crate) mod source;
pub(crate) mod statuses;
mod update;
pub(crate) mod watermark;

pub(crate) use update::{Decision, Update};

/// The most records that a store reads in one command.
pub(crate) const MOST_LOADED: usize = 8;

/// Access to the store for one flow.
pub(crate) struct Records {
    io: Io,
    pub(crate) entropy: Entropy,
    now_us: u64,
}

/// What became of a conditional write.
pub(crate) enum Change {
    /// It was done.
    Done,
    /// Somebody else was first: this is there now.
    Conflict(Option<Stored>),
}

/// A record as it was read: by what it is told apart, and what it says. By when it may be forgotten, and how it is listed, is for
/// the store alone.
#[derive(Clone)]
pub(crate) struct Stored {
    version: Version,
    pub(crate) value: Vec<u8>,
}

impl From<Entry> for Stored {
    fn from(Entry { version, value, .. }: Entry) -> Self {
        Stored { version, value }
    }
}

/// A write that can be done.
pub(crate) struct Pending {
    command: Command,
    version: Version,
}

impl Pending {
    /// The same write, of something else: what is known only now.
    pub(crate) fn of(mut self, draft: Draft) -> Self {
        if let Command::Cas { write, .. } = &mut self.command {
            *write = draft.write(self.version);
        }
        self
    }
}

/// A record to be written.
pub(crate) struct Draft {
    value: Vec<u8>,
    expires_at_ms: u64,
    index: Index,
}

impl Draft {
    /// A record that may be forgotten some time after `expires_at`.
    pub(crate) fn new(record: &dyn ToJson, expires_at: UnixTime) -> Result<Self> {
        let value = json::to_bytes(record);
        let expires_at_ms = u64::try_from(expires_at.seconds()).unwrap_or(0).saturating_mul(1000);
        Ok(Draft { value, expires_at_ms, index: Index::default() })
    }

    /// A record that stays.
    pub(crate) fn permanent(record: &dyn ToJson) -> Result<Self> {
        Self::new(record, UnixTime::MAX)
    }

    fn write(self, version: Version) -> Write {
        let Draft { value, expires_at_ms, index } = self;
        Write::Put(Entry { version, value, expires_at_ms, index })
    }

    /// Makes the record findable by the subject it is about and the client it belongs to.
    pub(crate) fn indexed(self, subject: &str, client: &str) -> Self {
        self.listed(RecordKey::of("subject", &[subject]), Some(client))
    }

    /// As [`Draft::indexed`], in a list of its own of the subject's, and for no client where there is none.
    pub(crate) fn listed(self, list: RecordKey, client: Option<&str>) -> Self {
        let client = client.map(|client| RecordKey::of("client", &[client]));
        Draft { index: Index { subject: Some(list), client }, ..self }
    }
}

/// A record that stays until somebody removes it.
pub(crate) trait Lasting: ToJson {
    /// The record as it is written.
    fn draft(&self) -> Result<Draft>
    where
        Self: Sized,
    {
        Draft::permanent(self)
    }
}

impl Records {
    pub(crate) fn new(io: Io, context: &Context) -> Self {
        Records { io, entropy: context.entropy(), now_us: context.now_micros() }
    }

    /// Reads records in one command; at most 8.
    pub(crate) async fn load<const N: usize>(&self, keys: [RecordKey; N]) -> Result<[Option<Stored>; N]> {
        let asked = self.io.execute(Command::Load { keys: keys.into() });
        let mut entries = self.loaded(N, asked.await)?.into_iter();
        Ok(std::array::from_fn(|_| entries.next().flatten().map(Stored::from)))
    }

    /// Reads as many records as there are keys, in as few commands as may be.
    pub(crate) async fn load_all(
        &self,
        mut keys: Vec<RecordKey>,
    ) -> Result<impl Iterator<Item = Option<Stored>> + use<>> {
        let mut entries = Vec::new();
        while !keys.is_empty() {
            let later = keys.split_off(keys.len().min(MOST_LOADED));
            let asked = keys.len();
            let mut read = self.loaded(asked, self.io.execute(Command::Load { keys }).await)?;
            // Most often the first are all there are.
            match entries.is_empty() {
                true => entries = read,
                false => entries.append(&mut read),
            }
            keys = later;
        }
        Ok(entries.into_iter().map(|entry| entry.map(Stored::from)))
    }

    /// What a store says of so many records.
    fn loaded(&self, asked: usize, reply: Result<Reply, StoreError>) -> Result<Vec<Option<Entry>>> {
        match reply {
            Ok(Reply::Loaded { entries, store_now_ms }) if entries.len() == asked => {
                if store_now_ms.is_some_and(|now_ms| now_ms.abs_diff(self.now_us / 1000) > MAX_SKEW_MS) {
                    self.io.emit(Event::new(EventKind::ClockSkew));
                }
                Ok(entries)
            }
            Ok(_) => Err(ErrorCode::StoreCorrupt.into()),
            Err(error) => Err(store_error(error)),
        }
    }

    /// Reads the records of a list, in the order of their keys, and where to go on.
    pub(crate) async fn list(
        &self,
        list: RecordKey,
        after: Option<RecordKey>,
        limit: u32,
    ) -> Result<(Vec<Stored>, Option<RecordKey>)> {
        self.list_by(IndexValue::Subject(list), after, limit).await
    }

    /// As [`Records::list`], by either index.
    pub(crate) async fn list_by(
        &self,
        by: IndexValue,
        after: Option<RecordKey>,
        limit: u32,
    ) -> Result<(Vec<Stored>, Option<RecordKey>)> {
        match self.io.execute(Command::List { by, after, limit }).await {
            Ok(Reply::Listed { entries, next }) => {
                Ok((entries.into_iter().map(|(_, entry)| entry.into()).collect(), next))
            }
            Ok(_) => Err(ErrorCode::StoreCorrupt.into()),
            Err(error) => Err(store_error(error)),
        }
    }

    /// Writes a record that must not be there yet.
    pub(crate) async fn insert(&mut self, key: &RecordKey, draft: Draft) -> Result<Change> {
        self.replace(key, None, draft).await
    }

    /// Writes a record in place of one that was read, or was not there.
    pub(crate) async fn replace(
        &mut self,
        key: &RecordKey,
        read: Option<Stored>,
        draft: Draft,
    ) -> Result<Change> {
        let write = self.pending(key, read.as_ref(), draft);
        self.execute(write).await
    }

    /// The write of a record that was read, or was not there; done by [`Records::execute`].
    fn pending(&mut self, key: &RecordKey, read: Option<&Stored>, draft: Draft) -> Pending {
        let version = Version::random(&mut self.entropy);
        let write = draft.write(version);
        let expect = read.map_or(Expect::Absent, |entry| Expect::Version(entry.version));
        Pending { command: Command::Cas { key: key.clone(), expect, write }, version }
    }

    /// Removes a record that must be as it was read. Doing it twice is as good as once.
    async fn delete(&mut self, key: &RecordKey, read: &Stored) -> Result<Change> {
        let command =
            Command::Cas { key: key.clone(), expect: Expect::Version(read.version), write: Write::Delete };
        for _ in 0..2 {
            match self.io.execute(command.clone()).await {
                Ok(Reply::Done) => return Ok(Change::Done),
                Ok(Reply::Conflict(None)) => return Ok(Change::Done),
                Ok(Reply::Conflict(entry)) => return Ok(Change::Conflict(entry.map(Stored::from))),
                Ok(_) => return Err(ErrorCode::StoreCorrupt.into()),
                Err(StoreError::Unknown) => {}
                Err(error) => return Err(store_error(error)),
            }
        }
        Err(store_error(StoreError::Unknown))
    }

    /// Takes one event from a limit, or says when to come back.
    pub(crate) async fn throttle(&self, key: RecordKey, rate: Rate) -> Result<()> {
        let (interval_us, burst_us) = (rate.interval_us(), rate.burst_us());
        let command = Command::Throttle { key, interval_us, burst_us, cost: 1, now_us: self.now_us };
        match self.io.execute(command).await {
            Ok(Reply::Admitted { .. }) => Ok(()),
            Ok(Reply::Denied { tat_us }) => {
                let wait_us =
                    tat_us.saturating_add(interval_us).saturating_sub(burst_us).saturating_sub(self.now_us);
                let after_seconds = wait_us.div_ceil(1_000_000).max(1);
                let text = format!("too many requests; try again in {after_seconds} s");
                let retry = Retry { after_seconds, limit: rate.burst.into() };
                Err(Error::new(ErrorCode::RateLimited).because(text).retry(retry))
            }
            Ok(_) => Err(ErrorCode::StoreCorrupt.into()),
            Err(error) => Err(store_error(error)),
        }
    }

    /// A write whose answer was lost is repeated with the same version: whoever finds that version there wrote it.
    async fn execute(&self, Pending { command, version }: Pending) -> Result<Change> {
        let mut unsure = false;
        for _ in 0..3 {
            match self.io.execute(command.clone()).await {
                Ok(Reply::Done) => return Ok(Change::Done),
                Ok(Reply::Conflict(Some(entry))) if entry.version == version => return Ok(Change::Done),
                // It may have been ours and then somebody else's: nobody can tell, so nobody guesses.
                Ok(Reply::Conflict(_)) if unsure => return Err(store_error(StoreError::Unknown)),
                Ok(Reply::Conflict(entry)) => return Ok(Change::Conflict(entry.map(Stored::from))),
                Ok(_) => return Err(ErrorCode::StoreCorrupt.into()),
                Err(StoreError::Unknown) => unsure = true,
                Err(error) => return Err(store_error(error)),
            }
        }
        Err(store_error(StoreError::Unknown))
    }
}

/// Reads a record.
pub(crate) fn decode<T: FromJson>(entry: &Stored) -> Result<T> {
    decode_value(&entry.value)
}

/// Reads the value of a record.
pub(crate) fn decode_value<T: FromJson>(value: &[u8]) -> Result<T> {
    let text = std::str::from_utf8(value).map_err(|_| ErrorCode::StoreCorrupt)?;
    json::from_written(text).map_err(|_| ErrorCode::StoreCorrupt.into())
}

/// Reads a record that may be absent.
pub(crate) fn decode_some<T: FromJson>(entry: Option<&Stored>) -> Result<Option<T>> {
    entry.map(decode).transpose()
}

/// The error after too many rounds.
pub(crate) fn busy() -> Error {
    Error::new(ErrorCode::StoreBusy).retry(Retry { after_seconds: 1, limit: 0 })
}

fn store_error(error: StoreError) -> Error {
    let code = ErrorCode::from(error);
    let error = Error::new(code);
    match code {
        ErrorCode::StoreUnavailable | ErrorCode::StoreUnknown => {
            error.retry(Retry { after_seconds: 1, limit: 0 })
        }
        _ => error,
    }
}
