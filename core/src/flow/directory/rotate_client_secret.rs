//! A client gets another secret, while those before are good for a chosen time.

use super::change::task;
use crate::credential::{Credentials, SecretHash};
use crate::record::client::Client;
use crate::secret::Secret;
use crate::task::Task;
use crate::time::{Context, Lifetime};

/// A client's new secret: to be shown once.
#[derive(Clone, Debug)]
pub struct NewClientSecret {
    /// The client.
    pub id: String,
    /// The secret. Nobody can look it up later.
    pub secret: Secret,
}

/// Makes a new secret for a client. Those before it are good for `keep_for`, or end at once; those that were replaced
/// earlier keep their time, so that after a lost answer one can ask again: the secret that is in use does not end early.
///
/// ```
/// use tokenmint::*;
/// use tokenmint::directory::{self, Client};
/// let store = MemoryStore::new();
/// let context = |seed| Context::new(UnixTime::from_seconds(1_700_000_000), [seed; 32]);
/// let client = Client::new("c1", "org_1", SecretHash::of(b"a secret"));
/// directory::create_client(client.permission(Permission::ClientCredentials), &context(1)).run(&store).result?;
/// let new = directory::rotate_client_secret("c1", Some(Lifetime::DAY), &context(2)).run(&store).result?;
///
/// let keys = KeySet::builder().hmac("k1", [7; 32].as_slice())?.build()?;
/// let issuer = Issuer::new(keys, Policy::new("https://api.example.com"))?;
/// for secret in [Secret::from("a secret"), new.secret] {
///     assert!(issuer.client_credentials(ClientProof::new("c1", secret), &context(3)).run(&store).result.is_ok());
/// }
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// `not_found`; `already_exists` at `secret` where four replaced secrets are live: one of them has to end first;
/// `field_invalid` at `public` for a public client.
pub fn rotate_client_secret(
    id: &str,
    keep_for: Option<Lifetime>,
    context: &Context,
) -> Task<NewClientSecret> {
    let (id, now) = (id.to_owned(), context.now());
    task(context, move |mut directory| async move {
        let (secret, hash) = SecretHash::generate(&mut directory.records.entropy);
        let until = keep_for.map_or(now, |keep_for| now.after(keep_for));
        let replace = |client: &mut Client| {
            for before in client.secrets.hashes() {
                client.replaced.add(*before, until, now)?;
            }
            client.secrets = Credentials::new(hash);
            client.check_proof()
        };
        directory.change_client(&id, replace).await?;
        Ok(NewClientSecret { id, secret })
    })
}
