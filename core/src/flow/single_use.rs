//! Single-use tokens are made for a purpose, and cancelled: what a link in a mail, or a short code, is made of.

use std::fmt;

use super::Flow;
use super::single_use_token::{is_code, slot_required};
use crate::error::{Error, ErrorCode, Result, field_invalid};
use crate::event::EventKind;
use crate::issuer::Issuer;
use crate::json::{self, JsonMembers};
use crate::record::single_use::SingleUse;
use crate::record::{Decision, busy};
use crate::task::Task;
use crate::time::{Context, Lifetime, UnixTime};

/// The largest payload, in bytes of its JSON.
pub(crate) const MAX_PAYLOAD: usize = 16 * 1024;

/// A request to make a single-use token.
#[derive(Clone, Debug)]
pub struct IssueSingleUse {
    pub(crate) purpose: String,
    pub(crate) lifetime: Lifetime,
    pub(crate) subject: Option<String>,
    pub(crate) payload: JsonMembers,
    pub(crate) slot: Option<String>,
    pub(crate) digits: Option<u8>,
}

impl IssueSingleUse {
    /// A token that is good for one purpose, such as `reset`, and for a time.
    pub fn new(purpose: impl Into<String>, lifetime: Lifetime) -> Self {
        let (subject, payload, slot, digits) = (None, JsonMembers::new(), None, None);
        IssueSingleUse { purpose: purpose.into(), lifetime, subject, payload, slot, digits }
    }

    /// Whom it is about: given back when it is redeemed. [`Issuer::revoke_subject`] ends it.
    #[must_use]
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// What else is given back when it is redeemed: a JSON object of at most 16 KiB.
    #[must_use]
    pub fn payload(mut self, payload: JsonMembers) -> Self {
        self.payload = payload;
        self
    }

    /// A place for one token at a time, such as a user's id: a newer token of the same purpose ends the older.
    #[must_use]
    pub fn slot(mut self, slot: impl Into<String>) -> Self {
        self.slot = Some(slot.into());
        self
    }

    /// A short code of 6 to 10 digits in place of a token. It needs a slot, and five wrong codes end it.
    #[must_use]
    pub fn digits(mut self, digits: u8) -> Self {
        self.digits = Some(digits);
        self
    }
}

/// A single-use token that was made.
#[derive(Clone, PartialEq, Eq)]
pub struct SingleUseToken {
    /// The token, or the code: good for one redemption.
    pub token: String,
    /// When it ends.
    pub expires_at: UnixTime,
}

/// Which single-use token to cancel.
#[derive(Clone)]
pub enum CancelSingleUse {
    /// The one that somebody was given.
    Token(String),
    /// Whichever is in this slot.
    Slot(String),
}

impl Issuer {
    /// Makes a single-use token, or a short code.
    ///
    /// ```
    /// use tokenmint::*;
    /// let keys = KeySet::builder().hmac("k1", [7; 32].as_slice())?.build()?;
    /// let policy = Policy::new("https://api.example.com").session_secret([9; 32].as_slice());
    /// let (issuer, store) = (Issuer::new(keys, policy)?, MemoryStore::new());
    /// let context = |seed| Context::new(UnixTime::from_seconds(1_700_000_000), [seed; 32]);
    ///
    /// let request = IssueSingleUse::new("reset", Lifetime::HOUR).subject("u1").slot("u1");
    /// let link = issuer.issue_single_use(request, &context(1)).run(&store).result?;
    ///
    /// let presented = PresentedSingleUse::new("reset", &link.token);
    /// assert_eq!(issuer.peek_single_use(&presented, &context(2)).run(&store).result?.expires_at, link.expires_at);
    /// let redeemed = issuer.redeem_single_use(&presented, None, &context(3)).run(&store).result?;
    /// assert_eq!(redeemed.subject.as_deref(), Some("u1"));
    /// let again = issuer.redeem_single_use(&presented, None, &context(4)).run(&store).result.unwrap_err();
    /// assert_eq!(again.code(), ErrorCode::LinkUsed);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// `field_invalid` at `purpose`, `slot` or `subject` where it is empty, at `digits` for fewer than 6 or more than 10, at
    /// `payload` over 16 KiB; `field_required` at `slot` for a code without one; `lifetime_too_long`; `policy_invalid`
    /// without a session secret; `store_busy`, and the store's.
    pub fn issue_single_use(&self, request: IssueSingleUse, context: &Context) -> Task<SingleUseToken> {
        self.task(context, |mut flow| async move { flow.issue_single_use(request).await })
    }

    /// Ends a token that was not redeemed. One that is not known, or is over, is as good as cancelled.
    ///
    /// # Errors
    /// `link_used` for one that was redeemed; `field_required` at `slot` for a code, which only its slot can name;
    /// `policy_invalid` without a session secret; `store_busy`, and the store's.
    pub fn cancel_single_use(&self, purpose: &str, which: CancelSingleUse, context: &Context) -> Task<()> {
        let purpose = purpose.to_owned();
        self.task(context, |mut flow| async move { flow.cancel_single_use(&purpose, which).await })
    }
}

impl Flow {
    async fn issue_single_use(&mut self, request: IssueSingleUse) -> Result<SingleUseToken> {
        let IssueSingleUse { purpose, lifetime, subject, payload, slot, digits } = request;
        for (field, text) in
            [("purpose", Some(&purpose)), ("subject", subject.as_ref()), ("slot", slot.as_ref())]
        {
            if text.is_some_and(String::is_empty) {
                return Err(field_invalid(field, "the text is empty"));
            }
        }
        if json::size(&payload) > MAX_PAYLOAD {
            return Err(field_invalid("payload", "a payload has at most 16384 bytes as JSON"));
        }
        let expires_at = self.now().after(lifetime.at_most(self.issuer.policy().max_lifetime)?);
        let salt = self.entropy().bytes();
        let (token, place) = self.new_token(&purpose, slot.as_deref(), digits)?;
        let marks = self.marks("", subject.as_deref().unwrap_or_default()).await?;
        let record = SingleUse { subject, payload, ..SingleUse::new(expires_at, salt, marks.epoch()) };
        let record = record.proved_by(&self.issuer, &place, digits.is_some())?;
        // Whatever is in a slot, this takes its place. Without one there can be nothing.
        let write = |found: Option<SingleUse>| match found {
            Some(_) if slot.is_none() => Err(busy()),
            _ => Ok(Decision::Write(record.draft()?, ())),
        };
        self.records.update(place.key.clone(), write).await?;
        self.emit(record.event(EventKind::SingleUseIssued, &place));
        Ok(SingleUseToken { token, expires_at })
    }

    async fn cancel_single_use(&mut self, purpose: &str, which: CancelSingleUse) -> Result<()> {
        let (place, by_slot) = match which {
            CancelSingleUse::Slot(slot) => (self.place_in(purpose, &slot, &[])?, true),
            CancelSingleUse::Token(token) if is_code(&token) => return Err(slot_required()),
            CancelSingleUse::Token(token) => match self.place_of(purpose, &token) {
                Err(error) if error.code() == ErrorCode::LinkUnknown => return Ok(()),
                place => (place?, false),
            },
        };
        let issuer = self.issuer.clone();
        let decide = |found: Option<SingleUse>| match found {
            Some(record) if by_slot || record.is_proved_by(&issuer, &place)? => match record.redeemed {
                Some(_) => Err(worded(ErrorCode::LinkUsed.into())),
                None => Ok(Decision::Delete(Some(record))),
            },
            _ => Ok(Decision::Leave(None)),
        };
        if let Some(record) = self.records.update(place.key.clone(), decide).await? {
            self.emit(record.event(EventKind::SingleUseCancelled, &place));
        }
        Ok(())
    }
}

/// The errors of what became of a token, in words that fit a code as well as a link.
pub(super) fn worded(error: Error) -> Error {
    let text = match error.code() {
        ErrorCode::LinkUnknown => "the token or code is not known",
        ErrorCode::LinkUsed => "the token or code was used already",
        ErrorCode::LinkExpired => "the time of the token or code is over",
        _ => return error,
    };
    Error::new(error.code()).because(text)
}

impl fmt::Debug for SingleUseToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SingleUseToken").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

impl fmt::Debug for CancelSingleUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CancelSingleUse(..)")
    }
}
