//! Values derived from a secret and a record: neither they nor their hashes need to be stored.
//!
//! The MAC covers the record's random salt, so forging one takes the key and the database.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::encoding::{base64url, from_base64url, same};
use crate::secret::Secret;

/// The key from which session and account tokens are derived, in keyed form.
#[derive(Clone)]
pub(crate) struct DerivationKey(Hmac<Sha256>);

impl DerivationKey {
    pub(crate) fn new(secret: &Secret) -> Option<Self> {
        Hmac::new_from_slice(secret.expose()).ok().map(DerivationKey)
    }

    /// The MAC over a label and parts, each with its length.
    pub(crate) fn mac(&self, label: &str, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = self.0.clone();
        for part in std::iter::once(&label.as_bytes()).chain(parts) {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }

    /// The permanent token of a record: its id and a MAC over id, generation and salt. 54 characters.
    pub(crate) fn account_token(&self, id: uuid::Uuid, generation: u64, salt: &[u8]) -> String {
        let mac = self.mac("account", &[id.as_bytes(), &generation.to_be_bytes(), salt]);
        let mut bytes = id.as_bytes().to_vec();
        bytes.extend_from_slice(mac.get(..24).unwrap_or_default());
        base64url(&bytes)
    }

    /// Whether `token` is the account token of the record, in constant time.
    pub(crate) fn is_account_token(&self, token: &str, id: uuid::Uuid, generation: u64, salt: &[u8]) -> bool {
        same(self.account_token(id, generation, salt).as_bytes(), token.as_bytes())
    }
}

/// The id inside an account token; says nothing about whether the token is good.
pub(crate) fn account_id(token: &str) -> Option<uuid::Uuid> {
    let bytes = from_base64url(token).filter(|bytes| bytes.len() == 40)?;
    uuid::Uuid::from_slice(bytes.get(..16)?).ok()
}
