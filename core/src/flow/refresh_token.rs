//! Refresh tokens: made from a session's record, and read again.

use super::own_claims::{CLIENT_ID, SESSION};
use crate::claims::Claims;
use crate::encoding::{base64url, from_base64url, same};
use crate::error::{Error, ErrorCode, Result};
use crate::issuer::Issuer;
use crate::record::session::Session;
use crate::time::UnixTime;
use crate::token::mint::{CallerClaims, IssuerClaims, NewPayload};

/// What a refresh token says.
#[derive(Debug)]
pub(crate) struct Presented {
    pub(crate) session: String,
    pub(crate) generation: u64,
    pub(crate) client: Option<String>,
    pub(crate) subject: String,
    mac: Vec<u8>,
}

impl Session {
    /// The refresh token of the record as it is: a function of the record, so it can be given again.
    pub(crate) fn refresh_token(&self, issuer: &Issuer) -> Result<String> {
        let sessions = issuer.sessions()?;
        let key = sessions.refresh.signing_key().ok_or(ErrorCode::Internal)?;
        let policy = issuer.policy();
        let claims = Claims::new().subject(self.subject.clone()).audience(policy.issuer.clone());
        let claims = match &self.client {
            Some(client) => claims.set(CLIENT_ID, client),
            None => claims,
        };
        let claims = claims.set(SESSION, &self.id).set("generation", self.generation).set("typ", "Refresh");
        let mac = base64url(&self.mac(issuer, &self.id, self.generation)?);
        let own = IssuerClaims {
            issuer: &policy.issuer,
            audience: &[],
            issued_at: self.rotated_at.seconds(),
            expires_at: self.idle_expiry,
            id: &mac,
            fixed: &[],
        };
        NewPayload::new(CallerClaims::Typed(&claims), &own)?.sign(&sessions.refresh_header, key)
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
            session: verified.read_claim(SESSION)?.ok_or_else(missing)?,
            generation: verified.read_claim("generation")?.ok_or_else(missing)?,
            client: verified.read_claim(CLIENT_ID)?,
            subject: verified.subject().ok_or_else(missing)?,
            mac: verified.id().and_then(|mac| from_base64url(&mac)).ok_or_else(missing)?,
        })
    }
}
