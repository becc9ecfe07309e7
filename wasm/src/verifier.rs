//! Verifiers. What is called for every token: see [`crate::exchange`].

use std::sync::Arc;

use tokenmint::config::VerifierConfig;
use tokenmint::{Jws, StatusLists, StatusResolution, UnixTime, Verified};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::error::Result;
use crate::exchange::{self, Answer};
use crate::functions::time;
use crate::keys::KeySet;
use crate::question;
use crate::texts::together;

/// A verifier.
#[wasm_bindgen]
pub struct Verifier {
    pub(crate) verifier: tokenmint::Verifier,
    /// The lists in which tokens are looked up.
    pub(crate) lists: Option<Arc<StatusLists>>,
    /// Whether the host computes with one of its keys.
    asks: bool,
}

impl Verifier {
    pub(crate) fn with(verifier: tokenmint::Verifier, keys: &tokenmint::KeySet) -> Self {
        let asks = keys.keys().any(tokenmint::Key::is_held_by_host);
        Verifier { verifier, lists: None, asks }
    }
}

#[wasm_bindgen]
impl Verifier {
    /// A verifier that trusts these keys; the configuration is JSON.
    #[wasm_bindgen(constructor)]
    pub fn new(keys: &KeySet, config: &str) -> Result<Verifier> {
        Ok(Self::with(VerifierConfig::from_json(config)?.build(keys.0.clone())?, &keys.0))
    }

    /// Verifies the token in the input; leaves its claims, or with lists `V` and its claims, or what is to be done first.
    pub fn verify(&self, length: u32, now: f64) -> i32 {
        let now = match time(now) {
            Ok(now) => now,
            Err(error) => return exchange::leave(Err(error)),
        };
        if self.asks {
            let lists = self.lists.clone();
            return match exchange::read_text(0, length, |token| self.verifier.verify_task(token, now)) {
                Ok(task) => {
                    question::begin(task.map(move |verified| claims(lists.as_deref(), &verified, now)))
                }
                Err(error) => exchange::leave(Err(error)),
            };
        }
        match exchange::read_text(0, length, |token| self.verifier.verify(token, now)) {
            Ok(Ok(verified)) if self.lists.is_none() => {
                exchange::leave(Ok(Answer::Bytes(verified.json().as_bytes())))
            }
            Ok(Ok(verified)) => match claims(self.lists.as_deref(), &verified, now) {
                Ok(left) => exchange::leave(Ok(Answer::Bytes(&left))),
                Err(error) => exchange::leave(Err(error.into())),
            },
            Ok(Err(error)) => exchange::leave(Err(error.into())),
            Err(error) => exchange::leave(Err(error)),
        }
    }

    /// Verifies the signature of the token in the input; leaves the payload, and what the header says of it.
    pub fn verify_jws(&self, length: u32) -> i32 {
        match exchange::read_text(0, length, |token| self.verifier.verify_jws_task(token)) {
            Ok(task) => question::begin(task.map(|jws| Ok(payload(&jws)))),
            Err(error) => exchange::leave(Err(error)),
        }
    }

    /// Explains the verdict on the text in the input; leaves a JSON object with `accepted`, `error` and `checks`.
    #[cfg(feature = "mint")]
    pub fn explain(&self, length: u32, now: f64) -> i32 {
        let explanation = time(now).and_then(|now| {
            let task = exchange::read_text(0, length, |token| self.verifier.explain_task(token, now))?;
            Ok((task, now))
        });
        let lists = self.lists.clone();
        match explanation {
            Ok((task, now)) => question::begin(task.map(move |explanation| {
                let explanation = match lists {
                    Some(lists) => lists.explain(explanation, now),
                    None => explanation,
                };
                crate::keys::json(&explanation).map(String::into_bytes).map_err(|failure| failure.0)
            })),
            Err(error) => exchange::leave(Err(error)),
        }
    }
}

pub(crate) fn claims(
    lists: Option<&StatusLists>,
    verified: &Verified,
    now: UnixTime,
) -> tokenmint::Result<Vec<u8>> {
    match lists {
        Some(lists) => judged(lists, verified, now),
        None => Ok(verified.json().as_bytes().to_vec()),
    }
}

/// What is left about a token that was verified: `V` and its claims, or the URL of the list that is to be fetched first
/// behind an `F`, or behind a `W` where another was told to.
fn judged(lists: &StatusLists, verified: &Verified, now: UnixTime) -> tokenmint::Result<Vec<u8>> {
    let (letter, text) = match lists.resolve(verified, now) {
        StatusResolution::Valid => (b'V', verified.json().to_owned()),
        StatusResolution::Fetch { url } => (b'F', url),
        StatusResolution::Wait { url } => (b'W', url),
        StatusResolution::Refuse(error) => return Err(error),
    };
    let mut left = text.into_bytes();
    left.insert(0, letter);
    Ok(left)
}

fn payload(jws: &Jws) -> Vec<u8> {
    let payload = base64_simd::URL_SAFE_NO_PAD.encode_to_string(jws.payload());
    together(&[Some(&payload), Some(jws.algorithm().name()), jws.key_id(), jws.token_type()]).into_bytes()
}
