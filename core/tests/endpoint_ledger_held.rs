//! Ledger's dialect once more, every row of it, with an RS256 key that the host holds.
#![cfg(any(feature = "aws-lc", feature = "rustcrypto"))]

#[path = "endpoint_ledger.rs"]
mod rows;

use tokenmint::{Algorithm, Key, KeySet};

/// The public half of the key in [`rows::host::vault`].
fn keys() -> KeySet {
    let vault = rows::host::vault();
    let public = Key::from_jwk(&vault.signing_key().unwrap().public_jwk().unwrap()).unwrap();
    let key = Key::held_by_host(rows::host::HELD, Algorithm::RS256, Some(public)).unwrap();
    KeySet::builder().key(key).unwrap().build().unwrap()
}
