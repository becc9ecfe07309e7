//! The directory: who may ask. Clients, and bearer API keys.
//!
//! Records are made once and disabled, never deleted: a disabled id cannot come back as somebody else.
//!
//! ```
//! use tokenmint::*;
//! use tokenmint::directory::{self, Client};
//! let store = MemoryStore::new();
//! let context = Context::new(UnixTime::from_seconds(1_700_000_000), [7; 32]);
//! let (secret, hash) = SecretHash::generate(&mut Entropy::new([9; 32]));
//! let client = Client::new("client_1", "org_1", hash).permission(Permission::ClientCredentials);
//! directory::create_client(client, &context).run(&store).result?;
//!
//! let keys = KeySet::builder().hmac("k1", [7; 32].as_slice())?.build()?;
//! let issuer = Issuer::new(keys, Policy::new("https://api.example.com").audience("api"))?;
//! let token = issuer.client_credentials(ClientProof::new("client_1", secret), &context).run(&store).result?;
//! assert_eq!(token.expires_in, Lifetime::HOUR);
//! # Ok::<(), Error>(())
//! ```

pub use crate::record::client::{BearerKey, Client, Permission};
pub use bearer_keys::{create_bearer_key, disable_bearer_key};
pub use change_client::{ChangeClient, change_client};
pub use clients::{add_client_secret, create_client, disable_client, retire_client_secret};
pub use list_clients::{ClientList, ClientView, ListClients, list_clients};
pub use rotate_client_secret::{NewClientSecret, rotate_client_secret};

pub(crate) use change::{Directory, exists, task};

mod bearer_keys;
mod change;
mod change_client;
mod clients;
mod list_clients;
mod rotate_client_secret;
