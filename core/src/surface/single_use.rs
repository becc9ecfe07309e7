//! Single-use tokens and codes.

use super::table::{Hidden, Nothing, operations};
use crate::describe::described;
use crate::error::{Error, ErrorCode, Result};
use crate::flow::single_use::CancelSingleUse;
use crate::flow::single_use_token::PresentedSingleUse;
use crate::flow::{redeem, single_use};
use crate::json::JsonMembers;
use crate::time::{Lifetime, UnixTime};

operations! {
    "Single use":

    /// Makes a token that is good once, for one purpose: for a link in a mail, or a short code of digits.
    /// In a slot there is one token at a time: a newer one ends the older. Five wrong codes end a code.
    issue_single_use(IssueSingleUseRequest) -> SingleUseToken, [LifetimeTooLong, PolicyInvalid]
        |issuer, input, context| issuer.issue_single_use(input.into(), context);
    /// Shows what a single-use token is for. It stays good; only a wrong code counts, here as well.
    peek_single_use(PeekSingleUseRequest) -> SingleUseView,
        [LinkUnknown, LinkUsed, LinkExpired, AttemptsExhausted, PolicyInvalid]
        |issuer, input, context| {
            issuer.peek_single_use(&presented(input.purpose, input.token, input.slot), context)
        };
    /// Redeems a single-use token. The same redeemer gets the same answer for a while.
    redeem_single_use(RedeemSingleUseRequest) -> RedeemedSingleUse,
        [LinkUnknown, LinkUsed, LinkExpired, AttemptsExhausted, PolicyInvalid]
        |issuer, input, context| {
            let redeemer = input.redeemer.as_deref();
            issuer.redeem_single_use(&presented(input.purpose, input.token, input.slot), redeemer, context)
        };
    /// Ends a single-use token that was not redeemed, or whichever is in a slot. One that is not known is as good as
    /// cancelled.
    cancel_single_use(CancelSingleUseRequest) -> Nothing, [LinkUsed, PolicyInvalid]
        |issuer, input, context| issuer.cancel_single_use(&input.purpose, which(input.token, input.slot)?, context);
}

described! {
    /// Asks for a single-use token.
    #[json(read)]
    pub(crate) struct IssueSingleUseRequest {
        /// What it is good for, such as `reset`.
        purpose: String,
        /// How long it lives.
        lifetime: Lifetime,
        /// Whom it is about: given back when it is redeemed.
        subject: Option<String>,
        /// What else is given back: at most 16 KiB.
        #[json(default)]
        payload: JsonMembers,
        /// A place for one token at a time, such as a user's id.
        slot: Option<String>,
        /// A short code of 6 to 10 digits in place of a token; it needs a slot.
        digits: Option<u8>,
    }

    /// A single-use token that was made.
    #[json(write)]
    pub(crate) struct SingleUseToken {
        /// The token, or the code.
        token: Hidden,
        /// When it ends.
        expires_at: UnixTime,
    }

    /// A single-use token that is looked at.
    #[json(read)]
    pub(crate) struct PeekSingleUseRequest {
        /// What it is presented for.
        purpose: String,
        /// The token, or the code.
        token: String,
        /// The slot that it must be of; a code is nothing without.
        slot: Option<String>,
    }

    /// A single-use token that is to be redeemed.
    #[json(read)]
    pub(crate) struct RedeemSingleUseRequest {
        /// What it is presented for.
        purpose: String,
        /// The token, or the code.
        token: String,
        /// The slot that it must be of; a code is nothing without.
        slot: Option<String>,
        /// Whatever tells one redeemer from another, such as an idempotency key.
        redeemer: Option<String>,
    }

    /// What a single-use token is for.
    #[json(write)]
    pub(crate) struct SingleUseView {
        /// Whom it is about.
        #[json(omit)]
        subject: Option<String>,
        /// What it was made with.
        payload: JsonMembers,
        /// When it ends.
        expires_at: UnixTime,
    }

    /// What a redeemed single-use token gives.
    #[json(write)]
    pub(crate) struct RedeemedSingleUse {
        /// Whom it is about.
        #[json(omit)]
        subject: Option<String>,
        /// What it was made with.
        payload: JsonMembers,
    }

    /// A single-use token that is to be cancelled: itself, or the slot that it is in.
    #[json(read)]
    pub(crate) struct CancelSingleUseRequest {
        /// What it was made for.
        purpose: String,
        /// The token; a code has its slot.
        token: Option<String>,
        /// The slot.
        slot: Option<String>,
    }
}

fn presented(purpose: String, token: String, slot: Option<String>) -> PresentedSingleUse {
    slot.into_iter().fold(PresentedSingleUse::new(purpose, token), PresentedSingleUse::slot)
}

fn which(token: Option<String>, slot: Option<String>) -> Result<CancelSingleUse> {
    match (token, slot) {
        (Some(token), None) => Ok(CancelSingleUse::Token(token)),
        (None, Some(slot)) => Ok(CancelSingleUse::Slot(slot)),
        _ => Err(Error::new(ErrorCode::InvalidRequest).at("token").because("give one of token and slot")),
    }
}

impl From<IssueSingleUseRequest> for single_use::IssueSingleUse {
    fn from(input: IssueSingleUseRequest) -> Self {
        let IssueSingleUseRequest { purpose, lifetime, subject, payload, slot, digits } = input;
        single_use::IssueSingleUse { purpose, lifetime, subject, payload, slot, digits }
    }
}

impl From<single_use::SingleUseToken> for SingleUseToken {
    fn from(made: single_use::SingleUseToken) -> Self {
        SingleUseToken { token: made.token.into(), expires_at: made.expires_at }
    }
}

impl From<redeem::SingleUseView> for SingleUseView {
    fn from(view: redeem::SingleUseView) -> Self {
        let redeem::SingleUseView { subject, payload, expires_at } = view;
        SingleUseView { subject, payload, expires_at }
    }
}

impl From<redeem::RedeemedSingleUse> for RedeemedSingleUse {
    fn from(redeemed: redeem::RedeemedSingleUse) -> Self {
        RedeemedSingleUse { subject: redeemed.subject, payload: redeemed.payload }
    }
}
