//! Single-use tokens are looked at and redeemed. Checks come first, then one write; a look never consumes.
//!
//! Whether a code is right is told by a write alone, also to a look and to a retry: of many guesses at the same time all
//! but one must decide anew, so they are worth no more than one after the other.

use std::fmt;

use super::Flow;
use super::single_use::worded;
use super::single_use_token::PresentedSingleUse;
use crate::error::{ErrorCode, Result};
use crate::event::EventKind;
use crate::issuer::Issuer;
use crate::json::JsonMembers;
use crate::record::single_use::{Place, Redemption, SingleUse};
use crate::task::Task;
use crate::time::{Context, UnixTime};

/// What a single-use token is for, seen without using it.
#[derive(Clone, PartialEq, Eq)]
pub struct SingleUseView {
    /// Whom it is about.
    pub subject: Option<String>,
    /// What it was made with.
    pub payload: JsonMembers,
    /// When it ends.
    pub expires_at: UnixTime,
}

/// What a redeemed single-use token gives.
#[derive(Clone, PartialEq, Eq)]
pub struct RedeemedSingleUse {
    /// Whom it is about.
    pub subject: Option<String>,
    /// What it was made with.
    pub payload: JsonMembers,
}

impl Issuer {
    /// Shows what a token is for. It stays good, so whoever fetches links to look at them harms nothing; only a wrong code
    /// counts, here as well.
    ///
    /// # Errors
    /// `link_unknown`, also for another purpose or slot; `link_used`; `link_expired`, also after a revocation;
    /// `attempts_exhausted` for a code after five wrong ones; `field_required` at `slot` for a code without one;
    /// `policy_invalid` without a session secret; `store_busy`, and the store's.
    pub fn peek_single_use(&self, presented: &PresentedSingleUse, context: &Context) -> Task<SingleUseView> {
        let presented = presented.clone();
        self.task(context, |mut flow| async move {
            let place = flow.place(&presented).map_err(worded)?;
            let record = flow.look_at(&place).await.map_err(worded)?;
            let SingleUse { subject, payload, expires_at, .. } = record;
            Ok(SingleUseView { subject, payload, expires_at })
        })
    }

    /// Redeems a token, once. `redeemer` is whatever tells one from another, such as an idempotency key: who comes back with
    /// the same one within [`Policy::redeem_window_seconds`](crate::Policy::redeem_window_seconds) gets the same answer.
    ///
    /// ```
    /// use tokenmint::*;
    /// let keys = KeySet::builder().hmac("k1", [7; 32].as_slice())?.build()?;
    /// let policy = Policy::new("https://api.example.com").session_secret([9; 32].as_slice());
    /// let (issuer, store) = (Issuer::new(keys, policy)?, MemoryStore::new());
    /// let context = |seed| Context::new(UnixTime::from_seconds(1_700_000_000), [seed; 32]);
    ///
    /// let request = IssueSingleUse::new("sign-in", Lifetime::MINUTE).subject("u1").slot("u1").digits(6);
    /// let code = issuer.issue_single_use(request, &context(1)).run(&store).result?.token;
    /// let wrong = if code == "000000" { "000001" } else { "000000" };
    /// let redeem = |code: &str, seed| {
    ///     let presented = PresentedSingleUse::new("sign-in", code).slot("u1");
    ///     issuer.redeem_single_use(&presented, Some("browser 1"), &context(seed)).run(&store).result
    /// };
    /// assert_eq!(redeem(wrong, 2).unwrap_err().code(), ErrorCode::LinkUnknown);
    /// assert_eq!(redeem(&code, 3)?.subject.as_deref(), Some("u1"));
    /// assert_eq!(redeem(&code, 4)?.subject.as_deref(), Some("u1"), "the first answer may have been lost");
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Issuer::peek_single_use`].
    pub fn redeem_single_use(
        &self,
        presented: &PresentedSingleUse,
        redeemer: Option<&str>,
        context: &Context,
    ) -> Task<RedeemedSingleUse> {
        let (presented, redeemer) = (presented.clone(), redeemer.map(str::to_owned));
        self.task(context, |mut flow| async move {
            let place = flow.place(&presented).map_err(worded)?;
            let redemption = Redemption::new(redeemer.as_deref(), "", flow.moment());
            flow.redeem_single_use(&place, redemption).await.map_err(worded)
        })
    }
}

/// What follows for a token that was presented: the record to be written, if any, and the answer.
pub(crate) type Verdict<R> = Result<(Option<SingleUse>, R)>;

impl Flow {
    async fn redeem_single_use(
        &mut self,
        place: &Place,
        redemption: Redemption,
    ) -> Result<RedeemedSingleUse> {
        let decide = |flow: &Flow, record: &SingleUse| {
            // Whoever cannot be told from another has had the answer, or lost it.
            let named = |first: &Redemption| !first.is_anonymous();
            flow.redemption(place, record, Ok(redemption.clone()), named, EventKind::SingleUseReuse)
        };
        let (record, again) = self.present(place, decide).await?;
        let kind = if again? { EventKind::SingleUseReplayed } else { EventKind::SingleUseRedeemed };
        self.emit(record.event(kind, place));
        Ok(RedeemedSingleUse { subject: record.subject, payload: record.payload })
    }

    /// The record of a token that could be redeemed now.
    pub(crate) async fn look_at(&mut self, place: &Place) -> Result<SingleUse> {
        let decide = |flow: &Flow, record: &SingleUse| match &record.redeemed {
            Some(_) => Err(ErrorCode::LinkUsed.into()),
            None => record.check_time(flow.now()).map(|()| (None, ())),
        };
        Ok(self.present(place, decide).await?.0)
    }

    /// What becomes of a token that is to be redeemed, and whether it is so again, by a retry that `may_repeat`.
    ///
    /// What has become of the token comes before what is wrong with the redemption.
    pub(crate) fn redemption(
        &self,
        place: &Place,
        record: &SingleUse,
        redemption: Result<Redemption>,
        may_repeat: impl Fn(&Redemption) -> bool,
        reuse: EventKind,
    ) -> Verdict<Result<bool>> {
        let Some(first) = &record.redeemed else {
            record.check_time(self.now())?;
            return Ok(match redemption {
                Ok(redemption) => {
                    (Some(SingleUse { redeemed: Some(redemption), ..record.clone() }), Ok(false))
                }
                Err(error) => (None, Err(error)),
            });
        };
        let window = self.issuer.policy().redeem_window;
        if redemption.is_ok_and(|later| first.may_be_repeated_by(&later, window)) && may_repeat(first) {
            return Ok((None, Ok(true)));
        }
        self.emit(record.event(reuse, place));
        Err(ErrorCode::LinkUsed.into())
    }

    /// Finds what was presented, decides, and does the one write that makes it so. Gives the record as it is then.
    pub(crate) async fn present<R>(
        &mut self,
        place: &Place,
        decide: impl Fn(&Flow, &SingleUse) -> Verdict<R>,
    ) -> Result<(SingleUse, R)> {
        let mut update = self.records.open(place.key.clone()).await?;
        loop {
            let record: SingleUse = update.found()?.ok_or(ErrorCode::LinkUnknown)?;
            let right = record.is_proved_by(&self.issuer, place)?;
            if !right && !record.is_code() {
                return Err(ErrorCode::LinkUnknown.into());
            }
            if record.is_exhausted() {
                return Err(ErrorCode::AttemptsExhausted.into());
            }
            let (next, answer) = decide(self, &record)?;
            self.check_single_use(&record, place).await?;
            let next = match next {
                _ if !right => record.missed(),
                None if !record.is_code() => return Ok((record, answer)),
                None => record,
                Some(next) => next,
            };
            if !self.records.write(&mut update, next.draft()?).await? {
                continue;
            }
            if right {
                return Ok((next, answer));
            }
            let code =
                if next.is_exhausted() { ErrorCode::AttemptsExhausted } else { ErrorCode::LinkUnknown };
            self.emit(next.event(EventKind::SingleUseRefused, place).reason(code));
            return Err(code.into());
        }
    }

    /// Refused where a watermark has moved since the token was made: as if its time were over.
    async fn check_single_use(&self, record: &SingleUse, place: &Place) -> Result<()> {
        let of = |name: &Option<String>| name.clone().unwrap_or_default();
        let marks = self.marks(&of(&record.client), &of(&record.subject)).await?;
        match self.judge(marks, Some(record.epoch), None, |kind| record.event(kind, place)) {
            Err(error) if error.code() == ErrorCode::TokenRevoked => Err(ErrorCode::LinkExpired.into()),
            judged => judged,
        }
    }
}

impl fmt::Debug for SingleUseView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut view = f.debug_struct("SingleUseView");
        view.field("subject", &self.subject).field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

impl fmt::Debug for RedeemedSingleUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedeemedSingleUse").field("subject", &self.subject).finish_non_exhaustive()
    }
}
