//! Entity tokens: a narrow JWT for the front end of an entity, a group, or one of their users.
//!
//! Asked for with the organization's API key, or with such a token itself, which may be renewed but never widened.

use super::entity_options::EntityOptions;
use crate::claims::Claims;
use crate::dialect::entities::{Alias, Entity, EntityKind, User, user_alias_key, user_key};
use crate::error::{Error, ErrorCode, Result};
use crate::event::{Event, EventKind};
use crate::flow::Flow;
use crate::flow::check::unauthenticated;
use crate::flow::own_claims::NARROWED_FROM;
use crate::flow::status::Hangs;
use crate::issuer::Issuer;
use crate::json::FromJson;
use crate::record::client::Permission;
use crate::record::named_session::named_session_key;
use crate::record::watermark::{self, EPOCH, Marked, Marks};
use crate::record::{MOST_LOADED, Stored, Update, decode_some};
use crate::secret::Secret;
use crate::store::RecordKey;
use crate::task::Task;
use crate::time::{Context, Lifetime, UnixTime};
use crate::token::id::minted_at;
use crate::token::verified::Verified;

/// A request for an entity token.
#[derive(Clone, Debug)]
pub struct EntityTokenRequest {
    /// The organization's API key, or an entity token to be renewed.
    pub bearer: Secret,
    /// Whom the token is for.
    pub target: EntityTarget,
    /// How long it shall live; the policy's default where absent.
    pub expires_in: Option<Lifetime>,
    /// What it allows; its `session_id` is the session that it belongs to.
    pub options: EntityOptions,
}

/// Whom an entity token is for. Ids may be foreign ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntityTarget {
    /// An entity.
    Entity(String),
    /// A user of an entity: entity, user.
    EntityUser(String, String),
    /// A group of entities.
    Group(String),
    /// A user of a group, by the foreign id only: group, user.
    GroupUser(String, String),
}

/// The target as the directory knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Subject {
    kind: EntityKind,
    /// The entity or group.
    id: String,
    foreign_id: Option<String>,
    user: Option<String>,
}

/// What a token is minted by.
struct Found {
    subject: Subject,
    marks: Marks,
    session: Option<Update>,
}

/// Who asks.
pub(crate) struct Caller {
    organization: String,
    /// The token that is renewed, and what it allows.
    renewed: Option<(Verified, EntityOptions)>,
}

impl Issuer {
    /// Mints an entity token.
    ///
    /// # Errors
    /// `unauthenticated`, `token_expired`, `forbidden`, `not_found`, `lifetime_too_long`, `rate_limited`, the store's.
    pub fn entity_token(&self, request: EntityTokenRequest, context: &Context) -> Task<String> {
        self.task(context, |mut flow| async move {
            let EntityTokenRequest { bearer, target, expires_in, options } = request;
            let caller = flow.caller(&bearer).await?;
            flow.entity_token(caller, target, expires_in, options).await
        })
    }

    /// Ends all entity tokens of the organization behind an API key (`None`), or those of the named sessions.
    ///
    /// # Errors
    /// `unauthenticated`; `forbidden` for a token instead of an API key; the store's.
    pub fn invalidate_tokens(
        &self,
        bearer: Secret,
        sessions: Option<Vec<String>>,
        context: &Context,
    ) -> Task<()> {
        self.task(context, |mut flow| async move {
            let caller = flow.caller(&bearer).await?;
            flow.invalidate_tokens(caller, sessions).await
        })
    }
}

impl Flow {
    pub(crate) async fn entity_token(
        &mut self,
        caller: Caller,
        target: EntityTarget,
        expires_in: Option<Lifetime>,
        mut options: EntityOptions,
    ) -> Result<String> {
        let organization = caller.organization;
        // A renewed token stays in its session.
        let name = caller.renewed.as_ref().map_or(&options, |(_, granted)| granted).session_id.as_deref();
        let session = name.map(|name| named_session_key(&organization, name));
        let Some(Found { subject, marks, session }) = self.resolve(&organization, &target, session).await?
        else {
            let code = if caller.renewed.is_some() { ErrorCode::Forbidden } else { ErrorCode::NotFound };
            return self.refuse(&organization, Error::new(code).because(no_such(&target, code)));
        };
        let mut lifetime = expires_in.unwrap_or(self.issuer.policy().token_lifetime());
        let mut authenticated_at = self.now();
        if let Some((token, granted)) = &caller.renewed {
            if !subject.is_of(token)? {
                let error = Error::new(ErrorCode::Forbidden)
                    .because("a token can be renewed for its own target only");
                return self.refuse(&organization, error);
            }
            options = match granted.narrowed(options) {
                Ok(options) => options,
                Err(error) => return self.refuse(&organization, error),
            };
            authenticated_at = token.read_claim("auth_time")?.unwrap_or(authenticated_at);
            lifetime = match self.left_to_renew(authenticated_at) {
                Ok(left) => lifetime.min(left),
                Err(error) => return self.refuse(&organization, error),
            };
        }
        lifetime.at_most(self.issuer.policy().max_lifetime)?;
        if let Some((token, _)) = &caller.renewed
            && let Err(error) = marks.check(token.read_claim(EPOCH)?, minted_at(token))
        {
            // Ended since it was checked: its successor must not carry a newer epoch.
            return self.refuse(&organization, unauthenticated(error));
        }
        let (client, about) = (Some(organization.as_str()), Some(subject.sub()));
        let hangs = Hangs { client, subject: about, epoch: marks.epoch(), ..Hangs::default() };
        let claims = subject.claims().set("organizationId", &organization);
        let mut claims =
            claims.set_own("options", &options).set("auth_time", authenticated_at).set(EPOCH, marks.epoch());
        let token = match (&options.session_id, session) {
            (Some(name), Some(session)) => {
                let renewed = caller.renewed.as_ref().map(|(token, _)| token);
                let named = [&*organization, name];
                self.mint_in_session(session, named, renewed, &mut claims, lifetime, hangs).await?
            }
            _ => self.mint_with_id(&mut claims, lifetime, hangs).await?,
        };
        let Claims { subject, id, .. } = claims;
        self.emit(Event { subject, id, ..Event::new(EventKind::TokenIssued).client(organization) });
        Ok(token)
    }

    pub(crate) async fn invalidate_tokens(
        &mut self,
        caller: Caller,
        sessions: Option<Vec<String>>,
    ) -> Result<()> {
        if caller.renewed.is_some() {
            let error =
                Error::new(ErrorCode::Forbidden).because("only the organization's API key may end tokens");
            return self.refuse(&caller.organization, error);
        }
        let organization = caller.organization;
        let Some(sessions) = sessions else { return self.raise(Marked::Client(&organization)).await };
        for name in sessions {
            self.end_named_session(&organization, &name).await?;
        }
        Ok(())
    }

    /// Who the bearer is: a token of this issuer that stands, or an API key.
    pub(crate) async fn caller(&mut self, bearer: &Secret) -> Result<Caller> {
        // A bearer that is not UTF-8 cannot be any token.
        let token = std::str::from_utf8(bearer.expose()).unwrap_or_default();
        if token.split('.').count() != 3 {
            let key = self.authenticate_bearer(bearer, Permission::EntityTokens).await?;
            return Ok(Caller { organization: key.organization, renewed: None });
        }
        let checked = match self.verify(token).await {
            Ok(token) => self.check_verified(&token).await.map(|_| token),
            Err(error) => Err(error),
        };
        let token = match checked {
            Ok(token) => token,
            Err(error) => {
                let name = crate::encoding::fingerprint(bearer.expose());
                return self.refuse(&name, unauthenticated(error));
            }
        };
        if token.claim_json(NARROWED_FROM).is_some() {
            // What is renewed would no longer end with its parent.
            return self.refuse("", ErrorCode::Unauthenticated.into());
        }
        let organization: Option<String> = token.read_claim("organizationId")?;
        let options: Option<EntityOptions> = token.read_claim("options")?;
        let (Some(organization), Some(options)) = (organization, options) else {
            return self.refuse("", ErrorCode::Unauthenticated.into());
        };
        self.admit(&organization).await?;
        Ok(Caller { organization, renewed: Some((token, options)) })
    }

    /// How long a token that was first issued at `since` can still be renewed.
    fn left_to_renew(&self, since: UnixTime) -> Result<Lifetime> {
        let end = since.after(self.issuer.policy().renewal);
        let left = u64::try_from(end.seconds() - self.now().seconds()).unwrap_or(0);
        Lifetime::from_seconds(left).map_err(|_| {
            Error::new(ErrorCode::Unauthenticated)
                .because("the token was renewed for long enough; ask with the API key")
        })
    }

    /// Finds the target, and reads what else a token for it needs; `None` where there is none, or it is disabled.
    async fn resolve(
        &mut self,
        organization: &str,
        target: &EntityTarget,
        session: Option<RecordKey>,
    ) -> Result<Option<Found>> {
        let (kind, id, user) = match target {
            EntityTarget::Entity(id) => (EntityKind::Entity, id, None),
            EntityTarget::EntityUser(id, user) => (EntityKind::Entity, id, Some(user)),
            EntityTarget::Group(id) => (EntityKind::Group, id, None),
            EntityTarget::GroupUser(id, user) => (EntityKind::Group, id, Some(user)),
        };
        // All in one command, as if what was given were ids. Where it is a foreign id there is more to read then.
        let presumed = user.unwrap_or(id);
        let mut keys = Vec::with_capacity(MOST_LOADED);
        keys.extend([kind.key(organization, id), kind.alias_key(organization, id)]);
        keys.extend(watermark::keys(&self.issuer.policy().issuer, organization, presumed));
        keys.extend(session.clone());
        if let Some(user) = user {
            keys.extend([user_key(organization, user), user_alias_key(organization, id, user)]);
        }
        let mut read = self.records.load_all(keys).await?;
        let mut next = || read.next().flatten();
        let (named, marks) = ([next(), next()], Marks::read([next(), next(), next()])?);
        let session = session.map(|key| Update::new(key, next()));
        let named_user = [next(), next()];

        let record = |id: &str| kind.key(organization, id);
        let Some(found) = self.named::<Entity>(named, |_| true, record).await? else { return Ok(None) };
        if found.disabled || (found.id != *id && found.foreign_id.as_ref() != Some(id)) {
            return Ok(None);
        }
        let mut subject = Subject { kind, id: found.id, foreign_id: found.foreign_id, user: None };
        if let Some(user) = user {
            let named = match subject.id == *id {
                true => named_user,
                false => {
                    let alias = user_alias_key(organization, &subject.id, user);
                    self.records.load([user_key(organization, user), alias]).await?
                }
            };
            let Some(found) = self.resolve_user(organization, &subject, user, named).await? else {
                return Ok(None);
            };
            subject.user = Some(found);
        }
        let marks = match subject.sub() {
            sub if sub == presumed => marks,
            sub => self.marks(organization, sub).await?,
        };
        Ok(Some(Found { subject, marks, session }))
    }

    async fn resolve_user(
        &mut self,
        organization: &str,
        parent: &Subject,
        given: &str,
        named: [Option<Stored>; 2],
    ) -> Result<Option<String>> {
        let of_parent = |user: &User| match parent.kind {
            EntityKind::Entity => user.entity.as_ref() == Some(&parent.id),
            EntityKind::Group => user.group.as_ref() == Some(&parent.id),
        };
        // A group knows its users by their foreign ids only (contract 1.1). Somebody else's id may be the foreign id
        // of a user here, and must not hide it.
        let by_id = |user: &User| parent.kind == EntityKind::Entity && of_parent(user);
        let found = self.named::<User>(named, by_id, |id| user_key(organization, id)).await?;
        let found = found.filter(|user| {
            let named = by_id(user) && user.id == given || user.foreign_id.as_deref() == Some(given);
            named && of_parent(user) && !user.disabled
        });
        Ok(found.map(|user| user.id))
    }

    /// A record by its id, if it is acceptable so, or by the alias that points to it: both as they were read.
    async fn named<T: FromJson>(
        &mut self,
        [known, alias]: [Option<Stored>; 2],
        by_id: impl Fn(&T) -> bool,
        record: impl Fn(&str) -> RecordKey,
    ) -> Result<Option<T>> {
        if let Some(known) = decode_some::<T>(known.as_ref())?.filter(by_id) {
            return Ok(Some(known));
        }
        let Some(alias) = decode_some::<Alias>(alias.as_ref())? else { return Ok(None) };
        let [entry] = self.records.load([record(&alias.id)]).await?;
        decode_some(entry.as_ref())
    }
}

impl Subject {
    /// The user, or else the entity or group.
    fn sub(&self) -> &str {
        self.user.as_ref().unwrap_or(&self.id)
    }

    /// The claims that name the target (contract 1.6).
    fn claims(&self) -> Claims {
        let claims = Claims::with_room(10, 512).subject(self.sub());
        let claims = match self.kind {
            EntityKind::Entity => claims.set("entityId", &self.id),
            EntityKind::Group => claims.set("entityGroupId", &self.id),
        };
        let claims = match &self.foreign_id {
            Some(foreign_id) if self.kind == EntityKind::Entity => claims.set("entityForeignId", foreign_id),
            _ => claims,
        };
        match &self.user {
            Some(user) => claims.set("userId", user),
            None => claims,
        }
    }

    /// Whether a token is for this target.
    fn is_of(&self, token: &Verified) -> Result<bool> {
        let name = match self.kind {
            EntityKind::Entity => "entityId",
            EntityKind::Group => "entityGroupId",
        };
        let (id, user): (Option<String>, Option<String>) =
            (token.read_claim(name)?, token.read_claim("userId")?);
        Ok(id.as_ref() == Some(&self.id) && user == self.user)
    }
}

fn no_such(target: &EntityTarget, code: ErrorCode) -> &'static str {
    match (code, target) {
        (ErrorCode::Forbidden, _) => "a token can be renewed for its own target only",
        (_, EntityTarget::Entity(_)) => "no such entity",
        (_, EntityTarget::EntityUser(..)) => "no such entity user",
        (_, EntityTarget::Group(_)) => "no such entity group",
        (_, EntityTarget::GroupUser(..)) => "no such entity group user",
    }
}
