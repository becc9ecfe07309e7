//! What a session gives: an access token, and a refresh token for the next one.

use std::fmt;

use super::Flow;
use super::access_token::{AccessToken, AccessTokenType, Grant};
use super::holder::Holder;
use crate::claims::Claims;
use crate::error::Result;
use crate::event::Event;
use crate::policy::AccessFormat;
use crate::record::Update;
use crate::record::client::Client;
use crate::record::session::Session;
use crate::record::slot::Taken;
use crate::time::{Lifetime, UnixTime};
use crate::token::confirmation::Confirmation;

/// What a session gives: an access token, and the refresh token for the next pair.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenPair {
    /// The access token.
    pub access_token: String,
    /// How the access token is sent.
    pub token_type: AccessTokenType,
    /// How long the access token lives.
    pub expires_in: Lifetime,
    /// The refresh token: good for one exchange.
    pub refresh_token: String,
    /// How long the refresh token lives if it is not used.
    pub refresh_expires_in: Lifetime,
    /// The id of the session; `sid` in the access token.
    pub session: String,
    /// What the access token allows, where it allows anything.
    pub scope: Option<String>,
}

/// What an access token shall be for, of all that its session has; all of it by default.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Asked<'a> {
    pub(crate) scope: Option<&'a str>,
    pub(crate) audience: &'a [String],
    /// Who asks, and gets it for what it holds.
    pub(crate) holder: Option<&'a Holder>,
}

impl Flow {
    /// Writes the session and gives its tokens, the access token for what is asked; `None` where another was first.
    ///
    /// A signature is made before the write: while the host's signer is away nothing changes, and the client can try
    /// again. That of a write that was lost is thrown away.
    pub(crate) async fn write_and_pair(
        &mut self,
        update: &mut Update,
        event: Event,
        client: Option<&Client>,
        session: Session,
        asked: Asked<'_>,
    ) -> Result<Option<TokenPair>> {
        let mut write = self.records.prepare(update, session.draft(&self.issuer.policy().issuer)?);
        let early = match self.issuer.policy().access_format {
            AccessFormat::Jwt => {
                let listed = self.issuer.policy().lists_access_tokens().then(|| session.clone());
                let (pair, issued, taken) = self.make_pair(client, session, asked).await?;
                if let (Some(session), Some(taken)) = (listed, taken) {
                    // By its record whoever ends the session finds its tokens.
                    let session = session.with_slot(taken, self.now());
                    write = write.of(session.draft(&self.issuer.policy().issuer)?);
                }
                Ok((pair, issued))
            }
            // Its record must not be there before the session's.
            AccessFormat::Opaque => Err(session),
        };
        if !self.records.commit(update, write).await? {
            return Ok(None);
        }
        self.emit(event);
        let (pair, issued) = match early {
            Ok(made) => made,
            Err(session) => {
                let (pair, issued, _) = self.make_pair(client, session, asked).await?;
                (pair, issued)
            }
        };
        self.emit(issued);
        Ok(Some(pair))
    }

    /// The tokens of a session as its record is; as [`Flow::write_and_pair`]. For tokens that need not be found by it.
    pub(crate) async fn token_pair(
        &mut self,
        client: Option<&Client>,
        session: Session,
        asked: Asked<'_>,
    ) -> Result<TokenPair> {
        let (pair, issued, _) = self.make_pair(client, session, asked).await?;
        self.emit(issued);
        Ok(pair)
    }

    /// The tokens, the event to tell when they are given, and the place of the access token in a status list.
    async fn make_pair(
        &mut self,
        client: Option<&Client>,
        session: Session,
        asked: Asked<'_>,
    ) -> Result<(TokenPair, Event, Option<Taken>)> {
        let refresh_token = session.refresh_token(&self.issuer)?;
        // What the session was opened with stands before what its client's tokens have.
        let claims = client.map(|client| &client.claims).into_iter().chain([&session.claims]).flatten();
        let claims =
            claims.fold(Claims::with_room(8, 256), |claims, (name, value)| claims.set(name.clone(), value));
        let lifetime = session.access_lifetime(self.issuer.policy().session().access);
        let audience = if asked.audience.is_empty() { &session.audience } else { asked.audience };
        let claims = audience.iter().fold(claims, Claims::audience);
        let scope = asked.scope.map(str::to_owned).or(session.scope);
        let refresh_expires_in = until(self.now(), session.idle_expiry);
        let held = asked.holder.map(|holder| holder.bound.clone()).unwrap_or_default();
        let bound = Confirmation { jkt: held.jkt, x5t: held.x5t.or(session.x5t) };
        let grant = Grant {
            client: session.client,
            subject: session.subject,
            scope,
            session: Some(session.id.clone()),
            sessions_epoch: session.sessions_epoch,
            epoch: session.epoch,
            // An access token does not outlive its session.
            lifetime: lifetime.min(until(self.now(), session.absolute_expiry)),
            claims,
            bound,
        };
        let (token, issued, taken) = self.make_access_token(grant).await?;
        let AccessToken { access_token, token_type, expires_in, scope } = token;
        let session = session.id;
        let pair = TokenPair {
            access_token,
            token_type,
            expires_in,
            refresh_token,
            refresh_expires_in,
            session,
            scope,
        };
        Ok((pair, issued, taken))
    }
}

impl fmt::Debug for TokenPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenPair")
            .field("expires_in", &self.expires_in)
            .field("refresh_expires_in", &self.refresh_expires_in)
            .field("session", &self.session)
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}

/// The time from `now` to `end`, at least one second.
pub(crate) fn until(now: UnixTime, end: UnixTime) -> Lifetime {
    let seconds = u64::try_from(end.seconds() - now.seconds()).unwrap_or(0).max(1);
    Lifetime::from_seconds(seconds).unwrap_or(Lifetime::MAX)
}
