//! Signers of the tests.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};

use tokenmint::*;

type Question = (String, Algorithm, Vec<u8>, Option<Vec<u8>>, Sender<Answer>);

enum Answer {
    Signature(Result<Vec<u8>, StoreError>),
    Verdict(Result<bool, StoreError>),
}

/// Keys that live in a thread of their own, and can be away.
pub(crate) struct Vault {
    questions: Mutex<Sender<Question>>,
    away: Arc<AtomicBool>,
}

impl Vault {
    #[allow(clippy::disallowed_methods)] // a thread of the test, not of the core
    pub(crate) fn new(key: Key) -> Self {
        let (questions, inbox) = channel::<Question>();
        std::thread::spawn(move || {
            let keys = KeySet::builder().key(key).unwrap().build().unwrap();
            for (kid, algorithm, message, signature, answer) in inbox {
                let _ = answer.send(match signature {
                    None => Answer::Signature(keys.sign(&kid, algorithm, &message)),
                    Some(signature) => Answer::Verdict(keys.verify(&kid, algorithm, &message, &signature)),
                });
            }
        });
        Vault { questions: Mutex::new(questions), away: Arc::default() }
    }

    pub(crate) fn go_away(&self, away: bool) {
        self.away.store(away, Ordering::SeqCst);
    }

    fn ask(
        &self,
        kid: &str,
        algorithm: Algorithm,
        message: &[u8],
        signature: Option<&[u8]>,
    ) -> Result<Answer, StoreError> {
        if self.away.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable);
        }
        let (answer, inbox) = channel();
        let question = (kid.to_owned(), algorithm, message.to_vec(), signature.map(<[u8]>::to_vec), answer);
        self.questions.lock().unwrap().send(question).unwrap();
        Ok(inbox.recv().unwrap())
    }
}

impl Signer for Vault {
    fn sign(&self, kid: &str, algorithm: Algorithm, message: &[u8]) -> Result<Vec<u8>, StoreError> {
        match self.ask(kid, algorithm, message, None)? {
            Answer::Signature(signature) => signature,
            Answer::Verdict(_) => panic!("a verdict where a signature was asked for"),
        }
    }

    fn verify(
        &self,
        kid: &str,
        algorithm: Algorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<bool, StoreError> {
        match self.ask(kid, algorithm, message, Some(signature))? {
            Answer::Verdict(verdict) => verdict,
            Answer::Signature(_) => panic!("a signature where a verdict was asked for"),
        }
    }
}

/// The same keys for a host that answers later.
pub(crate) struct Later<'a>(pub(crate) &'a Vault);

impl AsyncSigner for Later<'_> {
    async fn sign(&self, kid: &str, algorithm: Algorithm, message: &[u8]) -> Result<Vec<u8>, StoreError> {
        self.0.sign(kid, algorithm, message)
    }

    async fn verify(
        &self,
        kid: &str,
        algorithm: Algorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<bool, StoreError> {
        self.0.verify(kid, algorithm, message, signature)
    }
}

impl AsyncStore for Later<'_> {
    async fn execute(&self, _: Command) -> Result<Reply, StoreError> {
        Err(StoreError::Unavailable)
    }
}
