//! Named sessions: a caller names one, and it lives as long as tokens are minted for it.

use super::Flow;
use super::status::{Hangs, Named};
use crate::claims::Claims;
use crate::encoding::base64url;
use crate::error::{ErrorCode, Result};
use crate::event::{Event, EventKind};
use crate::record::journal::{Ended, EndedKind};
use crate::record::named_session::{InNamedSession, NamedSession, living, named_session_key};
use crate::record::{Draft, Update, decode_some};
use crate::time::Lifetime;
use crate::token::verified::Verified;

impl Flow {
    /// Keeps a named session of an organization alive, or begins it, and mints a token in it, to whose claims it adds. A renewed
    /// token must be of the same instance.
    pub(crate) async fn mint_in_session(
        &mut self,
        mut update: Update,
        [organization, name]: [&str; 2],
        renewed: Option<&Verified>,
        claims: &mut Claims,
        lifetime: Lifetime,
        hangs: Hangs<'_>,
    ) -> Result<String> {
        loop {
            let known = living(update.found()?, self.now());
            if let Some(token) = renewed {
                let own: Option<String> = token.read_claim("sessionInstance")?;
                if own.is_none() || own.as_ref() != known.as_ref().map(|session| &session.instance) {
                    return Err(ErrorCode::Unauthenticated.into());
                }
            }
            let (now, is_there) = (self.now(), known.is_some());
            let (session, is_due) = match known {
                Some(known) if known.is_due(now) => (NamedSession { touched_at: now, ..known }, true),
                Some(known) => (known, false),
                None => {
                    let instance = base64url(&self.entropy().bytes::<12>());
                    (NamedSession { instance, touched_at: now }, true)
                }
            };
            let write = match is_due {
                true => Some(self.records.prepare(&update, Draft::new(&session, session.ends_at())?)),
                false => None,
            };
            *claims = std::mem::take(claims).set("sessionId", name).set("sessionInstance", &session.instance);
            let session = InNamedSession {
                organization: organization.to_owned(),
                name: name.to_owned(),
                instance: session.instance,
            };
            let named_session = Some(Named { session: &session, is_there });
            // Before the write: while the host's signer is away nothing changes.
            let token = self.mint_with_id(claims, lifetime, Hangs { named_session, ..hangs }).await?;
            let done = match write {
                Some(write) => self.records.commit(&mut update, write).await?,
                None => true,
            };
            if done {
                return Ok(token);
            }
        }
    }

    /// Mints a token, and leaves its id in the claims.
    pub(crate) async fn mint_with_id(
        &mut self,
        claims: &mut Claims,
        lifetime: Lifetime,
        hangs: Hangs<'_>,
    ) -> Result<String> {
        claims.id = Some(self.entropy().uuid().to_string());
        Ok(self.mint(claims, lifetime, hangs).await?.0)
    }

    pub(crate) async fn end_named_session(&mut self, organization: &str, name: &str) -> Result<()> {
        let mut update = self.records.open(named_session_key(organization, name)).await?;
        while let Some(session) = update.found::<NamedSession>()? {
            let ended = Ended::new(EndedKind::NamedSession, self.now());
            let (id, client) = (Some(session.instance), Some(organization.to_owned()));
            self.announce(Ended { id, client, session: Some(name.to_owned()), ..ended }).await?;
            if self.records.remove(&mut update).await? {
                self.emit(Event::new(EventKind::SessionRevoked).client(organization).session(name));
                break;
            }
        }
        Ok(())
    }

    /// Whether an instance of a named session is over.
    pub(super) async fn named_session_has_ended(
        &self,
        organization: &str,
        name: &str,
        instance: &str,
    ) -> Result<bool> {
        let [found] = self.records.load([named_session_key(organization, name)]).await?;
        let known = decode_some::<NamedSession>(found.as_ref())?;
        Ok(known.is_none_or(|session| session.instance != instance))
    }
}
