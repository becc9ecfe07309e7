//! What the operations give. Times are seconds since 1970, lifetimes are seconds, claims stand as in their token.

use serde::Serialize;
use serde_json::value::RawValue;

use crate::dialect::merge::account::{Account, AccountToken};
use crate::dialect::merge::link::{LinkDetails, LinkToken, LinkView, PublicToken};
use crate::flow::access::{AccessToken, ActiveToken};
use crate::flow::token_pair::TokenPair;
use crate::time::UnixTime;

#[derive(Serialize)]
pub(super) struct Nothing {}

pub(super) fn nothing((): ()) -> Nothing {
    Nothing {}
}

#[derive(Serialize)]
pub(super) struct Access {
    access_token: String,
    expires_in: u64,
}

pub(super) fn access(token: AccessToken) -> Access {
    Access { access_token: token.access_token, expires_in: token.expires_in.seconds() }
}

#[derive(Serialize)]
pub(super) struct Pair {
    access_token: String,
    expires_in: u64,
    refresh_token: String,
    refresh_expires_in: u64,
    session: String,
}

pub(super) fn pair(pair: TokenPair) -> Pair {
    Pair {
        access_token: pair.access_token,
        expires_in: pair.expires_in.seconds(),
        refresh_token: pair.refresh_token,
        refresh_expires_in: pair.refresh_expires_in.seconds(),
        session: pair.session,
    }
}

#[derive(Serialize)]
pub(super) struct Active {
    client: Option<String>,
    subject: Option<String>,
    scope: Option<String>,
    id: Option<String>,
    issued_at: Option<UnixTime>,
    expires_at: Option<UnixTime>,
    audience: Vec<String>,
    claims: Option<Box<RawValue>>,
}

pub(super) fn active(token: ActiveToken) -> Active {
    let ActiveToken { client, subject, scope, id, issued_at, expires_at, audience, claims } = token;
    // They were verified as JSON.
    let claims = RawValue::from_string(claims).ok();
    Active { client, subject, scope, id, issued_at, expires_at, audience, claims }
}

#[derive(Serialize)]
pub(super) struct EntityToken {
    token: String,
}

pub(super) fn entity_token(token: String) -> EntityToken {
    EntityToken { token }
}

#[derive(Serialize)]
pub(super) struct Link {
    link_token: String,
    expires_at: UnixTime,
}

pub(super) fn link(link: LinkToken) -> Link {
    Link { link_token: link.link_token, expires_at: link.expires_at }
}

#[derive(Serialize)]
pub(super) struct View {
    details: LinkDetails,
    expires_at: UnixTime,
}

pub(super) fn view(view: LinkView) -> View {
    View { details: view.details, expires_at: view.expires_at }
}

#[derive(Serialize)]
pub(super) struct Public {
    public_token: String,
    expires_in: u64,
}

pub(super) fn public_token(token: PublicToken) -> Public {
    Public { public_token: token.public_token, expires_in: token.expires_in.seconds() }
}

#[derive(Serialize)]
pub(super) struct LinkedToken {
    account_token: String,
    id: String,
    integration: String,
}

pub(super) fn account_token(token: AccountToken) -> LinkedToken {
    let (id, integration) = (token.id.to_string(), token.integration.slug);
    LinkedToken { account_token: token.account_token, id, integration }
}

#[derive(Serialize)]
pub(super) struct Linked {
    organization: String,
    origin_id: String,
    category: String,
    integration: String,
}

pub(super) fn account(account: Account) -> Linked {
    let Account { organization, origin_id, category, integration, .. } = account;
    Linked { organization, origin_id, category, integration }
}
