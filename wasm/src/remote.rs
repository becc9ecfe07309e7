//! Keys that issuers publish: what to fetch, and when.

use std::collections::BTreeMap;

use serde::Deserialize;
use tokenmint::{Algorithm, Error, ErrorCode, Lifetime, Resolution as Resolved};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::error::Result;
use crate::functions::time;
use crate::keys::KeySet;

/// The key sets of remote issuers.
#[wasm_bindgen]
pub struct RemoteKeySet(tokenmint::RemoteKeySet);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    issuers: BTreeMap<String, String>,
    algorithms: Option<Vec<Algorithm>>,
    time_to_live: Option<Lifetime>,
    cooldown: Option<Lifetime>,
    last_known_good: Option<Lifetime>,
    max_body: Option<usize>,
    #[serde(default)]
    allow_plain_http: bool,
}

#[wasm_bindgen]
impl RemoteKeySet {
    /// Made of a JSON object.
    #[wasm_bindgen(constructor)]
    pub fn new(options: &str) -> Result<RemoteKeySet> {
        let options: Options = serde_json::from_str(options)
            .map_err(|error| Error::new(ErrorCode::PolicyInvalid).because(error.to_string()))?;
        let mut set = tokenmint::RemoteKeySet::new();
        for (issuer, url) in options.issuers {
            set = match options.allow_plain_http {
                true => set.allow_plain_http_issuer(issuer, url)?,
                false => set.issuer(issuer, url)?,
            };
        }
        if let Some(algorithms) = options.algorithms {
            set = set.algorithms(&algorithms);
        }
        if let Some(time) = options.time_to_live {
            set = set.time_to_live(time);
        }
        if let Some(time) = options.cooldown {
            set = set.cooldown(time);
        }
        if let Some(time) = options.last_known_good {
            set = set.last_known_good(time);
        }
        if let Some(bytes) = options.max_body {
            set = set.with_max_body(bytes);
        }
        Ok(RemoteKeySet(set))
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
