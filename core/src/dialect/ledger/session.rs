//! A session for an API key: a client's own, opened with its secret.

use crate::error::Result;
use crate::flow::Flow;
use crate::flow::client::{ClientProof, Demand};
use crate::flow::start_session::StartSession;
use crate::flow::token_pair::TokenPair;
use crate::issuer::Issuer;
use crate::record::client::{Permission, client_key};
use crate::task::Task;
use crate::time::Context;

/// A condition on the client beyond its secret.
#[derive(Clone, Debug, Default)]
pub struct ClientConditions {
    /// The client must have this name, if it has one.
    pub name: Option<String>,
}

impl Issuer {
    /// Opens a session for an API key.
    ///
    /// # Errors
    /// `invalid_client`, `rate_limited`, `policy_invalid` without a session secret, and the store's.
    pub fn exchange_api_key(
        &self,
        api_key: ClientProof,
        conditions: ClientConditions,
        context: &Context,
    ) -> Task<TokenPair> {
        self.task(context, |mut flow| async move {
            let ClientConditions { name } = conditions;
            let demand = Demand { name: name.as_deref(), ..Permission::Sessions.into() };
            flow.open_session(&api_key, demand).await
        })
    }
}

impl Flow {
    pub(super) async fn open_session(
        &mut self,
        proof: &ClientProof,
        demand: Demand<'_>,
    ) -> Result<TokenPair> {
        self.issuer.sessions()?;
        let [entry] = self.records.load([client_key(&proof.id)]).await?;
        let client = self.authenticate(proof, entry.as_ref(), demand).await?;
        let subject = client.subject.as_ref().unwrap_or(&client.id);
        // These tokens have the claim `scope`, and nothing in it (contract 3.1).
        let request = StartSession::new(subject).client(&client.id).scope("");
        self.start_session(request, Some(client)).await
    }
}
