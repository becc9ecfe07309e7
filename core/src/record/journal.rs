//! What may be about to end: a log that a revocation writes in before its decisive write, where somebody reads it.
//!
//! An entry is an intent. One without effect does no harm: whoever reads it looks at the record itself. And a revocation that
//! was acknowledged always has its entry. Where a decisive write was lost to another one, its flow announces anew before it
//! tries again, so an entry whose effect somebody else brought about is done with.
//!
//! An issuer's journal has eight shards, so that revocations at once need not take turns. The head of a shard is a record that
//! stays; a head that is full is copied behind it, and begins anew. The copy says the same whoever makes it.

use super::slot::Place;
use super::{Decision, Draft, Records, Stored, busy, decode, decode_some};
use crate::encoding::sha256;
use crate::error::{ErrorCode, Result};
use crate::json::{self, ToJson, as_names, object};
use crate::store::RecordKey;
use crate::time::{Lifetime, UnixTime};

/// How many heads one command reads.
const SHARDS: u32 = 8;

/// How many entries a page has.
const PAGE: usize = 32;

/// How large an entry can be, and a page of some entries, in bytes of its JSON. What has a longer name than that is in no
/// token: nothing hangs on it.
const MOST_BYTES: usize = 16 * 1024;

/// How long what is told can be read: pages that are full go after that.
const KEPT: Lifetime = Lifetime::minutes(90 * 24 * 60);

/// As [`SLACK_MS`](crate::store::SLACK_MS): longer than any request, and than clocks differ.
const LONGEST_REQUEST: Lifetime = Lifetime::HOUR;

/// What may be about to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EndedKind {
    /// One token.
    Token,
    /// One session.
    Session,
    /// A named session: the instance that is its id here.
    NamedSession,
    /// The sessions of a subject, but one perhaps.
    Sessions,
    /// Whatever is about a subject.
    Subject,
    /// Whatever was made for a client.
    Client,
    /// Whatever an issuer has made.
    All,
    /// A client is refused from now on.
    ClientDisabled,
    /// A client is taken back.
    ClientEnabled,
    /// What proves a client is another.
    ClientSecret,
    /// What the tokens of a client say is another.
    ClientClaims,
    /// What proves a customer is another, or nothing any more.
    ApiKey,
}

as_names! { EndedKind {
    Token = "token",
    Session = "session",
    NamedSession = "named_session",
    Sessions = "sessions",
    Subject = "subject",
    Client = "client",
    All = "all",
    ClientDisabled = "client_disabled",
    ClientEnabled = "client_enabled",
    ClientSecret = "client_secret",
    ClientClaims = "client_claims",
    ApiKey = "api_key",
} }

object! {
    /// An entry of the journal.
    #[derive(Clone, Debug, PartialEq, Eq)]
    #[json(read, write)]
    pub(crate) struct Ended {
        pub(crate) kind: EndedKind,
        /// A token's, a session's, a named session's instance, an API key's.
        #[json(omit)]
        pub(crate) id: Option<String>,
        #[json(omit)]
        pub(crate) subject: Option<String>,
        #[json(omit)]
        pub(crate) client: Option<String>,
        #[json(omit)]
        pub(crate) session: Option<String>,
        /// Where the token stands in the lists.
        #[json(omit)]
        pub(crate) slot: Option<Place>,
        /// What the record counts, or proves, as long as there is no effect.
        #[json(omit)]
        pub(crate) before: Option<u64>,
        /// Which record it is that is replaced, where one that says the same may be there again.
        #[json(omit)]
        pub(crate) replaces: Option<u64>,
        /// The session that stays.
        #[json(omit)]
        pub(crate) except: Option<String>,
        pub(crate) at: UnixTime,
        /// What has no effect by then will have none: no request takes longer.
        pub(crate) until: UnixTime,
    }

    /// The page of a shard that is open, or one that was.
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    #[json(read, write)]
    struct Page {
        number: u64,
        entries: Vec<Ended>,
    }

    /// How far somebody has read: a mark for each shard.
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    #[json(read, write)]
    pub(crate) struct Cursor {
        shards: Vec<Read>,
    }

    /// How many entries of which page were read.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    #[json(read, write)]
    struct Read {
        page: u64,
        count: u64,
    }

    /// Whose journals are told what becomes of a client, which is no issuer's.
    #[derive(Clone, Debug, Default)]
    #[json(read, write)]
    struct Journals {
        issuers: Vec<String>,
    }
}

impl Ended {
    /// What may end now, of that kind.
    pub(crate) fn new(kind: EndedKind, at: UnixTime) -> Self {
        Ended {
            kind,
            id: None,
            subject: None,
            client: None,
            session: None,
            slot: None,
            before: None,
            replaces: None,
            except: None,
            at,
            until: at.after(LONGEST_REQUEST),
        }
    }
}

impl Page {
    /// By what the record says alone, so that a full page is full for everybody, and stays as it is.
    fn is_full(&self) -> bool {
        self.entries.len() >= PAGE || json::to_bytes(self).len() > MOST_BYTES
    }

    /// The page with one more entry.
    fn with(mut self, entry: &Ended) -> Page {
        self.entries.push(entry.clone());
        self
    }

    /// What stands behind so many entries, at most so many.
    fn after(&self, count: u64, most: usize) -> &[Ended] {
        let behind =
            usize::try_from(count).ok().and_then(|count| self.entries.get(count..)).unwrap_or_default();
        behind.get(..most).unwrap_or(behind)
    }
}

impl Records {
    /// Writes down what may be about to end: to be done before what ends it, and again where another write was first.
    pub(crate) async fn announce(&mut self, issuer: &str, entry: &Ended) -> Result<()> {
        if json::to_bytes(entry).len() > MOST_BYTES {
            return Ok(());
        }
        let [first] = self.entropy.bytes();
        for turn in 0..SHARDS {
            match self.append(issuer, (u32::from(first) + turn) % SHARDS, entry).await {
                Err(error) if error.code() == ErrorCode::StoreBusy => {}
                done => return done,
            }
        }
        Err(busy())
    }

    async fn append(&mut self, issuer: &str, shard: u32, entry: &Ended) -> Result<()> {
        let mut update = self.open(head_key(issuer, shard)).await?;
        loop {
            let page: Page = update.found()?.unwrap_or_default();
            let next = match page.is_full() {
                true => {
                    let kept = entry.at.after(KEPT);
                    let behind = page_key(issuer, shard, page.number);
                    // Whoever was first has written the same.
                    self.insert(&behind, Draft::new(&page, kept)?).await?;
                    Page { number: page.number + 1, entries: vec![entry.clone()] }
                }
                false => page.with(entry),
            };
            if self.write(&mut update, Draft::permanent(&next)?).await? {
                return Ok(());
            }
        }
    }

    /// What was written down behind a cursor, at most so many entries, and the cursor behind those. Fewer than `most` are all
    /// that there were. Within a shard they are in order.
    pub(crate) async fn journal_after(
        &self,
        issuer: &str,
        cursor: &Cursor,
        most: usize,
    ) -> Result<(Vec<Ended>, Cursor)> {
        let heads = self.load(std::array::from_fn::<_, { SHARDS as usize }, _>(|shard| {
            head_key(issuer, u32::try_from(shard).unwrap_or_default())
        }));
        let (mut entries, mut behind) = (Vec::new(), Cursor::default());
        for (shard, head) in (0..SHARDS).zip(heads.await?) {
            let head: Page = decode_some(head.as_ref())?.unwrap_or_default();
            let read = cursor.shards.get(usize::try_from(shard).unwrap_or_default());
            // A head before what was read is one of a store that was set back: whatever it says is new.
            let mut read = read.copied().filter(|read| read.page <= head.number).unwrap_or_default();
            while read.page < head.number && entries.len() < most {
                let [page] = self.load([page_key(issuer, shard, read.page)]).await?;
                // One that is not there any more is over for everybody.
                let page: Page = page.as_ref().map(decode).transpose()?.unwrap_or_default();
                let found = page.after(read.count, most - entries.len());
                entries.extend_from_slice(found);
                read.count = read.count.saturating_add(found.len() as u64);
                if page.after(read.count, 1).is_empty() {
                    read = Read { page: read.page + 1, count: 0 };
                }
            }
            if read.page == head.number {
                let found = head.after(read.count, most - entries.len());
                entries.extend_from_slice(found);
                read.count = read.count.saturating_add(found.len() as u64);
            }
            behind.shards.push(read);
        }
        Ok((entries, behind))
    }

    /// Has an issuer's journal told what becomes of clients.
    pub(crate) async fn register(&mut self, issuer: &str) -> Result<()> {
        self.update(journals_key(), |found: Option<Journals>| {
            let mut journals = found.unwrap_or_default();
            if journals.issuers.iter().any(|known| known == issuer) {
                return Ok(Decision::Leave(()));
            }
            journals.issuers.push(issuer.to_owned());
            Ok(Decision::Write(Draft::permanent(&journals)?, ()))
        })
        .await
    }
}

/// A number for what some values are now: another one when they are others.
pub(crate) fn number_of(values: &[&dyn ToJson]) -> u64 {
    let mut text = Vec::new();
    for value in values {
        value.write_json(&mut text);
        text.push(b'\n');
    }
    sha256(&text).first_chunk().map_or(0, |first| u64::from_be_bytes(*first))
}

/// The issuers of a record that was read, or was not there.
pub(crate) fn told(found: Option<&Stored>) -> Result<Vec<String>> {
    Ok(decode_some::<Journals>(found)?.unwrap_or_default().issuers)
}

/// The key of the record of whom to tell about clients.
pub(crate) fn journals_key() -> RecordKey {
    RecordKey::of("journals", &[])
}

fn head_key(issuer: &str, shard: u32) -> RecordKey {
    RecordKey::of("journal", &[issuer, &shard.to_string()])
}

fn page_key(issuer: &str, shard: u32, page: u64) -> RecordKey {
    RecordKey::of("journal", &[issuer, &shard.to_string(), &page.to_string()])
}
