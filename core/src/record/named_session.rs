//! The record of a named session: a caller names one, and it lives as long as tokens are minted for it.

use super::{Stored, decode_some};
use crate::error::{ErrorCode, Result};
use crate::json::object;
use crate::store::RecordKey;
use crate::time::{Lifetime, UnixTime};

/// How long a named session lives without a new token, at least. Not an option: whoever wants less gives its tokens
/// a shorter life, and without a new one the end user is out as soon as the last has ended.
const NAMED_SESSION_IDLE: Lifetime = Lifetime::DAY;

/// How long a session that was touched is not written again, so that requests for one and the same do not take turns on its
/// record. It lives so much longer, since its last token may be so much younger than the record says.
const UNTOUCHED: Lifetime = Lifetime::MINUTE;

object! {
    /// A session that a caller names: it lives as long as tokens are minted for it.
    ///
    /// The instance is random: a session of the same name that ended never comes back with its old tokens.
    #[derive(Clone, Debug)]
    #[json(read, write)]
    pub(crate) struct NamedSession {
        pub(crate) instance: String,
        pub(crate) touched_at: UnixTime,
    }
}

impl NamedSession {
    pub(crate) fn ends_at(&self) -> UnixTime {
        self.touched_at.after(NAMED_SESSION_IDLE).after(UNTOUCHED)
    }

    /// Whether a new token has to be written down. Another node's clock may be ahead: a session is never made older.
    pub(crate) fn is_due(&self, now: UnixTime) -> bool {
        now >= self.touched_at.after(UNTOUCHED)
    }
}

/// The named session that a token was minted in.
#[derive(Clone)]
pub(crate) struct InNamedSession {
    pub(crate) organization: String,
    pub(crate) name: String,
    pub(crate) instance: String,
}

impl InNamedSession {
    pub(crate) fn key(&self) -> RecordKey {
        named_session_key(&self.organization, &self.name)
    }

    /// A token of a named session stands while that very session lives.
    pub(crate) fn stands(&self, found: Option<Stored>, now: UnixTime) -> Result<()> {
        match living(decode_some(found.as_ref())?, now) {
            Some(session) if session.instance == self.instance => Ok(()),
            _ => Err(ErrorCode::TokenRevoked.into()),
        }
    }
}

/// The session that was found, where it is not over.
pub(crate) fn living(found: Option<NamedSession>, now: UnixTime) -> Option<NamedSession> {
    found.filter(|session| now < session.ends_at())
}

/// The key of a named session's record.
pub(crate) fn named_session_key(organization: &str, name: &str) -> RecordKey {
    RecordKey::of("named-session", &[organization, name])
}
