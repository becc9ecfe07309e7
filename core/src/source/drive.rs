//! The loop around the steps, for a host that can send a request.

use std::future::{Future, ready};
use std::pin::pin;
use std::task::{Poll, Waker};

use super::{SourceStep, SourceToken, TokenAnswer, TokenRequest, TokenSource};
use crate::error::{ErrorCode, Result};
use crate::store::{AsyncStore, Command, Durability, Reply, Store, StoreError};
use crate::time::Context;

/// How often an answer is put into a store that fails.
const MOST_TRIES: u64 = 6;

/// What a source needs of its host: the time, and a way to its token endpoint.
pub trait TokenEndpoint: Sync {
    /// The time, and a seed for randomness.
    fn context(&self) -> Context;

    /// Sends a request; [`TokenAnswer::lost`] where no answer came within [`TokenRequest::within_ms`].
    fn post(&self, request: &TokenRequest) -> TokenAnswer;

    /// Waits.
    fn pause(&self, milliseconds: u64);
}

/// As [`TokenEndpoint`], for a host that answers later.
pub trait AsyncTokenEndpoint: Sync {
    /// The time, and a seed for randomness.
    fn context(&self) -> Context;

    /// Sends a request; [`TokenAnswer::lost`] where no answer came within [`TokenRequest::within_ms`].
    fn post(&self, request: &TokenRequest) -> impl Future<Output = TokenAnswer> + Send;

    /// Waits.
    fn pause(&self, milliseconds: u64) -> impl Future<Output = ()> + Send;
}

impl TokenSource {
    /// An access token that is good now: the one that is kept, or the next.
    ///
    /// ```
    /// use tokenmint::*;
    /// struct Host; // a program's own: its clock, and its way to send requests
    /// impl TokenEndpoint for Host {
    ///     fn context(&self) -> Context {
    ///         Context::new(UnixTime::from_seconds(1_700_000_000), [7; 32])
    ///     }
    ///     fn post(&self, request: &TokenRequest) -> TokenAnswer {
    ///         assert_eq!(request.body, "grant_type=client_credentials&scope=read");
    ///         let body = br#"{"access_token":"a1","token_type":"Bearer","expires_in":900}"#;
    ///         TokenAnswer { status: 200, body: body.to_vec(), retry_after: None }
    ///     }
    ///     fn pause(&self, _milliseconds: u64) {}
    /// }
    ///
    /// let source = TokenSource::new("https://as.example/token", "job")?.secret("a secret").scope("read").client_credentials();
    /// let store = MemoryStore::new(); // or one that several processes share
    /// assert_eq!(source.token(&store, &Host)?.access_token, "a1");
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`TokenSource::next`] and [`TokenSource::answered`].
    pub fn token(&self, store: &impl Store, endpoint: &impl TokenEndpoint) -> Result<SourceToken> {
        at_once(self.drive(None, &AtOnce(store), &AtOnce(endpoint)))
    }

    /// As [`TokenSource::token`], where a resource has refused this one.
    ///
    /// # Errors
    /// As [`TokenSource::token`].
    pub fn token_instead_of(
        &self,
        access_token: &str,
        store: &impl Store,
        endpoint: &impl TokenEndpoint,
    ) -> Result<SourceToken> {
        at_once(self.drive(Some(access_token), &AtOnce(store), &AtOnce(endpoint)))
    }

    /// As [`TokenSource::token`], for a store and a host that answer later.
    ///
    /// # Errors
    /// As [`TokenSource::token`].
    pub async fn token_async(
        &self,
        store: &impl AsyncStore,
        endpoint: &impl AsyncTokenEndpoint,
    ) -> Result<SourceToken> {
        self.drive(None, store, endpoint).await
    }

    /// As [`TokenSource::token_async`], where a resource has refused this one.
    ///
    /// # Errors
    /// As [`TokenSource::token`].
    pub async fn token_instead_of_async(
        &self,
        access_token: &str,
        store: &impl AsyncStore,
        endpoint: &impl AsyncTokenEndpoint,
    ) -> Result<SourceToken> {
        self.drive(Some(access_token), store, endpoint).await
    }

    async fn drive(
        &self,
        refused: Option<&str>,
        store: &impl AsyncStore,
        endpoint: &impl AsyncTokenEndpoint,
    ) -> Result<SourceToken> {
        loop {
            let context = endpoint.context();
            let next = match refused {
                Some(refused) => self.next_instead_of(refused, &context),
                None => self.next(&context),
            };
            let mut step = next.run_async(store).await.result?;
            while let SourceStep::Ask(request) = step {
                endpoint.pause(request.after_ms).await;
                let answer = endpoint.post(&request).await;
                step = self.tell(&request, &answer, store, endpoint).await?;
            }
            match step {
                SourceStep::Wait { milliseconds } => endpoint.pause(milliseconds).await,
                SourceStep::Use(token) => return Ok(token),
                SourceStep::Ask(_) => {}
            }
        }
    }

    /// Gives an answer to the store; again where it fails, for the answer may be the only copy of a refresh token.
    async fn tell(
        &self,
        request: &TokenRequest,
        answer: &TokenAnswer,
        store: &impl AsyncStore,
        endpoint: &impl AsyncTokenEndpoint,
    ) -> Result<SourceStep> {
        let mut tries = 1;
        loop {
            let told = self.answered(&request.attempt, answer.clone(), &endpoint.context());
            match told.run_async(store).await.result {
                Err(error) if may_pass(error.code()) && tries < MOST_TRIES => {
                    endpoint.pause(50 << tries).await;
                    tries += 1;
                }
                told => return told,
            }
        }
    }
}

/// Whether a store that failed may not do so the next time.
fn may_pass(code: ErrorCode) -> bool {
    matches!(code, ErrorCode::StoreUnavailable | ErrorCode::StoreUnknown | ErrorCode::StoreBusy)
}

/// What answers at once, for whoever waits.
struct AtOnce<'a, T>(&'a T);

impl<S: Store> AsyncStore for AtOnce<'_, S> {
    fn execute(&self, command: Command) -> impl Future<Output = Result<Reply, StoreError>> + Send {
        ready(self.0.execute(command))
    }

    fn durability(&self) -> Durability {
        self.0.durability()
    }
}

impl<E: TokenEndpoint> AsyncTokenEndpoint for AtOnce<'_, E> {
    fn context(&self) -> Context {
        self.0.context()
    }

    fn post(&self, request: &TokenRequest) -> impl Future<Output = TokenAnswer> + Send {
        ready(self.0.post(request))
    }

    fn pause(&self, milliseconds: u64) -> impl Future<Output = ()> + Send {
        self.0.pause(milliseconds);
        ready(())
    }
}

/// The result of what waits for nothing.
fn at_once<T>(waiting: impl Future<Output = Result<T>>) -> Result<T> {
    match pin!(waiting).poll(&mut std::task::Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => Err(ErrorCode::Internal.into()),
    }
}
