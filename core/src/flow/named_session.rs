//! Named sessions: a caller names one, and it lives as long as tokens are minted for it.

use super::Flow;
use crate::claims::Claims;
use crate::encoding::base64url;
use crate::error::{ErrorCode, Result};
use crate::event::{Event, EventKind};
use crate::json::object;
use crate::record::{Decision, Draft, decode_some};
use crate::store::RecordKey;
use crate::time::{Lifetime, UnixTime};
use crate::token::verified::Verified;

/// How long a named session lives without a new token. Not an option: whoever wants less gives its tokens
/// a shorter life, and without a new one the end user is out as soon as the last has ended.
const NAMED_SESSION_IDLE: Lifetime = Lifetime::DAY;

object! {
    /// A session that a caller names: it lives as long as tokens are minted for it.
    ///
    /// The instance is random: a session of the same name that ended never comes back with its old tokens.
    #[derive(Clone, Debug)]
    #[json(read, write)]
    struct NamedSession {
        instance: String,
        touched_at: UnixTime,
    }
}

impl Flow {
    /// Keeps a named session alive, or begins it, and mints a token in it. A renewed token must be of the same instance.
    pub(crate) async fn mint_in_session(
        &mut self,
        organization: &str,
        name: &str,
        renewed: Option<&Verified>,
        claims: Claims,
        lifetime: Lifetime,
    ) -> Result<(String, String)> {
        let mut update = self.records.open(named_session_key(organization, name)).await?;
        loop {
            let known = self.living_named_session(update.found()?);
            if let Some(token) = renewed {
                let own: Option<String> = token.read_claim("sessionInstance")?;
                if own.is_none() || own != known.as_ref().map(|session| session.instance.clone()) {
                    return Err(ErrorCode::Unauthenticated.into());
                }
            }
            let now = self.now();
            let session = match known {
                // Another node's clock may be ahead: a session is never made older.
                Some(known) => NamedSession { touched_at: known.touched_at.max(now), ..known },
                None => NamedSession { instance: base64url(&self.entropy().bytes::<12>()), touched_at: now },
            };
            let draft = Draft::new(&session, session.touched_at.after(NAMED_SESSION_IDLE))?;
            let write = self.records.prepare(&update, draft);
            // Before the write: while the host's signer is away nothing changes.
            let claims = claims.clone().set("sessionId", name).set("sessionInstance", session.instance);
            let token = self.mint_with_id(claims, lifetime).await?;
            if self.records.commit(&mut update, write).await? {
                return Ok(token);
            }
        }
    }

    /// Mints a token; gives its id, too.
    pub(crate) async fn mint_with_id(
        &mut self,
        claims: Claims,
        lifetime: Lifetime,
    ) -> Result<(String, String)> {
        let id = self.entropy().uuid().to_string();
        Ok((self.mint(claims.id(&*id), lifetime).await?, id))
    }

    fn living_named_session(&self, found: Option<NamedSession>) -> Option<NamedSession> {
        found.filter(|session| self.now() < session.touched_at.after(NAMED_SESSION_IDLE))
    }

    pub(crate) async fn end_named_session(&mut self, organization: &str, name: &str) -> Result<()> {
        let ended = (self.records)
            .update(named_session_key(organization, name), |found: Option<NamedSession>| {
                Ok(found.map_or(Decision::Leave(false), |_| Decision::Delete(true)))
            })
            .await?;
        if ended {
            self.emit(Event::new(EventKind::SessionRevoked).client(organization).session(name));
        }
        Ok(())
    }

    /// A token of a named session stands while that very session lives.
    pub(crate) async fn check_named_session(&self, token: &Verified) -> Result<()> {
        let Some(instance) = token.read_claim::<String>("sessionInstance")? else { return Ok(()) };
        let (Some(organization), Some(name)) =
            (token.read_claim::<String>("organizationId")?, token.read_claim::<String>("sessionId")?)
        else {
            return Err(ErrorCode::TokenRevoked.into());
        };
        let [entry] = self.records.load([named_session_key(&organization, &name)]).await?;
        match self.living_named_session(decode_some(entry.as_ref())?) {
            Some(session) if session.instance == instance => Ok(()),
            _ => Err(ErrorCode::TokenRevoked.into()),
        }
    }
}

fn named_session_key(organization: &str, name: &str) -> RecordKey {
    RecordKey::of("named-session", &[organization, name])
}
