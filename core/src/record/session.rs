//! The record behind a refresh token, and the decision about a presented one.

use serde::{Deserialize, Serialize};

use super::Draft;
use crate::error::Result;
use crate::store::RecordKey;
use crate::time::{Lifetime, Moment, UnixTime};

/// A session: one record, and one counter that a refresh moves on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Session {
    pub(crate) generation: u64,
    pub(crate) rotated_at: Moment,
    pub(crate) subject: String,
    pub(crate) client: String,
    pub(crate) scope: String,
    pub(crate) absolute_expiry: UnixTime,
    pub(crate) idle_expiry: UnixTime,
    /// 16 random bytes in base64url.
    pub(crate) salt: String,
    pub(crate) epoch: u64,
    pub(crate) revoked: bool,
}

/// What to do with a refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RefreshDecision {
    /// It is the current one: exchange it.
    Rotate,
    /// It was exchanged just now: give the same successor again.
    Repeat,
    /// It is newer than the record: the store has lost a write.
    Regressed,
    /// It was exchanged before: somebody has a copy.
    Reuse,
}

impl Session {
    /// Whether the session is over: by time or by revocation.
    pub(crate) fn is_over(&self, now: UnixTime) -> bool {
        self.revoked || now >= self.idle_expiry || now >= self.absolute_expiry
    }

    /// Decides about generation `presented`. The previous one is good for the grace period only: accepted for ever,
    /// it would hide a thief for ever.
    pub(crate) fn decide(&self, presented: u64, now: Moment, grace_seconds: u64) -> RefreshDecision {
        let in_grace = grace_seconds > 0 && self.rotated_at.is_within(grace_seconds, now);
        if presented == self.generation {
            RefreshDecision::Rotate
        } else if presented > self.generation {
            RefreshDecision::Regressed
        } else if presented + 1 == self.generation && in_grace {
            RefreshDecision::Repeat
        } else {
            RefreshDecision::Reuse
        }
    }

    /// The record after a rotation.
    pub(crate) fn rotated(&self, now: Moment, idle: Lifetime) -> Session {
        Session {
            generation: self.generation + 1,
            rotated_at: self.rotated_at.max(now),
            idle_expiry: now.seconds().after(idle).min(self.absolute_expiry),
            ..self.clone()
        }
    }

    /// The record after a revocation.
    pub(crate) fn revoked(&self) -> Session {
        Session { revoked: true, ..self.clone() }
    }

    /// The record as it is written. Kept to its absolute end: a revoked session must stay known as revoked.
    pub(crate) fn draft(&self) -> Result<Draft> {
        Ok(Draft::new(self, self.absolute_expiry)?.indexed(&self.subject, &self.client))
    }
}

/// The key of a session's record.
pub(crate) fn session_key(id: &str) -> RecordKey {
    RecordKey::of("session", &[id])
}
