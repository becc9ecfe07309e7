//! The WebAssembly of the npm package: handles, buffers and JSON texts over the core. What people use is the TypeScript
//! in `wasm/ts`.
//!
//! The modules are public because `wasm_bindgen` exports public items only.
//!
//! RSA, ECDSA and Ed25519 belong to the host: the core judges the keys, and asks for signatures by a key's name.

pub mod error;
pub mod exchange;
pub mod functions;
pub mod keys;
pub mod question;
pub mod status;
mod texts;
pub mod verifier;

#[cfg(feature = "remote")]
pub mod remote;

#[cfg(feature = "mint")]
pub mod issuer;
#[cfg(feature = "mint")]
pub mod lifetime;

#[cfg(feature = "flows")]
pub mod bound;
#[cfg(feature = "flows")]
pub mod endpoint;
#[cfg(feature = "flows")]
pub mod store;
#[cfg(feature = "flows")]
pub mod task;
