//! Whether a token still stands: one rule, in one function, by the [watermarks](crate::record::watermark).

use super::Flow;
use crate::error::{ErrorCode, Result};
use crate::event::{Event, EventKind};
use crate::issuer::Issuer;
use crate::record::journal::{Ended, EndedKind};
use crate::record::session::Session;
use crate::record::sessions_mark::SessionsMark;
use crate::record::watermark::{Mark, Marked, Marks, keys};
use crate::record::{Change, Draft};
use crate::task::Task;
use crate::time::{Context, Lifetime, Moment, UnixTime};

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
            let key = Marked::All.key(&flow.issuer.policy().issuer);
            let [found] = flow.records.load([key.clone()]).await?;
            if found.is_none() {
                let mark = Mark::default().raised(&flow.context);
                if let Change::Done = flow.records.insert(&key, Draft::permanent(&mark)?).await? {
                    flow.emit(Event::new(EventKind::WatermarkRaised).generation(mark.epoch));
                }
            }
            if flow.issuer.policy().announces() {
                let issuer = flow.issuer.policy().issuer.clone();
                flow.records.register(&issuer).await?;
            }
            Ok(())
        })
    }
}

impl Flow {
    /// How long a token that ends then can be presented: with a leeway it is taken beyond its end, and what speaks against it
    /// must be known as long.
    pub(crate) fn presentable_until(&self, ends: UnixTime) -> UnixTime {
        Lifetime::from_seconds(self.issuer.policy().leeway).map_or(ends, |leeway| ends.after(leeway))
    }

    /// The watermarks of what was made for a client or organization, about a subject.
    pub(crate) async fn marks(&self, client: &str, subject: &str) -> Result<Marks> {
        let keys = keys(&self.issuer.policy().issuer, client, subject);
        Marks::read(self.records.load(keys).await?)
    }

    /// The watermarks of what was made for nobody but an owner: those that verifying an API key reads with it.
    pub(crate) async fn marks_of_owner(&self, owner: &str) -> Result<Marks> {
        let name = &self.issuer.policy().issuer;
        let [all, by_owner] =
            self.records.load([Marked::All, Marked::Subject(owner)].map(|marked| marked.key(name))).await?;
        Marks::read([all, None, by_owner])
    }

    /// As [`Marks::check`]; of a store that lost a write the event is told.
    pub(crate) fn judge(
        &self,
        marks: Marks,
        epoch: Option<u64>,
        issued_at: Option<Moment>,
        event: impl FnOnce(EventKind) -> Event,
    ) -> Result<()> {
        self.tell_loss(marks.check(epoch, issued_at), event)
    }

    /// Whether a session stands under the watermarks that it is under.
    pub(crate) fn judge_session(&self, session: &Session, marks: Marks, mark: &SessionsMark) -> Result<()> {
        let event = |kind| session.event(kind).generation(session.generation);
        self.judge(marks, Some(session.epoch), None, event)?;
        self.tell_loss(mark.check(session), event)
    }

    /// Tells the event of a store that lost a write.
    pub(crate) fn tell_loss(
        &self,
        checked: Result<()>,
        event: impl FnOnce(EventKind) -> Event,
    ) -> Result<()> {
        if checked.as_ref().is_err_and(|error| error.code() == ErrorCode::StoreRegressed) {
            self.emit(event(EventKind::StoreRegressed));
        }
        checked
    }

    /// Moves a watermark forward.
    pub(crate) async fn raise(&mut self, marked: Marked<'_>) -> Result<()> {
        let key = marked.key(&self.issuer.policy().issuer);
        let mut update = self.records.open(key).await?;
        let raised = loop {
            let mark: Mark = update.found()?.unwrap_or_default();
            self.announce(ended(marked, mark, self.now())).await?;
            let raised = mark.raised(&self.context);
            if self.records.write(&mut update, Draft::permanent(&raised)?).await? {
                break raised;
            }
        };
        let event = Event::new(EventKind::WatermarkRaised).generation(raised.epoch);
        self.emit(match marked {
            Marked::All => event,
            Marked::Client(id) => event.client(id),
            Marked::Subject(id) => event.subject(id),
        });
        Ok(())
    }
}

/// What may be about to end by a watermark that is raised.
fn ended(marked: Marked<'_>, before: Mark, now: UnixTime) -> Ended {
    let (kind, subject, client) = match marked {
        Marked::All => (EndedKind::All, None, None),
        Marked::Client(id) => (EndedKind::Client, None, Some(id.to_owned())),
        Marked::Subject(id) => (EndedKind::Subject, Some(id.to_owned()), None),
    };
    Ended { subject, client, before: Some(before.epoch), ..Ended::new(kind, now) }
}
