//! A session begins, after the host's own log-in: an access token, and a refresh token for the next one.

use super::holder::Holder;
use super::own_claims::check_custom_of;
use super::token_pair::{Asked, TokenPair};
use super::{Flow, audience};
use crate::encoding::base64url;
use crate::error::{Error, ErrorCode, Result, field_invalid};
use crate::event::EventKind;
use crate::issuer::Issuer;
use crate::json::{self, JsonMembers};
use crate::policy::{Policy, SessionLifetimes};
use crate::record::client::{Client, client_key};
use crate::record::session::{Session, session_key};
use crate::record::sessions_mark::{SessionsMark, sessions_mark_key};
use crate::record::watermark::{self, Marks};
use crate::record::{Update, busy, decode_some};
use crate::scope;
use crate::task::Task;
use crate::time::{Context, Lifetime};

/// The most that is kept of what the host knows of a session, in bytes of its JSON.
const MAX_DETAILS: usize = 1024;

/// A request to start a session.
#[derive(Clone, Debug)]
pub struct StartSession {
    pub(crate) subject: String,
    pub(crate) client: Option<String>,
    pub(crate) scope: Option<String>,
    pub(crate) audience: Vec<String>,
    pub(crate) claims: JsonMembers,
    pub(crate) details: JsonMembers,
    pub(crate) access_lifetime: Option<Lifetime>,
    pub(crate) idle: Option<Lifetime>,
    pub(crate) absolute: Option<Lifetime>,
    pub(crate) holder: Holder,
}

impl StartSession {
    /// A session of this subject: `sub` of its tokens.
    pub fn new(subject: impl Into<String>) -> Self {
        StartSession {
            subject: subject.into(),
            client: None,
            scope: None,
            audience: Vec::new(),
            claims: JsonMembers::new(),
            details: JsonMembers::new(),
            access_lifetime: None,
            idle: None,
            absolute: None,
            holder: Holder::default(),
        }
    }

    /// The client that the session is opened for: `client_id` of its access tokens. It ends with the client.
    #[must_use]
    pub fn client(mut self, client: impl Into<String>) -> Self {
        self.client = Some(client.into());
        self
    }

    /// What its access tokens allow: words with one space between them (RFC 6749 section 3.3).
    #[must_use]
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scope = Some(scope.into());
        self
    }

    /// Whom its access tokens are for, of those whom its client's may be for, or else the policy's; said again, one more. All
    /// of them where absent.
    #[must_use]
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audience.push(audience.into());
        self
    }

    /// Custom claims of its access tokens.
    #[must_use]
    pub fn claims(mut self, claims: JsonMembers) -> Self {
        self.claims = claims;
        self
    }

    /// What [`Issuer::list_sessions`] tells of it, such as a device's name: at most 1 KiB of JSON, in no token.
    #[must_use]
    pub fn details(mut self, details: JsonMembers) -> Self {
        self.details = details;
        self
    }

    /// How long its access tokens live; as the policy says where absent.
    #[must_use]
    pub fn access_lifetime(mut self, lifetime: Lifetime) -> Self {
        self.access_lifetime = Some(lifetime);
        self
    }

    /// How long it lives without a refresh; at most, and where absent, as the policy says.
    #[must_use]
    pub fn idle(mut self, lifetime: Lifetime) -> Self {
        self.idle = Some(lifetime);
        self
    }

    /// How long it lives at all; at most, and where absent, as the policy says.
    #[must_use]
    pub fn absolute(mut self, lifetime: Lifetime) -> Self {
        self.absolute = Some(lifetime);
        self
    }

    /// The thumbprint of the key that its first access token is bound to, and of a public client, or of none, its refresh tokens,
    /// too: the host has checked a proof of it ([`DpopProof::verify`](crate::DpopProof::verify)), or was told of the key by
    /// whoever logged in. Under a policy with [`Policy::dpop`](crate::Policy::dpop).
    #[must_use]
    pub fn key(mut self, jkt: impl Into<String>) -> Self {
        self.holder = self.holder.with_key(jkt.into());
        self
    }

    /// The SHA-256 of the certificate that its tokens are bound to (RFC 8705): that by which the client has proved itself.
    #[must_use]
    pub fn certificate(mut self, sha256: [u8; 32]) -> Self {
        self.holder = self.holder.with_certificate(sha256);
        self
    }

    /// Refuses what cannot be, and settles the lifetimes.
    fn check(&self, policy: &Policy) -> Result<SessionLifetimes> {
        if self.subject.is_empty() {
            return Err(field_invalid("subject", "the subject is empty"));
        }
        if self.client.as_ref().is_some_and(String::is_empty) {
            return Err(field_invalid("client_id", "the client's id is empty"));
        }
        if let Some(asked) = &self.scope {
            scope::check(asked)?;
        }
        check_custom_of(&self.claims, policy)?;
        if json::size(&self.details) > MAX_DETAILS {
            return Err(field_invalid("details", "details have at most 1024 bytes as JSON"));
        }
        let most = policy.session();
        let within = |asked: Option<Lifetime>, most: Lifetime, field: &'static str| {
            asked.map(|lifetime| lifetime.at_most(most).map_err(|error| error.at(field))).transpose()
        };
        let absolute = within(self.absolute, most.absolute, "absolute")?.unwrap_or(most.absolute);
        let idle = within(self.idle, most.idle, "idle")?.unwrap_or(most.idle.min(absolute));
        let access = within(self.access_lifetime, policy.max_lifetime, "access_lifetime")?;
        let access = access.unwrap_or(most.access.min(idle));
        if idle > absolute {
            return Err(field_invalid("idle", "a session lives without a refresh for longer than at all"));
        }
        // Else it would end while its access token is good, and nobody could refresh it any more.
        if access > idle {
            return Err(field_invalid(
                "access_lifetime",
                "an access token lives for longer than its session without a refresh",
            ));
        }
        Ok(SessionLifetimes { access, idle, absolute })
    }
}

impl Issuer {
    /// Starts a session: to be called when the host has found out who is there.
    ///
    /// ```
    /// use tokenmint::*;
    /// let keys = KeySet::builder().hmac("k1", [7; 32].as_slice())?.build()?;
    /// let policy = Policy::new("https://api.example.com").session_secret([9; 32].as_slice());
    /// let (issuer, store) = (Issuer::new(keys, policy)?, MemoryStore::new());
    /// let context = |seed| Context::new(UnixTime::from_seconds(1_700_000_000), [seed; 32]);
    ///
    /// let request = StartSession::new("u1").scope("read write");
    /// let pair = issuer.start_session(request, &context(1)).run(&store).result?;
    /// let active = issuer.check(&pair.access_token, &context(2)).run(&store).result?;
    /// assert_eq!((active.subject.as_deref(), active.client), (Some("u1"), None));
    ///
    /// let narrower = Refresh::new(&pair.refresh_token).scope("read");
    /// let next = issuer.refresh(narrower, &context(3)).run(&store).result?;
    /// assert_eq!((next.session, next.scope.as_deref()), (pair.session, Some("read")));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// `field_invalid` at the field; `invalid_scope`; `invalid_target` for an audience that its client does not have;
    /// `claim_reserved` for a claim that the issuer sets; `lifetime_too_long`
    /// at a lifetime over the policy's; `not_found` at `client_id` for one that is not known, or disabled; `rate_limited` for
    /// the client; `policy_invalid` without a session secret; the store's.
    pub fn start_session(&self, request: StartSession, context: &Context) -> Task<TokenPair> {
        self.task(context, |mut flow| async move { flow.start_session(request, None).await })
    }
}

impl Flow {
    /// Starts a session, of a client that was let in already or of the request's.
    pub(crate) async fn start_session(
        &mut self,
        request: StartSession,
        admitted: Option<Client>,
    ) -> Result<TokenPair> {
        self.issuer.sessions()?;
        let lifetimes = request.check(self.issuer.policy())?;
        let name = &self.issuer.policy().issuer;
        let id = request.client.as_deref().unwrap_or_default();
        let [issuer, by_client, by_subject] = watermark::keys(name, id, &request.subject);
        let keys = [client_key(id), sessions_mark_key(name, &request.subject), issuer, by_client, by_subject];
        let [known, mark, issuer, by_client, by_subject] = self.records.load(keys).await?;
        // Whoever has let a client in says whom its sessions are for by the policy alone.
        let by_policy = admitted.is_some();
        let client = match (admitted, id) {
            (None, "") => None,
            (None, id) => {
                let known = decode_some::<Client>(known.as_ref())?.filter(|client| !client.disabled);
                let Some(known) = known else {
                    let error =
                        Error::new(ErrorCode::NotFound).at("client_id").because("there is no such client");
                    return self.refuse(id, error);
                };
                self.admit(id).await?;
                Some(known)
            }
            (admitted, _) => admitted,
        };
        let own = client.as_ref().filter(|_| !by_policy).map(|client| &*client.audience).unwrap_or_default();
        let audience = match audience::granted(&request.audience, own, &self.issuer.policy().audience) {
            Ok(audience) => audience.to_vec(),
            Err(error) => return self.refuse(id, error),
        };
        let id = &id.to_owned();
        let request = StartSession { audience, ..request };
        let marks = Marks::read([issuer, by_client, by_subject])?;
        let mark = decode_some::<SessionsMark>(mark.as_ref())?.unwrap_or_default();
        let holder = request.holder.clone();
        if let Err(error) = self.hold(&holder, client.as_ref()).await {
            return self.refuse(id, error);
        }
        // RFC 9449 section 5: the tokens of a client that proves itself are bound to it by that.
        let keeps = client.as_ref().is_none_or(|client| client.public);
        let session = self.new_session(request, lifetimes, marks.epoch(), mark.epoch);
        let session = Session { jkt: session.jkt.filter(|_| keeps), ..session };
        let mut update = Update::new(session_key(&session.id), None);
        let opened = session.event(EventKind::SessionOpened);
        let asked = Asked { holder: Some(&holder), ..Asked::default() };
        self.write_and_pair(&mut update, opened, client.as_ref(), session, asked).await?.ok_or_else(busy)
    }

    fn new_session(
        &mut self,
        request: StartSession,
        lifetimes: SessionLifetimes,
        epoch: u64,
        sessions_epoch: u64,
    ) -> Session {
        let id = self.entropy().uuid().to_string();
        let salt = base64url(&self.entropy().bytes::<16>());
        let (now, policy) = (self.now(), self.issuer.policy().session());
        // What is the policy's follows the policy.
        let own = |lifetime: Lifetime, policy| (lifetime != policy).then(|| lifetime.seconds());
        let absolute_expiry = now.after(lifetimes.absolute);
        Session {
            id,
            generation: 1,
            rotated_at: self.moment(),
            subject: request.subject,
            client: request.client,
            scope: request.scope,
            audience: request.audience,
            claims: request.claims,
            details: request.details,
            created_at: Some(now),
            access_lifetime: own(lifetimes.access, policy.access),
            idle: own(lifetimes.idle, policy.idle),
            absolute_expiry,
            idle_expiry: now.after(lifetimes.idle).min(absolute_expiry),
            salt,
            epoch,
            sessions_epoch,
            revoked: false,
            slots: Vec::new(),
            more_slots: false,
            jkt: request.holder.bound.jkt,
            x5t: request.holder.bound.x5t,
        }
    }
}
