//! Whether a token stands: verified offline, then judged by what the store knows of it.

use super::Flow;
use super::access_token::ACCESS;
use super::active_token::ActiveToken;
use super::holder::once;
use super::own_claims::{CLIENT_ID, FROM_CLIENTS, NARROWED_FROM, ORGANIZATION, SCOPE, SESSION};
use super::standing::Hanging;
use crate::error::{Error, ErrorCode, Result};
use crate::issuer::Issuer;
use crate::json::{self, Object, object};
use crate::record::access::{Access, Lineage, access_key};
use crate::record::decode_some;
use crate::record::named_session::InNamedSession;
use crate::record::watermark::{EPOCH, Marks};
use crate::task::Task;
use crate::time::Context;
use crate::token::confirmation::{CNF, Confirmation, check_bearer};
use crate::token::dpop::confirm;
use crate::token::id::minted_at;
use crate::token::verified::Verified;
use crate::values::OneOrMany;

impl Issuer {
    /// Verifies a token of this issuer, as [`Issuer::verifier`] does, and asks the store whether it still stands. A policy
    /// without an audience takes a token for whichever.
    ///
    /// `Verifier::verify` alone is offline: it cannot know of a revocation.
    ///
    /// ```
    /// use tokenmint::*;
    /// let keys = KeySet::builder().hmac("k1", [7; 32].as_slice())?.build()?;
    /// let issuer = Issuer::new(keys, Policy::new("https://api.example.com").audience("api"))?;
    /// let context = Context::new(UnixTime::from_seconds(1_700_000_000), [7; 32]);
    /// let token = issuer.mint(&Claims::new().subject("u1").set("plan", "pro"), Lifetime::HOUR, &context)?;
    /// let active = issuer.check(&token, &context).run(&MemoryStore::new()).result?;
    /// assert_eq!((active.subject.as_deref(), active.audience), (Some("u1"), vec!["api".to_owned()]));
    /// assert!(active.claims.contains(r#""plan":"pro""#));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// The codes of [`crate::Verifier::verify`]; `token_revoked`; `handle_malformed` for what is no token at all;
    /// `store_regressed` where the store has lost a revocation; under a policy of DPoP, `binding_mismatch` for a token that is
    /// bound, for which there is [`Issuer::check_bound`].
    pub fn check(&self, token: &str, context: &Context) -> Task<ActiveToken> {
        let token = token.to_owned();
        self.task(context, |flow| async move {
            let active = flow.check(&token).await?;
            if flow.issuer.policy().dpop.is_some() {
                check_bearer(claims_of(&active)?.get(CNF))?;
            }
            Ok(active)
        })
    }

    /// Checks a token as [`Issuer::check`] does, and the proof that came with it, as
    /// [`Verifier::verify_bound`](crate::Verifier::verify_bound) does; each proof is taken once, through the store.
    ///
    /// ```
    /// use tokenmint::*;
    /// # let keys = KeySet::builder().hmac("k1", [7; 32].as_slice())?.build()?;
    /// # let policy = Policy::new("https://id.example.com").audience("api").session_secret([9; 32].as_slice());
    /// # let algorithms = DpopPolicy::new().algorithms(&[Algorithm::ES256]);
    /// let issuer = Issuer::new(keys, policy.dpop(algorithms))?;
    /// let (store, jkt) = (MemoryStore::new(), "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
    /// let context = |seed| Context::new(UnixTime::from_seconds(1_700_000_000), [seed; 32]);
    /// let pair = issuer.start_session(StartSession::new("u1").key(jkt), &context(1)).run(&store).result?;
    /// assert_eq!(pair.token_type, AccessTokenType::Dpop);
    ///
    /// let thief = issuer.check(&pair.access_token, &context(2)).run(&store).result.unwrap_err();
    /// assert_eq!(thief.code(), ErrorCode::BindingMismatch);
    /// let url = "https://api.example.com/invoices";
    /// let forged = issuer.check_bound(&pair.access_token, "no proof", "GET", url, &context(3)).run(&store);
    /// assert_eq!(forged.result.unwrap_err().code(), ErrorCode::InvalidDpopProof);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`Issuer::check`]; `invalid_dpop_proof` at what is wrong with the proof, at `jti` for one that came before;
    /// `binding_mismatch` at `cnf` for a token of another key, or of none.
    pub fn check_bound(
        &self,
        token: &str,
        proof: &str,
        method: &str,
        url: &str,
        context: &Context,
    ) -> Task<ActiveToken> {
        let [token, proof, method, url] = [token, proof, method, url].map(str::to_owned);
        self.task(context, |mut flow| async move {
            let active = flow.check(&token).await?;
            let proof = flow.recent_proof(&proof, &method, &url).await?;
            confirm(&Confirmation::read(claims_of(&active)?.get(CNF))?, &proof, &token)?;
            once(&mut flow.records, &proof, flow.context.now()).await?;
            Ok(active)
        })
    }

    /// Checks a token as [`Issuer::check`] does, and that it is bound to a certificate, as
    /// [`Verifier::verify_with_certificate`](crate::Verifier::verify_with_certificate) does.
    ///
    /// # Errors
    /// Those of [`Issuer::check`]; `binding_mismatch` at `cnf` for a token of another certificate, or of none.
    pub fn check_with_certificate(
        &self,
        token: &str,
        sha256: [u8; 32],
        context: &Context,
    ) -> Task<ActiveToken> {
        let token = token.to_owned();
        self.task(context, |flow| async move {
            let active = flow.check(&token).await?;
            Confirmation::read(claims_of(&active)?.get(CNF))?.check_certificate(&sha256)?;
            Ok(active)
        })
    }
}

impl Flow {
    /// The one place where a presented token is judged.
    pub(crate) async fn check(&self, token: &str) -> Result<ActiveToken> {
        if !token.contains('.') {
            return Ok(self.check_handle(token).await?.0.token);
        }
        self.check_verified(&self.verify(token).await?).await
    }

    /// Asks the store about a verified JWT.
    pub(crate) async fn check_verified(&self, verified: &Verified) -> Result<ActiveToken> {
        Ok(self.check_jwt(verified).await?.0.token)
    }

    /// As [`Flow::check`], for whichever audience; with what the token hangs on, and the watermarks under which it stands.
    pub(super) async fn check_for_anybody(&self, token: &str) -> Result<(Hanging, Marks)> {
        if !token.contains('.') {
            return self.check_handle(token).await;
        }
        self.check_jwt(&self.verify_for_anybody(token).await?).await
    }

    async fn check_handle(&self, token: &str) -> Result<(Hanging, Marks)> {
        ACCESS.check(token)?;
        let [entry] = self.records.load([access_key(&self.issuer.policy().issuer, token)]).await?;
        let Some(access) = decode_some::<Access>(entry.as_ref())? else {
            return Err(ErrorCode::TokenRevoked.into());
        };
        if self.now() >= access.expires_at {
            return Err(ErrorCode::TokenExpired.into());
        }
        let claims = access.claims.unwrap_or_else(|| "{}".to_owned());
        let token = ActiveToken {
            client: access.client,
            subject: Some(access.subject),
            scope: access.scope,
            id: Some(access.id),
            issued_at: Some(access.issued_at),
            expires_at: Some(access.expires_at),
            audience: audience(&claims)?,
            claims,
        };
        let hanging = Hanging {
            token,
            session: access.session,
            sessions_epoch: None,
            named_session: None,
            epoch: Some(access.epoch),
            minted_at: None,
            lineage: Lineage { narrowed_from: access.narrowed_from, from_clients: access.from_clients },
        };
        let marks = self.stands(&hanging).await?;
        Ok((hanging, marks))
    }

    async fn check_jwt(&self, verified: &Verified) -> Result<(Hanging, Marks)> {
        let token = ActiveToken {
            client: client_of(verified)?,
            subject: verified.subject(),
            scope: verified.read_claim(SCOPE)?,
            id: verified.id(),
            issued_at: verified.issued_at(),
            expires_at: verified.expires_at(),
            audience: audience(verified.json())?,
            claims: verified.json().to_owned(),
        };
        let hanging = Hanging {
            token,
            session: verified.read_claim(SESSION)?,
            sessions_epoch: None,
            named_session: named_session_of(verified)?,
            epoch: verified.read_claim(EPOCH)?,
            minted_at: minted_at(verified),
            lineage: Lineage {
                narrowed_from: verified.read_claim(NARROWED_FROM)?.unwrap_or_default(),
                from_clients: verified.read_claim(FROM_CLIENTS)?.unwrap_or_default(),
            },
        };
        let marks = self.stands(&hanging).await?;
        Ok((hanging, marks))
    }
}

/// The claims of a token that stands.
pub(super) fn claims_of(active: &ActiveToken) -> Result<Object<'_>> {
    Object::of_token(active.claims.as_bytes()).map_err(|_| ErrorCode::StoreCorrupt.into())
}

/// The client or organization that a JWT was issued to.
pub(super) fn client_of(verified: &Verified) -> Result<Option<String>> {
    match verified.read_claim(CLIENT_ID)? {
        None => verified.read_claim(ORGANIZATION),
        known => Ok(known),
    }
}

/// The named session that a JWT was minted in, if it was in one; `token_revoked` where it does not say which.
fn named_session_of(verified: &Verified) -> Result<Option<InNamedSession>> {
    let Some(instance) = verified.read_claim("sessionInstance")? else { return Ok(None) };
    let (Some(organization), Some(name)) =
        (verified.read_claim("organizationId")?, verified.read_claim("sessionId")?)
    else {
        return Err(ErrorCode::TokenRevoked.into());
    };
    Ok(Some(InNamedSession { organization, name, instance }))
}

/// All that `aud` of these claims names (RFC 7519 section 4.1.3).
pub(super) fn audience(claims: &str) -> Result<Vec<String>> {
    object! {
        #[json(read)]
        struct Named {
            aud: Option<OneOrMany>,
        }
    }
    let Named { aud } = json::from_written(claims).map_err(|_| Error::new(ErrorCode::StoreCorrupt))?;
    Ok(aud.unwrap_or_default().0)
}

/// The error for a bearer that is not a token that stands, whatever the cause; expiry alone is named.
pub(crate) fn unauthenticated(error: Error) -> Error {
    match error.code() {
        code if code.http_status() >= 500 => error,
        ErrorCode::RateLimited | ErrorCode::TokenExpired => error,
        _ => ErrorCode::Unauthenticated.into(),
    }
}
