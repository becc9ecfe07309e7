//! Verifiers. `verify` and `verify_jws` are called for every token: see [`crate::exchange`].

use std::cell::RefCell;

use serde::Serialize;
use tokenmint::config::VerifierConfig;
use tokenmint::{Jws, Reply, Verified};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::error::Result;
use crate::exchange::{self, Answer};
use crate::functions::time;
use crate::keys::{KeySet, json};
use crate::task::{Question, Task};

/// A verifier.
#[wasm_bindgen]
pub struct Verifier {
    verifier: tokenmint::Verifier,
    /// Whether the host computes with one of its keys.
    asks: bool,
    /// The token about whose signature the host is being asked.
    pending: RefCell<Option<Question<Vec<u8>>>>,
}

impl Verifier {
    pub(crate) fn with(verifier: tokenmint::Verifier, keys: &tokenmint::KeySet) -> Self {
        let asks = keys.keys().any(tokenmint::Key::is_held_by_host);
        Verifier { verifier, asks, pending: RefCell::default() }
    }

    fn ask(&self, question: Question<Vec<u8>>, reply: Option<Reply>) -> i32 {
        question.go_on(reply, &self.pending)
    }
}

#[wasm_bindgen]
impl Verifier {
    /// A verifier that trusts these keys; the configuration is JSON.
    #[wasm_bindgen(constructor)]
    pub fn new(keys: &KeySet, config: &str) -> Result<Verifier> {
        Ok(Self::with(VerifierConfig::from_json(config)?.build(keys.0.clone())?, &keys.0))
    }

    /// Verifies the token in the input; leaves its claims.
    pub fn verify(&self, length: u32, now: f64) -> i32 {
        let now = match time(now) {
            Ok(now) => now,
            Err(error) => return exchange::leave(Err(error)),
        };
        if self.asks {
            return match exchange::read_text(0, length, |token| self.verifier.verify_task(token, now)) {
                Ok(task) => self.ask(Question::new(task.map(|verified| Ok(claims(&verified)))), None),
                Err(error) => exchange::leave(Err(error)),
            };
        }
        match exchange::read_text(0, length, |token| self.verifier.verify(token, now)) {
            Ok(Ok(verified)) => exchange::leave(Ok(Answer::Bytes(verified.json().as_bytes()))),
            Ok(Err(error)) => exchange::leave(Err(error.into())),
            Err(error) => exchange::leave(Err(error)),
        }
    }

    /// Verifies the signature of the token in the input; leaves the payload and the header as JSON.
    pub fn verify_jws(&self, length: u32) -> i32 {
        match exchange::read_text(0, length, |token| self.verifier.verify_jws_task(token)) {
            Ok(task) => self.ask(Question::new(task.map(|jws| Ok(payload(&jws)))), None),
            Err(error) => exchange::leave(Err(error)),
        }
    }

    /// Goes on with what the host says about the signature.
    pub fn verify_finish(&self, valid: bool) -> i32 {
        match self.pending.take() {
            Some(question) => self.ask(question, Some(Reply::Verified(valid))),
            None => exchange::leave(Err(exchange::not_asked().into())),
        }
    }

    /// `verify` as a task, for hosts that answer later. Its result is the claims.
    pub fn verify_task(&self, token: &str, now: f64) -> Result<Task> {
        Ok(Task::new(self.verifier.verify_task(token, time(now)?).map(|verified| Ok(claims(&verified)))))
    }

    /// `verify_jws` as a task.
    pub fn verify_jws_task(&self, token: &str) -> Task {
        Task::new(self.verifier.verify_jws_task(token).map(|jws| Ok(payload(&jws))))
    }

    /// Explains a verdict, as a task: a JSON object with `accepted`, `error` and `checks`.
    pub fn explain_task(&self, token: &str, now: f64) -> Result<Task> {
        let task = self.verifier.explain_task(token, time(now)?);
        Ok(Task::new(
            task.map(|explanation| json(&explanation).map(String::into_bytes).map_err(|failure| failure.0)),
        ))
    }
}

fn claims(verified: &Verified) -> Vec<u8> {
    verified.json().as_bytes().to_vec()
}

fn payload(jws: &Jws) -> Vec<u8> {
    #[derive(Serialize)]
    struct Text<'a> {
        payload: String,
        algorithm: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        key_id: Option<&'a str>,
        #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
        token_type: Option<&'a str>,
    }
    let text = Text {
        payload: base64_simd::URL_SAFE_NO_PAD.encode_to_string(jws.payload()),
        algorithm: jws.algorithm().name(),
        key_id: jws.key_id(),
        token_type: jws.token_type(),
    };
    serde_json::to_vec(&text).unwrap_or_default()
}
