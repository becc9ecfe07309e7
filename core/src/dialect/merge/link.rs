//! Links: single-use tokens for an end user and an integration, and the public token that one leads to.

use std::fmt;

use crate::describe::described;
use crate::encoding::base64url;
use crate::error::{Error, ErrorCode, Result};
use crate::event::{Event, EventKind};
use crate::flow::Flow;
use crate::issuer::Issuer;
use crate::json::{self, JsonMembers, object};
use crate::policy::Integration;
use crate::record::client::Permission;
use crate::record::single_use::{Place, Redemption, SingleUse};
use crate::record::{Change, Draft, busy};
use crate::secret::Secret;
use crate::store::RecordKey;
use crate::task::Task;
use crate::time::{Context, Lifetime, UnixTime};
use crate::token::handle::{HandleFormat, record_key};

/// A link token: 240 random bits. Its shape leaves no room for a check character.
const LINK: HandleFormat = HandleFormat::plain(0);
/// A public token: 240 derived bits and a checksum.
pub(crate) const PUBLIC: HandleFormat = HandleFormat::plain(6);

described! {
    /// What a link is for.
    #[derive(Clone, Debug, PartialEq, Eq)]
    #[json(read, write)]
    pub struct LinkDetails {
        /// The end user's id in the organization's own system.
        pub origin_id: String,
        /// The end user's organization.
        pub end_user_organization: String,
        /// The end user's e-mail address, for identification.
        pub end_user_email: String,
        /// The categories that can be linked.
        pub categories: Vec<String>,
        /// The slug of the one integration that can be linked; any of the categories where absent.
        #[json(omit)]
        pub integration: Option<String>,
        /// Whatever else the front end of the link needs.
        #[json(omit)]
        pub settings: JsonMembers,
    }
}

/// A link that was made.
#[derive(Clone, PartialEq, Eq)]
pub struct LinkToken {
    /// The token: good for one redemption.
    pub link_token: String,
    /// When it ends.
    pub expires_at: UnixTime,
    /// The integration that it names.
    pub integration: Option<Integration>,
}

/// A link that is waiting to be redeemed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkView {
    /// What it is for.
    pub details: LinkDetails,
    /// When it ends.
    pub expires_at: UnixTime,
}

/// What a redeemed link gives.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicToken {
    /// The token: good for one exchange for an account token, by the organization that made the link.
    pub public_token: String,
    /// How long it lives.
    pub expires_in: Lifetime,
}

/// A request to redeem a link.
#[derive(Clone)]
pub struct RedeemRequest {
    /// The link token.
    pub link_token: String,
    /// The integration that the end user chose; may be left out where the link names one.
    pub integration: Option<String>,
    /// Whatever tells one redeemer from another, such as an idempotency key: who comes back with the same one shortly
    /// after gets the same answer. Without one the link is simply used; only where nobody can have got its answer yet,
    /// since a request died on the way there, the next one who makes the same choice shortly after gets it.
    pub redeemer: Option<String>,
}

object! {
    /// The record of a public token.
    #[derive(Clone, Debug, PartialEq, Eq)]
    #[json(read, write)]
    pub(crate) struct Public {
        pub(crate) organization: String,
        pub(crate) origin_id: String,
        pub(crate) categories: Vec<String>,
        pub(crate) integration: String,
        pub(crate) salt: String,
        pub(crate) epoch: Option<u64>,
        pub(crate) expires_at: UnixTime,
        #[json(omit)]
        pub(crate) exchanged: Option<Redemption>,
    }
}

impl Issuer {
    /// Makes a link for the organization behind an API key.
    ///
    /// # Errors
    /// `unauthenticated`; `field_invalid` at `integration` for one that is not in the catalogue, or in none of the
    /// link's categories; `lifetime_too_long`; `rate_limited`, and the store's.
    pub fn create_link(
        &self,
        bearer: Secret,
        details: LinkDetails,
        expires_in: Lifetime,
        context: &Context,
    ) -> Task<LinkToken> {
        self.task(context, |mut flow| async move {
            let organization = flow.authenticate_bearer(&bearer, Permission::Links).await?.organization;
            flow.create_link(organization, details, expires_in).await
        })
    }

    /// Shows what a link is for. Writes nothing, so whoever fetches links to look at them harms nothing.
    ///
    /// # Errors
    /// `link_unknown`, `link_used`, `link_expired`, and the store's.
    pub fn peek_link(&self, link_token: &str, context: &Context) -> Task<LinkView> {
        let token = link_token.to_owned();
        self.task(context, |mut flow| async move { flow.peek_link(&token).await })
    }

    /// Redeems a link, once.
    ///
    /// # Errors
    /// `link_unknown`, `link_used`, `link_expired`; `field_required` or `field_invalid` at `integration`; the store's.
    pub fn redeem_link(&self, request: RedeemRequest, context: &Context) -> Task<PublicToken> {
        self.task(context, |mut flow| async move { flow.redeem_link(&request).await })
    }

    /// The integration of a slug.
    pub(crate) fn integration(&self, slug: &str) -> Option<&Integration> {
        self.policy().integrations.iter().find(|integration| integration.slug == slug)
    }
}

impl Flow {
    pub(crate) async fn create_link(
        &mut self,
        organization: String,
        details: LinkDetails,
        expires_in: Lifetime,
    ) -> Result<LinkToken> {
        self.issuer.sessions()?;
        let integration = match &details.integration {
            Some(slug) => {
                // A link that nobody could redeem is not made.
                self.chosen(&details, None)?;
                Some(self.integration(slug)?)
            }
            None => None,
        };
        let expires_at = self.now().after(expires_in.at_most(self.issuer.policy().max_lifetime)?);
        let salt = self.entropy().bytes();
        let marks = self.marks(&organization, &details.origin_id).await?;
        let link = SingleUse {
            client: Some(organization),
            subject: Some(details.origin_id.clone()),
            payload: details.members()?,
            ..SingleUse::new(expires_at, salt, marks.epoch())
        };
        let link_token = LINK.generate(self.entropy());
        let place = self.link(&link_token)?;
        if let Change::Conflict(_) = self.records.insert(&place.key, link.draft()?).await? {
            return Err(busy());
        }
        self.emit(link.event(EventKind::LinkIssued, &place));
        Ok(LinkToken { link_token, expires_at, integration })
    }

    pub(crate) async fn peek_link(&mut self, token: &str) -> Result<LinkView> {
        let link = self.look_at(&self.link(token)?).await?;
        Ok(LinkView { details: LinkDetails::of(&link)?, expires_at: link.expires_at })
    }

    pub(crate) async fn redeem_link(&mut self, request: &RedeemRequest) -> Result<PublicToken> {
        let place = self.link(&request.link_token)?;
        let decide = |flow: &Flow, link: &SingleUse| {
            let chosen = flow.chosen(&LinkDetails::of(link)?, request.integration.as_deref());
            let redeemer = request.redeemer.as_deref();
            let redemption = chosen.map(|choice| Redemption::new(redeemer, &choice, flow.moment()));
            // Who cannot be told from another gets the answer only where nobody can have got it: see below.
            flow.redemption(&place, link, redemption, |_| true, EventKind::LinkReuse)
        };
        let (link, again) = self.present(&place, decide).await?;
        again?;
        self.public_token(&link, &place, &request.link_token).await
    }

    /// The public token of a redeemed link: derived from its record, inserted if absent.
    async fn public_token(&mut self, link: &SingleUse, place: &Place, token: &str) -> Result<PublicToken> {
        let redemption = link.redeemed.as_ref().ok_or(ErrorCode::Internal)?;
        let details = LinkDetails::of(link)?;
        let derivation = &self.issuer.sessions()?.derivation;
        let mac = derivation.mac("public", &[token.as_bytes(), link.salt.as_bytes()]);
        let mut random = [0; 30];
        random.iter_mut().zip(mac).for_each(|(to, from)| *to = from);
        let public_token = PUBLIC.encode(random);
        let salt = base64url(&derivation.mac("account salt", &[link.salt.as_bytes()]));
        let expires_in = self.issuer.policy().public_token_lifetime;
        let public = Public {
            organization: link.client.clone().unwrap_or_default(),
            origin_id: details.origin_id,
            categories: details.categories,
            integration: redemption.choice.clone(),
            salt,
            epoch: Some(link.epoch),
            expires_at: redemption.at.seconds().after(expires_in),
            exchanged: None,
        };
        match self.records.insert(&public_key(&public_token), public.draft()?).await? {
            // From here on somebody may have had the answer.
            Change::Done => self.emit(link.event(EventKind::LinkRedeemed, place)),
            Change::Conflict(_) if redemption.is_anonymous() => {
                self.emit(link.event(EventKind::LinkReuse, place));
                return Err(ErrorCode::LinkUsed.into());
            }
            // Whoever finds it there wrote the same.
            Change::Conflict(_) => self.emit(link.event(EventKind::LinkReplayed, place)),
        }
        Ok(PublicToken { public_token, expires_in })
    }

    /// Where the record of a link is. A text that cannot be a link token never reaches the store.
    fn link(&self, token: &str) -> Result<Place> {
        LINK.check(token).map_err(|_| Error::new(ErrorCode::LinkUnknown))?;
        Ok(Place::of_whole(&self.issuer.policy().issuer, "link", token))
    }

    /// The slug of the integration that is linked: the link's own, or the end user's choice.
    fn chosen(&self, link: &LinkDetails, asked: Option<&str>) -> Result<String> {
        let invalid =
            |text: &'static str| Err(Error::new(ErrorCode::FieldInvalid).at("integration").because(text));
        let slug = match (&link.integration, asked) {
            (Some(own), Some(asked)) if own != asked => {
                return invalid("the link is for another integration");
            }
            (Some(own), _) => own,
            (None, Some(asked)) => asked,
            (None, None) => {
                let error = Error::new(ErrorCode::FieldRequired).at("integration");
                return Err(error.because("the link names no integration; say which one was chosen"));
            }
        };
        let integration = self.integration(slug)?;
        if !integration.categories.iter().any(|category| link.categories.contains(category)) {
            return invalid("the integration is in none of the link's categories");
        }
        Ok(integration.slug)
    }

    fn integration(&self, slug: &str) -> Result<Integration> {
        self.issuer.integration(slug).cloned().ok_or_else(|| {
            Error::new(ErrorCode::FieldInvalid)
                .at("integration")
                .because("there is no integration with this slug")
        })
    }
}

impl LinkDetails {
    /// As the payload of a single-use token.
    fn members(&self) -> Result<JsonMembers> {
        json::from_written(&json::to_text(self)).map_err(|misfit| misfit.error(ErrorCode::FieldInvalid))
    }

    /// Those of a link.
    fn of(link: &SingleUse) -> Result<Self> {
        json::from_written(&json::to_text(&link.payload)).map_err(|_| ErrorCode::StoreCorrupt.into())
    }
}

impl Public {
    pub(crate) fn event(&self, kind: EventKind) -> Event {
        Event::new(kind).client(&*self.organization).subject(&*self.origin_id)
    }

    pub(crate) fn draft(&self) -> Result<Draft> {
        Ok(Draft::new(self, self.expires_at)?.indexed(&self.origin_id, &self.organization))
    }
}

pub(crate) fn public_key(token: &str) -> RecordKey {
    record_key("public", token)
}

impl fmt::Debug for LinkToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LinkToken").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

impl fmt::Debug for PublicToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PublicToken").field("expires_in", &self.expires_in).finish_non_exhaustive()
    }
}

impl fmt::Debug for RedeemRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedeemRequest").field("integration", &self.integration).finish_non_exhaustive()
    }
}
