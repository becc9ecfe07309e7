//! Signers: what holds the keys that the core does not have, put beside a store.

use std::future::Future;

use super::{AsyncStore, Command, Durability, Reply, Store, StoreError};
use crate::key::{Algorithm, KeySet};

/// Signs with keys that are held outside the core: a key management service, a security module, another process.
///
/// The core checks the length of every signature, and the signature itself where it has the key's public half.
/// [`KeySet`] is a signer, for a process that holds keys for others.
pub trait Signer: Send + Sync {
    /// The signature of `message` in the form of JWS (RFC 7518 section 3), by the key that the host knows as `kid`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] where it cannot be had now.
    fn sign(&self, kid: &str, algorithm: Algorithm, message: &[u8]) -> Result<Vec<u8>, StoreError>;

    /// Whether `signature` is that key's; asked only for keys without a public half in the core.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] where that cannot be said now, which it is for a signer that only signs.
    fn verify(
        &self,
        _kid: &str,
        _algorithm: Algorithm,
        _message: &[u8],
        _signature: &[u8],
    ) -> Result<bool, StoreError> {
        Err(StoreError::Unavailable)
    }
}

/// A [`Signer`] that answers later.
pub trait AsyncSigner: Send + Sync {
    /// As [`Signer::sign`].
    ///
    /// # Errors
    /// As [`Signer::sign`].
    fn sign(
        &self,
        kid: &str,
        algorithm: Algorithm,
        message: &[u8],
    ) -> impl Future<Output = Result<Vec<u8>, StoreError>> + Send;

    /// As [`Signer::verify`].
    ///
    /// # Errors
    /// As [`Signer::verify`].
    fn verify(
        &self,
        _kid: &str,
        _algorithm: Algorithm,
        _message: &[u8],
        _signature: &[u8],
    ) -> impl Future<Output = Result<bool, StoreError>> + Send {
        std::future::ready(Err(StoreError::Unavailable))
    }
}

/// A store with a signer beside it: the signer answers for keys, the store for records.
///
/// It is a [`Store`] where its parts are a [`Store`] and a [`Signer`], and an [`AsyncStore`] where they are the
/// asynchronous ones.
///
/// ```
/// use tokenmint::*;
/// let vault = KeySet::builder().hmac("k1", [7; 32].as_slice())?.build()?; // in earnest: in another process
/// let keys = KeySet::builder().key(Key::held_by_host("k1", Algorithm::HS256, None)?)?.build()?;
/// let issuer = Issuer::new(keys, Policy::new("https://api.example.com").audience("app"))?;
/// let context = Context::new(UnixTime::from_seconds(1_700_000_000), [1; 32]);
/// let host = WithSigner::new(MemoryStore::new(), vault);
///
/// let token = issuer.mint_task(&Claims::new().subject("ent_1"), Lifetime::HOUR, &context).run(&host).result?;
/// let claims = issuer.verifier().verify_task(&token, context.now()).run(&host).result?;
/// assert_eq!(claims.subject().as_deref(), Some("ent_1"));
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct WithSigner<S, K> {
    store: S,
    signer: K,
}

impl<S, K> WithSigner<S, K> {
    /// Puts a signer beside a store, or beside a reference to one.
    pub fn new(store: S, signer: K) -> Self {
        WithSigner { store, signer }
    }
}

impl<S: Store, K: Signer> Store for WithSigner<S, K> {
    fn execute(&self, command: Command) -> Result<Reply, StoreError> {
        match command {
            Command::Sign { kid, algorithm, message } => {
                self.signer.sign(&kid, algorithm, &message).map(Reply::Signed)
            }
            Command::VerifySignature { kid, algorithm, message, signature } => {
                self.signer.verify(&kid, algorithm, &message, &signature).map(Reply::Verified)
            }
            command => self.store.execute(command),
        }
    }

    fn durability(&self) -> Durability {
        self.store.durability()
    }
}

impl<S: AsyncStore, K: AsyncSigner> AsyncStore for WithSigner<S, K> {
    async fn execute(&self, command: Command) -> Result<Reply, StoreError> {
        match command {
            Command::Sign { kid, algorithm, message } => {
                self.signer.sign(&kid, algorithm, &message).await.map(Reply::Signed)
            }
            Command::VerifySignature { kid, algorithm, message, signature } => {
                self.signer.verify(&kid, algorithm, &message, &signature).await.map(Reply::Verified)
            }
            command => self.store.execute(command).await,
        }
    }

    fn durability(&self) -> Durability {
        self.store.durability()
    }
}

impl<K: Signer + ?Sized> Signer for &K {
    fn sign(&self, kid: &str, algorithm: Algorithm, message: &[u8]) -> Result<Vec<u8>, StoreError> {
        (**self).sign(kid, algorithm, message)
    }

    fn verify(
        &self,
        kid: &str,
        algorithm: Algorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<bool, StoreError> {
        (**self).verify(kid, algorithm, message, signature)
    }
}

/// The keys of the set sign for others; one that is not there, or is for another algorithm, is unavailable.
impl Signer for KeySet {
    fn sign(&self, kid: &str, algorithm: Algorithm, message: &[u8]) -> Result<Vec<u8>, StoreError> {
        let key = self.named(kid).find(|key| key.algorithm() == algorithm).ok_or(StoreError::Unavailable)?;
        let mut signature = Vec::with_capacity(key.signature_len());
        key.sign(message, &mut signature).map_err(|_| StoreError::Unavailable)?;
        Ok(signature)
    }

    fn verify(
        &self,
        kid: &str,
        algorithm: Algorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<bool, StoreError> {
        let key = self.named(kid).find(|key| key.algorithm() == algorithm && !key.asks_host());
        key.map(|key| key.verify(message, signature)).ok_or(StoreError::Unavailable)
    }
}
