//! What a client may do is changed.

use super::change::task;
use crate::error::Result;
use crate::flow::own_claims::check_custom;
use crate::json::JsonMembers;
use crate::record::client::{Client, Permission};
use crate::task::Task;
use crate::time::Context;

/// What of a client is to be changed; what is not said stays.
///
/// Tokens that were made before stay as they are: [`Issuer::revoke_client`](crate::Issuer::revoke_client) ends them.
#[derive(Clone, Debug, Default)]
pub struct ChangeClient {
    pub(crate) permissions: Option<Vec<Permission>>,
    pub(crate) scope: Option<String>,
    pub(crate) audience: Option<Vec<String>>,
    pub(crate) name: Option<String>,
    pub(crate) claims: Option<JsonMembers>,
    pub(crate) public: Option<bool>,
    pub(crate) jwks: Option<JsonMembers>,
    pub(crate) dpop_bound_access_tokens: Option<bool>,
    pub(crate) disabled: Option<bool>,
}

impl ChangeClient {
    /// Nothing yet.
    pub fn new() -> Self {
        ChangeClient::default()
    }

    /// What it may do.
    #[must_use]
    pub fn permissions(mut self, permissions: impl Into<Vec<Permission>>) -> Self {
        self.permissions = Some(permissions.into());
        self
    }

    /// What its own tokens may allow; the empty text for nothing.
    #[must_use]
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scope = Some(scope.into());
        self
    }

    /// Whom its own tokens may be for; none for the policy's audience.
    #[must_use]
    pub fn audience(mut self, audience: impl Into<Vec<String>>) -> Self {
        self.audience = Some(audience.into());
        self
    }

    /// A name that it may have to state; the empty text for none.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Custom claims of its session tokens: all of them.
    #[must_use]
    pub fn claims(mut self, claims: JsonMembers) -> Self {
        self.claims = Some(claims);
        self
    }

    /// Whether it proves nothing. One that has a secret or keys cannot become public.
    #[must_use]
    pub fn public(mut self, public: bool) -> Self {
        self.public = Some(public);
        self
    }

    /// The public keys by which it proves itself, as the members of a JWK Set: all of them; without a member for none.
    #[must_use]
    pub fn jwks(mut self, jwks: JsonMembers) -> Self {
        self.jwks = Some(jwks);
        self
    }

    /// Whether all its tokens are bound to a key, so that each of its requests needs a DPoP proof.
    #[must_use]
    pub fn dpop_bound_access_tokens(mut self, bound: bool) -> Self {
        self.dpop_bound_access_tokens = Some(bound);
        self
    }

    /// Whether it is refused. A client that is taken back has its tokens again that have not ended.
    #[must_use]
    pub fn disabled(mut self, disabled: bool) -> Self {
        self.disabled = Some(disabled);
        self
    }

    fn apply(&self, client: &mut Client) -> Result<()> {
        fn set<T: Clone>(field: &mut T, wanted: Option<&T>) {
            if let Some(wanted) = wanted {
                field.clone_from(wanted);
            }
        }
        let some = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        set(&mut client.permissions, self.permissions.as_ref());
        set(&mut client.scope, self.scope.as_ref().map(some).as_ref());
        set(&mut client.audience, self.audience.as_ref());
        set(&mut client.name, self.name.as_ref().map(some).as_ref());
        set(&mut client.claims, self.claims.as_ref());
        set(&mut client.public, self.public.as_ref());
        set(&mut client.jwks, self.jwks.as_ref());
        set(&mut client.dpop_bound_access_tokens, self.dpop_bound_access_tokens.as_ref());
        set(&mut client.disabled, self.disabled.as_ref());
        // Those from before stay: whoever disables a client has nothing to mend first.
        self.claims.as_ref().map_or(Ok(()), |claims| check_custom(claims, &[]))?;
        client.check()
    }
}

/// Changes a client of the store.
///
/// ```
/// use tokenmint::*;
/// use tokenmint::directory::{self, ChangeClient, Client};
/// let store = MemoryStore::new();
/// let context = |seed| Context::new(UnixTime::from_seconds(1_700_000_000), [seed; 32]);
/// let client = Client::new("c1", "org_1", SecretHash::of(b"a secret")).scope("read write");
/// directory::create_client(client, &context(1)).run(&store).result?;
/// directory::change_client("c1", ChangeClient::new().scope("read"), &context(2)).run(&store).result?;
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// `not_found`; `claim_reserved`, `invalid_scope`, and `field_invalid`, as for
/// [`create_client`](super::create_client()).
pub fn change_client(id: &str, change: ChangeClient, context: &Context) -> Task<()> {
    let id = id.to_owned();
    task(
        context,
        |mut directory| async move { directory.change_client(&id, |client| change.apply(client)).await },
    )
}
