//! A token for less: never wider than its parent in scope, audience, time or claims, and never longer (RFC 8693's token
//! exchange, without its HTTP).

use std::fmt;

use super::Flow;
use super::access_token::Grant;
use super::check::ActiveToken;
use super::narrowing::{acting, audience, parents};
use super::own_claims::{ACT, NARROWED_FROM, SCOPE, SESSION, check_custom};
use crate::claims::{Claims, REGISTERED};
use crate::error::{Error, ErrorCode, Result, field_invalid};
use crate::event::{Event, EventKind};
use crate::issuer::Issuer;
use crate::json::{JsonMembers, Object};
use crate::record::watermark::EPOCH;
use crate::scope;
use crate::task::Task;
use crate::time::{Context, Lifetime, UnixTime};

/// A request for a narrower token.
#[derive(Clone)]
pub struct Narrow {
    pub(crate) token: String,
    pub(crate) scope: Option<String>,
    pub(crate) audience: Vec<String>,
    pub(crate) claims: JsonMembers,
    pub(crate) lifetime: Option<Lifetime>,
    pub(crate) actor: Option<String>,
}

impl Narrow {
    /// A token for less than this access token.
    pub fn new(token: impl Into<String>) -> Self {
        let (scope, audience, claims) = (None, Vec::new(), JsonMembers::new());
        Narrow { token: token.into(), scope, audience, claims, lifetime: None, actor: None }
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

    /// Who acts for the subject with it: `act`, around that of its parent (RFC 8693 section 4.1).
    #[must_use]
    pub fn actor(mut self, actor: impl Into<String>) -> Self {
        self.actor = Some(actor.into());
        self
    }
}

/// A token for less.
#[derive(Clone, PartialEq, Eq)]
pub struct NarrowedToken {
    /// The token: to be sent as a bearer.
    pub access_token: String,
    /// How long it lives.
    pub expires_in: Lifetime,
    /// What it allows, where it allows anything.
    pub scope: Option<String>,
}

impl Issuer {
    /// Mints a token for less than an access token that stands: for a widget, a job, or another service.
    ///
    /// It ends with its parent: when that is revoked, its session, client or subject ends, or its time is over. A token is
    /// narrowed at most four times over.
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
    /// Those of [`Issuer::check`] for the token; `invalid_scope`; `invalid_target` for an audience that it does not have;
    /// `field_invalid` at `claims` for a claim that would be wider, at `token` for one that was narrowed four times;
    /// `claim_reserved`; `lifetime_too_long` over the policy's maximum; `forbidden` at `actor` where `may_act` is for another
    /// (RFC 8693 section 4.4); the store's.
    pub fn narrow(&self, request: Narrow, context: &Context) -> Task<NarrowedToken> {
        self.task(context, |mut flow| async move { flow.narrow(request).await })
    }
}

impl Flow {
    async fn narrow(&mut self, request: Narrow) -> Result<NarrowedToken> {
        let policy = self.issuer.policy();
        check_custom(&request.claims, &policy.session_claims)?;
        if request.audience.iter().any(String::is_empty) {
            return Err(field_invalid("audience", "the audience is empty"));
        }
        if request.actor.as_ref().is_some_and(String::is_empty) {
            return Err(field_invalid("actor", "the actor is empty"));
        }
        let lifetime = request.lifetime.unwrap_or(policy.token_lifetime());
        let lifetime = lifetime.at_most(policy.max_lifetime).map_err(|error| error.at("lifetime"))?;
        let (parent, marks) = self.check_with_marks(&request.token).await?;
        let given = Object::of_token(parent.claims.as_bytes()).map_err(|_| ErrorCode::StoreCorrupt)?;
        let lifetime = lifetime.min(self.left(&parent)?);
        let scope = match request.scope {
            Some(asked) => {
                scope::check_within(&asked, parent.scope.as_deref().unwrap_or_default())?;
                Some(asked)
            }
            None => parent.scope.clone(),
        };
        let parents = parents(&parent, &given)?;
        let claims = self.narrowed(&parent, &given, &request.claims)?;
        let claims = match &scope {
            Some(scope) => claims.set(SCOPE, scope),
            None => claims,
        };
        let claims = audience(&parent, request.audience)?.into_iter().fold(claims, Claims::audience);
        let claims = match &request.actor {
            Some(actor) => claims.set(ACT, acting(actor, &given)?),
            None => claims,
        };
        let id = self.entropy().uuid().to_string();
        let claims = claims.id(&*id).set(NARROWED_FROM, &parents).set(EPOCH, marks.epoch());
        let event = Event::new(EventKind::TokenIssued).id(&*id);
        let event = Event { client: parent.client.clone(), subject: parent.subject.clone(), ..event };
        // As its parent's, so that it is checked in the same way.
        let access_token = if request.token.contains('.') {
            self.mint(claims, lifetime).await?
        } else {
            let session = given.get(SESSION).and_then(|text| serde_json::from_str(text).ok());
            let ActiveToken { client, subject, .. } = parent;
            let (subject, scope, epoch) = (subject.unwrap_or_default(), scope.clone(), marks.epoch());
            let grant = Grant { client, subject, scope, session, epoch, lifetime, claims };
            self.handle(grant, id, parents).await?
        };
        self.emit(event);
        Ok(NarrowedToken { access_token, expires_in: lifetime, scope: scope::named(scope) })
    }

    /// How long a token still lives.
    fn left(&self, token: &ActiveToken) -> Result<Lifetime> {
        let left = token.expires_at.map_or(0, |end| end.seconds() - self.now().seconds());
        let left = u64::try_from(left).ok().and_then(|left| Lifetime::from_seconds(left).ok());
        // With a leeway it stands a little longer than it lives.
        left.ok_or_else(|| ErrorCode::TokenExpired.into())
    }

    /// The claims of a token, with narrower ones in place of some.
    fn narrowed(&self, parent: &ActiveToken, given: &Object<'_>, asked: &JsonMembers) -> Result<Claims> {
        let claims = parent.subject.iter().fold(Claims::new(), |claims, subject| claims.subject(&**subject));
        let begins = given.get("nbf").and_then(|text| serde_json::from_str::<f64>(text).ok());
        let begins = begins.map(|seconds| UnixTime::from_seconds(seconds.ceil() as i64));
        let claims = begins.into_iter().fold(claims, Claims::not_before);
        let custom = given.iter().filter(|(name, _)| !REGISTERED.contains(name));
        let claims = custom.fold(claims, |claims, (name, value)| claims.set_json(name.to_owned(), value));
        asked.iter().try_fold(claims, |claims, (name, value)| {
            let rule = self.issuer.policy().narrowing_of(name);
            let within = given.get(name).is_some_and(|parent| rule.admits(value.as_str(), parent));
            if !within {
                let text = format!("{name:?} would be more than the token's");
                return Err(Error::new(ErrorCode::FieldInvalid).at("claims").because(text));
            }
            Ok(claims.set_json(name.clone(), value.as_str()))
        })
    }
}

impl fmt::Debug for Narrow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Narrow")
            .field("scope", &self.scope)
            .field("audience", &self.audience)
            .field("lifetime", &self.lifetime)
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
