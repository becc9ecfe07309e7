//! Account tokens: the permanent token of a linked account, for a public token, once; its replacement, and its end.
//!
//! An account token is derived from its account's record, so neither it nor its hash is stored.

use std::fmt;

use uuid::Uuid;

use super::link::{PUBLIC, Public, public_key};
use crate::encoding::sha256;
use crate::error::{Error, ErrorCode, Result};
use crate::event::{Event, EventKind};
use crate::flow::Flow;
use crate::flow::check::unauthenticated;
use crate::issuer::Issuer;
use crate::json::object;
use crate::policy::Integration;
use crate::record::client::Permission;
use crate::record::single_use::Redemption;
use crate::record::watermark::Marks;
use crate::record::{Draft, Update, decode_some};
use crate::secret::Secret;
use crate::store::RecordKey;
use crate::task::Task;
use crate::time::{Context, Lifetime, Moment, UnixTime};
use crate::token::derived::account_id;

/// A linked account and its token.
#[derive(Clone, PartialEq, Eq)]
pub struct AccountToken {
    /// The token: permanent, until it is replaced or ended.
    pub account_token: String,
    /// The id of the linked account: the same whenever the same end user links the same category.
    pub id: Uuid,
    /// What the account is linked to.
    pub integration: Integration,
}

object! {
    /// A linked account.
    #[derive(Clone, Debug, PartialEq, Eq)]
    #[json(read, write)]
    pub struct Account {
        /// The organization that linked it.
        pub organization: String,
        /// The end user's id in the organization's own system.
        pub origin_id: String,
        /// The category.
        pub category: String,
        /// The slug of the integration.
        pub integration: String,
        salt: String,
        generation: u64,
        /// As a token's. An account without one is judged by when it was linked.
        #[json(omit)]
        epoch: Option<u64>,
        replaced_at: Moment,
        /// When the public token was exchanged that it follows.
        linked_at: Moment,
        /// The salt of that public token: which one it was.
        #[json(default)]
        linked_by: String,
        /// Whether it was deleted. It is forgotten when no retry can come any more.
        #[json(omit)]
        deleted: bool,
    }
}

/// A request to exchange a public token.
#[derive(Clone)]
pub struct ExchangeRequest {
    /// The API key of the organization that made the link.
    pub bearer: Secret,
    /// The category that is asked for.
    pub category: String,
    /// The public token.
    pub public_token: String,
    /// As [`super::RedeemRequest::redeemer`].
    pub redeemer: Option<String>,
}

impl Issuer {
    /// Exchanges a public token for the account token, once.
    ///
    /// # Errors
    /// `unauthenticated`; `link_unknown` for a public token that is unknown, used, over, of another organization or of
    /// another category; the store's.
    pub fn exchange_public_token(&self, request: ExchangeRequest, context: &Context) -> Task<AccountToken> {
        self.task(context, |mut flow| async move { flow.exchange_public_token(&request).await })
    }

    /// Replaces an account token. The one before gets the same successor again for the redemption window.
    ///
    /// # Errors
    /// `unauthenticated` for the API key or the account token; the store's.
    pub fn regenerate_account_token(
        &self,
        bearer: Secret,
        category: &str,
        account_token: &str,
        context: &Context,
    ) -> Task<AccountToken> {
        let (category, token) = (category.to_owned(), account_token.to_owned());
        self.task(context, |mut flow| async move { flow.regenerate(&bearer, &category, &token).await })
    }

    /// Ends an account token, and the linked account with it. Doing it twice is as good as once. Whoever links the end
    /// user anew gets the account of the same id, with another token.
    ///
    /// # Errors
    /// `unauthenticated` for the API key, or for what is not the account's current token; the store's.
    pub fn delete_account(
        &self,
        bearer: Secret,
        category: &str,
        account_token: &str,
        context: &Context,
    ) -> Task<()> {
        let (category, token) = (category.to_owned(), account_token.to_owned());
        self.task(context, |mut flow| async move { flow.delete_account(&bearer, &category, &token).await })
    }

    /// The account behind an account token.
    ///
    /// # Errors
    /// `unauthenticated`, and the store's.
    pub fn account(&self, account_token: &str, context: &Context) -> Task<Account> {
        let token = account_token.to_owned();
        self.task(context, |flow| async move {
            let id = account_id(&token).ok_or(ErrorCode::Unauthenticated)?;
            let [entry] = flow.records.load([account_key(id)]).await?;
            let account = decode_some::<Account>(entry.as_ref())?.ok_or(ErrorCode::Unauthenticated)?;
            if account.deleted || flow.generation_of(&account, id, &token)? != Some(account.generation) {
                return Err(ErrorCode::Unauthenticated.into());
            }
            flow.check_account(&account, id).await.map_err(unauthenticated)?;
            Ok(account)
        })
    }
}

impl Flow {
    pub(crate) async fn exchange_public_token(&mut self, request: &ExchangeRequest) -> Result<AccountToken> {
        let organization = self.authenticate_bearer(&request.bearer, Permission::Links).await?.organization;
        PUBLIC.check(&request.public_token).map_err(|_| unknown())?;
        let key = public_key(&request.public_token);
        let exchange = Redemption::new(request.redeemer.as_deref(), &request.category, self.moment());
        let mut update = self.records.open(key).await?;
        loop {
            let public: Public = update.found()?.ok_or_else(unknown)?;
            let integration = self.issuer.integration(&public.integration).cloned();
            let Some(integration) = integration.filter(|integration| {
                public.organization == organization
                    && public.categories.contains(&request.category)
                    && integration.categories.contains(&request.category)
            }) else {
                return Err(unknown());
            };
            let marks = self.marks(&organization, &public.origin_id).await?;
            self.judge(marks, public.epoch, None, |kind| public.event(kind)).map_err(|error| match error
                .code()
            {
                ErrorCode::TokenRevoked => unknown(),
                _ => error,
            })?;
            let window = self.issuer.policy().redeem_window;
            match &public.exchanged {
                Some(first) if first.may_be_repeated_by(&exchange, window) => {
                    return self.account_token(&public, first, true, integration, marks).await;
                }
                Some(_) => {
                    self.emit(public.event(EventKind::LinkReuse));
                    return Err(unknown());
                }
                None if self.now() >= public.expires_at => return Err(unknown()),
                None => {}
            }
            let exchanged = Public { exchanged: Some(exchange.clone()), ..public };
            if self.records.write(&mut update, exchanged.draft()?).await? {
                return self.account_token(&exchanged, &exchange, false, integration, marks).await;
            }
        }
    }

    /// The account of a public token, which stands under `marks` and was exchanged: inserted if absent, or if its tokens
    /// have ended; linked anew if it was linked by another. A retry undoes neither a later link nor a deletion.
    async fn account_token(
        &mut self,
        public: &Public,
        exchange: &Redemption,
        is_retry: bool,
        integration: Integration,
        marks: Marks,
    ) -> Result<AccountToken> {
        let id = linked_account_id(&public.organization, &exchange.choice, &public.origin_id);
        let key = account_key(id);
        let fresh = Account {
            organization: public.organization.clone(),
            origin_id: public.origin_id.clone(),
            category: exchange.choice.clone(),
            integration: integration.slug.clone(),
            salt: public.salt.clone(),
            generation: 1,
            epoch: Some(marks.epoch()),
            replaced_at: Moment::default(),
            linked_at: exchange.at,
            linked_by: public.salt.clone(),
            deleted: false,
        };
        // Most often it is not there yet.
        let mut update = Update::new(key, None);
        loop {
            let account = match update.found::<Account>()? {
                None => fresh.clone(),
                // A watermark was raised in between, and the end user has linked anew since.
                Some(account) if account.epoch > fresh.epoch => return Err(unknown()),
                // Its tokens have ended: with another salt none of them comes back.
                Some(account) if !account.stands(marks) => fresh.clone(),
                Some(account)
                    if account.linked_by == public.salt || is_retry && account.linked_at > exchange.at =>
                {
                    // What anybody could have sent may have its answer already.
                    if account.deleted || exchange.is_anonymous() {
                        self.emit(public.event(EventKind::LinkReuse));
                        return Err(unknown());
                    }
                    return self.issued(&account, id, integration);
                }
                Some(account) if account.deleted => fresh.clone(),
                Some(account) => Account {
                    integration: fresh.integration.clone(),
                    // Another node's clock may be ahead.
                    linked_at: account.linked_at.max(exchange.at),
                    linked_by: fresh.linked_by.clone(),
                    epoch: fresh.epoch,
                    ..account
                },
            };
            if self.records.write(&mut update, account.draft()?).await? {
                return self.issued(&account, id, integration);
            }
        }
    }

    /// The token of an account as its record is.
    fn issued(&self, account: &Account, id: Uuid, integration: Integration) -> Result<AccountToken> {
        self.emit(account.event(EventKind::AccountTokenIssued, id));
        Ok(AccountToken { account_token: self.token_of(account, id)?, id, integration })
    }

    /// Who asks, and the account that a token names.
    async fn open_account(&mut self, bearer: &Secret, token: &str) -> Result<(String, Uuid, Update)> {
        let organization = self.authenticate_bearer(bearer, Permission::Links).await?.organization;
        let id = account_id(token).ok_or_else(refused)?;
        Ok((organization, id, self.records.open(account_key(id)).await?))
    }

    pub(crate) async fn regenerate(
        &mut self,
        bearer: &Secret,
        category: &str,
        token: &str,
    ) -> Result<AccountToken> {
        let (organization, id, mut update) = self.open_account(bearer, token).await?;
        loop {
            let account: Account = update.found()?.ok_or_else(refused)?;
            let current = self.is_current(&account, id, token, &organization, category)?;
            let window = self.issuer.policy().redeem_window;
            let in_window = window > 0 && account.replaced_at.is_within(window, self.moment());
            if account.deleted || !(current || in_window) {
                return Err(refused());
            }
            self.check_account(&account, id).await.map_err(refused_for)?;
            let integration = self.issuer.integration(&account.integration).cloned().ok_or_else(refused)?;
            let next = if current {
                let now = account.replaced_at.max(self.moment());
                let next = Account { generation: account.generation + 1, replaced_at: now, ..account };
                if !self.records.write(&mut update, next.draft()?).await? {
                    continue;
                }
                self.emit(next.event(EventKind::AccountTokenRotated, id));
                next
            } else {
                account
            };
            return Ok(AccountToken { account_token: self.token_of(&next, id)?, id, integration });
        }
    }

    pub(crate) async fn delete_account(
        &mut self,
        bearer: &Secret,
        category: &str,
        token: &str,
    ) -> Result<()> {
        let (organization, id, mut update) = self.open_account(bearer, token).await?;
        loop {
            let account: Account = update.found()?.ok_or_else(refused)?;
            if !self.is_current(&account, id, token, &organization, category)? {
                return Err(refused());
            }
            if account.deleted {
                return Ok(());
            }
            self.check_account(&account, id).await.map_err(refused_for)?;
            let deleted = Account { deleted: true, ..account };
            // Longer than any retry can come that would link it once more.
            let draft = deleted.draft_until(self.now().after(Lifetime::HOUR))?;
            if self.records.write(&mut update, draft).await? {
                self.emit(deleted.event(EventKind::AccountDeleted, id));
                return Ok(());
            }
        }
    }

    /// Whether a token is its account's current one, and not the one before; refused where it is neither, or is not
    /// the caller's.
    fn is_current(
        &self,
        account: &Account,
        id: Uuid,
        token: &str,
        organization: &str,
        category: &str,
    ) -> Result<bool> {
        let generation = self.generation_of(account, id, token)?.ok_or_else(refused)?;
        if account.organization != organization || account.category != category {
            return Err(refused());
        }
        Ok(generation == account.generation)
    }

    fn token_of(&self, account: &Account, id: Uuid) -> Result<String> {
        let derivation = &self.issuer.sessions()?.derivation;
        Ok(derivation.account_token(id, account.generation, account.salt.as_bytes()))
    }

    /// Refused where a watermark has moved since the account was linked.
    async fn check_account(&self, account: &Account, id: Uuid) -> Result<()> {
        let marks = self.marks(&account.organization, &account.origin_id).await?;
        self.judge(marks, account.epoch, Some(account.linked_at), |kind| account.event(kind, id))
    }

    /// The generation that a token was derived for: the current one, the one before, or none.
    fn generation_of(&self, account: &Account, id: Uuid, token: &str) -> Result<Option<u64>> {
        let derivation = &self.issuer.sessions()?.derivation;
        let is = |generation| derivation.is_account_token(token, id, generation, account.salt.as_bytes());
        let (current, before) = (is(account.generation), is(account.generation.saturating_sub(1)));
        Ok(if current {
            Some(account.generation)
        } else if before && account.generation > 1 {
            Some(account.generation - 1)
        } else {
            None
        })
    }
}

impl Account {
    fn stands(&self, marks: Marks) -> bool {
        marks.check(self.epoch, Some(self.linked_at)).is_ok()
    }

    fn draft(&self) -> Result<Draft> {
        self.draft_until(UnixTime::MAX)
    }

    fn draft_until(&self, end: UnixTime) -> Result<Draft> {
        Ok(Draft::new(self, end)?.indexed(&self.origin_id, &self.organization))
    }

    fn event(&self, kind: EventKind, id: Uuid) -> Event {
        Event::new(kind)
            .client(&*self.organization)
            .subject(&*self.origin_id)
            .id(id.to_string())
            .generation(self.generation)
    }
}

fn account_key(id: Uuid) -> RecordKey {
    RecordKey::of("account", &[&id.to_string()])
}

/// The id of a linked account: one for each end user and category, so a second link finds the first one's account.
fn linked_account_id(organization: &str, category: &str, origin_id: &str) -> Uuid {
    let mut name = Vec::new();
    for part in [organization, category, origin_id] {
        name.extend_from_slice(&(part.len() as u64).to_be_bytes());
        name.extend_from_slice(part.as_bytes());
    }
    let digest = sha256(&name);
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
    // RFC 9562 section 5.8: version 8 is for ids made in one's own way.
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

/// One answer for every public token that cannot be exchanged.
fn unknown() -> Error {
    Error::new(ErrorCode::LinkUnknown).at("public_token").because("the public token is not valid")
}

/// One answer for every account token that is not the caller's current one.
fn refused() -> Error {
    Error::new(ErrorCode::Unauthenticated).at("X-Account-Token").because("the token is not valid")
}

fn refused_for(error: Error) -> Error {
    if error.code().http_status() >= 500 { error } else { refused() }
}

impl fmt::Debug for AccountToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccountToken")
            .field("id", &self.id)
            .field("integration", &self.integration)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for ExchangeRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExchangeRequest").field("category", &self.category).finish_non_exhaustive()
    }
}
