//! Named sessions: a caller names one, and it lives as long as tokens are minted for it.

use super::Flow;
use super::status::{Hangs, Named};
use crate::claims::Claims;
use crate::encoding::base64url;
use crate::error::{ErrorCode, Result};
use crate::event::{Event, EventKind};
use crate::json::object;
use crate::record::journal::{Ended, EndedKind};
use crate::record::{Draft, Stored, Update, decode_some};
use crate::store::RecordKey;
use crate::time::{Lifetime, UnixTime};
use crate::token::verified::Verified;

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
    pub(super) struct NamedSession {
        pub(super) instance: String,
        touched_at: UnixTime,
    }
}

impl NamedSession {
    fn ends_at(&self) -> UnixTime {
        self.touched_at.after(NAMED_SESSION_IDLE).after(UNTOUCHED)
    }

    /// Whether a new token has to be written down. Another node's clock may be ahead: a session is never made older.
    fn is_due(&self, now: UnixTime) -> bool {
        now >= self.touched_at.after(UNTOUCHED)
    }
}

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

/// The named session that a token was minted in.
#[derive(Clone)]
pub(crate) struct InNamedSession {
    organization: String,
    name: String,
    pub(super) instance: String,
}

impl InNamedSession {
    /// That of a token, if it was minted in one.
    ///
    /// # Errors
    /// `token_revoked` where the token does not say which.
    pub(super) fn of(token: &Verified) -> Result<Option<Self>> {
        let Some(instance) = token.read_claim("sessionInstance")? else { return Ok(None) };
        let (Some(organization), Some(name)) =
            (token.read_claim("organizationId")?, token.read_claim("sessionId")?)
        else {
            return Err(ErrorCode::TokenRevoked.into());
        };
        Ok(Some(InNamedSession { organization, name, instance }))
    }

    pub(super) fn key(&self) -> RecordKey {
        named_session_key(&self.organization, &self.name)
    }

    /// A token of a named session stands while that very session lives.
    pub(super) fn stands(&self, found: Option<Stored>, now: UnixTime) -> Result<()> {
        match living(decode_some(found.as_ref())?, now) {
            Some(session) if session.instance == self.instance => Ok(()),
            _ => Err(ErrorCode::TokenRevoked.into()),
        }
    }
}

fn living(found: Option<NamedSession>, now: UnixTime) -> Option<NamedSession> {
    found.filter(|session| now < session.ends_at())
}

pub(crate) fn named_session_key(organization: &str, name: &str) -> RecordKey {
    RecordKey::of("named-session", &[organization, name])
}
