//! The record behind a refresh token, and the decision about a presented one.

use super::Draft;
use super::slot::{Taken, take};
use crate::error::Result;
use crate::event::{Event, EventKind};
use crate::json::{JsonMembers, object};
use crate::store::RecordKey;
use crate::time::{Lifetime, Moment, UnixTime};

object! {
    /// A session: one record, and one counter that a refresh moves on.
    ///
    /// What may be absent is absent in a session that the version before opened, too.
    #[derive(Clone, Debug, PartialEq, Eq)]
    #[json(read, write)]
    pub(crate) struct Session {
        /// Its id, by which its record is found; see [`Session::named`].
        #[json(default)]
        pub(crate) id: String,
        pub(crate) generation: u64,
        /// When the current refresh token was made.
        pub(crate) rotated_at: Moment,
        pub(crate) subject: String,
        #[json(omit)]
        pub(crate) client: Option<String>,
        #[json(omit)]
        pub(crate) scope: Option<String>,
        /// Whom its access tokens are for; the policy's audience where empty.
        #[json(omit)]
        pub(crate) audience: Vec<String>,
        /// Custom claims of its access tokens.
        #[json(omit)]
        pub(crate) claims: JsonMembers,
        /// What the host knows of it, such as the name of a device.
        #[json(omit)]
        pub(crate) details: JsonMembers,
        #[json(omit)]
        pub(crate) created_at: Option<UnixTime>,
        /// Lifetimes in seconds, where they are not the policy's.
        #[json(omit)]
        pub(crate) access_lifetime: Option<u64>,
        #[json(omit)]
        pub(crate) idle: Option<u64>,
        pub(crate) absolute_expiry: UnixTime,
        pub(crate) idle_expiry: UnixTime,
        /// 16 random bytes in base64url.
        pub(crate) salt: String,
        /// As a token's: the sum of the watermarks that it is under.
        pub(crate) epoch: u64,
        /// The watermark over the subject's sessions; see [`super::sessions_mark`].
        #[json(default)]
        pub(crate) sessions_epoch: u64,
        pub(crate) revoked: bool,
        /// The places of its access tokens that have not ended, where these have a status.
        #[json(omit)]
        pub(crate) slots: Vec<Taken>,
        /// Whether there are more of them than are named here.
        #[json(omit)]
        pub(crate) more_slots: bool,
        /// The thumbprint of the key that its refresh tokens are bound to (RFC 9449 section 5).
        #[json(omit)]
        pub(crate) jkt: Option<String>,
        /// The SHA-256 of the certificate that its tokens are bound to (RFC 8705 sections 3 and 4).
        #[json(omit)]
        pub(crate) x5t: Option<String>,
    }
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
    /// The session of this id: older records do not say it.
    pub(crate) fn named(self, id: &str) -> Session {
        if self.id == id { self } else { Session { id: id.to_owned(), ..self } }
    }

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

    /// The record after a rotation; `idle` is the policy's.
    pub(crate) fn rotated(self, now: Moment, idle: Lifetime) -> Session {
        Session {
            generation: self.generation + 1,
            rotated_at: self.rotated_at.max(now),
            idle_expiry: now.seconds().after(own(self.idle, idle)).min(self.absolute_expiry),
            ..self
        }
    }

    /// The record with the place of one more access token.
    pub(crate) fn with_slot(mut self, place: Taken, now: UnixTime) -> Session {
        take(&mut self.slots, &mut self.more_slots, place, now);
        self
    }

    /// How long its access tokens live, where the policy says `lifetime`.
    pub(crate) fn access_lifetime(&self, lifetime: Lifetime) -> Lifetime {
        own(self.access_lifetime, lifetime)
    }

    /// The record after a revocation.
    pub(crate) fn revoked(&self) -> Session {
        Session { revoked: true, ..self.clone() }
    }

    /// The record as it is written. Kept to its absolute end: a revoked session must stay known as revoked.
    pub(crate) fn draft(&self, issuer: &str) -> Result<Draft> {
        let draft = Draft::new(self, self.absolute_expiry)?;
        Ok(draft.listed(sessions_of(issuer, &self.subject), self.client.as_deref()))
    }

    /// Something that happened to it.
    pub(crate) fn event(&self, kind: EventKind) -> Event {
        let event = Event::new(kind).subject(&*self.subject).session(&*self.id);
        Event { client: self.client.clone(), ..event }
    }
}

/// The key of a session's record.
pub(crate) fn session_key(id: &str) -> RecordKey {
    RecordKey::of("session", &[id])
}

/// By what the sessions of a subject are listed. RFC 7519 section 4.1.2: a subject is unique within its issuer, so nobody
/// finds those of another issuer.
pub(crate) fn sessions_of(issuer: &str, subject: &str) -> RecordKey {
    RecordKey::of("sessions", &[issuer, subject])
}

fn own(seconds: Option<u64>, policy: Lifetime) -> Lifetime {
    seconds.and_then(|seconds| Lifetime::from_seconds(seconds).ok()).unwrap_or(policy)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::decode_value;

    #[test]
    fn a_session_of_the_version_before_is_read() {
        let text = r#"{"generation":3,"rotated_at":1700000000.5,"subject":"u1","client":"c1","scope":"",
            "absolute_expiry":1700086400,"idle_expiry":1700001800,"salt":"AAAA","epoch":7,"revoked":false}"#;
        let session: Session = decode_value(text.as_bytes()).unwrap();
        let session = session.named("s1");
        assert_eq!((session.id.as_str(), session.client.as_deref()), ("s1", Some("c1")));
        assert_eq!((session.scope.as_deref(), session.sessions_epoch), (Some(""), 0));
        assert_eq!(session.access_lifetime(Lifetime::MINUTE), Lifetime::MINUTE);
        let written = crate::json::to_text(&session);
        assert_eq!(decode_value::<Session>(written.as_bytes()).unwrap(), session);
    }
}
