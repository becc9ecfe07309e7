//! Refresh tokens: made from a session's record, and read again.

use super::own_claims::{CLIENT_ID, SESSION};
use crate::claims::Claims;
use crate::encoding::{array_from_base64url, same, with_base64url};
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
    mac: [u8; 32],
}

impl Session {
    /// The refresh token of the record as it is: a function of the record, so it can be given again.
    pub(crate) fn refresh_token(&self, issuer: &Issuer) -> Result<String> {
        let sessions = issuer.sessions()?;
        let key = sessions.refresh.signing_key().ok_or(ErrorCode::Internal)?;
        let policy = issuer.policy();
        let claims = Claims::with_room(4, 256).subject(&*self.subject);
        let claims = match &self.client {
            Some(client) => claims.set(CLIENT_ID, client),
            None => claims,
        };
        let claims = claims.set(SESSION, &self.id).set("generation", self.generation).set("typ", "Refresh");
        with_base64url(&self.mac(issuer, &self.id, self.generation)?, |mac| {
            let own = IssuerClaims {
                opening: issuer.opening(),
                // Nobody reads it but the issuer.
                audience: std::slice::from_ref(&policy.issuer),
                issued_at: self.rotated_at.seconds(),
                expires_at: self.idle_expiry,
                id: mac,
                fixed: &[],
            };
            NewPayload::new(CallerClaims::Typed(&claims), &own)?.sign(&sessions.refresh_header, key)
        })
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
            mac: verified.id().and_then(|mac| array_from_base64url(&mac)).ok_or_else(missing)?,
        })
    }
}
