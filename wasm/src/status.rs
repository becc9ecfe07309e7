//! Status lists: what a verified token's list says, and what is to be fetched first. What is called for every token: see
//! [`crate::exchange`].

use std::sync::Arc;

use tokenmint::config::StatusListsConfig;
use tokenmint::{Error, ErrorCode};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::error::{Result, internal};
use crate::exchange;
use crate::functions::time;
use crate::question;
use crate::verifier::Verifier;

/// The status lists of issuers.
#[wasm_bindgen]
pub struct StatusLists(Arc<tokenmint::StatusLists>);

#[wasm_bindgen]
impl StatusLists {
    /// Made of a JSON object.
    #[wasm_bindgen(constructor)]
    pub fn new(options: &str) -> Result<StatusLists> {
        Ok(StatusLists(Arc::new(StatusListsConfig::from_json(options)?.build()?)))
    }

    /// The largest body that is read.
    pub fn max_body(&self) -> usize {
        self.0.max_body()
    }

    /// Takes why a fetch brought no list.
    pub fn failed(&self, url: &str, reason: String, now: f64) -> Result<()> {
        self.0.failed(url, Error::new(ErrorCode::StatusUnavailable).because(reason), time(now)?);
        Ok(())
    }
}

#[wasm_bindgen]
impl Verifier {
    /// From now on tokens are looked up in these lists, too.
    pub fn look_up(&mut self, lists: &StatusLists) {
        self.lists = Some(Arc::clone(&lists.0));
    }

    /// Takes the status list in the input, which a URL brought.
    pub fn take_list(&self, url: &str, length: u32, now: f64) -> i32 {
        let opened = time(now).and_then(|now| {
            let lists = self.lists.clone().ok_or_else(|| internal("there are no lists"))?;
            let task =
                exchange::read(0, length, |body| lists.open_task(url, body, self.verifier.keys(), now))?;
            Ok(task.map(move |list| {
                let bytes = list.inflate()?;
                lists.inflated(list, bytes, now).map(|()| Vec::new())
            }))
        });
        match opened {
            Ok(task) => question::begin(task),
            Err(error) => exchange::leave(Err(error)),
        }
    }
}
