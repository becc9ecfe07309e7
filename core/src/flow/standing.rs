//! Whether a token still stands: one rule, in one function.
//!
//! A watermark is a counter that only moves forward: by one, or to the time in microseconds, whichever is more. A token
//! carries, as `epoch`, the sum of the counters of its issuer, client and subject when it was minted, and so does every
//! record that a token follows from: if any of them has moved since, the sum differs. Counters have no resolution, so a
//! token minted after a revocation lives, even in the same instant. A token minted without the store has no epoch and
//! falls to every watermark raised at or after the time in its id, or its `iat`.
//!
//! The issuer's own watermark is there from the first start on: where it is absent, the store is new or was wiped, and
//! whatever it knew to be revoked is forgotten. So it is raised before the first request, and every token that was
//! checked against the lost records falls.

use std::cmp::max_by_key;

use serde::{Deserialize, Serialize};

use super::Flow;
use super::records::{Change, Draft, MAX_ROUNDS, busy, decode_some};
use crate::error::{Error, ErrorCode, Result};
use crate::event::{Event, EventKind};
use crate::issuer::Issuer;
use crate::store::{Entry, RecordKey};
use crate::task::Task;
use crate::time::{Context, Moment};

/// The claim that holds the sum of the counters.
pub(crate) const EPOCH: &str = "epoch";

/// A watermark.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Mark {
    epoch: u64,
    issued_before: Moment,
}

/// Whose tokens of an issuer a watermark is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope<'a> {
    All,
    Client(&'a str),
    Subject(&'a str),
}

impl Scope<'_> {
    /// The key of the watermark. RFC 7519 section 4.1.2: a subject is unique within its issuer, not beyond it.
    fn key(self, issuer: &str) -> RecordKey {
        match self {
            Scope::All => RecordKey::of("mark-issuer", &[issuer]),
            Scope::Client(id) => RecordKey::of("mark-client", &[issuer, id]),
            Scope::Subject(id) => RecordKey::of("mark-subject", &[issuer, id]),
        }
    }
}

/// The keys of the watermarks that a token is under.
pub(crate) fn keys(issuer: &str, client: &str, subject: &str) -> [RecordKey; 3] {
    [Scope::All, Scope::Client(client), Scope::Subject(subject)].map(|scope| scope.key(issuer))
}

/// The watermarks that a token is under.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Marks {
    epoch: u64,
    issued_before: Option<Moment>,
}

impl Marks {
    /// The watermarks of entries that were read with [`keys`].
    pub(crate) fn read(entries: [Option<Entry>; 3]) -> Result<Self> {
        let mut marks = Marks::default();
        for entry in entries {
            if let Some(mark) = decode_some::<Mark>(entry.as_ref())? {
                marks.epoch += mark.epoch;
                marks.issued_before = marks.issued_before.max(Some(mark.issued_before.latest()));
            }
        }
        Ok(marks)
    }

    /// The sum that a token minted now carries.
    pub(crate) fn epoch(self) -> u64 {
        self.epoch
    }

    /// The one rule: refused if any watermark has moved since the token, or the record behind it, was made.
    pub(crate) fn check(self, epoch: Option<u64>, issued_at: Option<Moment>) -> Result<()> {
        let revoked = || Err(Error::new(ErrorCode::TokenRevoked));
        match epoch {
            Some(epoch) if epoch == self.epoch => Ok(()),
            Some(epoch) if epoch < self.epoch => revoked(),
            // More than the store has ever counted: it lost a write.
            Some(_) => Err(Error::new(ErrorCode::StoreRegressed)),
            None => match (self.issued_before, issued_at) {
                (None, _) => Ok(()),
                (Some(before), Some(issued_at)) if issued_at > before => Ok(()),
                _ => revoked(),
            },
        }
    }
}

impl Issuer {
    /// Looks whether the store has served this issuer before, and raises the issuer's watermark where it has not: to be
    /// run before the first request, and again now and then for a store that may be wiped while it is in use.
    ///
    /// For an issuer by itself: [`Service::prepare_store`](crate::config::Service::prepare_store) does it for all issuers
    /// of an endpoint.
    ///
    /// # Errors
    /// The store's.
    pub fn adopt_store(&self, context: &Context) -> Task<()> {
        self.task(context, |mut flow| async move {
            let key = Scope::All.key(&flow.issuer.policy().issuer);
            let [found] = flow.records.load([key.clone()]).await?;
            if found.is_none() {
                let mark = Mark::default().raised(&flow.context);
                if let Change::Done = flow.records.insert(&key, Draft::permanent(&mark)?).await? {
                    flow.emit(Event::new(EventKind::WatermarkRaised).generation(mark.epoch));
                }
            }
            Ok(())
        })
    }
}

impl Mark {
    fn raised(self, context: &Context) -> Mark {
        Mark {
            // At least the time: after a store was wiped, no counter comes back to where it was.
            epoch: (self.epoch + 1).max(context.now_micros()),
            // The clock may step back; a watermark does not.
            issued_before: max_by_key(self.issued_before, context.moment(), |time| time.latest()),
        }
    }
}

impl Flow {
    /// The watermarks of what was made for a client or organization, about a subject.
    pub(crate) async fn marks(&self, client: &str, subject: &str) -> Result<Marks> {
        let keys = keys(&self.issuer.policy().issuer, client, subject);
        Marks::read(self.records.load(keys).await?)
    }

    /// As [`Marks::check`]; of a store that lost a write the event is told.
    pub(crate) fn judge(
        &self,
        marks: Marks,
        epoch: Option<u64>,
        issued_at: Option<Moment>,
        event: impl FnOnce(EventKind) -> Event,
    ) -> Result<()> {
        let checked = marks.check(epoch, issued_at);
        if checked.as_ref().is_err_and(|error| error.code() == ErrorCode::StoreRegressed) {
            self.emit(event(EventKind::StoreRegressed));
        }
        checked
    }

    /// Moves a watermark forward.
    pub(crate) async fn raise(&mut self, scope: Scope<'_>) -> Result<()> {
        let key = scope.key(&self.issuer.policy().issuer);
        let [mut found] = self.records.load([key.clone()]).await?;
        for _ in 0..MAX_ROUNDS {
            let mark = decode_some::<Mark>(found.as_ref())?.unwrap_or_default();
            let raised = mark.raised(&self.context);
            match self.records.put(&key, found.as_ref(), Draft::permanent(&raised)?).await? {
                Change::Done => {
                    let event = Event::new(EventKind::WatermarkRaised).generation(raised.epoch);
                    self.emit(match scope {
                        Scope::All => event,
                        Scope::Client(id) => event.client(id),
                        Scope::Subject(id) => event.subject(id),
                    });
                    return Ok(());
                }
                Change::Conflict(entry) => found = entry,
            }
        }
        Err(busy())
    }
}
