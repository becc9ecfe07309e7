//! A token for less: never wider than its parent in scope, audience, time or claims, and never longer (RFC 8693's token
//! exchange, without its HTTP).

use std::fmt;

use super::Flow;
use super::access_token::{AccessTokenType, Grant};
use super::client::{ClientProof, Demand};
use super::holder::Holder;
use super::narrowing;
use super::own_claims::{ACT, CLIENT_ID, FROM_CLIENTS, NARROWED_FROM, SCOPE, check_custom_of};
use super::standing::Hanging;
use super::status::{Hangs, Narrowed, STATUS};
use crate::claims::Claims;
use crate::error::{Error, ErrorCode, Result, field_invalid};
use crate::event::{Event, EventKind};
use crate::issuer::Issuer;
use crate::json::{JsonMembers, Object};
use crate::policy::Policy;
use crate::record::client::{Client, client_key};
use crate::record::watermark::{EPOCH, Marked, Marks};
use crate::record::{Stored, decode_some};
use crate::scope;
use crate::task::Task;
use crate::time::{Context, Lifetime, UnixTime};
use crate::token::confirmation::{CNF, Confirmation};

/// A request for a narrower token.
#[derive(Clone)]
pub struct Narrow {
    pub(crate) token: String,
    pub(crate) scope: Option<String>,
    pub(crate) audience: Vec<String>,
    pub(crate) claims: JsonMembers,
    pub(crate) lifetime: Option<Lifetime>,
    pub(crate) client: Option<String>,
    pub(crate) actor: Option<String>,
    pub(crate) actor_token: Option<String>,
    /// Who presents its tokens, and must hold what they are bound to; nobody where the host answers for it.
    pub(crate) holder: Option<Holder>,
}

impl Narrow {
    /// A token for less than this access token; or for what a trusted issuer's token gives by its rule, which is used up.
    pub fn new(token: impl Into<String>) -> Self {
        Narrow {
            token: token.into(),
            scope: None,
            audience: Vec::new(),
            claims: JsonMembers::new(),
            lifetime: None,
            client: None,
            actor: None,
            actor_token: None,
            holder: None,
        }
    }

    /// Some words of its scope; all of them where absent.
    #[must_use]
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scope = Some(scope.into());
        self
    }

    /// One of its audiences, said again one more; all of them where absent. A token without an audience is for whichever.
    #[must_use]
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audience.push(audience.into());
        self
    }

    /// Narrower values of its custom claims, each by the rule that [`Policy::narrowing`](crate::Policy::narrowing) says. The
    /// others stay as they are.
    #[must_use]
    pub fn claims(mut self, claims: JsonMembers) -> Self {
        self.claims = claims;
        self
    }

    /// How long it lives, at most as long as its parent; as the policy says where absent.
    #[must_use]
    pub fn lifetime(mut self, lifetime: Lifetime) -> Self {
        self.lifetime = Some(lifetime);
        self
    }

    /// The client that asks for it, and gets it: its `client_id`, the parent's where absent. Of another client's token it gets
    /// no more scope than it has itself.
    #[must_use]
    pub fn client(mut self, id: impl Into<String>) -> Self {
        self.client = Some(id.into());
        self
    }

    /// Who acts for the subject with it: `act`, around that of its parent (RFC 8693 section 4.1).
    #[must_use]
    pub fn actor(mut self, actor: impl Into<String>) -> Self {
        self.actor = Some(actor.into());
        self
    }

    /// As [`Narrow::actor`]: the subject of this access token, which stands now; or that of a trusted issuer's token, which is
    /// used up, with its issuer's name.
    #[must_use]
    pub fn actor_token(mut self, token: impl Into<String>) -> Self {
        self.actor_token = Some(token.into());
        self
    }

    /// What the new token is bound to, where the one before is bound to this: to the same, or to what is held by whoever asks.
    fn bound(&self, cnf: Option<&str>) -> Result<Confirmation> {
        let bound = Confirmation::read(cnf)?;
        let Some(holder) = &self.holder else { return Ok(bound) };
        holder.check_token(&bound)?;
        Ok(if bound.is_empty() { holder.bound.clone() } else { bound })
    }

    /// Refuses what cannot be.
    fn check(&self, policy: &Policy) -> Result<()> {
        check_custom_of(&self.claims, policy)?;
        if self.audience.iter().any(String::is_empty) {
            return Err(field_invalid("audience", "the audience is empty"));
        }
        if self.client.as_ref().is_some_and(String::is_empty) {
            return Err(field_invalid("client_id", "the client is empty"));
        }
        if self.actor.as_ref().is_some_and(String::is_empty) {
            return Err(field_invalid("actor", "the actor is empty"));
        }
        if self.actor.is_some() && self.actor_token.is_some() {
            return Err(field_invalid("actor_token", "the actor is named already"));
        }
        Ok(())
    }
}

/// A token for less.
#[derive(Clone, PartialEq, Eq)]
pub struct NarrowedToken {
    /// The token.
    pub access_token: String,
    /// How it is sent: as the token that it was narrowed from.
    pub token_type: AccessTokenType,
    /// How long it lives.
    pub expires_in: Lifetime,
    /// What it allows, where it allows anything.
    pub scope: Option<String>,
}

impl Issuer {
    /// Mints a token for less than an access token that stands: for a widget, a job, or another service.
    ///
    /// It ends with its parent: when that is revoked, its session, client or subject ends, or its time is over; and with the
    /// client that asked for it. A token is narrowed at most eight times over. The parent may be for whichever audience.
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
    /// let request = Narrow::new(&pair.access_token).scope("read").lifetime(Lifetime::MINUTE);
    /// let widget = issuer.narrow(request, &context(2)).run(&store).result?;
    /// assert_eq!((widget.expires_in, widget.scope.as_deref()), (Lifetime::MINUTE, Some("read")));
    ///
    /// let wider = Narrow::new(&widget.access_token).scope("read write");
    /// let error = issuer.narrow(wider, &context(3)).run(&store).result.unwrap_err();
    /// assert_eq!(error.code(), ErrorCode::InvalidScope);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`Issuer::check`] for the token, and at `actor_token` for that one; `invalid_scope`; `invalid_target` for an
    /// audience that it does not have; `field_invalid` at `claims` for a claim that would be wider, at `token` for one that was
    /// narrowed eight times, or names eight actors; `claim_reserved`; `lifetime_too_long` over the policy's maximum; `not_found`
    /// at `client_id` for a client that is not known, or disabled, and `rate_limited` for it; `forbidden` at `token` for a public
    /// client with a token of another's, and where `may_act` is for another (RFC 8693 section 4.4), at `actor`, `actor_token` or
    /// `client_id`; `invalid_grant` at `token` and `actor_token` for a trusted issuer's that is not good, or was used before, and
    /// `keys_unavailable` where the host has not fetched its keys; the store's.
    pub fn narrow(&self, request: Narrow, context: &Context) -> Task<NarrowedToken> {
        self.task(context, |mut flow| async move { flow.narrow(request, None).await })
    }
}

impl Flow {
    /// Mints a token for less, for a client that was let in already or for the request's.
    pub(crate) async fn narrow(
        &mut self,
        request: Narrow,
        admitted: Option<Client>,
    ) -> Result<NarrowedToken> {
        let policy = self.issuer.policy();
        request.check(policy)?;
        let lifetime = request.lifetime.unwrap_or(policy.token_lifetime());
        let lifetime = lifetime.at_most(policy.max_lifetime).map_err(|error| error.at("lifetime"))?;
        if self.is_anothers(&request.token) {
            return self.narrow_trusted(request, admitted, lifetime).await;
        }
        let (parent, marks) = self.check_for_anybody(&request.token).await?;
        let token = &parent.token;
        let given = Object::of_token(token.claims.as_bytes()).map_err(|_| ErrorCode::StoreCorrupt)?;
        let bound = request.bound(given.get(CNF))?;
        let lifetime = lifetime.min(self.left(token.expires_at)?);
        let (asker, marks) = self.asker(&request, admitted, &parent, marks).await?;
        // A client's own token allows what it was started with; another's no more than the client may have.
        let stranger = asker.as_ref().filter(|client| token.client.as_ref() != Some(&client.id));
        let mut actor = self.actor(&request, asker.as_ref(), stranger, &given).await?;
        let allowed = stranger.map(|client| client.scope.as_deref().unwrap_or_default());
        let scope = narrowing::scope(token, request.scope, allowed)?;
        let client = request.client.or_else(|| token.client.clone());
        let lineage = narrowing::lineage(&parent, &given, client.as_deref())?;
        let claims = narrowing::claims(self.issuer.policy(), token, &given, &request.claims)?;
        let claims = stranger.iter().fold(claims, |claims, client| claims.set(CLIENT_ID, &client.id));
        let claims = scope.iter().fold(claims, |claims, scope| claims.set(SCOPE, scope));
        let audience = narrowing::audience(token, request.audience)?;
        let claims = audience.into_iter().fold(claims, Claims::audience);
        let claims = match &actor {
            Some(actor) => claims.set_json(ACT, actor.act(&given)?),
            None => claims,
        };
        let id = self.entropy().uuid().to_string();
        let claims = claims.id(&*id).set(NARROWED_FROM, &lineage.narrowed_from);
        let claims = match &lineage.from_clients {
            clients if clients.is_empty() => claims,
            clients => claims.set(FROM_CLIENTS, clients),
        };
        let claims = if bound.is_empty() { claims } else { claims.set_own(CNF, &bound) };
        if let Some(holder) = &request.holder {
            self.hold(holder, asker.as_ref()).await?;
        }
        self.use_up_actor(&mut actor).await?;
        let token_type = AccessTokenType::of(&bound);
        let (epoch, subject) = (marks.epoch(), token.subject.clone());
        let mut claims = claims.set(EPOCH, epoch);
        let event = Event::new(EventKind::TokenIssued).id(id);
        let event = Event { client: client.clone(), subject: subject.clone(), ..event };
        // As its parent's, so that it is checked in the same way.
        let access_token = if request.token.contains('.') {
            let lists = self.issuer.policy().status_lists.as_ref();
            let place = lists.and_then(|lists| lists.place(given.get(STATUS)));
            let narrowed = Some(Narrowed { parent: &parent, place, lineage: &lineage });
            let (client, subject) = (client.as_deref(), subject.as_deref());
            let hangs = Hangs { client, subject, epoch, narrowed, ..Hangs::default() };
            self.mint(&mut claims, lifetime, hangs).await?.0
        } else {
            let (subject, session) = (subject.unwrap_or_default(), parent.session);
            let (scope, sessions_epoch) = (scope.clone(), 0);
            let grant =
                Grant { client, subject, scope, session, sessions_epoch, epoch, lifetime, claims, bound };
            self.handle(grant, lineage).await?
        };
        self.emit(event);
        Ok(NarrowedToken { access_token, token_type, expires_in: lifetime, scope: scope::named(scope) })
    }

    /// As [`Flow::narrow`], for a client that proves itself and meets a demand.
    pub(crate) async fn narrow_by(
        &mut self,
        proof: &ClientProof,
        demand: Demand<'_>,
        request: Narrow,
    ) -> Result<NarrowedToken> {
        let client = self.proven(proof, demand).await?;
        let request = request.client(&*client.id);
        // A public client was not counted yet.
        self.narrow(request, Some(client).filter(|_| !proof.is_public())).await
    }

    /// The client that asks for it, which may; with the watermarks that the new token is under.
    async fn asker(
        &mut self,
        request: &Narrow,
        admitted: Option<Client>,
        parent: &Hanging,
        marks: Marks,
    ) -> Result<(Option<Client>, Marks)> {
        let Some(id) = &request.client else { return Ok((None, marks)) };
        let keys = [client_key(id), Marked::Client(id).key(&self.issuer.policy().issuer)];
        let [known, mark] = self.records.load(keys).await?;
        let client = self.asking(id, known.as_ref(), admitted).await?;
        let own = parent.token.client.as_ref() == Some(id);
        if client.public && !own {
            return self.refuse(id, not_its_own());
        }
        // Where a token came by the client before, its watermark is among these.
        match own || parent.lineage.from_clients.contains(id) {
            true => Ok((Some(client), marks)),
            false => Ok((Some(client), marks.and(mark.as_ref())?)),
        }
    }

    /// A client that was let in already, or is known and not disabled.
    pub(super) async fn asking(
        &mut self,
        id: &str,
        known: Option<&Stored>,
        admitted: Option<Client>,
    ) -> Result<Client> {
        if let Some(client) = admitted {
            return Ok(client);
        }
        let Some(known) = decode_some::<Client>(known)?.filter(|client| !client.disabled) else {
            let error = Error::new(ErrorCode::NotFound).at("client_id");
            return self.refuse(id, error.because("there is no such client"));
        };
        self.admit(id).await?;
        Ok(known)
    }

    /// How long a token still lives that ends then.
    pub(super) fn left(&self, end: Option<UnixTime>) -> Result<Lifetime> {
        let left = end.map_or(0, |end| end.seconds() - self.now().seconds());
        let left = u64::try_from(left).ok().and_then(|left| Lifetime::from_seconds(left).ok());
        // With a leeway it stands a little longer than it lives.
        left.ok_or_else(|| ErrorCode::TokenExpired.into())
    }
}

/// The refusal of a public client, which proves nothing, with a token that was not issued to it.
pub(super) fn not_its_own() -> Error {
    let error = Error::new(ErrorCode::Forbidden).at("token");
    error.because("a public client narrows its own tokens only")
}

impl fmt::Debug for Narrow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Narrow")
            .field("scope", &self.scope)
            .field("audience", &self.audience)
            .field("lifetime", &self.lifetime)
            .field("client", &self.client)
            .field("actor", &self.actor)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for NarrowedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NarrowedToken")
            .field("expires_in", &self.expires_in)
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}
