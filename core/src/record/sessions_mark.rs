//! The watermark over the sessions of one subject: what "log out everywhere" raises, and all other tokens stand by.
//!
//! A session carries the mark's counter from its start, and stands while the two are equal, or while the mark names it as
//! the one that stays. So one write ends all others, however many there are.

use super::session::Session;
use crate::error::{ErrorCode, Result};
use crate::json::object;
use crate::store::RecordKey;
use crate::time::Context;

object! {
    /// A watermark over sessions.
    #[derive(Clone, Debug, Default)]
    #[json(read, write)]
    pub(crate) struct SessionsMark {
        pub(crate) epoch: u64,
        /// The id of the session that stays.
        #[json(omit)]
        except: Option<String>,
    }
}

impl SessionsMark {
    /// Refused where the mark was raised after the session was opened, and not for the others.
    pub(crate) fn check(&self, session: &Session) -> Result<()> {
        self.check_of(&session.id, session.sessions_epoch)
    }

    /// As [`SessionsMark::check`], for the session of this id, and its counter.
    pub(crate) fn check_of(&self, id: &str, sessions_epoch: u64) -> Result<()> {
        if sessions_epoch == self.epoch || self.except.as_deref() == Some(id) {
            return Ok(());
        }
        // More than the store has ever counted: it lost a write.
        let lost = sessions_epoch > self.epoch;
        Err(if lost { ErrorCode::StoreRegressed } else { ErrorCode::TokenRevoked }.into())
    }

    /// Whether it has ended a session that was under this counter.
    pub(crate) fn ends(&self, session: &str, epoch: u64) -> bool {
        epoch < self.epoch && self.except.as_deref() != Some(session)
    }

    /// The mark moved forward: all sessions end, except the one of that id.
    pub(crate) fn raised(&self, except: Option<&str>, context: &Context) -> SessionsMark {
        // At least the time: after a store was wiped, no counter comes back to where it was.
        let epoch = (self.epoch + 1).max(context.now_micros());
        SessionsMark { epoch, except: except.map(str::to_owned) }
    }
}

/// The key of the mark over a subject's sessions.
pub(crate) fn sessions_mark_key(issuer: &str, subject: &str) -> RecordKey {
    RecordKey::of("mark-sessions", &[issuer, subject])
}
