//! Links that work once, and the accounts that they lead to.

use super::account;
use super::link::{self, LinkDetails};
use crate::describe::described;
use crate::surface::table::{Hidden, Nothing, Seconds, operations};
use crate::time::{Lifetime, UnixTime};
use crate::values::SecretText;

operations! {
    "Links and accounts":

    /// Makes a single-use link for the holder of an API key.
    create_link(CreateLinkRequest) -> LinkToken, [Unauthenticated, RateLimited, LifetimeTooLong, PolicyInvalid]
        |issuer, input, context|
            issuer.create_link(input.bearer.0, input.details, input.expires_in, context);
    /// Looks at a link and does not consume it, as a GET must.
    peek_link(LinkTokenOnly) -> LinkView, [LinkUnknown, LinkUsed, LinkExpired]
        |issuer, input, context| issuer.peek_link(&input.link_token, context);
    /// Redeems a link, once; the same redeemer gets the same answer again for a short time.
    redeem_link(RedeemLinkRequest) -> PublicToken, [LinkUnknown, LinkUsed, LinkExpired]
        |issuer, input, context| issuer.redeem_link(input.into(), context);
    /// Exchanges a public token for the lasting token of the account, once.
    exchange_public_token(ExchangePublicTokenRequest) -> AccountToken, [Unauthenticated, LinkUnknown, RateLimited]
        |issuer, input, context| issuer.exchange_public_token(input.into(), context);
    /// Replaces an account's token; the old one is good no longer.
    regenerate_account_token(OwnAccount) -> AccountToken, [Unauthenticated, RateLimited]
        |issuer, input, context| {
            let OwnAccount { bearer, category, account_token } = input;
            issuer.regenerate_account_token(bearer.0, &category, &account_token, context)
        };
    /// Ends an account's token, and the account with it; twice is as good as once.
    delete_account(OwnAccount) -> Nothing, [Unauthenticated, RateLimited]
        |issuer, input, context| {
            let OwnAccount { bearer, category, account_token } = input;
            issuer.delete_account(bearer.0, &category, &account_token, context)
        };
    /// Says which account an account token stands for.
    account(AccountTokenOnly) -> Account, [Unauthenticated]
        |issuer, input, context| issuer.account(&input.account_token, context);
}

described! {
    /// Asks for a link.
    #[json(read)]
    pub(crate) struct CreateLinkRequest {
        /// An API key.
        bearer: SecretText,
        /// What the link is for.
        details: LinkDetails,
        /// How long it shall live.
        expires_in: Lifetime,
    }

    /// A link that was made: its token is good for one redemption.
    #[json(write)]
    pub(crate) struct LinkToken {
        /// The token.
        link_token: Hidden,
        /// When it ends.
        expires_at: UnixTime,
    }

    /// Names a link.
    #[json(read)]
    pub(crate) struct LinkTokenOnly {
        /// The link's token.
        link_token: String,
    }

    /// A link that is waiting to be redeemed.
    #[json(write)]
    pub(crate) struct LinkView {
        /// What it is for.
        details: LinkDetails,
        /// When it ends.
        expires_at: UnixTime,
    }

    /// Asks to redeem a link.
    #[json(read)]
    pub(crate) struct RedeemLinkRequest {
        /// The link's token.
        link_token: String,
        /// The integration that the end user chose; it may be left out where the link names one.
        integration: Option<String>,
        /// Whatever tells one redeemer from another, such as an idempotency key: who comes back with the same one shortly
        /// after gets the same answer. Without one, the link is simply used.
        redeemer: Option<String>,
    }

    /// What a redeemed link gives: good for one exchange by the organization that made the link.
    #[json(write)]
    pub(crate) struct PublicToken {
        /// The token.
        public_token: Hidden,
        /// How long it lives.
        expires_in: Seconds,
    }

    /// Asks for the token of an account.
    #[json(read)]
    pub(crate) struct ExchangePublicTokenRequest {
        /// An API key of the organization that made the link.
        bearer: SecretText,
        /// The category that is asked for.
        category: String,
        /// The public token.
        public_token: String,
        /// As of a link that is redeemed.
        redeemer: Option<String>,
    }

    /// The lasting token of a linked account.
    #[json(write)]
    pub(crate) struct AccountToken {
        /// The token: it stands until it is replaced or ended.
        account_token: Hidden,
        /// The id of the account: the same whenever the same end user links the same category.
        id: String,
        /// The slug of the integration.
        integration: String,
    }

    /// Names an account by its token, for the organization that it belongs to.
    #[json(read)]
    pub(crate) struct OwnAccount {
        /// An API key of the organization.
        bearer: SecretText,
        /// The account's category.
        category: String,
        /// The account's token.
        account_token: String,
    }

    /// Names an account by its token.
    #[json(read)]
    pub(crate) struct AccountTokenOnly {
        /// The account's token.
        account_token: String,
    }

    /// A linked account.
    #[json(write)]
    pub(crate) struct Account {
        /// The organization that linked it.
        organization: String,
        /// The end user's id in the organization's own system.
        origin_id: String,
        /// The category.
        category: String,
        /// The slug of the integration.
        integration: String,
    }
}

impl From<link::LinkToken> for LinkToken {
    fn from(link: link::LinkToken) -> Self {
        LinkToken { link_token: link.link_token.into(), expires_at: link.expires_at }
    }
}

impl From<link::LinkView> for LinkView {
    fn from(view: link::LinkView) -> Self {
        LinkView { details: view.details, expires_at: view.expires_at }
    }
}

impl From<RedeemLinkRequest> for link::RedeemRequest {
    fn from(input: RedeemLinkRequest) -> Self {
        let RedeemLinkRequest { link_token, integration, redeemer } = input;
        link::RedeemRequest { link_token, integration, redeemer }
    }
}

impl From<link::PublicToken> for PublicToken {
    fn from(token: link::PublicToken) -> Self {
        PublicToken { public_token: token.public_token.into(), expires_in: token.expires_in.into() }
    }
}

impl From<ExchangePublicTokenRequest> for account::ExchangeRequest {
    fn from(input: ExchangePublicTokenRequest) -> Self {
        let ExchangePublicTokenRequest { bearer, category, public_token, redeemer } = input;
        account::ExchangeRequest { bearer: bearer.0, category, public_token, redeemer }
    }
}

impl From<account::AccountToken> for AccountToken {
    fn from(token: account::AccountToken) -> Self {
        let (id, integration) = (token.id.to_string(), token.integration.slug);
        AccountToken { account_token: token.account_token.into(), id, integration }
    }
}

impl From<account::Account> for Account {
    fn from(account: account::Account) -> Self {
        let account::Account { organization, origin_id, category, integration, .. } = account;
        Account { organization, origin_id, category, integration }
    }
}
