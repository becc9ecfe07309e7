//! Every row once more, with an RS256 key that the host holds.

#[allow(clippy::duplicate_mod)] // the same rows with the `keys` of this module
#[path = "rows.rs"]
mod rows;

use tokenmint::{Algorithm, Key, KeySet};

use crate::host;

/// The public half of the key in [`host::vault`].
fn keys() -> KeySet {
    let public = Key::from_jwk(&host::vault().signing_key().unwrap().public_jwk().unwrap()).unwrap();
    let key = Key::held_by_host(host::HELD, Algorithm::RS256, Some(public)).unwrap();
    KeySet::builder().key(key).unwrap().build().unwrap()
}
