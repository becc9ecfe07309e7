//! The store in memory.

use tokenmint::{Command, Reply, Store};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::error::Result;

/// A store in this module's memory.
#[wasm_bindgen]
pub struct MemoryStore(pub(crate) tokenmint::MemoryStore);

#[wasm_bindgen]
impl MemoryStore {
    /// An empty store; `capacity` is in bytes.
    #[wasm_bindgen(constructor)]
    pub fn new(capacity: Option<u32>) -> Self {
        MemoryStore(match capacity {
            Some(bytes) => tokenmint::MemoryStore::with_capacity(bytes as usize),
            None => tokenmint::MemoryStore::new(),
        })
    }

    /// Carries out a command; JSON in and out.
    pub fn execute(&self, command: &str) -> Result<String> {
        Ok(Reply::to_json(&self.0.execute(Command::from_json(command)?)))
    }
}
