//! What happened, as data: for audit logs and alarms. Ids and fingerprints only, never tokens or secrets.

use crate::describe::{choices, described};
use crate::error::ErrorCode;
use crate::json;

described! {
    /// One thing that happened in a flow: ids and fingerprints, never tokens or secrets.
    ///
    /// Serializes as one flat JSON object, for example
    /// `{"event":"refresh_rotated","client":"c1","subject":"u1","session":"...","generation":2}`.
    #[derive(Clone, Debug, PartialEq, Eq)]
    #[json(write)]
    pub struct Event {
        /// What kind of thing.
        #[json(name = "event")]
        pub kind: EventKind,
        /// The client or organization on whose behalf.
        #[json(omit)]
        pub client: Option<String>,
        /// The subject it is about.
        #[json(omit)]
        pub subject: Option<String>,
        /// The session it belongs to.
        #[json(omit)]
        pub session: Option<String>,
        /// The id of the token or record: a `jti`, or a fingerprint where the token is a secret.
        #[json(omit)]
        pub id: Option<String>,
        /// The generation of a session or account token.
        #[json(omit)]
        pub generation: Option<u64>,
        /// Why it was refused.
        #[json(omit)]
        pub reason: Option<ErrorCode>,
        /// Why somebody else has refused it: a receiver of security events, in an error code of RFC 8935 section 2.4.
        #[json(omit)]
        pub err: Option<String>,
    }
}

choices! {
    /// The kinds of [`Event`].
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    #[non_exhaustive]
    pub enum EventKind {
        /// A token was minted.
        TokenIssued = "token_issued",
        /// A token was not minted; the reason says why.
        TokenRefused = "token_refused",
        /// One token was revoked.
        TokenRevoked = "token_revoked",
        /// A session was opened.
        SessionOpened = "session_opened",
        /// A refresh token was exchanged for its successor.
        RefreshRotated = "refresh_rotated",
        /// The successor was given again: the first answer may have been lost.
        RefreshReplayed = "refresh_replayed",
        /// An old refresh token was presented: somebody else has it. The session was ended.
        RefreshReuseDetected = "refresh_reuse_detected",
        /// A session was ended.
        SessionRevoked = "session_revoked",
        /// All tokens of a subject, a client or the issuer were revoked.
        WatermarkRaised = "watermark_raised",
        /// A link was made.
        LinkIssued = "link_issued",
        /// A link was redeemed.
        LinkRedeemed = "link_redeemed",
        /// The same redeemer asked again and got the same answer.
        LinkReplayed = "link_replayed",
        /// A used link was presented.
        LinkReuse = "link_reuse",
        /// A single-use token or code was made.
        SingleUseIssued = "single_use_issued",
        /// A single-use token or code was redeemed.
        SingleUseRedeemed = "single_use_redeemed",
        /// The same redeemer asked again and got the same answer.
        SingleUseReplayed = "single_use_replayed",
        /// A used single-use token or code was presented.
        SingleUseReuse = "single_use_reuse",
        /// A wrong code was presented; the reason says whether there may be another.
        SingleUseRefused = "single_use_refused",
        /// A single-use token or code was cancelled.
        SingleUseCancelled = "single_use_cancelled",
        /// An API key was made for a customer.
        ApiKeyCreated = "api_key_created",
        /// An API key got another secret.
        ApiKeyRotated = "api_key_rotated",
        /// An API key was ended.
        ApiKeyRevoked = "api_key_revoked",
        /// A public token was exchanged for an account token.
        AccountTokenIssued = "account_token_issued",
        /// An account token was replaced.
        AccountTokenRotated = "account_token_rotated",
        /// A linked account was deleted, and its token ended.
        AccountDeleted = "account_deleted",
        /// A receiver of security events does not take one, which is not given out again: the client is the receiver's name.
        SecurityEventRefused = "security_event_refused",
        /// A rate limit denied a request.
        LimitHit = "limit_hit",
        /// The store has lost an acknowledged write.
        StoreRegressed = "store_regressed",
        /// The store's clock and the host's differ by more than [`MAX_SKEW_MS`](crate::MAX_SKEW_MS).
        ClockSkew = "clock_skew",
        /// The directory was changed.
        DirectoryChanged = "directory_changed",
    }
}

impl EventKind {
    /// Its name, as the event is written.
    ///
    /// ```
    /// assert_eq!(tokenmint::EventKind::TokenIssued.name(), "token_issued");
    /// ```
    pub const fn name(self) -> &'static str {
        self.json_name()
    }
}

/// As JSON.
impl serde::Serialize for Event {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        json::serialize(self, serializer)
    }
}

impl Event {
    /// An event with nothing but its kind.
    pub(crate) fn new(kind: EventKind) -> Self {
        Event {
            kind,
            client: None,
            subject: None,
            session: None,
            id: None,
            generation: None,
            reason: None,
            err: None,
        }
    }

    pub(crate) fn client(mut self, client: impl Into<String>) -> Self {
        self.client = Some(client.into());
        self
    }

    pub(crate) fn subject(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    pub(crate) fn session(mut self, session: impl Into<String>) -> Self {
        self.session = Some(session.into());
        self
    }

    pub(crate) fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    pub(crate) fn generation(mut self, generation: u64) -> Self {
        self.generation = Some(generation);
        self
    }

    pub(crate) fn err(mut self, err: impl Into<String>) -> Self {
        self.err = Some(err.into());
        self
    }

    pub(crate) fn reason(mut self, reason: ErrorCode) -> Self {
        self.reason = Some(reason);
        self
    }
}
