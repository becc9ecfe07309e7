//! Keys that issuers publish: what to fetch, and when.

use tokenmint::config::RemoteConfig;
use tokenmint::{Error, ErrorCode, Resolution as Resolved};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::error::Result;
use crate::functions::time;
use crate::keys::KeySet;

/// The key sets of remote issuers.
#[wasm_bindgen]
pub struct RemoteKeySet(tokenmint::RemoteKeySet);

#[wasm_bindgen]
impl RemoteKeySet {
    /// Made of a JSON object.
    #[wasm_bindgen(constructor)]
    pub fn new(options: &str) -> Result<RemoteKeySet> {
        Ok(RemoteKeySet(RemoteConfig::from_json(options)?.build()?))
    }

    /// The largest body that is read.
    pub fn max_body(&self) -> usize {
        self.0.max_body()
    }

    /// What to do for a token.
    pub fn resolve_token(&self, token: &str, now: f64) -> Result<Resolution> {
        match self.0.resolve_token(token, time(now)?) {
            Resolved::Refuse(error) => Err(error.into()),
            other => Ok(Resolution(other)),
        }
    }

    /// Takes what a fetch brought: a body, or why there is none.
    pub fn fetched(
        &self,
        url: &str,
        body: Option<Vec<u8>>,
        failure: Option<String>,
        max_age_seconds: Option<f64>,
        now: f64,
    ) -> Result<()> {
        let failure = Error::new(ErrorCode::KeysUnavailable).because(failure.unwrap_or_default());
        // An age of any size: a double above 2^64 is the largest.
        let max_age = max_age_seconds.map(|seconds| seconds as u64);
        self.0.fetched(url, body.as_deref().ok_or(failure), max_age, time(now)?)?;
        Ok(())
    }
}

/// What to do for a token.
#[wasm_bindgen]
pub struct Resolution(Resolved);

#[wasm_bindgen]
impl Resolution {
    /// The keys to use.
    pub fn keys(&self) -> Option<KeySet> {
        match &self.0 {
            Resolved::Use(keys) => Some(KeySet(keys.clone())),
            _ => None,
        }
    }

    /// What to fetch first, or for whose fetch to wait.
    pub fn url(&self) -> Option<String> {
        match &self.0 {
            Resolved::Fetch { url } | Resolved::Wait { url } => Some(url.clone()),
            _ => None,
        }
    }

    /// Whether another was told to fetch.
    pub fn waits(&self) -> bool {
        matches!(self.0, Resolved::Wait { .. })
    }
}
