//! What happened, as data: for audit logs and alarms. Ids and fingerprints only, never tokens or secrets.

use serde::Serialize;

use crate::error::ErrorCode;

/// One thing that happened in a flow.
///
/// Serializes as one flat JSON object, for example
/// `{"event":"refresh_rotated","client":"c1","subject":"u1","session":"...","generation":2}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Event {
    /// What kind of thing.
    #[serde(rename = "event")]
    pub kind: EventKind,
    /// The client or organization on whose behalf.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// The subject it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The session it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// The id of the token or record: a `jti`, or a fingerprint where the token is a secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The generation of a session or account token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generation: Option<u64>,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "code_name")]
    pub reason: Option<ErrorCode>,
}

/// The kinds of [`Event`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EventKind {
    /// A token was minted.
    TokenIssued,
    /// A token was not minted; the reason says why.
    TokenRefused,
    /// One token was revoked.
    TokenRevoked,
    /// A session was opened.
    SessionOpened,
    /// A refresh token was exchanged for its successor.
    RefreshRotated,
    /// The successor was given again: the first answer may have been lost.
    RefreshReplayed,
    /// An old refresh token was presented: somebody else has it. The session was ended.
    RefreshReuseDetected,
    /// A session was ended.
    SessionRevoked,
    /// All tokens of a subject, a client or the issuer were revoked.
    WatermarkRaised,
    /// A link was made.
    LinkIssued,
    /// A link was redeemed.
    LinkRedeemed,
    /// The same redeemer asked again and got the same answer.
    LinkReplayed,
    /// A used link was presented.
    LinkReuse,
    /// A public token was exchanged for an account token.
    AccountTokenIssued,
    /// An account token was replaced.
    AccountTokenRotated,
    /// A linked account was deleted, and its token ended.
    AccountDeleted,
    /// A rate limit denied a request.
    LimitHit,
    /// The store has lost an acknowledged write.
    StoreRegressed,
    /// The store's clock and the host's differ by more than [`MAX_SKEW_MS`](crate::MAX_SKEW_MS).
    ClockSkew,
    /// The directory was changed.
    DirectoryChanged,
}

impl Event {
    /// An event with nothing but its kind.
    pub(crate) fn new(kind: EventKind) -> Self {
        Event { kind, client: None, subject: None, session: None, id: None, generation: None, reason: None }
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

    pub(crate) fn reason(mut self, reason: ErrorCode) -> Self {
        self.reason = Some(reason);
        self
    }
}

fn code_name<S: serde::Serializer>(code: &Option<ErrorCode>, serializer: S) -> Result<S::Ok, S::Error> {
    match code {
        Some(code) => serializer.serialize_str(code.name()),
        None => serializer.serialize_none(),
    }
}
