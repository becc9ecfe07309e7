//! Asking the host about keys that it holds: for a signature, or whether one is right.

use crate::claims::check::ReadPayload;
use crate::dpop_policy::DpopPolicy;
use crate::error::{Error, ErrorCode, Result, Retry};
use crate::key::Key;
use crate::store::{Command, Reply, StoreError};
use crate::task::{Io, Task};
use crate::time::UnixTime;
use crate::token::dpop::{Bound, DpopProof, recent};
use crate::token::explain::Explanation;
use crate::token::jws::Jws;
use crate::token::mint::Unsigned;
use crate::token::verdicts::HostVerdicts;
use crate::token::verified::Verified;
use crate::token::verifier::Verifier;

impl Verifier {
    /// Verifies a token as [`Verifier::verify`] does, also where its key is held by the host and its public half is
    /// not here. Only then is a command asked for, [`Command::VerifySignature`], and only about a signature of the
    /// right length under an algorithm that is allowed.
    ///
    /// A token without a key id may cost a question for each of up to eight such keys.
    ///
    /// # Errors
    /// As [`Verifier::verify`]; `store_unavailable` where the host cannot say.
    pub fn verify_task(&self, token: &str, now: UnixTime) -> Task<Verified> {
        let (verifier, token) = (self.clone(), token.to_owned());
        Task::new(|io| async move { verifier.verify_with_host(&io, &token, now).await })
    }

    /// Verifies a signature as [`Verifier::verify_jws`] does, asking the host as [`Verifier::verify_task`] does.
    ///
    /// # Errors
    /// As those of both.
    pub fn verify_jws_task(&self, token: &str) -> Task<Jws> {
        let (verifier, token) = (self.clone(), token.to_owned());
        Task::new(
            |io| async move { with_host(&io, |host| verifier.verify_jws_with(&token, Some(host))).await? },
        )
    }

    /// Explains a verdict as [`Verifier::explain`] does, asking the host as [`Verifier::verify_task`] does.
    ///
    /// # Errors
    /// `store_unavailable` where the host cannot say.
    pub fn explain_task(&self, token: &str, now: UnixTime) -> Task<Explanation> {
        let (verifier, token) = (self.clone(), token.to_owned());
        Task::new(
            |io| async move { with_host(&io, |host| verifier.explain_with(&token, now, Some(host))).await },
        )
    }

    /// Verifies a token and its proof as [`Verifier::verify_bound`] does, asking the host as [`Verifier::verify_task`] does.
    ///
    /// # Errors
    /// As those of both.
    pub fn verify_bound_task(
        &self,
        token: &str,
        proof: &str,
        method: &str,
        url: &str,
        now: UnixTime,
    ) -> Task<Bound> {
        let verifier = self.clone();
        let [token, proof, method, url] = [token, proof, method, url].map(str::to_owned);
        Task::new(|io| async move {
            let bound = |host: &HostVerdicts| {
                verifier.verify_bound_with(&token, &proof, &method, &url, now, Some(host))
            };
            with_host(&io, bound).await?
        })
    }

    /// Verifies a token as [`Verifier::verify_with_certificate`] does, asking the host as [`Verifier::verify_task`] does.
    ///
    /// # Errors
    /// As those of both.
    pub fn verify_with_certificate_task(
        &self,
        token: &str,
        sha256: [u8; 32],
        now: UnixTime,
    ) -> Task<Verified> {
        let (verifier, token) = (self.clone(), token.to_owned());
        Task::new(|io| async move {
            with_host(&io, |host| verifier.verify_certificate_with(&token, &sha256, now, Some(host))).await?
        })
    }

    /// As [`Verifier::verify_task`], within a flow.
    pub(crate) async fn verify_with_host(&self, io: &Io, token: &str, now: UnixTime) -> Result<Verified> {
        with_host(io, |host| self.verify_with(token, now, Some(host))).await?
    }
}

impl DpopProof {
    /// Checks a proof as [`DpopProof::verify`] does, asking the host as [`Verifier::verify_task`] does: where signatures are
    /// computed by the host, those of proofs are, too.
    ///
    /// # Errors
    /// As those of both.
    pub fn verify_task(
        proof: &str,
        policy: &DpopPolicy,
        method: &str,
        url: &str,
        now: UnixTime,
    ) -> Task<Self> {
        let policy = policy.clone();
        let [proof, method, url] = [proof, method, url].map(str::to_owned);
        Task::new(|io| async move {
            let until = |payload: ReadPayload<'_>, _: Option<&str>| recent(payload, policy.max_age, now);
            DpopProof::verify_in(&io, &proof, &policy, &method, &url, until).await
        })
    }

    /// As [`DpopProof::verify_task`], within a flow; `until` judges the proof's time as in [`DpopProof::read`].
    pub(crate) async fn verify_in(
        io: &Io,
        proof: &str,
        policy: &DpopPolicy,
        method: &str,
        url: &str,
        until: impl Fn(ReadPayload<'_>, Option<&str>) -> Result<UnixTime>,
    ) -> Result<Self> {
        with_host(io, |host| DpopProof::read(proof, policy, method, url, &until, Some(host))).await?
    }
}

/// What `judge` comes to when the host has answered all that it asks. It is a function: with the same token it comes to
/// the same questions again.
async fn with_host<T>(io: &Io, judge: impl Fn(&HostVerdicts) -> T) -> Result<T> {
    let mut verdicts = Vec::new();
    loop {
        let host = HostVerdicts::new(verdicts);
        let judged = judge(&host);
        let question;
        (verdicts, question) = host.into_parts();
        match question {
            None => return Ok(judged),
            Some(question) => verdicts.push(io.verify_signature(question).await?),
        }
    }
}

impl Unsigned {
    /// Signs with `key`, or asks the host to.
    ///
    /// # Errors
    /// `store_unavailable` where the host cannot sign now, `internal` where what it gave is not a signature of `key`.
    pub(crate) async fn sign_with_host(self, io: &Io, key: &Key) -> Result<String> {
        let Some(name) = key.host_name() else { return self.sign(key) };
        let message = self.signing_input()?.as_bytes();
        let command =
            Command::Sign { kid: name.to_owned(), algorithm: key.algorithm(), message: message.to_vec() };
        let signature = io.sign(command).await?;
        let wrong = |text: String| Err(Error::new(ErrorCode::Internal).at("signature").because(text));
        if !key.may_be_signature(&signature) {
            return wrong(format!(
                "the host's signature has {} bytes, one of {} with this key has {}",
                signature.len(),
                key.algorithm(),
                key.signature_len()
            ));
        }
        // What nobody could verify must not leave as a token, whatever a signer gives.
        if !key.asks_host() && !key.verify(message, &signature) {
            return wrong(format!("the host's signature is not one of {} by this key", key.algorithm()));
        }
        self.finish(&signature)
    }
}

impl Io {
    /// Asks for a signature.
    async fn sign(&self, command: Command) -> Result<Vec<u8>> {
        match self.execute(command).await {
            Ok(Reply::Signed(signature)) => Ok(signature),
            Ok(_) => Err(not_an_answer()),
            Err(error) => Err(signer_error(error)),
        }
    }

    /// Asks whether a signature is right.
    async fn verify_signature(&self, command: Command) -> Result<bool> {
        match self.execute(command).await {
            Ok(Reply::Verified(verdict)) => Ok(verdict),
            Ok(_) => Err(not_an_answer()),
            Err(error) => Err(signer_error(error)),
        }
    }
}

fn not_an_answer() -> Error {
    Error::new(ErrorCode::Internal).because("the host's reply is not one to the command that was asked for")
}

/// Signing changes nothing, so not knowing whether it was done is the same as knowing that it was not.
fn signer_error(error: StoreError) -> Error {
    match error {
        StoreError::Unavailable | StoreError::Unknown => Error::new(ErrorCode::StoreUnavailable)
            .because("the host's signer cannot be reached; try again")
            .retry(Retry { after_seconds: 1, limit: 0 }),
        StoreError::Corrupt | StoreError::TooLarge => {
            Error::new(ErrorCode::Internal).because("the host's signer cannot use the key or the message")
        }
    }
}
