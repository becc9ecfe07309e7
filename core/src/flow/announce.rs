//! What ends something says so first, where somebody reads [the journal](crate::record::journal).

use super::Flow;
use crate::error::Result;
use crate::policy::Policy;
use crate::record::journal::{Ended, EndedKind};
use crate::record::session::Session;

impl Policy {
    /// Whether somebody reads the journal: then what ends something is told before it is done.
    pub(crate) fn announces(&self) -> bool {
        self.status_lists.is_some() || !self.event_receivers.is_empty()
    }
}

impl Flow {
    /// Tells what may be about to end: before the decisive write, and again where that was lost to another one.
    pub(crate) async fn announce(&mut self, ended: Ended) -> Result<()> {
        if !self.issuer.policy().announces() {
            return Ok(());
        }
        let issuer = self.issuer.policy().issuer.clone();
        self.records.announce(&issuer, &ended).await
    }

    /// Tells that a session may be about to end.
    pub(super) async fn announce_session(&mut self, session: &Session) -> Result<()> {
        let ended = Ended::new(EndedKind::Session, self.now());
        let (subject, client) = (Some(session.subject.clone()), session.client.clone());
        self.announce(Ended { id: Some(session.id.clone()), subject, client, ..ended }).await
    }
}
