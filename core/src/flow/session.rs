//! The record behind a refresh token, and the decision about a presented one.

use serde::{Deserialize, Serialize};

use crate::claims::Claims;
use crate::encoding::{base64url, from_base64url, same};
use crate::error::{Error, ErrorCode, Result};
use crate::issuer::Issuer;
use crate::store::RecordKey;
use crate::time::{Lifetime, Moment, UnixTime};
use crate::token::mint::{Frame, Given, Payload};

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
pub(crate) enum Decision {
    /// It is the current one: exchange it.
    Rotate,
    /// It was exchanged just now: give the same successor again.
    Repeat,
    /// It is newer than the record: the store has lost a write.
    Regressed,
    /// It was exchanged before: somebody has a copy.
    Reuse,
}

/// What a refresh token says.
#[derive(Debug)]
pub(crate) struct Presented {
    pub(crate) session: String,
    pub(crate) generation: u64,
    pub(crate) client: String,
    pub(crate) subject: String,
    mac: Vec<u8>,
}

pub(crate) fn session_key(id: &str) -> RecordKey {
    RecordKey::of("session", &[id])
}

impl Session {
    /// Whether the session is over: by time or by revocation.
    pub(crate) fn is_over(&self, now: UnixTime) -> bool {
        self.revoked || now >= self.idle_expiry || now >= self.absolute_expiry
    }

    /// Decides about generation `presented`. The previous one is good for the grace period only: accepted for ever,
    /// it would hide a thief for ever.
    pub(crate) fn decide(&self, presented: u64, now: Moment, grace_seconds: u64) -> Decision {
        let in_grace = grace_seconds > 0 && self.rotated_at.is_within(grace_seconds, now);
        if presented == self.generation {
            Decision::Rotate
        } else if presented > self.generation {
            Decision::Regressed
        } else if presented + 1 == self.generation && in_grace {
            Decision::Repeat
        } else {
            Decision::Reuse
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

    /// The refresh token of the record as it is: a function of the record, so it can be given again.
    pub(crate) fn refresh_token(&self, issuer: &Issuer, id: &str) -> Result<String> {
        let sessions = issuer.sessions()?;
        let key = sessions.refresh.signing_key().ok_or(ErrorCode::Internal)?;
        let policy = issuer.policy();
        let claims = Claims::new()
            .subject(self.subject.clone())
            .audience(policy.issuer.clone())
            .set("client_id", &self.client)
            .set("sid", id)
            .set("generation", self.generation)
            .set("typ", "Refresh");
        let mac = base64url(&self.mac(issuer, id, self.generation)?);
        let frame = Frame {
            issuer: &policy.issuer,
            audience: &[],
            issued_at: self.rotated_at.seconds(),
            expires_at: self.idle_expiry,
            id: &mac,
            fixed: &[],
        };
        Payload::new(Given::Typed(&claims), &frame)?.sign(&sessions.refresh_header, key)
    }

    /// Whether a refresh token was made from this record's salt.
    pub(crate) fn made(&self, issuer: &Issuer, presented: &Presented) -> Result<bool> {
        let mac = self.mac(issuer, &presented.session, presented.generation)?;
        Ok(same(&mac, &presented.mac) && self.client == presented.client && self.subject == presented.subject)
    }

    fn mac(&self, issuer: &Issuer, id: &str, generation: u64) -> Result<[u8; 32]> {
        let parts: [&[u8]; 3] = [id.as_bytes(), &generation.to_be_bytes(), self.salt.as_bytes()];
        Ok(issuer.sessions()?.derivation.mac("refresh", &parts))
    }
}

impl Presented {
    /// Reads a refresh token: a JWT that only this issuer can make, so a forgery never reaches the store.
    ///
    /// Its time is not judged here: an old token of a living session is how a thief shows himself.
    pub(crate) fn parse(issuer: &Issuer, token: &str) -> Result<Self> {
        let verified = issuer.sessions()?.refresh_verifier.verify(token, UnixTime::from_seconds(0))?;
        let missing = || Error::new(ErrorCode::ClaimsShape);
        Ok(Presented {
            session: verified.claim("sid")?.ok_or_else(missing)?,
            generation: verified.claim("generation")?.ok_or_else(missing)?,
            client: verified.claim("client_id")?.ok_or_else(missing)?,
            subject: verified.subject().ok_or_else(missing)?,
            mac: verified.id().and_then(|mac| from_base64url(&mac)).ok_or_else(missing)?,
        })
    }
}
