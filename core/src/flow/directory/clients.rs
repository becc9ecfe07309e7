//! Clients are created and disabled, and get secrets of the host's own.

use super::change::task;
use crate::credential::SecretHash;
use crate::flow::own_claims::check_custom;
use crate::record::client::{Client, client_key};
use crate::task::Task;
use crate::time::Context;

/// Creates a client. Creating the very same one again is no error, so a retry is safe.
///
/// # Errors
/// `already_exists` for another client of that id, `claim_reserved` for a claim that issuers set,
/// `invalid_scope`, `field_invalid` at `audience` for an empty text, at `jwks` for a key that cannot be used, at `public`
/// for a public client with a secret or keys, at `permissions` for one that shall have tokens for itself, at `secret` for
/// any other that has neither secret nor keys.
pub fn create_client(client: Client, context: &Context) -> Task<()> {
    task(context, |mut directory| async move {
        check_custom(&client.claims, &[])?;
        client.check()?;
        directory.create(&client_key(&client.id), &client, "client", &client.id).await
    })
}

/// Refuses a client from now on: no tokens, no refresh, and its tokens no longer stand.
///
/// # Errors
/// `not_found`.
pub fn disable_client(id: &str, context: &Context) -> Task<()> {
    let id = id.to_owned();
    task(context, |mut directory| async move {
        directory
            .change_client(&id, |client| {
                client.disabled = true;
                Ok(())
            })
            .await
    })
}

/// Makes a second secret of a client live, or the first of one that has keys.
///
/// # Errors
/// `not_found`; `already_exists` where two are live; `field_invalid` at `public` for a public client.
pub fn add_client_secret(id: &str, secret: SecretHash, context: &Context) -> Task<()> {
    let id = id.to_owned();
    task(context, move |mut directory| async move {
        directory
            .change_client(&id, |client| {
                client.secrets.add(secret)?;
                client.check_proof()
            })
            .await
    })
}

/// Ends the older of a client's two live secrets, or the only one of a client that has keys.
///
/// # Errors
/// `not_found` where there is no such client, or only one secret and no keys.
pub fn retire_client_secret(id: &str, context: &Context) -> Task<()> {
    let id = id.to_owned();
    task(context, |mut directory| async move { directory.change_client(&id, Client::retire_secret).await })
}
