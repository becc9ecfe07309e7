//! The flows: one file each. Every flow makes at most one decisive write to one record; whatever else it creates has
//! a key and a content derived from that record and is inserted if absent, so a retry rolls forward.

use std::future::Future;

use crate::claims::Claims;
use crate::entropy::Entropy;
use crate::error::{Error, ErrorCode, Result};
use crate::event::{Event, EventKind};
use crate::issuer::Issuer;
use crate::record::Records;
use crate::record::slot::Taken;
use crate::task::{Io, Task};
use crate::time::{Context, Lifetime, Moment, UnixTime};
use crate::token::verified::Verified;

use status::Hangs;

pub(crate) mod accept_assertion;
pub(crate) mod access_token;
mod acting;
pub(crate) mod active_token;
mod announce;
mod assertion;
mod audience;
pub(crate) mod check;
pub(crate) mod client;
mod client_assertion;
pub(crate) mod client_credentials;
pub(crate) mod create_api_key;
pub mod directory;
pub(crate) mod holder;
pub(crate) mod introspect;
pub(crate) mod list_api_keys;
pub(crate) mod list_sessions;
pub(crate) mod named_session;
pub(crate) mod narrow;
mod narrow_trusted;
mod narrowing;
pub(crate) mod own_claims;
pub(crate) mod page;
pub(crate) mod poll_events;
pub(crate) mod redeem;
pub(crate) mod refresh;
pub(crate) mod refresh_token;
pub(crate) mod revoke;
mod revoke_sessions;
pub(crate) mod rotate_api_key;
mod security_event;
pub(crate) mod single_use;
pub(crate) mod single_use_token;
mod standing;
pub(crate) mod start_session;
pub(crate) mod status;
pub(crate) mod status_lists;
pub(crate) mod token_pair;
mod token_status;
pub(crate) mod trusted;
pub(crate) mod validity;
pub(crate) mod verify_api_key;

/// What every flow has at hand.
pub(crate) struct Flow {
    pub(crate) issuer: Issuer,
    pub(crate) records: Records,
    pub(crate) context: Context,
    io: Io,
}

impl Issuer {
    /// A task for a flow of this issuer.
    pub(crate) fn task<T, F>(&self, context: &Context, flow: impl FnOnce(Flow) -> F) -> Task<T>
    where
        T: 'static,
        F: Future<Output = Result<T>> + Send + 'static,
    {
        let task = Task::new(|io| flow(Flow::new(self.clone(), context, self.way_out(io))));
        task.needing(self.policy().durability)
    }
}

impl Flow {
    pub(crate) fn new(issuer: Issuer, context: &Context, io: Io) -> Self {
        Flow { issuer, records: Records::new(io.clone(), context), context: context.clone(), io }
    }

    pub(crate) fn now(&self) -> UnixTime {
        self.context.now()
    }

    pub(crate) fn moment(&self) -> Moment {
        self.context.moment()
    }

    pub(crate) fn entropy(&mut self) -> &mut Entropy {
        &mut self.records.entropy
    }

    pub(crate) fn emit(&self, event: Event) {
        self.io.emit(event);
    }

    /// Verifies a JWT of this issuer; where only the host can check its key, it is asked.
    pub(crate) async fn verify(&self, token: &str) -> Result<Verified> {
        self.issuer.checker().verify_with_host(&self.io, token, self.now()).await
    }

    /// As [`Flow::verify`], for whichever audience.
    pub(crate) async fn verify_for_anybody(&self, token: &str) -> Result<Verified> {
        self.issuer.any_audience().verify_with_host(&self.io, token, self.now()).await
    }

    /// Refuses, and says so in an event; `client` is empty where nobody knows whose request it was.
    pub(crate) fn refuse<T>(&self, client: &str, error: Error) -> Result<T> {
        let kind = if error.code() == ErrorCode::RateLimited {
            EventKind::LimitHit
        } else {
            EventKind::TokenRefused
        };
        let event = Event::new(kind).reason(error.code());
        self.emit(if client.is_empty() { event } else { event.client(client) });
        Err(error)
    }

    /// Mints a token of this issuer that hangs on something, with its status where the policy has lists; where the host holds
    /// the key, it is asked for the signature. Every JWT of a flow is minted here.
    pub(crate) async fn mint(
        &mut self,
        claims: &mut Claims,
        lifetime: Lifetime,
        hangs: Hangs<'_>,
    ) -> Result<(String, Option<Taken>)> {
        let taken = self.take_place(claims, lifetime, hangs).await?;
        let token = self.issuer.mint_with_host(&self.io, claims, lifetime, &self.context).await?;
        Ok((token, taken))
    }
}
