//! The clients of the store.

use super::change::task;
use crate::error::Result;
use crate::flow::page::{Page, cursor};
use crate::json::JsonMembers;
use crate::record::client::{Client, Permission, clients};
use crate::record::decode;
use crate::task::Task;
use crate::time::Context;

/// Which part of the clients is asked for.
#[derive(Clone, Debug, Default)]
pub struct ListClients {
    pub(crate) page: Page,
}

impl ListClients {
    /// The first ones.
    pub fn new() -> Self {
        ListClients::default()
    }

    /// Goes on where an answer's [`ClientList::next`] says.
    #[must_use]
    pub fn after(mut self, cursor: impl Into<String>) -> Self {
        self.page.after = Some(cursor.into());
        self
    }

    /// How many to look at, 1 to 100; 100 by default.
    #[must_use]
    pub fn limit(mut self, limit: u32) -> Self {
        self.page.limit = Some(limit);
        self
    }
}

/// A client in a list: all but its secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientView {
    /// Its id.
    pub id: String,
    /// The organization that it acts for.
    pub organization: String,
    /// What it may do.
    pub permissions: Vec<Permission>,
    /// The `sub` of its session tokens, where that is not its id.
    pub subject: Option<String>,
    /// A name that it may have to state.
    pub name: Option<String>,
    /// What its own tokens may allow.
    pub scope: Option<String>,
    /// Whom its own tokens may be for; the policy's audience where empty.
    pub audience: Vec<String>,
    /// Custom claims of its session tokens.
    pub claims: JsonMembers,
    /// Whether it proves nothing.
    pub public: bool,
    /// The public keys by which it proves itself, as the members of a JWK Set; without a member where it has none.
    pub jwks: JsonMembers,
    /// Whether all its tokens are bound to a key, so that each of its requests needs a DPoP proof.
    pub dpop_bound_access_tokens: bool,
    /// Whether it is refused.
    pub disabled: bool,
}

/// Clients, in no order that means anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientList {
    /// The clients.
    pub clients: Vec<ClientView>,
    /// Where to go on, for [`ListClients::after`]; `None` at the end.
    pub next: Option<String>,
}

/// Lists the clients of the store, not those of a configuration. One that a version before this list has written is in it
/// once it is changed.
///
/// ```
/// use tokenmint::*;
/// use tokenmint::directory::{self, Client, ListClients};
/// let store = MemoryStore::new();
/// let context = |seed| Context::new(UnixTime::from_seconds(1_700_000_000), [seed; 32]);
/// let client = Client::new("c1", "org_1", SecretHash::of(b"a secret"));
/// directory::create_client(client, &context(1)).run(&store).result?;
/// let list = directory::list_clients(ListClients::new(), &context(2)).run(&store).result?;
/// assert_eq!((list.clients[0].id.as_str(), list.next), ("c1", None));
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// `field_invalid` at `after` for what is no cursor, at `limit` for 0 and for more than 100; the store's.
pub fn list_clients(request: ListClients, context: &Context) -> Task<ClientList> {
    task(context, |directory| async move {
        let (after, limit) = request.page.read()?;
        let (entries, next) = directory.records.list(clients(), after, limit).await?;
        let found: Result<Vec<Client>> = entries.iter().map(decode).collect();
        let clients = found?.into_iter().map(ClientView::from).collect();
        Ok(ClientList { clients, next: next.map(cursor) })
    })
}

impl From<Client> for ClientView {
    fn from(client: Client) -> Self {
        let Client {
            id,
            organization,
            permissions,
            subject,
            name,
            scope,
            audience,
            claims,
            public,
            jwks,
            dpop_bound_access_tokens,
            disabled,
            ..
        } = client;
        ClientView {
            id,
            organization,
            permissions,
            subject,
            name,
            scope,
            audience,
            claims,
            public,
            jwks,
            dpop_bound_access_tokens,
            disabled,
        }
    }
}
