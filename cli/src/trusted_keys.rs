//! Fetches the keys of trusted issuers, before a request that needs them is answered. Which, and when, the core says.

use tokenmint::endpoint::Endpoint;
use tokenmint::{Error, ErrorCode, RemoteKeySet, Resolution, UnixTime};
use tokio::sync::watch;
use tracing::warn;

use crate::{mint, remote};

/// A form holds up to three tokens of trusted issuers; for each there is a fetch, or somebody else's to wait for.
const MOST: usize = 6;

/// How many fetches have come to their end.
pub(crate) struct TrustedKeys(watch::Sender<u64>);

impl TrustedKeys {
    pub(crate) fn new() -> Self {
        TrustedKeys(watch::Sender::new(0))
    }

    /// Brings the keys that something needs of which `wanted` says what is to be done next, as far as they can be had now.
    pub(crate) async fn bring(
        &self,
        endpoint: &Endpoint,
        wanted: impl Fn(UnixTime) -> Option<Resolution> + Send,
    ) {
        for _ in 0..MOST {
            // Before the question, so that no end is missed.
            let mut ended = self.0.subscribe();
            match wanted(mint::now()) {
                Some(Resolution::Fetch { url }) => {
                    // A task of its own: whoever asks may leave, and the others wait for the report.
                    let (endpoint, report) = (endpoint.clone(), self.0.clone());
                    let _ = tokio::spawn(async move {
                        fetch(&endpoint, url).await;
                        report.send_modify(|ended| *ended += 1);
                    })
                    .await;
                }
                Some(Resolution::Wait { .. }) => {
                    let _ = tokio::time::timeout(remote::TIME, ended.changed()).await;
                }
                _ => return,
            }
        }
    }
}

async fn fetch(endpoint: &Endpoint, url: String) {
    let from = url.clone();
    let fetched = tokio::task::spawn_blocking(move || remote::fetch(&from, RemoteKeySet::new().max_body()));
    let fetched = fetched.await.unwrap_or_else(|_| Err(Error::new(ErrorCode::Internal)));
    let (answer, max_age) = match &fetched {
        Ok((body, max_age)) => (Ok(body.as_slice()), *max_age),
        Err(error) => (Err(error.clone()), None),
    };
    if let Err(error) = endpoint.keys_fetched(&url, answer, max_age, mint::now()) {
        warn!(target: "tokenmint::keys", url, %error, "the keys of a trusted issuer cannot be fetched");
    }
}
